"""Exceptions that leave a span: what is sent of them, and that they are raised unchanged."""

from __future__ import annotations

import sys

import pytest
from python_support import Tracing
from witspan import LLMObs
from witspan.decorators import task


class Nested:
    class Error(Exception):
        pass


class Hostile(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("error", "error_type", "message"),
    [
        (ValueError("bad \ud800 value"), "builtins.ValueError", "bad \ufffd value"),
        (Nested.Error("inner"), "test_exceptions.Error", "inner"),
        (KeyError("k"), "builtins.KeyError", "'k'"),
        (Hostile(), "test_exceptions.Hostile", "Hostile"),
        (KeyboardInterrupt(), "builtins.KeyboardInterrupt", ""),
        (SystemExit(3), "builtins.SystemExit", "3"),
        (SystemExit("text"), "builtins.SystemExit", "text"),
        (BaseException("base"), "builtins.BaseException", "base"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_an_exception_is_the_error_of_the_spans_it_leaves(
    tracing: Tracing, error: BaseException, error_type: str, message: str
) -> None:
    with pytest.raises(type(error)) as raised:
        with LLMObs.workflow(name="outer"):
            with LLMObs.task(name="inner"):
                raise error

    assert raised.value is error
    assert error.__context__ is None and error.__cause__ is None
    for event in tracing.events():
        assert event["status"] == "error"
        assert {"error:1", f"error_type:{error_type}"} <= set(event["tags"])
        assert event["meta"]["error"]["type"] == error_type
        assert event["meta"]["error"]["message"] == message
        assert "raise error" in event["meta"]["error"]["stack"]


@pytest.mark.parametrize("error", [SystemExit(0), SystemExit(None), SystemExit(), GeneratorExit()])
def test_an_end_that_is_not_a_failure_is_not_an_error(
    tracing: Tracing, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        with LLMObs.task():
            raise error

    event = tracing.only()
    assert event["status"] == "ok"
    assert "error" not in event["meta"]


def test_an_exception_that_is_caught_inside_is_not_an_error(tracing: Tracing) -> None:
    with LLMObs.task():
        try:
            raise ValueError
        except ValueError:
            pass
    assert tracing.only()["status"] == "ok"


def test_a_finished_span_is_not_changed_by_a_later_exception(tracing: Tracing) -> None:
    with pytest.raises(ValueError):
        with LLMObs.task() as span:
            span.finish()
            raise ValueError
    assert tracing.only()["status"] == "ok"


def test_a_cause_is_in_the_stack(tracing: Tracing) -> None:
    with pytest.raises(RuntimeError):
        with LLMObs.task():
            try:
                raise ValueError("the cause")
            except ValueError as cause:
                raise RuntimeError("the effect") from cause

    stack = tracing.only()["meta"]["error"]["stack"]
    assert "ValueError: the cause" in stack
    assert stack.rstrip().endswith("RuntimeError: the effect")


def test_only_the_innermost_frames_of_a_deep_stack_are_sent(tracing: Tracing) -> None:
    def down(n: int) -> None:
        if n == 0:
            raise ValueError
        (even if n % 2 == 0 else odd)(n - 1)

    def even(n: int) -> None:
        down(n)

    def odd(n: int) -> None:
        down(n)

    with pytest.raises(ValueError):
        with LLMObs.task():
            down(100)

    stack = tracing.only()["meta"]["error"]["stack"]
    assert stack.count("File ") == 30
    assert "raise ValueError" in stack


def test_an_exception_can_be_set_by_hand(tracing: Tracing) -> None:
    with LLMObs.task() as span:
        try:
            raise ValueError("told")
        except ValueError:
            span.set_exc_info(*sys.exc_info())

    error = tracing.only()["meta"]["error"]
    assert (error["type"], error["message"]) == ("builtins.ValueError", "told")


def test_setting_no_exception_does_nothing(tracing: Tracing) -> None:
    with LLMObs.task() as span:
        span.set_exc_info(None, None, None)
    assert tracing.only()["status"] == "ok"


def test_a_decorated_function_raises_what_it_raised(tracing: Tracing) -> None:
    error = ValueError("mine")

    @task
    def fails(argument: object) -> None:
        raise error

    with pytest.raises(ValueError) as raised:
        fails(object())

    assert raised.value is error
    assert error.__context__ is None and error.__cause__ is None
    assert tracing.only()["meta"]["error"]["message"] == "mine"


def test_the_exception_that_is_being_handled_stays_the_same(tracing: Tracing) -> None:
    @task
    def inner(hostile: object) -> object:
        return sys.exc_info()[1]

    error = KeyError("handled")
    try:
        raise error
    except KeyError:
        assert inner(Hostile()) is error
        assert sys.exc_info()[1] is error


def test_ctrl_c_while_a_value_is_read_is_not_swallowed(tracing: Tracing) -> None:
    class Slow:
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with LLMObs.task() as span:
        with pytest.raises(KeyboardInterrupt):
            LLMObs.annotate(input_data=[1, Slow(), 2])
        with pytest.raises(KeyboardInterrupt):
            LLMObs.annotate(input_data={Slow(): 1})
        LLMObs.annotate(span, output_data="still works")

    event = tracing.only()
    assert "input" not in event["meta"]
    assert event["meta"]["output"] == {"value": "still works"}


def test_ctrl_c_while_an_exception_is_read_is_not_swallowed(tracing: Tracing) -> None:
    class Slow(Exception):
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        with LLMObs.task():
            raise Slow

    assert tracing.only()["status"] == "error"
