"""A running intake, and programs on real SDKs that their environment points at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = Path(__file__).resolve().parent / "programs"
#: Long enough for a busy machine; nothing waits that long when all is well.
PATIENCE = 60.0


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


class Intake:
    """`witspan intake` on a free port, with its data in `folder`."""

    def __init__(self, folder: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.log = folder / "intake.log"
        folder.mkdir(parents=True, exist_ok=True)
        command = [binary(), "intake", "--port", "0", "--data", folder / "data", *arguments]
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
        with urllib.request.urlopen(f"{self.url}/api/ui/{path}", timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        request = urllib.request.Request(
            f"{self.url}{path}", data, {"Content-Type": "application/json"} | named
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def whole_trace(self, spans: int, evaluations: int = 0) -> Any:
        """The newest trace, once it has so much."""
        until = time.monotonic() + PATIENCE
        found: Any = None
        while time.monotonic() < until:
            traces = self.get("traces")["traces"]
            if traces:
                found = self.get(f"traces/{urllib.parse.quote(traces[0]['trace_id'])}")
                if len(found["spans"]) >= spans and len(found["evaluations"]) >= evaluations:
                    return found
            time.sleep(0.1)
        return found

    def command(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Another verb of the binary, which asks this intake."""
        return subprocess.run(
            [binary(), *arguments],
            env=clean({"WITSPAN_INTAKE_URL": self.url} | env),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
        )

    def stop(self) -> None:
        """Ends it at once; a second call does nothing."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def run_program(command: list[str | Path], env: dict[str, str], cwd: Path) -> None:
    done = subprocess.run(
        command, env=clean(env), cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def run_python(name: str, env: dict[str, str], cwd: Path) -> None:
    run_program([sys.executable, PROGRAMS / f"{name}.py"], env, cwd)
