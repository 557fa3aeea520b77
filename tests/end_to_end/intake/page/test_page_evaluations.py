"""More evaluations than one answer holds: each view says how many there are and leads to all."""

from __future__ import annotations

from typing import Any, Callable

from intake_process import long_trace
from page_support import PHONE, Intake, Tab, line, part
from playwright.sync_api import Locator, Page, expect


def of(span: str) -> dict[str, Any]:
    """Of a span of the trace 77."""
    return {"join_on": {"span": {"trace_id": "77", "span_id": span}}}


def note(within: Locator | Page) -> Locator:
    return within.locator(".page-note")


def test_a_trace_says_that_only_the_newest_evaluations_are_shown_and_loads_the_rest(
    intake: Intake, page: Page
) -> None:
    intake.send_spans(long_trace(3))
    intake.send_evaluations(1_003, eval_scope="trace", **of("1"))
    # Newer evaluations of a span stand with the span, and take no room here.
    intake.send_evaluations(1_200, begin=2_000, **of("2"))
    page.goto(f"{intake.url}/trace/77")
    about = page.locator(".trace-about")
    said = about.locator(".evaluation")
    expect(note(about)).to_contain_text("Only the newest 1,000 of 1,003 evaluations are shown.")
    expect(said).to_have_count(1_000)
    expect(said.first).to_contain_text("e3")
    note(about).get_by_role("button", name="Load 3 older").click()
    expect(said).to_have_count(1_003)
    expect(said.first).to_contain_text("e0")
    expect(note(about)).to_be_hidden()
    # Loaded evaluations stay when a new one arrives.
    intake.send_evaluations(1, begin=9_999, eval_scope="trace", **of("1"))
    expect(said.last).to_contain_text("e9999")
    expect(said.first).to_contain_text("e0")
    # The list of traces has the newest, and how many more.
    page.goto(intake.url)
    badges = page.locator("td.evals")
    expect(badges.locator(".pill").first).to_contain_text("e9999")
    expect(badges).to_contain_text("+2,199")


def test_on_a_phone_many_evaluations_leave_the_tree_in_sight(
    intake: Intake, open_tab: Callable[..., Tab]
) -> None:
    intake.send_spans(long_trace(3))
    intake.send_evaluations(100, eval_scope="trace", **of("1"))
    page = open_tab(**PHONE).page
    page.goto(f"{intake.url}/trace/77")
    expect(line(page, "part 3")).to_be_in_viewport()
    # They scroll by themselves, with the keyboard as well, and stay there when the trace changes.
    judged = page.get_by_role("region", name="Evaluations and feedback of the trace")
    judged.focus()
    page.keyboard.press("End")
    expect(judged.locator(".evaluation").nth(99)).to_be_in_viewport()
    intake.send_evaluations(1, begin=100, eval_scope="trace", **of("1"))
    expect(judged.locator(".evaluation")).to_have_count(101)
    expect(judged.locator(".evaluation").nth(99)).to_be_in_viewport()
    expect(judged).to_be_focused()


def test_the_evaluations_of_a_span_are_complete_however_many_its_trace_has(
    intake: Intake, tab: Tab
) -> None:
    page = tab.page
    intake.send_spans(long_trace(3))
    # The span has the oldest evaluations of the trace: none is among the newest thousand.
    intake.send_evaluations(1_001, **of("2"))
    intake.send_evaluations(1_500, begin=2_000, **of("3"))
    page.goto(f"{intake.url}/trace/77?span=2")
    judged = part(page, "Evaluations and feedback")
    expect(judged.locator(".evaluation")).to_have_count(1_000)
    expect(note(judged)).to_contain_text("Only the newest 1,000 of 1,001 evaluations are shown.")
    expect(page.locator(".trace-about")).to_be_hidden()
    tab.expected.append("500")
    answer = '{"errors": [{"detail": "the database is busy"}]}'
    page.route("**/spans/77/2/evaluations?*", lambda it: it.fulfill(status=500, body=answer))
    note(judged).get_by_role("button", name="Load 1 older").click()
    expect(note(judged)).to_contain_text("the database is busy")
    page.unroute_all()
    note(judged).get_by_role("button", name="Try again").press("Enter")
    expect(judged.locator(".evaluation")).to_have_count(1_001)
    expect(judged.locator(".evaluation").first).to_contain_text("e0")
    line(page, "part 1").click()
    expect(judged).to_have_count(0)


def test_evaluations_of_a_missing_span_stand_with_the_trace(intake: Intake, page: Page) -> None:
    intake.send_spans(long_trace(2))
    intake.send_evaluations(1, **of("9"))
    page.goto(f"{intake.url}/trace/77")
    expect(page.locator(".trace-about .evaluation")).to_have_count(1)


def test_a_session_says_that_only_the_newest_evaluations_are_shown_and_loads_the_rest(
    intake: Intake, page: Page
) -> None:
    root = long_trace(1)[0]
    intake.send_spans([{**root, "session_id": "chat"}])
    intake.send_evaluations(1_002, eval_scope="session", session_id="chat")
    page.goto(f"{intake.url}/session/chat")
    said = page.locator(".evaluation")
    expect(said).to_have_count(1_000)
    expect(note(page)).to_contain_text("Only the newest 1,000 of 1,002 evaluations are shown.")
    note(page).get_by_role("button", name="Load 2 older").click()
    expect(said).to_have_count(1_002)
    expect(said.first).to_contain_text("e0")
    expect(note(page)).to_be_hidden()
