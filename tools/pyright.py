#!/usr/bin/env python3
"""Runs pyright, the second type checker of the Python package; arguments are pyright's own.

It is one of the npm packages of tools/js, in exactly the version that is listed there: the one on
Python's index would fetch some version of it when it runs.
"""

from __future__ import annotations

import subprocess
import sys

from build_js import OLDEST_NODE, node, packages, usable


def main() -> int:
    if not usable():
        sys.exit(
            f"Node.js {OLDEST_NODE} or newer with npm is missing: run ./bootstrap.sh setup, which "
            "gets one, or install it (https://nodejs.org), then run this again."
        )
    program = packages() / "node_modules" / "pyright" / "index.js"
    return subprocess.run([node(), program, *sys.argv[1:]]).returncode


if __name__ == "__main__":
    sys.exit(main())
