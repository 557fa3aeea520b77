"""Prompts, tools, cost tags, agents and links: the parts of an annotation beyond values."""

from __future__ import annotations

from typing import Any

import pytest
from python_support import Tracing
from witspan import LLMObs, LLMObsArgumentError
from witspan.decorators import agent


def test_the_arguments_may_be_given_by_position_in_ddtraces_order(tracing: Tracing) -> None:
    prompt = {"id": "greet", "template": "Hello {{name}}", "variables": {"name": "Ada"}}
    tools = [{"name": "weather", "description": "of a city", "schema": {"type": "object"}}]
    with LLMObs.llm() as span:
        LLMObs.annotate(
            *(span, prompt, "in", "out", {"m": 1}, {"input_tokens": 2}, {"team": "a"}),
            *(tools, ["team"], None),
        )
    event = tracing.only()
    meta = event["meta"]
    assert meta["input"]["messages"][0]["content"] == "in"
    assert meta["input"]["prompt"]["id"] == "greet"
    assert meta["input"]["prompt"]["variables"] == {"name": "Ada"}
    assert meta["output"]["messages"][0]["content"] == "out"
    assert meta["tool_definitions"] == tools
    assert meta["metadata"]["m"] == 1
    assert meta["metadata"]["_dd"]["cost_tags"] == ["team"]
    assert event["metrics"] == {"input_tokens": 2}
    assert "team:a" in event["tags"]


def test_a_prompt_of_a_workflow_is_that_of_the_llm_span_below(tracing: Tracing) -> None:
    with LLMObs.workflow(name="above"):
        LLMObs.annotate(prompt={"id": "greet", "version": "2"})
        with LLMObs.llm(name="below"):
            LLMObs.annotate(input_data="Hello")
    prompt = tracing.by_name()["below"]["meta"]["input"]["prompt"]
    assert (prompt["id"], prompt["version"]) == ("greet", "2")


def test_an_agent_has_a_version_and_a_manifest(tracing: Tracing) -> None:
    with LLMObs.agent(name="starter", version="1"):
        LLMObs.annotate(agent={"instructions": "be kind", "model": "gpt-4o"})

    @agent(version="2")
    def decorated() -> None:
        LLMObs.annotate(agent={"tools": [{"name": "weather"}]})

    decorated()
    named = tracing.by_name()
    assert "agent_version:1" in named["starter"]["tags"]
    assert "agent_version:2" in named["decorated"]["tags"]
    manifest = named["starter"]["meta"]["metadata"]["_dd"]["agent_manifest"]
    assert (manifest["instructions"], manifest["model"]) == ("be kind", "gpt-4o")
    assert "weather" in str(named["decorated"]["meta"]["metadata"]["_dd"]["agent_manifest"])


def test_the_version_applies_to_its_span_only_and_wins_over_a_context(tracing: Tracing) -> None:
    with LLMObs.annotation_context(agent={"version": "of the context"}):
        with LLMObs.agent(name="above", version="own"), LLMObs.agent(name="below"):
            pass
    named = tracing.by_name()
    assert "agent_version:own" in named["above"]["tags"]
    assert "agent_version:of the context" in named["below"]["tags"]


def test_links_of_several_annotations_are_all_kept(tracing: Tracing) -> None:
    one = {"trace_id": "0" * 31 + "1", "span_id": "1", "attributes": {"from": "output"}}
    two = {"trace_id": "0" * 31 + "2", "span_id": "2"}
    with LLMObs.task():
        LLMObs.annotate(links=[one])
        LLMObs.annotate(links=[two])
    links = tracing.only()["span_links"]
    assert [link["span_id"] for link in links] == ["1", "2"]
    assert links[0]["attributes"] == {"from": "output"}


@pytest.mark.parametrize(
    ("part", "given"),
    [
        ("prompt", "Hello"),
        ("links", [{"span_id": "1"}]),
    ],
    ids=str,
)
def test_a_wrong_part_raises_and_nothing_of_the_call_is_kept(
    tracing: Tracing, part: str, given: Any
) -> None:
    parts: dict[str, Any] = {part: given, "tags": {"lost": "yes"}}
    with LLMObs.agent():
        with pytest.raises(LLMObsArgumentError, match=f"`{part}"):
            LLMObs.annotate(**parts)
    assert "lost:yes" not in tracing.only()["tags"]
    assert LLMObs.statistics()["annotations_rejected"] == 1


def test_a_version_that_is_a_number_is_its_text(tracing: Tracing) -> None:
    @agent(version=5)  # type: ignore[call-overload,misc,untyped-decorator]
    def work() -> None:
        pass

    work()
    assert "agent_version:5" in tracing.only()["tags"]


def test_cost_tags_stay_in_the_order_in_which_they_were_given(tracing: Tracing) -> None:
    with LLMObs.llm():
        LLMObs.annotate(tags={"team": "ml", "feature": "x"}, cost_tags=["team", "feature"])
    assert tracing.only()["meta"]["metadata"]["_dd"]["cost_tags"] == ["team", "feature"]
