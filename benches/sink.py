"""A server on the loopback that takes everything and answers at once: where every tracer sends.

`python benches/sink.py` prints its port and runs until its standard input is closed. It counts
what came, so that a contender which loses spans is noticed; `GET /counts` tells.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Each span that witspan or ddtrace sends has it once; OpenTelemetry's bodies are not JSON.
MARK = b'"parent_id"'


class Sink(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.counts = {"requests": 0, "bytes": 0, "spans": 0}

    def count(self, body: bytes) -> None:
        with self.lock:
            self.counts["requests"] += 1
            self.counts["bytes"] += len(body)
            self.counts["spans"] += body.count(MARK)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer in one packet, or the client waits 40 ms for the second.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Sink

    def do_GET(self) -> None:
        if self.path == "/counts":
            self.answer(200, self.server.counts)
        else:
            # An agent of which nothing is known but that it is there.
            self.answer(200, {"version": "7.60.0", "endpoints": ["/evp_proxy/v2/"]})

    def do_POST(self) -> None:
        self.server.count(self.body())
        # OpenTelemetry reads the answer as protobuf: an empty one is valid.
        self.answer(200 if self.path.startswith("/v1/") else 202, None)

    do_PUT = do_POST

    def body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
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
