"""The JavaScript package as it is built: the core inside it, its entries, what npm publishes."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "bindings" / "js"
DIST = PACKAGE / "dist"
COMPONENT = ROOT / "target" / "component" / "witspan.wasm"

sys.path.insert(0, str(ROOT / "tools"))

import npm  # noqa: E402

MANIFEST = json.loads((PACKAGE / "package.json").read_text("utf-8"))


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The package, built from what is there now."""
    command = [sys.executable, ROOT / "tools" / "build_js_package.py"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_core_inside_is_that_of_the_component() -> None:
    component = (ROOT / "target" / "component" / "witspan.wasm").read_bytes()
    module = (DIST / "core.wasm").read_bytes()
    assert module.startswith(b"\0asm\1\0\0\0")
    # A section of the component: its kind, its length in groups of 7 bits, the module.
    length, rest = [], len(module)
    while rest >= 0x80:
        length.append(rest & 0x7F | 0x80)
        rest >>= 7
    section = bytes([1, *length, rest]) + module
    assert component.count(section) == 1
    # All else in the component only connects it.
    assert len(component) - len(module) < 30_000


def test_the_core_inlined_is_the_same() -> None:
    module = (DIST / "core.wasm").read_bytes()
    text = (DIST / "index.js").read_text("utf-8")
    # The one long text in it: base64 of a raw deflate stream.
    [inside] = re.findall(r'"([A-Za-z0-9+/]{1000,}={0,2})"', text)
    assert zlib.decompress(base64.b64decode(inside), -15) == module


def test_only_the_entry_for_import_has_the_core_inside() -> None:
    for path in sorted(DIST.glob("*.*js")):
        if path.name != "index.js":
            assert path.stat().st_size < 150_000, path.name


def leaves(exports: Any, *conditions: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each file that an exports map names, with the conditions for it."""
    if isinstance(exports, str):
        yield conditions, exports
        return
    for name, below in exports.items():
        yield from leaves(below, *conditions, name)


def test_every_export_is_there_and_has_its_types() -> None:
    found = list(leaves(MANIFEST["exports"]))
    assert len(found) > 10
    for conditions, path in found:
        assert (PACKAGE / path).is_file(), path
        # What is required is CommonJS, and so are the declarations of it.
        if conditions[-1] == "types":
            required = "require" in conditions
            assert path.endswith(".d.cts" if required else ".d.ts"), conditions
        elif path.endswith("js"):
            endings = (".cjs",) if "require" in conditions else (".js", ".mjs")
            assert path.endswith(endings), conditions

    def ordered(exports: Any) -> None:
        if isinstance(exports, dict):
            assert "types" not in exports or next(iter(exports)) == "types"
            assert "default" not in exports or list(exports)[-1] == "default"
            for below in exports.values():
                ordered(below)

    ordered(MANIFEST["exports"])


def test_bundlers_take_the_entry_with_the_core_inside() -> None:
    for name in (".", "./dd-trace", "./testing"):
        conditions = list(MANIFEST["exports"][name])
        assert conditions.index("module") < conditions.index("require"), name


def test_declarations_name_only_what_is_published() -> None:
    paths = sorted(DIST.rglob("*.d.*ts"))
    assert len(paths) > 10
    for path in paths:
        ending = ".cts" if path.suffix == ".cts" else ".ts"
        text = path.read_text("utf-8")
        for named in re.findall(r"""(?:from|import\()\s*["'](\.[^"']*)["']""", text):
            stem, _, kind = named.rpartition(".")
            # Files of types alone are there once; they say for which kind of module they are.
            its = ".ts" if path.name in ("contract.d.cts", "types.d.cts") else ending
            assert kind == {".cts": "cjs", ".ts": "js"}[its], f"{path.name}: {named}"
            assert (path.parent / f"{stem}.d{its}").is_file(), f"{path.name}: {named}"


def test_npm_publishes_the_package_and_nothing_else() -> None:
    command = [npm.npm() or "npm", "pack", "--dry-run", "--json", "--ignore-scripts"]
    done = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    # A list in npm up to 11, then an object by package.
    [packed] = told if isinstance(told, list) else told.values()
    assert packed["size"] <= 1.1 * COMPONENT.stat().st_size
    names = {file["path"] for file in packed["files"]}
    strange = {name for name in names if not name.startswith("dist/")}
    assert strange <= {"LICENSE", "README.md", "package.json"}
    assert {"LICENSE", "package.json"} <= strange
    assert {name for name in names if Path(name).name.startswith(".")} == set()


def test_it_needs_nothing_and_has_the_version_of_all_else() -> None:
    manifest = (ROOT / "Cargo.toml").read_text("utf-8")
    workspace = manifest.partition("[workspace.package]")[2].partition("\n[")[0]
    for name in ("version", "license"):
        assert f'\n{name} = "{MANIFEST[name]}"\n' in workspace
    for kind in ("dependencies", "peerDependencies", "optionalDependencies", "scripts"):
        assert kind not in MANIFEST
