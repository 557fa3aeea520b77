"""The browser that the tests and pictures of the intake's page are made with.

Standard library only, Python 3.9: the bootstrap reads this before anything is installed.
"""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing but the page: no sandbox, because containers run as root; no graphics card; no shared
# memory, of which containers have little; and none of the browser's own errands on the network.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_browser() -> str | None:
    """The program of WITSPAN_BROWSER, or the first known one on the PATH."""
    chosen = os.environ.get("WITSPAN_BROWSER")
    if chosen:
        return shutil.which(chosen)
    return next((found for name in NAMES if (found := shutil.which(name))), None)
