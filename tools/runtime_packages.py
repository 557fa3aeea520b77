#!/usr/bin/env python3
"""Gets what the JavaScript package must run in: `--prepare [GROUP ...]`, without a name all groups.

Each folder of tools/runtimes is a group with a lock file of its own, so that a machine has no more
than it needs. The tests take what is installed here, and never install anything themselves.

Of Vite this is not the newest: 8.4 names a package that registries do not have.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

import npm

FOLDER = npm.ROOT / "tools" / "runtimes"
GROUPS = sorted(path.parent.name for path in FOLDER.glob("*/package.json"))
#: What continuous integration has: each runtime once, in about 550 MB. The others are 1.3 GB more.
SMALL = ["engines", "toolchain"]


ARM = platform.machine() in ("aarch64", "arm64")
#: Where the engines are below their packages, and how they run a program that may do anything.
ENGINES = {
    "deno": (f"@deno/linux-{'arm64' if ARM else 'x64'}-glibc/deno", ["run", "--allow-all"]),
    "bun": (f"@oven/bun-linux-{'aarch64' if ARM else 'x64'}/bin/bun", ["run"]),
}


def runtime(name: str) -> list[str]:
    """The command that runs a program in an engine which is not Node."""
    place, words = ENGINES[name]
    return [str(modules("engines") / place), *words]


def modules(group: str) -> Path:
    """The folder of a group's packages, which is there if they are installed."""
    return npm.packages_folder(FOLDER / group) / "node_modules"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--prepare", nargs="*", choices=GROUPS, metavar="GROUP", required=True)
    chosen = parser.parse_args().prepare or GROUPS
    npm.prepare(*(FOLDER / group for group in chosen))
