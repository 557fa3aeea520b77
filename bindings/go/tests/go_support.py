"""What the tests of the Go module share: running `go`, the suite, and a program that is traced."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from receiver import Receiver

ROOT = Path(__file__).resolve().parents[3]

sys.path.insert(0, str(ROOT / "tools"))

import conformance  # noqa: E402
import go_module_zip  # noqa: E402
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


def copy_program(folder: Path) -> Path:
    """A program in a folder of its own, which does not know where the module is."""
    program = folder / "program"
    shutil.copytree(Path(__file__).parent / "testdata" / "traced", program)
    go("mod", "init", "example.com/traced", cwd=program)
    return program


def build_by_replace(folder: Path, program: Path) -> None:
    """Builds that program with this checkout's module, as one who works on both does."""
    source, name = copy_program(folder), go_module_zip.name()
    replaced = [f"-require={name}@v0.0.0", f"-replace={name}={golang.PACKAGE}"]
    go("mod", "edit", *replaced, cwd=source)
    go("build", "-o", str(program), ".", cwd=source)


def assert_traces(receiver: Receiver, command: Sequence[object]) -> None:
    """The program, run without any setting of this machine, sends the one span that it has."""
    environment = {"DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url, "NO_PROXY": "127.0.0.1"}
    words = [str(word) for word in command]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(receiver.got) == 1
    sent = receiver.got[0]
    zipped = sent.headers.get("content-encoding") == "gzip"
    body = gzip.decompress(sent.body) if zipped else sent.body
    for text in (b'"from outside"', b'"a question"', b'"an answer"', b"ml_app:outside"):
        assert body.count(text) >= 1, body
