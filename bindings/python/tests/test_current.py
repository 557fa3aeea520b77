"""What is current after a span has finished elsewhere: in another thread, task or greenlet."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import pytest
from python_support import Receiver, Run, Tracing
from witspan import LLMObs, Span
from witspan.decorators import task


def in_thread(function: Any, *args: Any) -> None:
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()


def work(name: str) -> None:
    LLMObs.task(name=name).finish()


def in_executor(function: Any, *args: Any) -> None:
    with ThreadPoolExecutor(1) as executor:
        executor.submit(function, *args).result()


def in_copy(function: Any, *args: Any) -> None:
    contextvars.copy_context().run(function, *args)


def in_thread_with_copy(function: Any, *args: Any) -> None:
    in_thread(contextvars.copy_context().run, function, *args)


ELSEWHERE = pytest.mark.parametrize(
    "elsewhere", [in_thread, in_executor, in_copy, in_thread_with_copy]
)


def nothing_is_current() -> None:
    assert LLMObs.export_span() is None
    assert Span._current() is None
    assert LLMObs.inject_distributed_headers({}) == {}
    rejected = LLMObs.statistics()["annotations_rejected"]
    LLMObs.annotate(tags={"to": "nobody"})
    assert LLMObs.statistics()["annotations_rejected"] == rejected + 1


@ELSEWHERE
def test_a_span_that_finished_elsewhere_is_not_current_where_it_started(
    tracing: Tracing, elsewhere: Callable[..., None]
) -> None:
    span = LLMObs.workflow(name="request")
    elsewhere(span.finish)
    nothing_is_current()
    work("next")
    with LLMObs.workflow(name="and next"):
        work("its child")
    nothing_is_current()

    assert tracing.parents() == {
        "request": None,
        "next": None,
        "and next": None,
        "its child": "and next",
    }


@ELSEWHERE
def test_the_nearest_that_is_open_there_is_current_again(
    tracing: Tracing, elsewhere: Callable[..., None]
) -> None:
    outer, middle, inner = (LLMObs.task(name=name) for name in ("outer", "middle", "inner"))
    elsewhere(middle.finish)
    assert Span._current() is inner
    elsewhere(inner.finish)
    assert LLMObs.export_span() == LLMObs.export_span(outer)
    LLMObs.annotate(tags={"to": "outer"})
    work("under outer")
    assert Span._current() is outer
    elsewhere(outer.finish)
    nothing_is_current()
    work("again")

    assert tracing.parents() == {
        "outer": None,
        "middle": "outer",
        "inner": "middle",
        "under outer": "outer",
        "again": None,
    }
    assert "to:outer" in tracing.by_name()["outer"]["tags"]


def test_a_remote_context_is_current_again(tracing: Tracing) -> None:
    with LLMObs.workflow(name="client"):
        headers = LLMObs.inject_distributed_headers({})

    def serve() -> None:
        LLMObs.activate_distributed_headers(headers)
        span = LLMObs.task(name="first")
        in_thread(span.finish)
        work("second")

    contextvars.Context().run(serve)
    assert tracing.parents() == {"client": None, "first": "client", "second": "client"}


async def close(span: Span, then: str) -> None:
    span.finish()
    work(then)


async def by_task(span: Span) -> None:
    await asyncio.create_task(close(span, "of the one that closed"))


async def by_executor(span: Span) -> None:
    await asyncio.get_running_loop().run_in_executor(None, span.finish)


async def by_thread(span: Span) -> None:
    await asyncio.to_thread(span.finish)


@pytest.mark.parametrize("ended", [by_task, by_executor, by_thread])
def test_the_task_that_started_a_span_goes_on_without_it(
    tracing: Tracing, ended: Callable[[Span], Any]
) -> None:
    async def main() -> None:
        span = LLMObs.workflow(name="request")
        await ended(span)
        nothing_is_current()
        work("next")
        await asyncio.sleep(0)
        work("and next")

    asyncio.run(main())

    parents = tracing.parents()
    # Work of another task stays in the trace.
    assert parents.pop("of the one that closed", "request") == "request"
    assert parents == {"request": None, "next": None, "and next": None}


def test_work_that_outlives_a_span_has_no_current_one_and_stays_in_its_trace(
    tracing: Tracing,
) -> None:
    headers: dict[str, str] = {}

    async def background(go: asyncio.Event) -> None:
        await go.wait()
        # No span is open, so nothing can be annotated; the trace still goes on.
        assert LLMObs.export_span() is None and Span._current() is None
        LLMObs.inject_distributed_headers(headers)
        for name in ("first", "second"):
            work(name)
            assert LLMObs.export_span() is None
        await asyncio.create_task(asyncio.to_thread(work, "of its own task"))

    async def main() -> None:
        go = asyncio.Event()
        span = LLMObs.workflow(name="request")
        later = asyncio.create_task(background(go))
        await asyncio.sleep(0)
        in_thread(span.finish)
        work("next request")
        go.set()
        await later

    asyncio.run(main())

    def elsewhere() -> None:
        LLMObs.activate_distributed_headers(headers)
        work("in another service")

    contextvars.Context().run(elsewhere)
    assert tracing.parents() == {
        "request": None,
        "next request": None,
        "first": "request",
        "second": "request",
        "of its own task": "request",
        "in another service": "request",
    }


def test_looking_does_not_change_what_is_the_parent(tracing: Tracing) -> None:
    async def background(go: asyncio.Event, looked: asyncio.Event) -> None:
        await go.wait()
        assert Span._current() is not None
        looked.set()
        await asyncio.sleep(0.001)
        work("late")

    async def main() -> None:
        go, looked = asyncio.Event(), asyncio.Event()
        with LLMObs.workflow(name="outer"):
            with LLMObs.task(name="inner"):
                later = asyncio.create_task(background(go, looked))
            go.set()
            await looked.wait()
        await later

    asyncio.run(main())
    assert tracing.parents()["late"] == "inner"


def test_a_context_that_was_made_when_another_had_ended_is_not_taken_for_it(
    tracing: Tracing,
) -> None:
    # Python reuses the memory of the last context that ended for a new one.
    def begin() -> contextvars.Context:
        span = LLMObs.workflow(name=f"request {len(spans)}")
        spans.append(span)
        return contextvars.copy_context()

    spans: list[Span] = []
    for n in range(20):
        copied = contextvars.Context().run(begin)
        in_thread(spans[n].finish)
        # Its copy is at the address that the copy of `begin` had.
        copied.run(contextvars.copy_context).run(work, f"late {n}")

    parents = tracing.parents()
    assert [parents[f"late {n}"] for n in range(20)] == [f"request {n}" for n in range(20)]


def test_a_generator_that_is_read_in_several_threads_keeps_its_spans(tracing: Tracing) -> None:
    @task(name="stream")
    def stream() -> Iterator[int]:
        span = LLMObs.tool(name="across")
        yield 1
        work("under across")
        span.finish()
        yield 2
        work("under stream")
        ended = LLMObs.tool(name="ended elsewhere")
        in_thread(ended.finish)
        yield 3
        work("under stream too")

    items = stream()
    with LLMObs.workflow(name="reader"):
        for _ in range(4):
            in_thread_with_copy(next, items, None)
        work("of the reader")

    parents = tracing.parents()
    assert parents == {
        "reader": None,
        "stream": "reader",
        "across": "stream",
        "under across": "across",
        "under stream": "stream",
        "ended elsewhere": "stream",
        "under stream too": "stream",
        "of the reader": "reader",
    }


def test_an_async_generator_that_ends_its_readers_span(tracing: Tracing) -> None:
    async def stream(span: Span) -> AsyncIterator[int]:
        yield 1
        span.finish()
        yield 2

    async def main() -> None:
        span = LLMObs.workflow(name="request")
        async for _ in stream(span):
            pass
        work("next")

    asyncio.run(main())
    assert tracing.parents() == {"request": None, "next": None}


def test_a_span_that_is_carried_to_a_later_context_is_set_back_there(tracing: Tracing) -> None:
    # As asgiref does between threads and tasks: what is current goes on in another context.
    def begin() -> Any:
        LLMObs.workflow(name="request")
        return Span._context()

    held = contextvars.Context().run(begin)
    Span._restore(held)
    current = Span._current()
    assert current is not None
    current.finish()
    work("next")
    assert tracing.parents() == {"request": None, "next": None}


def test_a_greenlet_and_the_one_that_started_it(receiver: Receiver, run: Run) -> None:
    done = run("""
        import gevent
        from witspan import LLMObs
        LLMObs.enable(ml_app="app")

        def one(n):
            span = LLMObs.workflow(name=f"request {n}")
            gevent.spawn(span.finish).join()
            with LLMObs.task(name=f"next {n}"):
                gevent.sleep(0.01)
            assert LLMObs.export_span() is None

        gevent.joinall([gevent.spawn(one, n) for n in range(5)], raise_error=True)
        one(5)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(receiver.events) == 12
    assert {event["parent_id"] for event in receiver.events} == {"undefined"}


