"""Opens a page in a browser, prints its text once it stands still, and leaves: open_page.py URL."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "tools"))

from browser import ARGUMENTS, find_browser  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402


def main() -> None:
    [url] = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        page = browser.new_page()
        page.on("pageerror", lambda error: print(error))
        page.on("console", lambda message: print(message.text))
        page.goto(url, wait_until="networkidle")
        print(page.inner_text("body"))
        page.goto("about:blank")
        browser.close()


if __name__ == "__main__":
    main()
