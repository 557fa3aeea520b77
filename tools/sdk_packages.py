#!/usr/bin/env python3
"""Gets the SDKs in JavaScript that the intake's tests send with; `--prepare` does no more.

The packages go into the cache, in exactly the versions and with the checksums of
tools/sdks/package-lock.json and tools/exporters/package-lock.json. dd-trace's fifth line runs on
the machine's own Node, the sixth needs a newer one, which comes with it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import npm

TOOLS = npm.ROOT / "tools" / "sdks"
#: Apart, since dd-trace asks for an older OpenTelemetry beside it.
EXPORTERS = npm.ROOT / "tools" / "exporters"


def dd_trace(major: int) -> tuple[Path, str]:
    """The folder of that dd-trace, and the Node that runs it."""
    modules = npm.packages(TOOLS) / "node_modules"
    newer = sorted(modules.glob("node-*/bin/node"))
    return modules / f"dd-trace-{major}", str(newer[0]) if major > 5 and newer else npm.node()


def exporters() -> Path:
    """The folder in which OpenTelemetry's exporter for JavaScript is installed."""
    return npm.packages(EXPORTERS)


if __name__ == "__main__":
    if "--prepare" not in sys.argv[1:]:
        sys.exit("usage: sdk_packages.py --prepare")
    npm.prepare(TOOLS, EXPORTERS)
