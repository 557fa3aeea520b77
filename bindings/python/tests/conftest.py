"""A real receiver on loopback, and a process without traces of other tests."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Callable, TypeVar

import pytest
from receiver import Answer, Request
from receiver import Receiver as ScriptedReceiver
from witspan import LLMObs
from witspan._native import Span

Event = dict[str, Any]
Done = TypeVar("Done")

# Who starts the tests in the background, or by nohup, has them ignore these, and so would every
# program that they start.
for _number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(
            _number,
            signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL,
        )


class Receiver(ScriptedReceiver):
    """Takes spans in SDK-intake form, as an agent or the intake does, and keeps them decoded."""

    def __init__(self, port: int = 0) -> None:
        #: The spans of every request that was answered with 2xx, in order of arrival.
        self.events: list[Event] = []
        #: The evaluations and feedbacks of such requests.
        self.evaluations: list[Event] = []
        #: Path and headers (lower case) of every request.
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        #: What the next requests are answered; 202 once it is used up.
        self.statuses: list[int] = []
        #: What every answer carries.
        self.headers: dict[str, str] = {}
        #: Seconds that answers wait, unless they are released before.
        self.delay = 0.0
        self.released = threading.Event()
        super().__init__(port)

    def take(self, request: Request) -> Answer:
        self.released.wait(self.delay)
        with self.lock:
            self.requests.append((request.path, request.headers))
            status = self.statuses.pop(0) if self.statuses else 202
            if 200 <= status < 300:
                # Strict: a bare NaN or a half surrogate is an error of the sender.
                text = request.body.decode("utf-8")
                body = json.loads(text, parse_constant=_refuse)
                if isinstance(body, list):
                    self.events += [span for each in body for span in each["spans"]]
                else:
                    self.evaluations += body["data"]["attributes"]["metrics"]
        return Answer(status, self.headers)

    def close(self) -> None:
        self.released.set()
        super().close()


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Programs that the tests start can be ended by SIGINT.

    A shell that runs the tests in the background has them ignore it, and they would inherit that.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
    # As long as the receiver is there.
    LLMObs.disable()


class Tracing:
    """What the receiver got from this process."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver

    def events(self) -> list[Event]:
        """All spans that were sent, by their start; flushes first."""
        flushed = LLMObs.flush(timeout=60)
        assert flushed.settled, flushed
        # They arrive in any order: traces live in several instances of the core.
        return sorted(self.receiver.events, key=lambda event: int(event["start_ns"]))

    def by_name(self) -> dict[str, Event]:
        """The same by name, of which there must be one each."""
        events = self.events()
        named = {event["name"]: event for event in events}
        assert len(named) == len(events), [event["name"] for event in events]
        return named

    def only(self) -> Event:
        """The one span that was sent."""
        (event,) = self.events()
        return event

    def parents(self) -> dict[str, str | None]:
        """The name of each span's parent."""
        named = self.by_name()
        names = {event["span_id"]: name for name, event in named.items()}
        return {name: names.get(event["parent_id"]) for name, event in named.items()}


Run = Callable[..., "subprocess.CompletedProcess[str]"]


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


def within(seconds: float, run: Callable[[], Done]) -> Done:
    """What `run` gives, in less than so long. What else the machine does only adds to that, so it
    may take three attempts."""
    for _ in range(3):
        began = time.monotonic()
        done = run()
        took = time.monotonic() - began
        if took < seconds:
            return done
    raise AssertionError(f"it took {took:.2f} s, and no less before; accepted: {seconds:.2f} s")


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Returns when it holds; fails if that takes too long."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to be in time"
        time.sleep(0.005)
