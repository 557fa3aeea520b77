"""What npm publishes: its types in each module system, its map of exports, and its size."""

from __future__ import annotations

from pathlib import Path

import pytest
from runtimes_support import ROOT, installed, npm, run, succeeds

COMPONENT = ROOT / "target" / "component" / "witspan.wasm"
STRICT = ["--strict", "--noEmit", "--target", "es2022", "--skipLibCheck", "false"]
# The package names no types of Node or of the page that an application need not have.
SETTINGS = {
    "node": ["--module", "nodenext", "--lib", "es2022", "--types", "node"],
    "page": ["--module", "nodenext", "--lib", "es2022,dom"],
    "bundler": ["--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom"],
}


CONSUMERS = [(name, file) for name in SETTINGS for file in ("types.mts", "types.cts")]
# There is no `import … = require` for bundlers.
CONSUMERS.remove(("bundler", "types.cts"))


@pytest.mark.parametrize("setting, file", CONSUMERS)
def test_the_types_are_strict(setting: str, file: str, workspace: Path) -> None:
    tsc = installed("toolchain") / "typescript" / "bin" / "tsc"
    roots = ["--typeRoots", installed("toolchain") / "@types"]
    done = run([npm.node(), tsc, *STRICT, *SETTINGS[setting], *roots, file], workspace)
    assert done.returncode == 0, done.stdout


def test_publint_finds_nothing(workspace: Path) -> None:
    publint = installed("toolchain") / "publint" / "src" / "cli.js"
    package = workspace / "node_modules" / "witspan"
    printed = succeeds([npm.node(), publint, package, "--strict", "--pack", "false"], workspace)
    assert "All good!" in printed, printed


# What resolves names as before Node 12 knows no map of exports; a core module has no types.
ENTRIES = {
    "modules": ["--profile", "node16", "--exclude-entrypoints", "browser", "core.wasm"],
    # A page has no `require`.
    "page": ["--profile", "esm-only", "--entrypoints", "browser"],
}


@pytest.mark.parametrize("entries", ENTRIES)
def test_are_the_types_wrong_finds_nothing(entries: str, tarball: Path) -> None:
    attw = installed("toolchain") / "@arethetypeswrong" / "cli" / "dist" / "index.js"
    arguments = ["--format", "ascii", "--no-emoji", *ENTRIES[entries]]
    done = run([npm.node(), attw, tarball, *arguments], tarball.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_is_hardly_larger_than_the_component(tarball: Path) -> None:
    assert tarball.stat().st_size <= 1.1 * COMPONENT.stat().st_size
