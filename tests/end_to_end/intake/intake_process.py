"""A running intake, for the tests of its page and those of the SDKs."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def built(name: str, verb: str = "just example") -> Path:
    """A program of this checkout, which `verb` builds."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    found = target / "intake" / f"{name}{'.exe' if os.name == 'nt' else ''}"
    if not found.exists():
        pytest.fail(f"{found.name} is not built: run `{verb}`")
    return found


def binary() -> Path:
    return built("witspan", "just intake")


def clean(more: dict[str, str]) -> dict[str, str]:
    """The environment with `more`, without variables that would send elsewhere."""
    drop = ("DD_", "OTEL_", "WITSPAN_", "_DD_")
    return {k: v for k, v in os.environ.items() if not k.startswith(drop)} | more


def long_trace(spans: int, text: str = "hello") -> list[dict[str, Any]]:
    """A root with tasks of a hundred spans each, one span after the other, 1 ms a step.

    Ids count from 1, names are `part` and the id; the trace's id is 77. `text` is each input.
    """
    start = time.time_ns() - 3_600_000_000_000
    found = []
    for number in range(1, spans + 1):
        task = (number - 2) // 100 * 100 + 2
        parent = "undefined" if number == 1 else "1" if number == task else str(task)
        last = {1: spans, task: min(task + 99, spans)}.get(number, number)
        found.append(
            {
                "name": f"part {number}",
                "trace_id": "77",
                "span_id": str(number),
                "parent_id": parent,
                "start_ns": start + number * 1_000_000,
                "duration": (last - number + 1) * 1_000_000,
                "meta": {"kind": "task", "input": {"value": text}},
            }
        )
    return found


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

    def send_spans(
        self, spans: list[dict[str, Any]], app: str = "long", headers: dict[str, str] | None = None
    ) -> None:
        """Sends spans as they are, through the documented HTTP API."""
        body = {"data": {"type": "span", "attributes": {"ml_app": app, "spans": spans}}}
        self._post("/api/intake/llm-obs/v1/trace/spans", body, headers)

    def send_evaluations(self, count: int, begin: int = 0, **about: Any) -> None:
        """Sends scores named `e0`, `e1` and so on, 1 ms one after the other, an hour ago; `about`
        is what they are of, in the members of the documented HTTP API."""
        start = time.time_ns() // 1_000_000 - 3_600_000
        metric = {"metric_type": "score", "score_value": 0.5, "ml_app": "long", **about}
        metrics = [
            {**metric, "label": f"e{number}", "timestamp_ms": start + number}
            for number in range(begin, begin + count)
        ]
        body = {"data": {"type": "evaluation_metric", "attributes": {"metrics": metrics}}}
        self._post("/api/intake/llm-obs/v2/eval-metric", body)

    def _post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> None:
        request = urllib.request.Request(
            f"{self.url}{path}",
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json", **(headers or {})},
        )
        urllib.request.urlopen(request, timeout=60).close()

    def stop(self) -> None:
        """Ends it at once; a second call does nothing."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
