#!/usr/bin/env python3
"""Measures witspan beside other tracers and prints tables; `just bench` runs it.

Each chapter leaves all that it measured in target/bench/CHAPTER.json, and the tables of the last
run are in target/bench/table.txt. benches/README.md says what is measured and how to read it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import memory
import off
import spans
import stall
import startup
import sustained
from go import chapter as go
from harness import LOG, OUT, ROOT, TRACERS, Aim, Plan, rows, verdict
from instructions import instructions
from javascript import chapter as javascript

PACKAGES = ("witspan", "opentelemetry-sdk", "ddtrace")
CHAPTERS: dict[str, ModuleType] = {
    "spans": spans,
    "off": off,
    "startup": startup,
    "memory": memory,
    "sustained": sustained,
    "stall": stall,
    "javascript": javascript,
    "go": go,
}
# The chapters that also run the contenders in Rust.
RUST_TOO = {"spans", "startup"}
# Those without anything of Python in what they measure.
NO_PYTHON = {"javascript", "go"}


def build(python: bool, rust: bool) -> Path | None:
    """The program of the two contenders in Rust. The component and the Python package come first,
    which is nothing to do after `just build`: all must be the same core, or the ratios are wrong.
    """
    if not python:
        return None
    commands: list[list[str]] = [
        [sys.executable, "tools/build_component.py", "--only", "witspan"],
        [sys.executable, "tools/build_python.py"],
        *([["cargo", "build", "-q", "--release", "-p", "witspan-benches"]] if rust else []),
    ]
    for command in commands:
        if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode != 0:
            sys.exit("the benchmark was not built, see above")
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    program = target / "release" / ("witspan-benches" + (".exe" if os.name == "nt" else ""))
    return program if rust else None


def machine(python: bool) -> dict[str, Any]:
    # Others at work on the machine make every number worse than it is.
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": busy,
        "versions": {name: version(name) for name in PACKAGES} if python else {},
    }


def say(text: str) -> None:
    """One line of progress, which the next one takes the place of."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def heading(about: dict[str, Any], plan: Plan) -> Iterator[str]:
    here = about["machine"]
    yield (
        f"witspan's benchmark: fresh processes in turn, {plan.rounds} of each, "
        f"{here['cores']} cores, {here['system']}, Python {here['python']}, {about['made']}"
    )
    busy = here["load_before"]
    if busy is not None and busy > 0.5:
        yield f"The machine was busy before ({busy:.1f} on average): the numbers are worse for it."


def ending(aims: list[Aim]) -> Iterator[str]:
    yield "what was aimed at"
    yield ""
    body = [[one.what, one.aim, one.found, verdict(one.met)] for one in aims]
    yield from rows(["", "aim", "found", ""], body)
    yield ""
    yield "Machines are noisy: neighbours and clock rates move every number by a third and more."
    yield "The ratios are steadier, since what is compared was measured in turn."


class Paper:
    """Prints each table as soon as it is there, and keeps all of them for a file."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def print(self, lines: Iterator[str]) -> None:
        say("")
        for line in [*lines, ""]:
            print(line, flush=True)
            self.lines.append(line)
        (OUT / "table.txt").write_text("\n".join(self.lines), encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="just bench", description="Measure witspan beside other tracers."
    )
    names = ", ".join(CHAPTERS)
    parser.add_argument("chapters", nargs="*", help=f"of {names}; by default all")
    parser.add_argument("--rounds", type=int, default=5, help="how often all take their turn")
    parser.add_argument("--quick", action="store_true", help="everything once, to see it work")
    parser.add_argument("--only", help=f"contenders in Python, of {','.join(TRACERS)}")
    parser.add_argument("--callgrind", action="store_true", help="count instructions as well")
    given = parser.parse_args()
    if given.rounds < 1:
        parser.error("--rounds: at least 1")
    for name in given.chapters:
        if name not in CHAPTERS:
            parser.error(f"`{name}` is no chapter; there are: {names}")
    given.only = tuple(given.only.split(",")) if given.only else TRACERS
    for name in given.only:
        if name not in TRACERS:
            parser.error(f"--only: `{name}` is none of {', '.join(TRACERS)}")
    return given


def main() -> None:
    given = arguments()
    chosen = [name for name in CHAPTERS if not given.chapters or name in given.chapters]
    OUT.mkdir(parents=True, exist_ok=True)
    LOG.write_text("", encoding="utf-8")
    python = not NO_PYTHON.issuperset(chosen)
    program = build(python, rust=not RUST_TOO.isdisjoint(chosen))
    plan = Plan(1 if given.quick else given.rounds, given.quick, given.only, say, program)
    about = {
        "made": time.strftime("%Y-%m-%d %H:%M"),
        "machine": machine(python),
        "options": {"rounds": plan.rounds, "quick": plan.quick, "tracers": plan.tracers},
    }
    paper, aims = Paper(), list[Aim]()
    paper.print(heading(about, plan))
    for name in chosen:
        chapter = CHAPTERS[name]
        began = time.monotonic()
        found = chapter.measure(plan)
        if name == "spans" and given.callgrind:
            say("counting instructions")
            assert program is not None
            found["instructions"] = instructions(program, OUT)
        these = list(chapter.aims(found))
        aims += these
        took = {"took_s": round(time.monotonic() - began, 1)}
        content = {**about, **took, "aims": [asdict(one) for one in these], **found}
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        paper.print(chapter.table(found))
    paper.print(ending(aims))
    files = ", ".join(f"{name}.json" for name in chosen)
    print(f"In target/bench: every measurement in {files}; these tables in table.txt.")


if __name__ == "__main__":
    main()
