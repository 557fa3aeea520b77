"""The examples that embed the component by hand, each against a real HTTP receiver."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from receiver import NOTHING, Answer, Receiver, free_port

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples" / "embed"
COMMANDS = {
    "javascript": [os.environ.get("NODE") or "node", EXAMPLES / "javascript" / "embed.mjs"],
    "python": [sys.executable, EXAMPLES / "python" / "embed.py"],
}
INTAKE = "/api/intake/llm-obs/v1/trace/spans"
AGENT = "/evp_proxy/v2/api/v2/llmobs"
# With these an origin is a receiver that wants a key; else it is an agent, which needs none.
DIRECT = {"DD_API_KEY": "secret", "DD_LLMOBS_AGENTLESS_ENABLED": "1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.info = Answer(404, body=b"/evp_proxy/v2/ in a body that is not a success")
    yield receiver
    receiver.close()
    assert {request.path for request in receiver.asked} <= {"/info"}


def run(language: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("DD_")}
    return subprocess.run(
        COMMANDS[language],
        env={**env, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def origin(receiver: Receiver, user: str = "") -> str:
    return f"http://{user}127.0.0.1:{receiver.server_port}"


def sent_to(language: str, receiver: Receiver, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs it with the receiver in the place of the intake."""
    return run(language, **DIRECT, DD_LLMOBS_OVERRIDE_ORIGIN=origin(receiver), **more)


def spans(body: bytes) -> dict[str, Any]:
    """The spans of a body in either format, by name."""
    read = json.loads(body)
    groups = read if isinstance(read, list) else [read["data"]["attributes"]]
    return {span["name"]: span for group in groups for span in group["spans"]}


@pytest.mark.parametrize("language", COMMANDS)
def test_a_trace_arrives_nested_and_whole(language: str, receiver: Receiver) -> None:
    ran = sent_to(language, receiver, DD_ENV="staging")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "2 of 2 spans delivered" in ran.stdout
    [(path, headers, body)] = receiver.got
    assert path == INTAKE
    assert headers["dd-api-key"] == "secret"
    assert headers["content-type"] == "application/json"
    assert "witspan-dropped" not in headers
    assert b"secret" not in body
    assert len(spans(body)) == 2
    answer, ask = spans(body)["answer"], spans(body)["ask"]
    assert answer["parent_id"] == "undefined"
    assert ask["parent_id"] == answer["span_id"] != ask["span_id"]
    assert ask["trace_id"] == answer["trace_id"]
    assert ask["start_ns"] >= answer["start_ns"] > 1_700_000_000_000_000_000
    assert ask["meta"]["kind"] == "llm"
    assert ask["meta"]["model_name"] == "gpt-4o"
    assert ask["meta"]["input"]["messages"] == [
        {"role": "user", "content": "Why is the sky blue? 🌈"}
    ]
    assert ask["metrics"]["input_tokens"] == 9
    for tag in (f"language:{language}", "team:search", "env:staging"):
        assert tag in answer["tags"]


@pytest.mark.parametrize("language", COMMANDS)
def test_an_agent_that_says_it_takes_spans_gets_them_without_the_key(
    language: str, receiver: Receiver
) -> None:
    receiver.info = Answer(200, body=b'{"endpoints": ["/evp_proxy/v2/"]}')
    ran = run(language, DD_API_KEY="secret", DD_TRACE_AGENT_URL=origin(receiver, "me:p@ss@"))
    assert (ran.returncode, ran.stderr) == (0, "")
    [(path, headers, body)] = receiver.got
    assert path == AGENT
    assert headers["x-datadog-evp-subdomain"] == "llmobs-intake"
    assert "dd-api-key" not in headers
    assert [asked.headers["authorization"] for asked in receiver.asked] == ["Basic bWU6cEBzcw=="]
    assert headers["authorization"] == "Basic bWU6cEBzcw=="
    assert sorted(spans(body)) == ["answer", "ask"]
    assert "p@ss" not in ran.stdout


