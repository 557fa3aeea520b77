"""Measures spans: every contender in fresh processes, in turn, over several rounds.

The contenders in Rust share a process and alternate in it burst by burst. A round's number is
the median of its bursts; a ratio is taken inside a round, so that it compares like with like.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
NATIVE, RUST, PYTHON = "native core", "component, Rust", "witspan"
# Not a tracer: what it takes to write the event that the core makes, and nothing else.
PLAIN = "serde_json"
OTEL, DDTRACE = "opentelemetry", "ddtrace"
CONTENDERS = (PLAIN, NATIVE, RUST, PYTHON, OTEL, DDTRACE)
CASES = ("bare", "annotated")
# Which is divided by which, and what we aim at in each case: at most, or at least.
RATIOS: tuple[tuple[str, str, str, tuple[float, float]], ...] = (
    (RUST, NATIVE, "at most", (2.5, 1.8)),
    (NATIVE, PLAIN, "at most", (2.0, 2.0)),
    (OTEL, PYTHON, "at least", (4.0, 4.0)),
    (DDTRACE, PYTHON, "at least", (20.0, 20.0)),
)
# Only these say at the sink how many spans came; OpenTelemetry's own flush tells instead.
COUNTED = (PYTHON, DDTRACE)

Results = list[dict[str, Any]]


@contextmanager
def sink() -> Iterator[str]:
    """A sink in a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, HERE / "sink.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin and process.stdout
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.wait(10)


def spans_at(sink: str) -> int:
    with urllib.request.urlopen(f"{sink}/counts", timeout=10) as answer:
        return int(json.load(answer)["spans"])


def environment(sink: str) -> dict[str, str]:
    """The same for all: to the sink, without an agent, nothing else switched on."""
    settings = ("DD_", "_DD_", "OTEL_", "WITSPAN_", "PYTHON")
    return {
        **{name: text for name, text in os.environ.items() if not name.startswith(settings)},
        "DD_LLMOBS_ENABLED": "1",
        "DD_LLMOBS_AGENTLESS_ENABLED": "1",
        "DD_LLMOBS_ML_APP": "benches",
        "DD_LLMOBS_OVERRIDE_ORIGIN": sink,
        "DD_API_KEY": "none",
        "DD_SITE": "datadoghq.com",
        "DD_TRACE_AGENT_URL": sink,
        # Without this ddtrace would make and send each span twice.
        "DD_APM_TRACING_ENABLED": "false",
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink,
    }


def run(command: list[object], env: dict[str, str]) -> Results:
    """The JSON lines that a contender prints."""
    words = [str(word) for word in command]
    done = subprocess.run(words, env=env, stdout=subprocess.PIPE, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"`{' '.join(words)}` failed, see above")
    return [json.loads(line) for line in done.stdout.splitlines()]


def one(name: str, program: Path, bursts: int, sink: str) -> Results:
    """One process of a contender, which must not have lost a span."""
    if name == RUST:
        return run([program, "spans"], environment(sink))
    before = spans_at(sink)
    command = [sys.executable, HERE / "contender.py", name, "--bursts", bursts]
    found = run(command, environment(sink))
    made, came = sum(line["spans"] for line in found), spans_at(sink) - before
    if name in COUNTED and made != came:
        sys.exit(f"{name} made {made} spans, and {came} came: it was not measured fairly")
    return found


def measure(program: Path, rounds: int, bursts: int, say: Callable[[str], None]) -> Results:
    """All bursts of all rounds."""
    processes = [RUST, PYTHON, OTEL, DDTRACE]
    results: Results = []
    with sink() as address:
        for at in range(rounds):
            # Another one begins each time.
            turn = at % len(processes)
            for name in processes[turn:] + processes[:turn]:
                say(f"round {at + 1} of {rounds}: {name}")
                results += [{"round": at, **line} for line in one(name, program, bursts, address)]
    return results


def spread(values: list[float]) -> dict[str, float]:
    return {"median": median(values), "min": min(values), "max": max(values)}


def of_rounds(results: Results, contender: str, case: str, what: str = "us") -> list[float]:
    """A contender's median of each round."""
    return [
        median(line[what])
        for line in results
        if line["contender"] == contender and line["case"] == case and what in line
    ]


def ratios_of_rounds(results: Results, upper: str, lower: str, case: str) -> list[float]:
    """The ratio in each round; of paired bursts where both took turns in one process."""

    def bursts(contender: str) -> dict[int, list[float]]:
        return {
            line["round"]: line["us"]
            for line in results
            if line["contender"] == contender and line["case"] == case
        }

    above, below = bursts(upper), bursts(lower)
    if {upper, lower} <= {PLAIN, NATIVE, RUST}:
        return [median(a / b for a, b in zip(above[at], below[at])) for at in above]
    return [median(above[at]) / median(below[at]) for at in above]


def summary(results: Results) -> dict[str, Any]:
    """What the table shows."""
    times = [
        {
            "contender": contender,
            "case": case,
            "us": spread(of_rounds(results, contender, case)),
            # Delivery included, all threads; those in Rust share a process.
            "cpu_us": spread(cpu)
            if (cpu := of_rounds(results, contender, case, "cpu_us"))
            else None,
        }
        for contender in CONTENDERS
        for case in CASES
    ]
    ratios = []
    for upper, lower, bound, aims in RATIOS:
        for case, aim in zip(CASES, aims):
            found = spread(ratios_of_rounds(results, upper, lower, case))
            met = found["median"] <= aim if bound == "at most" else found["median"] >= aim
            ratios.append(
                {"of": upper, "to": lower, "case": case, "ratio": found}
                | {"aim": f"{bound} {aim:g}", "met": met}
            )
    return {"times": times, "ratios": ratios}
