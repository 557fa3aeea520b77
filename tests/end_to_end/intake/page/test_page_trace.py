"""One trace: the tree with its waterfall, and everything of the selected span."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Callable

import pytest
from page_support import PHONE, PROGRAMS, Intake, Tab, line, open_trace, part
from playwright.sync_api import Locator, Page, expect


def choose(page: Page, name: str) -> Locator:
    """Selects a span; its detail, once it is shown."""
    line(page, name).click()
    expect(page.locator(".detail h2")).to_have_text(name)
    return page.locator(".detail")


def box(locator: Locator) -> dict[str, float]:
    found = locator.bounding_box()
    assert found is not None
    return dict(found)


def test_the_tree_has_every_span_under_its_parent_and_its_time_beside_it(
    filled: Intake, page: Page
) -> None:
    trace = open_trace(page, filled)
    items = page.get_by_role("treeitem")
    shown = [
        (each.get_attribute("aria-level"), each.locator(".line-text").inner_text())
        for each in items.all()
    ]
    assert shown == [
        ("1", "answer_customer"),
        ("2", "helper"),
        ("3", "decide"),
        ("3", "track_parcel"),
        ("3", "embed"),
        ("3", "find_notes"),
        ("3", "write"),
        ("2", "check_tone"),
    ]
    root = box(line(page, "answer_customer").locator(".bar-fill"))
    for name in ("helper", "decide", "write", "check_tone"):
        bar = box(line(page, name).locator(".bar-fill"))
        assert root["x"] - 1 <= bar["x"]
        assert bar["x"] + bar["width"] <= root["x"] + root["width"] + 3
    decide, write = (box(line(page, name).locator(".bar-fill")) for name in ("decide", "write"))
    assert decide["x"] + decide["width"] <= write["x"]
    # As long as they took, beside each other.
    spans = filled.get(f"traces/{trace['trace_id']}")["spans"]
    took = {span["name"]: span["duration_ms"] for span in spans}
    for name in ("helper", "decide", "write", "check_tone"):
        share = took[name] / took["answer_customer"]
        bar = box(line(page, name).locator(".bar-fill"))
        assert bar["width"] == pytest.approx(max(2, root["width"] * share), abs=1)


def test_an_error_stands_out_and_a_key_goes_to_it(filled: Intake, page: Page) -> None:
    open_trace(page, filled, lambda trace: trace["status"] == "error")
    expect(page.locator(".line.failed .line-text")).to_have_text("track_parcel")
    page.keyboard.press("e")
    expect(page.locator(".detail h2")).to_have_text("track_parcel")
    failure = page.locator(".failure")
    expect(failure).to_contain_text("TimeoutError")
    expect(failure).to_contain_text("the carrier did not answer within 5 s")
    failure.locator("summary").click()
    expect(failure.locator(".stack")).to_contain_text("Traceback")


def test_messages_are_bubbles_on_the_side_of_who_speaks(filled: Intake, page: Page) -> None:
    open_trace(page, filled)
    choose(page, "decide")
    system, user = (part(page, "Input").locator(".bubble").nth(at) for at in (0, 1))
    expect(system).to_contain_text("You help customers of a parcel service.")
    expect(user.locator(".bubble-role")).to_have_text("user")
    choose(page, "write")
    asked = box(part(page, "Input").locator(".bubble.from-user"))
    answered = box(part(page, "Output").locator(".bubble.from-assistant"))
    assert asked["x"] > answered["x"]
    assert asked["x"] + asked["width"] > answered["x"] + answered["width"]


def test_a_tool_call_shows_arguments_and_result_beside_each_other(
    filled: Intake, page: Page
) -> None:
    open_trace(page, filled, lambda trace: trace["status"] == "ok")
    choose(page, "write")
    card = part(page, "Input").locator(".tool-card")
    expect(card).to_have_count(1)
    expect(card).to_contain_text("track_parcel")
    arguments, result = card.locator(".half").all()
    expect(arguments).to_contain_text('number: "4711"')
    expect(result).to_contain_text('place: "Basel"')
    assert box(arguments)["y"] == box(result)["y"]
    assert box(arguments)["x"] < box(result)["x"]

    # Where the model asked for it, the result is known from the later span.
    choose(page, "decide")
    expect(part(page, "Output").locator(".half").nth(1)).to_contain_text('place: "Basel"')

    choose(page, "track_parcel")
    arguments, result = part(page, "Call").locator(".half").all()
    expect(arguments).to_contain_text('number: "4711"')
    expect(result).to_contain_text('place: "Basel"')


def test_documents_have_their_scores(filled: Intake, page: Page) -> None:
    open_trace(page, filled)
    choose(page, "find_notes")
    first, second = part(page, "Output").locator(".document").all()
    expect(first).to_contain_text("parcels.md")
    expect(first).to_contain_text("A parcel waits seven days.")
    expect(first).to_contain_text("0.91")
    bars = [box(each.locator(".score-bar span"))["width"] for each in (first, second)]
    assert bars[0] > bars[1] > 0


def test_a_span_shows_its_prompt_metadata_metrics_tags_tools_and_judgements(
    filled: Intake, page: Page
) -> None:
    open_trace(page, filled, lambda trace: trace["status"] == "ok")
    expect(page.locator(".trace-about")).to_contain_text("tone")
    feedback = part(page, "Evaluations and feedback")
    expect(feedback).to_contain_text("thumb")
    expect(feedback).to_contain_text("up")
    expect(feedback).to_contain_text("customer-7")

    choose(page, "write")
    prompt = part(page, "Prompt")
    expect(prompt).to_contain_text("support-answer")
    assert prompt.locator("mark").all_inner_texts() == [
        "{{question}}",
        "{{customer}}",
        "{{notes}}",
    ]
    prompt.get_by_role("button", name="Fill in the variables").click()
    assert prompt.locator("mark").all_inner_texts()[1:] == ["Ada", "parcels.md"]
    expect(part(page, "Metadata")).to_contain_text("temperature: 0.2")
    expect(part(page, "Metrics")).to_contain_text("input_tokens")
    expect(part(page, "Metrics")).to_contain_text("820")
    expect(part(page, "Tags")).to_contain_text("ml_app:support-bot")
    judged = part(page, "Evaluations and feedback")
    expect(judged).to_contain_text("grounded")
    expect(judged).to_contain_text("0.94")
    expect(judged).to_contain_text("Every sentence has a note.")

    choose(page, "decide")
    tools = part(page, "Tools offered (2)")
    expect(tools).to_contain_text("Where a parcel is now.")
    expect(tools).to_contain_text("refund")


def test_the_raw_event_is_what_was_received_and_can_be_copied(
    filled: Intake, open_tab: Callable[..., Tab]
) -> None:
    tab = open_tab(permissions=["clipboard-read", "clipboard-write"])
    page = tab.page
    trace = open_trace(page, filled)
    choose(page, "write")
    page.keyboard.press("r")
    raw = page.locator(".raw .stack")
    expect(raw).to_contain_text('"name": "write"')
    span = page.url.split("span=")[1]
    received = filled.get(f"spans/{trace['trace_id']}/{span}/raw")
    assert json.loads(raw.inner_text()) == received
    assert received["name"] == "write"
    page.get_by_role("button", name="Copy the raw event").click()
    expect(page.locator("#announce")).to_have_text("Copied the raw event")
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == received

    page.get_by_role("button", name="Copy the link to this span").click()
    expect(page.locator("#announce")).to_have_text("Copied the link to this span")
    link = page.evaluate("navigator.clipboard.readText()")
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator(".detail h2")).to_have_text("write")


def test_the_selected_span_is_in_the_address_and_back_goes_to_the_one_before(
    filled: Intake, page: Page
) -> None:
    open_trace(page, filled)
    choose(page, "decide")
    choose(page, "write")
    page.go_back()
    expect(page.locator(".detail h2")).to_have_text("decide")
    page.go_forward()
    expect(page.locator(".detail h2")).to_have_text("write")
    page.reload()
    expect(page.locator(".detail h2")).to_have_text("write")
    expect(page.locator('.line[aria-selected="true"]')).to_contain_text("write")


def test_the_tree_is_walked_and_folded_with_the_keyboard(filled: Intake, page: Page) -> None:
    open_trace(page, filled)
    items = page.get_by_role("treeitem")

    def at(name: str) -> None:
        expect(line(page, name)).to_be_focused()
        expect(line(page, name)).to_have_attribute("aria-selected", "true")
        # One place in the order of the Tab key, whatever is selected.
        assert page.locator('.line[tabindex="0"]').count() == 1
        expect(page.locator(".detail h2")).to_have_text(name)

    page.keyboard.press("ArrowDown")
    at("helper")
    page.keyboard.press("ArrowRight")
    at("decide")
    page.keyboard.press("ArrowLeft")
    at("helper")
    page.keyboard.press("ArrowLeft")
    expect(line(page, "helper")).to_have_attribute("aria-expanded", "false")
    expect(items).to_have_count(3)
    page.keyboard.press("ArrowDown")
    at("check_tone")
    page.keyboard.press("Home")
    at("answer_customer")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(items).to_have_count(8)
    page.keyboard.press("End")
    at("check_tone")


def test_a_long_text_begins_folded_and_is_whole_on_request(intake: Intake, page: Page) -> None:
    intake.run("plain", "--text", "0123456789", "--length", "50000")
    open_trace(page, intake)
    text = part(page, "Input").locator(".text")
    assert len(text.inner_text()) < 2000
    page.get_by_role("button", name="Show all 50,000 characters").click()
    assert text.inner_text() == "0123456789" * 5000
    page.get_by_role("button", name="Show less").click()
    assert len(text.inner_text()) < 2000


def test_an_open_trace_grows_while_its_spans_arrive(intake: Intake, page: Page) -> None:
    program = subprocess.Popen(
        [sys.executable, PROGRAMS / "late.py"],
        env=intake.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin is not None and program.stdout is not None
    assert program.stdout.readline() == "first\n"
    open_trace(page, intake)
    expect(page.get_by_role("treeitem")).to_have_count(1)
    expect(line(page, "first_step")).to_contain_text("no parent")
    program.stdin.write("\n")
    program.stdin.close()
    expect(page.get_by_role("treeitem")).to_have_count(3)
    expect(page.locator("h1")).to_have_text("slow_root")
    # What was selected stays selected.
    expect(line(page, "first_step")).to_have_attribute("aria-selected", "true")
    assert program.wait(timeout=30) == 0


def test_a_trace_that_is_not_there_says_so(intake: Intake, tab: Tab) -> None:
    tab.expected.append("404")
    tab.page.goto(f"{intake.url}/trace/123")
    expect(tab.page.get_by_role("alert")).to_be_visible()
    tab.page.get_by_role("link", name="Traces").click()
    expect(tab.page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()


def test_a_span_is_found_by_its_name(intake: Intake, page: Page) -> None:
    intake.run("plain", "--spans", "100")
    open_trace(page, intake)
    page.keyboard.press("/")
    page.keyboard.type("part 73")
    page.keyboard.press("Enter")
    expect(page.locator(".detail h2")).to_have_text("part 73.0")
    expect(line(page, "part 73.0")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator(".detail h2")).to_have_text("part 73.1")
    expect(page.get_by_label("Find a span")).to_be_focused()


@pytest.mark.parametrize("how", [{}, PHONE])
def test_the_words_of_a_bar_as_wide_as_the_waterfall_stand_on_its_end(
    filled: Intake, open_tab: Callable[..., Tab], how: dict[str, Any]
) -> None:
    page = open_tab(**how).page
    open_trace(page, filled)
    root = line(page, "answer_customer")
    bar, words = box(root.locator(".bar-fill")), box(root.locator(".bar-words"))
    # No piece of the bar is left beside them, and none of them beside the bar.
    assert abs(bar["x"] + bar["width"] - words["x"] - words["width"]) < 1
    assert (bar["y"], bar["height"]) == (words["y"], words["height"])
    assert words["width"] < bar["width"]
