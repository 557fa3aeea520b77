"""One contender in Python, in one process: `python benches/contender.py NAME CHAPTER …` measures it
and prints JSON lines. The chapters start it, again and again, in turn with the others.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tracers import CONTENDERS, Contender

try:
    import resource
except ImportError:  # Windows has no such counters
    resource = None  # type: ignore[assignment]

# Bursts before those that count.
UNTIMED = 2
THREADS = 4
# Spans of a burst of the cases that differ from the others: 4 MB of large ones.
BURSTS = {"large": 40}
CASES = ("bare", "annotated", "workflow", "decorated", "large")
IN_THREADS = ("bare", "annotated")
# Seconds between two looks at the clock of a paced run.
TICK = 0.002
SLOW_NS = 1_000_000


def tell(content: dict[str, Any]) -> None:
    print(json.dumps(content), flush=True)


# --- Bursts -------------------------------------------------------------------------------------


def spans(contender: Contender, bursts: int, size: int) -> None:
    """A burst of spans is timed on this thread, and what the tracer does with them afterwards is
    not: delivery follows between the bursts, also so that no tracer's buffer overflows."""
    contender.enable()
    for case in CASES:
        make = getattr(contender, case)
        found = timed(make, contender, BURSTS.get(case, size), bursts)
        tell({"case": case, **found, "counts": contender.counts()})
    for case in IN_THREADS:
        with crew(getattr(contender, case)) as make:
            # As much as it takes for the threads to meet: more than one turn at the lock that
            # Python's threads share, where the tracer's buffer has the room.
            found = timed(make, contender, min(contender.holds, size * 16), bursts)
        tell({"case": f"{case}, {THREADS} threads", **found, "counts": contender.counts()})


def timed(
    make: Callable[[int], None], contender: Contender, size: int, bursts: int
) -> dict[str, Any]:
    """µs a span of each burst, and the process's CPU time a span with delivery included."""
    wall: list[float] = []
    cpu: list[float] = []
    for at in range(UNTIMED + bursts):
        worked = time.process_time()
        began = time.perf_counter()
        make(size)
        took = time.perf_counter() - began
        contender.deliver()
        worked = time.process_time() - worked
        if at >= UNTIMED:
            wall.append(took / size * 1e6)
            cpu.append(worked / size * 1e6)
    return {"spans": size * (UNTIMED + bursts), "us": wall, "cpu_us": cpu}


@contextmanager
def crew(make: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
    """Shares the spans of a burst among threads, which are there before and after it."""
    begin, end = threading.Barrier(THREADS + 1), threading.Barrier(THREADS + 1)
    share = 0

    def work() -> None:
        while True:
            begin.wait()
            if share == 0:
                return
            make(share)
            end.wait()

    def burst(spans: int) -> None:
        nonlocal share
        share = spans // THREADS
        begin.wait()
        end.wait()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    yield burst
    share = 0
    begin.wait()


# --- Memory -------------------------------------------------------------------------------------


def memory(name: str, spans: int, size: int) -> None:
    """Stops at each place where the parent is to look at how much memory this process has."""
    stop("python")
    contender = CONTENDERS[name]()
    stop("import")
    contender.enable()
    stop("enable")
    for _ in range(spans // size):
        contender.annotated(size)
        contender.deliver()
    stop("spans", spans=spans, peak_mb=peak(), counts=contender.counts())


def stop(at: str, **more: Any) -> None:
    tell({"at": at, **more})
    sys.stdin.readline()


def peak() -> float | None:
    """MB at the most so far."""
    if resource is None:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


# --- Off ----------------------------------------------------------------------------------------


def off(contender: Contender, calls: int) -> None:
    """µs a call of a tracer that was told by its environment to do nothing."""
    contender.enable()
    for case, make in contender.idle().items():
        took: list[float] = []
        for at in range(UNTIMED + 25):
            began = time.perf_counter()
            make(calls)
            if at >= UNTIMED:
                took.append((time.perf_counter() - began) / calls * 1e6)
        tell({"case": case, "us": took})


# --- A steady rate ------------------------------------------------------------------------------


def paced(contender: Contender, rate: int, seconds: float) -> None:
    """Annotated spans at a steady rate, each timed: the whole of it, from start to finish."""
    contender.enable()
    one = contender.annotated
    one(20)
    contender.deliver()
    tell({"at": "ready", "spans": 20})
    calls: list[int] = []
    slow: list[dict[str, float | bool | None]] = []
    clock = time.perf_counter_ns
    cpu = time.process_time()
    began = now = time.perf_counter()
    while now - began < seconds:
        # No more at once than fit between two looks at the clock, when it cannot keep up.
        for _ in range(min(int((now - began) * rate) - len(calls), 100)):
            switches, worked = waits(), time.thread_time_ns()
            at = clock()
            one(1)
            took = clock() - at
            calls.append(took)
            if took > SLOW_NS:
                waited = None if switches is None else waits() != switches
                ran = (time.thread_time_ns() - worked) / 1e3
                line = {"at_s": at / 1e9 - began, "us": took / 1e3, "ran_us": ran, "waited": waited}
                slow.append(line)
        if len(calls) >= int((time.perf_counter() - began) * rate):
            time.sleep(TICK)
        now = time.perf_counter()
    cpu = time.process_time() - cpu
    contender.deliver()
    calls.sort()
    tell(
        {
            "spans": len(calls),
            "seconds": now - began,
            "cpu_s": cpu,
            "us": {
                "median": calls[len(calls) // 2] / 1e3,
                "p99": calls[len(calls) * 99 // 100] / 1e3,
                "p999": calls[len(calls) * 999 // 1000] / 1e3,
                "worst": calls[-1] / 1e3,
            },
            "slow": slow,
            "counts": contender.counts(),
        }
    )


def waits() -> int | None:
    """How often this thread has waited for something; being put aside by the kernel is no wait.

    `None` where the system does not tell.
    """
    if resource is None or not hasattr(resource, "RUSAGE_THREAD"):
        return None
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def main() -> None:
    parser = argparse.ArgumentParser(description="One contender, one process.")
    parser.add_argument("name", choices=CONTENDERS)
    chapters = parser.add_subparsers(dest="chapter", required=True)
    chapter = chapters.add_parser("spans")
    chapter.add_argument("--bursts", type=int, default=12)
    chapter.add_argument("--size", type=int, default=500)
    chapter = chapters.add_parser("memory")
    chapter.add_argument("--spans", type=int, default=100_000)
    chapter.add_argument("--size", type=int, default=500)
    chapter = chapters.add_parser("paced")
    chapter.add_argument("--rate", type=int, default=1000)
    chapter.add_argument("--seconds", type=float, default=5)
    chapter = chapters.add_parser("off")
    chapter.add_argument("--calls", type=int, default=2000)
    given = parser.parse_args()
    if given.chapter == "memory":
        memory(given.name, given.spans, given.size)
    elif given.chapter == "spans":
        spans(CONTENDERS[given.name](), given.bursts, given.size)
    elif given.chapter == "off":
        off(CONTENDERS[given.name](), given.calls)
    else:
        paced(CONTENDERS[given.name](), given.rate, given.seconds)


if __name__ == "__main__":
    main()
