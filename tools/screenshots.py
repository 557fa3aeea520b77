#!/usr/bin/env python3
"""Takes the pictures of docs/pictures: the intake's page with traces of the Python binding.

The conversations are those of the page's tests. Traffic of the past hours, which the overview needs
and no tracer can send, goes through the documented HTTP API. Pictures are PNG with a palette, so
that each stays under 150 KB.
"""

from __future__ import annotations

import io
import json
import math
import random
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from browser import ARGUMENTS, find_browser
from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
INTAKE_TESTS = ROOT / "tests" / "end_to_end" / "intake"
sys.path[:0] = [str(INTAKE_TESTS), str(INTAKE_TESTS / "page")]

from page_support import Intake  # noqa: E402

WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 760}
COLOURS = 256
LARGEST_BYTES = 150_000

TALKS = [
    ("chat-17", "Can I change the address of parcel 4711?", "Yes, until it is loaded. Where to?"),
    ("chat-17", "To Basel, please.", "Done: it goes to Basel and arrives one day later."),
    ("chat-18", "What does a refund take?", "Five working days, to the card you paid with."),
    ("chat-19", "Do you deliver on Saturdays?", "In cities, between 9 and 13 o'clock."),
]


def main() -> None:
    program = find_browser()
    if program is None:
        sys.exit("Chromium is missing: ./bootstrap.sh screenshots gets it, or says how")
    with tempfile.TemporaryDirectory(prefix="witspan-pictures-") as folder:
        intake = Intake(Path(folder))
        try:
            send(intake)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
                PICTURES.mkdir(parents=True, exist_ok=True)
                light = browser.new_context(viewport=WIDE).new_page()
                dark = browser.new_context(viewport=WIDE, color_scheme="dark").new_page()
                phone = browser.new_context(viewport=PHONE, device_scale_factor=2).new_page()
                take(intake, light, dark, phone)
                browser.close()
        finally:
            intake.stop()


def send(intake: Intake) -> None:
    """Some hours of traffic, then conversations that end now."""
    chance = random.Random(7)
    now = time.time_ns()
    for minutes in range(300, 0, -3):
        busy = 3 + round(4 * (1 + math.sin(minutes / 40)))
        backdated(intake, chance, now - minutes * 60_000_000_000, chance.randint(1, busy))
    for session, question, reply in TALKS:
        words = ["--session", session, "--question", question, "--reply", reply]
        intake.run("support", *words, "--pause", "0.12")
    intake.run("support", "--session", "chat-20", "--fail", "--pause", "0.1")
    intake.run("support", "--session", "chat-21", "--pause", "0.15", "--model", "gpt-4o-mini")


def backdated(intake: Intake, chance: random.Random, start: int, traces: int) -> None:
    """Traces of one request and one model's answer each, that began at `start` ns."""
    spans: list[dict[str, Any]] = []
    app = chance.choice(["support-bot", "support-bot", "search", "summaries"])
    for _ in range(traces):
        trace, root, call = (str(chance.randrange(1, 1 << 62)) for _ in range(3))
        took = int(chance.lognormvariate(0.1, 0.5) * 1e9)
        failed = chance.random() < 0.07
        model = chance.choice(["gpt-4o", "gpt-4o-mini", "claude-sonnet-4"])
        tokens = chance.randint(300, 2400), chance.randint(20, 400)
        about: dict[str, Any] = {"kind": "workflow"}
        asked: dict[str, Any] = {"kind": "llm", "model_name": model, "model_provider": "openai"}
        if failed:
            asked["error"] = {"type": "RateLimitError", "message": "try again", "stack": ""}
        common = {"trace_id": trace, "start_ns": start, "status": "ok"}
        spans += [
            {**common, "span_id": root, "parent_id": "undefined", "name": f"{app}.request"}
            | {"duration": took, "meta": about},
            {**common, "span_id": call, "parent_id": root, "name": "complete"}
            | {"duration": took * 0.8, "meta": asked, "status": "error" if failed else "ok"}
            | {
                "metrics": {
                    "input_tokens": tokens[0],
                    "output_tokens": tokens[1],
                    "total_cost": round(tokens[0] * 2.5e-6 + tokens[1] * 1e-5, 6),
                }
            },
        ]
    attributes = {"ml_app": app, "spans": spans}
    request = urllib.request.Request(
        f"{intake.url}/api/intake/llm-obs/v1/trace/spans",
        data=json.dumps({"data": {"type": "span", "attributes": attributes}}).encode(),
        headers={"content-type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=30).close()


def take(intake: Intake, light: Page, dark: Page, phone: Page) -> None:
    traces = intake.get("traces?session=chat-17")["traces"]
    last, first = traces[0], traces[1]
    failed = intake.get("traces?session=chat-20")["traces"][0]
    spans = intake.get(f"traces/{last['trace_id']}?lean=1")["spans"]
    write = next(span["span_id"] for span in spans if span["name"] == "write")

    shot(light, f"{intake.url}/", "table.traces tr", "traces")
    shot(light, f"{intake.url}/trace/{last['trace_id']}?span={write}", ".bubble", "trace")
    shot(dark, f"{intake.url}/overview?range=6h", ".totals dd", "overview")
    shot(light, f"{intake.url}/session/chat-17", ".turn", "session")
    pair = f"{failed['trace_id']}/{first['trace_id']}"
    shot(dark, f"{intake.url}/compare/{pair}", ".pair-detail .detail", "compare")
    shot(phone, f"{intake.url}/trace/{failed['trace_id']}", ".detail", "phone")


def shot(page: Page, address: str, ready: str, name: str) -> None:
    page.goto(address)
    page.evaluate("document.fonts.ready")
    # Once more: now its fonts are there before anything is drawn, on a slow machine too.
    page.reload()
    page.locator(ready).first.wait_for()
    # Charts and what is asked for after the first picture.
    page.wait_for_timeout(1000)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    path = PICTURES / f"{name}.png"
    small.save(path, optimize=True)
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        sys.exit(f"{path.relative_to(ROOT)} is {size} bytes, over {LARGEST_BYTES}: show less")
    print(f"{path.relative_to(ROOT)}: {size // 1000} KB")


if __name__ == "__main__":
    main()
