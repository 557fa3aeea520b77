"""A running intake, and a tab of a real browser that looks at its page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

from intake_process import IntakeProcess, clean
from playwright.sync_api import BrowserContext, Locator, Page, expect

PROGRAMS = Path(__file__).resolve().parent / "programs"
WIDE = {"width": 1280, "height": 800}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
#: Long enough for a busy machine; nothing waits that long when all is well.
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


class Intake(IntakeProcess):
    """A running intake that programs of this folder send to."""

    def run(self, name: str, *arguments: str) -> None:
        """Runs a program of this folder that sends to this intake with witspan's binding."""
        done = subprocess.run(
            [sys.executable, PROGRAMS / f"{name}.py", *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr

    def environment(self) -> dict[str, str]:
        """The environment of a program that sends here."""
        return clean({"DD_TRACE_AGENT_URL": self.url})

    def trace(self, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """The newest trace that is `wanted`, as it is listed."""
        return next(each for each in self.get("traces")["traces"] if wanted(each))


class Tab:
    """A tab of the browser, with everything that went wrong in it."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.wrong: list[str] = []
        #: Errors that the test itself causes.
        self.expected: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        self.page.on("dialog", lambda dialog: self.wrong.append(f"dialog: {dialog.message}"))
        self.page.on("console", self._console)

    def _console(self, message: Any) -> None:
        # The browser says here what its policy refused, and which request failed.
        if message.type == "error":
            self.wrong.append(message.text)

    def check(self) -> None:
        left = [
            text for text in self.wrong if not any(re.search(each, text) for each in self.expected)
        ]
        assert not left, left


def open_trace(page: Page, intake: Intake, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
    trace = intake.trace(wanted)
    page.goto(f"{intake.url}/trace/{trace['trace_id']}")
    expect(page.get_by_role("treeitem").first).to_be_visible()
    return trace


def line(page: Page, name: str) -> Locator:
    return page.get_by_role("treeitem").filter(has_text=name)


def part(page: Page, title: str) -> Locator:
    return page.locator(".detail .part", has=page.get_by_role("heading", name=title, exact=True))


def find(page: Page, words: str) -> None:
    page.get_by_label("Find a span").fill(words)
    page.get_by_label("Find a span").press("Enter")
