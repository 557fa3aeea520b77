"""`witspan doctor`, which makes the plan of a tracer, and how other verbs report wrong settings."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from intake_process import binary, clean
from receiver import Answer, Receiver
from sdk_support import PATIENCE, Intake

NOBODY = "http://127.0.0.1:9"


def agent(path: Path | None = None) -> Receiver:
    """A receiver that says it is an agent and takes spans."""
    receiver = Receiver(path=path)
    receiver.info = Answer(200, body=b'{"version":"7.8","endpoints":["/evp_proxy/v2/"]}')
    return receiver


def witspan(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [binary(), *arguments],
        env=clean({"WITSPAN_INTAKE_URL": NOBODY} | env),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )


def test_doctor_says_what_is_reachable_and_hides_the_key(intake: Intake) -> None:
    key = "0123456789abcdef0123456789abcdef"
    env = {"DD_TRACE_AGENT_URL": intake.url, "DD_LLMOBS_ML_APP": "shop", "DD_API_KEY": key}
    well = intake.command("doctor", DD_LLMOBS_AGENTLESS_ENABLED="0", **env)
    assert well.returncode == 0, well.stdout
    assert key not in well.stdout + well.stderr
    assert "set, 32 characters, hidden" in well.stdout
    assert f"+ agent            {intake.url}" in well.stdout
    assert f"spans of ML app `shop` to {intake.url}/evp_proxy/v2/api/v2/llmobs" in well.stdout
    ill = intake.command("doctor", DD_TRACE_AGENT_URL="http://127.0.0.1:9", WITSPAN_INTAKE="x")
    assert ill.returncode == 1
    assert "accepted: public or sdk" in ill.stdout
    assert "nothing would arrive" in ill.stdout


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("DD_TRACE_AGENT_URL", "ftp://host", "has an unknown scheme"),
        ("DD_TRACE_AGENT_URL", "localhost:8126", "has no scheme"),
        ("DD_LLMOBS_OVERRIDE_ORIGIN", "http://[::1", "has an unclosed bracket"),
        ("DD_AGENT_HOST", "http://host", "accepted: a host name or address"),
        ("DD_TRACE_AGENT_PORT", "many", "accepted: a number from 1 to 65535"),
    ],
)
def test_a_setting_that_cannot_work_is_named_and_its_address_is_not_asked(
    variable: str, value: str, why: str
) -> None:
    told = witspan("doctor", **{variable: value})
    (line,) = (line for line in told.stdout.splitlines() if line.startswith("  ! "))
    assert line.startswith(f"  ! `{variable}` is `") and why in line
    assert "no usable receiver is configured" in told.stdout
    assert (told.returncode, "to no receiver: " in told.stdout) == (1, True)


def test_a_key_with_a_line_feed_is_not_used() -> None:
    env = {"DD_API_KEY": "0123456789\nabcdef", "DD_LLMOBS_AGENTLESS_ENABLED": "1"}
    told = witspan("doctor", **env)
    assert "! `DD_API_KEY` contains characters that a header cannot hold" in told.stdout
    assert "to no receiver: there is no API key" in told.stdout and told.returncode == 1
    started = witspan("intake", "--data", ":memory:", "--port", "0", "--forward", "datadog", **env)
    assert started.returncode == 1
    assert "is invalid: `DD_API_KEY` contains characters" in started.stderr
    assert "0123456789" not in told.stdout + told.stderr + started.stdout + started.stderr


@pytest.mark.parametrize("held", [None, "no certificate"])
def test_an_unusable_certificate_file_is_reported_at_once(held: str | None, tmp_path: Path) -> None:
    file = tmp_path / "certificates.pem"
    if held is not None:
        file.write_text(held)
    env = {"SSL_CERT_FILE": str(file), "DD_API_KEY": "x" * 32, "DD_LLMOBS_AGENTLESS_ENABLED": "1"}
    told = witspan("doctor", **env)
    sentence = f"`SSL_CERT_FILE` is `{file}`, which cannot be used: "
    assert f"  ! {sentence}" in told.stdout and "to no receiver: " in told.stdout
    assert told.returncode == 1
    started = witspan("intake", "--data", ":memory:", "--port", "0", "--forward", "datadog", **env)
    assert (started.returncode, sentence in started.stderr) == (1, True)


def test_doctor_lists_the_trusted_certificates(tmp_path: Path) -> None:
    import trustme

    file = tmp_path / "certificates.pem"
    trustme.CA().cert_pem.write_to_path(file)
    told = witspan("doctor", SSL_CERT_FILE=str(file), DD_TRACE_AGENT_URL=NOBODY)
    assert f"+ certificates     {file}: 1; only these are trusted" in told.stdout


def test_the_user_name_of_an_agent_is_sent_and_not_printed() -> None:
    # A proxy in front of an agent may want it.
    server = agent()
    at = server.url.replace("//", "//user:hunter2@")
    told = witspan("doctor", DD_TRACE_AGENT_URL=at)
    server.close()
    assert f"+ agent            {server.url}: version 7.8, takes spans" in told.stdout
    assert "with the user name and password of DD_TRACE_AGENT_URL" in told.stdout
    basic = base64.b64encode(b"user:hunter2").decode()
    assert server.asked[0].headers["authorization"] == f"Basic {basic}"
    assert "hunter2" not in told.stdout and basic not in told.stdout
    assert told.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there are no unix sockets")
def test_an_agent_at_a_unix_socket_is_asked_what_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "apm.socket"
    missing = witspan("doctor", DD_TRACE_AGENT_URL=f"unix://{path}")
    assert f"- agent            unix://{path}: No such file" in missing.stdout
    server = agent(path)
    told = witspan("doctor", DD_TRACE_AGENT_URL=server.url)
    server.close()
    assert f"+ agent            unix://{path}: version 7.8, takes spans" in told.stdout
    assert f"/api/v2/llmobs over unix://{path}" in told.stdout
    assert told.returncode == 0, told.stdout


def test_every_setting_can_be_printed() -> None:
    told = witspan("doctor", "--variables")
    assert told.returncode == 0
    assert "DD_LLMOBS_ML_APP, in code `ml_app`: " in told.stdout
    assert "in code `batch_spans`: " in told.stdout
    assert "read by the command; secret: all of it" in told.stdout


def test_a_wrong_url_of_the_intake_is_reported_with_its_variable() -> None:
    told = witspan("show", "last", WITSPAN_INTAKE_URL="localhost:8126")
    assert (
        "(--intake or WITSPAN_INTAKE_URL) is `localhost:8126`, which has no scheme" in told.stderr
    )
    assert told.returncode == 1
