"""The module as a program outside of the checkout gets it: by `replace`, and from a proxy."""

from __future__ import annotations

import zipfile
from pathlib import Path

from go_support import assert_traces, build_by_replace, copy_program, go, go_module_zip
from receiver import Receiver

NAME = go_module_zip.name()


def test_it_works_by_replace(tmp_path: Path, receiver: Receiver) -> None:
    build_by_replace(tmp_path, tmp_path / "traced")
    assert_traces(receiver, [tmp_path / "traced"])


def test_it_works_from_a_proxy(tmp_path: Path, receiver: Receiver) -> None:
    program = copy_program(tmp_path)
    go_module_zip.make(tmp_path / "proxy")
    environment = {
        "GOPROXY": (tmp_path / "proxy").as_uri(),
        # No server of checksums knows it.
        "GONOSUMDB": NAME,
        # A folder of our own, so that no version of another day is taken; pytest deletes it.
        "GOMODCACHE": str(tmp_path / "modules"),
        "GOFLAGS": "-modcacherw",
    }
    go("get", f"{NAME}@latest", cwd=program, **environment)
    taken = go("list", "-m", "-f", "{{.Version}}", NAME, cwd=program, **environment)
    assert taken.strip() == go_module_zip.version()
    # Trimmed of its path, which is a new one each time, it is not compiled again each time.
    go("build", "-trimpath", "-o", "traced", ".", cwd=program, **environment)
    assert_traces(receiver, [program / "traced"])


def test_the_zip_has_the_module_and_its_license_and_no_more(tmp_path: Path) -> None:
    folder = go_module_zip.make(tmp_path)
    with zipfile.ZipFile(folder / f"{go_module_zip.version()}.zip") as made:
        names = made.namelist()
    beginning = f"{go_module_zip.name()}@{go_module_zip.version()}/"
    inside = {name.removeprefix(beginning) for name in names}
    assert all(name.startswith(beginning) for name in names)
    assert {"go.mod", "LICENSE", "README.md", "internal/core/translated/core.go"} <= inside
    assert [name for name in inside if name.startswith("tests/") or ".py" in name] == []


def test_the_same_files_make_the_same_zip(tmp_path: Path) -> None:
    names = [
        go_module_zip.make(tmp_path / each) / f"{go_module_zip.version()}.zip" for each in "ab"
    ]
    assert names[0].read_bytes() == names[1].read_bytes()
