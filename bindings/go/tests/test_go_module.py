"""The Go module: its own tests, where there is a Go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

sys.path.insert(0, str(ROOT / "tools"))

import build_go  # noqa: E402


def go(*words: str) -> None:
    if why := build_go.missing_go():
        pytest.skip(why)
    environment = {**os.environ, "CGO_ENABLED": "0"}
    done = subprocess.run(
        ["go", *words], cwd=build_go.PACKAGE, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_tests_pass_without_cgo() -> None:
    go("test", "./...")


def test_it_needs_the_standard_library_alone() -> None:
    assert "require" not in (build_go.PACKAGE / "go.mod").read_text("utf-8")
