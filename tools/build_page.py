#!/usr/bin/env python3
"""Fetches what the intake's page has besides intake/page: Chart.js and fonts -> target/page/.

The npm packages go into the cache, in exactly the versions and with the checksums of
tools/page/package-lock.json. `--prepare` installs only them, and a Node into .venv where the
machine has none that is new enough. `--check` reads the types and the layout of the page's modules,
`--format` lays them out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import npm

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools" / "page"
OUT = ROOT / "target" / "page"
PAGE = ROOT / "intake" / "page"
LAYOUT = TOOLS / "prettier.json"
# The build that needs no other file, for a plain <script>: the page loads it when it draws charts.
CHARTS = Path("chart.js", "dist", "chart.umd.min.js")
# The page's letters, so that it looks the same on every machine: every weight of the Latin ones in
# one file each. Other scripts come from the reader's system.
FONTS = {
    "inter": Path("@fontsource-variable", "inter"),
    "jetbrains-mono": Path("@fontsource-variable", "jetbrains-mono"),
}


def wanted() -> dict[str, bytes]:
    """The files of target/page with their contents."""
    modules = npm.packages(TOOLS) / "node_modules"
    lines = (modules / CHARTS).read_text(encoding="utf-8").splitlines()
    # The last line names a map that is not there.
    code = [line for line in lines if not line.startswith("//# sourceMappingURL=")]
    files = {"chart.js": ("\n".join(code) + "\n").encode()}
    for name, package in FONTS.items():
        folder = modules / package
        version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
        # With the version in its name a browser may keep it for good; `fonts.css` names it.
        font = folder / "files" / f"{name}-latin-wght-normal.woff2"
        files[f"fonts/{name}-{version}.woff2"] = font.read_bytes()
        # It has to come along wherever the font goes.
        files[f"fonts/{name}-license.txt"] = (folder / "LICENSE").read_bytes()
    return files


def build() -> None:
    files = wanted()
    old = {path.relative_to(OUT).as_posix(): path for path in OUT.rglob("*") if path.is_file()}
    if {name: path.read_bytes() for name, path in old.items()} == files:
        print("page: ready")
        return
    for name, contents in files.items():
        path = OUT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed: the build of the intake may read it at this moment.
        beside = path.with_name(f".{path.name}.new")
        beside.write_bytes(contents)
        beside.replace(path)
    # Those of other versions would go into the program as well.
    for name in old.keys() - files.keys():
        old[name].unlink(missing_ok=True)
    print("page: built into target/page")


def check() -> int:
    """Reads the types and the layout of the page's modules; 0 if both are right."""
    compiler = npm.packages(TOOLS) / "node_modules" / "typescript" / "bin" / "tsc"
    types = subprocess.run([npm.node(), compiler, "--project", TOOLS / "tsconfig.json"]).returncode
    return max(types, prettier("--check"), too_wide())


def prettier(how: str) -> int:
    """Checks (`--check`) or writes (`--write`) the layout of the modules, as ruff does here."""
    program = npm.packages(TOOLS) / "node_modules" / "prettier" / "bin" / "prettier.cjs"
    options = [how, "--log-level=warn", f"--config={LAYOUT}", f"{PAGE}/**/*.js"]
    command = [npm.node(), str(program), *options]
    return subprocess.run(command).returncode


def too_wide() -> int:
    """Names the lines that prettier leaves too wide: comments and texts."""
    widest = json.loads(LAYOUT.read_text("utf-8"))["printWidth"]
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{number}: {len(line)} columns, at most {widest}"
        for path in sorted(PAGE.rglob("*.js"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > widest
    ]
    for each in found:
        print(each, file=sys.stderr)
    return 1 if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--prepare", action="store_true", help="install what it needs and stop")
    parser.add_argument("--check", action="store_true", help="check the modules' types and layout")
    parser.add_argument("--format", action="store_true", help="lay the modules out")
    arguments = parser.parse_args()
    if arguments.prepare:
        npm.prepare(TOOLS)
        return 0
    npm.require()
    if arguments.check:
        return check()
    if arguments.format:
        return prettier("--write")
    build()
    return 0


if __name__ == "__main__":
    sys.exit(main())
