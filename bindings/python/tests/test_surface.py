"""The names, the order of arguments and the defaults are ddtrace's.

Written down from ddtrace 4.16.0, by `inspect.signature`, without its private arguments.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import witspan
import witspan.types
from witspan import LLMObs, decorators

METHODS = {
    "enable": (
        "ml_app=None, integrations_enabled=True, agentless_enabled=None, "
        "instrumented_proxy_urls=None, site=None, api_key=None, app_key=None, "
        "project_name=None, env=None, service=None, span_processor=None, sample_rate=None, "
        "agent_service=None"
    ),
    "disable": "",
    "flush": "",
    "llm": (
        "model_name=None, name=None, model_provider=None, session_id=None, ml_app=None, "
        "agent_service=None"
    ),
    "embedding": (
        "model_name=None, name=None, model_provider=None, session_id=None, ml_app=None, "
        "agent_service=None"
    ),
    "workflow": "name=None, session_id=None, ml_app=None, agent_service=None",
    "agent": "name=None, session_id=None, ml_app=None, agent_service=None, version=None",
    "tool": "name=None, session_id=None, ml_app=None, agent_service=None",
    "task": "name=None, session_id=None, ml_app=None, agent_service=None",
    "retrieval": "name=None, session_id=None, ml_app=None, agent_service=None",
    "annotate": (
        "span=None, prompt=None, input_data=None, output_data=None, metadata=None, "
        "metrics=None, tags=None, tool_definitions=None, cost_tags=None, agent=None"
    ),
    "annotation_context": "tags=None, prompt=None, name=None, cost_tags=None, agent=None",
    "export_span": "span=None",
    "submit_evaluation": (
        "label, metric_type, value, span=None, span_with_tag_value=None, tags=None, "
        "ml_app=None, timestamp_ms=None, metadata=None, assessment=None, reasoning=None, "
        "eval_scope='span', agent_service=None"
    ),
    "submit_feedback": (
        "label, metric_type, value, submitter, span=None, span_id=None, trace_id=None, "
        "session_id=None, feedback_join_key=None, tags=None, ml_app=None, timestamp_ms=None, "
        "assessment=None, reasoning=None, agent_service=None"
    ),
    "inject_distributed_headers": "request_headers, span=None",
    "activate_distributed_headers": "request_headers",
    "register_processor": "processor=None",
}

DECORATORS = {
    "llm": (
        "original_func=None, model_name=None, model_provider=None, name=None, "
        "session_id=None, ml_app=None, agent_service=None"
    ),
    "embedding": (
        "original_func=None, model_name=None, model_provider=None, name=None, "
        "session_id=None, ml_app=None, agent_service=None"
    ),
    "workflow": (
        "original_func=None, name=None, session_id=None, ml_app=None, agent_service=None, "
        "version=None, _automatic_io_annotation=True"
    ),
    "agent": (
        "original_func=None, name=None, session_id=None, ml_app=None, agent_service=None, "
        "version=None, _automatic_io_annotation=True"
    ),
    "tool": (
        "original_func=None, name=None, session_id=None, ml_app=None, agent_service=None, "
        "version=None, _automatic_io_annotation=True"
    ),
    "task": (
        "original_func=None, name=None, session_id=None, ml_app=None, agent_service=None, "
        "version=None, _automatic_io_annotation=True"
    ),
    "retrieval": (
        "original_func=None, name=None, session_id=None, ml_app=None, agent_service=None, "
        "version=None, _automatic_io_annotation=True"
    ),
}

SPAN = (
    *("error", "finish", "finished", "get_metric", "get_metrics", "get_tag", "get_tags", "name"),
    *("parent_id", "set_exc_info", "set_metric", "set_metrics", "set_tag", "set_tags", "span_id"),
    "trace_id",
)

TYPES = (
    *("Agent", "AgentTool", "AudioPart", "ChatMessage", "Document", "ExportedLLMObsSpan"),
    *("FeedbackSubmitter", "ImagePart", "Message", "MessagePlaceholder", "Prompt", "ToolCall"),
    *("ToolCallFunction", "ToolDefinition", "ToolResult"),
)

# Ours does not require a value: an evaluator that failed has none to give.
OPTIONAL_HERE = {"submit_evaluation": ("value", "value=None")}


def shown(function: Any) -> tuple[list[str], list[inspect.Parameter]]:
    """The parameters that ddtrace could have, and those by keyword only, which are our own."""
    theirs, own = [], []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind == parameter.KEYWORD_ONLY:
            own.append(parameter)
        elif parameter.default is parameter.empty:
            theirs.append(parameter.name)
        else:
            theirs.append(f"{parameter.name}={parameter.default!r}")
    return theirs, own


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_the_arguments_of_ddtraces(name: str) -> None:
    theirs, own = shown(getattr(LLMObs, name))
    expected = METHODS[name].split(", ") if METHODS[name] else []
    before, after = OPTIONAL_HERE.get(name, ("", ""))
    expected = [after if argument == before else argument for argument in expected]
    if name == "flush":
        # Ours adds how long to wait.
        assert theirs == ["timeout=None"]
    else:
        assert theirs == expected
    assert all(parameter.default is not parameter.empty for parameter in own)


@pytest.mark.parametrize("name", DECORATORS)
def test_a_decorator_takes_the_arguments_of_ddtraces(name: str) -> None:
    assert shown(getattr(decorators, name)) == (DECORATORS[name].split(", "), [])


def test_a_span_has_the_attributes_of_ddtraces_that_programs_use() -> None:
    assert set(SPAN) <= set(dir(witspan.Span))


def test_the_types_have_the_members_of_ddtraces() -> None:
    assert set(TYPES) <= set(dir(witspan.types))
    assert list(witspan.types.Prompt.__annotations__) == [
        *("version", "id", "label", "template", "chat_template", "variables", "tags"),
        *("rag_context_variables", "rag_query_variables", "prompt_uuid", "prompt_version_uuid"),
        "config",
    ]


@pytest.mark.parametrize("name", ["Prompt", "Messages", "Documents"])
def test_the_parts_of_annotations_have_types_by_name(name: str) -> None:
    assert getattr(witspan, name) is getattr(witspan.types, name)


def test_holders_of_messages_and_documents_are_lists_of_dicts() -> None:
    messages = witspan.types.Messages(["text", {"role": "user", "content": "hi"}])
    assert messages == messages.messages
    assert messages == [{"content": "text"}, {"role": "user", "content": "hi"}]
    assert witspan.types.Messages("one") == [{"content": "one"}]
    assert witspan.types.Documents({"text": "t", "score": 0}).documents == [
        {"text": "t", "score": 0}
    ]
    with pytest.raises(witspan.LLMObsArgumentError, match="`documents` holds a int"):
        witspan.types.Documents([5])


def test_holders_are_sent_as_what_they_hold(tracing) -> None:
    with LLMObs.llm():
        LLMObs.annotate(
            input_data=witspan.types.Messages("hi"), prompt=witspan.types.Prompt(id="p")
        )
    with LLMObs.retrieval():
        LLMObs.annotate(output_data=witspan.types.Documents([{"text": "t"}, "u"]))
    llm, retrieval = tracing.events()
    assert llm["meta"]["input"]["messages"] == [{"content": "hi", "role": ""}]
    assert llm["meta"]["input"]["prompt"]["id"] == "p"
    assert [each["text"] for each in retrieval["meta"]["output"]["documents"]] == ["t", "u"]


def test_options_of_decorators_may_be_given_by_position(tracing) -> None:
    @decorators.task(None, "named", "session")
    def work() -> None: ...

    work()
    event = tracing.only()
    assert (event["name"], event["session_id"]) == ("named", "session")


def test_arguments_and_results_are_left_out_where_the_decorator_says_so(tracing) -> None:
    @decorators.workflow(_automatic_io_annotation=False)
    def work(secret: str) -> str:
        return secret

    @decorators.tool(_automatic_io_annotation=False)
    def stream(secret: str):
        yield secret

    assert work("x") == "x"
    assert list(stream("x")) == ["x"]
    for event in tracing.events():
        assert not {"input", "output"} & set(event["meta"])


def test_a_version_on_another_kind_than_agent_is_left_out_and_logged(tracing, log) -> None:
    @decorators.tool(version="2")
    def work() -> None: ...

    work()
    assert "agent_version:2" not in tracing.only()["tags"]
    assert log() == ["`version` is left out: only agents have one; set it with @agent(version=…)"]
