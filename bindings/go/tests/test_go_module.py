"""The Go module: its own tests, and what it asks of those who use it."""

from __future__ import annotations

import json
import shutil

import pytest
from go_support import go, golang


def test_its_tests_pass_without_cgo() -> None:
    go("test", "-count=1", "./...")


def test_its_tests_pass_with_the_race_detector() -> None:
    if shutil.which("cc") is None:
        pytest.skip("the race detector needs a C compiler, and there is none")
    go("test", "-race", "-count=1", "./...", CGO_ENABLED="1")


def test_it_needs_the_standard_library_alone() -> None:
    assert go("list", "-m", "all").split() == ["github.com/witspan/witspan-go"]


def test_it_asks_for_the_go_that_the_documentation_names() -> None:
    asked = json.loads(go("mod", "edit", "-json"))["Go"]
    assert golang.OLDEST_FOR_USERS.startswith(f"go{asked}")
    assert f"Go {asked} or newer" in (golang.PACKAGE / "README.md").read_text("utf-8")
