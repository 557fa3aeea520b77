"""A running intake, which the tests of its page and those of the SDKs start alike."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def binary() -> Path:
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    found = target / "intake" / f"witspan{'.exe' if os.name == 'nt' else ''}"
    if not found.exists():
        pytest.fail("the intake is not built: run `just intake`")
    return found


def clean(more: dict[str, str]) -> dict[str, str]:
    """The environment without what would send elsewhere, with `more`."""
    drop = ("DD_", "OTEL_", "WITSPAN_", "_DD_")
    return {k: v for k, v in os.environ.items() if not k.startswith(drop)} | more


class IntakeProcess:
    """`witspan intake` on a free port, or on `port`, with its data in `folder`."""

    def __init__(
        self, folder: Path, *arguments: str, env: dict[str, str] | None = None, port: int = 0
    ) -> None:
        self.log = folder / "intake.log"
        folder.mkdir(parents=True, exist_ok=True)
        command = [binary(), "intake", "--port", str(port), "--data", folder / "data"]
        command += arguments
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=clean(env or {}),
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        if ": http" not in line:
            pytest.fail(f"the intake did not start:\n{self.log.read_text()}")
        self.url = line.split(": ", 1)[1].strip()

    def get(self, path: str) -> Any:
        """An answer of the intake to its page."""
        with urllib.request.urlopen(f"{self.url}/api/ui/{path}", timeout=30) as answer:
            return json.load(answer)

    def stop(self) -> None:
        """Ends it at once; a second call does nothing."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
