"""`--forward` to receivers that are not ours, and to a second intake."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from intake_process import clean
from sdk_support import PATIENCE, Intake, run_python
from test_sdks import check


def delivered(intake: Intake, count: int) -> Any:
    """The relay's status once it delivered so many requests and nothing waits."""
    until = time.monotonic() + PATIENCE
    while True:
        status = intake.get("status")["forward"]
        done = status["delivered"] >= count and status["waiting"] == 0
        if done or time.monotonic() > until:
            return status
        time.sleep(0.1)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """Datadog's own test agent."""
    with socket.socket() as one, socket.socket() as two, socket.socket() as three:
        for each in (one, two, three):
            each.bind(("127.0.0.1", 0))
        port, http, grpc = (str(each.getsockname()[1]) for each in (one, two, three))
    command = [sys.executable, "-m", "lapdog.server", "--host", "127.0.0.1", "--port", port]
    command += ["--web-ui-port", "0", "--otlp-http-port", http, "--otlp-grpc-port", grpc]
    command += ["--disable-llmobs-data-forwarding", "--snapshot-dir", str(tmp_path)]
    with open(tmp_path / "agent.log", "wb") as log:
        process = subprocess.Popen(
            command, env=clean({"HOME": str(tmp_path)}), stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(f"{url}/info", timeout=5).close()
            break
        except OSError:
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.1)
    yield url
    process.kill()
    process.wait()


def test_an_agent_gets_every_span_that_was_acknowledged_here(agent: str, tmp_path: Path) -> None:
    intake = Intake(tmp_path / "intake", "--forward", agent)
    try:
        run_python("with_witspan", {"DD_TRACE_AGENT_URL": intake.url}, tmp_path)
        check(intake.whole_trace(6, 2), "python", "ValueError")
        status = delivered(intake, 2)
        assert (status["kind"], status["lost"], status["to"]) == ("agent", {}, agent)
        with urllib.request.urlopen(f"{agent}/test/session/requests", timeout=30) as answer:
            requests = json.load(answer)
        bodies = [
            json.loads(base64.b64decode(each["body"]))
            for each in requests
            if each["url"].split("?")[0].endswith("/evp_proxy/v2/api/v2/llmobs")
        ]
        names = {span["name"] for body in bodies for one in body for span in one["spans"]}
        assert names == {"helper", "ask", "weather", "search", "embed", "broken"}
    finally:
        intake.stop()


@pytest.mark.parametrize("how", ["{url}", "{url}/v1/traces", "intake:{url}"])
@pytest.mark.parametrize("program", ["with_witspan", "with_opentelemetry"])
def test_a_second_intake_shows_the_same_trace(tmp_path: Path, how: str, program: str) -> None:
    second = Intake(tmp_path / "second")
    key = "0123456789abcdef"
    where = how.format(url=second.url)
    first = Intake(tmp_path / "first", "--forward", where, env={"DD_API_KEY": key})
    try:
        env = {"DD_TRACE_AGENT_URL": first.url, "OTEL_EXPORTER_OTLP_ENDPOINT": first.url}
        run_python(program, env, tmp_path)
        judged = program == "with_witspan" and not how.endswith("/v1/traces")
        check(second.whole_trace(6, 2 if judged else 0), "python", "ValueError", judged=judged)
        told = json.dumps([first.get("status"), first.get("drops")])
        assert key not in told
        assert key not in first.log.read_text()
    finally:
        first.stop()
        second.stop()


def test_a_receiver_that_is_away_delays_and_breaks_nothing(tmp_path: Path) -> None:
    intake = Intake(tmp_path / "intake", "--forward", "http://127.0.0.1:9")
    try:
        run_python("with_witspan", {"DD_TRACE_AGENT_URL": intake.url}, tmp_path)
        check(intake.whole_trace(6, 2), "python", "ValueError")
        until = time.monotonic() + PATIENCE
        while not intake.get("drops")["intake"]["forward"]["lost"] and time.monotonic() < until:
            time.sleep(0.2)
        forward = intake.get("drops")["intake"]["forward"]
        assert forward["lost"]["not_delivered"] > 0
        assert "does not answer" in forward["last_error"]
    finally:
        intake.stop()
