#!/usr/bin/env python3
"""Gets what `just bench` measures the JavaScript package beside, and in; `--prepare` does no more.

OpenTelemetry's newest SDK needs a newer Node than the oldest that the package runs in, so the line
before it is there too. dd-trace is the one of the intake's tests, the Nodes those of the package's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import npm
import runtime_packages
import sdk_packages

TOOLS = npm.ROOT / "tools" / "bench-js"
#: OpenTelemetry's lines by the first number of their version.
LINES = (2, 3)
NODES = (20, 22, 24, 26)


def opentelemetry(line: int) -> Path:
    """The folder in which that line of OpenTelemetry's SDK is installed."""
    return npm.packages(TOOLS / f"opentelemetry-{line}")


def node(major: int) -> Path | None:
    """The command of that Node; `None` where there is none for this kind of machine."""
    found = sorted(runtime_packages.modules("nodes").glob(f"node-*-{major}/bin/node"))
    return found[0] if found else None


if __name__ == "__main__":
    if "--prepare" not in sys.argv[1:]:
        sys.exit("usage: bench_packages.py --prepare")
    lines = [TOOLS / f"opentelemetry-{line}" for line in LINES]
    npm.prepare(*lines, sdk_packages.TOOLS, runtime_packages.FOLDER / "nodes")
