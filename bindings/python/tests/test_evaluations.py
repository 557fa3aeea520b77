"""Evaluations of spans, and the feedback of users."""

from __future__ import annotations

from typing import Any

import pytest
from python_support import Event, Tracing
from witspan import LLMObs, LLMObsArgumentError

IDS = {"span_id": "1", "trace_id": "00000000000000000000000000000001"}


def sent(tracing: Tracing) -> list[Event]:
    assert LLMObs.flush(10).settled
    return tracing.receiver.evaluations


def test_an_evaluation_names_the_span_it_judges(tracing: Tracing) -> None:
    with LLMObs.llm(name="judged") as span:
        pass
    LLMObs.submit_evaluation(
        label="helpful",
        metric_type="score",
        value=0.75,
        span=LLMObs.export_span(span),
        tags={"judge": "model"},
        metadata={"rubric": [1, 2]},
        assessment="pass",
        reasoning="it says why",
        timestamp_ms=1_700_000_000_000,
    )
    (metric,) = sent(tracing)
    event = tracing.only()
    ids = {"span_id": event["span_id"], "trace_id": event["trace_id"]}
    assert metric["join_on"]["span"] == ids
    assert (metric["label"], metric["metric_type"]) == ("helpful", "score")
    assert (metric["score_value"], metric["ml_app"]) == (0.75, "tests")
    assert metric["timestamp_ms"] == 1_700_000_000_000
    assert (metric["assessment"], metric["reasoning"]) == ("pass", "it says why")
    assert metric["metadata"] == {"rubric": [1, 2]}
    assert "judge:model" in metric["tags"]


@pytest.mark.parametrize(
    ("metric_type", "value"),
    [("categorical", "good"), ("score", 1), ("boolean", False), ("json", {"a": [1]})],
)
def test_each_type_has_its_value(tracing: Tracing, metric_type: str, value: Any) -> None:
    # By position, as ddtrace has them.
    LLMObs.submit_evaluation("label", metric_type, value, IDS)
    (metric,) = sent(tracing)
    assert metric[f"{metric_type}_value"] == value


def test_evaluations_join_by_a_tag_or_a_session_and_may_have_failed(tracing: Tracing) -> None:
    by_tag = {"tag_key": "request", "tag_value": "r-1"}
    LLMObs.submit_evaluation("tagged", "boolean", True, span_with_tag_value=by_tag, ml_app="app")
    LLMObs.submit_evaluation("whole", "score", 1, session_id="s-1", eval_scope="session")
    error = {"type": "Timeout", "message": "the judge slept"}
    LLMObs.submit_evaluation("failed", "score", span=IDS, status="ERROR", error=error)
    tagged, whole, failed = sent(tracing)
    assert tagged["join_on"]["tag"] == {"key": "request", "value": "r-1"}
    assert tagged["ml_app"] == "app"
    assert "s-1" in str(whole)
    assert "the judge slept" in str(failed) and "score_value" not in failed


def test_a_user_gives_feedback(tracing: Tracing) -> None:
    submitter = {"id": "u-1", "type": "user"}
    LLMObs.submit_feedback("thumb", "categorical", "up", submitter, span_id="1")
    LLMObs.submit_feedback("words", "text", "well said", submitter, feedback_join_key="k-1")
    thumb, words = sent(tracing)
    assert thumb["event_kind"] == words["event_kind"] == "feedback"
    assert (thumb["span_id"], thumb["submitter"]) == ("1", submitter)
    assert (words["feedback_join_key"], words["text_value"]) == ("k-1", "well said")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("label", {"label": "with.dot"}),
        ("metric_type", {"metric_type": "guess"}),
        ("span", {"span": {"span_id": "1"}}),
        ("span", {"span": None}),
        ("eval_scope", {"eval_scope": "day"}),
        ("timestamp_ms", {"timestamp_ms": -1}),
        ("assessment", {"assessment": "maybe"}),
        ("metadata", {"metadata": "text"}),
        ("tags", {"tags": ["a"]}),
        ("status", {"status": "FINE"}),
    ],
    ids=str,
)
def test_a_wrong_evaluation_raises_with_the_field_and_is_counted(tracing, field, given) -> None:
    right = {"label": "l", "metric_type": "score", "value": 1, "span": IDS}
    with pytest.raises(LLMObsArgumentError, match=f"`{field}"):
        LLMObs.submit_evaluation(**{**right, **given})
    statistics = LLMObs.statistics()
    assert (statistics["evaluations_rejected"], statistics["evaluations"]["accepted"]) == (1, 0)
    assert sent(tracing) == []


@pytest.mark.parametrize("value", ["high", float("nan"), float("inf"), None, [1]], ids=str)
def test_an_absent_score_is_sent_as_a_failed_evaluation(tracing: Tracing, log, value) -> None:
    LLMObs.submit_evaluation("quality", "score", value, IDS)
    (metric,) = sent(tracing)
    assert metric["status"] == "ERROR" and "score_value" not in metric
    assert metric["error"]["message"].startswith("`value` is ")
    assert LLMObs.statistics()["warnings"] == 1
    assert len(log()) == 1


def test_a_feedback_has_a_submitter_of_any_type(tracing: Tracing) -> None:
    for kind in ("user", "robot", ""):
        LLMObs.submit_feedback("thumb", "boolean", True, {"id": "u", "type": kind}, span_id="1")
    assert [each["submitter"]["type"] for each in sent(tracing)] == ["user", "robot", ""]


def test_a_wrong_feedback_raises(tracing: Tracing) -> None:
    with pytest.raises(LLMObsArgumentError, match="`submitter"):
        LLMObs.submit_feedback("thumb", "boolean", True, {"id": ""}, span_id="1")
    with pytest.raises(LLMObsArgumentError):
        LLMObs.submit_feedback("thumb", "boolean", True, {"id": "u"}, span_id="1", trace_id="2")
    assert LLMObs.statistics()["evaluations_rejected"] == 2


def test_what_becomes_of_evaluations_is_counted(tracing: Tracing, log) -> None:
    tracing.receiver.headers = {"retry-after": "0"}
    tracing.receiver.statuses = [503]
    LLMObs.submit_evaluation("label", "boolean", True, IDS)
    assert len(sent(tracing)) == 1
    tracing.receiver.statuses = [403]
    LLMObs.submit_evaluation("label", "boolean", True, IDS)
    LLMObs.flush(10)
    counters = LLMObs.statistics()["evaluations"]
    assert (counters["accepted"], counters["delivered"]) == (2, 1)
    assert counters["dropped"] == {"rejected": 1}
    assert len(log()) == 2
