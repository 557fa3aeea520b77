"""What every chapter of the benchmark stands on: the contenders' names and settings, the sink, and
processes that print JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OUT = ROOT / "target" / "bench"
# What the contenders write to their standard error.
LOG = OUT / "contenders.log"

NATIVE, RUST, PYTHON = "native core", "component, Rust", "witspan"
# Not a tracer: what it takes to write the event that the core makes, and nothing else.
PLAIN = "serde_json"
OTEL, DDTRACE, DDTRACE_APM = "opentelemetry", "ddtrace", "ddtrace-apm"
# No tracer at all: what the same program takes without one.
NOTHING = "nothing"
# Those that a Python application may choose from: most of the chapters are about them.
TRACERS = (PYTHON, OTEL, DDTRACE, DDTRACE_APM)

Results = list[dict[str, Any]]
Found = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What was asked for on the command line."""

    rounds: int
    quick: bool
    # The contenders in Python that take part.
    tracers: tuple[str, ...]
    # Says what is being done, on the line of the one before.
    say: Callable[[str], None]
    # The program of the contenders in Rust, for the chapters that run it.
    program: Path | None = None


@dataclass(frozen=True)
class Aim:
    """Something that we want to be true, and what was found."""

    what: str
    aim: str
    found: str
    met: bool


def called() -> dict[str, str]:
    """How the tables name the contenders."""
    ddtrace = f"ddtrace {version('ddtrace')}"
    return {
        PLAIN: "serde_json alone",
        NATIVE: "native core",
        RUST: "component from Rust",
        PYTHON: "witspan",
        OTEL: f"OpenTelemetry {version('opentelemetry-sdk')}",
        DDTRACE: f"{ddtrace}, JSON mode",
        DDTRACE_APM: f"{ddtrace}, default mode",
    }


def environment(sink: str, name: str = PYTHON) -> dict[str, str]:
    """The same for all, but where a contender's mode asks for more: to the sink, nothing else
    switched on."""
    settings = ("DD_", "_DD_", "OTEL_", "WITSPAN_", "PYTHON")
    common = {
        **{key: text for key, text in os.environ.items() if not key.startswith(settings)},
        "DD_LLMOBS_ENABLED": "1",
        "DD_LLMOBS_ML_APP": "benches",
        "DD_API_KEY": "none",
        "DD_SITE": "datadoghq.com",
        "DD_TRACE_AGENT_URL": sink,
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink,
    }
    if name == DDTRACE_APM:
        # As ddtrace is found beside an agent: its LLM data rides on the spans of the APM trace.
        return {**common, "DD_LLMOBS_AGENTLESS_ENABLED": "0"}
    return {
        **common,
        "DD_LLMOBS_AGENTLESS_ENABLED": "1",
        "DD_LLMOBS_OVERRIDE_ORIGIN": sink,
        # Without this ddtrace would make and send each span twice.
        "DD_APM_TRACING_ENABLED": "false",
    }


# --- The sink -----------------------------------------------------------------------------------


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


def ask(sink: str, path: str) -> Any:
    with urllib.request.urlopen(f"{sink}{path}", timeout=10) as answer:
        return json.load(answer)


def spans_at(sink: str) -> int:
    return int(ask(sink, "/counts")["spans"])


def settled_at(sink: str) -> int:
    """The spans that have come once no more come: a tracer may still be sending in a thread."""
    before, since = spans_at(sink), time.monotonic()
    while time.monotonic() - since < 0.5:
        time.sleep(0.1)
        if (now := spans_at(sink)) != before:
            before, since = now, time.monotonic()
    return before


# --- Processes ----------------------------------------------------------------------------------


def contender(name: str, chapter: str, *arguments: object) -> list[str]:
    """The command of one contender in Python."""
    return [sys.executable, str(HERE / "contender.py"), name, chapter, *map(str, arguments)]


def start(command: list[str], env: dict[str, str]) -> subprocess.Popen[str]:
    """A process to talk with; what it complains of goes to a file."""
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=log, text=True)


def rest(process: subprocess.Popen[str]) -> Results:
    """The JSON lines that a process prints until it has ended."""
    printed, _ = process.communicate(timeout=600)
    if process.returncode != 0:
        tail = "\n".join(LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
        sys.exit(f"a contender failed; the end of {LOG.relative_to(ROOT)}:\n{tail}")
    return [json.loads(line) for line in printed.splitlines()]


def run(command: list[str], env: dict[str, str]) -> Results:
    """The JSON lines that a command prints."""
    return rest(start(command, env))


def in_turn(names: tuple[str, ...], at: int) -> tuple[str, ...]:
    """The order of a round: another one begins each time."""
    turn = at % len(names)
    return names[turn:] + names[:turn]


# --- Numbers and tables -------------------------------------------------------------------------


def spread(values: list[float]) -> dict[str, float]:
    return {"median": median(values), "min": min(values), "max": max(values)}


def number(value: float) -> str:
    """Three digits, more than such a machine is good for."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def cell(found: dict[str, float]) -> str:
    if found["min"] == found["max"]:
        return number(found["median"])
    return f"{number(found['median'])}  ({number(found['min'])} … {number(found['max'])})"


def verdict(met: bool) -> str:
    return "met" if met else "NOT MET"


def rows(heads: list[str], body: list[list[str]]) -> Iterator[str]:
    """A table's lines."""
    widths = [max(len(row[at]) for row in [heads, *body]) for at in range(len(heads))]
    rule = ["-" * width for width in widths]
    for row in [heads, rule, *body]:
        yield "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip()
