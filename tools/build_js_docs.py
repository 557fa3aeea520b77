#!/usr/bin/env python3
"""Makes pages of the JavaScript package's public types: bindings/js/dist/*.d.ts -> target/js-docs.

typedoc reads the declarations that are published, so the pages say what an editor shows. It needs a
TypeScript of its own: the newest compiler has no interface for such tools yet.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

import npm

TOOLS = npm.ROOT / "tools" / "js-docs"
PACKAGE = npm.ROOT / "bindings" / "js"
OUT = npm.ROOT / "target" / "js-docs"
ENTRIES = ("index", "testing", "dd-trace")


def main() -> None:
    npm.prepare(TOOLS)
    typedoc = npm.packages(TOOLS) / "node_modules" / "typedoc" / "bin" / "typedoc"
    shutil.rmtree(OUT, ignore_errors=True)
    options = {
        "--out": OUT,
        "--tsconfig": TOOLS / "tsconfig.json",
        "--name": "witspan for JavaScript",
        "--readme": PACKAGE / "README.md",
        "--excludeExternals": "true",
        "--validation.notExported": "false",
        "--logLevel": "Warn",
    }
    command = [npm.node(), str(typedoc)]
    for name, value in options.items():
        command += [name, str(value)]
    command += [str(PACKAGE / "dist" / f"{name}.d.ts") for name in ENTRIES]
    if subprocess.run(command, cwd=PACKAGE, stdin=subprocess.DEVNULL).returncode != 0:
        sys.exit("the pages were not made: see above")
    print(f"pages of the JavaScript package's types: {OUT.relative_to(npm.ROOT)}/index.html")


if __name__ == "__main__":
    main()
