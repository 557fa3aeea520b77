#!/usr/bin/env python3
"""Runs pyright, the second type checker of the Python package; arguments are pyright's own.

It is one of the npm packages of tools/js, in exactly the version that is listed there: the one on
Python's index would fetch some version of it when it runs.
"""

from __future__ import annotations

import subprocess
import sys

import npm

TOOLS = npm.ROOT / "tools" / "js"


def main() -> int:
    npm.require()
    program = npm.packages(TOOLS) / "node_modules" / "pyright" / "index.js"
    return subprocess.run([npm.node(), program, *sys.argv[1:]]).returncode


if __name__ == "__main__":
    sys.exit(main())
