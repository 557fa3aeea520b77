"""`--forward` to receivers that are not ours, and to a second intake."""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from intake_process import binary, clean
from receiver import Receiver, free_port, free_ports
from sdk_support import PATIENCE, Intake, run_python
from test_sdks import check


def delivered(intake: Intake, count: int) -> Any:
    """The status of forwarding once so many requests are delivered and the queue is empty."""
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
    port, http, grpc = map(str, free_ports(3))
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


def test_a_receiver_on_this_machine_is_never_behind_a_proxy(tmp_path: Path) -> None:
    second = Intake(tmp_path / "second")
    nowhere = f"http://127.0.0.1:{free_port()}"
    proxies = {"HTTP_PROXY": nowhere, "http_proxy": nowhere, "ALL_PROXY": nowhere, "NO_PROXY": ""}
    first = Intake(tmp_path / "first", "--forward", second.url, env=proxies)
    try:
        send(first, "here", 1, 1)
        assert delivered(first, 1)["last_error"] is None
    finally:
        first.stop()
        second.stop()


def test_a_receiver_is_trusted_by_the_certificates_of_ssl_cert_file(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = tmp_path / "certificate.pem"
    authority.cert_pem.write_to_path(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    receiver = Receiver(tls=context)
    try:
        for env, trusted in (({}, False), ({"SSL_CERT_FILE": str(certificate)}, True)):
            intake = Intake(tmp_path / str(trusted), "--forward", receiver.url, env=env)
            try:
                send(intake, "there", 1, 1)
                until = time.monotonic() + PATIENCE
                status = intake.get("status")["forward"]
                while status["delivered"] == 0 and status["last_error"] is None:
                    assert time.monotonic() < until
                    time.sleep(0.05)
                    status = intake.get("status")["forward"]
                assert (status["delivered"] == 1) is trusted, status
                assert trusted or "certificate" in status["last_error"].lower(), status
            finally:
                intake.stop()
    finally:
        receiver.close()


def send(intake: Intake, app: str, request: int, spans: int, text: str = "") -> None:
    """Spans of one trace, a request, which must be acknowledged."""
    events = [
        {
            "name": "work",
            "span_id": str(request * 1000 + number),
            "trace_id": f"{request:032x}",
            "parent_id": "undefined",
            "start_ns": 1_700_000_000_000_000_000 + request * 1_000_000,
            "duration": 1000,
            "meta": {"kind": "task", "input": {"value": f"span {number} {text}"}},
        }
        for number in range(1, spans + 1)
    ]
    attributes = {"ml_app": app, "spans": events}
    status, _ = intake.post(
        "/api/intake/llm-obs/v1/trace/spans", {"data": {"type": "span", "attributes": attributes}}
    )
    assert status == 202


def forwarded(intake: Intake) -> Any:
    return intake.get("status")["forward"]


def holds(intake: Intake, spans: int) -> Any:
    """The status of the intake once it has stored so many spans."""
    until = time.monotonic() + PATIENCE
    while (status := intake.get("status"))["spans"] < spans and time.monotonic() < until:
        time.sleep(0.1)
    return status


def test_a_long_outage_loses_nothing(tmp_path: Path) -> None:
    port = free_port()
    first = Intake(tmp_path / "first", "--forward", f"http://127.0.0.1:{port}")
    second = None
    try:
        run_python("with_witspan", {"DD_TRACE_AGENT_URL": first.url}, tmp_path)
        check(first.whole_trace(6, 2), "python", "ValueError")
        time.sleep(10)
        waiting = forwarded(first)
        assert waiting["waiting"] >= 2 and waiting["waiting_bytes"] > 0
        assert waiting["oldest_waiting_s"] >= 9 and waiting["failed_tries"] > 3
        assert (waiting["delivered"], waiting["lost"]) == (0, {})
        assert "does not answer" in waiting["last_error"]
        assert "stay in the forward queue" in first.log.read_text()
        second = Intake(tmp_path / "second", port=port)
        check(second.whole_trace(6, 2), "python", "ValueError")
        after = delivered(first, waiting["waiting"])
        assert (after["delivered"], after["lost"]) == (waiting["waiting"], {})
        assert (after["waiting_bytes"], after["oldest_waiting_s"]) == (0, None)
        assert "answers again" in first.log.read_text()
    finally:
        first.stop()
        if second:
            second.stop()


@pytest.mark.parametrize("how", ["http://{at}", "http://{at}/v1/traces", "intake:http://{at}"])
def test_what_was_acknowledged_during_an_outage_outlives_a_kill(tmp_path: Path, how: str) -> None:
    port = free_port()
    env = {"DD_API_KEY": "0123456789abcdef"}
    where = ("--forward", how.format(at=f"127.0.0.1:{port}"))
    intakes = [Intake(tmp_path / "first", *where, env=env)]
    try:
        for request in range(1, 101):
            send(intakes[0], "before", request, 5)
        intakes[0].stop()
        intakes.append(Intake(tmp_path / "first", *where, env=env))
        assert forwarded(intakes[1])["waiting"] == 100
        send(intakes[1], "after", 101, 5)
        second = Intake(tmp_path / "second", port=port)
        intakes.append(second)
        assert holds(second, 505)["spans"] == 505
        status = delivered(intakes[1], 101)
        assert (status["delivered"], status["lost"]) == (101, {})
        listed = second.get("traces?limit=500")["traces"]
        assert {trace["trace_id"] for trace in listed} == {f"{n:032x}" for n in range(1, 102)}
        assert {trace["spans"] for trace in listed} == {5}
    finally:
        for intake in intakes:
            intake.stop()


def test_a_kill_in_the_middle_of_delivery_loses_no_span_and_doubles_none(tmp_path: Path) -> None:
    second = Intake(tmp_path / "second")
    intakes = [second]
    request = 0
    try:
        for _ in range(3):
            intake = Intake(tmp_path / "first", "--forward", second.url)
            intakes.append(intake)
            for _ in range(60):
                request += 1
                send(intake, "killed", request, 3)
            intake.stop()
        intakes.append(Intake(tmp_path / "first", "--forward", second.url))
        status = delivered(intakes[-1], 1)
        assert (status["waiting"], status["lost"]) == (0, {})
        assert holds(second, request * 3)["spans"] == request * 3
        listed = second.get("traces?limit=500")["traces"]
        assert [trace["spans"] for trace in listed] == [3] * request
    finally:
        for intake in intakes:
            intake.stop()


def test_the_forward_queue_keeps_its_limit_and_says_what_is_lost(tmp_path: Path) -> None:
    where = ("--forward", "http://127.0.0.1:9", "--forward-keep", "1MB")
    first = Intake(tmp_path / "first", *where)
    try:
        for request in range(1, 41):
            # Random text, which does not compress.
            send(first, "much", request, 2, secrets.token_hex(50_000))
        full = forwarded(first)
        assert full["waiting_bytes"] <= 1_000_000
        assert full["lost"]["queue_full"] == (40 - full["waiting"]) * 2
        assert first.log.read_text().count("queue_full") == 1
        assert first.get("status")["spans"] == 40 * 2
        assert first.get("drops")["intake"]["forward"]["lost"] == full["lost"]
        first.stop()
        first = Intake(tmp_path / "first", *where)
        again = forwarded(first)
        assert (again["waiting"], again["lost"]) == (full["waiting"], full["lost"])
    finally:
        first.stop()


def test_the_limit_of_the_forward_queue_needs_a_receiver(tmp_path: Path) -> None:
    for wrong in (["--forward-keep", "1GB"], ["--forward", "http://h:1", "--forward-keep", "7d"]):
        refused = subprocess.run(
            [binary(), "intake", "--port", "0", "--data", tmp_path / "data", *wrong],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert refused.returncode != 0
        assert "--forward" in refused.stderr
