"""What is kept in memory, and how long: nothing grows with the number of finished spans."""

from __future__ import annotations

import asyncio
import contextvars
import weakref
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from python_support import Receiver, Tracing
from witspan import LLMObs, Span

MANY = 3000


class Watched:
    """Watches whether spans are still in memory."""

    def __init__(self) -> None:
        self.spans: list[weakref.ref[Span]] = []
        # At any time.
        self.most = 0

    def start(self) -> Span:
        span = LLMObs.task()
        self.spans.append(weakref.ref(span))
        if len(self.spans) % 100 == 0:
            self.most = max(self.most, self.alive())
        return span

    def alive(self) -> int:
        return sum(span() is not None for span in self.spans)


@pytest.fixture
def full(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tracing that has room for a few open spans only."""
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    LLMObs.enable(ml_app="tests", _limits={"open_bytes": 5_000})
    yield


def hand_over_hand(watched: Watched) -> None:
    """Each starts before the one before it has finished."""
    before = watched.start()
    for _ in range(MANY):
        span = watched.start()
        before.finish()
        before = span
    before.finish()


def finished_elsewhere(watched: Watched) -> None:
    for _ in range(MANY):
        span = watched.start()
        contextvars.copy_context().run(span.finish)


def started_under_what_finished_elsewhere(watched: Watched) -> None:
    before = watched.start()
    for _ in range(MANY):
        span = watched.start()
        contextvars.copy_context().run(before.finish)
        before = span


def handed_on(watched: Watched) -> None:
    """Each runs in a copy of the context of the one before, like a timer that sets the next."""
    held: list[Span] = []

    def step() -> contextvars.Context:
        span = watched.start()
        if held:
            held.pop().finish()
        held.append(span)
        return contextvars.copy_context()

    context = contextvars.copy_context()
    for _ in range(MANY):
        context = context.run(step)


def outliving_each_other(watched: Watched) -> None:
    def step() -> contextvars.Context:
        with watched.start():
            return contextvars.copy_context()

    context = contextvars.copy_context()
    for _ in range(MANY):
        context = context.run(step)


def carried_on(watched: Watched) -> None:
    """Each is started by a propagated function, which keeps the one before."""

    def step() -> Callable[[], Any]:
        with watched.start():
            return LLMObs.propagate(step)

    then: Callable[[], Any] = step
    for _ in range(MANY):
        then = then()


def carried_on_and_finished_by_the_next(watched: Watched) -> None:
    def step(before: Span | None) -> tuple[Callable[..., Any], Span]:
        span = watched.start()
        if before is not None:
            before.finish()
        return LLMObs.propagate(step), span

    then, before = step(None)
    for _ in range(MANY):
        then, before = then(before)
    before.finish()


def below_one_that_stays_open(watched: Watched) -> None:
    with LLMObs.workflow():
        handed_on(watched)
        outliving_each_other(watched)
        carried_on(watched)
        carried_on_and_finished_by_the_next(watched)
        finished_elsewhere(watched)


def a_task_that_goes_on(watched: Watched) -> None:
    async def finish(span: Span) -> None:
        span.finish()

    async def loop() -> None:
        for _ in range(MANY // 3):
            await asyncio.create_task(finish(watched.start()))
            with watched.start(), watched.start():
                await asyncio.sleep(0)

    async def main() -> None:
        with watched.start():
            task = asyncio.create_task(loop())
            await asyncio.sleep(0)
        await task

    asyncio.run(main())


@pytest.mark.parametrize(
    "make",
    [
        hand_over_hand,
        finished_elsewhere,
        started_under_what_finished_elsewhere,
        handed_on,
        outliving_each_other,
        carried_on,
        carried_on_and_finished_by_the_next,
        below_one_that_stays_open,
        a_task_that_goes_on,
    ],
)
def test_spans_that_are_over_are_not_held(
    tracing: Tracing, make: Callable[[Watched], None]
) -> None:
    watched = Watched()
    make(watched)
    assert len(watched.spans) >= MANY
    assert watched.most < 30


def forgotten(watched: Watched) -> None:
    for _ in range(MANY):
        watched.start()


def forgotten_in_copies(watched: Watched) -> None:
    context = contextvars.copy_context()
    for _ in range(MANY):
        context.run(watched.start)
        context = context.run(contextvars.copy_context)


def forgotten_where_they_are_carried(watched: Watched) -> None:
    def step() -> Callable[[], Any]:
        watched.start()
        return LLMObs.propagate(step)

    then: Callable[[], Any] = step
    for _ in range(MANY):
        then = then()


@pytest.mark.parametrize(
    "make",
    [
        forgotten,
        forgotten_in_copies,
        hand_over_hand,
        handed_on,
        outliving_each_other,
        carried_on,
        carried_on_and_finished_by_the_next,
    ],
)
def test_spans_that_found_no_room_are_not_held(full: None, make: Callable[[Watched], None]) -> None:
    with LLMObs.workflow() as outer:
        for _ in range(10):
            LLMObs.task()
        watched = Watched()
        make(watched)
    assert len(watched.spans) >= MANY
    assert watched.most < 30
    del outer
    counted = LLMObs.statistics()
    assert counted["accepted"] == counted["open"] + counted["queued"] + counted["in_flight"] + (
        counted["delivered"] + sum(counted["dropped"].values())
    )


def test_work_that_outlives_a_span_without_room_is_traced_when_there_is_room(
    full: None, receiver: Receiver
) -> None:
    with LLMObs.workflow(name="outer"):
        filled = [LLMObs.task() for _ in range(20)]
        with LLMObs.task() as lost:
            assert lost.span_id == 0
            context = contextvars.copy_context()
            carried = LLMObs.propagate(LLMObs.task)
        while filled:
            filled.pop().finish()
        context.run(LLMObs.task, name="in a copy").finish()
        carried(name="carried").finish()
    assert LLMObs.flush(10).settled
    outer = next(event for event in receiver.events if event["name"] == "outer")
    late = [event for event in receiver.events if event["name"] in ("in a copy", "carried")]
    assert [event["parent_id"] for event in late] == [outer["span_id"]] * 2


def test_a_million_forgotten_spans_take_no_memory(run) -> None:
    done = run("""
        import resource
        from witspan import LLMObs
        LLMObs.enable(_limits={"open_bytes": 1_000_000})

        def most():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

        for _ in range(10_000):
            LLMObs.task()
        before = most()
        for _ in range(1_000_000):
            LLMObs.task()
        assert most() - before < 20, (before, most())
        assert LLMObs.statistics()["dropped"]["open_full"] > 1_000_000
    """)
    assert done.returncode == 0, done.stderr


def test_after_a_span_that_found_no_room_the_earlier_one_is_current_again(full: None) -> None:
    outer = LLMObs.workflow()
    while LLMObs.statistics()["dropped"] == {}:
        last = LLMObs.task()
        if last.span_id:
            outer = last
    assert last.span_id == 0
    last.finish()
    assert Span._current() is outer
    with LLMObs.task() as first:
        # A forgotten span inside keeps nothing else in memory.
        LLMObs.task()
        with LLMObs.task() as second:
            assert Span._current() is second and second.span_id == 0
            # Not for the span outside.
            LLMObs.annotate(tags={"of": "second"})
        assert Span._current() is first
        third, fourth = LLMObs.task(), LLMObs.task()
        third.finish()
        assert Span._current() is fourth
        fourth.finish()
        assert Span._current() is first
        contextvars.copy_context().run(first.finish)
        assert Span._current() is outer
    assert Span._current() is outer
    outer.finish()


def test_spans_that_found_no_room_may_lie_deep_inside_each_other(run) -> None:
    done = run("""
        import threading
        from witspan import LLMObs
        LLMObs.enable(_limits={"open_bytes": 10_000})

        def nest():
            spans = [LLMObs.task() for _ in range(200_000)]
            del spans

        threading.stack_size(256 * 1024)
        thread = threading.Thread(target=nest)
        thread.start()
        thread.join()
        LLMObs.disable()
        counters = LLMObs.statistics()
        assert counters["accepted"] == 200_000 == sum(counters["dropped"].values()), counters
    """)
    assert done.returncode == 0, done.stderr


def test_annotation_contexts_that_are_never_left_are_bounded(tracing: Tracing, log) -> None:
    def enter() -> None:
        for n in range(1200):
            LLMObs.annotation_context(tags={"n": n}).__enter__()
        LLMObs.task().finish()

    contextvars.Context().run(enter)
    assert "n:999" in tracing.only()["tags"]
    assert LLMObs.statistics()["annotations_rejected"] == 200
    (line,) = log()
    assert "1,000 annotation contexts" in line
