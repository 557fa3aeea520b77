"""What the page shows about forwarding to another receiver, and about deleting everything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest
from intake_process import ROOT, long_trace
from page_support import Intake
from playwright.sync_api import Locator, Page, expect
from receiver import Answer, Receiver, free_port

KEY = "0123456789abcdef"
#: What an evaluation judges here: a span that never arrives, so that there is no trace.
NOBODY = {"join_on": {"tag": {"key": "order", "value": "9"}}}


def fact(page: Page, name: str) -> Locator:
    """The value of a fact under "This intake"."""
    named = page.locator("dt").get_by_text(name, exact=True)
    return page.locator(".facts > div", has=named).locator("> dd")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Intake]]:
    """Starts an intake of one folder: it forwards to that receiver; without one it only stores."""
    running: list[Intake] = []

    def start_one(*where: str) -> Intake:
        for each in running:
            each.stop()
        forward = ["--forward", *where] if where else []
        running.append(Intake(tmp_path, *forward, env={"DD_API_KEY": KEY}))
        return running[-1]

    yield start_one
    for each in running:
        each.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.close()


def test_requests_for_a_receiver_that_does_not_answer_are_shown_and_can_be_deleted(
    start: Callable[..., Intake], page: Page
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    intake = start(nowhere)
    page.goto(f"{intake.url}/drops")
    delete = page.get_by_role("button", name="Delete everything…")
    expect(fact(page, "Forwarded to")).to_have_text(f"{nowhere} agent, 0 requests delivered")
    expect(fact(page, "Forward queue")).to_have_text("empty")
    expect(fact(page, "Dropped while forwarding")).to_have_text("nothing")
    expect(delete).to_be_disabled()
    intake.send_spans(long_trace(3))
    intake.send_evaluations(2, **NOBODY)
    expect(fact(page, "Forward queue")).to_contain_text("2 requests")
    expect(fact(page, "Forwarding error")).to_contain_text(f"{nowhere} does not answer")
    expect(fact(page, "Forwarding error")).to_contain_text(", retrying")
    # The question is about what is there now, also before the page has looked again.
    intake.send_evaluations(1, **NOBODY)
    delete.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(
        "Delete 1 trace, 3 spans, 3 evaluations, and 3 requests in the forward queue? "
        "Requests in the forward queue will not be delivered."
    )
    dialog.get_by_role("button", name="Delete everything").click()
    expect(fact(page, "Forward queue")).to_have_text("empty")
    lost = fact(page, "Dropped while forwarding")
    expect(lost).to_contain_text("6 spans or evaluations")
    expect(lost).to_contain_text("cleared – deleted on this page while in the forward queue")
    expect(delete).to_be_disabled()


def test_requests_for_another_receiver_can_be_deleted_where_there_are_no_traces(
    start: Callable[..., Intake], page: Page
) -> None:
    intake = start(f"http://127.0.0.1:{free_port()}")
    intake.send_evaluations(1, **NOBODY)
    # Also after a start that forwards nothing.
    intake = start()
    page.goto(f"{intake.url}/drops")
    expect(fact(page, "Forwarded to")).to_have_text("nowhere")
    expect(fact(page, "Forward queue")).to_contain_text("1 request, ")
    expect(fact(page, "Forward queue")).to_contain_text("until --forward names its receiver again")
    expect(fact(page, "Stored")).to_contain_text("0 traces, 0 spans, 1 evaluation")
    delete = page.get_by_role("button", name="Delete everything…")
    # Its place on the keyboard is kept while the numbers change.
    delete.focus()
    intake.send_spans(long_trace(2))
    expect(fact(page, "Stored")).to_contain_text("1 trace, 2 spans")
    expect(delete).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 evaluation, and 1 request in the forward queue")
    dialog.get_by_role("button", name="Delete everything").click()
    expect(fact(page, "Forward queue")).to_have_count(0)
    assert intake.get("status")["waiting"]["requests"] == 0


def test_the_page_tells_a_refused_key_from_a_refused_request(
    receiver: Receiver, start: Callable[..., Intake], page: Page
) -> None:
    receiver.otherwise = Answer(401, body=f"no such key: {KEY}".encode())
    intake = start(f"intake:{receiver.url}")
    intake.send_spans(long_trace(3))
    page.goto(f"{intake.url}/drops")
    trouble = fact(page, "Forwarding error")
    expect(trouble).to_contain_text(f"{receiver.url} answers 401")
    expect(trouble).to_contain_text("The API key may be wrong. To change it, restart")
    expect(trouble).to_contain_text("(the API key)")
    expect(page.locator("body")).not_to_contain_text(KEY)
    expect(fact(page, "Forward queue")).to_contain_text("1 request")
    expect(fact(page, "Dropped while forwarding")).to_have_text("nothing")
    # Now the receiver refuses the request, not the key.
    receiver.otherwise = Answer(422, body=b"no such field")
    lost = fact(page, "Dropped while forwarding")
    expect(lost).to_contain_text("3 spans or evaluations", timeout=60_000)
    expect(lost).to_contain_text("refused – rejected by the receiver")
    expect(fact(page, "Last forwarding error")).to_contain_text("answers 422: no such field")
    expect(fact(page, "Forward queue")).to_have_text("empty")
    receiver.otherwise = Answer(202)
    intake.send_spans(long_trace(3))
    expect(fact(page, "Forwarded to")).to_contain_text("datadog, 1 request delivered")


def test_every_drop_reason_of_the_contract_is_explained(
    start: Callable[..., Intake], page: Page
) -> None:
    contract = (ROOT / "wit" / "types.wit").read_text("utf-8")
    found = re.search(r"enum drop-reason \{(.+?)^    \}", contract, re.S | re.M)
    assert found is not None
    reasons = [name.replace("-", "_") for name in re.findall(r"^ +([a-z-]+),$", found[1], re.M)]
    assert {"open_full", "not_sampled", "no_receiver"} <= set(reasons)
    counts = ";".join(f"{reason}=1" for reason in reasons)
    intake = start()
    intake.send_spans(long_trace(1), headers={"witspan-dropped": f"client=ab12;{counts}"})
    page.goto(f"{intake.url}/drops")
    rows = page.locator(".drop-clients .facts > div")
    expect(rows).to_have_count(len(reasons))
    for reason in reasons:
        row = rows.filter(has=page.get_by_text(reason, exact=True))
        expect(row.locator("dt")).to_have_text("1 span")
        expect(row.locator("dd")).to_have_text(re.compile(f"^{reason} – [a-z].+"))
