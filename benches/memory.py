"""The chapter `memory`: resident memory of a fresh process before and after the import, after
`enable()`, and after 100,000 annotated spans that were all delivered."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import psutil
from harness import (
    PYTHON,
    Aim,
    Found,
    Plan,
    called,
    contender,
    environment,
    number,
    rest,
    rows,
    settled_at,
    sink,
    spans_at,
    start,
)

SPANS = 100_000
STEPS = ("python", "import", "enable", "spans")


def one(name: str, spans: int, sink: str) -> Found:
    """MB at each step of one process."""
    before = spans_at(sink)
    process = start(contender(name, "memory", "--spans", spans), environment(sink, name))
    assert process.stdin and process.stdout
    found: Found = {}
    for step in STEPS:
        told = json.loads(process.stdout.readline() or "{}")
        if told.get("at") != step:
            rest(process)
            sys.exit(f"memory of {name}: the process ended before `{step}`")
        found[step] = psutil.Process(process.pid).memory_info().rss / 1e6
        found |= {name: told[name] for name in ("peak_mb", "counts") if name in told}
        process.stdin.write("\n")
        process.stdin.flush()
    rest(process)
    return {"made": spans, "came": settled_at(sink) - before, **found}


def measure(plan: Plan) -> Found:
    spans = 5000 if plan.quick else SPANS
    found: Found = {"spans": spans, "tracers": {}}
    # Once is enough: runs differ by less than 1 MB, and ddtrace takes half a minute for one.
    with sink() as address:
        for name in plan.tracers:
            plan.say(f"memory: {spans:,} spans: {name}")
            found["tracers"][name] = one(name, spans, address)
    return found


def table(found: Found) -> Iterator[str]:
    names = called()
    yield "resident memory, MB over that of Python alone"
    yield ""
    heads = ["", "Python alone", "import", "enable", f"{found['spans']:,} spans later", "at most"]
    body = []
    for name, mb in found["tracers"].items():
        steps = [*STEPS[1:], *(["peak_mb"] if mb["peak_mb"] else [])]
        more = [f"+{number(mb[step] - mb['python'])}" for step in steps]
        body.append([names[name], number(mb["python"]), *more, ""][: len(heads)])
    yield from rows(heads, body)
    for name, mb in found["tracers"].items():
        if mb["made"] != mb["came"]:
            yield f"  {names[name]}: {mb['made']:,} spans were made, {mb['came']:,} came"


def aims(found: Found) -> Iterator[Aim]:
    if mb := found["tracers"].get(PYTHON):
        more = mb["spans"] - mb["python"]
        what = f"memory added, after {found['spans']:,} spans"
        yield Aim(what, "at most 12 MB", f"{number(more)} MB", more <= 12)
