"""The conformance suite for runners in Python: cases, requests as a case has them, the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from receiver import Answer, Receiver, Request

SUITE = Path(__file__).resolve().parents[1] / "conformance"
FORMS = ("public-api", "sdk-intake")
# The headers that the core names; the host's own are not the suite's business.
NAMED = ("content-type", "x-datadog-evp-subdomain")

Cases = list[tuple[str, dict[str, Any]]]


def read(folder: str) -> Cases:
    paths = sorted((SUITE / folder).glob("*.json"))
    chapters = [json.loads(path.read_text("utf-8")) for path in paths]
    assert all(chapter["version"] == 1 for chapter in chapters)
    return [(chapter["chapter"], case) for chapter in chapters for case in chapter["cases"]]


CASES = read("cases")
SETUP = read("setup")

POLLS = "the worker polls by itself, in real time, and the suite's clock stands"
RATE = "the plan reports a wrong rate and gives the core the default"
#: What nobody can do over the Rust host, and why.
HOST_GAPS: dict[str, str] = {
    **dict.fromkeys(
        (
            "batching-due-by-age",
            "batching-age-of-the-first",
            "batching-age-is-set",
            "batching-full-is-due",
            "batching-open-parent-delays-nothing",
            "batching-evaluations-by-age",
            "batching-queue-is-free-again",
            "retry-ids-stay",
        ),
        POLLS,
    ),
    **dict.fromkeys(("sampling-rate-too-high", "sampling-rate-negative"), RATE),
}


def assert_whole(gaps: dict[str, str]) -> None:
    """The whole suite is here, and a gap is a case of it."""
    # The number stands beside the cases, so that an empty or half-read folder cannot pass.
    assert len(CASES) == int((SUITE / "cases" / "COUNT").read_text("utf-8"))
    assert len(SETUP) == int((SUITE / "setup" / "COUNT").read_text("utf-8"))
    assert set(gaps) <= {case["name"] for _, case in CASES}


def answering(case: dict[str, Any]) -> Receiver:
    """A receiver that gives the answers of the case."""
    receiver = Receiver()
    receiver.answers = [
        Answer(answer["status"], answer.get("headers", {})) for answer in case.get("answers", [])
    ]
    return receiver


def sent(request: Request) -> dict[str, Any]:
    """A request as a case has it."""
    headers = {name: request.headers[name] for name in NAMED if name in request.headers}
    return {"path": request.path, "headers": headers, "body": request.body.decode("utf-8")}


class Report:
    """What became of every case, by chapter; written where all of them were run."""

    def __init__(self, runner: str) -> None:
        self.runner = runner
        self.lines = {
            chapter: {"passed": 0, "failed": 0, "gaps": 0} for chapter, _ in CASES + SETUP
        }

    @contextmanager
    def case(self, chapter: str, gap: str | None = None) -> Iterator[None]:
        """Counts a case. One that is a gap must fail."""
        try:
            yield
        except Exception:
            self.lines[chapter]["gaps" if gap else "failed"] += 1
            if gap:
                pytest.xfail(gap)
            raise
        self.lines[chapter]["failed" if gap else "passed"] += 1
        assert not gap, f"the gap has closed ({gap}): take it off"

    def gap(self, chapter: str) -> None:
        """Counts a case that is out of reach."""
        self.lines[chapter]["gaps"] += 1

    def write(self) -> None:
        if sum(sum(line.values()) for line in self.lines.values()) != len(CASES + SETUP):
            return
        path = SUITE.parents[1] / "target" / "conformance" / f"{self.runner}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        chapters = [{"chapter": chapter, **line} for chapter, line in self.lines.items()]
        path.write_text(json.dumps({"runner": self.runner, "chapters": chapters}, indent=2) + "\n")