def test_the_parent_of_a_span_is_the_one_it_was_sent_with(tracing: Tracing) -> None:
    outer, middle, inner = (LLMObs.task(name=name) for name in ("outer", "middle", "inner"))
    middle.finish()
    assert inner.parent_id == middle.span_id
    inner.finish()
    outer.finish()
    assert (inner.parent_id, middle.parent_id) == (middle.span_id, outer.span_id)
    assert tracing.parents() == {"outer": None, "middle": "outer", "inner": "middle"}


def test_an_annotation_context_that_is_left_elsewhere_is_left_where_it_was_entered(
    tracing: Tracing,
) -> None:
    async def main() -> None:
        context = LLMObs.annotation_context(tags={"said": "inside"})
        context.__enter__()
        go = asyncio.Event()

        async def leave() -> None:
            context.__exit__(None, None, None)
            work("of the one that left")

        async def outlive() -> None:
            await go.wait()
            work("outlived")
            work("outlived again")

        later = asyncio.create_task(outlive())
        await asyncio.create_task(leave())
        work("next")
        with LLMObs.annotation_context(tags={"said": "again"}):
            work("in another")
        work("last")
        go.set()
        await later

    asyncio.run(main())
    said = {
        name: [tag for tag in event["tags"] if tag.startswith("said:")]
        for name, event in tracing.by_name().items()
    }
    assert said == {
        "of the one that left": [],
        "next": [],
        "in another": ["said:again"],
        "last": [],
        "outlived": ["said:inside"],
        "outlived again": ["said:inside"],
    }
