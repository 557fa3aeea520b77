"""Pictures and sounds of messages: drawn and played out of spans, never fetched, never run."""

from __future__ import annotations

import base64
import sys
from typing import Callable

from intake_process import long_trace
from page_support import PROGRAMS, Intake, Tab, open_trace, part
from playwright.sync_api import Page, expect

sys.path.insert(0, str(PROGRAMS))
from media import DOT, SVG  # noqa: E402

HTML = base64.b64encode(b"<script>window.hostile=1</script>").decode()


def test_a_picture_of_a_message_is_drawn_unless_it_could_carry_script(
    intake: Intake, page: Page
) -> None:
    intake.run("media")
    open_trace(page, intake, lambda trace: trace["name"] == "look")
    picture = part(page, "Input").locator("img")
    expect(picture).to_have_count(1)
    assert picture.evaluate("async e => { await e.decode(); return e.naturalWidth; }") == 1
    expect(part(page, "Input")).to_contain_text("image/svg+xml")


def test_a_picture_in_a_data_address_is_drawn(intake: Intake, page: Page) -> None:
    # Clients of models write pictures so; also in the letters of base64 that addresses have.
    pictures = [
        {"mime_type": "image/jpg", "content": f"data:image/png;base64,{DOT}"},
        {"mime_type": "IMAGE/PNG", "content": DOT.replace("+", "-").replace("/", "_")},
    ]
    message = {"role": "user", "content": "See", "image_parts": pictures}
    meta = {"kind": "llm", "input": {"messages": [message]}}
    intake.send_spans([{**long_trace(1)[0], "meta": meta}])
    page.goto(f"{intake.url}/trace/77")
    images = page.locator(".bubble img")
    expect(images).to_have_count(2)
    for image in images.all():
        assert image.evaluate("async e => { await e.decode(); return e.naturalWidth; }") == 1


def test_a_sound_of_a_message_is_played_with_the_keyboard(intake: Intake, page: Page) -> None:
    intake.run("media")
    open_trace(page, intake, lambda trace: trace["name"] == "listen")
    heard = part(page, "Input").locator("audio")
    said = part(page, "Output").locator("audio")
    for sound, seconds in ((heard, 0.5), (said, 1.5)):
        expect(sound).to_have_count(1)
        page.wait_for_function("sound => sound.duration > 0", arg=sound.element_handle())
        assert sound.evaluate("e => e.duration") == seconds
    expect(part(page, "Input")).to_contain_text("What is said?")
    page.get_by_role("button", name="Copy the link to this span").focus()
    page.keyboard.press("Tab")
    expect(heard).to_be_focused()
    page.keyboard.press("Space")
    page.wait_for_function("sound => sound.currentTime > 0", arg=heard.element_handle())
    # The keys of the page are not in the way of those of the sound.
    expect(page.locator(".detail h2")).to_have_text("listen")


def test_media_that_is_elsewhere_or_not_what_it_says_is_named_and_never_fetched(
    intake: Intake, open_tab: Callable[..., Tab]
) -> None:
    page = open_tab(permissions=["clipboard-read", "clipboard-write"]).page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    address = f"{intake.url}/api/ui/traces?q=beacon"
    run = "window.hostile=1"
    sounds = [
        {"mime_type": "audio/wav", "content": address},
        {"mime_type": "audio/mpeg", "attachment_key": f"{address}&kept"},
        {"mime_type": "audio/wav", "content": f"javascript:{run}"},
        {"mime_type": f'audio/wav" onerror="{run}', "content": "AAAA"},
        {"mime_type": "audio/wav,<script>", "content": "AAAA"},
        {"mime_type": "constructor", "content": "AAAA"},
        {"mime_type": "audio/wav", "content": f'AAAA" onerror="{run}'},
        {"mime_type": "audio/wav", "content": f"data:text/html;base64,{HTML}"},
        {"mime_type": "audio/wav", "content": "QUFB" * 20},
    ]
    pictures = [
        {"mime_type": "image/png", "content": address},
        {"mime_type": "image/svg+xml", "content": SVG},
        {"mime_type": "image/png", "content": f"data:image/svg+xml;base64,{SVG}"},
        {"mime_type": "text/html", "content": HTML},
        {"mime_type": "image/png", "content": "QUFB" * 20},
    ]
    message = {"role": "user", "content": "", "audio_parts": sounds, "image_parts": pictures}
    meta = {"kind": "llm", "input": {"messages": [message]}}
    intake.send_spans([{**long_trace(1)[0], "meta": meta}])
    page.goto(f"{intake.url}/trace/77")
    bubble = page.locator(".bubble")
    expect(bubble).to_contain_text("audio/wav, not fetched:")
    expect(bubble).to_contain_text("audio/mpeg, kept as")
    # The two of known formats whose bytes are neither.
    expect(bubble).to_contain_text("audio/wav, 60 bytes, which this browser cannot play")
    expect(bubble).to_contain_text("image/png, 60 bytes, which this browser cannot draw")
    assert bubble.locator("audio, img").count() == 0
    assert bubble.locator("p").count() == len(sounds) + len(pictures)
    assert page.evaluate("window.hostile") is None
    bubble.get_by_role("button", name="Copy the address").first.click()
    expect(page.locator("#announce")).to_have_text("Copied the address")
    assert page.evaluate("navigator.clipboard.readText()") in (address, f"{address}&kept")
    page.wait_for_timeout(300)
    assert not [url for url in asked if "beacon" in url]
