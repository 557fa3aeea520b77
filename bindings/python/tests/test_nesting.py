"""What is the parent of what, whatever the order and thread of ends."""

from __future__ import annotations

import contextvars
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from python_support import Receiver, Tracing
from witspan import LLMObs
from witspan.decorators import task, workflow


def in_thread(function: Any, *args: Any) -> None:
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()


def test_a_block_that_ended_is_no_longer_a_parent(tracing: Tracing) -> None:
    with LLMObs.workflow(name="first"):
        with LLMObs.task(name="child"):
            pass
        with LLMObs.task(name="sibling"):
            pass
    with LLMObs.workflow(name="second"):
        pass

    assert tracing.parents() == {
        "first": None,
        "child": "first",
        "sibling": "first",
        "second": None,
    }


def test_a_span_is_current_from_its_start_without_a_with_block(tracing: Tracing) -> None:
    outer = LLMObs.workflow(name="outer")
    inner = LLMObs.task(name="inner")
    inner.finish()
    outer.finish()

    assert tracing.parents() == {"outer": None, "inner": "outer"}


def test_spans_may_finish_out_of_order(tracing: Tracing) -> None:
    outer = LLMObs.workflow(name="outer")
    inner = LLMObs.task(name="inner")
    outer.finish()
    LLMObs.tool(name="under inner").finish()
    inner.finish()
    LLMObs.tool(name="again").finish()

    assert tracing.parents() == {
        "outer": None,
        "inner": "outer",
        "under inner": "inner",
        "again": None,
    }


def test_an_end_in_the_middle_leaves_the_rest_of_the_chain(tracing: Tracing) -> None:
    a, b, c = (LLMObs.task(name=name) for name in "abc")
    b.finish()
    c.finish()
    LLMObs.tool(name="under a").finish()
    a.finish()

    assert tracing.parents() == {"a": None, "b": "a", "c": "b", "under a": "a"}


def test_a_second_finish_changes_nothing(tracing: Tracing) -> None:
    with LLMObs.workflow(name="outer"):
        with LLMObs.task(name="twice") as span:
            span.finish()
            LLMObs.tool(name="after").finish()
        span.finish()

    named = tracing.by_name()
    assert tracing.parents() == {"outer": None, "twice": "outer", "after": "outer"}
    assert named["twice"]["duration"] <= named["outer"]["duration"]


def test_a_span_may_finish_in_another_thread(tracing: Tracing) -> None:
    outer = LLMObs.workflow(name="outer")
    inner = LLMObs.task(name="inner")
    in_thread(inner.finish)
    # Here it is still current, but finished: the nearest open one is the parent.
    LLMObs.tool(name="under outer").finish()
    outer.finish()

    assert tracing.parents() == {"outer": None, "inner": "outer", "under outer": "outer"}


def test_a_forgotten_span_is_counted_as_unfinished(tracing: Tracing) -> None:
    context = contextvars.copy_context()
    context.run(LLMObs.workflow)
    del context
    gc.collect()

    assert tracing.events() == []
    assert LLMObs.statistics()["dropped"] == {"unfinished": 1}


def test_a_span_open_at_the_end_is_counted_and_logged(tracing: Tracing, log) -> None:
    span = LLMObs.workflow()
    LLMObs.disable()

    assert LLMObs.statistics()["dropped"] == {"unfinished": 1}
    (line,) = log()
    assert "1 span did not finish" in line
    span.finish()
    assert LLMObs.statistics()["dropped"] == {"unfinished": 1}


def test_a_long_chain_of_forgotten_spans_is_freed_without_a_crash(run) -> None:
    # Each keeps its parent: freed one inside the other, they would overflow the stack.
    done = run("""
        import contextvars, threading
        from witspan import LLMObs
        LLMObs.enable()

        def forget():
            for _ in range(300_000):
                LLMObs.task()

        threading.stack_size(256 * 1024)
        thread = threading.Thread(target=contextvars.Context().run, args=(forget,))
        thread.start()
        thread.join()
        LLMObs.disable()
        counters = LLMObs.statistics()
        assert counters["accepted"] == 300_000 == sum(counters["dropped"].values()), counters
    """)
    assert done.returncode == 0, done.stderr


def test_a_plain_thread_has_no_parent(tracing: Tracing) -> None:
    with LLMObs.workflow(name="outer"):
        in_thread(lambda: LLMObs.task(name="in thread").finish())

    assert tracing.parents() == {"outer": None, "in thread": None}


