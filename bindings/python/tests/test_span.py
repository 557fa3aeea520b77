"""The attributes and methods of a span: its ids, name, tags and error, as in ddtrace."""

from __future__ import annotations

import asyncio
import threading

import pytest
from python_support import Tracing
from witspan import LLMObs, LLMObsArgumentError


def test_ids_are_numbers_and_export_span_has_their_texts(tracing: Tracing) -> None:
    with LLMObs.workflow() as span:
        ids = LLMObs.export_span(span)
    assert ids == {"span_id": str(span.span_id), "trace_id": format(span.trace_id, "032x")}
    event = tracing.only()
    assert (event["span_id"], event["trace_id"]) == (ids["span_id"], ids["trace_id"])


def test_the_parent_is_the_one_that_is_sent(tracing: Tracing) -> None:
    with LLMObs.workflow(name="a") as a:
        b = LLMObs.task(name="b")
        inner = LLMObs.task(name="c")
        b.finish()
        # Its own parent has ended: what starts now is under the nearest that has not.
        inner.finish()
        d = LLMObs.task(name="d")
        d.finish()
    shown = {"a": a, "b": b, "c": inner, "d": d}
    events = tracing.by_name()
    assert a.parent_id is None and events["a"]["parent_id"] == "undefined"
    for name in "bcd":
        assert str(shown[name].parent_id) == events[name]["parent_id"]


def test_the_parent_in_another_service_is_known(tracing: Tracing) -> None:
    with LLMObs.workflow(name="client") as client:
        headers = LLMObs.inject_distributed_headers({})

    def serve() -> None:
        LLMObs.activate_distributed_headers(headers)
        with LLMObs.task(name="server") as server:
            assert server.parent_id == client.span_id
            assert server.trace_id == client.trace_id

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
    assert tracing.parents() == {"client": None, "server": "client"}


def test_a_span_knows_its_name(tracing: Tracing) -> None:
    assert LLMObs.task(name="given").name == "given"
    assert LLMObs.llm(model_name="m").name == "llm"
    assert LLMObs.tool(name="").name == "tool"
    with LLMObs.annotation_context(name="outer"), LLMObs.annotation_context(tags={"a": "b"}):
        assert LLMObs.task(name="given").name == "outer"
        with LLMObs.annotation_context(name="inner"):
            assert LLMObs.task(name="given").name == "inner"


def test_tags_and_metrics_can_be_set_one_by_one(tracing: Tracing) -> None:
    with LLMObs.task() as span:
        span.set_tag("team", "search")
        span.set_tags({"n": 5, "none": None})
        span.set_metric("seconds", 0.5)
        span.set_metrics({"tokens": 3})
        LLMObs.annotate(tags={"annotated": "x"})
        assert span.get_tag("team") == "search"
        assert span.get_tag("n") == "5"
        assert span.get_tag("missing") is None
        assert set(span.get_tags()) == {"team", "n", "none"}
        assert span.get_metric("seconds") == 0.5
        assert span.get_metrics() == {"seconds": 0.5, "tokens": 3}
    event = tracing.only()
    assert {"team:search", "n:5", "annotated:x"} <= set(event["tags"])
    assert event["metrics"] == {"seconds": 0.5, "tokens": 3}


def test_a_wrong_tag_or_metric_is_not_kept(tracing: Tracing) -> None:
    with LLMObs.task() as span:
        span.set_metric("m", "many")  # type: ignore[arg-type]
        span.set_tags(None)  # type: ignore[arg-type]
        with pytest.raises(LLMObsArgumentError, match="`tags` is"):
            span.set_tags(["a:b"])  # type: ignore[arg-type]
        assert (span.get_metrics(), span.get_tags()) == ({}, {})
        span.set_tag(["a"], {1})  # type: ignore[arg-type]
        assert span.get_tag([]) is None  # type: ignore[arg-type]
    assert '["a"]:[1]' in tracing.only()["tags"]


def test_a_span_knows_when_it_was_as_it_is_sent(tracing: Tracing) -> None:
    span = LLMObs.task(name="F")
    assert (span.duration, span.duration_ns) == (None, None)
    span.finish(finish_time=span.start_ns / 1e9 + 2.5)
    event = tracing.only()
    assert span.start_ns == event["start_ns"] and span.start == event["start_ns"] / 1e9
    assert span.duration_ns == event["duration"] and span.duration == event["duration"] / 1e9
    assert abs(span.duration - 2.5) < 1e-6
    with LLMObs.task(name="now") as now:
        pass
    assert now.duration_ns == tracing.by_name()["now"]["duration"]
    told = LLMObs.task(start_ns=1_700_000_000_000_000_000)
    assert told.start_ns == 1_700_000_000_000_000_000
    told.finish()


def test_a_span_has_what_programs_for_ddtrace_ask_of_it(tracing: Tracing, monkeypatch) -> None:
    LLMObs.disable()
    monkeypatch.setenv("DD_SERVICE", "shop")
    LLMObs.enable(ml_app="tests")
    with LLMObs.llm(name="call") as span:
        assert (span.resource, span.span_type, span.service) == ("llm", "llm", "shop")
        assert (span.context.trace_id, span.context.span_id) == (span.trace_id, span.span_id)
        span.context.set_baggage_item("k", "v")
        assert span.context.get_baggage_item("k") == "v"
        for name in ("name", "resource", "service", "span_type"):
            setattr(span, name, "other")
            assert getattr(span, name) == "other"
        span.remove_tag("k")
        span.record_exception(ValueError("told"))
    event = tracing.only()
    assert (event["name"], event["status"]) == ("call", "ok")


