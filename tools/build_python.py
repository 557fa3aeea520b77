#!/usr/bin/env python3
"""Builds the Python package into .venv, as an editable install; run it with .venv's Python.

`--quick` is for the demo: the native module is not optimized as a whole, and shares what is
compiled with the rest of the demo. A package that is optimized already will do.

Changes of .py files need no build, they are live. Maturin itself takes seconds even when nothing
has changed, so what the native module is made of is hashed first.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "bindings" / "python"
VENV = Path(sys.prefix)
STAMP = VENV / ".witspan.installed"
SOURCES = (
    *("guest", "host-runtime", "wit", "bindings/python", "Cargo.toml", "Cargo.lock"),
    "target/component/witspan.cwasm",
)
# Parts of bindings/python that are live in an editable install, or made by running it.
NOT_COMPILED = {"python", "tests", "__pycache__", ".pytest_cache", ".mypy_cache", "target"}


def source_files() -> Iterator[Path]:
    for name in SOURCES:
        start = ROOT / name
        if start.is_file():
            yield start
        for folder, folders, files in os.walk(start):
            folders[:] = sorted(set(folders) - NOT_COMPILED)
            yield from (Path(folder) / file for file in sorted(files))


def digest() -> str:
    total = hashlib.sha256(sys.version.encode())
    for path in source_files():
        total.update(f"\0{path.relative_to(ROOT).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def native_module() -> bool:
    """Whether the compiled module is in place: cleaning the checkout takes it, not the stamp."""
    return any(PACKAGE.glob("python/witspan/_native*.so")) or any(
        PACKAGE.glob("python/witspan/_native*.pyd")
    )


def main() -> None:
    if sys.prefix == sys.base_prefix:
        sys.exit("this builds into a virtual environment: use `just build`")
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="quick to build, not to run")
    profile = "intake" if parser.parse_args().quick else "release"
    wanted = digest()
    will_do = {f"{wanted} {name}" for name in (profile, "release")}
    if native_module() and STAMP.exists() and STAMP.read_text() in will_do:
        print("python package: ready")
        return
    print("python package: building (the first time takes about 2 minutes on 2 cores)", flush=True)
    began = time.monotonic()
    maturin = Path(sys.executable).with_name("maturin" + (".exe" if os.name == "nt" else ""))
    with tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace") as output:
        done = subprocess.run(
            [maturin, "develop", "--profile", profile, "-m", PACKAGE / "Cargo.toml"],
            cwd=ROOT,
            env={**os.environ, "VIRTUAL_ENV": str(VENV)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        if done.returncode != 0:
            output.seek(0)
            print(output.read(), file=sys.stderr)
            sys.exit("the Python package was not built: maturin failed, see above")
    STAMP.write_text(f"{wanted} {profile}")
    print(f"python package: built into .venv ({time.monotonic() - began:.1f} s)")


if __name__ == "__main__":
    main()