def test_a_thread_with_a_copied_context_has_the_parent(tracing: Tracing) -> None:
    with LLMObs.workflow(name="outer"):
        context = contextvars.copy_context()
        in_thread(context.run, lambda: LLMObs.task(name="in thread").finish())
        LLMObs.tool(name="here").finish()

    assert tracing.parents() == {"outer": None, "in thread": "outer", "here": "outer"}


def test_an_executor_has_no_parent_unless_a_context_is_given(tracing: Tracing) -> None:
    @task
    def work(name: str) -> None:
        LLMObs.annotate(tags={"name": name})
        LLMObs.tool(name=f"in {name}").finish()

    with ThreadPoolExecutor(max_workers=1) as executor, LLMObs.workflow(name="outer"):
        executor.submit(work, "plain").result()
        executor.submit(contextvars.copy_context().run, work, "given").result()
        executor.submit(work, "plain again").result()

    events = tracing.events()
    ids = {event["span_id"]: event["name"] for event in events}
    parents = {
        tag: ids.get(event["parent_id"])
        for event in events
        for tag in event["tags"]
        if tag.startswith("name:")
    }
    assert parents == {"name:plain": None, "name:given": "outer", "name:plain again": None}


def test_many_threads_do_not_mix_their_traces(tracing: Tracing) -> None:
    barrier = threading.Barrier(8)

    def traces(thread: int) -> None:
        barrier.wait()
        for n in range(25):
            with LLMObs.workflow(name=f"root {thread}.{n}"):
                with LLMObs.task(name=f"child {thread}.{n}"):
                    LLMObs.llm(name=f"leaf {thread}.{n}").finish()

    threads = [threading.Thread(target=traces, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    parents = tracing.parents()
    assert len(parents) == 8 * 25 * 3
    above = {"root": None, "child": "root", "leaf": "child"}
    for name, parent in parents.items():
        word, _, place = name.partition(" ")
        assert parent == (above[word] and f"{above[word]} {place}")


def test_threads_that_annotate_one_span_lose_nothing(tracing: Tracing) -> None:
    with LLMObs.workflow() as span:

        def annotate(thread: int) -> None:
            for n in range(100):
                LLMObs.annotate(span, metadata={f"{thread}.{n}": n}, tags={f"t{thread}.{n}": n})

        threads = [threading.Thread(target=annotate, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    event = tracing.only()
    assert len(event["meta"]["metadata"]) == 600
    assert sum(tag.startswith("t") for tag in event["tags"]) == 600


def test_session_and_app_are_inherited_and_tags_are_not(tracing: Tracing) -> None:
    with LLMObs.workflow(name="outer", session_id="s", ml_app="app"):
        LLMObs.annotate(tags={"mine": 1})
        LLMObs.task(name="inner").finish()

    inner = tracing.by_name()["inner"]
    assert inner["session_id"] == "s"
    assert "ml_app:app" in inner["tags"]
    assert "mine:1" not in inner["tags"]


def test_a_recursive_function_nests_in_itself(tracing: Tracing) -> None:
    @workflow
    def countdown(n: int) -> int:
        return n and countdown(n - 1)

    countdown(20)

    events = {event["span_id"]: event for event in tracing.events()}
    deepest = next(e for e in events.values() if e["meta"]["input"]["value"] == '{"n":0}')
    depth = 0
    while deepest["parent_id"] != "undefined":
        deepest = events[deepest["parent_id"]]
        depth += 1
    assert depth == 20


@pytest.mark.parametrize("seconds", [1_700_000_000, 1_700_000_000.25])
def test_an_end_can_be_given_in_seconds(tracing: Tracing, seconds: float) -> None:
    LLMObs.task().finish(finish_time=4_000_000_000.5)
    # An end before the start counts as the start.
    LLMObs.task(name="earlier").finish(seconds)

    named = tracing.by_name()
    end = named["task"]["start_ns"] + named["task"]["duration"]
    assert end == 4_000_000_000_500_000_000
    assert named["earlier"]["duration"] == 0


def test_a_span_that_finds_no_room_leaves_what_was_current(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    LLMObs.enable(ml_app="tests", _limits={"open_bytes": 1_100})
    with LLMObs.workflow() as root:
        ids = root.span_id, root.trace_id
        with LLMObs.task(name="no room" * 100) as lost:
            assert lost.span_id == 0
        with LLMObs.task(name="room"):
            pass
    LLMObs.disable()
    room = next(event for event in receiver.events if event["name"] == "room")
    assert (int(room["parent_id"]), int(room["trace_id"], 16)) == ids
