"""What somebody presses, focuses, selects or opens stays as it is while spans arrive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from intake_process import long_trace
from page_support import Intake, Tab, line, part
from playwright.sync_api import Locator, Page, Route, expect

ROWS = "table.traces tbody tr"
SELECTED = "getSelection().toString()"


class Restarted:
    """An intake that can be stopped and started again at the same address, as people do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.intake = Intake(folder)

    def again(self) -> None:
        self.intake.stop()
        self.intake = Intake(self.folder, port=int(self.intake.url.rsplit(":", 1)[1]))


@pytest.fixture
def restarted(tmp_path: Path) -> Iterator[Restarted]:
    started = Restarted(tmp_path)
    yield started
    started.intake.stop()


def press(page: Page, wanted: Locator) -> None:
    """Presses the mouse on something, and does not let go."""
    wanted.scroll_into_view_if_needed()
    box = wanted.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()


def select(wanted: Locator) -> None:
    wanted.evaluate("element => getSelection().selectAllChildren(element)")


def grow(intake: Intake, spans: int, trace: str = "77", **about: Any) -> None:
    """Sends a trace once more, with so many spans now."""
    intake.send_spans([{**span, "trace_id": trace, **about} for span in long_trace(spans)[-1:]])


def begin(intake: Intake, text: str = "hello", trace: str = "77", **about: Any) -> None:
    intake.send_spans([{**span, "trace_id": trace, **about} for span in long_trace(3, text)])


def test_the_empty_page_keeps_the_language_and_the_click_when_the_intake_comes_back(
    restarted: Restarted, tab: Tab
) -> None:
    tab.expected = ["Failed to load resource", "net::ERR"]
    page = tab.page
    page.goto(restarted.intake.url)
    curl, rust = page.get_by_role("tab", name="curl"), page.get_by_role("tab", name="Rust")
    curl.click()
    expect(page.locator(".snippet code")).to_contain_text("curl ")
    with page.expect_response("**/api/ui/traces?*", timeout=60_000):
        restarted.again()
    expect(page.locator("#live")).to_have_text("live")
    expect(curl).to_have_attribute("aria-selected", "true")
    expect(curl).to_be_focused()
    expect(page.locator(".snippet code")).to_contain_text("curl ")

    press(page, rust)
    with page.expect_response("**/api/ui/traces?*", timeout=60_000):
        restarted.again()
    expect(page.locator("#live")).to_have_text("live")
    page.mouse.up()
    expect(rust).to_have_attribute("aria-selected", "true")


def test_a_row_that_is_pressed_opens_though_its_trace_grew(intake: Intake, page: Page) -> None:
    begin(intake)
    begin(intake, trace="78", name="other")
    page.goto(intake.url)
    rows = page.locator(ROWS)
    expect(rows).to_have_count(2)
    page.mouse.move(0, 0)
    first, second = page.locator('[data-trace="77"]'), page.locator('[data-trace="78"]')
    press(page, first.get_by_role("link"))
    grow(intake, 4)
    grow(intake, 4, trace="78")
    begin(intake, trace="79")
    expect(second).to_contain_text("4 spans")
    # Nothing comes in above what is pressed.
    expect(page.get_by_role("button", name="1 new trace")).to_be_visible()
    page.mouse.up()
    page.wait_for_url("**/trace/77")


def test_the_space_bar_that_is_down_while_a_trace_grows_presses_its_button(
    intake: Intake, page: Page
) -> None:
    begin(intake)
    page.goto(f"{intake.url}/trace/77")
    compare = page.locator(".trace-title").get_by_role("button")
    compare.focus()
    page.keyboard.down(" ")
    grow(intake, 4)
    expect(page.get_by_role("treeitem")).to_have_count(4)
    page.keyboard.up(" ")
    expect(compare).to_have_text("Marked to compare")
    expect(compare).to_be_focused()


def test_a_trace_that_grows_takes_no_click_and_no_focus(intake: Intake, page: Page) -> None:
    begin(intake)
    page.goto(f"{intake.url}/trace/77")
    lines = page.get_by_role("treeitem")
    expect(lines).to_have_count(3)
    compare = page.locator(".trace-title").get_by_role("button", name="compare")
    press(page, compare)
    grow(intake, 4)
    expect(lines).to_have_count(4)
    page.mouse.up()
    expect(compare).to_have_text("Marked to compare")

    grow(intake, 5, status="error")
    expect(lines).to_have_count(5)
    expect(page.get_by_role("button", name="Next error")).to_be_visible()
    expect(compare).to_be_focused()

    spans = page.locator(".numbers div", has_text="Spans")
    press(page, line(page, "part 3"))
    grow(intake, 6)
    expect(spans).to_contain_text("6")
    page.mouse.up()
    expect(line(page, "part 3")).to_have_attribute("aria-selected", "true")
    expect(lines).to_have_count(6)


