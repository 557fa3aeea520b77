"""A scripted HTTP receiver, on loopback or at a unix socket: it gives the answers that a test
wants, and keeps the requests.

`pytest.ini` puts this folder on the path of every test in Python.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
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
    """Gives each POST or PUT the next of `answers`, then `otherwise`, and each GET `info`.

    It listens at `port`, at a free port, or at the unix socket `path`; with `tls` it speaks HTTPS.
    """

    # A thread that still waits for its client does not hold up the end of a test.
    daemon_threads = True
    block_on_close = False

    def __init__(
        self, port: int = 0, *, path: Path | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        #: The answers to the next POSTs, in order.
        self.answers: list[Answer] = []
        #: The answer to each POST after those.
        self.otherwise = Answer(202)
        #: The answer to each GET; by default that of an agent that does not take spans.
        self.info = Answer(404)
        #: The POSTs, in order of arrival.
        self.got: list[Request] = []
        #: The GETs, likewise.
        self.asked: list[Request] = []
        #: Seconds before a POST is taken and answered; `released` ends them early.
        self.delay = 0.0
        self.released = threading.Event()
        self.lock = threading.Lock()
        if path is not None:
            self.address_family = socket.AF_UNIX
            super().__init__(str(path), _Handler)  # type: ignore[arg-type]
            self.url = f"unix://{path}"
        else:
            super().__init__(("127.0.0.1", port), _Handler)
            self.url = f"http://127.0.0.1:{self.server_port}"
        if tls is not None:
            # The handshake happens in the thread of the connection, where it may fail.
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
            self.url = f"https://localhost:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def take(self, request: Request) -> Answer:
        """The answer to a POST; may be overridden."""
        with self.lock:
            self.got.append(request)
            return self.answers.pop(0) if self.answers else self.otherwise

    def tell(self, request: Request) -> Answer:
        """The answer to a GET; may be overridden."""
        self.asked.append(request)
        return self.info

    def close(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET:
            super().server_bind()
        else:
            # HTTPServer would look for a host and a port.
            self.socket.bind(self.server_address)

    def handle_error(self, *_: object) -> None:
        """A client that went away, or a request that `take` does not accept, gets no answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    # An answer leaves in one piece: a client may wait 40 ms for a second one.
    wbufsize = -1
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.released.wait(self.server.delay)
        self._give(self.server.take(Request(self.path, self._names(), body)))

    do_PUT = do_POST

    def do_GET(self) -> None:
        self._give(self.server.tell(Request(self.path, self._names())))

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


def free_ports(count: int) -> list[int]:
    """Different ports where nobody listens."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def free_port() -> int:
    """A port where nobody listens."""
    return free_ports(1)[0]
