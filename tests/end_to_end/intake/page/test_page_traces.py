"""The list of traces: what it shows, how it is filtered, walked, and kept up to date."""

from __future__ import annotations

import re
import subprocess
import sys

from intake_process import ROOT, built
from page_support import Intake
from playwright.sync_api import Page, Route, expect

ROWS = "table.traces tbody tr"


def test_a_trace_of_the_python_binding_appears_by_itself_and_says_what_it_was(
    intake: Intake, page: Page
) -> None:
    page.goto(intake.url)
    expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()

    intake.run("support", "--session", "chat-9")

    row = page.locator(ROWS)
    expect(row).to_have_count(1)
    expect(row.get_by_role("link", name="answer_customer")).to_be_visible()
    expect(row.get_by_role("img", name="workflow")).to_be_visible()
    expect(row.locator(".app")).to_have_text("support-bot")
    expect(row.locator(".session")).to_have_text("chat-9")
    expect(row.locator(".took")).to_have_text(re.compile(r"^[\d.]+ m?s$"))
    expect(row.locator(".tokens")).to_have_text("1,216")
    expect(row.locator(".cost")).to_have_text("$0.00355")
    expect(row.locator(".when time")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    expect(row.locator(".what-preview")).to_contain_text("My parcel has not moved")
    expect(row.locator(".what-preview")).to_contain_text("waits at the depot")
    expect(row).to_contain_text("gpt-4o")
    expect(row.locator(".evals")).to_contain_text("grounded 0.94")


def test_a_failed_trace_is_marked_with_its_error(filled: Intake, page: Page) -> None:
    page.goto(filled.url)
    expect(page.locator(ROWS)).to_have_count(3)
    failed = page.locator(f"{ROWS}.failed")
    expect(failed).to_have_count(1)
    expect(failed.locator(".pill.bad").first).to_be_visible()
    expect(failed).to_contain_text("TimeoutError")


def test_the_python_of_the_empty_page_sends_a_first_trace(intake: Intake, page: Page) -> None:
    page.goto(intake.url)
    snippets = page.locator(".snippet code")
    expect(snippets.nth(1)).to_contain_text("LLMObs")
    exported = dict(re.findall(r"export (\w+)=(\S+)", snippets.nth(0).inner_text()))
    program = snippets.nth(1).inner_text()
    environment = {**intake.environment(), **exported}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
    expect(page.locator(ROWS).get_by_role("link", name="answer")).to_be_visible()


def test_the_rust_of_the_empty_page_sends_a_first_trace(intake: Intake, page: Page) -> None:
    page.goto(intake.url)
    page.get_by_role("tab", name="Rust").click()
    snippets = page.locator(".snippet code")
    expect(snippets.nth(1)).to_contain_text("fn main()")
    exported = dict(re.findall(r"export (\w+)=(\S+)", snippets.nth(0).inner_text()))
    # What is shown is what was compiled.
    source = ROOT / "intake" / "page" / "snippets" / "first_trace.rs"
    assert snippets.nth(1).inner_text().strip() == source.read_text("utf-8").strip()
    environment = {**intake.environment(), **exported}
    subprocess.run([built("witspan-first-trace")], env=environment, check=True, timeout=60)
    row = page.locator(ROWS)
    expect(row.get_by_role("link", name="answer")).to_be_visible()
    expect(row.locator(".app")).to_have_text("my-app")
    expect(row.locator(".tokens")).to_have_text("10")


def test_the_curl_of_the_empty_page_sends_a_first_trace(intake: Intake, page: Page) -> None:
    page.goto(intake.url)
    page.get_by_role("tab", name="curl").click()
    expect(page.get_by_role("tab", name="curl")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".snippet code")).to_contain_text("curl ")
    command = page.locator(".snippet code").inner_text().replace("curl ", "curl -sSf ", 1)
    subprocess.run(["sh", "-c", command], check=True, timeout=60)
    expect(page.locator(ROWS).get_by_role("link", name="ask")).to_be_visible()
    expect(page.locator(ROWS)).to_contain_text("Why is the sky blue?")


