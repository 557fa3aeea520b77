"""What the programs on ddtrace and on witspan trace: the same calls, of either `LLMObs`."""

from __future__ import annotations

from typing import Any


def run(LLMObs: Any) -> None:
    with LLMObs.agent(name="helper", session_id="s-1") as root:
        with LLMObs.llm(model_name="gpt-4o", model_provider="openai", name="ask"):
            LLMObs.annotate(
                input_data=[
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "Weather in Paris? ☂"},
                ],
                output_data=[
                    {
                        "role": "assistant",
                        "content": "",
                        "tool_calls": [
                            {
                                "name": "weather",
                                "arguments": {"city": "Paris"},
                                "tool_id": "call_1",
                                "type": "function",
                            }
                        ],
                    }
                ],
                metadata={"temperature": 0.5},
                metrics={"input_tokens": 9, "output_tokens": 4, "total_tokens": 13},
                tags={"team": "a"},
                prompt={
                    "id": "greet",
                    "template": "Weather in {{city}}?",
                    "variables": {"city": "P"},
                },
            )
        with LLMObs.tool(name="weather"):
            LLMObs.annotate(input_data={"city": "Paris"}, output_data="rain")
        with LLMObs.retrieval(name="search"):
            LLMObs.annotate(
                input_data="umbrella",
                output_data=[
                    {"text": "An umbrella helps.", "name": "doc", "score": 0.75, "id": "d1"}
                ],
            )
        with LLMObs.embedding(model_name="embed-1", model_provider="openai", name="embed"):
            LLMObs.annotate(input_data="umbrella", output_data="[0.1, 0.2]")
        try:
            with LLMObs.task(name="broken"):
                raise ValueError("no umbrella")
        except ValueError:
            pass
        LLMObs.annotate(input_data="Weather?", output_data="Rain.")
        exported = LLMObs.export_span(root)

    LLMObs.submit_evaluation(
        label="helpful", metric_type="boolean", value=True, span=exported, reasoning="it rained"
    )
    LLMObs.submit_feedback(
        label="thumbs",
        metric_type="categorical",
        value="up",
        submitter={"id": "user-1", "type": "user"},
        trace_id=exported["trace_id"],
    )
