"""The native functions that replace calls while tracing is on behave like these calls."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any, Callable

import pytest
import witspan
from python_support import Tracing
from witspan import LLMObs, LLMObsArgumentError

CALLS = (
    *("llm", "embedding", "workflow", "agent", "tool", "task", "retrieval"),
    "annotate",
)


def parameters(call: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(call).parameters.values()]


@pytest.fixture
def off() -> dict[str, Callable[..., Any]]:
    """The calls as they are while tracing is off."""
    assert not LLMObs.enabled
    return {name: getattr(LLMObs, name) for name in CALLS}


def test_signatures_and_documentation_are_those_of_tracing_that_is_off(
    off: dict[str, Callable[..., Any]], tracing: Tracing
) -> None:
    for name, method in off.items():
        call = getattr(LLMObs, name)
        assert call is not method and call.__name__ == name
        assert parameters(call) == parameters(method)
        assert inspect.getdoc(call) == inspect.getdoc(method)


@pytest.mark.parametrize("name", CALLS)
def test_arguments_that_do_not_fit_raise_what_python_raises(
    off: dict[str, Callable[..., Any]], tracing: Tracing, name: str
) -> None:
    call, method = getattr(LLMObs, name), off[name]
    first = next(iter(inspect.signature(method).parameters))
    for given, named in [
        ((), {"foreign": 1}),
        ((None,) * 12, {}),
        ((None,), {first: None}),
    ]:
        with pytest.raises(TypeError) as native:
            call(*given, **named)
        with pytest.raises(TypeError) as python:
            method(*given, **named)
        assert str(native.value) == str(python.value)


def test_wrong_values_raise_with_their_names(tracing: Tracing) -> None:
    with pytest.raises(LLMObsArgumentError, match="`span` is of type str"):
        LLMObs.annotate("span", input_data="x")  # type: ignore[arg-type]
    with LLMObs.task() as span, pytest.raises(LLMObsArgumentError, match="metrics"):
        LLMObs.annotate(span, metrics=["many"])  # type: ignore[arg-type]


def test_arguments_by_place_by_name_and_from_a_dict_say_the_same(tracing: Tracing) -> None:
    # A name that is made while the program runs is another object than the one in its code.
    names = {"".join(["model_", "name"]): "m", "".join(["session", "_id"]): "s"}
    for start in (
        lambda: LLMObs.llm("m", "call", "p", "s", "a"),
        lambda: LLMObs.llm(name="call", model_provider="p", ml_app="a", **names),
        lambda: LLMObs.llm("m", "call", "p", "s", agent_service="a", ml_app="other"),
    ):
        with start():
            pass
    events = tracing.events()
    assert len(events) == 3
    for event in events:
        assert event["name"] == "call" and event["session_id"] == "s"
        assert event["meta"]["model_name"] == "m" and event["meta"]["model_provider"] == "p"
        assert "ml_app:a" in event["tags"]


def test_a_call_that_was_kept_goes_on_with_the_next_tracer(tracing: Tracing) -> None:
    task, annotate = LLMObs.task, LLMObs.annotate
    LLMObs.disable()
    span = task("nothing")
    annotate(span, input_data="nothing")
    assert not span.span_id
    LLMObs.enable(ml_app="tests")
    with task("kept") as span:
        annotate(input_data="it")
    (event,) = tracing.events()
    assert event["name"] == "kept" and event["meta"]["input"] == {"value": "it"}


def test_a_call_that_the_program_replaces_stays_replaced(
    off: dict[str, Callable[..., Any]], tracing: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = object()
    native = LLMObs.task
    monkeypatch.setattr(LLMObs, "task", mine)
    LLMObs.disable()
    assert LLMObs.task is mine
    LLMObs.enable(ml_app="tests")
    assert LLMObs.task is mine and LLMObs.tool is not off["tool"]
    monkeypatch.undo()
    with LLMObs.task("as before"):
        pass
    assert LLMObs.task is native and tracing.only()["name"] == "as before"
    # For the tests that follow.
    del LLMObs.task


def test_a_class_of_the_programs_own_keeps_what_it_overrides(tracing: Tracing) -> None:
    class Mine(LLMObs):
        @classmethod
        def task(cls, name: Any = None, *more: Any, **named: Any) -> Any:
            return super().task(f"mine: {name}", *more, **named)

    with Mine.task("step"), Mine.tool("plain"):
        pass
    assert {event["name"] for event in tracing.events()} == {"mine: step", "plain"}


def test_annotate_has_the_same_parameters_wherever_it_is_written(off: dict[str, Any]) -> None:
    stub = ast.parse((Path(witspan.__file__).parent / "_native.pyi").read_text("utf-8"))
    (tracer,) = (
        node for node in stub.body if isinstance(node, ast.ClassDef) and node.name == "Tracer"
    )
    (annotate,) = (
        node
        for node in tracer.body
        if isinstance(node, ast.FunctionDef) and node.name == "annotate"
    )
    declared = [argument.arg for argument in annotate.args.args]
    assert declared == [name for name, *_ in parameters(witspan._native.Tracer.annotate)]
    # The native method has another order: only this package calls it.
    public = [name for name, *_ in parameters(off["annotate"])]
    assert sorted(declared) == sorted(["self", *public])
