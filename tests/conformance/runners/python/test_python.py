"""Every case of the conformance suite through the Python package, against a real HTTP receiver.

`README.md` two folders up describes the format of the cases.
"""

from __future__ import annotations

from typing import Any

import pytest
from subject import Runner, counters
from suite import CASES, FORMS, HOST_GAPS, SETUP, Report, answering, assert_whole, sent
from witspan import LLMObs, Span

# What this runner cannot do, and why; a case of these that passes is a failure.
NAMES = "Python's arguments have names; any other is a TypeError before there is a JSON text"
RECORDS = "the package has no call for a span that is over, and no argument for an intent"
GAPS: dict[str, str] = {
    **{case["name"]: RECORDS for chapter, case in CASES if chapter == "recording"},
    **HOST_GAPS,
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
    "errors-without-a-type": "every exception has a type",
    "lifetime-abandoned-before-its-child": "a child keeps its parent alive",
    "settings-language": "its language is Python",
}


def check(case: dict[str, Any], form: str) -> None:
    receiver = answering(case)
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
    report = Report("python")
    # The Rust host makes Python's plan, which the runner `host` compares; the package has no call
    # for it.
    for chapter, _ in SETUP:
        report.gap(chapter)
    yield report
    report.write()


def test_the_whole_suite_is_here() -> None:
    assert_whole(GAPS)


@pytest.mark.parametrize(("chapter", "case"), CASES, ids=[case["name"] for _, case in CASES])
def test_python_sends_the_bytes_of(chapter, case, report) -> None:
    with report.case(chapter, GAPS.get(case["name"])):
        for form in FORMS:
            check(case, form)
