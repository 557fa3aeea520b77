"""Every case of the conformance suite through the PHP package, against a real HTTP receiver.

`README.md` two folders up describes the format of the cases. PHP runs the steps (`Subject.php`);
the receiver, and what it got, are looked at here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from receiver import Answer, Receiver, Request

HERE = Path(__file__).resolve().parent
SUITE = HERE.parents[1]
ROOT = SUITE.parents[1]
REPORT = ROOT / "target" / "conformance" / "php.json"
LIBRARY = ROOT / "target" / "c" / "libwitspan.so"
FORMS = ("public-api", "sdk-intake")
# The headers that the core names; the host's own are not the suite's business.
NAMED = ("content-type", "x-datadog-evp-subdomain")
EXTENSIONS = {"FFI", "gmp", "mbstring"}


def missing() -> str | None:
    """Why PHP cannot run the suite here."""
    php = shutil.which("php")
    if php is None:
        return "there is no PHP here"
    has = subprocess.run([php, "-m"], capture_output=True, text=True, check=False).stdout.split()
    if lacks := sorted(EXTENSIONS - set(has)):
        return f"PHP has no {lacks[0]} here"
    return None if LIBRARY.exists() else "the C library is not built: just c"


MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")


def read(folder: str) -> list[tuple[str, dict[str, Any]]]:
    paths = sorted((SUITE / folder).glob("*.json"))
    chapters = [json.loads(path.read_text("utf-8")) for path in paths]
    assert all(chapter["version"] == 1 for chapter in chapters)
    return [(chapter["chapter"], case) for chapter in chapters for case in chapter["cases"]]


CASES = read("cases")
SETUP = read("setup")
# Of `setup` the library gives the tables; the other calls are the Rust host's, which has a runner.
TABLES = ("names", "variables")

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


def sent(request: Request) -> dict[str, Any]:
    """A request as a case has it."""
    headers = {name: request.headers[name] for name in NAMED if name in request.headers}
    return {"path": request.path, "headers": headers, "body": request.body.decode("utf-8")}


def check(php: Php, case: dict[str, Any], form: str) -> None:
    receiver = Receiver()
    receiver.answers = [
        Answer(answer["status"], answer.get("headers", {})) for answer in case.get("answers", [])
    ]
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
    """What became of every case, by chapter; written where all of them were run."""
    lines = {chapter: {"passed": 0, "failed": 0, "gaps": 0} for chapter, _ in CASES + SETUP}
    yield lines
    if sum(sum(line.values()) for line in lines.values()) == len(CASES + SETUP):
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        chapters = [{"chapter": chapter, **line} for chapter, line in lines.items()]
        REPORT.write_text(json.dumps({"runner": "php", "chapters": chapters}, indent=2) + "\n")


def test_the_whole_suite_is_here() -> None:
    # The number stands beside the cases, so that an empty or half-read folder cannot pass.
    assert len(CASES) == int((SUITE / "cases" / "COUNT").read_text("utf-8"))
    assert len(SETUP) == int((SUITE / "setup" / "COUNT").read_text("utf-8"))
    assert set(GAPS) <= {case["name"] for _, case in CASES}
    assert {case["call"] for _, case in SETUP} >= set(TABLES)


@pytest.mark.parametrize(("chapter", "case"), CASES, ids=[case["name"] for _, case in CASES])
def test_php_sends_the_bytes_of(chapter, case, php, report) -> None:
    gap = GAPS.get(case["name"])
    try:
        for form in FORMS:
            check(php, case, form)
    except Exception:
        report[chapter]["gaps" if gap else "failed"] += 1
        if gap:
            pytest.xfail(gap)
        raise
    report[chapter]["failed" if gap else "passed"] += 1
    assert not gap, f"the gap has closed ({gap}): take it off"


@pytest.mark.parametrize(("chapter", "case"), SETUP, ids=[case["name"] for _, case in SETUP])
def test_php_gives_the_table_of(chapter, case, php, report) -> None:
    if case["call"] not in TABLES:
        report[chapter]["gaps"] += 1
        pytest.skip("the runner `host` asks it of the host that the library is made of")
    report[chapter]["failed"] += 1
    assert php.ask({"call": case["call"]})["gives"] == case["gives"]
    report[chapter]["failed"] -= 1
    report[chapter]["passed"] += 1
