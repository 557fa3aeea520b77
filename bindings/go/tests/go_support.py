"""What the tests of the Go module share: running `go`, and the runner of the suite as a program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

sys.path.insert(0, str(ROOT / "tools"))

import conformance  # noqa: E402
import go_module_zip  # noqa: E402, F401
import golang  # noqa: E402

SUITE = ROOT / "tests" / "conformance"
#: What takes minutes, and nobody's change is likely to break alone.
only_in_all = pytest.mark.skipif(
    conformance.ALL not in os.environ, reason="`just test all` does this too"
)


def go(*words: str, cwd: Path = golang.PACKAGE, **environment: str) -> str:
    """Runs `go`, without cgo unless told; it must succeed. Gives what it printed."""
    golang.require()
    given = {**os.environ, "CGO_ENABLED": "0", **environment}
    command = [golang.command(), *words]
    done = subprocess.run(command, cwd=cwd, env=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy_suite(folder: Path) -> Path:
    """The suite's cases in another folder, beside which a runner leaves its report."""
    suite = folder / "tests" / "conformance"
    for each in conformance.FOLDERS:
        shutil.copytree(SUITE / each, suite / each)
    return suite


def assert_all_passed(folder: Path) -> None:
    """Every case passed, as the report says that a runner left beside `copy_suite(folder)`."""
    cases = conformance.count_cases(SUITE)
    found, wrong = conformance.read(folder / "target" / "conformance" / "go.json", cases)
    assert wrong == []
    assert {chapter: line.passed for chapter, line in found.items()} == cases
