"""The examples that embed the component by hand, each against a real HTTP receiver."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "embed"
COMMANDS = {
    "javascript": [os.environ.get("NODE") or "node", EXAMPLES / "javascript" / "embed.mjs"],
    "python": [sys.executable, EXAMPLES / "python" / "embed.py"],
}
PATH = "/api/intake/llm-obs/v1/trace/spans"
# A status that closes the connection without an answer.
NOTHING = 0


class Receiver(ThreadingHTTPServer):
    """Gives the answers it is told to give, then 202, and remembers what it got."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append((self.path, headers, body))
        status = self.server.answers.pop(0) if self.server.answers else 202
        if status != NOTHING:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


def run(language: str, receiver: Receiver, **more: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("DD_")}
    env["DD_LLMOBS_OVERRIDE_ORIGIN"] = f"http://127.0.0.1:{receiver.server_address[1]}"
    return subprocess.run(
        COMMANDS[language],
        env={**env, **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def spans(body: bytes) -> dict[str, Any]:
    """The spans of a body, by name."""
    sent = json.loads(body)["data"]["attributes"]["spans"]
    assert len(sent) == 2
    return {span["name"]: span for span in sent}


@pytest.mark.parametrize("language", COMMANDS)
def test_a_trace_arrives_nested_and_whole(language: str, receiver: Receiver) -> None:
    ran = run(language, receiver, DD_API_KEY="secret")
    assert ran.returncode == 0, ran.stderr
    assert "2 of 2 spans delivered" in ran.stdout
    [(path, headers, body)] = receiver.got
    assert path == PATH
    assert headers["dd-api-key"] == "secret"
    assert headers["content-type"] == "application/json"
    assert b"secret" not in body
    answer, ask = spans(body)["answer"], spans(body)["ask"]
    assert answer["parent_id"] == "undefined"
    assert ask["parent_id"] == answer["span_id"] != ask["span_id"]
    assert ask["trace_id"] == answer["trace_id"] == ran.stdout.splitlines()[0].split()[1]
    assert ask["start_ns"] >= answer["start_ns"] > 1_700_000_000_000_000_000
    assert ask["meta"]["kind"] == "llm"
    assert ask["meta"]["model_name"] == "gpt-4o"
    assert ask["meta"]["input"]["messages"] == [
        {"role": "user", "content": "Why is the sky blue? 🌈"}
    ]
    assert ask["metrics"]["input_tokens"] == 9
    assert f"language:{language}" in answer["tags"]
    assert "team:search" in answer["tags"]


@pytest.mark.parametrize("first", [503, NOTHING])
@pytest.mark.parametrize("language", COMMANDS)
def test_what_is_not_taken_is_sent_again_unchanged(
    language: str, first: int, receiver: Receiver
) -> None:
    receiver.answers = [first]
    ran = run(language, receiver, DD_API_KEY="secret")
    assert ran.returncode == 0, ran.stderr
    assert "again in " in ran.stdout
    assert "2 of 2 spans delivered" in ran.stdout
    assert len(receiver.got) == 2
    assert receiver.got[0][2] == receiver.got[1][2]


@pytest.mark.parametrize("language", COMMANDS)
def test_what_is_refused_is_counted_and_not_sent_again(language: str, receiver: Receiver) -> None:
    receiver.answers = [403]
    ran = run(language, receiver, DD_API_KEY="wrong")
    assert ran.returncode == 1
    assert "dropped: rejected" in ran.stdout
    assert "0 of 2 spans delivered" in ran.stdout
    assert len(receiver.got) == 1


@pytest.mark.parametrize("language", COMMANDS)
def test_without_a_key_nothing_is_sent(language: str, receiver: Receiver) -> None:
    ran = run(language, receiver)
    assert ran.returncode == 1
    assert "DD_API_KEY is missing" in ran.stderr
    assert receiver.got == []
