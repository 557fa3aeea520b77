"""Which values are accepted as a parent, what follows if it is missing, and what is kept of it."""

from __future__ import annotations

import contextvars
import gc
import weakref
from typing import Any

import pytest
from python_support import Receiver, Run, Tracing, wait_until
from witspan import LLMObs, LLMObsArgumentError, Span
from witspan._noop import NOOP_SPAN

STARTERS = ("llm", "embedding", "workflow", "agent", "tool", "task", "retrieval")


def work(name: str, **options: Any) -> None:
    LLMObs.task(name=name, **options).finish()


def trace_of(event: dict[str, Any]) -> tuple[Any, ...]:
    """What a child has of its parent."""
    tags = {tag for tag in event["tags"] if tag.startswith(("ml_app:", "session_id:"))}
    return event["trace_id"], event.get("session_id"), tags


@pytest.mark.parametrize(
    "form",
    [
        lambda headers: headers,
        lambda headers: [(n.encode(), v.encode()) for n, v in headers.items()],
        lambda headers: {**headers, "x-junk": None, 5: "five"},
    ],
    ids=["dict", "pairs of bytes", "with junk"],
)
def test_headers_are_a_parent_for_one_span(tracing: Tracing, form: Any) -> None:
    with LLMObs.workflow(name="client", session_id="s", ml_app="shop") as client:
        headers = form(LLMObs.inject_distributed_headers({}))

    def serve() -> None:
        with LLMObs.task(name="served", parent=headers) as span:
            assert span.parent_id == client.span_id
            work("below")
        aside = LLMObs.task(name="aside", parent=headers, activate=False)
        work("below aside", parent=aside)
        aside.finish()
        # Unlike `activate_distributed_headers`, which is for all that follows.
        work("of its own")
        span = LLMObs.task(name="left", parent=headers)
        copied = contextvars.copy_context()
        span.finish()
        copied.run(work, "late")

    contextvars.Context().run(serve)
    assert tracing.parents() == {
        "client": None,
        "served": "client",
        "below": "served",
        "aside": "client",
        "below aside": "aside",
        "of its own": None,
        "left": "client",
        "late": "left",
    }
    named = tracing.by_name()
    for name in ("served", "below", "aside", "below aside", "left", "late"):
        assert trace_of(named[name]) == trace_of(named["client"])


def test_headers_of_a_span_that_is_over_are_a_parent(tracing: Tracing) -> None:
    with LLMObs.workflow(name="over", session_id="s") as span:
        pass
    work("late", parent=LLMObs.inject_distributed_headers({}, span))
    assert tracing.parents() == {"over": None, "late": "over"}
    named = tracing.by_name()
    assert trace_of(named["late"]) == trace_of(named["over"])


@pytest.mark.parametrize("headers", [{}, [], {"accept": "*/*"}, {"traceparent": "junk"}])
def test_headers_that_name_no_trace_begin_one(tracing: Tracing, log: Any, headers: Any) -> None:
    with LLMObs.workflow(name="outer") as outer:
        with LLMObs.task(name="served", parent=headers):
            work("below")
        assert Span._current() is outer
    assert tracing.parents() == {"outer": None, "served": None, "below": "served"}
    assert log() == [] and LLMObs.statistics()["warnings"] == 0


def test_headers_whose_own_code_fails_begin_one(tracing: Tracing, log: Any) -> None:
    class Broken(dict[Any, Any]):
        def items(self) -> Any:
            raise RuntimeError("no headers today")

    work("served", parent=Broken(a="b"))
    assert tracing.parents() == {"served": None}
    assert "no headers today" in log()[0]


@pytest.mark.parametrize("parent", [5, "1234", b"1234", object(), Span, [5]])
@pytest.mark.parametrize("activate", [True, False])
def test_what_is_not_a_parent_is_rejected(tracing: Tracing, parent: Any, activate: bool) -> None:
    got = type(parent[0] if isinstance(parent, list) else parent).__name__
    with LLMObs.workflow() as outer:
        with pytest.raises(LLMObsArgumentError) as raised:
            LLMObs.task(parent=parent, activate=activate)
        assert Span._current() is outer
    assert str(raised.value) == (
        f"`parent` is of type {got}; "
        "accepted: a span that LLMObs started, the headers of a request, or None"
    )
    assert LLMObs.statistics()["accepted"] == 1


def test_two_ids_are_rejected_with_what_to_use_instead(tracing: Tracing) -> None:
    with LLMObs.workflow() as span, pytest.raises(LLMObsArgumentError) as raised:
        LLMObs.task(parent=LLMObs.export_span(span))
    assert "`parent` is what `export_span` returns" in str(raised.value)
    assert "inject_distributed_headers" in str(raised.value)


@pytest.mark.parametrize("activate", [0, 1, "no", [], NOOP_SPAN])
def test_what_is_not_a_bool_is_rejected(tracing: Tracing, activate: Any) -> None:
    with pytest.raises(LLMObsArgumentError, match="`activate` is of type .*; accepted: bool"):
        LLMObs.task(activate=activate)
    assert Span._current() is None


def test_the_new_arguments_are_by_keyword_only(tracing: Tracing) -> None:
    with LLMObs.task() as span, pytest.raises(TypeError):
        LLMObs.task("name", "session", "app", "service", None, span)  # type: ignore[misc]


