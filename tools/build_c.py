#!/usr/bin/env python3
"""Builds the C library into target/c: shared and static, with its header and a file for pkg-config.

`--quick` is for tests: the library is not optimized as a whole, and shares what is compiled with
other tests. `--prefix DIR` also installs what target/c has into DIR.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINDING = ROOT / "bindings" / "c"
HEADER = BINDING / "include" / "witspan.h"
BUILT = ROOT / "target" / "c"

# What the shared library is called here; the first name is the one that programs load.
SHARED = {
    "darwin": ("libwitspan.dylib",),
    "win32": ("witspan.dll",),
}.get(sys.platform, ("libwitspan.so.1", "libwitspan.so"))
STATIC = "witspan.lib" if sys.platform == "win32" else "libwitspan.a"


def declarations(header: str) -> str:
    """The part of the header that has no line for a preprocessor."""
    _, _, rest = header.partition("/* begin */\n")
    body, end, _ = rest.partition("/* end */\n")
    if not body or not end or any(line.startswith("#") for line in body.splitlines()):
        sys.exit(f"{HEADER}: between begin and end must be declarations, and no line with `#`")
    return body


def compiled(name: str) -> str:
    """What cargo calls a file: the name of its crate, since `witspan` is the host's."""
    return name.split(".so")[0].replace("witspan", "witspan_c") + (".so" if ".so" in name else "")


def version() -> str:
    for line in (ROOT / "Cargo.toml").read_text("utf-8").splitlines():
        if line.startswith("version = "):
            return line.split('"')[1]
    sys.exit("Cargo.toml has no version")


def pkg_config(libraries: str, headers: str) -> str:
    text = (BINDING / "witspan.pc.in").read_text("utf-8")
    for name, value in (("libdir", libraries), ("includedir", headers), ("version", version())):
        text = text.replace(f"@{name}@", value)
    return text


def place(file: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Puts a file into a folder, under its first name; the others are links to that."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).unlink(missing_ok=True)
    shutil.copy2(file, folder / names[0])
    for name in names[1:]:
        (folder / name).symlink_to(names[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="quick to build, not to run")
    parser.add_argument("--prefix", type=Path, help="a folder to install into")
    given = parser.parse_args()
    profile = "intake" if given.quick else "release"
    print("C library: building (the first time takes about 2 minutes on 2 cores)", flush=True)
    done = subprocess.run(
        ["cargo", "build", "-q", "--profile", profile, "-p", "witspan-c"], cwd=ROOT
    )
    if done.returncode != 0:
        sys.exit("the C library was not built: cargo failed, see above")
    header = HEADER.read_text("utf-8")
    found = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / profile
    shared = found / compiled(SHARED[0])
    static = found / STATIC.replace("witspan", "witspan_c")
    place(shared, BUILT, SHARED)
    place(static, BUILT, (STATIC,))
    place(HEADER, BUILT, ("witspan.h",))
    (BUILT / "witspan.cdef").write_text(declarations(header), "utf-8")
    (BUILT / "witspan.pc").write_text(pkg_config("${pcfiledir}", "${pcfiledir}"), "utf-8")
    print(f"C library: ready in {BUILT.relative_to(ROOT)}")
    if given.prefix:
        libraries = given.prefix / "lib"
        place(shared, libraries, SHARED)
        place(static, libraries, (STATIC,))
        place(HEADER, given.prefix / "include", ("witspan.h",))
        pc = pkg_config("${pcfiledir}/..", "${pcfiledir}/../../include")
        (libraries / "pkgconfig").mkdir(exist_ok=True)
        (libraries / "pkgconfig" / "witspan.pc").write_text(pc, "utf-8")
        print(f"C library: installed in {given.prefix}")


if __name__ == "__main__":
    main()
