#!/usr/bin/env python3
"""Puts what examples/javascript imports into its node_modules/: `openai` and `witspan`.

They are links: to the packages in the cache, which the example's lock file names, and to
bindings/js, which `just package-js` builds. `--prepare` installs the packages and stops.
"""

from __future__ import annotations

import sys
from pathlib import Path

import npm

EXAMPLE = npm.ROOT / "examples" / "javascript"
MODULES = EXAMPLE / "node_modules"


def link(name: str, target: Path) -> None:
    """Has `name` lead there. What a person has installed stays."""
    path = MODULES / name
    if path.is_symlink():
        if path.resolve() == target.resolve():
            return
        path.unlink()
    if not path.exists():
        path.symlink_to(target, target_is_directory=True)


def main() -> None:
    if "--prepare" in sys.argv[1:]:
        return npm.prepare(EXAMPLE)
    npm.require()
    MODULES.mkdir(exist_ok=True)
    link("openai", npm.packages(EXAMPLE) / "node_modules" / "openai")
    link("witspan", npm.ROOT / "bindings" / "js")


if __name__ == "__main__":
    main()
