"""The local intake of the demo: the command that was built here, and what it has of a trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from .processes import Processes, without_the_network

ROOT = Path(__file__).resolve().parents[2]
#: Where tracers look for an agent if nobody says otherwise.
USUAL_PORT = 8126

Span = dict[str, Any]


def built(folder: str, name: str) -> Path:
    """Where cargo leaves a program that it built into `folder` of the target folder."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    return target / folder / f"{name}{'.exe' if os.name == 'nt' else ''}"


class Intake:
    """A running `witspan intake`; with `forward`, what it takes goes on to that receiver."""

    def __init__(self, processes: Processes, folder: Path, forward: str | None) -> None:
        self.command = str(built("intake", "witspan"))
        self.log = folder / "intake.log"
        self.url = ""
        self._processes = processes
        self._folder = folder
        # A checked run must not meet an intake or an agent of the user.
        for port in [0] if forward else [USUAL_PORT, 0]:
            self._start(port, forward)
            if self._ready():
                return
        raise subprocess.CalledProcessError(1, "witspan intake")

    def _start(self, port: int, forward: str | None) -> None:
        command = [self.command, "intake", "--port", str(port), "--data", ":memory:"]
        command += ["--forward", forward] if forward else []
        env = without_the_network(os.environ)
        self.process = self._processes.start(command, env, self._folder, self.log)

    def _ready(self) -> bool:
        """Whether it serves; it says its address first. The demo's time limit is the limit."""
        while True:
            for line in self.log.read_text(errors="replace").splitlines():
                if line.startswith("witspan intake: http"):
                    self.url = line.split(": ", 1)[1]
                    return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.02)

    def raw_spans(self, trace_id: str) -> list[Span]:
        """The spans of a trace as they were sent."""
        shown = self._get(f"/api/ui/traces/{trace_id}")["spans"]
        return [self._get(f"/api/ui/spans/{trace_id}/{each['span_id']}/raw") for each in shown]

    def trace(self, trace_id: str) -> dict[str, Span]:
        """The trace as the page shows it, by span id, in the members that the check compares."""
        shown = self._get(f"/api/ui/traces/{trace_id}")["spans"]
        return {
            each["span_id"]: {
                **each,
                "trace_id": trace_id,
                "parent_id": each["parent_id"] or "undefined",
                "start_ns": round(each["start_ms"] * 1e6),
                "duration": round(each["duration_ms"] * 1e6),
                "meta": {"span": {"kind": each["kind"]}},
            }
            for each in shown
        }

    def forwarded(self) -> None:
        """Returns when nothing waits to be forwarded."""
        while self._get("/api/ui/status")["forward"]["waiting"]:
            time.sleep(0.02)

    def show(self, trace_id: str) -> None:
        """Prints the trace by the command's own verb."""
        command = [self.command, "show", trace_id, "--brief", "--intake", self.url]
        sys.stdout.flush()
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

    def _get(self, path: str) -> Any:
        # No proxy of the environment may stand between two ends of loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url + path, timeout=10) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise OSError(f"{path}: {error}") from error
