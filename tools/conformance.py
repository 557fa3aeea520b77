#!/usr/bin/env python3
"""Runs every runner of the conformance suite and puts what they found into one table.

Each runner is a test program of its own and leaves target/conformance/RUNNER.json; here they are
started, and their reports read. `just conformance native python` runs only those named.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import emulators
import golang
from npm import node
from runtime_packages import runtime

ROOT = Path(__file__).resolve().parent.parent
SUITE = ROOT / "tests" / "conformance"
# Programs, and the interface `setup`.
FOLDERS = ("cases", "setup")
REPORTS = ROOT / "target" / "conformance"


# The whole workspace is named, so that cargo compiles everything once, with the features that
# `just test` wants too. That skips the tests of this name.
LEFT_OUT = "--exclude witspan-component --exclude witspan-intake"
CARGO_TEST = f"cargo test -q --profile intake --workspace {LEFT_OUT}"
CARGO_NAME = "sends_every_cases_bytes"

JS = "tests/conformance/runners/js/run.mjs"


def go(module: str, processor: str | None = None) -> list[str]:
    """Runs a module of Go; as a program of another processor, by its emulator if it needs one."""
    runner = [golang.command(), "run", "-C", f"tests/conformance/runners/{module}"]
    if processor is None:
        return [*runner, "."]
    emulated = ["-exec", emulators.emulator(processor)] if processor in emulators.PROGRAMS else []
    # Without cgo, which would want another C compiler.
    other = ["env", f"GOARCH={processor}", "CGO_ENABLED=0"]
    return [*other, *runner, *emulated, ".", "-name", f"go-{processor}"]


# The command of each runner.
RUNNERS: dict[str, Sequence[str]] = {
    "native": [*CARGO_TEST.split(), "--test", "native", CARGO_NAME],
    "host": [*CARGO_TEST.split(), "--test", "host", CARGO_NAME],
    "python": [sys.executable, "-m", "pytest", "-q", "tests/conformance/runners/python"],
    "wasmtime": [*CARGO_TEST.split(), "--test", "cli", CARGO_NAME],
    "node": [node(), "tests/conformance/runners/node/run.mjs"],
    "js": [node(), JS],
    "deno": [*runtime("deno"), JS, "deno"],
    "bun": [*runtime("bun"), JS, "bun"],
    "chromium": [sys.executable, "tests/conformance/runners/js/chromium.py"],
    "c": [sys.executable, "-m", "pytest", "-q", "tests/conformance/runners/c"],
    "ruby": ["ruby", "tests/conformance/runners/ruby/run.rb"],
    "php": [sys.executable, "-m", "pytest", "-q", "tests/conformance/runners/php"],
    "go": go("go"),
    "wazero": go("wazero"),
    **{f"go-{processor}": go("go", processor) for processor in emulators.PROCESSORS},
}
#: Those that not every machine can run, with what says why it cannot.
OPTIONAL: dict[str, Callable[[], str | None]] = {
    "ruby": lambda: None if shutil.which("ruby") else "there is no Ruby on this machine",
    "php": lambda: php_lacks(),
    **{
        f"go-{processor}": partial(emulators.missing, processor)
        for processor in emulators.PROCESSORS
    },
}
#: Set by `just test all`: runs those too whose processor is emulated, which else a name asks for.
ALL = "WITSPAN_TEST_ALL"


def php_lacks() -> str | None:
    """Why PHP cannot run the suite here."""
    php = shutil.which("php")
    if php is None:
        return "there is no PHP on this machine"
    has = subprocess.run([php, "-m"], stdout=subprocess.PIPE, text=True).stdout.split()
    lacks = sorted({"FFI", "gmp", "mbstring"} - set(has))
    return f"this machine's PHP has no {lacks[0]}" if lacks else None


@dataclass(frozen=True)
class Line:
    """What one runner found in one chapter."""

    passed: int
    failed: int
    gaps: int


NOTHING = Line(0, 0, 0)
Found = dict[str, Line]


def main(names: Sequence[str]) -> int:
    if strange := [name for name in names if name not in RUNNERS]:
        print(f"no runner `{strange[0]}`; there are: {', '.join(RUNNERS)}", file=sys.stderr)
        return 2
    cases = count_cases(SUITE)
    REPORTS.mkdir(parents=True, exist_ok=True)
    for old in REPORTS.glob("*.json"):
        old.unlink()
    found: dict[str, Found] = {}
    complaints = []
    slow = [] if os.environ.get(ALL) else [f"go-{name}" for name in emulators.PROGRAMS]
    for runner, command in RUNNERS.items():
        if runner not in names if names else runner in slow:
            continue
        if runner in OPTIONAL and (why := OPTIONAL[runner]()):
            print(f"{runner} … skipped: {why}")
            continue
        complaints += run(runner, command)
        found[runner], wrong = read(REPORTS / f"{runner}.json", cases)
        complaints += wrong
    print("\n" + table(cases, found))
    for complaint in complaints:
        print(f"wrong: {complaint}")
    print(summary(cases, found))
    failed = any(line.failed for lines in found.values() for line in lines.values())
    return 1 if failed or complaints else 0


def run(runner: str, command: Sequence[str]) -> list[str]:
    """Runs a runner; its output is shown only if it fails, for the table says the rest."""
    print(f"{runner} … ", end="", flush=True)
    began = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        print("cannot run")
        return [f"{runner}: `{command[0]}` cannot run: {error.strerror}"]
    print(f"{time.monotonic() - began:.1f} s")
    if done.returncode == 0:
        return []
    print(done.stdout.rstrip())
    return [f"{runner}: `{' '.join(command)}` ended with {done.returncode}"]


def count_cases(suite: Path) -> dict[str, int]:
    """How many cases each chapter has, in order."""
    paths = [path for folder in FOLDERS for path in sorted((suite / folder).glob("*.json"))]
    chapters = (json.loads(path.read_text("utf-8")) for path in paths)
    return {chapter["chapter"]: len(chapter["cases"]) for chapter in chapters}


def read(path: Path, cases: dict[str, int]) -> tuple[Found, list[str]]:
    """A runner's report, and what is wrong with it: every case has to be in it once."""
    runner = path.stem
    if not path.exists():
        return {}, [f"{runner}: no report, so none of its cases ran to the end"]
    found: Found = {}
    for line in json.loads(path.read_text("utf-8"))["chapters"]:
        before = found.get(line["chapter"], NOTHING)
        found[line["chapter"]] = Line(
            before.passed + line["passed"],
            before.failed + line["failed"],
            before.gaps + line["gaps"],
        )
    wrong = []
    for chapter in {**cases, **found}:
        line = found.get(chapter, NOTHING)
        reported, there = line.passed + line.failed + line.gaps, cases.get(chapter, 0)
        if reported != there:
            wrong.append(f"{runner}: {reported} cases of `{chapter}` reported, {there} are there")
    return found, wrong


