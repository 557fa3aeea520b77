"""Traces of many spans: few lines are drawn, and the page says what it leaves out."""

from __future__ import annotations

from intake_process import long_trace
from page_support import Intake, Tab, find, line, open_trace
from playwright.sync_api import Page, expect


def test_a_trace_of_a_thousand_spans_keeps_few_lines_and_reaches_the_last(
    intake: Intake, page: Page
) -> None:
    intake.run("plain", "--spans", "100")
    open_trace(page, intake)
    expect(page.locator(".trace-head")).to_contain_text("1,001")
    items = page.get_by_role("treeitem")
    assert items.count() < 80
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    expect(page.locator(".detail h2")).to_have_text("part 99.8")
    expect(line(page, "part 99.8")).to_be_in_viewport()
    expect(line(page, "part 99.8")).to_be_focused()
    page.keyboard.press("Home")
    expect(page.locator(".detail h2")).to_have_text("step 0")
    # What the keyboard is on stays, also when it is scrolled out of sight.
    page.locator(".tree-scroll").evaluate("e => { e.scrollTop = e.scrollHeight; }")
    expect(line(page, "part 99.8")).to_be_in_viewport()
    expect(line(page, "step 0")).to_be_focused()
    assert items.count() < 80


def test_a_trace_of_more_than_a_page_says_so_and_loads_the_rest(intake: Intake, page: Page) -> None:
    intake.send_spans(long_trace(40_010))
    page.goto(f"{intake.url}/trace/77")
    note = page.locator(".tree .page-note")
    expect(note).to_contain_text("Only the first 20,000 of 40,010 spans are shown.")
    find(page, "part 20001")
    expect(page.get_by_label("Find a span")).to_have_attribute("aria-invalid", "true")
    note.get_by_role("button", name="Load the next 20,000").click()
    expect(note).to_contain_text("the first 40,000 of 40,010")
    find(page, "part 20001")
    expect(page.locator(".detail h2")).to_have_text("part 20001")
    expect(line(page, "part 20001")).to_be_in_viewport()
    # What is selected stays selected, and few lines are drawn.
    note.get_by_role("button", name="Load the next 10").press("Enter")
    expect(note).to_be_hidden()
    expect(page.locator(".detail h2")).to_have_text("part 20001")
    assert page.get_by_role("treeitem").count() < 80
    line(page, "part 20001").focus()
    page.keyboard.press("End")
    expect(page.locator(".detail h2")).to_have_text("part 40010")
    # The address of a span that is far down leads to it.
    page.reload()
    expect(line(page, "part 40010")).to_be_in_viewport()
    expect(note).to_be_hidden()


def test_a_page_of_spans_that_does_not_come_can_be_asked_for_again(
    intake: Intake, tab: Tab
) -> None:
    tab.expected.append("500")
    page = tab.page
    intake.send_spans(long_trace(20_010))
    page.goto(f"{intake.url}/trace/77")
    answer = '{"errors": [{"detail": "the database is busy"}]}'
    page.route("**/api/ui/traces/77?*after=*", lambda route: route.fulfill(status=500, body=answer))
    note = page.locator(".tree .page-note")
    note.get_by_role("button", name="Load the next 10").click()
    expect(note).to_contain_text("the database is busy")
    page.unroute_all()
    note.get_by_role("button", name="Try again").click()
    expect(note).to_be_hidden()
    assert page.get_by_role("treeitem").count() < 80


def test_spans_that_are_each_other_s_parents_are_all_shown(intake: Intake, page: Page) -> None:
    root, *rest = long_trace(6)
    ring = {"3": "5", "4": "3", "5": "4", "6": "5"}
    intake.send_spans(
        [root] + [{**span, "parent_id": ring.get(span["span_id"], "1")} for span in rest]
    )
    page.goto(f"{intake.url}/trace/77")
    expect(page.get_by_role("treeitem")).to_have_count(6)
    levels = [each.get_attribute("aria-level") for each in page.get_by_role("treeitem").all()]
    assert sorted(levels) == ["1", "1", "2", "2", "3", "4"]


def test_a_chain_of_twenty_thousand_spans_opens(intake: Intake, page: Page) -> None:
    chain = [
        {**span, "parent_id": str(int(span["span_id"]) - 1) if at else "undefined"}
        for at, span in enumerate(long_trace(20_000))
    ]
    intake.send_spans(chain)
    page.goto(f"{intake.url}/trace/77")
    expect(page.locator(".detail h2")).to_have_text("part 1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    expect(line(page, "part 20000")).to_have_attribute("aria-level", "20000")


def test_two_long_traces_side_by_side_keep_few_lines_and_reach_the_last(
    intake: Intake, page: Page
) -> None:
    for trace in ("77", "78"):
        intake.send_spans([{**span, "trace_id": trace} for span in long_trace(5_000)])
    page.goto(f"{intake.url}/compare/77/78")
    rows = page.locator(".pair-row")
    chosen = page.locator(".pair-row[aria-current]")
    heads = page.locator(".pair-detail .detail h2")

    def shown(name: str) -> None:
        expect(chosen).to_have_count(1)
        expect(chosen).to_contain_text(name)
        expect(chosen).to_be_in_viewport()
        expect(heads).to_have_text([name, name])
        assert rows.count() < 80

    shown("part 1")
    # The keys begin where the pair is that is shown.
    page.keyboard.press("j")
    shown("part 2")
    expect(chosen).to_be_focused()
    page.keyboard.press("End")
    shown("part 5000")
    expect(chosen).to_be_focused()
    last = page.get_by_role("listitem").filter(has=chosen)
    expect(last).to_have_attribute("aria-posinset", "5000")
    expect(last).to_have_attribute("aria-setsize", "5000")
    page.keyboard.press("PageUp")
    expect(chosen).not_to_contain_text("part 5000")
    page.keyboard.press("Home")
    shown("part 1")
    # With the pointer the last one is reached by scrolling; the chosen one stays for the keys.
    page.locator(".pair-rows").evaluate("e => { e.scrollTop = e.scrollHeight; }")
    expect(rows.last).to_contain_text("part 5000")
    expect(rows.last).to_be_in_viewport()
    expect(chosen).to_be_focused()
    assert rows.count() < 80
    rows.last.click()
    shown("part 5000")
    # The address leads to the pair, and the way back to the one before.
    page.reload()
    shown("part 5000")
    page.go_back()
    shown("part 1")
