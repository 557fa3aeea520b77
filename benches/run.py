#!/usr/bin/env python3
"""Measures witspan beside other tracers and prints one table; `just bench` runs it.

Leaves every burst in target/bench/spans.json and all else in target/bench/startup.json.
benches/README.md says what is measured and how to read it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import report
import spans
import startup

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "target" / "bench"
PACKAGES = ("witspan", "opentelemetry-sdk", "ddtrace")
# Spans made for an instruction count: the difference of the two runs, so that the start is out.
COUNTED = (1000, 3000)


def build() -> Path:
    """The program of the two contenders in Rust. The component and the Python package come first,
    which is nothing to do after `just build`: all must be the same core, or the ratios are wrong.
    """
    for command in (
        [sys.executable, "tools/build_component.py", "--only", "witspan"],
        [sys.executable, "tools/build_python.py"],
        ["cargo", "build", "-q", "--release", "-p", "witspan-benches"],
    ):
        if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode != 0:
            sys.exit("the benchmark was not built, see above")
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    return target / "release" / ("witspan-benches" + (".exe" if os.name == "nt" else ""))


def machine() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def instructions(program: Path) -> dict[str, list[float]]:
    """Instructions a span, where valgrind is there to count them."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        sys.exit("--callgrind needs valgrind, which is missing")
    found: dict[str, list[float]] = {}
    with spans.sink() as address:
        for name, word in ((spans.NATIVE, "native"), (spans.RUST, "component")):
            per_span = [count(valgrind, program, word, case, address) for case in spans.CASES]
            if None not in per_span:
                found[name] = [one for one in per_span if one is not None]
    return found


def count(valgrind: str, program: Path, word: str, case: str, address: str) -> float | None:
    """None where valgrind cannot run it: compiled wasm is not what it was made for."""
    totals = []
    for made in COUNTED:
        out = OUT / f"callgrind.{word}.{case}.{made}.out"
        command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={out}"]
        command += [str(program), "count", word, case, str(made)]
        env = spans.environment(address)
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        collected = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode != 0 or collected is None:
            return None
        totals.append(int(collected[1]))
    return (totals[1] - totals[0]) / (COUNTED[1] - COUNTED[0])


def say(text: str) -> None:
    """One line of progress, which the next one takes the place of."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def write(name: str, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure witspan beside other tracers.")
    parser.add_argument("--rounds", type=int, default=5, help="how often all take their turn")
    parser.add_argument("--quick", action="store_true", help="one short round, to see it work")
    parser.add_argument("--callgrind", action="store_true", help="count instructions as well")
    given = parser.parse_args()
    if given.rounds < 1:
        parser.error("--rounds: at least 1")
    options = {
        "rounds": 1 if given.quick else given.rounds,
        "bursts": 3 if given.quick else 12,
        "starts": 3 if given.quick else 10,
    }
    OUT.mkdir(parents=True, exist_ok=True)
    program = build()
    about = {"made": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "machine": machine(), "options": options}
    results = spans.measure(program, options["rounds"], options["bursts"], say)
    summary = spans.summary(results)
    if given.callgrind:
        say("counting instructions")
        summary["instructions"] = instructions(program)
    started = startup.measure(program, options["starts"], say)
    say("")
    write("spans", {**about, **summary, "rounds": results})
    write("startup", {**about, **started})
    print(report.table(about["machine"], options, summary, started))
    where = ("target/bench/spans.json", "target/bench/startup.json")
    print(f"\nEvery measurement: {where[0]} and {where[1]}.")


if __name__ == "__main__":
    main()
