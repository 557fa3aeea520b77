"""A receiver of a case's requests: gives the case's answers and remembers what it got."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# The headers that the core names; the host's own are not the suite's business.
NAMED = ("content-type", "x-datadog-evp-subdomain")


class Receiver(ThreadingHTTPServer):
    """Gives the answers in order, then 202; status 0 closes the connection."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name: self.headers[name] for name in NAMED if name in self.headers}
        self.server.sent.append(
            {"path": self.path, "headers": headers, "body": body.decode("utf-8")}
        )
        answer = self.server.answers.pop(0) if self.server.answers else {"status": 202}
        if answer["status"] == 0:
            self.close_connection = True
            return
        self.send_response(answer["status"])
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
