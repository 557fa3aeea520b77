#!/usr/bin/env python3
"""Makes the Composer package as a zip: the classes, and the C library that `just c` has built."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILT = ROOT / "target" / "c"
FILES = (
    "composer.json",
    "README.md",
    "LICENSE",
    "autoload.php",
    "preload.php",
    "bin/witspan-header",
)


def contents() -> Iterator[tuple[str, Path]]:
    """Each file's name in the package, and where it is."""
    for name in FILES:
        yield name, HERE / name
    for path in sorted((HERE / "src").rglob("*.php")):
        yield path.relative_to(HERE).as_posix(), path
    for name in ("libwitspan.so", "witspan.cdef"):
        yield f"lib/{name}", BUILT / name


def build(folder: Path) -> Path:
    """The zip, which is the same bytes for the same files."""
    version = json.loads((HERE / "composer.json").read_text("utf-8"))["version"]
    folder.mkdir(parents=True, exist_ok=True)
    package = folder / f"witspan-{version}.zip"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in contents():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name.startswith(("bin/", "lib/")) else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return package


if __name__ == "__main__":
    if not (BUILT / "libwitspan.so").exists():
        sys.exit("the C library is not built: just c")
    print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target" / "php"))
