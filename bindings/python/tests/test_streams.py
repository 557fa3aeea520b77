"""What decorated generators yield, captured as their span's output."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from typing import Any

import pytest
from python_support import Tracing
from witspan import LLMObs
from witspan.decorators import agent, embedding, llm, retrieval, task, tool, workflow


def value(tracing: Tracing) -> Any:
    return tracing.only()["meta"]["output"]["value"]


@pytest.mark.parametrize("decorate", [workflow, task, tool, agent])
def test_texts_are_joined(tracing: Tracing, decorate: Any) -> None:
    @decorate
    def words():
        yield "Rayleigh "
        yield "scattering"
        yield "."

    assert list(words()) == ["Rayleigh ", "scattering", "."]
    assert value(tracing) == "Rayleigh scattering."


def test_the_joined_text_of_an_llm_span_is_a_message(tracing: Tracing) -> None:
    @llm(model_name="m")
    def ask(question):
        yield from ("Be", "cause.")

    list(ask("Why?"))
    assert tracing.only()["meta"]["output"]["messages"] == [{"content": "Because.", "role": ""}]


def test_messages_of_an_llm_stream_are_messages(tracing: Tracing) -> None:
    @llm
    def ask():
        yield {"role": "assistant", "content": "one"}
        yield "two"

    list(ask())
    contents = [each["content"] for each in tracing.only()["meta"]["output"]["messages"]]
    assert contents == ["one", "two"]


@pytest.mark.parametrize("decorate", [embedding, retrieval])
def test_kinds_whose_results_are_not_captured_capture_no_stream(tracing, decorate) -> None:
    @decorate
    def items():
        yield "x"

    list(items())
    assert "output" not in tracing.only()["meta"]


def test_other_items_become_a_list(tracing: Tracing) -> None:
    @task
    def items():
        yield "text"
        yield 1
        yield {"a": [None, True]}
        yield b"bytes"

    list(items())
    assert json.loads(value(tracing)) == ["text", 1, {"a": [None, True]}, "bytes"]


def test_bytes_are_joined_before_they_are_read(tracing: Tracing) -> None:
    @task
    def body():
        encoded = "5 €".encode()
        yield encoded[:3]
        yield bytearray(encoded[3:])

    list(body())
    assert value(tracing) == "5 €"


def test_empty_texts_and_lone_surrogates_are_texts(tracing: Tracing) -> None:
    @task
    def words():
        yield ""
        yield "\ud83d"

    list(words())
    assert value(tracing) == "\ufffd"


def test_a_stream_without_items_has_the_returned_value(tracing: Tracing) -> None:
    @task
    def nothing():
        return "returned"
        yield

    def reader():
        return (yield from nothing())

    with pytest.raises(StopIteration, match="returned"):
        next(reader())
    assert value(tracing) == "returned"


def test_a_stream_without_items_or_value_has_no_output(tracing: Tracing) -> None:
    @task
    def nothing():
        return
        yield

    assert list(nothing()) == []
    assert "output" not in tracing.only()["meta"]


def test_what_the_body_annotates_wins(tracing: Tracing) -> None:
    @task
    def words():
        yield "captured"
        LLMObs.annotate(output_data="said")
        yield "captured"

    list(words())
    assert value(tracing) == "said"


def test_a_stream_that_is_left_keeps_what_came_so_far(tracing: Tracing) -> None:
    @task
    def words():
        for n in range(9):
            yield f"{n} "

    stream = words()
    next(stream), next(stream)
    stream.close()
    event = tracing.only()
    assert (event["status"], event["meta"]["output"]["value"]) == ("ok", "0 1 ")


def test_a_stream_that_is_forgotten_keeps_what_came_so_far(tracing: Tracing) -> None:
    @task
    def words():
        yield "first"
        yield "second"

    next(words())
    gc.collect()
    assert value(tracing) == "first"


def test_a_stream_that_fails_keeps_what_came_so_far(tracing: Tracing) -> None:
    @task
    def words():
        yield "first"
        raise ValueError("the line went dead")

    with pytest.raises(ValueError):
        list(words())
    event = tracing.only()
    assert (event["status"], event["meta"]["output"]["value"]) == ("error", "first")


def test_async_generators_do_the_same(tracing: Tracing) -> None:
    @workflow
    async def words(count):
        for n in range(count):
            yield f"{n} "

    @workflow
    async def failing():
        yield "before "
        raise ValueError

    async def main() -> None:
        assert [word async for word in words(3)] == ["0 ", "1 ", "2 "]
        left = words(9)
        async for _ in left:
            break
        await left.aclose()
        with pytest.raises(ValueError):
            [word async for word in failing()]

    asyncio.run(main())
    outputs = sorted(event["meta"]["output"]["value"] for event in tracing.events())
    assert outputs == ["0 ", "0 1 2 ", "before "]


def test_a_cancelled_async_stream_keeps_what_came_so_far(tracing: Tracing) -> None:
    @workflow
    async def words():
        yield "first"
        await asyncio.sleep(60)

    async def read() -> None:
        async for _ in words():
            pass

    async def main() -> None:
        reader = asyncio.create_task(read())
        await asyncio.sleep(0.05)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader

    asyncio.run(main())
    event = tracing.only()
    assert (event["status"], event["meta"]["output"]["value"]) == ("error", "first")


def test_items_are_kept_as_they_were_and_not_kept_alive(tracing: Tracing) -> None:
    class Item:
        def __init__(self) -> None:
            self.text = "before"

        def __str__(self) -> str:
            return self.text

    seen = []

    @task
    def items():
        item = Item()
        seen.append(weakref.ref(item))
        yield item
        del item
        gc.collect()
        assert seen[0]() is None
        yield ["list"]

    stream = items()
    item = next(stream)
    item.text = "after"
    del item
    for kept in stream:
        kept.append("changed")
    assert json.loads(value(tracing)) == ["before", ["list"]]


def test_items_whose_code_raises_are_named_and_reach_the_reader(tracing: Tracing) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    @task
    def items():
        yield Broken()

    assert [type(item) for item in items()] == [Broken]
    assert json.loads(value(tracing)) == ["[unserializable: Broken]"]


def test_long_streams_are_cut_at_1_mb_with_a_notice(tracing: Tracing) -> None:
    piece = "x" * 99_999

    @task
    def words():
        for _ in range(13):
            yield piece

    assert sum(map(len, words())) == 13 * len(piece)
    assert value(tracing) == piece * 10 + "[3 more]"


def test_lists_are_cut_at_10_000_items_and_texts_are_not(tracing: Tracing) -> None:
    @task
    def numbers():
        yield from range(10_003)

    @tool
    def letters():
        yield from "x" * 10_003

    assert sum(1 for _ in numbers()) == sum(1 for _ in letters()) == 10_003
    named = tracing.by_name()
    assert json.loads(named["numbers"]["meta"]["output"]["value"])[9_999:] == [9_999, "[3 more]"]
    assert named["letters"]["meta"]["output"]["value"] == "x" * 10_003


def test_a_stream_of_items_that_are_not_messages_is_sent_as_their_text(tracing) -> None:
    @llm
    def ask():
        yield 5

    assert list(ask()) == [5]
    assert tracing.only()["meta"]["output"] == {"messages": [{"content": "5", "role": ""}]}
    assert LLMObs.statistics()["warnings"] == 1
