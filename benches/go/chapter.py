"""The chapter `go`: what the Go package costs, beside OpenTelemetry's SDK and dd-trace-go."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from go.contenders import (
    DD_TRACE,
    NOTHING,
    OTEL,
    WITSPAN,
    Contender,
    field,
    first_span,
    missing,
    processes,
)
from harness import (
    Aim,
    Found,
    Plan,
    ask,
    cell,
    in_turn,
    number,
    rows,
    sink,
    spans_at,
    spread,
    verdict,
)


@dataclass(frozen=True)
class Case:
    called: str
    # What the programs call it, and on how many goroutines.
    name: str
    goroutines: int
    # At most so many times OpenTelemetry's, on the goroutine and in CPU time.
    thread: float
    cpu: float


CASES = (
    Case("bare span", "bare", 1, 1.2, 0.75),
    Case("llm span of 1 KB", "llm", 1, 0.9, 0.5),
    Case("workflow of 10 spans", "workflow", 1, 0.9, 0.5),
    Case("8 goroutines, bare", "bare", 8, 1.2, 0.75),
    Case("8 goroutines, llm", "llm", 8, 0.9, 0.5),
)
DD_AIM = 0.2
SPANS = {"workflow": 10}
TRACERS = (WITSPAN, OTEL, DD_TRACE)
EVERYBODY = (*TRACERS, NOTHING)
#: Turns of a round: many short ones are steadier than few long ones.
TURNS, SECONDS = 4, 0.25
#: With one and two processors, on so many goroutines.
CORES = (2, 8)
MEMORY_SPANS, SPACED = 100_000, 3000
STALL_MS = 60_000
MB = 1e6


def measure(plan: Plan) -> Found:
    if why := missing():
        return {"missing": why}
    plan.say("go: building")
    built = field()
    turns = 1 if plan.quick else plan.rounds * TURNS
    found: Found = {
        "versions": built.versions,
        "sizes": built.sizes,
        "modules": built.modules,
        **calls(plan, turns),
        "first": firsts(plan, 2 if plan.quick else plan.rounds * TURNS),
        "memory": memory(plan),
        "stall": stall(plan),
    }
    return found


def calls(plan: Plan, turns: int) -> Found:
    """Turns of all cases, each with all contenders one after the other."""
    seconds = 0.05 if plan.quick else SECONDS
    found: Found = {"calls": [], "cores": [], "allocations": []}
    with sink() as address, processes(EVERYBODY, address) as running:
        expected = 0

        def asked(name: str, *order: object) -> dict[str, Any]:
            nonlocal expected
            answer = running[name].ask(*order)
            if name != NOTHING:
                expected += answer["spans"]
                arrived(address, expected, name, order)
            return answer

        # The first turn warms up.
        for turn in range(turns + 1):
            plan.say(f"go: turn {turn} of {turns}")
            for case in CASES:
                for name in in_turn(TRACERS, turn):
                    order = ("calls", case.name, case.goroutines, seconds)
                    one = {"turn": turn, "case": case.called, "name": name, **asked(name, *order)}
                    found["calls"] += [one] if turn else []
            for goroutines in CORES:
                for name in in_turn((WITSPAN, OTEL, NOTHING), turn):
                    answer = asked(name, "cores", "llm", goroutines, seconds)
                    one = {"turn": turn, "goroutines": goroutines, "name": name, **answer}
                    found["cores"] += [one] if turn else []
        for name in TRACERS:
            for case_name in ("bare", "llm", "llm-kept", "workflow"):
                answer = asked(name, "allocations", case_name, 4 if plan.quick else 20)
                found["allocations"].append({"case": case_name, "name": name, **answer})
    return found


def arrived(address: str, expected: int, name: str, order: tuple[object, ...]) -> None:
    """Ends the run if spans are missing, or came twice."""
    until = time.monotonic() + 5
    while (came := spans_at(address)) != expected:
        if time.monotonic() > until:
            said = " ".join(map(str, order))
            sys.exit(f"{name}, {said}: {came - expected:+,} spans came too many or too few")
        time.sleep(0.05)


def firsts(plan: Plan, turns: int) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in EVERYBODY}
    with sink() as address:
        for turn in range(turns):
            plan.say(f"go: first span, {turn + 1} of {turns}")
            for name in in_turn(EVERYBODY, turn):
                found[name].append(first_span(name, address))
    return found


def memory(plan: Plan) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in EVERYBODY}
    spans = 5000 if plan.quick else MEMORY_SPANS
    for turn in range(1 if plan.quick else 3):
        for name in in_turn(EVERYBODY, turn):
            plan.say(f"go: memory, {name}")
            with sink() as address:
                contender = Contender(name, address)
                found[name].append(contender.ask("memory", spans))
                if name != NOTHING:
                    arrived(address, found[name][-1]["spans"], name, ("memory",))
                contender.end()
    return found


def stall(plan: Plan) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in EVERYBODY}
    spaced, spans = (200, 2000) if plan.quick else (SPACED, MEMORY_SPANS)
    for turn in range(1 if plan.quick else 3):
        for name in in_turn(EVERYBODY, turn):
            plan.say(f"go: a receiver that hangs, {name}")
            with sink() as address:
                contender = Contender(name, address)
                # Whoever asks the agent what it can do has asked by then.
                contender.ask("calls", "bare", 1, 0.1)
                ask(address, f"/stall?ms={STALL_MS}")
                found[name].append(contender.ask("stall", spaced, spans))
                contender.process.wait(60)
    return found


# --- What was found -----------------------------------------------------------------------------


def turns_of(found: Found, chapter: str, name: str, **wanted: object) -> list[dict[str, Any]]:
    """In the order of the turns."""
    matches = {"name": name, **wanted}
    return [one for one in found[chapter] if matches.items() <= one.items()]


def thread(found: Found, name: str, case: Case) -> list[float]:
    """µs of a call in each turn."""
    of = SPANS.get(case.name, 1)
    return [median(one["us"]) * of for one in turns_of(found, "calls", name, case=case.called)]


def cpu(found: Found, name: str, case: Case) -> list[float]:
    of = SPANS.get(case.name, 1)
    return [one["cpu_us"] * of for one in turns_of(found, "calls", name, case=case.called)]


def ratios(ours: list[float], theirs: list[float]) -> list[float]:
    """Turn by turn, since what else the machine does meets both alike."""
    return [mine / other for mine, other in zip(ours, theirs)]


def faster(found: Found, name: str, goroutines: int) -> float:
    """How many times faster with two processors: by the best decile of all bursts, since while
    others work on the machine there are no two."""
    turns = turns_of(found, "cores", name, goroutines=goroutines)
    one, two = ([us for turn in turns for us in turn[processors]] for processors in ("one", "two"))
    return best(one) / best(two)


def best(values: list[float]) -> float:
    return sorted(values)[len(values) // 10]


def allocated(found: Found, name: str, case: str, what: str) -> float:
    return float(turns_of(found, "allocations", name, case=case)[0][what])


def first(found: Found, name: str, what: str) -> list[float]:
    return [one[what] for one in found["first"][name]]


def resident(found: Found, chapter: str, name: str, what: str = "rss") -> list[float]:
    return [one[what] / MB for one in found[chapter][name]]


def above(found: Found, name: str) -> float:
    """MB of program that the tracer adds to one with net/http."""
    return (found["sizes"][name] - found["sizes"][NOTHING]) / MB


# --- What is shown ------------------------------------------------------------------------------


def aims(found: Found) -> Iterator[Aim]:
    if "missing" in found:
        return
    for case in CASES:
        for called, of, most in (("", thread, case.thread), (", CPU", cpu, case.cpu)):
            ours = of(found, WITSPAN, case)
            for other, limit in ((OTEL, most), (DD_TRACE, DD_AIM)):
                values = ratios(ours, of(found, other, case))
                yield at_most(f"{case.called}{called}, to {other}'s", values, limit, "times")
    times = faster(found, WITSPAN, CORES[0])
    what = "Go: llm spans on 2 processors, to 1"
    yield Aim(what, "at least 1.6 times", f"{number(times)} times", times >= 1.6)
    for case_name in ("bare", "llm-kept"):
        # The goroutine that sends allocates a little meanwhile.
        made = allocated(found, WITSPAN, case_name, "calls")
        what = f"Go: allocations of a span, {case_name.replace('-', ', facts ')}"
        yield Aim(what, "1", number(made), made < 1.5)
    others = median(resident(found, "memory", OTEL))
    what = f"memory after {MEMORY_SPANS:,} llm spans"
    yield at_most(what, resident(found, "memory", WITSPAN), others, "MB, OpenTelemetry's")
    yield at_most("started", first(found, WITSPAN, "started"), 1, "ms")
    yield at_most("first span", first(found, WITSPAN, "first"), 3, "ms")
    yield at_most("program, above net/http's", [above(found, WITSPAN)], 2.5, "MB")


def at_most(what: str, values: list[float], most: float, unit: str) -> Aim:
    met = median(values) <= most
    return Aim(f"Go: {what}", f"at most {most:.3g} {unit}", cell(spread(values)), met)


def table(found: Found) -> Iterator[str]:
    yield "the Go package, beside other tracers"
    if "missing" in found:
        yield f"  not measured: {found['missing']}"
        return
    yield "  " + ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    yield ""
    yield from costs(found)
    yield ""
    yield from ratio_table(found)
    yield ""
    yield from rest_of_it(found)


def costs(found: Found) -> Iterator[str]:
    body = []
    for case in CASES:
        for called, of in (("on the goroutine", thread), ("CPU in all", cpu)):
            line = [cell(spread(of(found, name, case))) for name in TRACERS]
            body.append([f"{case.called}, {called}, µs", *line])
    for goroutines in CORES:
        line = [number(faster(found, name, goroutines)) for name in (WITSPAN, OTEL)]
        body.append([f"llm, {goroutines} goroutines: 2 processors to 1, times", *line, ""])
    spin = number(faster(found, NOTHING, CORES[0]))
    body.append(["the same of a loop that shares nothing, times", spin, "", ""])
    for case_name in ("bare", "llm", "llm-kept", "workflow"):
        for what, called in (
            ("calls", "allocations of the calls"),
            ("call_bytes", "bytes of the calls"),
            ("whole", "allocations in all"),
            ("whole_bytes", "bytes in all"),
        ):
            line = [number(allocated(found, name, case_name, what)) for name in TRACERS]
            body.append([f"{case_name}, a span: {called}", *line])
    yield from rows(["", *TRACERS], body)


def ratio_table(found: Found) -> Iterator[str]:
    body = []
    for case in CASES:
        for called, of, most in (("on the goroutine", thread, case.thread), ("CPU", cpu, case.cpu)):
            line = [f"{case.called}, {called}"]
            for other, limit in ((OTEL, most), (DD_TRACE, DD_AIM)):
                values = ratios(of(found, WITSPAN, case), of(found, other, case))
                line += [cell(spread(values)), f"{limit:g}", verdict(median(values) <= limit)]
            body.append(line)
    heads = ["witspan's, round by round", f"to {OTEL}'s", "aim", "", f"to {DD_TRACE}'s", "aim", ""]
    yield from rows(heads, body)


def rest_of_it(found: Found) -> Iterator[str]:
    def line(called: str, values: dict[str, list[float]]) -> list[str]:
        shown = (cell(spread(values[name])) if name in values else "" for name in EVERYBODY)
        return [called, *shown]

    body = [
        line("started, ms", {name: first(found, name, "started") for name in TRACERS}),
        line("first span ended, ms", {name: first(found, name, "first") for name in TRACERS}),
        line("the process until then, ms", {n: first(found, n, "process") for n in EVERYBODY}),
        line(
            "memory when started, MB",
            {n: resident(found, "memory", n, "started") for n in EVERYBODY},
        ),
        line("after the llm spans, MB", {n: resident(found, "memory", n) for n in EVERYBODY}),
        line("at most, MB", {name: resident(found, "memory", name, "peak") for name in EVERYBODY}),
        line(
            "receiver hangs: worst span, ms",
            {n: [max(one["us"]) / 1000 for one in found["stall"][n]] for n in EVERYBODY},
        ),
        line("memory before, MB", {n: resident(found, "stall", n, "before") for n in EVERYBODY}),
        line("after many at once, MB", {n: resident(found, "stall", n) for n in EVERYBODY}),
        line("program, MB", {name: [found["sizes"][name] / MB] for name in EVERYBODY}),
        line("above net/http's, MB", {name: [above(found, name)] for name in TRACERS}),
        line("other modules in it", {name: [float(found["modules"][name])] for name in EVERYBODY}),
    ]
    yield from rows(["", *EVERYBODY], body)
