"""A real intake, real programs that send to it, and a real browser that looks at its page.

Every test also fails if the page's script fails, if the browser's console has an error, or if
something is blocked by the page's policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from chromium import launched
from page_support import WIDE, Intake, Tab
from playwright.sync_api import Browser, Page


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    started = Intake(tmp_path)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    """An intake with some conversations, for tests that only look."""
    started = Intake(tmp_path_factory.mktemp("filled"))
    started.run("support", "--session", "chat-1")
    started.run("support", "--session", "chat-1", "--question", "And when will it arrive?")
    started.run("support", "--session", "chat-2", "--fail", "--model", "claude-sonnet-4")
    yield started
    started.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def open_tab(chromium: Browser) -> Iterator[Callable[..., Tab]]:
    """Opens tabs, each in a profile of its own: `open_tab(color_scheme="dark")`."""
    tabs: list[Tab] = []

    def open_one(**options: Any) -> Tab:
        tab = Tab(chromium.new_context(**{"viewport": WIDE, **options}))
        tabs.append(tab)
        return tab

    yield open_one
    for tab in tabs:
        tab.context.close()
    for tab in tabs:
        tab.check()


@pytest.fixture
def tab(open_tab: Callable[..., Tab]) -> Tab:
    return open_tab()


@pytest.fixture
def page(tab: Tab) -> Page:
    return tab.page
