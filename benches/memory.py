"""The chapter `memory`: resident memory of a fresh process before and after the import, after
`enable()`, and after 100,000 annotated spans that were all delivered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from statistics import median

import psutil
from harness import (
    PYTHON,
    Aim,
    Found,
    Plan,
    called,
    contender,
    environment,
    in_turn,
    number,
    rows,
    settled_at,
    sink,
    spans_at,
)

SPANS = 100_000
STEPS = ("python", "import", "enable", "spans")


def one(name: str, spans: int, sink: str) -> Found:
    """MB at each step of one process."""
    before = spans_at(sink)
    process = subprocess.Popen(
        contender(name, "memory", "--spans", spans),
        env=environment(sink, name),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    found: Found = {}
    for line in process.stdout:
        told = json.loads(line)
        found[told["at"]] = psutil.Process(process.pid).memory_info().rss / 1e6
        found |= {name: told[name] for name in ("peak_mb", "counts") if name in told}
        process.stdin.write("\n")
        process.stdin.flush()
    if process.wait(60) != 0 or STEPS[-1] not in found:
        sys.exit(f"memory of {name}: the process failed, see above")
    return {"made": spans, "came": settled_at(sink) - before, **found}


def measure(plan: Plan) -> Found:
    spans = 5000 if plan.quick else SPANS
    # Rounds differ by less than 1 MB, and ddtrace takes half a minute for one.
    rounds = 1 if plan.quick else 2
    runs: dict[str, list[Found]] = {name: [] for name in plan.tracers}
    with sink() as address:
        for at in range(rounds):
            for name in in_turn(plan.tracers, at):
                plan.say(f"memory: {spans:,} spans, round {at + 1} of {rounds}: {name}")
                runs[name].append(one(name, spans, address))
    mb = {name: medians(found) for name, found in runs.items()}
    return {"spans": spans, "mb": mb, "runs": runs}


def medians(runs: list[Found]) -> Found:
    steps = {step: median(run[step] for run in runs) for step in STEPS}
    peaks = [run["peak_mb"] for run in runs if run["peak_mb"] is not None]
    return {**steps, "peak": median(peaks) if peaks else None}


def table(found: Found) -> Iterator[str]:
    names = called()
    yield "resident memory, MB over that of Python alone"
    yield ""
    heads = ["", "Python alone", "import", "enable", f"{found['spans']:,} spans later", "at most"]
    body = []
    for name, mb in found["mb"].items():
        more = [mb[step] - mb["python"] for step in STEPS[1:]]
        peak = f"+{number(mb['peak'] - mb['python'])}" if mb["peak"] else ""
        texts = [f"+{number(value)}" for value in more]
        body.append([names[name], number(mb["python"]), *texts, peak])
    yield from rows(heads, body)
    for name, runs in found["runs"].items():
        for run in runs:
            if run["made"] != run["came"]:
                yield f"  {names[name]}: {run['made']:,} spans were made, {run['came']:,} came"


def aims(found: Found) -> Iterator[Aim]:
    if mb := found["mb"].get(PYTHON):
        more = mb["spans"] - mb["python"]
        what = f"memory added, after {found['spans']:,} spans"
        yield Aim(what, "at most 12 MB", f"{number(more)} MB", more <= 12)
