"""Counts the instructions of a span of the core, native and as a component, by valgrind."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from harness import NATIVE, RUST, environment, sink
from spans import BOTH

# Spans made for an instruction count: the difference of the two runs, so that the start is out.
COUNTED = (1000, 3000)


def instructions(program: Path, out: Path) -> dict[str, list[float]]:
    """Instructions a span, where valgrind is there to count them."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        sys.exit("--callgrind needs valgrind, which is missing")
    found: dict[str, list[float]] = {}
    with sink() as address:
        for name, word in ((NATIVE, "native"), (RUST, "component")):
            per_span = [count(valgrind, program, out, word, case, address) for case in BOTH]
            if None not in per_span:
                found[name] = [one for one in per_span if one is not None]
    return found


def count(
    valgrind: str, program: Path, out: Path, word: str, case: str, address: str
) -> float | None:
    """None where valgrind cannot run it: compiled wasm is not what it was made for."""
    totals = []
    for made in COUNTED:
        file = out / f"callgrind.{word}.{case}.{made}.out"
        command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={file}"]
        command += [str(program), "count", word, case, str(made)]
        done = subprocess.run(command, env=environment(address), capture_output=True, text=True)
        collected = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode != 0 or collected is None:
            return None
        totals.append(int(collected[1]))
    return (totals[1] - totals[0]) / (COUNTED[1] - COUNTED[0])
