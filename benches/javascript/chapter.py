"""The chapter `javascript`: what the JavaScript package costs, in each line of Node."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from harness import Aim, Found, Plan, in_turn, number, rows, settled_at, sink, spans_at
from javascript.contenders import DD_TRACE, NOTHING, OTEL, OTLP, WITSPAN, Field, Place, field

#: What each chapter of contender.mjs is asked of whom.
ASKED = {
    "calls": (WITSPAN, OTEL, DD_TRACE),
    "bytes": (WITSPAN, OTLP),
    "pauses": (WITSPAN,),
    "start": (WITSPAN, OTLP, DD_TRACE),
    "off": (WITSPAN,),
    "memory": (NOTHING, WITSPAN),
}
#: How often in a round: a process is short, and one undisturbed is enough.
TIMES = {"calls": 2, "start": 2, "memory": 2}
#: In the first round only, since it hardly differs, or takes long.
ONCE = ("off", "memory")
#: Who sends what it is given, so that it can be counted.
SENDING = (WITSPAN, OTLP, DD_TRACE)
CASES = {"bare": "a bare span", "llm": "an llm span of 1 KB", "workflow": "a workflow of 10 spans"}
OTEL_AIMS = {"bare": 0.5, "llm": 1.2, "workflow": 0.95}
DD_AIM, DD_AIM_OF_ONE = 0.25, 0.3
MB = 1e6


def measure(plan: Plan) -> Found:
    contenders = field()
    scale = 0.15 if plan.quick else 1.0
    processes: list[dict[str, Any]] = []
    with sink() as receiver:
        came = 0
        for turn in range(plan.rounds):
            for chapter, place in asked(contenders, turn):
                about = {"chapter": chapter, "name": place.name, "node": place.major, "turn": turn}
                plan.say(
                    f"javascript {turn + 1}/{plan.rounds}: {chapter}, {place.name}, {place.major}"
                )
                found = place.measure(chapter, receiver, scale)
                before, came = came, counted(receiver, place)
                if place.name in SENDING and came - before != found["spans"]:
                    sys.exit(f"of {found['spans']} spans {came - before} came: {about}")
                processes.append({**about, **found})
    return {
        "versions": contenders.versions,
        "packed_bytes": contenders.packed_bytes,
        "component_bytes": contenders.component_bytes,
        "nodes": contenders.majors,
        "processes": processes,
    }


def asked(contenders: Field, turn: int) -> Iterator[tuple[str, Place]]:
    """The processes of a round. What is compared runs one after the other, in changing order."""
    for chapter, names in ASKED.items():
        if chapter in ONCE and turn > 0:
            continue
        for again in range(TIMES.get(chapter, 1)):
            for major in contenders.majors:
                for name in in_turn(names, turn + again):
                    if (place := contenders.places.get((name, major))) is not None:
                        yield chapter, place


def counted(receiver: str, place: Place) -> int:
    """The spans that have come. dd-trace does not say when its requests are over."""
    return settled_at(receiver) if place.name == DD_TRACE else spans_at(receiver)


# --- What the processes found -------------------------------------------------------------------


def best(values: list[float]) -> float:
    """The best decile, which leaves out what else the machine did, and most garbage collection."""
    return sorted(values)[len(values) // 10] if values else float("nan")


def of(found: Found, chapter: str, name: str, node: int) -> list[dict[str, Any]]:
    return [
        one
        for one in found["processes"]
        if (one["chapter"], one["name"], one["node"]) == (chapter, name, node)
    ]


def took(found: Found, name: str, node: int, case: str) -> float:
    """µs of a case, by the batches of all processes together."""
    return best([us for one in of(found, "calls", name, node) for us in one["us"][case]])


def cpu(found: Found, name: str, node: int) -> float:
    return best([us for one in of(found, "bytes", name, node) for us in one["us"]])


def pauses(found: Found, name: str, node: int) -> list[float]:
    return sorted(ms for one in of(found, "pauses", name, node) for ms in one["ms"])


def begins(found: Found, name: str, node: int, of_what: str = "ms") -> float:
    return best([one[of_what] for one in of(found, "start", name, node)])


def call_when_off(found: Found, node: int) -> dict[str, float]:
    processes = of(found, "off", WITSPAN, node)
    names = processes[0]["us"] if processes else {}
    return {name: best([us for one in processes for us in one["us"][name]]) for name in names}


def more_memory(found: Found, name: str, node: int) -> float:
    """MB beyond the same program without a tracer."""
    sizes = [one["rss"] for one in of(found, "memory", name, node)]
    without = [one["rss"] for one in of(found, "memory", NOTHING, node)]
    return (median(sizes) - median(without)) / MB if sizes and without else float("nan")


# --- What is shown ------------------------------------------------------------------------------


def aims(found: Found) -> Iterator[Aim]:
    for node in found["nodes"]:
        at = f"JavaScript, Node {node}: "
        for case, most in OTEL_AIMS.items():
            ratio = took(found, WITSPAN, node, case) / took(found, OTEL, node, case)
            yield aim(f"{at}{CASES[case]}, to OpenTelemetry's", ratio, most)
        ratio = cpu(found, WITSPAN, node) / cpu(found, OTLP, node)
        yield aim(f"{at}start to bytes ready, to OpenTelemetry's", ratio, 0.6)
        for case in CASES if of(found, "calls", DD_TRACE, node) else ():
            most = DD_AIM_OF_ONE if (case, node) == ("llm", 26) else DD_AIM
            ratio = took(found, WITSPAN, node, case) / took(found, DD_TRACE, node, case)
            yield aim(f"{at}{CASES[case]}, to dd-trace's", ratio, most)
        paused = long(pauses(found, WITSPAN, node))
        yield aim(f"{at}pause by a flush of 1,000", paused, 2, "ms")
        yield aim(f"{at}load and first span", begins(found, WITSPAN, node), 20, "ms")
        off = call_when_off(found, node)
        yield aim(f"{at}a call while off", max(off.values(), default=float("nan")), 0.1, "µs")
        yield aim(f"{at}memory after 100,000 spans", more_memory(found, WITSPAN, node), 15, "MB")
    ratio = found["packed_bytes"] / found["component_bytes"]
    yield aim("JavaScript: the packed package, to the component", ratio, 1.1)


def aim(what: str, value: float, most: float, unit: str = "times") -> Aim:
    return Aim(what, f"at most {most:g} {unit}", f"{number(value)} {unit}", value <= most)


def table(found: Found) -> Iterator[str]:
    said = ", ".join(f"{name} is {version}" for name, version in found["versions"].items())
    yield "the JavaScript package, beside other tracers"
    yield f"  {said}"
    yield ""
    names = (WITSPAN, OTEL, OTLP, DD_TRACE)
    nodes = [f"Node {node}" for node in found["nodes"]]
    body: list[list[str]] = []
    for case, called in CASES.items():
        for name in ASKED["calls"]:
            line = [shown(took(found, name, node, case)) for node in found["nodes"]]
            body.append([f"{called}, µs", name, *line])
    measured: tuple[tuple[str, Callable[[str, int], float]], ...] = (
        ("CPU of an llm span, delivered, µs", lambda name, node: cpu(found, name, node)),
        ("longest pause of a flush, ms", lambda name, node: long(pauses(found, name, node))),
        ("the worst of them, ms", lambda name, node: worst(pauses(found, name, node))),
        ("load and first span, ms", lambda name, node: begins(found, name, node)),
        ("its CPU time, ms", lambda name, node: begins(found, name, node, "cpu_ms")),
        ("memory after 100,000 llm spans, MB", lambda name, node: more_memory(found, name, node)),
    )
    for called, value in measured:
        for name in names:
            line = [shown(value(name, node)) for node in found["nodes"]]
            if any(line):
                body.append([called, name, *line])
    for call in call_when_off(found, found["nodes"][0]):
        line = [shown(call_when_off(found, node)[call]) for node in found["nodes"]]
        body.append([f"while off: {call}, µs", WITSPAN, *line])
    yield from rows(["", "", *nodes], body)
    yield ""
    sizes = (found["packed_bytes"] / 1e3, found["component_bytes"] / 1e3)
    yield "  packed {:,.0f} KB, the component {:,.0f} KB".format(*sizes)


def worst(values: list[float]) -> float:
    return max(values, default=float("nan"))


def long(values: list[float]) -> float:
    """The decile at the other end: in many a flush the kernel interrupts the longest pause."""
    return sorted(values)[len(values) * 9 // 10] if values else float("nan")


def shown(value: float) -> str:
    return "" if value != value else number(value)
