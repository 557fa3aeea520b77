"""Measures from Python: `bench.py COMPONENT.cwasm SAMPLE.json KEPT`, where KEPT is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from shapes import Shapes

# run.py runs the whole program several times, in turn with the others.
ROUNDS = 21
# Short, so that a machine that slows down slows every case down.
ROUND_SECONDS = 0.004


def main() -> None:
    component, sample, kept = sys.argv[1:]
    shapes = Shapes(component)
    annotation = json.loads(Path(sample).read_text(encoding="utf-8"))

    def u64() -> None:
        shapes.finish(shapes.start())

    def resource() -> None:
        shapes.resource().finish()

    cases: dict[str, Callable[[], object]] = {
        "records": lambda: shapes.records(annotation),
        "texts": lambda: shapes.texts(annotation),
        "text": lambda: shapes.text(annotation),
        "text: only writing": lambda: shapes.only_text(annotation),
        "JSON library alone": lambda: json.dumps(annotation, ensure_ascii=False),
        "u64": u64,
        "resource": resource,
    }
    same = set()
    for name in ("records", "texts", "text"):
        cases[name]()
        same.add(shapes.kept())
    assert len(same) == 1, "the candidates keep different bytes"
    Path(kept).write_bytes(same.pop())

    calls = dict.fromkeys(cases, 1)
    micros: dict[str, list[float]] = {name: [] for name in cases}
    # The first round only finds out how many calls fill a round.
    for measured in range(ROUNDS + 1):
        for name, call in cases.items():
            seconds = time(call, calls[name])
            while measured == 0 and seconds < ROUND_SECONDS:
                calls[name] *= 2
                seconds = time(call, calls[name])
            if measured > 0:
                micros[name].append(seconds / calls[name] * 1e6)
    for name, values in micros.items():
        print(f"{name}\t{median(values):.3f}")


def time(call: Callable[[], object], calls: int) -> float:
    began = perf_counter()
    for _ in range(calls):
        call()
    return perf_counter() - began


if __name__ == "__main__":
    main()