def test_the_error_of_a_span_can_be_asked_for(tracing: Tracing) -> None:
    with pytest.raises(ValueError):
        with LLMObs.task(name="left") as left:
            raise ValueError("boom")
    assert left.get_tag("error.type") == "builtins.ValueError"
    assert left.get_tag("error.message") == "boom"
    assert left.get_tag("error.stack").startswith("Traceback")  # type: ignore[union-attr]
    assert set(left.get_tags()) == {"error.type", "error.message", "error.stack"}
    with LLMObs.task(name="caught") as caught:
        caught.set_traceback()
        assert (caught.error, caught.get_tag("error.type")) == (0, None)
        try:
            raise KeyError("k")
        except KeyError:
            caught.set_traceback(limit=1)
    assert tracing.by_name()["caught"]["meta"]["error"]["type"] == "builtins.KeyError"


class Outer:
    class Inner(Exception):
        pass


def test_the_type_of_an_error_is_its_own_name(tracing: Tracing) -> None:
    with pytest.raises(Outer.Inner):
        with LLMObs.task():
            raise Outer.Inner
    error = tracing.only()["meta"]["error"]
    assert error["type"] == f"{__name__}.Inner"


def test_an_attribute_that_is_not_there_says_why(tracing: Tracing) -> None:
    with LLMObs.task() as span:
        with pytest.raises(AttributeError, match="`Span.sampled` is not offered: "):
            span.sampled  # type: ignore[attr-defined]  # noqa: B018
        with pytest.raises(AttributeError, match="`Span.sampled` cannot be set; "):
            span.sampled = True  # type: ignore[attr-defined]
        assert not hasattr(span, "_local_root")


def test_a_span_without_tracing_has_the_same_attributes() -> None:
    span = LLMObs.task()
    span.name = span.resource = "x"
    assert (span.start_ns, span.duration, span.service) == (0, None, None)
    span.set_traceback()
    span.finish(finish_time=span.start_ns / 1e9 + 2.5)
    assert span.context.span_id == 0


def test_a_span_can_be_marked_as_failed(tracing: Tracing) -> None:
    span = LLMObs.task(name="marked")
    assert span.error == 0
    span.error = 1
    assert span.error == 1
    span.finish()
    with LLMObs.task(name="taken back") as span:
        span.error = 1
        span.error = 0
    events = tracing.by_name()
    assert events["marked"]["status"] == "error"
    assert set(events["marked"]["meta"]["error"].values()) == {""}
    assert events["taken back"]["status"] == "ok"


def test_marking_keeps_what_an_exception_said(tracing: Tracing) -> None:
    with pytest.raises(ValueError):
        with LLMObs.task() as span:
            span.set_exc_info(KeyError, KeyError("first"), None)
            span.error = 1
            assert span.error == 1
            raise ValueError("second")
    assert tracing.only()["meta"]["error"]["message"] == "second"


def test_a_span_knows_whether_it_has_finished(tracing: Tracing) -> None:
    span = LLMObs.task()
    assert not span.finished
    span.finish()
    assert span.finished


def test_spans_work_in_async_with(tracing: Tracing) -> None:
    async def main() -> None:
        async with LLMObs.workflow(name="outer") as outer:
            async with LLMObs.task(name="inner") as inner:
                assert inner.parent_id == outer.span_id
            with pytest.raises(ValueError):
                async with LLMObs.task(name="failing"):
                    raise ValueError("x")

    asyncio.run(main())
    assert tracing.parents() == {"outer": None, "inner": "outer", "failing": "outer"}
    assert tracing.by_name()["failing"]["status"] == "error"


def test_start_and_finish_may_happen_in_different_threads(tracing: Tracing) -> None:
    span = LLMObs.workflow(name="started here")
    thread = threading.Thread(target=span.finish)
    thread.start()
    thread.join()
    assert span.finished
    with LLMObs.task(name="next"):
        pass
    assert tracing.by_name()["started here"]["status"] == "ok"


def test_everything_is_there_while_tracing_is_off() -> None:
    async def main() -> None:
        async with LLMObs.task(name="n") as span:
            span.set_tag("a", "b")
            span.set_tags({})
            span.set_metric("a", 1)
            span.set_metrics({})
            span.error = 1
            assert (span.span_id, span.trace_id, span.parent_id) == (0, 0, None)
            assert (span.name, span.error, span.finished) == ("", 0, False)
            assert (span.get_tag("a"), span.get_tags()) == (None, {})
            assert (span.get_metric("a"), span.get_metrics()) == (None, {})

    asyncio.run(main())


def test_the_noop_span_has_all_that_a_span_has() -> None:
    from witspan import Span
    from witspan._noop import NOOP_SPAN

    public = {name for name in dir(Span) if not name.startswith("_")}
    assert public - set(dir(NOOP_SPAN)) == set()


def test_work_that_is_over_can_be_recorded(tracing: Tracing) -> None:
    began = 1_700_000_000_000_000_001
    for start in (LLMObs.llm, LLMObs.embedding, LLMObs.workflow, LLMObs.agent):
        start(name=start.__name__, start_ns=began).finish(finish_time=1_700_000_002)
    for start in (LLMObs.tool, LLMObs.task, LLMObs.retrieval):
        start(name=start.__name__, start_ns=began).finish(finish_time=1_700_000_002)
    events = tracing.events()
    assert {event["start_ns"] for event in events} == {began}
    assert {event["duration"] for event in events} == {1_999_999_999}
    assert {event["meta"]["span"]["kind"] for event in events} == {e["name"] for e in events}


@pytest.mark.parametrize("time", [1.5, -1, True, "now", 2**64])
def test_a_start_that_is_not_a_time_is_rejected(tracing: Tracing, time) -> None:
    with pytest.raises(LLMObsArgumentError, match="`start_ns` is of type"):
        LLMObs.task(start_ns=time)
