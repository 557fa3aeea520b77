"""What the tests of this folder share: the receiver, the tracing, and how they wait."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from typing import Any, Callable, TypeVar

import receiver as scripted
from receiver import Answer, Request
from witspan import LLMObs

Event = dict[str, Any]
Done = TypeVar("Done")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


class Receiver(scripted.Receiver):
    """Takes spans in SDK-intake form, as an agent or the intake does, and keeps them decoded."""

    def __init__(self, port: int = 0) -> None:
        #: The spans of every request that was answered with 2xx, in order of arrival.
        self.events: list[Event] = []
        #: The evaluations and feedbacks of such requests.
        self.evaluations: list[Event] = []
        #: Path and headers (lower case) of every request.
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        #: The statuses of the next answers; 202 when the list is empty.
        self.statuses: list[int] = []
        #: The headers of every answer.
        self.headers: dict[str, str] = {}
        super().__init__(port)

    def take(self, request: Request) -> Answer:
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


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


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
        """The same by name; no two spans may have the same name."""
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


def within(seconds: float, run: Callable[[], Done]) -> Done:
    """What `run` gives, if it takes less than so long in one of three attempts: other load on the
    machine can only make it slower."""
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
        assert time.monotonic() < until, "the condition did not hold in time"
        time.sleep(0.005)
