"""Which traces of two languages the demo takes as the same, and which as different."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

from demo.compare import differences  # noqa: E402

Trace = list[dict[str, Any]]


def span(name: str, kind: str, parent: str, start: int, text: str, **more: Any) -> dict[str, Any]:
    return {
        "span_id": f"{name} at {start}",
        "parent_id": parent,
        "trace_id": "a",
        "name": name,
        "start_ns": start,
        "duration": 5,
        "status": "ok",
        "session_id": "s",
        "metrics": {},
        "tags": ["language:python", "turn:1"],
        "meta": {"span": {"kind": kind}, "input": {"value": text}},
        **more,
    }


@pytest.fixture
def python() -> Trace:
    """A root, two searches side by side, and a call of a model."""
    root = "ask at 0"
    trace = [
        span("search", "tool", root, 1, "a"),
        span("search", "tool", root, 2, "b"),
        span("write", "llm", root, 9, "c", metrics={"input_tokens": 3, "time_to_first_token": 0.1}),
        span("ask", "workflow", "undefined", 0, "q"),
    ]
    trace[2]["meta"]["model_name"] = "standin-chat-1"
    return trace


@pytest.fixture
def rust(python: Trace) -> Trace:
    """The same, as another language would send it: other ids, times, language and order."""
    trace = copy.deepcopy(python)
    for each in trace:
        each["span_id"] += " in rust"
        each["parent_id"] += "" if each["parent_id"] == "undefined" else " in rust"
        each["trace_id"] = "b"
        each["duration"] = 3
        each["tags"][0] = "language:rust"
    trace[0]["start_ns"], trace[1]["start_ns"] = 2, 1
    trace[2]["metrics"]["time_to_first_token"] = 0.2
    return trace[::-1]


def named(trace: Trace, name: str) -> dict[str, Any]:
    return next(each for each in trace if each["name"] == name)


def test_ids_times_the_language_and_the_order_of_concurrent_siblings_may_differ(python, rust):
    assert differences(python, rust) == []


def test_a_missing_span_is_named(python, rust):
    rust.remove(named(rust, "write"))
    assert differences(python, rust) == ["span 4: there are 3 spans, not 4"]


def test_a_span_under_another_parent_is_a_difference(python, rust):
    named(rust, "write")["parent_id"] = named(rust, "search")["span_id"]
    assert any("depth is 2, not 1" in each for each in differences(python, rust))


def test_steps_in_another_order_are_a_difference(python, rust):
    named(rust, "write")["start_ns"] = 0
    assert differences(python, rust)[:2] == [
        "span 2, `search`: kind is llm, not tool",
        "span 2, `search`: name is write, not search",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "decide"}, "span 4, `write`: name is decide, not write"),
        ({"status": "error"}, "span 4, `write`: status is error, not ok"),
        ({"session_id": "t"}, "span 4, `write`: session is t, not s"),
        ({"tags": ["turn:2"]}, "span 4, `write`: tags is ['turn:2'], not ['turn:1']"),
        (
            {"metrics": {"input_tokens": 4, "time_to_first_token": 0.1}},
            "span 4, `write`: tokens is {'input_tokens': 4}, not {'input_tokens': 3}",
        ),
    ],
)
def test_what_differs_in_a_span_is_named(python, rust, change, said):
    named(rust, "write").update(change)
    assert differences(python, rust) == [said]


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"model_name": "standin-chat-2"}, "model"),
        ({"span": {"kind": "task"}}, "kind"),
        ({"input": {"value": "d"}}, "input"),
        ({"output": {"value": "d"}}, "output"),
        ({"metadata": {"temperature": 0}}, "metadata"),
    ],
)
def test_another_model_kind_or_content_is_a_difference(python, rust, change, fact):
    named(rust, "write")["meta"].update(change)
    [said] = differences(python, rust)
    assert said.startswith(f"span 4, `write`: {fact} is ")