@pytest.mark.parametrize("info", [None, b'{"endpoints": ["/v0.4/traces"]}'])
@pytest.mark.parametrize("language", COMMANDS)
def test_an_agent_that_does_not_take_spans_gets_none(
    language: str, info: bytes | None, receiver: Receiver
) -> None:
    if info is not None:
        receiver.info = Answer(200, body=info)
    agent, intake = origin(receiver), origin(receiver) + "/intake"
    ran = run(
        language,
        DD_API_KEY="secret",
        DD_TRACE_AGENT_URL=agent,
        DD_LLMOBS_OVERRIDE_ORIGIN=intake,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(receiver.asked) == 1
    assert [request.path for request in receiver.got] == ["/intake" + INTAKE]
    assert receiver.got[0].headers["dd-api-key"] == "secret"


@pytest.mark.parametrize("first", [503, NOTHING])
@pytest.mark.parametrize("language", COMMANDS)
def test_spans_that_are_not_taken_are_retried_unchanged(
    language: str, first: int, receiver: Receiver
) -> None:
    receiver.answers = [Answer(first), Answer(first)]
    ran = sent_to(language, receiver, WITSPAN_EXIT_TIMEOUT="20")
    assert ran.returncode == 0, ran.stderr
    assert "2 of 2 spans delivered" in ran.stdout
    assert len({request.body for request in receiver.got}) == 1
    assert len(receiver.got) == 3
    [line] = ran.stderr.splitlines()
    assert line.startswith(f"warning: {origin(receiver)} ")
    assert line.endswith("; spans stay in the queue, up to its limit, and are retried")


@pytest.mark.parametrize("language", COMMANDS)
def test_rejected_spans_are_reported_and_not_retried(language: str, receiver: Receiver) -> None:
    receiver.answers = [Answer(403)]
    ran = sent_to(language, receiver)
    assert ran.returncode == 1
    assert "0 of 2 spans delivered" in ran.stdout
    assert len(receiver.got) == 1
    [line] = ran.stderr.splitlines()
    assert line.startswith(f"error: {origin(receiver)} answered 403: 2 spans are dropped")
    assert "DD_API_KEY" in line


@pytest.mark.parametrize("language", COMMANDS)
def test_a_redirect_does_not_take_the_key_along(language: str, receiver: Receiver) -> None:
    receiver.answers = [Answer(307, {"location": "/elsewhere"})]
    ran = sent_to(language, receiver)
    assert ran.returncode == 1
    assert len(receiver.got) == 1


@pytest.mark.parametrize("language", COMMANDS)
def test_the_program_ends_within_the_time_that_the_plan_says(language: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    began = time.monotonic()
    ran = run(language, **DIRECT, DD_LLMOBS_OVERRIDE_ORIGIN=nobody, WITSPAN_EXIT_TIMEOUT="0.5")
    assert time.monotonic() - began < 15
    assert ran.returncode == 1
    assert "0 of 2 spans delivered" in ran.stdout
    assert f"warning: {nobody} could not be reached: " in ran.stderr


@pytest.mark.parametrize("language", COMMANDS)
def test_the_receiver_learns_how_many_spans_were_dropped(language: str, receiver: Receiver) -> None:
    sent_to(language, receiver)
    whole = spans(receiver.got.pop().body)["answer"]
    # Room for the one span, and none for the other, whose model is not cut.
    limit = len(json.dumps(whole, separators=(",", ":"), ensure_ascii=False)) + 4
    ran = sent_to(language, receiver, DD_LLMOBS_EVENT_SIZE_BYTES=str(limit))
    assert "1 of 2 spans delivered" in ran.stdout
    [(_, headers, body)] = receiver.got
    assert list(spans(body)) == ["answer"]
    client, lost = headers["witspan-dropped"].split(";")
    assert client.startswith("client=")
    assert lost == "too_large=1"
    assert "exceeds the size limit of one event" in ran.stderr


@pytest.mark.parametrize("language", COMMANDS)
def test_without_a_key_nothing_is_sent(language: str, receiver: Receiver) -> None:
    ran = run(
        language,
        DD_LLMOBS_AGENTLESS_ENABLED="1",
        DD_LLMOBS_OVERRIDE_ORIGIN=origin(receiver),
    )
    assert ran.returncode == 1
    assert "0 of 2 spans delivered" in ran.stdout
    assert ran.stderr.count("there is no API key") == 1
    assert receiver.got == []


@pytest.mark.parametrize("language", COMMANDS)
def test_a_key_that_no_header_can_hold_is_not_used(language: str, receiver: Receiver) -> None:
    ran = run(language, **{**DIRECT, "DD_API_KEY": "sécret"})
    assert ran.returncode == 1
    assert "`DD_API_KEY` contains characters that a header cannot hold" in ran.stderr
    assert "cret" not in ran.stderr.replace("secret", "")


@pytest.mark.parametrize("language", COMMANDS)
def test_every_diagnostic_of_the_plan_is_printed(language: str, receiver: Receiver) -> None:
    ran = sent_to(language, receiver, DD_LLMOBS_SAMPLE_RATE="2", WITSPAN_INTAKE="x")
    assert ran.returncode == 0
    told = [line.split("`")[1] for line in ran.stderr.splitlines()]
    assert sorted(told) == ["DD_LLMOBS_SAMPLE_RATE", "WITSPAN_INTAKE"]


@pytest.mark.parametrize("language", COMMANDS)
def test_nothing_is_traced_where_tracing_is_off(language: str, receiver: Receiver) -> None:
    ran = sent_to(language, receiver, DD_LLMOBS_ENABLED="0")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "tracing is off: `DD_LLMOBS_ENABLED` is `0`" in ran.stdout
    assert "0 of 0 spans delivered" in ran.stdout
    assert receiver.got == receiver.asked == []
