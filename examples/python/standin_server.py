"""An OpenAI-compatible server on loopback, in front of the rules of `standin_model.py`.

It speaks `/v1/chat/completions`, streamed or not, with tool calls, and `/v1/embeddings`. The
example starts it by itself; to see it alone:

    python examples/python/standin_server.py
"""

from __future__ import annotations

import base64
import contextlib
import json
import struct
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import standin_model

# Without a pause everything would be over in a blink, and nothing seen to run side by side.
PAUSE = 0.03
PAUSE_PER_PIECE = 0.003
PIECE_CHARACTERS = 24


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    # Head and body are two writes; Nagle's algorithm would hold the second back for 40 ms.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        routes = {"/v1/chat/completions": self._chat, "/v1/embeddings": self._embeddings}
        route = routes.get(self.path.partition("?")[0])
        if route is None:
            self._error(404, f"no path `{self.path}`")
            return
        time.sleep(PAUSE)
        try:
            route(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._error(400, f"cannot read the request: {error}")

    def _chat(self, request: dict[str, Any]) -> None:
        message = standin_model.reply(request)
        prompt = standin_model.count_tokens(json.dumps(request["messages"]))
        written = message["content"] or json.dumps(message["tool_calls"])
        completion = standin_model.count_tokens(written)
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
        head = {
            "id": f"chatcmpl-standin-{len(request['messages'])}",
            "created": int(time.time()),
            "model": "standin-chat-1",
        }
        finish = "tool_calls" if message.get("tool_calls") else "stop"
        if request.get("stream"):
            wants_usage = (request.get("stream_options") or {}).get("include_usage")
            self._stream(head, message, finish, usage if wants_usage else None)
            return
        choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
        self._json(200, {**head, "object": "chat.completion", "choices": [choice], "usage": usage})

    def _stream(
        self,
        head: dict[str, Any],
        message: dict[str, Any],
        finish: str,
        usage: dict[str, int] | None,
    ) -> None:
        """Server-sent events: the pieces, why it ended, the usage if wanted, and `[DONE]`."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        # The length is not known, so the end of the connection is the end of the stream.
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

        def send(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> None:
            chunk = {**head, "object": "chat.completion.chunk", "choices": choices, "usage": usage}
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            self.wfile.flush()

        def delta(delta: dict[str, Any], finish: str | None = None) -> list[dict[str, Any]]:
            return [{"index": 0, "delta": delta, "finish_reason": finish}]

        send(delta({"role": "assistant", "content": ""}))
        text = message["content"] or ""
        for start in range(0, len(text), PIECE_CHARACTERS):
            time.sleep(PAUSE_PER_PIECE)
            send(delta({"content": text[start : start + PIECE_CHARACTERS]}))
        for number, call in enumerate(message.get("tool_calls") or []):
            send(delta({"tool_calls": [{"index": number, **call}]}))
        send(delta({}, finish))
        if usage is not None:
            send([], usage)
        self.wfile.write(b"data: [DONE]\n\n")

    def _embeddings(self, request: dict[str, Any]) -> None:
        texts = request["input"]
        texts = [texts] if isinstance(texts, str) else texts
        vectors: list[Any] = [standin_model.embed(text) for text in texts]
        # OpenAI's client asks for base64 by itself, because it is shorter.
        if request.get("encoding_format") == "base64":
            packed = (struct.pack(f"<{len(vector)}f", *vector) for vector in vectors)
            vectors = [base64.b64encode(each).decode() for each in packed]
        data = [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(vectors)
        ]
        count = sum(map(standin_model.count_tokens, texts))
        usage = {"prompt_tokens": count, "total_tokens": count}
        body = {"object": "list", "model": "standin-embed-1", "data": data, "usage": usage}
        self._json(200, body)

    def _error(self, status: int, text: str) -> None:
        self._json(status, {"error": {"message": text, "type": "invalid_request_error"}})

    def _json(self, status: int, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the example's own output is what there is to read."""


@contextlib.contextmanager
def running(port: int = 0) -> Iterator[str]:
    """A server for as long as the block lasts; gives the base URL for a client."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    with running() as base_url:
        print(f"export OPENAI_BASE_URL={base_url} OPENAI_API_KEY=none", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