@pytest.mark.parametrize("activate", [True, False])
def test_a_span_from_before_a_restart_begins_a_trace(
    tracing: Tracing, log: Any, activate: bool
) -> None:
    before = LLMObs.workflow(name="before", activate=False)
    before.finish()
    LLMObs.disable()
    off = LLMObs.workflow(name="off")
    LLMObs.enable(ml_app="tests")
    with LLMObs.workflow(name="outer") as outer:
        for name, parent in (("again", before), ("from off", off)):
            with LLMObs.task(name=name, parent=parent, activate=activate):
                pass
            assert Span._current() is outer
    parents = tracing.parents()
    assert parents == {"before": None, "outer": None, "again": None, "from off": None}
    statistics = LLMObs.statistics()
    assert (statistics["warnings"], statistics["dropped"]) == (2, {})
    assert "from before tracing was restarted: " in log()[0]


@pytest.mark.parametrize("activate", [True, False])
def test_spans_below_a_parent_that_found_no_room_are_dropped(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, activate: bool
) -> None:
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    LLMObs.enable(ml_app="tests", _limits={"open_bytes": 5_000})
    with LLMObs.workflow(name="outer") as outer:
        held: list[Span] = []
        while not held or held[-1].span_id:
            held.append(LLMObs.task(activate=False))
        unkept = held[-1]
        for span in held[:-1]:
            span.finish()
        accepted = LLMObs.statistics()["accepted"]
        # There is room now, but the parent is not kept.
        with LLMObs.task(parent=unkept, activate=activate) as below:
            assert (below.span_id, below.parent_id) == (0, None)
            assert Span._current() is (below if activate else outer)
            LLMObs.task(parent=below, activate=activate).finish()
            watched = weakref.ref(unkept)
            held.clear()
            del unkept, span
            gc.collect()
            assert watched() is None
        assert Span._current() is outer
        work("kept")
    statistics = LLMObs.statistics()
    assert statistics["dropped"] == {"open_full": 3}
    assert statistics["accepted"] == accepted + 3
    (kept,) = (event for event in Tracing(receiver).events() if event["name"] == "kept")
    assert kept["parent_id"] == str(outer.span_id)


def test_a_parent_that_finished_very_long_ago_begins_a_trace(tracing: Tracing, log: Any) -> None:
    with LLMObs.workflow(name="ancient") as ancient:
        pass
    for _ in range(5000):
        LLMObs.task(name="between").finish()
    work("late", parent=ancient)
    late = [event for event in tracing.events() if event["name"] == "late"]
    assert late[0]["parent_id"] == "undefined"
    assert LLMObs.statistics()["warnings"] == 1
    assert "`parent` finished too many spans ago" in log()[0]


def test_nothing_happens_while_tracing_is_off() -> None:
    assert not LLMObs.enabled
    for name in STARTERS:
        start = getattr(LLMObs, name)
        for parent in (None, NOOP_SPAN, {}, 5):
            for activate in (True, False):
                with start(parent=parent, activate=activate) as span:
                    assert span is NOOP_SPAN


def test_a_forked_process_begins_a_trace_of_its_own(receiver: Receiver, run: Run) -> None:
    done = run("""
        import os
        from witspan import LLMObs
        LLMObs.enable(ml_app="app")
        with LLMObs.workflow(name="parent") as span:
            pid = os.fork()
            if not pid:
                LLMObs.task(name="child", parent=span, activate=False).finish()
                LLMObs.disable()
                os._exit(0)
            os.waitpid(pid, 0)
    """)
    assert done.returncode == 0
    assert "from another process" in done.stderr
    wait_until(lambda: len(receiver.events) == 2)
    assert {event["parent_id"] for event in receiver.events} == {"undefined"}


def test_spans_that_are_over_are_held_by_nothing(tracing: Tracing) -> None:
    root = LLMObs.workflow(activate=False)
    watched: list[weakref.ref[Span]] = []
    before = root
    contexts = []
    for n in range(500):
        # Each starts below the one before, which has finished.
        span = LLMObs.task(parent=before, activate=n % 2 == 0)
        watched.append(weakref.ref(span))
        contexts.append(contextvars.copy_context())
        span.finish()
        before = span
        if n % 2 == 0:
            contexts.clear()
    del span, before
    contexts.clear()
    gc.collect()
    assert sum(each() is not None for each in watched) == 0
    root.finish()
    assert LLMObs.statistics()["dropped"] == {}


def test_an_open_span_keeps_its_parent_as_a_child_does(tracing: Tracing) -> None:
    parent = LLMObs.workflow(name="parent", activate=False)
    below = LLMObs.task(name="below", parent=parent, activate=False)
    watched = weakref.ref(parent)
    del parent
    assert watched() is not None
    found = watched()
    assert found is not None
    found.finish()
    del found
    below.finish()
    gc.collect()
    assert watched() is None
    assert tracing.parents() == {"parent": None, "below": "parent"}


def test_a_long_chain_of_parents_is_freed_without_a_crash(tracing: Tracing) -> None:
    span = LLMObs.task(activate=False)
    for n in range(20_000):
        span = LLMObs.task(parent=span, activate=n % 2 == 0)
    Span._restore(None)
    del span
    gc.collect()
    statistics = LLMObs.statistics()
    assert statistics["dropped"] == {"unfinished": 20_001}
