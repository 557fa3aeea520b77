#!/usr/bin/env python3
"""Packs the Go module as a proxy serves it: bindings/go -> target/go-proxy, or another folder.

Afterwards `GOPROXY=file://FOLDER` gives programs outside of the checkout the very module that users
will get: what is in bindings/go except its tests in Python, and the license of the repository.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from golang import PACKAGE, ROOT

PROXY = ROOT / "target" / "go-proxy"


def files() -> Iterator[Path]:
    """What the module consists of; nothing of `tests`, and nothing hidden."""
    for path in sorted(PACKAGE.rglob("*")):
        parts = path.relative_to(PACKAGE).parts
        if path.is_file() and parts[0] != "tests" and not any(p.startswith(".") for p in parts):
            yield path


def version() -> str:
    manifest = (ROOT / "Cargo.toml").read_text("utf-8")
    found = re.search(r'^version = "(.*)"$', manifest, re.M)
    assert found, "Cargo.toml has no version"
    return f"v{found[1]}"


def name() -> str:
    found = re.match(r"module (\S+)", (PACKAGE / "go.mod").read_text("utf-8"))
    assert found, "go.mod has no name"
    return found[1]


def make(proxy: Path) -> Path:
    """Writes the four files of a module that its proxy has, and gives the folder of them."""
    folder = proxy / name() / "@v"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "list").write_text(f"{version()}\n")
    (folder / f"{version()}.info").write_text(json.dumps({"Version": version()}))
    shutil.copyfile(PACKAGE / "go.mod", folder / f"{version()}.mod")
    packed = {path.relative_to(PACKAGE).as_posix(): path for path in files()}
    # As `go` does for a module that is a folder of a repository.
    packed.setdefault("LICENSE", ROOT / "LICENSE")
    with zipfile.ZipFile(folder / f"{version()}.zip", "w", zipfile.ZIP_DEFLATED) as out:
        for inside, path in packed.items():
            # Without its time, so that the same files give the same bytes.
            entry = zipfile.ZipInfo(f"{name()}@{version()}/{inside}")
            out.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("proxy", nargs="?", type=Path, default=PROXY, metavar="FOLDER")
    folder = make(parser.parse_args().proxy.absolute())
    size = (folder / f"{version()}.zip").stat().st_size
    proxy = folder.parents[name().count("/") + 1]
    print(f"module for Go: {name()}@{version()}, {size / 1e6:.1f} MB; GOPROXY=file://{proxy}")


if __name__ == "__main__":
    main()
