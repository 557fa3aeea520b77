"""A running intake, and programs on real SDKs that their environment points at it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from intake_process import IntakeProcess, binary, clean

PROGRAMS = Path(__file__).resolve().parent / "programs"
#: Long enough for a busy machine; nothing waits that long when all is well.
PATIENCE = 60.0


class Intake(IntakeProcess):
    """A running intake that programs on real SDKs send to."""

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


def run_program(command: list[str | Path], env: dict[str, str], cwd: Path) -> None:
    done = subprocess.run(
        command, env=clean(env), cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def run_python(name: str, env: dict[str, str], cwd: Path) -> None:
    run_program([sys.executable, PROGRAMS / f"{name}.py"], env, cwd)
