"""Unmodified SDKs, pointed at the intake by their own variables: what is shown is whole and right.

Each runs the same small program in one of its own ways to send; `programs/` has them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from intake_process import ROOT, clean
from sdk_support import PROGRAMS, Intake, run_program, run_python

sys.path.insert(0, str(ROOT / "tools"))

from sdk_packages import dd_trace  # noqa: E402

KINDS = {
    "helper": "agent",
    "ask": "llm",
    "weather": "tool",
    "search": "retrieval",
    "embed": "embedding",
    "broken": "task",
}
#: Variables that choose how ddtrace sends, by the name of that way.
DDTRACE = {
    "inside APM traces, its default": {"DD_TRACE_AGENT_URL": "{url}"},
    "through the agent's proxy": {
        "DD_TRACE_AGENT_URL": "{url}",
        "DD_APM_TRACING_ENABLED": "false",
    },
    "to another origin": {
        "DD_LLMOBS_OVERRIDE_ORIGIN": "{url}",
        "DD_LLMOBS_AGENTLESS_ENABLED": "1",
        "DD_API_KEY": "0123456789abcdef0123456789abcdef",
        "DD_TRACE_AGENT_URL": "{url}",
    },
}


def check(
    whole: Any, language: str, error: str, feedback: bool = True, judged: bool = True
) -> None:
    """The trace of the program, whoever sent it."""
    spans = {span["name"]: span for span in whole["spans"]}
    assert {name: span["kind"] for name, span in spans.items()} == KINDS
    root = spans["helper"]
    assert root["parent_id"] is None
    assert {span["parent_id"] for name, span in spans.items() if name != "helper"} == {
        root["span_id"]
    }
    assert {span["app"] for span in spans.values()} == {"sdk-app"}
    assert {span["language"] for span in spans.values()} == {language}
    assert whole["trace"]["session"] == "s-1"
    assert root["input"]["value"] == "Weather?"
    assert root["output"]["value"] == "Rain."

    ask = spans["ask"]
    assert (ask["model"], ask["provider"]) == ("gpt-4o", "openai")
    said = [(each["role"], each["content"]) for each in ask["input"]["messages"]]
    assert said == [("system", "Be brief."), ("user", "Weather in Paris? ☂")]
    (answer,) = ask["output"]["messages"]
    (call,) = answer["tool_calls"]
    assert (call["name"], call["arguments"]) == ("weather", {"city": "Paris"})
    assert call["tool_id"] == "call_1"
    assert ask["metadata"]["temperature"] == 0.5
    assert (ask["metrics"]["input_tokens"], ask["metrics"]["output_tokens"]) == (9, 4)
    assert "team:a" in ask["tags"]
    assert whole["trace"]["total_tokens"] == 13

    assert spans["weather"]["input"]["value"].replace(" ", "") == '{"city":"Paris"}'
    assert spans["weather"]["output"]["value"] == "rain"
    (document,) = spans["search"]["output"]["documents"]
    assert (document["text"], document["score"], document["id"]) == (
        "An umbrella helps.",
        0.75,
        "d1",
    )
    assert spans["search"]["input"]["value"] == "umbrella"
    assert spans["embed"]["model"] == "embed-1"

    broken = spans["broken"]
    assert broken["status"] == "error"
    assert broken["error"]["message"] == "no umbrella"
    assert broken["error"]["type"].split(".")[-1] == error
    assert "no umbrella" in broken["error"]["stack"]
    assert whole["trace"]["errors"] == 1
    begin, end = root["start_ms"], root["start_ms"] + root["duration_ms"]
    for span in spans.values():
        assert begin - 1 <= span["start_ms"] <= span["start_ms"] + span["duration_ms"] <= end + 1

    if judged:
        verdicts = {each["label"]: each for each in whole["evaluations"]}
        assert verdicts["helpful"]["value"] is True
        assert verdicts["helpful"]["reasoning"] == "it rained"
        assert verdicts["helpful"]["span_id"] == root["span_id"]
        if feedback:
            assert verdicts["thumbs"]["value"] == "up"
            assert verdicts["thumbs"]["submitter"]["id"] == "user-1"


@pytest.mark.parametrize("way", DDTRACE)
def test_what_ddtrace_sends_is_shown_whole(intake: Intake, tmp_path: Path, way: str) -> None:
    env = {key: value.format(url=intake.url) for key, value in DDTRACE[way].items()}
    run_python("with_ddtrace", env, tmp_path)
    whole = intake.whole_trace(6, 2)
    check(whole, "python", "ValueError")
    prompt = next(s for s in whole["spans"] if s["name"] == "ask")["input"]["prompt"]
    assert (prompt["id"], prompt["variables"]) == ("greet", {"city": "P"})


@pytest.mark.parametrize("form", ["public", "sdk"])
def test_what_witspan_sends_is_shown_whole(intake: Intake, tmp_path: Path, form: str) -> None:
    env = {"DD_LLMOBS_OVERRIDE_ORIGIN": intake.url, "WITSPAN_INTAKE": form}
    run_python("with_witspan", env, tmp_path)
    check(intake.whole_trace(6, 2), "python", "ValueError")


def test_witspan_finds_the_intake_as_its_agent(intake: Intake, tmp_path: Path) -> None:
    run_python("with_witspan", {"DD_TRACE_AGENT_URL": intake.url}, tmp_path)
    check(intake.whole_trace(6, 2), "python", "ValueError")


def test_what_opentelemetry_sends_is_shown_whole(intake: Intake, tmp_path: Path) -> None:
    run_python("with_opentelemetry", {"OTEL_EXPORTER_OTLP_ENDPOINT": intake.url}, tmp_path)
    check(intake.whole_trace(6), "python", "ValueError", judged=False)


def test_what_a_model_sees_and_hears_comes_through_opentelemetry(
    intake: Intake, tmp_path: Path
) -> None:
    run_python("with_opentelemetry_media", {"OTEL_EXPORTER_OTLP_ENDPOINT": intake.url}, tmp_path)
    spans = {span["name"]: span for span in intake.whole_trace(2)["spans"]}
    (asked,) = spans["look"]["input"]["messages"]
    assert asked["content"].split("\n\n") == [
        "What is it?",
        "[image: https://example.com/a.png]",
        "[video: video/mp4, file-1]",
    ]
    assert asked["image_parts"] == [{"mime_type": "image/png", "content": "iVBO"}]
    assert asked["audio_parts"] == [{"mime_type": "audio/wav", "content": "UklG"}]
    (said,) = spans["look"]["output"]["messages"]
    assert said["content"] == "It is round.\n\nA dot."
    assert said["audio_parts"] == [{"mime_type": "audio/mpeg", "content": "SUQz"}]
    assert spans["look"]["metadata"]["finish_reasons"] == ["stop"]
    heard = [(each["role"], each["content"]) for each in spans["listen"]["input"]["messages"]]
    assert heard == [("system", "Be brief."), ("user", "And now?")]
    assert spans["listen"]["output"]["messages"][0]["content"] == "Still."


def test_what_another_sends_as_otlp_json_is_shown(intake: Intake) -> None:
    def pair(key: str, value: Any) -> Any:
        kind = {str: "stringValue", int: "intValue"}[type(value)]
        return {"key": key, "value": {kind: str(value)}}

    span = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": "1544712660000000000",
        "endTimeUnixNano": "1544712661000000000",
        "attributes": [
            pair("gen_ai.operation.name", "chat"),
            pair("gen_ai.usage.input_tokens", 7),
            pair("gen_ai.prompt.0.role", "user"),
            pair("gen_ai.prompt.0.content", "Hello?"),
            pair("gen_ai.completion.0.content", "Hello!"),
        ],
        "status": {},
    }
    resource = {"attributes": [pair("service.name", "by-hand")]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
    status, _ = intake.post("/v1/traces", body)
    assert status == 200
    whole = intake.whole_trace(1)
    assert whole["trace"]["trace_id"] == "5b8efff798038103d269b633813fc60c"
    (shown,) = whole["spans"]
    assert (shown["kind"], shown["app"], shown["duration_ms"]) == ("llm", "by-hand", 1000)
    assert shown["metrics"]["input_tokens"] == 7
    assert shown["input"]["messages"] == [{"role": "user", "content": "Hello?"}]
    assert shown["output"]["messages"] == [{"role": "assistant", "content": "Hello!"}]


@pytest.mark.parametrize("major", [5, 6])
def test_what_dd_trace_sends_is_shown_whole(intake: Intake, tmp_path: Path, major: int) -> None:
    package, node = dd_trace(major)
    # The program asks for `dd-trace`, whichever major it is.
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "dd-trace").symlink_to(package)
    shutil.copy(PROGRAMS / "with_dd_trace.cjs", tmp_path)
    env = {"DD_TRACE_AGENT_URL": intake.url, "DD_LLMOBS_ENABLED": "1"}
    run_program([node, "--preserve-symlinks-main", tmp_path / "with_dd_trace.cjs"], env, tmp_path)
    # The fifth has no feedback.
    sixth = major == 6
    whole = intake.whole_trace(6, 2 if sixth else 1)
    check(whole, "javascript", "RangeError", feedback=sixth)


def test_a_wrong_event_of_an_sdk_is_refused_by_the_name_of_its_field(intake: Intake) -> None:
    event = {"name": "a", "span_id": "1", "trace_id": "2", "parent_id": "undefined"}
    status, answer = intake.post("/api/v2/llmobs", [{"event_type": "span", "spans": [event]}])
    assert status == 400
    (error,) = answer["errors"]
    assert error["source"]["pointer"] == "/0/spans/0/start_ns"
    assert "missing" in error["detail"]
    assert intake.get("traces")["traces"] == []


@pytest.mark.parametrize(
    ("program", "version"),
    [
        ("with_ddtrace", ""),
        ("with_ddtrace_apm", ""),
        ("with_ddtrace_apm", "v0.4"),
        ("with_ddtrace_apm", "v0.5"),
    ],
)
def test_no_answer_of_the_intake_makes_a_tracer_complain(
    intake: Intake, tmp_path: Path, program: str, version: str
) -> None:
    env = {"DD_TRACE_AGENT_URL": intake.url, "DD_TRACE_DEBUG": "0"}
    env |= {"DD_TRACE_API_VERSION": version} if version else {}
    done = subprocess.run(
        [sys.executable, PROGRAMS / f"{program}.py"],
        env=clean(env),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0
    complaints = [line for line in done.stderr.splitlines() if "rror" in line or "ropping" in line]
    assert complaints == []
    assert intake.get("drops")["intake"]["refused"] == {}


def test_ddtrace_sends_llm_spans_in_a_form_that_has_room_whatever_its_settings(
    intake: Intake, tmp_path: Path
) -> None:
    env = {"DD_TRACE_AGENT_URL": intake.url, "DD_TRACE_API_VERSION": "v0.5"}
    run_python("with_ddtrace", env, tmp_path)
    check(intake.whole_trace(6, 2), "python", "ValueError")
