"""A server on the loopback that takes everything and answers at once: where every tracer sends.

`python benches/sink.py` prints its port and runs until its standard input is closed. It counts
what came, so that a contender which loses spans is noticed; `GET /counts` tells. `GET /stall?ms=N`
makes it a receiver that hangs: for so long it reads no body and answers nothing.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What each span has once, by the path it is sent to. Searching a body for bytes is so quick that
# the sink needs a small part of one core at 20,000 spans a second.
MARKS = {
    # OTLP: the field `flags`, which the exporter sets in every span and in nothing else; Go's also
    # says there that the span is sampled.
    "/v1/traces": (b"\x85\x01\x00\x01\x00\x00", b"\x85\x01\x01\x01\x00\x00"),
    # MessagePack to an agent: the key (a text of 7 bytes) under which a span carries its LLM data.
    "/v0.4/traces": (b"\xa7_llmobs",),
}
# All others are JSON: OTLP's, or spans of witspan or of ddtrace.
MARKS_OF_JSON, MARKS_OF_OTLP_JSON = (b'"parent_id"',), (b'"traceId"',)


class Sink(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.counts = {"requests": 0, "bytes": 0, "spans": 0}
        self.stalled_until = 0.0

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A contender whose process has ended may leave a connection open.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def count(self, path: str, body: bytes | bytearray) -> None:
        marks = MARKS_OF_OTLP_JSON if path == "/v1/traces" else MARKS_OF_JSON
        if body[:1] not in b"[{":
            marks = MARKS.get(path, marks)
        spans = sum(body.count(mark) for mark in marks)
        with self.lock:
            self.counts["requests"] += 1
            self.counts["bytes"] += len(body)
            self.counts["spans"] += spans


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer in one packet, or the client waits 40 ms for the second.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Sink

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?ms=")
        if path == "/counts":
            self.answer(200, self.server.counts)
        elif path == "/stall":
            self.server.stalled_until = time.monotonic() + int(query) / 1000
            self.answer(200, {})
        else:
            # An agent of which little is known but that it takes spans in both ways.
            endpoints = ["/v0.4/traces", "/evp_proxy/v2/"]
            self.answer(200, {"version": "7.60.0", "endpoints": endpoints})

    def do_POST(self) -> None:
        while (wait := self.server.stalled_until - time.monotonic()) > 0:
            time.sleep(wait)
        if (body := self.body()) is None:
            # Who sent it has given up in the midst of it.
            self.close_connection = True
            return
        self.server.count(self.path, body)
        if self.path.startswith("/v0"):
            # ddtrace reads which share of each service's traces the agent wants: all of them.
            self.answer(200, {})
        else:
            # OpenTelemetry reads the answer of its form: an empty one is valid.
            self.answer(200 if self.path in MARKS else 202, None)

    do_PUT = do_POST

    def body(self) -> bytes | bytearray | None:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            body = bytearray(int(self.headers.get("content-length") or 0))
            got, into = 0, memoryview(body)
            while got < len(body) and (more := self.rfile.readinto(into[got:])):
                got += more
            return body if got == len(body) else None
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def answer(self, status: int, content: object) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    sink = Sink()
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    print(sink.server_address[1], flush=True)
    # Ends with whoever started it, however that ended.
    sys.stdin.read()


if __name__ == "__main__":
    main()
