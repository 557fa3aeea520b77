"""The five examples of a custom-instrumentation page, as a user would type them."""

from __future__ import annotations

import asyncio
from typing import Any

from python_support import Tracing
from witspan import LLMObs
from witspan.decorators import agent, embedding, llm, retrieval, task, tool, workflow


def test_a_decorator_makes_a_span_of_each_call(tracing: Tracing) -> None:
    @workflow
    def process_message(message: str) -> str:
        return message.upper()

    assert process_message("hello") == "HELLO"

    event = tracing.only()
    assert event["name"] == "process_message"
    assert event["meta"]["span"] == {"kind": "workflow"}
    assert event["meta"]["input"] == {"value": '{"message":"hello"}'}
    assert event["meta"]["output"] == {"value": "HELLO"}
    assert event["status"] == "ok"
    assert event["parent_id"] == "undefined"
    assert event["duration"] > 0
    assert "ml_app:tests" in event["tags"]
    assert "language:python" in event["tags"]


def test_a_with_block_is_a_span(tracing: Tracing) -> None:
    with LLMObs.workflow(name="process_message", session_id="s-1", ml_app="other"):
        pass

    event = tracing.only()
    assert event["name"] == "process_message"
    assert event["session_id"] == "s-1"
    assert "session_id:s-1" in event["tags"]
    assert "ml_app:other" in event["tags"]


def test_annotate_inside_a_decorated_function_finds_its_span(tracing: Tracing) -> None:
    @llm(model_name="claude", name="invoke_llm", model_provider="Anthropic")
    def llm_call(prompt: str) -> str:
        reply = "world"
        LLMObs.annotate(
            input_data=[{"role": "user", "content": prompt}],
            output_data=[{"role": "assistant", "content": reply}],
            metadata={"temperature": 0, "max_tokens": 200},
            metrics={"input_tokens": 4, "output_tokens": 6, "total_tokens": 10},
            tags={"host": "host_name"},
        )
        return reply

    llm_call("hello")

    event = tracing.only()
    assert event["name"] == "invoke_llm"
    assert event["meta"]["model_name"] == "claude"
    assert event["meta"]["model_provider"] == "anthropic"
    assert event["meta"]["input"] == {"messages": [{"role": "user", "content": "hello"}]}
    assert event["meta"]["output"] == {"messages": [{"role": "assistant", "content": "world"}]}
    assert event["meta"]["metadata"] == {"temperature": 0, "max_tokens": 200}
    assert event["metrics"] == {"input_tokens": 4, "output_tokens": 6, "total_tokens": 10}
    assert "host:host_name" in event["tags"]


def test_annotate_takes_a_span_too(tracing: Tracing) -> None:
    with LLMObs.llm(model_name="claude", name="outer") as outer:
        with LLMObs.embedding(model_name="embed", name="inner") as inner:
            LLMObs.annotate(span=outer, input_data="to the outer")
            LLMObs.annotate(inner, input_data=[{"text": "a document", "id": "1", "score": 0.5}])

    named = tracing.by_name()
    assert named["outer"]["meta"]["input"]["messages"][0]["content"] == "to the outer"
    assert named["inner"]["meta"]["input"] == {
        "documents": [{"text": "a document", "id": "1", "score": 0.5}]
    }


def test_spans_nest_by_calls_and_blocks(tracing: Tracing) -> None:
    @task
    def preprocess(text: str) -> str:
        return text.strip()

    @workflow
    def answer(question: str) -> str:
        cleaned = preprocess(question)
        with LLMObs.retrieval(name="search") as span:
            LLMObs.annotate(span, input_data=cleaned, output_data=["a document"])
        with LLMObs.llm(model_name="gpt"):
            return "because"

    assert answer(" why? ") == "because"

    assert tracing.parents() == {
        "answer": None,
        "preprocess": "answer",
        "search": "answer",
        "llm": "answer",
    }
    assert len({event["trace_id"] for event in tracing.events()}) == 1


def test_every_kind_has_a_decorator_and_a_starter(tracing: Tracing) -> None:
    decorators = (llm, embedding, workflow, task, tool, retrieval, agent)
    for decorate in decorators:
        kind = decorate.__name__

        def sync_function() -> None: ...

        async def async_function() -> None: ...

        decorate(name=f"{kind}-sync")(sync_function)()
        asyncio.run(decorate(name=f"{kind}-async")(async_function)())
        with getattr(LLMObs, kind)(name=f"{kind}-inline") as span:
            assert span.kind == kind

    kinds = {name: event["meta"]["span"]["kind"] for name, event in tracing.by_name().items()}
    assert kinds == {
        f"{decorate.__name__}-{way}": decorate.__name__
        for decorate in decorators
        for way in ("sync", "async", "inline")
    }


def test_async_functions_are_traced_like_others(tracing: Tracing) -> None:
    @tool
    async def look_up(word: str) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"found": word}

    @agent
    async def research(question: str) -> str:
        with LLMObs.task(name="plan"):
            await asyncio.sleep(0)
        await look_up(question)
        return "done"

    assert asyncio.run(research("it")) == "done"

    assert tracing.parents() == {"research": None, "plan": "research", "look_up": "research"}
    assert tracing.by_name()["look_up"]["meta"]["output"] == {"value": '{"found":"it"}'}


def test_exported_ids_are_those_that_are_sent(tracing: Tracing) -> None:
    with LLMObs.workflow() as span:
        during = LLMObs.export_span()
        assert LLMObs.export_span(span) == during
    after = LLMObs.export_span(span)

    event = tracing.only()
    sent = {"span_id": event["span_id"], "trace_id": event["trace_id"]}
    assert during == after == sent
    assert (str(span.span_id), format(span.trace_id, "032x")) == (sent["span_id"], sent["trace_id"])


def test_export_without_a_span_gives_none(tracing: Tracing) -> None:
    assert LLMObs.export_span() is None


def test_settings_come_from_arguments_or_the_environment(receiver, monkeypatch) -> None:
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    monkeypatch.setenv("DD_ENV", "from-env")
    monkeypatch.setenv("DD_VERSION", "1.2")
    monkeypatch.setenv("DD_TAGS", "team:a")
    LLMObs.enable(agent_service="app", service="shop")
    with LLMObs.task():
        pass

    tags = Tracing(receiver).only()["tags"]
    expected = {"ml_app:app", "service:shop", "env:from-env", "version:1.2", "team:a"}
    assert expected <= set(tags)


def test_the_key_goes_to_the_intake_and_only_there(receiver, monkeypatch) -> None:
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    monkeypatch.setenv("WITSPAN_INTAKE", "sdk")
    LLMObs.enable(api_key="secret", agentless_enabled=True)
    with LLMObs.task():
        pass
    LLMObs.disable()
    LLMObs.enable(api_key="secret", agentless_enabled=False)
    with LLMObs.task():
        pass
    LLMObs.disable()

    (direct, headers), (agent_path, agent_headers) = receiver.requests
    assert direct == "/api/v2/llmobs"
    assert headers["dd-api-key"] == "secret"
    assert agent_path == "/evp_proxy/v2/api/v2/llmobs"
    assert "dd-api-key" not in agent_headers
