"""The waterfall's zoom: by pointer, finger, wheel, buttons and keys, kept in the address."""

from __future__ import annotations

import re
import time
from typing import Any, Callable

import pytest
from intake_process import long_trace
from page_support import PHONE, Intake, Tab
from playwright.sync_api import Locator, Page, expect


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A trace of 1,001 ms with a span of 1 ms in each."""
    started = Intake(tmp_path_factory.mktemp("long"))
    started.send_spans(long_trace(1001))
    yield started
    started.stop()


def open_long(page: Page, intake: Intake, query: str = "") -> None:
    page.goto(f"{intake.url}/trace/77{query}")
    expect(page.locator(".detail h2")).to_be_visible()


def line(page: Page, number: int) -> Locator:
    name = page.locator(".line-text", has_text=re.compile(rf"^part {number}$"))
    return page.get_by_role("treeitem").filter(has=name)


def width(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box is not None
    return box["width"]


def shown(page: Page) -> tuple[float, float]:
    """The range of the address, in ms."""
    found = re.search(r"zoom=([\d.]+)-([\d.]+)", page.url)
    assert found, page.url
    return float(found[1]), float(found[2])


def drag(page: Page, begin: float, end: float, drop: bool = True) -> None:
    """Drags over the axis, between two shares of its width."""
    box = page.locator(".axis").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * begin, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, y, steps=4)
    if drop:
        page.mouse.up()


def test_a_drag_over_the_axis_shows_that_time_and_back_undoes_it(long: Intake, page: Page) -> None:
    open_long(page, long)
    bar = line(page, 10).locator(".bar-fill")
    assert width(bar) < 3
    expect(page.locator(".zoom-range")).to_have_text("All 1.00 s")
    drag(page, 0, 0.02)
    page.wait_for_url("**zoom=*")
    begin, end = shown(page)
    assert begin == 0 and end == pytest.approx(20, abs=2)
    assert width(bar) > 10
    expect(page.locator(".zoom-range")).to_contain_text("of 1.00 s")
    # What is out of sight says where it is, and how long it took.
    expect(line(page, 25).locator(".line-bar")).to_have_text("1.0 ms →")
    page.go_back()
    expect(page.locator(".zoom-range")).to_have_text("All 1.00 s")
    assert width(bar) < 3


def test_a_drag_that_is_called_off_or_goes_nowhere_changes_nothing(
    long: Intake, page: Page
) -> None:
    open_long(page, long)
    drag(page, 0.2, 0.6, drop=False)
    expect(page.locator(".axis-mark")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".axis-mark")).to_be_hidden()
    page.mouse.up()
    drag(page, 0.3, 0.301)
    page.wait_for_timeout(200)
    assert page.url.endswith("/trace/77")
    expect(page.locator(".zoom-range")).to_have_text("All 1.00 s")


def test_keys_zoom_to_the_span_in_out_along_and_to_the_whole(long: Intake, page: Page) -> None:
    open_long(page, long, "?span=10")
    bar = line(page, 10).locator(".bar-fill")
    page.keyboard.press("z")
    # The span with a little room on both sides.
    begin, end = shown(page)
    assert begin < 9 < 10 < end
    assert end - begin == pytest.approx(1.1, abs=0.01)
    close = width(bar)
    assert close > 100
    page.keyboard.press("-")
    assert width(bar) == pytest.approx(close / 2, abs=3)
    page.keyboard.press("+")
    assert width(bar) == pytest.approx(close, abs=3)
    page.keyboard.press("=")
    assert shown(page)[1] - shown(page)[0] == pytest.approx(0.55, abs=0.01)
    before = shown(page)
    page.keyboard.press("l")
    assert shown(page)[0] > before[0]
    page.keyboard.press("h")
    assert shown(page) == pytest.approx(before, abs=0.001)
    expect(page.locator("#announce")).to_contain_text("of 1.00 s")
    page.keyboard.press("0")
    page.wait_for_url(lambda url: "zoom" not in url)
    expect(page.locator(".zoom-range")).to_have_text("All 1.00 s")
    # Escape leaves the zoom before it leaves the trace.
    page.keyboard.press("z")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "zoom" not in url and "/trace/77" in url)
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "/trace/" not in url)


def test_however_often_one_zooms_in_there_is_an_end_and_a_way_back(
    long: Intake, page: Page
) -> None:
    open_long(page, long, "?span=10")
    for _ in range(40):
        page.keyboard.press("+")
    begin, end = shown(page)
    assert end - begin == pytest.approx(0.001)
    expect(page.get_by_role("button", name="Zoom in")).to_have_attribute("aria-disabled", "true")
    ticks = page.locator(".tick span").all_inner_texts()
    assert len(set(ticks)) == len(ticks), ticks
    for _ in range(40):
        page.keyboard.press("-")
    expect(page.locator(".zoom-range")).to_have_text("All 1.00 s")


def test_a_link_keeps_the_zoom_and_nonsense_in_it_is_the_whole(long: Intake, page: Page) -> None:
    open_long(page, long, "?span=10&zoom=5-15")
    assert width(line(page, 10).locator(".bar-fill")) > 20
    expect(page.locator(".zoom-range")).to_contain_text("5.0")
    page.reload()
    assert width(line(page, 10).locator(".bar-fill")) > 20
    # Another span keeps it too.
    line(page, 12).click()
    page.wait_for_url("**span=12**")
    assert shown(page) == (5, 15)
    for wrong in ("15-5", "a-b", "-5-10", "1e9-2e9", "5", "<b>"):
        open_long(page, long, f"?zoom={wrong}")
        expect(page.locator(".zoom-range")).to_have_text("All 1.00 s")
    # One beyond the end shows the end.
    open_long(page, long, "?zoom=5000-5100")
    expect(page.locator(".zoom-range")).to_contain_text("– 1.001")


def test_two_clicks_on_a_bar_zoom_to_its_span(long: Intake, page: Page) -> None:
    open_long(page, long)
    line(page, 30).locator(".line-bar").dblclick()
    page.wait_for_url("**zoom=*")
    begin, end = shown(page)
    assert begin < 29 < 30 < end < 32
    expect(page.locator(".detail h2")).to_have_text("part 30")
    # Two clicks on a name only select.
    page.keyboard.press("0")
    line(page, 31).locator(".line-text").dblclick()
    expect(page.locator(".detail h2")).to_have_text("part 31")
    assert "zoom" not in page.url


def test_the_buttons_do_the_same_with_the_keyboard_alone(long: Intake, page: Page) -> None:
    open_long(page, long, "?span=10")
    page.get_by_label("Find a span").focus()
    names = []
    for _ in range(6):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert names == [
        "Earlier",
        "Later",
        "Zoom out",
        "Zoom in",
        "Zoom to the span",
        "Show the whole trace",
    ]
    focused = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert focused == "solid"
    page.get_by_role("button", name="Zoom to the span").press("Enter")
    assert shown(page)[1] < 12
    page.get_by_role("button", name="Zoom out").press("Enter")
    assert shown(page)[1] - shown(page)[0] == pytest.approx(2.2, abs=0.01)
    whole = page.get_by_role("button", name="Show the whole trace")
    whole.press("Enter")
    expect(page.locator(".zoom-range")).to_have_text("All 1.00 s")
    # The button now does nothing, but keeps the keyboard focus.
    expect(whole).to_be_focused()
    expect(whole).to_have_attribute("aria-disabled", "true")


def test_the_wheel_zooms_around_the_pointer_and_moves_along(long: Intake, page: Page) -> None:
    open_long(page, long)
    box = line(page, 2).locator(".line-bar").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 10)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_url("**zoom=*")
    begin, end = shown(page)
    assert begin + (end - begin) / 4 == pytest.approx(250, abs=8)
    page.mouse.wheel(60, 0)
    page.wait_for_url(lambda url: f"zoom={begin:g}" not in url)
    assert shown(page)[0] > begin
    assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize("rest_s", [0, 0.8])
def test_a_finger_zooms_on_a_phone_and_the_buttons_are_there(
    long: Intake, open_tab: Callable[..., Tab], rest_s: float
) -> None:
    page = open_tab(color_scheme="dark", **PHONE).page
    open_long(page, long)
    axis = page.locator(".axis")
    axis.scroll_into_view_if_needed()
    box = axis.bounding_box()
    assert box is not None
    at = {"y": box["y"] + 10, "left": box["x"] + 5, "right": box["x"] + box["width"] / 2}
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *x: float) -> None:
        points = [{"x": each, "y": at["y"]} for each in x]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", at["left"])
    # One that rests first would be a long press elsewhere.
    time.sleep(rest_s)
    touch("touchMove", at["left"] + 30)
    touch("touchMove", at["right"])
    touch("touchEnd")
    page.wait_for_url("**zoom=*")
    begin, end = shown(page)
    assert begin < 60 and end == pytest.approx(500, abs=30)
    page.get_by_role("button", name="Show the whole trace").tap()
    expect(page.locator(".zoom-range")).to_have_text("All 1.00 s")
    for name in ("Zoom in", "Zoom out", "Zoom to the span", "Show the whole trace"):
        button = page.get_by_role("button", name=name)
        button.scroll_into_view_if_needed()
        box = button.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390


def test_the_zoom_works_on_a_trace_without_length_and_on_one_that_grows(
    intake: Intake, page: Page
) -> None:
    span, *more = long_trace(50)
    instant = {**span, "duration": 0}
    intake.send_spans([instant])
    open_long(page, intake)
    page.keyboard.press("+")
    page.keyboard.press("z")
    assert "NaN" not in page.locator("main").inner_text()
    intake.send_spans([span, *more])
    expect(page.get_by_role("treeitem").nth(20)).to_be_attached()
    page.keyboard.press("0")
    expect(page.locator(".zoom-range")).to_have_text("All 50 ms")
