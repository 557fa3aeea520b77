"""Writes the results as one table for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spans import CASES, CONTENDERS, DDTRACE, NATIVE, OTEL, PLAIN, PYTHON, RUST

HEADS = {"bare": "start + finish", "annotated": "start + annotate + finish"}


def names(versions: dict[str, str]) -> dict[str, str]:
    return {
        PLAIN: "serde_json, bare",
        NATIVE: "native core",
        RUST: "component from Rust",
        PYTHON: "component from Python",
        OTEL: f"OpenTelemetry {versions['opentelemetry-sdk']}",
        DDTRACE: f"ddtrace {versions['ddtrace']} LLMObs",
    }


def number(value: float) -> str:
    """Three digits, more than such a machine is good for."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f}"


def cell(found: dict[str, float]) -> str:
    return f"{number(found['median'])}  ({number(found['min'])} … {number(found['max'])})"


def verdict(met: bool) -> str:
    return "met" if met else "NOT MET"


def rows(heads: list[str], body: list[list[str]]) -> Iterator[str]:
    widths = [max(len(row[at]) for row in [heads, *body]) for at in range(len(heads))]
    rule = ["-" * width for width in widths]
    for row in [heads, rule, *body]:
        yield "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip()


def table(
    machine: dict[str, Any], options: dict[str, Any], spans: dict[str, Any], startup: dict[str, Any]
) -> str:
    called = names(machine["versions"])
    lines = [
        f"witspan's benchmark: fresh processes in turn, {options['rounds']} of each, "
        f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}",
        "",
        "µs a span on the application's thread: median of the rounds (least … most)",
        "",
    ]
    times = {(line["contender"], line["case"]): line for line in spans["times"]}
    body = [
        [called[name], *(cell(times[name, case]["us"]) for case in CASES)] for name in CONTENDERS
    ]
    lines += rows(["", *HEADS.values()], body)
    lines += ["", "the same in ratios", ""]
    body = [
        [
            f"{called[line['of']]} : {called[line['to']]}",
            HEADS[line["case"]],
            cell(line["ratio"]),
            line["aim"],
            verdict(line["met"]),
        ]
        for line in spans["ratios"]
    ]
    lines += rows(["", "", "ratio", "aim", ""], body)
    lines += ["", "CPU µs a span of the whole process, its delivery to the sink included", ""]
    body = [
        [called[name], *(cell(times[name, case]["cpu_us"]) for case in CASES)]
        for name in CONTENDERS
        if times[name, CASES[0]]["cpu_us"]
    ]
    lines += rows(["", *HEADS.values()], body)
    if counted := spans.get("instructions"):
        lines += ["", "instructions a span, counted by callgrind", ""]
        body = [[called[name], *(f"{n:,.0f}" for n in counts)] for name, counts in counted.items()]
        lines += rows(["", *HEADS.values()], body)
    lines += ["", "before the first span", ""]
    lines += rows(["", "", "aim", ""], [*beginnings(startup, called), *sizes(startup)])
    lines += [
        "",
        "Machines are noisy: neighbours and clock rates move every number by a third and more. The",
        "ratios are steadier, since what is compared was measured in turn.",
    ]
    return "\n".join(lines)


def beginnings(startup: dict[str, Any], called: dict[str, str]) -> Iterator[list[str]]:
    found, aims = startup["beginnings"], startup["aims"]
    empty = found["nothing"]["process_ms"]["median"]
    for name in (PYTHON, OTEL, DDTRACE):
        text = cell(found[name]["import_enable_ms"]) + " ms"
        aim = aims["import_enable_ms"] if name == PYTHON else {"aim": "", "met": None}
        met = "" if aim["met"] is None else verdict(aim["met"])
        yield [f"import and enable: {called[name]}", text, aim["aim"], met]
    for name in (PYTHON, OTEL, DDTRACE):
        more = found[name]["process_ms"]["median"] - empty
        text = f"{number(more)} ms over {number(empty)} ms of Python alone"
        yield [f"the whole process: {called[name]}", text, "", ""]


def sizes(startup: dict[str, Any]) -> Iterator[list[str]]:
    ready, aims, found = startup["ready_instance"], startup["aims"], startup["sizes"]
    aim = aims["ready_instance_ms"]
    first = cell(ready["first_ms"]) + " ms"
    yield ["a ready instance: the first of a process", first, aim["aim"], verdict(aim["met"])]
    yield ["a ready instance: a later one", cell(ready["later_ms"]) + " ms", "", ""]
    aim = aims["wheel_mb"]
    yield ["the wheel", f"{found['wheel_mb']:.2f} MB", aim["aim"], verdict(aim["met"])]
    aim = aims["component_kb"]
    yield ["the component", f"{found['component_kb']:.0f} KB", aim["aim"], verdict(aim["met"])]
    yield ["the component, precompiled", f"{found['precompiled_kb']:.0f} KB", "", ""]
