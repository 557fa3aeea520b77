"""Decorated functions behave as before; what is captured of their calls."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import json
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from python_support import Event, Tracing
from witspan import LLMObs
from witspan.decorators import agent, embedding, llm, retrieval, task, tool, workflow


def value(event: Event, part: str) -> Any:
    """Input or output of a span, read back."""
    return json.loads(event["meta"][part]["value"])


# ---- what they are


@pytest.mark.parametrize("decorate", [task, task(), task(name="other")])
def test_a_decorated_function_looks_like_itself(decorate: Any) -> None:
    def function(a: int, *, b: str = "x") -> str:
        """What it does."""
        return f"{a}{b}"

    function.attribute = 1  # type: ignore[attr-defined]
    decorated = decorate(function)
    assert decorated.__name__ == "function"
    assert decorated.__qualname__ == function.__qualname__
    assert decorated.__doc__ == "What it does."
    assert decorated.__module__ == __name__
    assert decorated.__wrapped__ is function
    assert decorated.attribute == 1
    assert inspect.signature(decorated) == inspect.signature(function)
    assert decorated.__annotations__ == function.__annotations__


def test_a_decorated_coroutine_function_is_a_coroutine_function() -> None:
    @task
    async def function() -> None: ...

    assert inspect.iscoroutinefunction(function)


def test_bare_and_called_do_the_same(tracing: Tracing) -> None:
    def one() -> int:
        return 1

    def two() -> int:
        return 2

    task(one)()
    task()(two)()
    assert set(tracing.by_name()) == {"one", "two"}


def test_options_are_those_of_the_span(tracing: Tracing) -> None:
    @llm(model_name="m", model_provider="P", name="n", session_id="s", ml_app="a")
    def function() -> None: ...

    function()
    event = tracing.only()
    assert event["name"] == "n"
    assert event["session_id"] == "s"
    assert "ml_app:a" in event["tags"]
    assert (event["meta"]["model_name"], event["meta"]["model_provider"]) == ("m", "p")


def test_wrong_calls_fail_as_before(tracing: Tracing) -> None:
    @task
    def function(a: int) -> None: ...

    with pytest.raises(TypeError, match=r"function\(\) missing 1 required"):
        function()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword"):
        function(1, c=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="takes 1 positional"):
        function(1, 2, 3)  # type: ignore[call-arg]
    assert [event["status"] for event in tracing.events()] == ["error"] * 3


# ---- what they capture


def test_arguments_are_captured_by_name_without_defaults(tracing: Tracing) -> None:
    @task
    def function(a: Any, b: Any = 2, *rest: Any, c: Any = 3, **others: Any) -> None: ...

    calls: list[tuple[tuple[Any, ...], dict[str, Any], Any]] = [
        ((1,), {}, {"a": 1}),
        ((), {"b": 5, "a": 4}, {"a": 4, "b": 5}),
        ((1, 2, 3, 4), {}, {"a": 1, "b": 2, "rest": [3, 4]}),
        ((1,), {"c": 9, "d": 10}, {"a": 1, "c": 9, "others": {"d": 10}}),
        ((1,), {"rest": 5, "others": 6}, {"a": 1, "others": {"rest": 5, "others": 6}}),
    ]
    for args, kwargs, _ in calls:
        function(*args, **kwargs)
    assert [value(event, "input") for event in tracing.events()] == [c[2] for c in calls]


def test_a_positional_parameter_and_a_keyword_may_have_one_name(tracing: Tracing) -> None:
    # Source, since the oldest supported Python writes it the same.
    @task
    def function(a: int, /, **others: int) -> None: ...

    function(1, a=2)
    assert value(tracing.only(), "input") == {"a": 1, "others": {"a": 2}}


def test_a_function_without_arguments_has_no_input(tracing: Tracing) -> None:
    @task
    def function() -> None: ...

    function()
    assert not {"input", "output"} & set(tracing.only()["meta"])


@pytest.mark.parametrize(
    ("decorate", "captured"),
    [
        (workflow, {"input", "output"}),
        (agent, {"input", "output"}),
        (tool, {"input", "output"}),
        (task, {"input", "output"}),
        (retrieval, {"input"}),
        (llm, {"output"}),
        (embedding, set()),
    ],
)
def test_each_kind_captures_what_is_documented(tracing, decorate, captured) -> None:
    @decorate
    def function(argument: str) -> str:
        return "returned"

    function("given")
    assert {"input", "output"} & set(tracing.only()["meta"]) == captured


def test_what_the_body_annotates_takes_precedence(tracing: Tracing) -> None:
    @task
    def function(argument: str) -> str:
        LLMObs.annotate(input_data="my input", output_data="my output")
        return "returned"

    function("given")
    meta = tracing.only()["meta"]
    assert meta["input"] == {"value": "my input"}
    assert meta["output"] == {"value": "my output"}


def test_falsy_results_are_captured_and_none_is_not(tracing: Tracing) -> None:
    for n, result in enumerate([0, "", False, [], None]):

        @task(name=str(n))
        def function(result: Any = result) -> Any:
            return result

        function()
    outputs = [event["meta"].get("output", {}).get("value") for event in tracing.events()]
    assert outputs == ["0", "", "false", "[]", None]


def test_a_result_that_is_not_a_message_is_sent_as_its_text(tracing: Tracing) -> None:
    @llm
    def function() -> int:
        return 5

    assert function() == 5
    assert tracing.only()["meta"]["output"] == {"messages": [{"content": "5", "role": ""}]}
    assert LLMObs.statistics()["warnings"] == 1


def test_input_is_as_it_was_at_the_call(tracing: Tracing) -> None:
    @task
    def function(items: list[int]) -> list[int]:
        items.append(2)
        return items

    given = [1]
    assert function(given) is given
    event = tracing.only()
    assert value(event, "input") == {"items": [1]}
    assert value(event, "output") == [1, 2]


# ---- methods


def test_methods_of_all_sorts_work_and_self_is_left_out(tracing: Tracing) -> None:
    class Bot:
        @task
        def method(self, a: int) -> int:
            return a

        @classmethod
        @task
        def of_class(cls, a: int) -> str:
            return f"{cls.__name__}{a}"

        @staticmethod
        @task
        def of_none(a: int) -> int:
            return a

        @property
        @task
        def attribute(self) -> str:
            return "p"

    bot = Bot()
    assert bot.method(1) == 1
    assert Bot.method(bot, 1) == 1
    assert bot.method(a=1) == 1
    assert Bot.of_class(2) == bot.of_class(2) == "Bot2"
    assert Bot.of_none(3) == 3
    assert bot.attribute == "p"

    inputs = {e["name"]: e["meta"].get("input") and value(e, "input") for e in tracing.events()}
    assert inputs == {
        "method": {"a": 1},
        "of_class": {"cls": "Bot", "a": 2},
        "of_none": {"a": 3},
        "attribute": None,
    }


def test_the_decorator_may_stand_above_classmethod_and_staticmethod(tracing: Tracing) -> None:
    class Bot:
        @task
        @classmethod
        def of_class(cls, a: int) -> str:
            return f"{cls.__name__}{a}"

        @task(name="renamed")
        @staticmethod
        def of_none(a: int) -> int:
            return a

    assert Bot.of_class(2) == Bot().of_class(2) == "Bot2"
    assert Bot.of_none(3) == Bot().of_none(3) == 3
    inputs = {event["name"]: value(event, "input") for event in tracing.events()}
    assert inputs == {"of_class": {"cls": "Bot", "a": 2}, "renamed": {"a": 3}}


def test_functions_without_a_name_or_signature_work(tracing: Tracing) -> None:
    def add(a: int, b: int) -> int:
        return a + b

    class Callable_:
        def __call__(self, a: int) -> int:
            return a

    assert task(functools.partial(add, 1))(b=2) == 3
    assert task(Callable_())(4) == 4
    assert task(min)(3, 2) == 2
    assert task(lambda a: a)(5) == 5
    assert [e["name"] for e in tracing.events()] == ["task", "task", "min", "<lambda>"]


def test_decorators_of_other_kinds_stack(tracing: Tracing) -> None:
    @workflow(name="outer")
    @functools.lru_cache
    @task(name="inner")
    def function(a: int) -> int:
        return a

    assert function(1) == function(1) == 1
    events = tracing.events()
    assert sorted(event["name"] for event in events) == ["inner", "outer", "outer"]


# ---- what they do not do


class Argument:
    """Something to hold weakly."""


def test_arguments_and_results_are_not_kept_alive(tracing: Tracing) -> None:
    @task
    def function(argument: Argument) -> Argument:
        return Argument()

    gc.disable()
    try:
        argument = Argument()
        result = function(argument)
        weak = weakref.ref(argument), weakref.ref(result)
        del argument, result
        assert [each() for each in weak] == [None, None]
    finally:
        gc.enable()


def test_an_exception_does_not_keep_the_arguments_alive(tracing: Tracing) -> None:
    @task
    def function(argument: Argument) -> None:
        raise ValueError

    gc.disable()
    try:
        argument = Argument()
        weak = weakref.ref(argument)
        try:
            function(argument)
        except ValueError:
            pass
        del argument
        assert weak() is None
    finally:
        gc.enable()


# ---- generators


def test_items_of_a_generator_pass_through_and_so_does_its_value(tracing: Tracing) -> None:
    @task
    def numbers(n: int) -> Iterator[int]:
        received = []
        for i in range(n):
            received.append((yield i))
        return received

    def reader() -> Any:
        return (yield from numbers(3))

    stream = reader()
    assert [next(stream), stream.send("a"), stream.send("b")] == [0, 1, 2]
    with pytest.raises(StopIteration) as stop:
        stream.send("c")
    assert stop.value.value == ["a", "b", "c"]

    event = tracing.only()
    assert value(event, "input") == {"n": 3}
    assert value(event, "output") == [0, 1, 2]


def test_a_generator_is_not_current_for_its_reader(tracing: Tracing) -> None:
    @task
    def numbers() -> Iterator[int]:
        LLMObs.tool(name="in the body").finish()
        yield 1
        LLMObs.tool(name="in the body again").finish()
        yield 2

    with LLMObs.workflow(name="reader"):
        for n in numbers():
            LLMObs.tool(name=f"between {n}").finish()
    LLMObs.tool(name="after").finish()

    assert tracing.parents() == {
        "reader": None,
        "numbers": "reader",
        "in the body": "numbers",
        "in the body again": "numbers",
        "between 1": "reader",
        "between 2": "reader",
        "after": None,
    }


def test_a_span_that_is_open_over_a_yield_is_current_again_after_it(tracing: Tracing) -> None:
    @workflow
    def stream() -> Iterator[int]:
        with LLMObs.llm(name="call"):
            yield 1
            LLMObs.annotate(output_data="of the call")
            LLMObs.tool(name="under call").finish()
        LLMObs.tool(name="under stream").finish()
        yield 2

    for n in stream():
        LLMObs.task(name=f"reader {n}").finish()

    assert tracing.parents() == {
        "stream": None,
        "call": "stream",
        "under call": "call",
        "under stream": "stream",
        "reader 1": None,
        "reader 2": None,
    }
    messages = tracing.by_name()["call"]["meta"]["output"]["messages"]
    assert messages[0]["content"] == "of the call"


def test_a_stream_that_nobody_reads_leaves_no_span(tracing: Tracing) -> None:
    @task
    def numbers() -> Iterator[int]:
        yield 1

    @task
    async def later() -> AsyncIterator[int]:
        yield 1

    numbers()
    later()
    gc.collect()
    assert tracing.events() == []
    assert LLMObs.statistics()["accepted"] == 0


def test_a_stream_that_is_left_early_ends_without_error(tracing: Tracing) -> None:
    closed = []

    @task
    def numbers() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            LLMObs.tool(name="cleaning up").finish()
            closed.append(True)

    for _ in numbers():
        break
    gc.collect()

    assert closed == [True]
    assert tracing.parents() == {"numbers": None, "cleaning up": "numbers"}
    assert tracing.by_name()["numbers"]["status"] == "ok"


def test_exceptions_go_into_and_out_of_a_generator(tracing: Tracing) -> None:
    @task
    def numbers() -> Iterator[int]:
        try:
            yield 1
        except KeyError:
            yield 2
        raise ValueError("end")

    stream = numbers()
    assert next(stream) == 1
    thrown = KeyError()
    assert stream.throw(thrown) == 2  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="end") as raised:
        next(stream)
    assert raised.value.__context__ is None
    assert tracing.only()["meta"]["error"]["type"] == "builtins.ValueError"


def test_a_generator_called_wrongly_fails_at_the_call(tracing: Tracing) -> None:
    @task
    def numbers(n: int) -> Iterator[int]:
        yield n

    with pytest.raises(TypeError):
        numbers()  # type: ignore[call-arg]


def test_async_generators_do_the_same(tracing: Tracing) -> None:
    @llm
    async def tokens(n: int) -> AsyncIterator[str]:
        for i in range(n):
            await asyncio.sleep(0)
            LLMObs.tool(name=f"body {i}").finish()
            yield str(i)
        LLMObs.annotate(output_data="all of it")

    @workflow
    async def reader() -> list[str]:
        got = []
        async for token in tokens(2):
            LLMObs.tool(name=f"reader {token}").finish()
            got.append(token)
        return got

    assert asyncio.run(reader()) == ["0", "1"]

    assert tracing.parents() == {
        "reader": None,
        "tokens": "reader",
        "body 0": "tokens",
        "body 1": "tokens",
        "reader 0": "reader",
        "reader 1": "reader",
    }
    assert tracing.by_name()["tokens"]["meta"]["output"]["messages"][0]["content"] == "all of it"


def test_async_generators_can_be_sent_to_thrown_into_and_closed(tracing: Tracing) -> None:
    cleaned = []

    @task
    async def echo() -> Any:
        got = None
        try:
            while True:
                try:
                    got = yield got
                except KeyError:
                    got = "caught"
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    async def main() -> None:
        stream = echo()
        assert await stream.__anext__() is None
        assert await stream.asend("a") == "a"
        assert await stream.athrow(KeyError()) == "caught"
        await stream.aclose()
        assert cleaned == [True]
        with pytest.raises(StopAsyncIteration):
            await stream.__anext__()

        failing = echo()
        await failing.__anext__()
        error = ValueError("out")
        with pytest.raises(ValueError) as raised:
            await failing.athrow(error)
        assert raised.value is error and error.__context__ is None

    asyncio.run(main())

    assert [event["status"] for event in tracing.events()] == ["ok", "error"]


def test_an_async_generator_that_is_left_early_ends_without_error(tracing: Tracing) -> None:
    @task
    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def main() -> None:
        async for _ in numbers():
            break
        LLMObs.tool(name="after").finish()
        # The loop closes what was left as soon as it gets to it.
        await asyncio.sleep(0.01)

    asyncio.run(main())

    named = tracing.by_name()
    assert named["numbers"]["status"] == "ok"
    assert tracing.parents() == {"numbers": None, "after": None}


def test_streams_that_are_read_alternately_do_not_mix(tracing: Tracing) -> None:
    @task
    def stream(name: str) -> Iterator[None]:
        LLMObs.annotate(tags={"stream": name})
        for n in range(3):
            LLMObs.tool(name=f"{name}{n}").finish()
            yield

    for _ in zip(task(name="a")(stream.__wrapped__)("a"), task(name="b")(stream.__wrapped__)("b")):
        pass

    parents = tracing.parents()
    assert all(parent == name[0] for name, parent in parents.items() if len(name) == 2)
    assert parents["a"] is None and parents["b"] is None