def test_a_span_that_is_read_stays_as_it_is_while_its_trace_grows(
    intake: Intake, page: Page
) -> None:
    begin(intake, "word " * 2000)
    page.goto(f"{intake.url}/trace/77?span=2")
    pane, text = page.locator(".detail-pane"), part(page, "Input").locator(".text")
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("button", name="Show less")).to_be_visible()
    select(text)
    pane.evaluate("element => element.scrollTo(0, 300)")
    selected = page.evaluate(SELECTED)
    assert len(selected) > 9_000
    grow(intake, 4)
    expect(page.get_by_role("treeitem")).to_have_count(4)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(SELECTED) == selected
    assert pane.evaluate("element => element.scrollTop") == 300

    # A new evaluation of the span is shown when the selection is over, and folds nothing.
    intake.send_evaluations(1, span_id="2", trace_id="77")
    intake.send_evaluations(1, begin=1, span_id="1", trace_id="77")
    grow(intake, 5)
    expect(page.get_by_role("treeitem")).to_have_count(5)
    assert page.evaluate(SELECTED) == selected
    page.evaluate("getSelection().removeAllRanges()")
    expect(part(page, "Evaluations and feedback")).to_contain_text("e0")
    expect(page.get_by_role("button", name="Show less")).to_be_visible()
    assert pane.evaluate("element => element.scrollTop") > 0


def test_a_session_that_gets_a_turn_takes_no_click_no_focus_and_no_selection(
    intake: Intake, page: Page
) -> None:
    begin(intake, session_id="talk")
    page.goto(f"{intake.url}/session/talk")
    turns = page.locator(".turn")
    expect(turns).to_have_count(1)
    select(turns.first.locator(".text"))
    turns.first.get_by_role("link").focus()
    assert page.evaluate(SELECTED) == "hello"
    begin(intake, "again", trace="78", session_id="talk")
    expect(turns).to_have_count(2)
    assert page.evaluate(SELECTED) == "hello"
    expect(turns.first.get_by_role("link")).to_be_focused()

    press(page, page.get_by_role("link", name="As a list of traces"))
    begin(intake, "more", trace="79", session_id="talk")
    expect(turns).to_have_count(3)
    page.mouse.up()
    page.wait_for_url("**/?session=talk")


def test_a_card_that_is_pressed_opens_though_a_session_came(intake: Intake, page: Page) -> None:
    begin(intake, session_id="one")
    page.goto(f"{intake.url}/sessions")
    cards = page.locator(".session-card")
    expect(cards).to_have_count(1)
    held: list[Route] = []
    with page.expect_request("**/api/ui/sessions?*"):
        page.route("**/api/ui/sessions?*", lambda route: held.append(route))
        begin(intake, trace="78", session_id="two")
    press(page, cards.first)
    with page.expect_response("**/api/ui/sessions?*"):
        for route in held:
            route.continue_()
    page.mouse.up()
    page.wait_for_url("**/session/one")


def test_a_time_that_somebody_types_outlives_what_arrives(intake: Intake, page: Page) -> None:
    begin(intake)
    page.goto(f"{intake.url}/overview")
    total = page.locator(".totals div").first
    expect(total).to_contain_text("1")
    page.get_by_label("Time", exact=True).select_option("fixed")
    page.get_by_label("From").fill("2024-02-29T10:00:00")
    page.get_by_label("From").blur()
    begin(intake, trace="78")
    expect(total).to_contain_text("2")
    expect(page.get_by_label("From")).to_have_value(re.compile("2024-02-29T10:00"))


def test_a_filter_that_somebody_fills_in_outlives_the_choices_that_arrive(
    intake: Intake, page: Page
) -> None:
    begin(intake)
    held: list[Route] = []
    page.route("**/api/ui/facets**", lambda route: held.append(route))
    page.goto(intake.url)
    page.get_by_label("Time", exact=True).select_option("fixed")
    page.get_by_label("From").fill("2024-02-29T10:00:00")
    app = page.locator("select[name=app]")
    app.focus()
    expect(app.locator("option")).to_have_count(1)
    for route in held:
        route.continue_()
    # A list that may be open is not changed; the next time it is.
    expect(page.locator("select[name=kind] option")).to_have_count(2)
    expect(app).to_be_focused()
    page.get_by_label("Search text").focus()
    expect(app.locator("option")).to_have_count(2)
    expect(page.get_by_label("From")).to_have_value(re.compile("2024-02-29T10:00"))


def test_the_open_numbers_of_drops_stay_open_when_more_is_dropped(
    intake: Intake, page: Page
) -> None:
    def lose(count: int) -> None:
        lost = {"witspan-dropped": f"client=ab12;queue_full={count}"}
        intake.send_spans(long_trace(1), headers=lost)

    lose(7)
    page.goto(f"{intake.url}/drops")
    numbers = page.locator(".drops summary", has_text="Numbers")
    numbers.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chart-numbers td")).to_have_text("7")
    # A tracer reports the sum of all that it has dropped so far.
    lose(12)
    expect(page.locator(".chart-numbers td")).to_have_text("12")
    expect(numbers).to_be_focused()
