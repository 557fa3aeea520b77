"""Every case of the conformance suite through the PHP package, against a real HTTP receiver.

`README.md` two folders up describes the format of the cases. PHP runs the steps (`Subject.php`);
the receiver, and what it got, are looked at here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from suite import CASES, FORMS, HOST_GAPS, SETUP, SUITE, Report, answering, assert_whole, sent

HERE = Path(__file__).resolve().parent
ROOT = SUITE.parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from conformance import php_lacks  # noqa: E402

LIBRARY = ROOT / "target" / "c" / "libwitspan.so"


def missing() -> str | None:
    """Why PHP cannot run the suite here."""
    if why := php_lacks():
        return why
    return None if LIBRARY.exists() else "the C library is not built: just c"


MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")


# Of `setup` the library gives the tables; the other calls are the Rust host's, which has a runner.
TABLES = ("names", "variables")

# What this runner cannot do, and why; a case of these that passes is a failure.
GAPS: dict[str, str] = {
    **HOST_GAPS,
    **dict.fromkeys(
        (
            "contexts-rejected-text",
            "evaluations-text-rejected",
            "feedback-text-rejected",
            "recording-rejected",
        ),
        "PHP's arguments have names: there is no JSON text, and none that is not an object",
    ),
    "feedback-value-of-another-type": "an empty array is an empty object where one is wanted",
    "lifetime-abandoned-before-its-child": "a child keeps its parent alive",
}


class Php:
    """The process that runs cases; after a crash there is a new one."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        if self.process is None or self.process.poll() is not None:
            kept = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "WITSPAN_"))}
            self.process = subprocess.Popen(
                ["php", "-d", "display_errors=stderr", str(HERE / "run.php")],
                env=kept,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"PHP ended with {self.process.wait()}"
        found: dict[str, Any] = json.loads(answer)
        return found

    def close(self) -> None:
        if self.process is not None:
            self.process.communicate(timeout=20)


def counters(statistics: dict[str, Any]) -> dict[str, int]:
    """The counters that are not zero, by their names in the suite."""
    evaluations = statistics["evaluations"]
    left_out = ("queued", "in_flight", "bytes", "dropped", "evaluations")
    counts = {name: value for name, value in statistics.items() if name not in left_out}
    counts |= {f"evaluations {name}": evaluations[name] for name in ("accepted", "delivered")}
    for kind, dropped in (("", statistics["dropped"]), ("evaluations ", evaluations["dropped"])):
        # PHP's JSON has an empty list for an empty object.
        for reason, count in dict(dropped).items():
            counts[f"{kind}dropped {reason.replace('_', '-')}"] = count
    return {name: count for name, count in counts.items() if count}


def check(php: Php, case: dict[str, Any], form: str) -> None:
    receiver = answering(case)
    try:
        found = php.ask({"case": case, "form": form, "url": receiver.url})
        assert found["error"] is None, found["error"]
        assert [sent(request) for request in receiver.got] == case["requests"][form]
        assert counters(found["statistics"]) == case["statistics"]
    finally:
        receiver.close()


@pytest.fixture(scope="module")
def php():
    process = Php()
    yield process
    process.close()


@pytest.fixture(scope="module")
def report():
    report = Report("php")
    yield report
    report.write()


def test_the_whole_suite_is_here() -> None:
    assert_whole(GAPS)
    assert {case["call"] for _, case in SETUP} >= set(TABLES)


@pytest.mark.parametrize(("chapter", "case"), CASES, ids=[case["name"] for _, case in CASES])
def test_php_sends_the_bytes_of(chapter, case, php, report) -> None:
    with report.case(chapter, GAPS.get(case["name"])):
        for form in FORMS:
            check(php, case, form)


@pytest.mark.parametrize(("chapter", "case"), SETUP, ids=[case["name"] for _, case in SETUP])
def test_php_gives_the_table_of(chapter, case, php, report) -> None:
    if case["call"] not in TABLES:
        report.gap(chapter)
        pytest.skip("the runner `host` asks it of the host that the library is made of")
    with report.case(chapter):
        assert php.ask({"call": case["call"]})["gives"] == case["gives"]