def table(cases: dict[str, int], found: dict[str, Found]) -> str:
    """Chapter by runner: passed of all, with what failed and what is a gap."""
    rows = [["chapter", *found]]
    for chapter, count in cases.items():
        rows.append([chapter, *(cell(lines.get(chapter), count) for lines in found.values())])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    text = [
        "  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip() for row in rows
    ]
    return "\n".join(text) + "\n"


def cell(line: Line | None, count: int) -> str:
    if line is None:
        return "-"
    notes = [f"{line.failed} failed"] * bool(line.failed) + [counted(line.gaps)] * bool(line.gaps)
    return f"{line.passed}/{count}" + (f" ({', '.join(notes)})" if notes else "")


def counted(gaps: int) -> str:
    return "1 gap" if gaps == 1 else f"{gaps} gaps"


def summary(cases: dict[str, int], found: dict[str, Found]) -> str:
    lines = [line for chapters in found.values() for line in chapters.values()]
    text = ""
    for runner, chapters in found.items():
        if gaps := sum(line.gaps for line in chapters.values()):
            text += f"{runner}: {counted(gaps)}, with the reasons in the runner\n"
    passed, failed = sum(line.passed for line in lines), sum(line.failed for line in lines)
    return (
        f"{text}conformance: {sum(cases.values())} cases, {len(found)} runners, "
        f"{passed} passed, {failed} failed"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
