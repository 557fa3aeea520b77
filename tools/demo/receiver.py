"""The receiver behind the demo's intake: Datadog's own local one, and what it says it received.

`lapdog.server` is part of `ddapm-test-agent`. It takes what an SDK sends to an agent, so what is
read here went through code that is not ours.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from .processes import Processes, without_the_network

SPANS_PATH = "/api/v2/llmobs"

Span = dict[str, Any]


class Receiver:
    """A running receiver on a free loopback port."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        port, otlp_http, otlp_grpc = _free_ports(3)
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "receiver.log"
        env = without_the_network(os.environ)
        # It looks into the home folder for the sessions of coding agents; there are none here.
        env["HOME"] = str(folder)
        command = [sys.executable, "-m", "lapdog.server", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--web-ui-port", "0"]
        command += ["--otlp-http-port", str(otlp_http), "--otlp-grpc-port", str(otlp_grpc)]
        command += ["--disable-llmobs-data-forwarding", "--snapshot-dir", str(folder)]
        self.process = processes.start(command, env, folder, self.log)

    def wait_until_ready(self) -> None:
        """Returns when it answers. The time limit of the whole demo is the limit here, too."""
        while True:
            try:
                self._get("/info")
                return
            except (urllib.error.URLError, ConnectionError):
                self._check()
                time.sleep(0.05)

    def raw_spans(self) -> list[Span]:
        """Every span of every request it has stored, as it came; one sent twice is there twice."""
        return [
            span
            for request in reversed(self._get("/test/session/requests"))
            if request["url"].split("?")[0].endswith(SPANS_PATH)
            for envelope in json.loads(base64.b64decode(request["body"]))
            for span in envelope["spans"]
        ]

    def _get(self, path: str) -> Any:
        # No proxy of the environment may stand between two ends of loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + path, timeout=10) as response:
            return json.load(response)

    def _check(self) -> None:
        if self.process.poll() is not None:
            raise subprocess.CalledProcessError(self.process.returncode, "lapdog.server")


def _free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different since held at the same time."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
