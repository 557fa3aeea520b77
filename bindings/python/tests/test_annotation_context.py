"""Annotation contexts: they apply to every span that starts inside."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest
from python_support import Tracing
from witspan import LLMObs
from witspan.decorators import task


def test_a_context_applies_to_every_span_that_starts_inside(tracing: Tracing) -> None:
    @task
    def decorated() -> None:
        pass

    open_before = LLMObs.workflow(name="before")
    with LLMObs.annotation_context(tags={"team": "a"}, name="renamed") as value:
        assert value is None
        with LLMObs.task(name="own"):
            decorated()
    open_before.finish()
    after = LLMObs.task(name="after")
    after.finish()
    named = [(event["name"], "team:a" in event["tags"]) for event in tracing.events()]
    assert named == [("before", False), ("renamed", True), ("renamed", True), ("after", False)]


def test_contexts_merge_the_inner_one_wins_and_the_span_wins_over_both(tracing: Tracing) -> None:
    outer = {"team": "a", "stage": "1", "who": "x"}
    with LLMObs.annotation_context(tags=outer, name="outer"):
        with LLMObs.annotation_context(tags={"team": "b", "stage": "2"}, name="inner"):
            with LLMObs.task():
                LLMObs.annotate(tags={"team": "c"})
        with LLMObs.task():
            pass
    named = tracing.by_name()
    assert {"team:c", "stage:2", "who:x"} <= set(named["inner"]["tags"])
    assert {"team:a", "stage:1", "who:x"} <= set(named["outer"]["tags"])


def test_prompts_cost_tags_and_agents_reach_the_spans_they_are_for(tracing: Tracing) -> None:
    prompt = {"id": "greet", "template": "Hello {{name}}", "variables": {"name": "Ada"}}
    agent = {"version": "7", "instructions": "be kind"}
    with LLMObs.annotation_context(
        prompt=prompt, agent=agent, tags={"team": "a"}, cost_tags=["team"]
    ):
        with LLMObs.agent(name="agent"), LLMObs.llm(name="llm"):
            LLMObs.annotate(input_data="Hello Ada")
    named = tracing.by_name()
    assert named["llm"]["meta"]["input"]["prompt"]["id"] == "greet"
    assert "agent_version:7" in named["agent"]["tags"]
    assert "agent_version:7" not in named["llm"]["tags"]
    assert named["llm"]["meta"]["metadata"]["_dd"]["cost_tags"] == ["team"]
    assert "be kind" in str(named["agent"]["meta"]["metadata"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"tags": ["a"]},
        {"prompt": "text"},
        {"prompt": {"template": {}}},
        {"cost_tags": "team"},
        {"agent": 5},
    ],
    ids=str,
)
def test_a_wrong_part_of_a_context_is_left_out_and_logged(tracing: Tracing, log, wrong) -> None:
    (name,) = wrong
    with LLMObs.annotation_context(**{"tags": {"kept": 1}, **wrong}, name="renamed"):
        LLMObs.llm(name="inside").finish()
    event = tracing.only()
    assert event["name"] == "renamed"
    assert "input" not in event["meta"]
    assert ("kept:1" in event["tags"]) == (name != "tags")
    (line,) = log()
    assert line.startswith(f"`{name}")


def test_a_name_of_any_type_is_its_text(tracing: Tracing) -> None:
    with LLMObs.annotation_context(name=5):  # type: ignore[arg-type]
        LLMObs.task(name="inside").finish()
    assert tracing.only()["name"] == "5"


def test_a_task_has_the_context_it_was_made_in_and_keeps_its_own_to_itself(tracing) -> None:
    async def work(name: str) -> None:
        async with LLMObs.annotation_context(tags={"own": name}):
            await asyncio.sleep(0)
            with LLMObs.task(name=name):
                await asyncio.sleep(0)

    async def main() -> None:
        async with LLMObs.annotation_context(tags={"shared": "yes"}):
            await asyncio.gather(work("one"), work("two"))

    asyncio.run(main())
    for name, event in tracing.by_name().items():
        own = [tag for tag in event["tags"] if tag.startswith("own:")]
        assert (own, "shared:yes" in event["tags"]) == ([f"own:{name}"], True)


def test_a_plain_thread_has_no_context_and_one_with_a_copied_context_has_it(
    tracing: Tracing,
) -> None:
    def work(name: str) -> None:
        LLMObs.task(name=name).finish()

    with LLMObs.annotation_context(tags={"team": "a"}):
        threads = [
            threading.Thread(target=work, args=("plain",)),
            threading.Thread(target=contextvars.copy_context().run, args=(work, "copied")),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    named = tracing.by_name()
    assert "team:a" in named["copied"]["tags"]
    assert "team:a" not in named["plain"]["tags"]


def test_a_context_may_be_entered_again_and_left_in_any_order(tracing: Tracing) -> None:
    one = LLMObs.annotation_context(tags={"one": "1"})
    two = LLMObs.annotation_context(tags={"two": "2"})
    one.__enter__()
    two.__enter__()
    one.__exit__(None, None, None)
    LLMObs.task(name="two").finish()
    two.__exit__(None, None, None)
    with one, one:
        LLMObs.task(name="one").finish()
    LLMObs.task(name="none").finish()
    said = {
        name: [tag for tag in event["tags"] if tag in ("one:1", "two:2")]
        for name, event in tracing.by_name().items()
    }
    assert said == {"two": ["two:2"], "one": ["one:1"], "none": []}


def test_an_exception_goes_through_and_the_context_is_left(tracing: Tracing) -> None:
    with pytest.raises(KeyError):
        with LLMObs.annotation_context(name="renamed"):
            raise KeyError("x")
    LLMObs.task(name="after").finish()
    assert tracing.only()["name"] == "after"
