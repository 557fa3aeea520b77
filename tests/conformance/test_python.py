"""Every case of the conformance suite through the Python package, against a real HTTP receiver.

`README.md` beside this file describes the format of the cases.
"""

from __future__ import annotations

import builtins
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from witspan import LLMObs, LLMObsArgumentError, Span

CASES = 24
START_NS = 1_700_000_000_000_000_000
# The headers that the core names; the host's own are not the suite's business.
NAMED = ("content-type", "x-datadog-evp-subdomain")

CHAPTERS = [
    json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "cases").glob("*.json"))
]
ALL = [case for chapter in CHAPTERS for case in chapter["cases"]]


class Receiver(ThreadingHTTPServer):
    """Answers 202 to everything and remembers it."""

    daemon_threads = True

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name: self.headers[name] for name in NAMED if name in self.headers}
        sent = {"path": self.path, "headers": headers, "body": body.decode("utf-8")}
        self.server.sent.append(sent)
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    LLMObs.disable()
    Span._restore(None)
    server.shutdown()
    server.server_close()


def enable(
    case: dict[str, Any], form: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = case.get("settings", {})
    public = form == "public-api"
    tags = settings.get("tags", {})
    for name, value in {
        "DD_SERVICE": settings.get("service", ""),
        "DD_ENV": settings.get("env", ""),
        "DD_VERSION": settings.get("version", ""),
        "DD_TAGS": ",".join(f"{key}:{value}" for key, value in tags.items()),
        "DD_API_KEY": "key",
        "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.origin,
        "WITSPAN_INTAKE": "public" if public else "sdk",
    }.items():
        monkeypatch.setenv(name, value)
    LLMObs.enable(
        ml_app=settings.get("ml_app", "conformance"),
        agentless_enabled=public,
        _fixed_clock_ns=START_NS,
    )


def run(program: list[dict[str, Any]]) -> None:
    spans: dict[str, Any] = {}
    for step in program:
        what, span = step["do"], spans.get(step.get("span", ""))
        if what == "start":
            Span._restore(spans[step["current"]] if "current" in step else None)
            names = ("name", "session_id", "ml_app", "model_name", "model_provider")
            given = {name: step[name] for name in names if name in step}
            spans[step["span"]] = getattr(LLMObs, step["kind"])(**given)
        elif what == "annotate":
            annotate(span, step)
        elif what == "advance":
            LLMObs._tracer.advance(step["ns"])
        elif what == "finish":
            finish(span, step, spans)
        elif what == "abandon":
            # A span that nobody holds any more is given up.
            Span._restore(None)
            del spans[step["span"]], span
        elif what == "export":
            ids = {"span_id": step["span_id"], "trace_id": step["trace_id"]}
            assert LLMObs.export_span(span) == ids
        else:
            raise AssertionError(f"unknown step {what}")


def annotate(span: Any, step: dict[str, Any]) -> None:
    values = json.loads(step["json"])
    for part in ("input", "output"):
        if part in values:
            values[f"{part}_data"] = values.pop(part)
    before = LLMObs.statistics()["annotations_rejected"]
    if "refused" in step:
        with pytest.raises(LLMObsArgumentError) as caught:
            LLMObs.annotate(span, **values)
        assert str(caught.value) == step["refused"]
    else:
        LLMObs.annotate(span, **values)
    rejected = LLMObs.statistics()["annotations_rejected"] - before
    assert rejected == ("refused" in step or step.get("dropped", False))


def finish(span: Any, step: dict[str, Any], spans: dict[str, Any]) -> None:
    failure = step.get("failure")
    if failure:
        kind = getattr(builtins, failure["error_type"].removeprefix("builtins."))
        span.set_exc_info(kind, kind(failure["message"]), None)
    Span._restore(span)
    span.finish()
    again = spans.get(step.get("current_again", ""))
    # A span that had finished before leaves the context as it is.
    assert Span._current() in (again, span)


def counters() -> dict[str, int]:
    statistics = LLMObs.statistics()
    names = ("accepted", "open", "delivered", "annotations_rejected", "warnings")
    counts = {name: statistics[name] for name in names}
    for reason, spans in statistics["dropped"].items():
        counts[f"dropped {reason.replace('_', '-')}"] = spans
    return {name: count for name, count in counts.items() if count}


def test_the_whole_suite_is_here() -> None:
    assert len(ALL) == CASES
    assert all(chapter["version"] == 1 for chapter in CHAPTERS)


@pytest.mark.parametrize("form", ["public-api", "sdk-intake"])
@pytest.mark.parametrize("case", ALL, ids=[case["name"] for case in ALL])
def test_python_sends_the_bytes_of(case, form, receiver, monkeypatch) -> None:
    enable(case, form, receiver, monkeypatch)
    run(case["program"])
    assert LLMObs.flush(20).settled
    assert receiver.sent == case["requests"][form]
    assert counters() == case["statistics"]