def test_every_filter_narrows_the_list_and_stands_in_the_address(
    intake: Intake, page: Page
) -> None:
    intake.run("support", "--app", "shop", "--session", "s-1", "--tag", "tier:gold")
    intake.run("support", "--app", "post", "--session", "s-2", "--fail", "--model", "claude-4")
    intake.run("plain", "--app", "plain", "--text", "a heliotrope word")
    page.goto(intake.url)
    rows = page.locator(ROWS)
    expect(rows).to_have_count(3)

    def only(app: str, address: str) -> None:
        page.wait_for_url(f"**/?{address}")
        expect(rows).to_have_count(1)
        expect(rows.locator(".app")).to_have_text(app)
        # The address alone gives the same list, and the way back undoes the filter.
        page.reload()
        expect(rows).to_have_count(1)
        expect(rows.locator(".app")).to_have_text(app)
        page.go_back()
        expect(rows).to_have_count(3)

    page.get_by_label("App", exact=True).select_option("shop")
    only("shop", "app=shop")
    page.get_by_label("Model", exact=True).select_option("claude-4")
    only("post", "model=claude-4")
    page.get_by_role("button", name="Errors").click()
    only("post", "status=error")
    page.get_by_label("Search text").fill("heliotrope")
    only("plain", "q=heliotrope")
    page.get_by_label("Session", exact=True).fill("s-1")
    page.keyboard.press("Enter")
    only("shop", "session=s-1")
    page.get_by_label("Tag key:value").fill("tier:gold")
    page.keyboard.press("Enter")
    only("shop", "tag=tier%3Agold")

    page.get_by_label("Root kind").select_option("workflow")
    expect(rows).to_have_count(3)
    page.goto(f"{intake.url}/?kind=tool")
    expect(page.get_by_text("No trace matches")).to_be_visible()
    page.keyboard.press("Escape")
    expect(rows).to_have_count(3)


def test_the_time_filters(intake: Intake, page: Page) -> None:
    intake.run("plain")
    start = intake.trace()["start_ms"]
    rows = page.locator(ROWS)
    page.goto(f"{intake.url}/?from={int(start) - 1000}&to={int(start) + 1000}")
    expect(rows).to_have_count(1)
    page.goto(f"{intake.url}/?from={int(start) + 1000}&to={int(start) + 2000}")
    expect(page.get_by_text("No trace matches")).to_be_visible()
    page.get_by_label("Time", exact=True).select_option("15m")
    expect(rows).to_have_count(1)
    assert "range=15m" in page.url and "from=" not in page.url


def test_a_new_trace_that_a_filter_does_not_let_through_stays_away(
    intake: Intake, page: Page
) -> None:
    intake.run("plain", "--app", "one")
    page.goto(f"{intake.url}/?app=one")
    expect(page.locator(ROWS)).to_have_count(1)
    intake.run("plain", "--app", "two")
    intake.run("plain", "--app", "one", "--name", "again")
    expect(page.locator(ROWS)).to_have_count(2)
    expect(page.locator(ROWS).first).to_contain_text("again")
    expect(page.locator(".app", has_text="two")).to_have_count(0)


def test_new_traces_are_not_inserted_while_somebody_reads_further_down(
    intake: Intake, page: Page
) -> None:
    intake.run("plain", "--count", "40")
    page.goto(intake.url)
    expect(page.locator(ROWS)).to_have_count(40)
    page.mouse.wheel(0, 600)
    page.wait_for_function("scrollY > 300")
    watched = page.locator(ROWS).nth(20)
    before = watched.bounding_box()

    intake.run("plain", "--count", "3", "--name", "newer")

    news = page.get_by_role("button", name="3 new traces")
    expect(news).to_be_visible()
    assert watched.bounding_box() == before
    news.click()
    expect(page.locator(ROWS)).to_have_count(43)
    expect(page.locator(ROWS).first).to_contain_text("newer 2")
    page.wait_for_function("scrollY === 0")


def test_older_traces_come_as_one_scrolls_and_the_way_back_leads_to_the_same_place(
    intake: Intake, page: Page
) -> None:
    intake.run("plain", "--count", "130")
    page.goto(intake.url)
    rows = page.locator(ROWS)
    expect(rows.first).to_be_visible()
    for _ in range(40):
        if rows.count() == 130:
            break
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(100)
    expect(rows).to_have_count(130)
    names = {each.split("\n")[0] for each in rows.locator("a.open").all_inner_texts()}
    assert names == {f"step {number}" for number in range(130)}

    wanted = page.get_by_role("link", name="step 30", exact=True)
    wanted.scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    wanted.click()
    expect(page.locator(".line")).to_have_count(1)
    page.go_back()
    expect(rows).to_have_count(130)
    assert abs(page.evaluate("scrollY") - place) < 5


