"""A scripted HTTP receiver on loopback: gives the answers it was told to, and keeps what it got.

`pytest.ini` puts this folder on the path of every test in Python.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

#: A status that closes the connection without an answer.
NOTHING = 0


class Request(NamedTuple):
    """A request; the names of its headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Receiver(ThreadingHTTPServer):
    """Gives each POST the next of `answers`, then 202, and each GET what `info` is."""

    # Threads that wait for a client to go on do not keep a test waiting.
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int = 0) -> None:
        #: What the next POSTs are answered, in order.
        self.answers: list[Answer] = []
        #: What each GET is answered; by default, as an agent that does not take spans.
        self.info = Answer(404)
        #: The POSTs, in order of arrival.
        self.got: list[Request] = []
        #: The GETs, likewise.
        self.asked: list[Request] = []
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def take(self, request: Request) -> Answer:
        """What a POST is answered; may be overridden."""
        with self.lock:
            self.got.append(request)
            return self.answers.pop(0) if self.answers else Answer(202)

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, *_: object) -> None:
        """A client that went away, or a request that `take` does not accept: it has no answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self._give(self.server.take(Request(self.path, self._names(), body)))

    def do_GET(self) -> None:
        self.server.asked.append(Request(self.path, self._names()))
        self._give(self.server.info)

    def _names(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _give(self, answer: Answer) -> None:
        if answer.status == NOTHING:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        pass
