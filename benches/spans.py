"""The chapter `spans`: what a span costs the application, every contender in fresh processes, in
turn, over several rounds.

The contenders in Rust share a process and alternate in it burst by burst. A round's number is
the median of its bursts; a ratio is taken inside a round, so that it compares like with like.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from harness import (
    DDTRACE,
    DDTRACE_APM,
    NATIVE,
    OTEL,
    PLAIN,
    PYTHON,
    RUST,
    Aim,
    Found,
    Plan,
    Results,
    called,
    cell,
    contender,
    environment,
    in_turn,
    rows,
    run,
    settled_at,
    sink,
    spans_at,
    spread,
    verdict,
)

# The cases that everybody has, and those of the contenders in Python.
BOTH = {"bare": "start + finish", "annotated": "start + annotate + finish, 1 KB"}
CASES = {
    **BOTH,
    "workflow": "workflow of 10 annotated spans",
    "decorated": "decorated function, input and output",
    "large": "annotated, 100 KB",
    "bare, 4 threads": "start + finish, 4 threads",
    "annotated, 4 threads": "annotated 1 KB, 4 threads",
}
# Which is divided by which, and what we aim at in each of the cases of BOTH: at most, or at least.
RATIOS: tuple[tuple[str, str, str, tuple[float, float]], ...] = (
    (DDTRACE, PYTHON, "at least", (25.0, 25.0)),
    (DDTRACE_APM, PYTHON, "at least", (25.0, 25.0)),
    (OTEL, PYTHON, "at least", (5.0, 5.0)),
    (RUST, NATIVE, "at most", (2.5, 1.8)),
    (NATIVE, PLAIN, "at most", (2.0, 2.0)),
)


def one(name: str, program: Path, bursts: int, sink: str) -> Results:
    """One process of a contender, which must not have lost a span."""
    if name == RUST:
        return run([str(program), "spans"], environment(sink))
    before = spans_at(sink)
    command = contender(name, "spans", "--bursts", bursts)
    found = run(command, environment(sink, name))
    made, came = sum(line["spans"] for line in found), settled_at(sink) - before
    if made != came:
        said = [line["counts"] for line in found if line["counts"]][-1:]
        sys.exit(f"{name} made {made} spans, and {came} came: it was not measured fairly {said}")
    return [{"contender": name, **line} for line in found]


def measure(plan: Plan) -> Found:
    """All bursts of all rounds, and what the table shows of them."""
    assert plan.program is not None
    processes = (RUST, *plan.tracers)
    results: Results = []
    with sink() as address:
        for at in range(plan.rounds):
            for name in in_turn(processes, at):
                plan.say(f"spans: round {at + 1} of {plan.rounds}: {name}")
                found = one(name, plan.program, 3 if plan.quick else 10, address)
                results += [{"round": at, **line} for line in found]
    return summary(results)


def of_rounds(results: Results, name: str, case: str, what: str) -> list[float]:
    """A contender's median of each round."""
    return [
        median(line[what])
        for line in results
        if line["contender"] == name and line["case"] == case and what in line
    ]


def ratios_of_rounds(results: Results, upper: str, lower: str, case: str) -> list[float]:
    """The ratio in each round; of paired bursts where both took turns in one process."""

    def bursts(name: str) -> dict[int, list[float]]:
        return {
            line["round"]: line["us"]
            for line in results
            if line["contender"] == name and line["case"] == case
        }

    above, below = bursts(upper), bursts(lower)
    together = [at for at in above if at in below]
    if {upper, lower} <= {PLAIN, NATIVE, RUST}:
        return [median(a / b for a, b in zip(above[at], below[at])) for at in together]
    return [median(above[at]) / median(below[at]) for at in together]


def summary(results: Results) -> Found:
    times = [
        {"contender": name, "case": case, "us": spread(wall)}
        # Delivery included, all threads; those in Rust share a process.
        | ({"cpu_us": spread(cpu)} if (cpu := of_rounds(results, name, case, "cpu_us")) else {})
        for name in (PLAIN, NATIVE, RUST, PYTHON, OTEL, DDTRACE, DDTRACE_APM)
        for case in CASES
        if (wall := of_rounds(results, name, case, "us"))
    ]
    ratios = []
    for upper, lower, bound, aims in RATIOS:
        for case in CASES:
            if not (found := ratios_of_rounds(results, upper, lower, case)):
                continue
            line: Found = {"of": upper, "to": lower, "case": case, "ratio": spread(found)}
            if case in BOTH:
                aim = aims[list(BOTH).index(case)]
                value = line["ratio"]["median"]
                met = value <= aim if bound == "at most" else value >= aim
                line |= {"aim": f"{bound} {aim:g}", "met": met}
            ratios.append(line)
    return {"times": times, "ratios": ratios, "rounds": results}


# --- What the table shows -----------------------------------------------------------------------


def table(found: Found) -> Iterator[str]:
    names = called()
    times = {(line["contender"], line["case"]): line for line in found["times"]}
    tracers = [name for name in (PYTHON, OTEL, DDTRACE, DDTRACE_APM) if (name, "bare") in times]
    yield "µs a span on the application's thread: median of the rounds (least … most)"
    yield ""
    body = [[CASES[case], *(cell(times[name, case]["us"]) for name in tracers)] for case in CASES]
    yield from rows(["", *(names[name] for name in tracers)], body)
    yield from ["", "how many times witspan's", ""]
    ratios = {(line["of"], line["case"]): line for line in found["ratios"]}
    others = [name for name in tracers if (name, "bare") in ratios]
    body = [
        [CASES[case], *(ratio(ratios[name, case]) for name in others)] for case in CASES if others
    ]
    if body:
        yield from rows(["", *(names[name] for name in others)], body)
    yield from ["", "CPU µs a span of the whole process, its delivery to the sink included", ""]
    body = [
        [CASES[case], *(cell(times[name, case]["cpu_us"]) for name in tracers)] for case in CASES
    ]
    yield from rows(["", *(names[name] for name in tracers)], body)
    yield from ["", "the same core without Python, µs a span", ""]
    core = [(name, times[name, "bare"], times[name, "annotated"]) for name in (PLAIN, NATIVE, RUST)]
    body = [[names[name], *(cell(line["us"]) for line in lines)] for name, *lines in core]
    for upper, lower in ((NATIVE, PLAIN), (RUST, NATIVE)):
        pair = [line for line in found["ratios"] if (line["of"], line["to"]) == (upper, lower)]
        body.append([f"{names[upper]} : {names[lower]}", *map(ratio, pair)])
    yield from rows(["", *BOTH.values()], body)
    if counted := found.get("instructions"):
        yield from ["", "instructions a span, counted by callgrind", ""]
        body = [[names[name], *(f"{n:,.0f}" for n in counts)] for name, counts in counted.items()]
        yield from rows(["", *BOTH.values()], body)


def ratio(line: Found) -> str:
    text = cell(line["ratio"])
    return f"{text}  {verdict(line['met'])}" if "met" in line else text


def aims(found: Found) -> Iterator[Aim]:
    names = called()
    for line in found["ratios"]:
        if "met" in line:
            what = f"{names[line['of']]} : {names[line['to']]}, {line['case']}"
            yield Aim(what, line["aim"], cell(line["ratio"]), line["met"])
