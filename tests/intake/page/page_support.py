"""A running intake, and a tab of a real browser that looks at its page."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = Path(__file__).resolve().parent / "programs"
WIDE = {"width": 1280, "height": 800}
#: Long enough for a busy machine; nothing waits that long when all is well.
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


def binary() -> Path:
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    found = target / "intake" / f"witspan{'.exe' if os.name == 'nt' else ''}"
    if not found.exists():
        pytest.fail("the intake is not built: run `just intake`")
    return found


class Intake:
    """A running intake with an empty database, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "intake.log"
        command = [binary(), "intake", "--port", str(port), "--data", folder / "data"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE_MS / 1000
        while True:
            try:
                self.get("status")
                return
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None or time.monotonic() > until:
                    pytest.fail(f"the intake did not start:\n{self.log.read_text()}")
                time.sleep(0.05)

    def get(self, path: str) -> Any:
        """An answer of the intake to its page."""
        with urllib.request.urlopen(f"{self.url}/api/ui/{path}", timeout=30) as answer:
            return json.load(answer)

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
        """That of a program that sends here."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("DD_")}
        return {**kept, "DD_TRACE_AGENT_URL": self.url}

    def trace(self, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """The newest trace that is `wanted`, as it is listed."""
        return next(each for each in self.get("traces")["traces"] if wanted(each))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class Tab:
    """A tab of the browser, with everything that went wrong in it."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.wrong: list[str] = []
        #: Errors that the test itself brings about.
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