def test_the_list_is_walked_and_opened_with_the_keyboard(filled: Intake, page: Page) -> None:
    page.goto(filled.url)
    expect(page.locator(ROWS)).to_have_count(3)
    links = page.locator("a.open")
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(links.nth(2)).to_be_focused()
    page.keyboard.press("k")
    expect(links.nth(1)).to_be_focused()
    outline = links.nth(1).evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("tree")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(ROWS)).to_have_count(3)

    page.keyboard.press("/")
    expect(page.get_by_label("Search text")).to_be_focused()
    page.keyboard.type("jg")
    assert page.get_by_label("Search text").input_value() == "jg"
    page.keyboard.press("Escape")
    expect(page.get_by_label("Search text")).not_to_be_focused()


def test_letters_lead_to_the_other_views_and_the_help_names_them(
    filled: Intake, page: Page
) -> None:
    page.goto(filled.url)
    for keys, path in (("gs", "/sessions"), ("go", "/overview"), ("gd", "/drops"), ("gt", "/")):
        page.keyboard.type(keys)
        page.wait_for_url(filled.url + path)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("next error")
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_search_says_what_it_has_not_searched_yet_and_follows(intake: Intake, page: Page) -> None:
    intake.run("plain", "--text", "heliotrope")
    behind = [True]

    def answer(route: Route) -> None:
        # The intake as it is a moment after much has come.
        real = route.fetch()
        body = real.json()
        assert "unsearched_spans" in body
        if behind[0]:
            body = {"traces": [], "next": None, "unsearched_spans": 1234}
        route.fulfill(response=real, json=body)

    page.route("**/api/ui/traces?*q=heliotrope*", answer)
    page.goto(f"{intake.url}/?q=heliotrope")
    told = page.locator(".behind")
    expect(told).to_have_text("1,234 new spans are not indexed yet; this list will update.")
    behind[0] = False
    expect(page.locator(ROWS)).to_have_count(1)
    expect(told).to_be_hidden()


def test_a_burst_of_more_traces_than_a_page_leaves_no_hole_in_the_list(
    intake: Intake, page: Page
) -> None:
    intake.run("plain", "--count", "30", "--name", "before")
    page.goto(intake.url)
    rows = page.locator(ROWS)
    expect(rows).to_have_count(30)
    page.mouse.wheel(0, 500)
    page.wait_for_function("scrollY > 300")
    intake.run("plain", "--count", "120", "--name", "burst")
    page.get_by_role("button", name="new traces").click()
    expect(rows.first).to_contain_text("burst 119")
    for _ in range(40):
        if rows.count() == 150:
            break
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(100)
    names = {each.split("\n")[0] for each in rows.locator("a.open").all_inner_texts()}
    assert {f"burst {number}" for number in range(120)} <= names


def test_a_slow_answer_about_the_choices_does_not_bring_an_old_filter_back(
    filled: Intake, page: Page
) -> None:
    held = []
    page.route("**/api/ui/facets**", lambda route: held.append(route))
    page.goto(f"{filled.url}/?status=error")
    expect(page.locator(ROWS)).to_have_count(1)
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.locator(ROWS)).to_have_count(3)
    for route in held:
        route.continue_()
    expect(page.locator("select[name=app] option")).to_have_count(2)
    page.get_by_label("Search text").fill("parcel")
    page.wait_for_url("**/?q=parcel")


def test_a_line_of_the_list_has_room_for_its_first_model_and_two_evaluations_in_a_row(
    filled: Intake, page: Page
) -> None:
    page.goto(filled.url)
    failed = page.locator("table.traces tbody tr.failed")
    model = failed.locator(".pill.model").first
    expect(model).to_have_text("claude-sonnet-4")
    assert model.evaluate("e => e.scrollWidth <= e.clientWidth")
    tops = [each.bounding_box() for each in failed.locator("td.evals .pill").all()]
    assert len({place["y"] for place in tops if place}) == 2
