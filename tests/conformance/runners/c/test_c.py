"""Every case of the conformance suite through the C library, against a real HTTP receiver.

`README.md` two folders up describes the format of the cases.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from c_library import LIB
from c_setup import OutOfReach, check_setup
from c_subject import Subject
from receiver import Answer, Receiver, Request

SUITE = Path(__file__).resolve().parents[2]
REPORT = SUITE.parents[1] / "target" / "conformance" / "c.json"
FORMS = ("public-api", "sdk-intake")
# The headers that the core names; the host's own are not the suite's business.
NAMED = ("content-type", "x-datadog-evp-subdomain")


def read(folder: str) -> list[tuple[str, dict[str, Any]]]:
    paths = sorted((SUITE / folder).glob("*.json"))
    chapters = [json.loads(path.read_text("utf-8")) for path in paths]
    assert all(chapter["version"] == 1 for chapter in chapters)
    return [(chapter["chapter"], case) for chapter in chapters for case in chapter["cases"]]


CASES = read("cases")
SETUP = read("setup")

# What this runner cannot do, and why; a case of these that passes is a failure.
POLLS = "the worker polls by itself, in real time, and the suite's clock stands"
RATE = "the plan reports a wrong rate and gives the core the default"
GAPS: dict[str, str] = {
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


def sent(request: Request) -> dict[str, Any]:
    """A request as a case has it."""
    headers = {name: request.headers[name] for name in NAMED if name in request.headers}
    return {"path": request.path, "headers": headers, "body": request.body.decode("utf-8")}


def check(case: dict[str, Any], form: str) -> None:
    receiver = Receiver()
    receiver.answers = [
        Answer(answer["status"], answer.get("headers", {})) for answer in case.get("answers", [])
    ]
    subject = Subject(case, form, receiver)
    try:
        subject.run()
        assert LIB.witspan_flush(subject.tracer, 20_000_000_000, None, None) == 0
        assert [sent(request) for request in receiver.got] == case["requests"][form]
        assert subject.counters() == case["statistics"]
    finally:
        subject.close()
        receiver.close()


@pytest.fixture(scope="module")
def report():
    """What became of every case, by chapter; written where all of them were run."""
    lines = {chapter: {"passed": 0, "failed": 0, "gaps": 0} for chapter, _ in CASES + SETUP}
    yield lines
    if sum(sum(line.values()) for line in lines.values()) == len(CASES + SETUP):
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        chapters = [{"chapter": chapter, **line} for chapter, line in lines.items()]
        REPORT.write_text(json.dumps({"runner": "c", "chapters": chapters}, indent=2) + "\n")


def test_the_whole_suite_is_here() -> None:
    # The number stands beside the cases, so that an empty or half-read folder cannot pass.
    assert len(CASES) == int((SUITE / "cases" / "COUNT").read_text("utf-8"))
    assert len(SETUP) == int((SUITE / "setup" / "COUNT").read_text("utf-8"))
    assert set(GAPS) <= {case["name"] for _, case in CASES}


@pytest.mark.parametrize(("chapter", "case"), CASES, ids=[case["name"] for _, case in CASES])
def test_c_sends_the_bytes_of(chapter, case, report) -> None:
    gap = GAPS.get(case["name"])
    try:
        for form in FORMS:
            check(case, form)
    except Exception:
        report[chapter]["gaps" if gap else "failed"] += 1
        if gap:
            pytest.xfail(gap)
        raise
    report[chapter]["failed" if gap else "passed"] += 1
    assert not gap, f"the gap has closed ({gap}): take it off"


@pytest.mark.parametrize(("chapter", "case"), SETUP, ids=[case["name"] for _, case in SETUP])
def test_c_makes_what_the_settings_mean_of(chapter, case, report) -> None:
    try:
        check_setup(case)
    except OutOfReach as why:
        report[chapter]["gaps"] += 1
        pytest.skip(str(why))
    except BaseException:
        report[chapter]["failed"] += 1
        raise
    report[chapter]["passed"] += 1


def test_what_is_out_of_reach_is_not_all() -> None:
    def reached(case: dict[str, Any]) -> bool:
        try:
            check_setup(case)
        except OutOfReach:
            return False
        return True

    assert sum(reached(case) for _, case in SETUP) > 150
