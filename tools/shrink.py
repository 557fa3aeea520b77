#!/usr/bin/env python3
"""Makes a WebAssembly module smaller and no slower: Binaryen's `wasm-opt`.

It comes from npm into the cache, in exactly the version and with the checksum of
tools/wasm-opt/package-lock.json. `--prepare` installs it, and a Node into .venv where the machine
has none that is new enough.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import npm

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools" / "wasm-opt"
# The least code; and what the compiler was told that every engine has.
OPTIONS = ["-Oz", "--converge", "--enable-simd", "--enable-bulk-memory", "--enable-sign-ext"]
OPTIONS += ["--enable-nontrapping-float-to-int", "--enable-mutable-globals"]
OPTIONS += ["--enable-multivalue", "--enable-reference-types"]


def shrink(module: Path, out: Path) -> None:
    """Writes `module`, made smaller, to `out`; ends the program where that cannot be done."""
    npm.require()
    program = npm.packages(TOOLS) / "node_modules" / "binaryen" / "bin" / "wasm-opt"
    words = [npm.node(), str(program), *OPTIONS, str(module), "-o", str(out)]
    if subprocess.run(words, stdin=subprocess.DEVNULL).returncode != 0:
        sys.exit("the component was not built: wasm-opt failed, see above")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--prepare", action="store_true", help="install what it needs and stop")
    parser.parse_args()
    npm.prepare(TOOLS)


if __name__ == "__main__":
    main()
