"""A span with `parent=`, and one with `activate=False`, which does not become current."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from python_support import Tracing
from witspan import LLMObs, Span
from witspan.decorators import task, workflow

STARTERS = ("llm", "embedding", "workflow", "agent", "tool", "task", "retrieval")


def in_thread(function: Any, *args: Any) -> None:
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()


def work(name: str, **options: Any) -> None:
    LLMObs.task(name=name, **options).finish()


def trace_of(event: dict[str, Any]) -> tuple[Any, ...]:
    """What a child has of its parent."""
    tags = {tag for tag in event["tags"] if tag.startswith(("ml_app:", "session_id:"))}
    return event["trace_id"], event.get("session_id"), tags


@pytest.mark.parametrize("name", STARTERS)
def test_a_span_starts_below_the_parent_that_it_is_given(tracing: Tracing, name: str) -> None:
    start = getattr(LLMObs, name)
    with LLMObs.workflow(name="one") as one, LLMObs.workflow(name="two"):
        with start(name="given", parent=one) as span:
            assert Span._current() is span
            assert span.parent_id == one.span_id
            work("its child")
        # What was current is current again, not the parent.
        work("under two")
        with start(name="none", parent=None, activate=True):
            pass
    assert tracing.parents() == {
        "one": None,
        "two": "one",
        "given": "one",
        "its child": "given",
        "under two": "two",
        "none": "two",
    }


@pytest.mark.parametrize("name", STARTERS)
def test_a_span_that_is_not_activated_leaves_what_is_current_alone(
    tracing: Tracing, name: str
) -> None:
    start = getattr(LLMObs, name)
    with LLMObs.workflow(name="outer") as outer:
        span = start(name="aside", activate=False)
        assert Span._current() is outer
        LLMObs.annotate(tags={"to": "outer"})
        LLMObs.annotate(span, tags={"to": "aside"})
        work("under outer")
        work("under aside", parent=span)
        span.finish()
        assert Span._current() is outer
        with start(name="block", activate=False) as block:
            assert Span._current() is outer
            work("in the block")
        assert block.finished and Span._current() is outer
    assert Span._current() is None
    alone = start(name="alone", activate=False)
    assert Span._current() is None and LLMObs.export_span() is None
    work("begins a trace")
    alone.finish()

    assert tracing.parents() == {
        "outer": None,
        "aside": "outer",
        "under outer": "outer",
        "under aside": "aside",
        "block": "outer",
        "in the block": "outer",
        "alone": None,
        "begins a trace": None,
    }
    named = tracing.by_name()
    assert "to:outer" in named["outer"]["tags"] and "to:aside" in named["aside"]["tags"]


def test_the_parent_may_have_finished(tracing: Tracing) -> None:
    with LLMObs.workflow(name="outer"):
        with LLMObs.task(name="step", session_id="s", ml_app="other") as step:
            pass
        work("late", parent=step)
        with LLMObs.task(name="late too", parent=step, activate=False) as late:
            pass
        work("later", parent=late)
    work("last", parent=step)
    named = tracing.by_name()
    assert tracing.parents() == {
        "outer": None,
        "step": "outer",
        "late": "step",
        "late too": "step",
        "later": "late too",
        "last": "step",
    }
    # Exactly that span, not the nearest open one; it inherits what that span had.
    for name in ("late", "late too", "later", "last"):
        assert trace_of(named[name]) == trace_of(named["step"])
    assert "ml_app:other" in named["later"]["tags"] and named["later"]["session_id"] == "s"


def test_a_child_is_of_its_parents_trace_whatever_is_current(tracing: Tracing) -> None:
    with LLMObs.workflow(name="one", session_id="s-1", ml_app="app-1") as one:
        pass
    with LLMObs.workflow(name="two", session_id="s-2", ml_app="app-2"):
        with LLMObs.agent(name="given", parent=one):
            work("below")
        work("own", parent=one, session_id="s-3", ml_app="app-3")
    named = tracing.by_name()
    assert trace_of(named["given"]) == trace_of(named["below"]) == trace_of(named["one"])
    assert named["own"]["trace_id"] == named["one"]["trace_id"]
    assert named["own"]["session_id"] == "s-3" and "ml_app:app-3" in named["own"]["tags"]


def test_annotation_contexts_are_those_of_the_place_where_a_span_starts(tracing: Tracing) -> None:
    with LLMObs.annotation_context(tags={"around": "one"}):
        one = LLMObs.workflow(name="one", activate=False)
    with LLMObs.annotation_context(tags={"around": "two"}, name="renamed"):
        work("given", parent=one)
    work("outside", parent=one, start_ns=1_700_000_000_000_000_000)
    one.finish()
    named = tracing.by_name()
    assert tracing.parents() == {"one": None, "renamed": "one", "outside": "one"}
    around = {
        name: [tag for tag in event["tags"] if tag.startswith("around:")]
        for name, event in named.items()
    }
    assert around == {"one": ["around:one"], "renamed": ["around:two"], "outside": []}


def test_callbacks_of_a_library_start_below_a_span_in_any_thread(tracing: Tracing) -> None:
    # Starts and ends come in different threads, and what is current there is somebody else's.
    runs: dict[int, Span] = {}

    def began(run: int, parent: int | None) -> None:
        runs[run] = LLMObs.task(
            name=f"run {run}", parent=None if parent is None else runs[parent], activate=False
        )

    def ended(run: int) -> None:
        LLMObs.annotate(runs[run], output_data=run)
        runs[run].finish()

    began(0, None)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(began, range(1, 9), [0] * 8))
        list(pool.map(began, range(9, 17), range(1, 9)))
        list(pool.map(ended, range(1, 17)))
        # None of these spans is current in any of these threads.
        assert set(pool.map(lambda _: Span._current(), range(8))) == {None}
    ended(0)
    parents = tracing.parents()
    assert parents == {
        "run 0": None,
        **{f"run {n}": "run 0" for n in range(1, 9)},
        **{f"run {n}": f"run {n - 8}" for n in range(9, 17)},
    }
    assert len({event["trace_id"] for event in tracing.events()}) == 1
    statistics = LLMObs.statistics()
    assert (statistics["dropped"], statistics["warnings"], statistics["open"]) == ({}, 0, 0)


def test_tasks_start_below_a_span_that_is_current_in_none_of_them(tracing: Tracing) -> None:
    async def step(request: Span, n: int) -> None:
        async with LLMObs.task(name=f"step {n}", parent=request, activate=False):
            await asyncio.sleep(0)
            work(f"own {n}")
        async with LLMObs.task(name=f"active {n}", parent=request):
            await asyncio.sleep(0)
            work(f"below {n}")
            await asyncio.create_task(asyncio.to_thread(work, f"in a thread {n}"))
        assert Span._current() is None

    async def main() -> None:
        request = LLMObs.workflow(name="request", activate=False)
        await asyncio.gather(*(step(request, n) for n in range(5)))
        request.finish()

    asyncio.run(main())
    expected: dict[str, str | None] = {"request": None}
    for n in range(5):
        expected[f"step {n}"] = expected[f"active {n}"] = "request"
        expected[f"own {n}"] = None
        expected[f"below {n}"] = expected[f"in a thread {n}"] = f"active {n}"
    assert tracing.parents() == expected


def test_work_that_outlives_a_span_stays_in_the_trace_of_its_parent(tracing: Tracing) -> None:
    # The span that was current where this one started is of another trace.
    request = LLMObs.workflow(name="request", activate=False)
    with LLMObs.workflow(name="other"):
        span = LLMObs.task(name="given", parent=request)
        copied, later = contextvars.copy_context(), contextvars.copy_context()
        span.finish()
        work("of the other")
    copied.run(work, "below the nearest that is open")
    request.finish()
    later.run(work, "after all")
    assert tracing.parents() == {
        "request": None,
        "other": None,
        "given": "request",
        "of the other": "other",
        "below the nearest that is open": "request",
        "after all": "given",
    }


def test_a_span_that_ends_elsewhere_is_not_current_where_it_started(tracing: Tracing) -> None:
    one = LLMObs.workflow(name="one", activate=False)
    with LLMObs.workflow(name="two") as two:
        span = LLMObs.task(name="given", parent=one)
        in_thread(span.finish)
        assert Span._current() is two
        span, aside = LLMObs.task(name="again", parent=one), LLMObs.task("aside", activate=False)
        in_thread(aside.finish)
        assert Span._current() is span
        two.finish()
        one.finish()
        span.finish()
        assert Span._current() is None
        work("afterwards")
    assert tracing.parents() == {
        "one": None,
        "two": None,
        "given": "one",
        "again": "one",
        "aside": "again",
        "afterwards": None,
    }


def test_generators_and_decorated_functions(tracing: Tracing) -> None:
    @task(name="stream")
    def stream(above: Span) -> Iterator[int]:
        work("of the stream")
        with LLMObs.tool(name="given", parent=above):
            yield 1
            work("below")
        with LLMObs.tool(name="aside", activate=False):
            yield 2
            work("of the stream too")

    @workflow
    def reader(above: Span) -> None:
        for n in stream(above):
            work(f"of the reader {n}")

    with LLMObs.workflow(name="above", activate=False) as above:
        reader(above)
    assert tracing.parents() == {
        "above": None,
        "reader": None,
        "stream": "reader",
        "of the stream": "stream",
        "given": "above",
        "below": "given",
        "of the reader 1": "reader",
        "aside": "stream",
        "of the reader 2": "reader",
        "of the stream too": "stream",
    }


def test_a_propagated_function_takes_along_what_is_current(tracing: Tracing) -> None:
    one = LLMObs.workflow(name="one", activate=False)
    with LLMObs.workflow(name="two"):
        with LLMObs.task(name="given", parent=one):
            carried = LLMObs.propagate(work)
            in_thread(carried, "while it is open")
        in_thread(carried, "when it is over")
    one.finish()
    in_thread(carried, "when all are")
    assert tracing.parents() == {
        "one": None,
        "two": None,
        "given": "one",
        "while it is open": "given",
        "when it is over": "one",
        "when all are": "given",
    }
