"""The module as a program outside of the checkout gets it: by `replace`, and from a proxy.

The program is the suite's runner: its name says that it may import what is internal.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from go_support import SUITE, assert_all_passed, copy_suite, go, go_module_zip, golang


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The runner, in a folder of its own that knows nothing of this checkout."""
    folder = tmp_path / "program"
    shutil.copytree(SUITE / "runners" / "go", folder)
    name = go_module_zip.name()
    go("mod", "edit", f"-dropreplace={name}", f"-droprequire={name}", cwd=folder)
    return folder


def passes(program: Path, *words: str, **environment: str) -> None:
    suite = copy_suite(program.parent)
    go("run", *words, ".", "-suite", str(suite), cwd=program, **environment)
    assert_all_passed(program.parent)


def test_it_works_by_replace(program: Path) -> None:
    name = go_module_zip.name()
    replaced = [f"-require={name}@v0.0.0", f"-replace={name}={golang.PACKAGE}"]
    go("mod", "edit", *replaced, cwd=program)
    passes(program)


def test_it_works_from_a_proxy(program: Path) -> None:
    proxy = program.parent / "proxy"
    go_module_zip.make(proxy)
    environment = {
        "GOPROXY": proxy.as_uri(),
        # No server of checksums knows it.
        "GONOSUMDB": go_module_zip.name(),
        # A folder of our own, so that no version of another day is taken; pytest deletes it.
        "GOMODCACHE": str(program.parent / "modules"),
        "GOFLAGS": "-modcacherw",
    }
    go("get", f"{go_module_zip.name()}@latest", cwd=program, **environment)
    wanted = go(
        "list", "-m", "-f", "{{.Version}}", go_module_zip.name(), cwd=program, **environment
    )
    assert wanted.strip() == go_module_zip.version()
    # Trimmed of its path, which is a new one each time, it is not compiled again each time.
    passes(program, "-trimpath", **environment)


def test_the_zip_has_the_module_and_its_license_and_no_more(tmp_path: Path) -> None:
    folder = go_module_zip.make(tmp_path)
    with zipfile.ZipFile(folder / f"{go_module_zip.version()}.zip") as made:
        names = made.namelist()
    beginning = f"{go_module_zip.name()}@{go_module_zip.version()}/"
    inside = {name.removeprefix(beginning) for name in names}
    assert all(name.startswith(beginning) for name in names)
    assert {"go.mod", "LICENSE", "README.md", "internal/core/translated/core.go"} <= inside
    kinds = {Path(name).suffix or name for name in inside}
    assert kinds <= {".go", ".mod", ".md", ".json", "LICENSE"}


def test_the_same_files_make_the_same_zip(tmp_path: Path) -> None:
    names = [
        go_module_zip.make(tmp_path / each) / f"{go_module_zip.version()}.zip" for each in "ab"
    ]
    assert names[0].read_bytes() == names[1].read_bytes()
