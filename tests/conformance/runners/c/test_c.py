"""Every case of the conformance suite through the C library, against a real HTTP receiver.

`README.md` two folders up describes the format of the cases.
"""

from __future__ import annotations

from typing import Any

import pytest
from c_library import LIB
from c_setup import OutOfReach, check_setup
from c_subject import Subject
from suite import CASES, FORMS, HOST_GAPS, SETUP, Report, answering, assert_whole, sent

GAPS = HOST_GAPS


def check(case: dict[str, Any], form: str) -> None:
    receiver = answering(case)
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
    report = Report("c")
    yield report
    report.write()


def test_the_whole_suite_is_here() -> None:
    assert_whole(GAPS)


@pytest.mark.parametrize(("chapter", "case"), CASES, ids=[case["name"] for _, case in CASES])
def test_c_sends_the_bytes_of(chapter, case, report) -> None:
    with report.case(chapter, GAPS.get(case["name"])):
        for form in FORMS:
            check(case, form)


@pytest.mark.parametrize(("chapter", "case"), SETUP, ids=[case["name"] for _, case in SETUP])
def test_c_makes_what_the_settings_mean_of(chapter, case, report) -> None:
    with report.case(chapter):
        try:
            check_setup(case)
        except OutOfReach as why:
            report.gap(chapter)
            pytest.skip(str(why))


def test_what_is_out_of_reach_is_not_all() -> None:
    def reached(case: dict[str, Any]) -> bool:
        try:
            check_setup(case)
        except OutOfReach:
            return False
        return True

    assert sum(reached(case) for _, case in SETUP) > 150
