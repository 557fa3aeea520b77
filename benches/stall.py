"""The chapter `stall`: the worst that a call of the tracer does to the application while the
receiver hangs: it takes connections, but reads no body and answers nothing for 3 seconds.

Annotated spans are made at a steady rate, and each is timed whole, so that a number is an upper
bound for each call of it. What no tracer at all finds on this machine is measured beside.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from harness import (
    NOTHING,
    PYTHON,
    Aim,
    Found,
    Plan,
    ask,
    called,
    cell,
    contender,
    environment,
    in_turn,
    number,
    rest,
    rows,
    settled_at,
    sink,
    spans_at,
    spread,
    start,
)

RATE = 1000
# Seconds before the receiver hangs, and after.
BEFORE, AFTER = 0.5, 1.5


def one(name: str, stall_ms: int, sink: str) -> Found:
    """One process through one time of hanging."""
    before = spans_at(sink)
    seconds = BEFORE + stall_ms / 1000 + AFTER
    command = contender(name, "paced", "--rate", RATE, "--seconds", seconds)
    process = start(command, environment(sink, name))
    assert process.stdout
    ready = json.loads(process.stdout.readline() or '{"spans": 0}')
    time.sleep(BEFORE)
    ask(sink, f"/stall?ms={stall_ms}")
    (found,) = rest(process)
    came = settled_at(sink) - before - ready["spans"]
    return {"came": came, **found}


def measure(plan: Plan) -> Found:
    names = (NOTHING, *plan.tracers)
    rounds, stall_ms = (1, 1000) if plan.quick else (3, 3000)
    runs: dict[str, list[Found]] = {name: [] for name in names}
    # Each has a sink of its own, or what one still sends would be taken for the next one's.
    for at in range(rounds):
        for name in in_turn(names, at):
            plan.say(f"stall: round {at + 1} of {rounds}: {name}")
            with sink() as address:
                runs[name].append(one(name, stall_ms, address))
    return {"rate": RATE, "stall_ms": stall_ms, "runs": runs}


# --- What the table shows -----------------------------------------------------------------------


def worst(runs: list[Found]) -> dict[str, float]:
    """ms of the worst span of each run."""
    return spread([run["us"]["worst"] / 1000 for run in runs])


def own(runs: list[Found]) -> dict[str, float] | None:
    """The same without what the kernel took: of a call in which the thread waited for something
    all of the time, of another only that in which it ran. `None` where the system does not tell.
    """
    if any(line["waited"] is None for run in runs for line in run["slow"]):
        return None
    return spread([max(map(own_ms, run["slow"]), default=0.0) for run in runs])


def own_ms(line: Found) -> float:
    return float(line["us"] if line["waited"] else line["ran_us"]) / 1000


def table(found: Found) -> Iterator[str]:
    names = {**called(), NOTHING: "no tracer: 20 µs of Python"}
    seconds = found["stall_ms"] / 1000
    yield f"{found['rate']:,} annotated spans a second, and a receiver that hangs for {seconds:g} s"
    yield ""
    heads = ["", "median, ms", "99.9 %", "worst", "over 1 ms", "worst of its own", "lost"]
    body = []
    for name, runs in found["runs"].items():
        its = own(runs)
        made = sum(run["spans"] for run in runs)
        lost = made - sum(run["came"] for run in runs)
        body.append(
            [
                names[name],
                number(spread([run["us"]["median"] / 1000 for run in runs])["median"]),
                number(spread([run["us"]["p999"] / 1000 for run in runs])["median"]),
                cell(worst(runs)),
                f"{sum(len(run['slow']) for run in runs):,} of {made:,}",
                "unknown" if its is None else cell(its) if its["max"] > 1 else "none over 1",
                "" if name == NOTHING else f"{-lost:,} came twice" if lost < 0 else f"{lost:,}",
            ]
        )
    yield from rows(heads, body)


def aims(found: Found) -> Iterator[Aim]:
    if runs := found["runs"].get(PYTHON):
        took = worst(runs)
        what = f"worst span while the receiver hangs for {found['stall_ms'] / 1000:g} s"
        yield Aim(what, "under 1 ms", cell(took) + " ms", took["max"] < 1)
