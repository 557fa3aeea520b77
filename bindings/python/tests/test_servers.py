"""Servers that have handlers of their own, and put back what they found before they end.

uvicorn loads the application while its handlers stand (in its workers, with `--reload`, and always
where tracing starts in `lifespan` or in a request), waits for its requests when SIGTERM comes, puts
back the system's own handling, and raises the signal again: nothing of Python runs after that.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest
from python_support import Receiver

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

APPLICATION = """
    import os, signal, threading
    from witspan import LLMObs

    WHERE = os.environ["WHERE"]

    def enable():
        before = signal.getsignal(signal.SIGTERM)
        LLMObs.enable(ml_app="served")
        assert signal.getsignal(signal.SIGTERM) == before

    def make(name, count):
        for _ in range(count):
            with LLMObs.task(name=name):
                pass

    if WHERE == "import":
        enable()

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            if WHERE == "lifespan":
                enable()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            # The very last moment before the server ends.
            make("shutdown", 30)
            await send({"type": "lifespan.shutdown.complete"})
            return
        if WHERE == "request" and not LLMObs.enabled:
            thread = threading.Thread(target=enable)
            thread.start()
            thread.join()
        make("request", 10)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""


class Served:
    """How a server ended, and how many processes had answered."""

    def __init__(self, end: int, workers: int) -> None:
        self.end = end
        self.workers = workers


def ask(port: int) -> bytes:
    """An answer. A worker may not listen yet where the port is already told."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    until = time.monotonic() + 60
    while True:
        try:
            connection.connect()
            break
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.05)
    connection.request("GET", "/")
    answer = connection.getresponse().read()
    connection.close()
    return answer


def serve(
    receiver: Receiver,
    folder: Path,
    options: list[str],
    ends: signal.Signals,
    where: str,
    **variables: str,
) -> Served:
    """Runs uvicorn, asks it 10 times, and ends it by a signal to all of its processes."""
    (folder / "served.py").write_text(textwrap.dedent(APPLICATION))
    env = {**os.environ, "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url, "WHERE": where, **variables}
    command = [sys.executable, "-m", "uvicorn", "served:app", "--port", "0", *options]
    with subprocess.Popen(
        command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as server:
        assert server.stderr is not None
        said = ""
        port: re.Match[str] | None = None
        # A worker that is still importing is ended in uvicorn's way, by a traceback.
        workers = 2 if "--workers" in options else 1
        try:
            while port is None or said.count("Application startup complete") < workers:
                line = server.stderr.readline()
                assert line, said
                said += line
                port = port or re.search(r"running on http://127.0.0.1:(\d+)", said)
            answered = set()
            for _ in range(10):
                answered.add(ask(int(port[1])))
        finally:
            # As a terminal does, and a service manager.
            os.killpg(server.pid, ends)
            said += server.communicate(timeout=60)[1]
    assert "Traceback" not in said, said
    return Served(server.returncode, len(answered))


@pytest.mark.parametrize("where", ["import", "lifespan", "request"])
@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("options", [[], ["--workers", "2"], ["--reload"]])
def test_a_server_that_raises_its_signal_again_delivers_and_ends_as_before(
    receiver: Receiver, tmp_path: Path, options: list[str], ends: signal.Signals, where: str
) -> None:
    ended = serve(receiver, tmp_path, options, ends, where)
    made = Counter(event["name"] for event in receiver.events)
    # A worker that was never asked has not started tracing in a request.
    workers = ended.workers if where == "request" or not options else made["shutdown"] // 30
    assert made == {"request": 100, "shutdown": 30 * workers}
    assert workers >= ended.workers
    assert len({event["span_id"] for event in receiver.events}) == len(receiver.events)
    if not options:
        assert ended.end == (-signal.SIGTERM if ends == signal.SIGTERM else 0)
    else:
        assert ended.end == 0


def test_a_server_that_does_not_handle_sighup_delivers_before_it_ends(receiver, tmp_path) -> None:
    ended = serve(receiver, tmp_path, [], signal.SIGHUP, "lifespan")
    assert ended.end == -signal.SIGHUP
    assert Counter(event["name"] for event in receiver.events) == {"request": 100}


def test_a_server_ends_at_once_where_signals_are_left_alone(receiver, tmp_path) -> None:
    ended = serve(receiver, tmp_path, [], signal.SIGTERM, "lifespan", WITSPAN_SIGNALS="0")
    assert ended.end == -signal.SIGTERM
    assert Counter(event["name"] for event in receiver.events)["shutdown"] == 0
