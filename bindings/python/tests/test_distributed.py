"""Traces that continue in another service."""

from __future__ import annotations

import contextvars
from typing import Any

import pytest
from python_support import Tracing
from witspan import LLMObs, LLMObsArgumentError, Span


def served(headers: object, *names: str) -> None:
    """Serves a request as another thread would: in a context of its own."""

    def serve() -> None:
        LLMObs.activate_distributed_headers(headers)
        for name in names:
            with LLMObs.task(name=name):
                pass

    contextvars.Context().run(serve)


def test_all_spans_of_a_request_are_children_of_its_senders_span(tracing: Tracing) -> None:
    with LLMObs.workflow(name="client", session_id="s-1", ml_app="shop"):
        headers: dict[str, str] = {"accept": "*/*"}
        assert LLMObs.inject_distributed_headers(headers) is headers
        assert headers["accept"] == "*/*" and "traceparent" in headers
        served(headers, "first", "second")
    assert tracing.parents() == {"client": None, "first": "client", "second": "client"}
    events = tracing.events()
    assert len({event["trace_id"] for event in events}) == 1
    for event in events:
        assert {"ml_app:shop", "session_id:s-1"} <= set(event["tags"])


def test_children_of_such_spans_are_below_them(
    tracing,
) -> None:
    with LLMObs.workflow(name="client") as client:
        headers = LLMObs.inject_distributed_headers({}, client)

    def serve() -> None:
        LLMObs.activate_distributed_headers(headers)
        with LLMObs.task(name="first"), LLMObs.task(name="inner"):
            pass
        with LLMObs.task(name="second"):
            pass

    contextvars.Context().run(serve)
    parents = {"client": None, "first": "client", "inner": "first", "second": "client"}
    assert tracing.parents() == parents


@pytest.mark.parametrize(
    "form",
    [
        lambda headers: {name.title(): value for name, value in headers.items()},
        lambda headers: list(headers.items()),
        lambda headers: [(n.encode(), v.encode()) for n, v in headers.items()],
        lambda headers: {**headers, "x-junk": None, 5: "five", "x-lone": "\ud800"},
    ],
    ids=["titled", "pairs", "bytes", "with junk"],
)
def test_headers_are_taken_as_frameworks_have_them(tracing: Tracing, form) -> None:
    with LLMObs.workflow(name="client"):
        headers = LLMObs.inject_distributed_headers({})
    served(form(headers), "server")
    assert tracing.parents() == {"client": None, "server": "client"}


def test_a_request_without_a_trace_begins_one_and_ends_the_one_before(tracing, log) -> None:
    with LLMObs.workflow(name="client"):
        headers = LLMObs.inject_distributed_headers({})

    def serve() -> None:
        LLMObs.activate_distributed_headers(headers)
        LLMObs.task(name="continued").finish()
        LLMObs.activate_distributed_headers({"accept": "*/*"})
        LLMObs.task(name="again").finish()

    contextvars.Context().run(serve)
    assert tracing.parents() == {"client": None, "continued": "client", "again": None}
    assert log() == []


def test_the_ids_of_another_tracer_stay_and_names_of_headers_are_not_doubled(tracing) -> None:
    theirs = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
    headers = {"Traceparent": theirs, "Tracestate": "vendor=1"}
    with LLMObs.task():
        LLMObs.inject_distributed_headers(headers)
    assert headers["Traceparent"] == theirs
    assert "vendor=1" in headers["Tracestate"] and len(headers["Tracestate"]) > len("vendor=1")
    lower = [name.lower() for name in headers]
    assert len(lower) == len(set(lower))


def test_without_a_span_nothing_is_set(tracing: Tracing) -> None:
    assert LLMObs.inject_distributed_headers({}) == {}
    assert Span._current() is None


@pytest.mark.parametrize("wrong", [None, "traceparent", 5, ["a"], [("a", "b", "c")]], ids=str)
def test_what_is_not_headers_raises(tracing: Tracing, wrong) -> None:
    with pytest.raises(LLMObsArgumentError, match="`request_headers` is of type"):
        LLMObs.activate_distributed_headers(wrong)
    with LLMObs.task(), pytest.raises(LLMObsArgumentError, match="`request_headers` is of type"):
        LLMObs.inject_distributed_headers(wrong)
    with pytest.raises(LLMObsArgumentError, match="`span`"):
        LLMObs.inject_distributed_headers({}, "no span")


class Raising(dict):  # type: ignore[type-arg]
    """Headers whose own code raises."""

    def items(self) -> Any:
        raise RuntimeError("no")

    __iter__ = keys = items


def test_headers_whose_own_code_raises_do_no_harm(tracing: Tracing, log) -> None:
    LLMObs.activate_distributed_headers(Raising(a="b"))
    with LLMObs.task():
        headers = Raising()
        assert LLMObs.inject_distributed_headers(headers) is headers
    assert tracing.only()["parent_id"] == "undefined"
    assert len(log()) == 2
