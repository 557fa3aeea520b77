"""Light and dark, wide and narrow, and readable for everybody: each view, checked by axe."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from build_page import TOOLS
from npm import packages
from page_support import PHONE, Intake, Tab
from playwright.sync_api import Page, expect

VIEWS = ["traces", "trace", "zoomed", "sessions", "session", "compare", "overview", "drops"]


def show(page: Page, intake: Intake, view: str) -> None:
    ids = [trace["trace_id"] for trace in intake.get("traces")["traces"]]
    paths = {
        "traces": "/",
        "trace": f"/trace/{ids[0]}",
        "zoomed": f"/trace/{ids[0]}?zoom=2-6",
        "sessions": "/sessions",
        "session": "/session/chat-1",
        "compare": f"/compare/{ids[0]}/{ids[1]}",
        "overview": "/overview?range=1h",
        "drops": "/drops",
    }
    ready = {
        "traces": "table.traces tbody tr",
        "trace": ".detail h2",
        "zoomed": ".zoom-range.zoomed",
        "sessions": ".session-card",
        "session": ".turn",
        "compare": ".pair-detail .detail",
        "overview": ".totals dd",
        "drops": ".drops .card",
    }
    page.goto(intake.url + paths[view])
    expect(page.locator(ready[view]).first).to_be_visible()


def brightness(page: Page) -> int:
    """Of the ground, 0 to 255."""
    colour: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(","))
    return (red + green + blue) // 3


def test_the_page_is_dark_where_the_system_is_and_a_choice_stays(
    filled: Intake, open_tab: Callable[..., Tab]
) -> None:
    page = open_tab(color_scheme="dark").page
    show(page, filled, "traces")
    assert brightness(page) < 60
    button = page.get_by_role("button", name="Theme: as the system")
    button.click()
    assert brightness(page) > 200
    page.reload()
    expect(page.locator("table.traces")).to_be_visible()
    assert brightness(page) > 200
    page.get_by_role("button", name="Theme: light").click()
    assert brightness(page) < 60
    page.emulate_media(color_scheme="light")
    assert brightness(page) < 60
    page.get_by_role("button", name="Theme: dark").click()
    assert brightness(page) > 200


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_shows_every_view_without_scrolling_sideways(
    filled: Intake, open_tab: Callable[..., Tab], view: str
) -> None:
    page = open_tab(**PHONE).page
    show(page, filled, view)
    page.wait_for_timeout(200)
    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window == 390
    cut = page.evaluate(
        """() => [...document.querySelectorAll("main *")]
          .filter((each) => each.checkVisibility() && !each.children.length && each.textContent)
          .filter((each) => !each.closest(".tree, .away, pre, .traces thead"))
          .filter((each) => {
            const box = each.getBoundingClientRect();
            return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
          }).map((each) => each.outerHTML)"""
    )
    assert cut == []


def test_on_a_phone_a_span_that_is_pressed_comes_into_sight(
    filled: Intake, open_tab: Callable[..., Tab]
) -> None:
    page = open_tab(**PHONE).page
    show(page, filled, "trace")
    page.get_by_role("treeitem").filter(has_text="write").tap()
    expect(page.locator(".detail h2")).to_have_text("write")
    expect(page.locator(".detail h2")).to_be_in_viewport()


def test_on_a_phone_the_filters_open_with_a_button(
    filled: Intake, open_tab: Callable[..., Tab]
) -> None:
    page = open_tab(**PHONE).page
    show(page, filled, "traces")
    app = page.get_by_label("App", exact=True)
    expect(app).to_be_hidden()
    page.get_by_role("button", name="Filters").tap()
    expect(app).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", [*VIEWS, "empty"])
def test_axe_finds_nothing_wrong(
    filled: Intake,
    tmp_path_factory: pytest.TempPathFactory,
    open_tab: Callable[..., Tab],
    view: str,
    scheme: str,
) -> None:
    page = open_tab(color_scheme=scheme).page
    if view == "empty":
        page.goto(f"{filled.url}/?app=nothing-of-this-name")
        expect(page.get_by_text("No trace matches")).to_be_visible()
    else:
        show(page, filled, view)
    page.wait_for_timeout(300)
    # Through the debugger, since the page's policy lets no script of another origin in.
    page.evaluate((packages(TOOLS) / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found: list[Any] = page.evaluate("axe.run().then((result) => result.violations)")
    wrong = [
        (each["id"], each["help"], [node["html"][:160] for node in each["nodes"]][:4])
        for each in found
    ]
    assert wrong == []
