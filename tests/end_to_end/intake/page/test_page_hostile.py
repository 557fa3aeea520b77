"""Text from spans is text: it never runs, loads, draws or misleads."""

from __future__ import annotations

import sys

from page_support import PROGRAMS, Intake, Tab
from playwright.sync_api import Page, expect

sys.path.insert(0, str(PROGRAMS))
from hostile import MISLEADING, TEXTS  # noqa: E402

# What the page itself never makes, and links that lead elsewhere or run.
FOREIGN = """() => [
  ...document.querySelectorAll(
    "main script, main iframe, main style, main object, main embed, main form[action], main b b"),
  ...document.querySelectorAll('main img:not([src^="data:image/"])'),
  ...[...document.querySelectorAll("a[href]")].filter((each) => each.origin !== location.origin),
  ...[...document.querySelectorAll("main *")].filter((each) =>
    [...each.attributes].some(({ name }) => name.startsWith("on"))),
].map((each) => each.outerHTML.slice(0, 200))"""


def harmless(page: Page) -> None:
    page.wait_for_timeout(300)
    assert page.evaluate("window.hostile") is None
    assert page.evaluate("({}).polluted") is None
    assert page.evaluate(FOREIGN) == []


def test_hostile_text_is_shown_as_text_in_every_view(intake: Intake, tab: Tab) -> None:
    intake.run("hostile")
    page = tab.page
    page.goto(intake.url)
    row = page.locator("table.traces tbody tr")
    expect(row.locator("a.open")).to_have_text(TEXTS[0])
    harmless(page)

    row.locator("a.open").click()
    expect(page.get_by_role("treeitem")).to_have_count(6)
    for item in page.get_by_role("treeitem").all():
        item.click()
        expect(page.locator(".detail h2")).to_have_text(item.locator(".line-text").inner_text())
        for summary in page.locator(".detail details:not([open]) > summary").all():
            if summary.is_visible():
                summary.click()
        for button in page.locator(".detail").get_by_role("button", name="Fill in").all():
            button.click()
        harmless(page)
    trace = intake.trace()["trace_id"]

    page.goto(f"{intake.url}/sessions")
    page.locator(".session-card").first.click()
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator("h1")).to_have_text(TEXTS[1])
    harmless(page)
    page.goto(f"{intake.url}/compare/{trace}/{trace}")
    expect(page.locator(".pair-row")).to_have_count(6)
    harmless(page)
    page.goto(f"{intake.url}/overview?range=1h")
    expect(page.locator(".totals")).to_be_visible()
    page.wait_for_timeout(500)
    harmless(page)
    page.goto(f"{intake.url}/?q=%3Cscript%3E")
    harmless(page)


def test_a_name_cannot_pretend_to_be_another_or_break_its_line(intake: Intake, page: Page) -> None:
    intake.run("hostile")
    page.goto(f"{intake.url}/trace/{intake.trace()['trace_id']}")
    expect(page.get_by_role("treeitem")).to_have_count(6)
    names = page.locator(".line-text").all_inner_texts()
    assert MISLEADING not in names
    shown = next(name for name in names if name.startswith("paid"))
    assert not any(mark in shown for mark in "\u202e\u2066\u200b\x00\n")
    assert "gnp.exe" in shown


def test_a_huge_text_does_not_freeze_the_page(intake: Intake, page: Page) -> None:
    intake.run("hostile")
    page.goto(f"{intake.url}/trace/{intake.trace()['trace_id']}")
    page.get_by_role("treeitem").filter(has_text="huge").click()
    expect(page.locator(".detail h2")).to_have_text("huge")
    assert len(page.locator(".detail").inner_text()) < 20_000
    # The keyboard still answers.
    page.keyboard.press("k")
    expect(page.locator(".detail h2")).not_to_have_text("huge")


def test_addresses_of_hostile_sessions_and_tags_lead_back_here(intake: Intake, page: Page) -> None:
    intake.run("hostile")
    page.goto(intake.url)
    page.locator("td.session a").click()
    expect(page.locator("h1")).to_have_text(TEXTS[1])
    page.get_by_role("link", name="As a list of traces").click()
    expect(page.locator("table.traces tbody tr")).to_have_count(1)
    harmless(page)


def test_the_policy_of_the_page_forbids_inline_script(intake: Intake, tab: Tab) -> None:
    tab.expected.append("Content Security Policy")
    tab.page.goto(intake.url)
    tab.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.hostile = 1";
          document.body.append(script);
        }"""
    )
    assert tab.page.evaluate("window.hostile") is None
    assert any("Content Security Policy" in text for text in tab.wrong)
