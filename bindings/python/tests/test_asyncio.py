"""Parents across tasks: a task has the span that was current where it was created."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest
from python_support import Tracing
from witspan import LLMObs
from witspan.decorators import llm, task, workflow


def test_tasks_of_a_gather_have_their_right_parents_while_they_interleave(tracing: Tracing) -> None:
    rng = random.Random(7)
    running = 0
    most = 0

    async def leaf(name: str) -> None:
        with LLMObs.llm(name=name):
            await asyncio.sleep(rng.random() / 200)

    async def branch(name: str) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        with LLMObs.task(name=name):
            await asyncio.sleep(rng.random() / 200)
            await asyncio.gather(*(leaf(f"{name}.{n}") for n in range(3)))
            with LLMObs.tool(name=f"{name}.last"):
                await asyncio.sleep(0)
        running -= 1

    @workflow
    async def root() -> None:
        await asyncio.gather(*(branch(f"branch {n}") for n in range(20)))
        LLMObs.tool(name="at the end").finish()

    asyncio.run(root())

    assert most == 20
    parents = tracing.parents()
    assert len(parents) == 1 + 20 + 80 + 1
    for name, parent in parents.items():
        if name == "root":
            assert parent is None
        elif "." in name:
            assert parent == name.partition(".")[0]
        else:
            assert parent == "root"


def test_concurrent_traces_do_not_mix(tracing: Tracing) -> None:
    @llm
    async def ask(n: int) -> str:
        await asyncio.sleep(0.001 * (n % 3))
        LLMObs.annotate(tags={"n": n})
        return "answer"

    async def request(n: int) -> None:
        with LLMObs.workflow(name=f"request {n}"):
            LLMObs.annotate(tags={"n": n})
            await asyncio.sleep(0.001 * (n % 5))
            await ask(n)

    async def main() -> None:
        await asyncio.gather(*(request(n) for n in range(30)))

    asyncio.run(main())

    traces: dict[str, set[str]] = {}
    for event in tracing.events():
        number = next(tag for tag in event["tags"] if tag.startswith("n:"))
        traces.setdefault(event["trace_id"], set()).add(number)
    assert len(traces) == 30
    assert all(len(numbers) == 1 for numbers in traces.values())


def test_work_that_outlives_its_parent_stays_in_the_trace(tracing: Tracing) -> None:
    async def background(parent_ended: asyncio.Event) -> None:
        with LLMObs.task(name="began before"):
            await parent_ended.wait()
            LLMObs.tool(name="inside it").finish()
        # No span is open here, so that an annotation has no place.
        assert LLMObs.export_span() is None
        LLMObs.task(name="began after").finish()
        for item in stream():
            LLMObs.task(name=item).finish()

    @task(name="of the stream")
    def stream() -> Iterator[str]:
        yield "and another"

    async def main() -> None:
        ended = asyncio.Event()
        with LLMObs.workflow(name="request"):
            later = asyncio.create_task(background(ended))
            await asyncio.sleep(0)
        ended.set()
        await later
        LLMObs.workflow(name="next request").finish()

    asyncio.run(main())

    assert tracing.parents() == {
        "request": None,
        "began before": "request",
        "inside it": "began before",
        "began after": "request",
        "of the stream": "request",
        "and another": "request",
        "next request": None,
    }


def test_a_task_that_outlives_only_its_parent_goes_to_the_grandparent(tracing: Tracing) -> None:
    async def background(go: asyncio.Event) -> None:
        await go.wait()
        LLMObs.tool(name="first").finish()
        LLMObs.tool(name="second").finish()

    async def main() -> None:
        go = asyncio.Event()
        with LLMObs.workflow(name="outer"):
            with LLMObs.task(name="inner"):
                later = asyncio.create_task(background(go))
            go.set()
            await later

    asyncio.run(main())

    parents = tracing.parents()
    assert (parents["first"], parents["second"]) == ("outer", "outer")


def test_a_context_may_outlive_more_spans_than_are_remembered(tracing: Tracing) -> None:
    async def background(go: asyncio.Event) -> None:
        await go.wait()
        LLMObs.tool(name="late").finish()
        LLMObs.tool(name="later").finish()

    async def main() -> None:
        go = asyncio.Event()
        with LLMObs.workflow(name="request"):
            task = asyncio.create_task(background(go))
        for _ in range(10_000):
            LLMObs.task(name="other").finish()
        go.set()
        await task

    asyncio.run(main())

    events = tracing.events()
    # Neither is lost: one that cannot name its parent any more begins a trace.
    assert {"late", "later"} <= {event["name"] for event in events}
    assert len(events) == 10_003


def test_a_cancelled_task_ends_its_spans_with_an_error(tracing: Tracing) -> None:
    @task
    async def slow() -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        running = asyncio.create_task(slow())
        await asyncio.sleep(0.001)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())

    event = tracing.only()
    assert event["status"] == "error"
    assert event["meta"]["error"]["type"] == "asyncio.exceptions.CancelledError"
    assert "slow" in event["meta"]["error"]["stack"]


def test_a_timeout_is_the_error_of_the_spans_inside_it(tracing: Tracing) -> None:
    @task
    async def slow() -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        with LLMObs.workflow(name="outer"):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(slow(), 0.01)

    asyncio.run(main())

    named = tracing.by_name()
    assert named["slow"]["status"] == "error"
    assert named["outer"]["status"] == "ok"


def test_work_given_to_a_thread_by_asyncio_has_the_parent(tracing: Tracing) -> None:
    @workflow
    async def outer() -> None:
        await asyncio.to_thread(lambda: LLMObs.tool(name="in thread").finish())
        LLMObs.tool(name="here").finish()

    asyncio.run(outer())

    assert tracing.parents() == {"outer": None, "in thread": "outer", "here": "outer"}


def test_a_span_of_a_task_is_not_current_for_its_creator(tracing: Tracing) -> None:
    async def child(started: asyncio.Event, go: asyncio.Event) -> None:
        with LLMObs.task(name="child"):
            started.set()
            await go.wait()

    async def main() -> None:
        started, go = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(child(started, go))
        await started.wait()
        LLMObs.tool(name="of the creator").finish()
        go.set()
        await running

    asyncio.run(main())

    assert tracing.parents() == {"child": None, "of the creator": None}
