"""The application's processor, which sees every span before it is sent."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest
from python_support import Receiver, Tracing
from witspan import LLMObs, LLMObsSpan


def test_messages_are_redacted_in_place_or_replaced(tracing: Tracing) -> None:
    def redact(span: LLMObsSpan) -> LLMObsSpan:
        for message in span.input:
            message["content"] = message["content"].replace("secret", "***")
        span.output = [{"role": "assistant", "content": "(removed)"}]
        return span

    LLMObs.register_processor(redact)
    with LLMObs.llm():
        LLMObs.annotate(input_data=[{"role": "user", "content": "a secret"}], output_data="x")
    meta = tracing.only()["meta"]
    assert meta["input"]["messages"] == [{"content": "a ***", "role": "user"}]
    assert meta["output"]["messages"] == [{"content": "(removed)", "role": "assistant"}]


def test_values_are_one_message_and_an_empty_list_removes_them(tracing: Tracing) -> None:
    seen: list[Any] = []

    def redact(span: LLMObsSpan) -> LLMObsSpan:
        seen.append((span.input, span.output))
        span.input[0]["content"] = "changed"
        span.output = []
        return span

    LLMObs.register_processor(redact)
    with LLMObs.task():
        LLMObs.annotate(input_data="in", output_data={"a": 1})
    meta = tracing.only()["meta"]
    assert meta["input"] == {"value": "changed"}
    assert "output" not in meta
    assert seen[0][1] == [{"content": '{"a":1}', "role": ""}]


def test_documents_keep_what_messages_do_not_say(tracing: Tracing) -> None:
    def redact(span: LLMObsSpan) -> LLMObsSpan:
        span.output = [{"content": message["content"].upper()} for message in span.output[:1]]
        return span

    LLMObs.register_processor(redact)
    with LLMObs.retrieval():
        documents = [{"text": "one", "id": "1", "score": 0.5}, {"text": "two", "id": "2"}]
        LLMObs.annotate(output_data=documents)
    output = tracing.only()["meta"]["output"]
    assert output == {"documents": [{"id": "1", "score": 0.5, "text": "ONE"}]}


def test_the_event_has_what_messages_cannot_say(tracing: Tracing) -> None:
    seen: list[dict[str, Any]] = []

    def change(span: LLMObsSpan) -> LLMObsSpan:
        seen.append(json.loads(json.dumps(span.event)))
        span.event["name"] = "renamed"
        span.event["error"]["message"] = "(removed)"
        span.event["tags"]["added"] = "1"
        span.metadata["looked"] = True
        return span

    LLMObs.register_processor(change)
    with pytest.raises(ValueError), LLMObs.task(name="own") as span:
        LLMObs.annotate(tags={"team": "a"}, metadata={"n": 1}, metrics={"m": 2})
        raise ValueError("the secret")
    sent = tracing.only()
    assert (sent["name"], sent["meta"]["metadata"]) == ("renamed", {"looked": True, "n": 1})
    assert sent["meta"]["error"]["message"] == "(removed)" and sent["status"] == "error"
    assert {"added:1", "team:a"} <= set(sent["tags"])
    (event,) = seen
    assert (event["kind"], event["status"]) == ("task", "error")
    assert event["span_id"] == str(span.span_id)
    assert (event["tags"], event["metrics"]) == ({"team": "a"}, {"m": 2})


def test_a_span_is_dropped_by_its_tags_and_kind(tracing: Tracing) -> None:
    def drop(span: LLMObsSpan) -> LLMObsSpan | None:
        noise = span.get_tag("noise") == "yes" or span.get_tag("span.kind") == "tool"
        assert span.get_tag("absent") is None
        return None if noise else span

    LLMObs.register_processor(drop)
    for name, tags in (("noise", {"noise": "yes"}), ("signal", {"noise": "no"})):
        with LLMObs.task(name=name):
            LLMObs.annotate(tags=tags)
    LLMObs.tool().finish()
    assert tracing.only()["name"] == "signal"
    assert LLMObs.statistics()["dropped"] == {"processor": 2}


def raises(span: LLMObsSpan) -> LLMObsSpan:
    span.event["input"]["value"] = "half done, secret"
    raise RuntimeError("out of order")


async def forgets_to_wait(span: LLMObsSpan) -> LLMObsSpan:
    return span


def breaks_it(span: LLMObsSpan) -> LLMObsSpan:
    span.event["tags"] = 5
    return span


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize(
    "processor",
    [raises, forgets_to_wait, breaks_it, lambda span: span.event, lambda: None, lambda span: 5],
)
def test_a_processor_that_fails_drops_the_content(tracing: Tracing, log, processor: Any) -> None:
    LLMObs.register_processor(processor)
    for _ in range(2):
        with LLMObs.task():
            LLMObs.annotate(input_data="secret", metadata={"a": "secret"}, tags={"b": "secret"})
    for event in tracing.events():
        assert "secret" not in json.dumps(event)
        assert any(tag.startswith("witspan.content_dropped") for tag in event["tags"])
    assert LLMObs.statistics()["content_dropped"] == 2
    (line,) = log()
    assert "processor" in line


def test_a_slow_processor_delays_only_its_own_thread(tracing: Tracing, log) -> None:
    def slow(span: LLMObsSpan) -> LLMObsSpan:
        time.sleep(1.2)
        return span

    LLMObs.register_processor(slow)
    with LLMObs.task():
        LLMObs.annotate(input_data="secret")
    assert "secret" not in json.dumps(tracing.only())
    assert LLMObs.statistics()["content_dropped"] == 1
    assert "longer than 1s" in log()[0]


def test_ctrl_c_inside_a_processor_reaches_the_application(tracing: Tracing) -> None:
    def interrupted(span: LLMObsSpan) -> LLMObsSpan:
        raise KeyboardInterrupt

    LLMObs.register_processor(interrupted)
    span = LLMObs.task(name="one")
    LLMObs.annotate(input_data="secret")
    with pytest.raises(KeyboardInterrupt):
        span.finish()
    LLMObs.register_processor(None)
    LLMObs.task(name="two").finish()
    assert tracing.parents() == {"one": None, "two": None}
    assert LLMObs.statistics()["content_dropped"] == 1


def test_a_processor_may_use_the_tracer_and_its_own_spans_are_not_kept(tracing: Tracing) -> None:
    def busy(span: LLMObsSpan) -> LLMObsSpan:
        with LLMObs.task(name="inside"):
            LLMObs.annotate(input_data="x")
        LLMObs.statistics()
        return span

    LLMObs.register_processor(busy)
    LLMObs.task(name="outside").finish()
    assert tracing.only()["name"] == "outside"


def test_a_processor_may_be_given_to_enable_and_removed(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(span: LLMObsSpan) -> LLMObsSpan:
        span.event["name"] = "renamed"
        return span

    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    LLMObs.enable(ml_app="tests", span_processor=rename)
    LLMObs.task(name="one").finish()
    LLMObs.disable()
    # It stays: content to be redacted is not sent raw only because tracing was started again.
    LLMObs.enable(ml_app="tests")
    LLMObs.task(name="two").finish()
    LLMObs.register_processor(None)
    LLMObs.task(name="three").finish()
    LLMObs.disable()
    assert [event["name"] for event in receiver.events] == ["renamed", "renamed", "three"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_the_processor_too(run, receiver: Receiver) -> None:
    done = run(
        """
        import os
        from witspan import LLMObs

        def rename(span):
            span.event["name"] = "renamed"
            return span

        LLMObs.enable(ml_app="tests")
        LLMObs.register_processor(rename)
        if child := os.fork():
            os.waitpid(child, 0)
        else:
            LLMObs.task(name="secret").finish()
            LLMObs.flush()
            os._exit(0)
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [event["name"] for event in receiver.events] == ["renamed"]


def test_a_processor_that_cannot_be_called_drops_the_content(tracing: Tracing, log) -> None:
    LLMObs.register_processor(5)  # type: ignore[arg-type]
    with LLMObs.task():
        LLMObs.annotate(input_data="secret")
    assert "secret" not in str(tracing.only())
    assert LLMObs.statistics()["content_dropped"] == 1
    assert log()[0].startswith("`processor` is of type int; accepted: a function")
