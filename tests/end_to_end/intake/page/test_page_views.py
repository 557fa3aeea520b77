"""The other views: sessions, side by side, the overview in pictures, what was dropped."""

from __future__ import annotations

import urllib.request

from intake_process import long_trace
from page_support import Intake
from playwright.sync_api import Page, expect

# How many pixels of a chart are not transparent.
INK = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let seen = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at] > 0) seen += 1;
  return seen;
}"""
#: Where a chart shows traces that went well: a click there falls on a bar, whenever they were sent.
BAR = """canvas => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = "var(--accent-fill)";
  const wanted = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
  probe.remove();
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  for (let at = 0; at < data.length; at += 4) {
    if (!wanted.every((each, part) => data[at + part] === each)) continue;
    const scale = canvas.clientWidth / width;
    return { x: ((at / 4) % width) * scale, y: Math.floor(at / 4 / width) * scale };
  }
  return null;
}"""


def test_a_session_is_one_conversation_in_order(filled: Intake, page: Page) -> None:
    page.goto(f"{filled.url}/sessions")
    cards = page.locator(".session-card")
    expect(cards).to_have_count(2)
    expect(cards.first).to_contain_text("chat-2")
    expect(cards.nth(1)).to_contain_text("2 traces")
    cards.nth(1).click()
    turns = page.locator(".turn")
    expect(turns).to_have_count(2)
    expect(turns.nth(0).locator(".from-user")).to_contain_text("My parcel has not moved")
    expect(turns.nth(0).locator(".from-assistant")).to_contain_text("waits at the depot in Basel")
    expect(turns.nth(1).locator(".from-user")).to_contain_text("And when will it arrive?")
    expect(turns.nth(0)).to_contain_text("grounded")
    turns.nth(1).get_by_role("link", name="answer_customer").click()
    expect(page.get_by_role("tree")).to_be_visible()
    page.locator(".trace-head").get_by_role("link", name="chat-1").click()
    expect(turns).to_have_count(2)


def test_a_session_that_is_open_gets_its_next_turn(intake: Intake, page: Page) -> None:
    intake.run("support", "--session", "talk", "--unjudged")
    page.goto(f"{intake.url}/session/talk")
    expect(page.locator(".turn")).to_have_count(1)
    intake.run("support", "--session", "talk", "--question", "Are you there?", "--unjudged")
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn").nth(1)).to_contain_text("Are you there?")


def test_two_marked_traces_stand_side_by_side(filled: Intake, page: Page) -> None:
    page.goto(filled.url)
    expect(page.locator("table.traces tbody tr")).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.get_by_role("link", name="Side by side").click()
    heads = page.locator(".compare-heads")
    expect(heads).to_contain_text("gpt-4o")
    expect(heads).to_contain_text("claude-sonnet-4")
    expect(heads.locator("tr", has_text="Errors")).to_contain_text("1")
    rows = page.locator(".pair-row")
    expect(rows).to_have_count(8)
    expect(rows.filter(has_text="track_parcel")).to_contain_text("error")
    rows.filter(has_text="write").click()
    details = page.locator(".pair-detail .detail")
    expect(details).to_have_count(2)
    for side in details.all():
        expect(side.locator("h2")).to_have_text("write")
        expect(side.locator(".from-assistant").last).to_contain_text("waits at the depot")
    page.reload()
    expect(page.locator(".pair-row[aria-current]")).to_contain_text("write")


def test_two_traces_of_more_than_a_page_say_what_is_compared(intake: Intake, page: Page) -> None:
    intake.send_spans(long_trace(20_010))
    intake.send_spans([{**span, "trace_id": "78"} for span in long_trace(3)])
    page.goto(f"{intake.url}/compare/77/78")
    note = page.locator(".page-note")
    expect(note).to_have_text(
        "Only the first 20,000 of 20,010 spans on the left are compared.Load the next 10"
    )
    page.locator(".pair-row", has_text="part 3").first.click()
    note.get_by_role("button").click()
    expect(note).to_be_hidden()
    expect(page.locator(".pair-row[aria-current]")).to_contain_text("part 3")


def test_a_span_that_took_many_times_as_long_says_how_many_times(
    intake: Intake, page: Page
) -> None:
    root = long_trace(1)[0]
    for trace, ms in (("1", 2), ("2", 3), ("3", 44)):
        intake.send_spans([{**root, "trace_id": trace, "duration": ms * 1_000_000}])
    page.goto(f"{intake.url}/compare/1/2")
    expect(page.locator(".pair-change")).to_have_text("+1.0 ms (+50 %)")
    page.goto(f"{intake.url}/compare/1/3")
    expect(page.locator(".pair-change")).to_have_text("+42 ms (×22)")


def test_a_session_of_more_traces_than_it_shows_leads_to_the_rest(
    intake: Intake, page: Page
) -> None:
    root = long_trace(1)[0]
    for begin in range(0, 502, 251):
        intake.send_spans(
            [
                {**root, "trace_id": str(1000 + at), "session_id": "s", "name": f"turn {at}"}
                | {"start_ns": root["start_ns"] + at * 1_000_000}
                for at in range(begin, begin + 251)
            ]
        )
    page.goto(f"{intake.url}/session/s")
    expect(page.locator(".turn")).to_have_count(500)
    expect(page.locator(".behind")).to_contain_text("the newest 500 traces; 2 older ones are")
    page.locator(".behind").get_by_role("link", name="list of its traces").click()
    expect(page.locator("table.traces tbody tr").first).to_contain_text("turn 501")


def test_a_session_of_very_long_texts_says_where_they_are(intake: Intake, page: Page) -> None:
    root = long_trace(1, "word " * 2_000_000)[0]
    for at in range(5):
        begun = root["start_ns"] + at * 1_000_000
        intake.send_spans(
            [{**root, "trace_id": str(90 + at), "session_id": "s", "start_ns": begun}]
        )
    page.goto(f"{intake.url}/session/s")
    turns = page.locator(".turn")
    expect(turns).to_have_count(5)
    expect(turns.nth(3)).to_contain_text("word word")
    expect(turns.nth(4)).to_contain_text("Messages are hidden because this session is long")


def test_a_span_that_only_one_trace_has_says_so(intake: Intake, page: Page) -> None:
    intake.run("plain", "--name", "same", "--spans", "1")
    intake.run("plain", "--name", "same", "--spans", "2")
    ids = [trace["trace_id"] for trace in intake.get("traces")["traces"]]
    page.goto(f"{intake.url}/compare/{ids[0]}/{ids[1]}")
    expect(page.locator(".pair-row")).to_have_count(21)
    expect(page.locator(".pair-row", has_text="only left")).to_have_count(10)


def test_the_overview_draws_what_was_sent(filled: Intake, page: Page) -> None:
    page.goto(f"{filled.url}/overview?range=1h")
    totals = page.locator(".totals")
    expect(totals.locator("div", has_text="Traces")).to_contain_text("3")
    expect(totals.locator("div", has_text="Failed")).to_contain_text("33 %")
    expect(totals.locator("div", has_text="Spans")).to_contain_text("24")
    titles = [
        "Traces",
        "Duration of traces",
        "Share of traces that failed",
        "Tokens",
        "Cost",
        "Tokens by model",
        "Cost by model",
        "Traces by app",
        "Slowest operations",
        "Operations that fail most",
    ]
    for title in titles:
        canvas = page.get_by_role("img", name=title, exact=True)
        canvas.scroll_into_view_if_needed()
        expect(canvas).to_be_visible()
        assert canvas.evaluate(INK) > 500, title
    models = page.locator(".chart", has=page.get_by_role("heading", name="Tokens by model"))
    models.get_by_text("Numbers").click()
    expect(models.locator("tr", has_text="claude-sonnet-4")).to_contain_text("1,132")
    failing = page.locator(".chart", has=page.get_by_role("heading", name="Operations that fail"))
    failing.get_by_text("Numbers").click()
    expect(failing.locator("tr", has_text="track_parcel")).to_contain_text("33 %")


def test_a_bar_of_the_overview_opens_its_traces(filled: Intake, page: Page) -> None:
    page.goto(f"{filled.url}/overview")
    canvas = page.get_by_role("img", name="Traces", exact=True)
    expect(canvas).to_be_visible()
    page.wait_for_function(f"canvas => ({BAR})(canvas) !== null", arg=canvas.element_handle())
    canvas.click(position=canvas.evaluate(BAR))
    expect(page.locator("table.traces tbody tr").first).to_be_visible()
    assert "from=" in page.url and "to=" in page.url


def test_the_overview_of_one_app_counts_only_that(intake: Intake, page: Page) -> None:
    intake.run("plain", "--app", "one", "--count", "4")
    intake.run("plain", "--app", "two", "--count", "2")
    page.goto(f"{intake.url}/overview")
    first = page.locator(".totals div").first
    expect(first).to_contain_text("6")
    page.get_by_label("App", exact=True).select_option("two")
    expect(first).to_contain_text("2")
    assert "app=two" in page.url


def test_what_a_tracer_reports_as_dropped_is_shown_with_its_reason(
    intake: Intake, page: Page
) -> None:
    page.goto(f"{intake.url}/drops")
    expect(page.get_by_text("Nothing was dropped")).to_be_visible()
    intake.run("plain")
    # The host library reports drops like this, with its next request.
    request = urllib.request.Request(
        f"{intake.url}/api/v2/llmobs",
        data=b'[{"ml_app": "leaky", "_dd.stage": "raw", "event_type": "span", "spans": []}]',
        headers={
            "content-type": "application/json",
            "witspan-dropped": "client=ab12;queue_full=7;too_large=2",
        },
    )
    with urllib.request.urlopen(request, timeout=30):
        pass
    reported = page.locator(".drop-clients")
    expect(reported).to_contain_text("queue_full")
    expect(reported).to_contain_text("7 spans")
    expect(reported).to_contain_text("too_large")
    expect(page.get_by_role("img", name="Dropped, by reason")).to_be_visible()


def test_everything_can_be_deleted_after_a_question(intake: Intake, page: Page) -> None:
    intake.run("plain", "--count", "3")
    page.goto(f"{intake.url}/drops")
    page.get_by_role("button", name="Delete everything…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 3 traces")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert len(intake.get("traces")["traces"]) == 3
    page.get_by_role("button", name="Delete everything…").click()
    dialog.get_by_role("button", name="Delete everything").click()
    expect(page.locator(".drops")).to_contain_text("0 traces, 0 spans")
    page.goto(intake.url)
    expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
