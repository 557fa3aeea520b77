#!/usr/bin/env python3
"""Builds the component for JavaScript: target/component/witspan.wasm -> target/js/.

jco's transpiler does it. Its packages go into the cache, in exactly the versions and with the
checksums of tools/js/package-lock.json. `--prepare` installs only them, and a Node into .venv where
the machine has none that is new enough. All of it is skipped when nothing has changed.

This jco is not the newest. All that were tried (1.10, 1.17, 1.35) send the right bytes for any
text; this one, of 1.17's time, takes 17 MB where the newest takes 105, and its glue a fifth of the
time for each call.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import npm

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools" / "js"
COMPONENT = ROOT / "target" / "component" / "witspan.wasm"
OUT = ROOT / "target" / "js"


def run(command: Sequence[object], cwd: Path) -> None:
    words = [str(word) for word in command]
    if subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode != 0:
        sys.exit(f"nothing was built for JavaScript: `{' '.join(words[:2])}` failed, see above")


def build() -> None:
    if not COMPONENT.exists():
        sys.exit("the component is not built yet: run `just component`, then this again")
    wanted = npm.digest(COMPONENT, *sorted(TOOLS.iterdir()), Path(__file__), Path(npm.__file__))
    stamp = OUT / ".stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        print("component for JavaScript: ready")
        return
    began = time.monotonic()
    found = npm.packages(TOOLS)
    # A folder that lacks its stamp is not whole, so it is made again.
    shutil.rmtree(OUT, ignore_errors=True)
    run([npm.node(), TOOLS / "transpile.mjs", COMPONENT, OUT, found], ROOT)
    stamp.write_text(wanted)
    print(f"component for JavaScript: built into target/js ({time.monotonic() - began:.1f} s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--prepare", action="store_true", help="install what it needs and stop")
    if parser.parse_args().prepare:
        return npm.prepare(TOOLS)
    npm.require()
    build()


if __name__ == "__main__":
    main()
