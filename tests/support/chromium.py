"""The browser that tests of pages share: the machine's Chromium, driven by Playwright."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from browser import ARGUMENTS, find_browser  # noqa: E402


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser, until the block ends; the test fails where there is none."""
    program = find_browser()
    if program is None:
        pytest.fail("Chromium is missing: ./bootstrap.sh test gets it, or says how")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()
