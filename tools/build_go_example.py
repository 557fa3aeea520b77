#!/usr/bin/env python3
"""Builds the agent that the demo runs in Go: examples/go -> target/go-example.

Where there is no Go it says so and builds nothing; the demo then leaves that agent out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from golang import ROOT, command, missing

EXAMPLE = ROOT / "examples" / "go"


def program() -> Path:
    """Where the agent is once it is built."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    return target / "go-example" / f"docs-agent{'.exe' if os.name == 'nt' else ''}"


def main() -> int:
    if why := missing():
        print(f"the agent in Go is not built: {why}")
        return 0
    words = [command(), "build", "-o", str(program()), "."]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    return subprocess.run(words, cwd=EXAMPLE, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
