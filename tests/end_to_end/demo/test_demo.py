"""The demo as `./bootstrap.sh demo --check` runs it: real programs, receivers and processes.

`just intake`, `just example`, `just example-js` and `just example-go` build what it needs
besides the Python package.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[3] / "tools"

sys.path.insert(0, str(TOOLS))

import golang  # noqa: E402

SECONDS = 180

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the demo needs process groups")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=TOOLS,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def test_the_demo_finds_the_same_trace_in_every_language_and_ends():
    done = run("-m", "demo", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    for language in ("Rust", "JavaScript"):
        assert same(language) in done.stdout
    if why := golang.missing():
        assert f"demo: the agent in Go is left out: {why}\n" in done.stdout
    else:
        assert same("Go") in done.stdout


def same(language: str) -> str:
    return f"demo: the trace from {language} is the same as the one from Python\n"


def test_the_demo_says_what_it_leaves_out_where_there_is_no_go():
    program = """
import sys
import golang
golang.missing = lambda: "there is no `go` on this machine"
from demo import __main__ as demo
assert "Go" not in demo.LANGUAGES
demo.LANGUAGES = {"Python": demo.LANGUAGES["Python"]}
sys.exit(demo.main())
"""
    done = run("-c", program, "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "demo: the agent in Go is left out: there is no `go` on this machine\n" in done.stdout


def test_the_demo_fails_and_says_where_two_programs_make_different_traces():
    program = """
import sys
from demo import __main__ as demo
python = demo.LANGUAGES["Python"]
demo.LANGUAGES = {"Python": python, "Another": [*python, "What does a sampling rule match?"]}
sys.exit(demo.main())
"""
    done = run("-c", program, "--check")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Another: unlike the trace from Python: span 1, `ask`: input is " in done.stdout
    assert "is the same as" not in done.stdout


def test_the_demo_says_which_program_cannot_be_started():
    program = """
import sys
from demo import __main__ as demo
demo.LANGUAGES = {"Another": ["/no/such/program"]}
sys.exit(demo.main())
"""
    done = run("-c", program, "--check")
    assert done.returncode == 1
    assert "demo: the example cannot be started: " in done.stdout
    assert "/no/such/program" in done.stdout
