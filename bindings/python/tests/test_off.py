"""Tracing that is off: before enable, after disable, or by the environment."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, Callable

import pytest
import witspan._native
from python_support import Receiver, Tracing
from witspan import FlushResult, LLMObs, _lifecycle, _native
from witspan.decorators import agent, embedding, llm, retrieval, task, tool, workflow


def before_enable() -> None:
    pass


def by_the_environment() -> None:
    LLMObs.enable(ml_app="app")


def after_disable() -> None:
    LLMObs.enable(ml_app="app", agentless_enabled=False)
    LLMObs.disable()


@pytest.fixture(params=[before_enable, by_the_environment, after_disable])
def off(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """One way for tracing to be off; making a tracer fails the test from then on."""

    def fail(**_: object) -> None:
        raise AssertionError("a tracer was made")

    if request.param is not after_disable:
        monkeypatch.setattr(witspan._native, "Tracer", fail)
    if request.param is by_the_environment:
        monkeypatch.setenv("DD_LLMOBS_ENABLED", "0")
    request.param()
    monkeypatch.setattr(witspan._native, "Tracer", fail)


STARTERS = ["llm", "embedding", "workflow", "agent", "tool", "task", "retrieval"]


@pytest.mark.usefixtures("off")
def test_every_call_does_nothing_and_returns_what_is_documented(log) -> None:
    assert LLMObs.enabled is False
    for name in STARTERS:
        # Not even the arguments are read.
        span = getattr(LLMObs, name)(name=object(), session_id=3)
        with span as entered:
            assert entered is span
            assert LLMObs.export_span(span) is None
            assert LLMObs.annotate(span, input_data=object(), metrics="wrong", tags=5) is None
            assert LLMObs.annotate(input_data="x") is None
        assert (span.span_id, span.trace_id, span.kind) == (0, 0, "")
        assert span.finish() is None
        assert span.finish(finish_time=float("nan")) is None
        assert span.set_exc_info(None, None, None) is None
    assert LLMObs.export_span() is None
    with LLMObs.annotation_context(tags=5, name=object()) as entered:
        assert entered is None
    assert LLMObs.submit_evaluation("with.dot", "guess", object()) is None
    assert LLMObs.submit_feedback(5, 5, 5, 5) is None
    headers = {"accept": "*/*"}
    assert LLMObs.inject_distributed_headers(headers) is headers
    assert headers == {"accept": "*/*"}
    assert LLMObs.activate_distributed_headers(5) is None
    assert LLMObs.flush() == FlushResult(settled=True, delivered=0, pending=0, dropped={})
    statistics = LLMObs.statistics()
    assert (statistics["accepted"], statistics["evaluations"]["accepted"]) == (0, 0)
    assert LLMObs.disable() is None
    assert log() == []


@pytest.mark.usefixtures("off")
def test_decorated_functions_are_just_called() -> None:
    for decorate in (llm, embedding, workflow, agent, tool, task, retrieval):

        @decorate
        def double(n: int) -> int:
            return 2 * n

        @decorate
        async def later(n: int) -> int:
            return 2 * n

        @decorate(name="items")
        def items(n: int) -> Any:
            returned = yield n
            return returned

        @decorate(name="later")
        async def later_items(n: int) -> Any:
            yield n

        async def collect() -> list[int]:
            return [item async for item in later_items(3)]

        assert double(4) == 8
        assert asyncio.run(later(4)) == 8
        assert list(items(3)) == [3]
        assert asyncio.run(collect()) == [3]


@pytest.mark.usefixtures("off")
def test_exceptions_pass_through_a_span_that_is_off() -> None:
    with pytest.raises(ValueError):
        with LLMObs.task():
            raise ValueError


def fastest(call: Callable[[], object]) -> float:
    """Seconds of 1000 calls: the fastest of several rounds, so that other load does not count."""
    rounds = []
    for _ in range(7):
        began = time.perf_counter()
        for _ in range(1000):
            call()
        rounds.append(time.perf_counter() - began)
    return min(rounds)


@pytest.mark.usefixtures("off")
def test_a_call_is_cheap_when_tracing_is_off() -> None:
    def plain() -> None: ...

    decorated = task(plain)

    def block() -> None:
        with LLMObs.task():
            LLMObs.annotate(input_data="x")

    # Microseconds each; tracing itself takes several times as much.
    assert fastest(decorated) - fastest(plain) < 1000 * 2e-6
    assert fastest(block) < 1000 * 5e-6


def test_tracing_can_be_started_again(receiver: Receiver, monkeypatch) -> None:
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    for app in ("one", "two", "three"):
        LLMObs.enable(ml_app=app)
        assert LLMObs.enabled
        LLMObs.task(name=app).finish()
        LLMObs.disable()
        assert LLMObs.statistics()["delivered"] == 1

    sent = [(e["name"], f"ml_app:{e['name']}" in e["tags"]) for e in receiver.events]
    assert sent == [("one", True), ("two", True), ("three", True)]


def test_a_second_enable_changes_nothing(tracing: Tracing, caplog) -> None:
    caplog.set_level(logging.DEBUG, "witspan")
    LLMObs.enable(ml_app="other")
    LLMObs.task().finish()

    assert "ml_app:tests" in tracing.only()["tags"]
    assert "already" in caplog.text


def test_a_span_that_outlives_its_tracer_is_harmless(tracing: Tracing, log) -> None:
    old = LLMObs.workflow(name="old")
    LLMObs.disable()
    LLMObs.annotate(old, input_data="while off")
    with old:
        # It is still current in this context, but its tracer has ended.
        LLMObs.enable(ml_app="again")
        LLMObs.task(name="new").finish()
        LLMObs.annotate(old, input_data="too late")

    assert tracing.parents() == {"new": None}
    assert LLMObs.statistics()["annotations_rejected"] == 1
    assert log()[-1].startswith("an annotation was dropped: its span is from before")
    assert LLMObs.export_span(old) is None
    assert (old.span_id, old.kind) == (0, "workflow")


def test_a_noop_span_may_be_used_after_tracing_was_started(receiver, monkeypatch) -> None:
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    noop = LLMObs.workflow()
    LLMObs.enable()
    with noop:
        LLMObs.annotate(noop, input_data="x")
        assert LLMObs.export_span(noop) is None
        LLMObs.task(name="a root").finish()

    assert Tracing(receiver).parents() == {"a root": None}
    assert LLMObs.statistics()["annotations_rejected"] == 0


@pytest.mark.parametrize("text", ["0", "false", "no", "off", "False"])
def test_any_word_but_those_for_yes_turns_tracing_off(monkeypatch, text: str) -> None:
    monkeypatch.setenv("DD_LLMOBS_ENABLED", text)
    LLMObs.enable()
    assert not LLMObs.enabled


def test_an_invalid_switch_is_logged_once(monkeypatch, log) -> None:
    monkeypatch.setattr(LLMObs, "_complained", False)
    monkeypatch.setenv("DD_LLMOBS_ENABLED", "maybe")
    LLMObs.enable()
    LLMObs.enable()
    assert not LLMObs.enabled
    (line,) = log()
    assert line.startswith("`DD_LLMOBS_ENABLED` is `maybe`; accepted: 1 or true, 0 or false")


@pytest.mark.parametrize("text", ["", "1", "true", "TRUE", " 1 "])
def test_the_words_for_yes_and_an_empty_text_leave_tracing_on(monkeypatch, text: str) -> None:
    monkeypatch.setenv("DD_LLMOBS_ENABLED", text)
    LLMObs.enable()
    assert LLMObs.enabled


def test_a_core_that_cannot_be_loaded_leaves_tracing_off(monkeypatch, log) -> None:
    def broken(**_: object) -> None:
        raise witspan.LLMObsError("the tracing core failed: no memory")

    monkeypatch.setattr(witspan._native, "Tracer", broken)
    LLMObs.enable()
    assert not LLMObs.enabled
    assert log() == ["LLMObs stays off: the tracing core failed: no memory"]


def test_a_second_enable_with_other_settings_logs_which(tracing: Tracing, log) -> None:
    LLMObs.enable(ml_app="other", env="prod")
    LLMObs.enable(ml_app="tests")
    (line,) = log()
    assert "enabled already" in line and "`env`, `ml_app`" in line and "disable()" in line


@pytest.mark.parametrize(
    "value", ["", " ", "0", "1", " 1 ", "true", "TRUE", "no", "off", "2", "yes"]
)
def test_what_turns_tracing_off_is_the_rule_of_the_core(monkeypatch, value: str) -> None:
    monkeypatch.setenv("DD_LLMOBS_ENABLED", value)
    assert _lifecycle._turned_off() == (_native.switch("enabled") is False)


@pytest.mark.parametrize("wrong", ["2", -1, float("nan"), float("inf"), True, [1]])
def test_an_exit_timeout_that_is_not_a_time_is_rejected(wrong: Any) -> None:
    with pytest.raises(witspan.LLMObsArgumentError, match="`exit_timeout` is"):
        LLMObs.enable(exit_timeout=wrong)
    assert not LLMObs.enabled


def test_a_wrong_exit_timeout_in_the_environment_is_logged_and_becomes_2_s(
    monkeypatch, log
) -> None:
    monkeypatch.setenv("WITSPAN_EXIT_TIMEOUT", "soon")
    LLMObs.enable()
    assert LLMObs.enabled
    assert log() == [
        "`WITSPAN_EXIT_TIMEOUT` is `soon`; accepted: seconds, a finite number from 0; "
        "the default applies: 2"
    ]


def test_a_context_that_was_made_before_tracing_started_works_later(receiver, monkeypatch) -> None:
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    context = LLMObs.annotation_context(tags={"made": "early"})
    LLMObs.enable()
    with context:
        LLMObs.task().finish()
    assert "made:early" in Tracing(receiver).only()["tags"]
