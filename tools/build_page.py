#!/usr/bin/env python3
"""Fetches what the intake's page is made of besides intake/page: Chart.js -> target/page/chart.js.

The npm packages go into the cache, in exactly the versions and with the checksums of
tools/page/package-lock.json. `--prepare` installs only them, and a Node into .venv where the
machine has none that is new enough. `--check` reads the types of the page's modules.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from build_js import install_node, node, packages, usable

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools" / "page"
OUT = ROOT / "target" / "page"
# The build that needs no other file, for a plain <script>: the page loads it when it draws charts.
CHARTS = Path("chart.js", "dist", "chart.umd.min.js")


def build() -> None:
    """Copies the library; the last line names a map that is not there, so it is left out."""
    text = (packages(TOOLS) / "node_modules" / CHARTS).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("//# sourceMappingURL=")]
    wanted = "\n".join(lines) + "\n"
    library = OUT / "chart.js"
    if library.exists() and library.read_text(encoding="utf-8") == wanted:
        print("page: ready")
        return
    OUT.mkdir(parents=True, exist_ok=True)
    # Written beside and renamed: the build of the intake may read it at this moment.
    beside = OUT / ".chart.js.new"
    beside.write_text(wanted, encoding="utf-8")
    beside.replace(library)
    print("page: built into target/page")


def check() -> int:
    """Reads the page's types; 0 if they hold together."""
    compiler = packages(TOOLS) / "node_modules" / "typescript" / "bin" / "tsc"
    return subprocess.run([node(), compiler, "--project", TOOLS / "tsconfig.json"]).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--prepare", action="store_true", help="install what it needs and stop")
    parser.add_argument("--check", action="store_true", help="check the modules' types")
    arguments = parser.parse_args()
    if arguments.prepare:
        if not usable():
            install_node()
        packages(TOOLS)
        return 0
    if not usable():
        print(
            "Node.js 20 or newer with npm is missing: run ./bootstrap.sh setup, which gets one, or "
            "install it (https://nodejs.org), then run this again.",
            file=sys.stderr,
        )
        return 1
    if arguments.check:
        return check()
    build()
    return 0


if __name__ == "__main__":
    sys.exit(main())
