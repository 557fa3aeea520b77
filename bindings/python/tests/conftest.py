"""A real receiver on loopback, and a process without traces of other tests."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Callable

import pytest
from python_support import Receiver, Run, Tracing
from witspan import LLMObs
from witspan._native import Span

# Tests that run in the background, or by nohup, ignore these signals. So would every program that
# they start.
for _number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(
            _number,
            signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL,
        )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of the machine, no span of another test, no tracer left behind."""
    for name in list(os.environ):
        if name.startswith(("DD_", "_DD_", "WITSPAN_")):
            monkeypatch.delenv(name)
    Span._restore(None)
    monkeypatch.setattr(LLMObs, "_last", {})
    monkeypatch.setattr(LLMObs, "_turned_off", False)
    LLMObs.register_processor(None)
    yield
    Span._restore(None)
    LLMObs.disable()


@pytest.fixture
def tracing(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracing]:
    """Tracing that sends to the receiver."""
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    # On a busy machine a receiver may take longer than the 5 s after which a request is repeated.
    LLMObs.enable(ml_app="tests", _limits={"request_timeout": 60})
    yield Tracing(receiver)
    # While the receiver still listens.
    LLMObs.disable()


@pytest.fixture
def run(receiver: Receiver) -> Run:
    """Runs a program in a process of its own, whose tracing sends to the receiver."""

    def run(source: str, **variables: str) -> subprocess.CompletedProcess[str]:
        env = {name: v for name, v in os.environ.items() if not name.startswith("DD_")}
        env |= {"DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url, **variables}
        command = [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(source)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        own_group = os.name != "nt"
        program = subprocess.Popen(
            command, env=env, text=True, start_new_session=own_group, **pipes
        )
        try:
            out, errors = program.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            # It and its forks say where each of their threads is.
            if own_group:
                os.killpg(program.pid, signal.SIGABRT)
            else:
                program.kill()
            out, errors = program.communicate(timeout=30)
            pytest.fail(f"the program did not end within 30 s:\n{out}\n{errors}")
        return subprocess.CompletedProcess(command, program.returncode, out, errors)

    return run


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The lines that witspan logged as warnings or worse."""
    caplog.set_level(logging.DEBUG, "witspan")

    def lines() -> list[str]:
        ours = [record for record in caplog.records if record.name == "witspan"]
        return [record.getMessage() for record in ours if record.levelno >= logging.WARNING]

    return lines
