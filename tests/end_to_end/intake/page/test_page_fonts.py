"""The page's letters: its own on every machine, and room for wider ones where they do not come."""

from __future__ import annotations

import re
from typing import Any, Callable

import pytest
from intake_process import long_trace
from page_support import PHONE, Intake, Tab
from playwright.sync_api import Page, expect
from test_page_looks import VIEWS, show

#: Longer words than the conversations of the other tests have.
WIDEST = 172_740_000_000_000
APP, MODEL = "customer-support-assistant", "claude-sonnet-4-20250514"


def used(page: Page, selector: str) -> dict[str, bool]:
    """The fonts that an element is drawn with, and whether the page brought them."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    session.detach()
    return {font["familyName"]: font["isCustomFont"] for font in fonts}


def with_its_fonts(page: Page) -> None:
    """Loads the page until its fonts are there before it is drawn, as they are from then on."""
    for _ in range(20):
        page.evaluate("document.fonts.ready")
        if used(page, ".brand span") == {"Inter": True}:
            return
        page.reload()
        expect(page.locator("main > .page")).to_be_visible()
    pytest.fail(f"the page is drawn with {used(page, '.brand span')}")


def cut(page: Page) -> list[str]:
    """What does not fit into its place, and neither scrolls nor ends with an ellipsis."""
    found: list[str] = page.evaluate(
        """() => words().concat([...document.querySelectorAll("body *")]
          .filter((each) => each.checkVisibility({ checkVisibilityCSS: true }))
          .filter((each) => !each.closest(".away, svg, canvas, select, .skip"))
          .filter((each) => {
            const style = getComputedStyle(each);
            const wide = each.scrollWidth > each.clientWidth + 1;
            const high = each.scrollHeight > each.clientHeight + 1;
            if (!wide && !high) return false;
            // Shortened after some lines, with an ellipsis as well.
            if (style.webkitLineClamp !== "none") return false;
            if (style.display === "inline" || each.clientWidth === 0) return false;
            const clips = style.overflowX === "hidden" || style.overflowX === "clip";
            if (clips && style.textOverflow === "ellipsis" && !high) return false;
            return clips;
          }).map((each) => each.outerHTML.slice(0, 200)));
        // A short word that stands in two lines was broken.
        function words() {
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const broken = [];
          while (walker.nextNode()) {
            const range = document.createRange();
            range.selectNodeContents(walker.currentNode);
            const word = walker.currentNode.textContent;
            const lines = range.getClientRects().length;
            if (/^[A-Za-z]{2,14}$/.test(word) && lines > 1) broken.push(word);
          }
          return broken;
        }"""
    )
    return found


@pytest.fixture(scope="module")
def wordy(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An intake with conversations whose names are as long as people's are."""
    started = Intake(tmp_path_factory.mktemp("wordy"))
    for session in ("chat-1", "chat-2"):
        words = ["--session", session, "--app", APP, "--model", MODEL]
        started.run("support", *words)
    started.run("support", "--session", "chat-1", "--app", APP, "--model", MODEL, "--fail")
    # The widest numbers that there are: two days, long ago, for next to nothing.
    root = {
        **long_trace(1)[0],
        "trace_id": "5",
        "name": "answer_every_customer",
        "duration": WIDEST,
    }
    root["metrics"] = {"input_tokens": 9_999, "output_tokens": 0, "total_cost": 0.0000123}
    started.send_spans([{**root, "start_ns": root["start_ns"] - 400 * 86_400_000_000_000}])
    yield started
    started.stop()


def test_the_page_is_drawn_with_the_fonts_that_it_brings(filled: Intake, page: Page) -> None:
    show(page, filled, "trace")
    with_its_fonts(page)
    assert used(page, ".detail .facts dd.mono bdi") == {"JetBrains Mono": True}
    # Its digits are of one width, so that columns of numbers stand.
    widths = page.evaluate(
        """["1111", "8888"].map((text) => {
          const probe = document.body.appendChild(document.createElement("span"));
          probe.textContent = text;
          const { width } = probe.getBoundingClientRect();
          probe.remove();
          return width;
        })"""
    )
    assert widths[0] == widths[1]


def test_other_scripts_are_drawn_with_the_systems_fonts(intake: Intake, page: Page) -> None:
    intake.run("plain", "--name", "Ответ Привет")
    page.goto(intake.url)
    expect(page.locator("a.open bdi")).to_have_text("Ответ Привет 0")
    fonts = used(page, "a.open bdi")
    # The digit is Latin.
    assert fonts.pop("Inter", True) and fonts and not any(fonts.values()), fonts


def test_the_fonts_are_kept_and_come_from_the_page_alone(filled: Intake, page: Page) -> None:
    answers = []
    page.on("response", lambda answer: answers.append(answer) if ".woff2" in answer.url else None)
    show(page, filled, "traces")
    page.evaluate("document.fonts.ready")
    assert {answer.url.rsplit("/", 1)[1].split("-5")[0] for answer in answers} == {
        "inter",
        "jetbrains-mono",
    }
    for answer in answers:
        assert answer.url.startswith(filled.url)
        assert answer.headers["content-type"] == "font/woff2"
        assert "immutable" in answer.headers["cache-control"]
    assert "font-src 'self'" in page.goto(filled.url).headers["content-security-policy"]


def in_size(open_tab: Callable[..., Tab], size: str) -> Page:
    """A tab without the page's fonts: with the system's, which here are much wider."""
    sizes: dict[str, dict[str, Any]] = {
        "wide": {"viewport": {"width": 1680, "height": 900}},
        "usual": {"viewport": {"width": 1280, "height": 800}},
        "small": {"viewport": {"width": 1120, "height": 700}},
        "phone": PHONE,
    }
    tab = open_tab(**sizes[size])
    tab.expected = ["Failed to load resource"]
    tab.page.route("**/*.woff2", lambda route: route.abort())
    return tab.page


@pytest.mark.parametrize("size", ["wide", "small", "phone"])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_cut_without_them(
    wordy: Intake, open_tab: Callable[..., Tab], view: str, size: str
) -> None:
    page = in_size(open_tab, size)
    show(page, wordy, view)
    assert not any(used(page, ".tabs a").values())
    assert cut(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", ["wide", "usual", "small", "phone"])
def test_names_and_numbers_of_the_list_are_whole_without_them(
    wordy: Intake, open_tab: Callable[..., Tab], size: str
) -> None:
    page = in_size(open_tab, size)
    show(page, wordy, "traces")
    cells = page.locator("table.traces").locator(
        "a.open, .pill, td.when, td.took, td.tokens, td.cost, th"
    )
    expect(cells.first).to_be_attached()
    shortened = cells.evaluate_all(
        "all => all.filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth)"
        ".map((each) => each.textContent)"
    )
    assert shortened == []


@pytest.mark.parametrize("size", ["usual", "phone"])
def test_the_empty_page_is_whole_without_them(
    intake: Intake, open_tab: Callable[..., Tab], size: str
) -> None:
    page = in_size(open_tab, size)
    page.goto(intake.url)
    for language in ("Python", "Rust", "curl"):
        page.get_by_role("tab", name=language).click()
        expect(page.get_by_role("tabpanel")).to_have_attribute(
            "aria-labelledby", re.compile("way-")
        )
        assert cut(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
