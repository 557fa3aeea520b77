"""The table of all runners and the page for people: what they must not hide or let through."""

from __future__ import annotations

import json
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import conformance  # noqa: E402
import conformance_page  # noqa: E402

CHAPTERS, SETUP = (
    [
        json.loads(path.read_text("utf-8"))
        for path in sorted((Path(__file__).parent / folder).glob("*.json"))
    ]
    for folder in ("cases", "setup")
)


# --- The table ----------------------------------------------------------------------------------

ONE = {"chapter": "one", "passed": 2, "failed": 0, "gaps": 0}
TWO = {"chapter": "two", "passed": 1, "failed": 0, "gaps": 1}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs the tool over two chapters of two cases; each runner writes the given chapters."""
    monkeypatch.setattr(conformance, "SUITE", tmp_path)
    monkeypatch.setattr(conformance, "REPORTS", tmp_path / "reports")
    for folder, chapter in (("cases", "one"), ("setup", "two")):
        (tmp_path / folder).mkdir()
        text = json.dumps({"chapter": chapter, "cases": [{}, {}]})
        (tmp_path / folder / f"{chapter}.json").write_text(text)

    def run(reports: dict[str, list[dict[str, Any]] | None], code: int = 0, *names: str):
        runners = {}
        for runner, chapters in reports.items():
            report = json.dumps({"runner": runner, "chapters": chapters})
            path = tmp_path / "reports" / f"{runner}.json"
            write = f"open({str(path)!r}, 'w').write({report!r})" if chapters is not None else "0"
            end = f"print('its own words'); exit({code})"
            runners[runner] = [sys.executable, "-c", f"{write}; {end}"]
        monkeypatch.setattr(conformance, "RUNNERS", runners)
        status = conformance.main(names)
        return status, capsys.readouterr().out

    return run


def test_the_last_line_counts_over_all_runners(run) -> None:
    status, out = run({"a": [ONE, TWO], "b": [ONE, {**TWO, "passed": 2, "gaps": 0}]})
    assert status == 0
    assert out.splitlines()[-1] == "conformance: 4 cases, 2 runners, 7 passed, 0 failed"
    assert "a: 1 gap" in out and "1/2 (1 gap)" in out and "its own words" not in out


def test_a_failure_fails_and_shows_the_runners_output(run) -> None:
    status, out = run({"a": [ONE, {**TWO, "passed": 0, "failed": 1}]}, 1)
    assert status == 1
    assert "its own words" in out and "0/2 (1 failed, 1 gap)" in out
    assert out.splitlines()[-1] == "conformance: 4 cases, 1 runners, 2 passed, 1 failed"


def test_a_failure_that_only_the_report_shows_fails(run) -> None:
    assert run({"a": [{**ONE, "passed": 1, "failed": 1}, TWO]})[0] == 1


def test_a_runner_that_only_ends_badly_fails(run) -> None:
    assert run({"a": [ONE, TWO]}, 101)[0] == 1


def test_a_runner_without_a_report_fails_even_if_there_is_an_old_one(run) -> None:
    assert run({"a": [ONE, TWO]})[0] == 0
    status, out = run({"a": None})
    assert status == 1
    assert "wrong: a: no report" in out


@pytest.mark.parametrize(
    "chapters",
    [[ONE], [ONE, {**TWO, "gaps": 0}], [ONE, TWO, {**ONE, "chapter": "three"}], [ONE, TWO, TWO]],
)
def test_a_report_that_has_other_cases_than_the_suite_fails(run, chapters) -> None:
    assert run({"a": chapters})[0] == 1


def test_a_program_that_is_not_there_fails(run, monkeypatch, capsys) -> None:
    run({"a": [ONE, TWO]})
    monkeypatch.setattr(conformance, "RUNNERS", {"a": ["/no/such/program"]})
    assert conformance.main([]) == 1
    assert "`/no/such/program` cannot run" in capsys.readouterr().out


def test_only_the_named_runners_run(run) -> None:
    status, out = run({"a": [ONE, TWO], "b": None}, 0, "a")
    assert status == 0
    assert out.splitlines()[-1] == "conformance: 4 cases, 1 runners, 3 passed, 0 failed"
    assert run({"a": [ONE, TWO]}, 0, "c")[0] == 2


def test_a_language_that_is_not_there_is_skipped_and_says_why(run, monkeypatch) -> None:
    monkeypatch.setattr(conformance, "OPTIONAL", {"b": lambda: "no b here", "a": lambda: None})
    status, out = run({"a": [ONE, TWO], "b": None})
    assert status == 0
    assert "b … skipped: no b here" in out
    assert out.splitlines()[-1] == "conformance: 4 cases, 1 runners, 3 passed, 0 failed"


# --- The page -----------------------------------------------------------------------------------


class Markup(HTMLParser):
    """The tags and attribute names of a page, its ids, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.ids: list[str | None] = []
        self.data: list[str] = []
        self.feed(page)
        self.close()
        self.text = "".join(self.data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.data.append(data)


def test_the_page_has_every_case_with_all_its_parts() -> None:
    page = Markup(conformance_page.page(CHAPTERS))
    cases = [case for chapter in CHAPTERS for case in chapter["cases"]]
    assert page.ids == [case["name"] for case in cases]
    for case in cases:
        assert case["says"] in page.text
        assert case.get("elsewhere", "") in page.text
        for requests in case["requests"].values():
            for request in requests:
                pretty = json.dumps(json.loads(request["body"]), ensure_ascii=False, indent=2)
                assert pretty in page.text


def test_the_page_has_every_call_with_all_that_follows() -> None:
    page = Markup(conformance_page.page(SETUP))
    cases = [case for chapter in SETUP for case in chapter["cases"]]
    assert page.ids == [case["name"] for case in cases]
    for case in cases:
        for said in (case["says"], case["call"], case.get("given", "")):
            assert said in page.text
        assert case.get("refused", {}).get("message", "") in page.text
        for sent in case.get("sends", []):
            assert sent.get("dropped", "") in page.text
            assert sent.get("request", {}).get("url", "") in page.text


HOSTILE = "\"'></pre></code></details><script>alert(1)</script><img src=x onerror=y>&lt;b&gt;"


def poisoned(value: Any) -> Any:
    """Hostile text in every text, and in every key that the format does not define."""
    if isinstance(value, dict):
        return {
            key if key.isidentifier() else key + HOSTILE: inner
            if key == "body"
            else poisoned(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [poisoned(item) for item in value]
    return value + HOSTILE if isinstance(value, str) else value


def test_hostile_text_in_a_case_cannot_become_markup() -> None:
    texts = poisoned(CHAPTERS)
    for case in (case for chapter in texts for case in chapter["cases"]):
        case["requests"] = {
            form.removesuffix(HOSTILE): requests for form, requests in case["requests"].items()
        }
        for request in (request for sent in case["requests"].values() for request in sent):
            request["body"] = json.dumps(poisoned(json.loads(request["body"])))
    page = Markup(conformance_page.page(texts))
    assert page.tags == Markup(conformance_page.page(CHAPTERS)).tags
    assert HOSTILE in page.text


def test_hostile_text_in_a_call_cannot_become_markup() -> None:
    case = {"name": "x", "says": HOSTILE, "call": "make-plan", "given": HOSTILE}
    sent = [
        {"agent": {"status": 200, "body": HOSTILE}, "means": HOSTILE, "dropped": HOSTILE},
        {
            "request": {
                "url": HOSTILE,
                "socket": HOSTILE,
                "headers": {HOSTILE: HOSTILE},
                "credentials": [HOSTILE],
            }
        },
    ]
    plan = {**case, "gives": json.dumps(HOSTILE), "sends": sent}
    refused = {**case, "refused": {"field": HOSTILE, "message": HOSTILE}}
    told = {**case, "call": "diagnose", "gives": {HOSTILE: HOSTILE}}
    page = Markup(conformance_page.page([{"chapter": "setup: x", "cases": [plan, refused, told]}]))
    assert "img" not in {tag for tag, _ in page.tags}
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert HOSTILE in page.text


def test_the_page_loads_nothing() -> None:
    page = conformance_page.page(CHAPTERS + SETUP)
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    tags = set(Markup(page).tags)
    names = {name for _, attributes in tags for name in attributes}
    assert not names & {"src", "srcset", "style", "onclick", "onload"}
    assert not {tag for tag, _ in tags} & {"link", "img", "iframe"}
