"""The JavaScript package's tests that are written for node:test: each file is a test here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TESTS = Path(__file__).resolve().parent
# Those in runtimes/ are programs of other test runners.
FILES = sorted(
    path.relative_to(TESTS).as_posix()
    for path in TESTS.rglob("*.test.mjs")
    if path.relative_to(TESTS).parts[0] != "runtimes"
)

sys.path.insert(0, str(ROOT / "tools"))

import npm  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The package, built from what is there now."""
    command = [sys.executable, ROOT / "tools" / "build_js_package.py"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_is_forgotten() -> None:
    assert len(FILES) > 10


@pytest.mark.parametrize("name", FILES)
def test_every_test_of_the_file_passes(name: str) -> None:
    command = [npm.node(), "--test", TESTS / name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
