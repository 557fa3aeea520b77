"""Every case of the conformance suite through the Python package, against a real HTTP receiver.

`README.md` two folders up describes the format of the cases.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from receiver import Answer, Receiver, Request
from subject import Runner, counters
from witspan import LLMObs, Span

SUITE = Path(__file__).resolve().parents[2]
REPORT = SUITE.parents[1] / "target" / "conformance" / "python.json"
FORMS = ("public-api", "sdk-intake")
# The headers that the core names; the host's own are not the suite's business.
NAMED = ("content-type", "x-datadog-evp-subdomain")


def read(folder: str) -> list[dict[str, Any]]:
    paths = sorted((SUITE / folder).glob("*.json"))
    return [json.loads(path.read_text("utf-8")) for path in paths]


CHAPTERS = read("cases")
# Python's runner leaves out all cases of the interface `setup`: the Rust host makes Python's plan,
# which the runner `host` compares, and the package has no call for it.
SETUP = read("setup")
ALL = [(chapter["chapter"], case) for chapter in CHAPTERS for case in chapter["cases"]]

# What this runner cannot do, and why; a case of these that passes is a failure.
POLLS = "the worker polls by itself, in real time, and the suite's clock stands"
RATE = "the plan reports a wrong rate and gives the core the default"
NAMES = "Python's arguments have names; any other is a TypeError before there is a JSON text"
RECORDS = "the package has no call for a span that is over, and no argument for an intent"
GAPS: dict[str, str] = {
    **{case["name"]: RECORDS for chapter, case in ALL if chapter == "recording"},
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
    **dict.fromkeys(
        (
            "contexts-rejected-members",
            "contexts-rejected-text",
            "contexts-camel-case",
            "evaluations-members-rejected",
            "evaluations-text-rejected",
            "evaluations-camel-case",
            "feedback-members-rejected",
            "feedback-text-rejected",
            "feedback-camel-case",
            "kinds-model-elsewhere",
        ),
        NAMES,
    ),
    **dict.fromkeys(
        (
            "streams-missing-texts",
            "streams-missing-items",
            "streams-all-missing",
            "streams-texts-that-are-a-list",
            "streams-camel-case",
            "streams-rejected",
        ),
        "the package itself makes what is said of a stream, and keeps all of a short one",
    ),
    "streams-replaces-the-output": "an output that the application says itself stays",
    **dict.fromkeys(("sampling-rate-too-high", "sampling-rate-negative"), RATE),
    "errors-without-a-type": "every exception has a type",
    "lifetime-abandoned-before-its-child": "a child keeps its parent alive",
    "settings-language": "its language is Python",
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
    try:
        Runner(case, form, receiver).run()
        assert LLMObs.flush(20).settled
        assert [sent(request) for request in receiver.got] == case["requests"][form]
        assert counters() == case["statistics"]
    finally:
        LLMObs.disable()
        LLMObs.register_processor(None)
        Span._restore(None)
        receiver.close()


@pytest.fixture(scope="module")
def report():
    """What became of every case, by chapter; written where all of them were run."""
    lines = {c["chapter"]: {"passed": 0, "failed": 0, "gaps": 0} for c in CHAPTERS}
    yield lines
    setup = {c["chapter"]: {"passed": 0, "failed": 0, "gaps": len(c["cases"])} for c in SETUP}
    if sum(sum(line.values()) for line in lines.values()) == len(ALL):
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        chapters = [{"chapter": chapter, **line} for chapter, line in (lines | setup).items()]
        REPORT.write_text(json.dumps({"runner": "python", "chapters": chapters}, indent=2) + "\n")


def test_the_whole_suite_is_here() -> None:
    # The number stands beside the cases, so that an empty or half-read folder cannot pass.
    assert len(ALL) == int((SUITE / "cases" / "COUNT").read_text("utf-8"))
    setup = sum(len(chapter["cases"]) for chapter in SETUP)
    assert setup == int((SUITE / "setup" / "COUNT").read_text("utf-8"))
    assert all(chapter["version"] == 1 for chapter in CHAPTERS + SETUP)
    assert set(GAPS) <= {case["name"] for _, case in ALL}


@pytest.mark.parametrize(("chapter", "case"), ALL, ids=[case["name"] for _, case in ALL])
def test_python_sends_the_bytes_of(chapter, case, report) -> None:
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
