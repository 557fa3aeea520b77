"""Which traces are marked as sampled."""

from __future__ import annotations

import pytest
from python_support import Receiver
from witspan import LLMObs, LLMObsArgumentError


@pytest.mark.parametrize(
    ("given", "variables", "rate", "decision"),
    [
        (None, {}, "1", "1"),
        (0, {}, "0", "0"),
        (None, {"DD_LLMOBS_SAMPLE_RATE": "0"}, "0", "0"),
        (1.0, {"DD_LLMOBS_SAMPLE_RATE": "0"}, "1", "1"),
    ],
)
def test_traces_are_marked_and_sent(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, given, variables, rate, decision
) -> None:
    for name, value in {"DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url, **variables}.items():
        monkeypatch.setenv(name, value)
    LLMObs.enable(ml_app="tests", sample_rate=given)
    with LLMObs.workflow(), LLMObs.task():
        pass
    LLMObs.disable()
    marks = [event["_dd"] for event in receiver.events]
    assert [mark["sample_rate"] for mark in marks] == [rate] * 2
    assert [mark["sampling_decision"] for mark in marks] == [decision] * 2


def test_what_is_not_sampled_is_dropped_if_a_setting_says_so(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    rules = '[{"sample_rate": 0, "tags": {"kind": "noise*"}}]'
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    monkeypatch.setenv("DD_LLMOBS_SAMPLING_RULES", rules)
    monkeypatch.setenv("WITSPAN_DROP_UNSAMPLED", "1")
    LLMObs.enable(ml_app="tests")
    for name in ("noise-1", "signal"):
        with LLMObs.workflow(name=name):
            LLMObs.annotate(tags={"kind": name})
    LLMObs.disable()
    assert [event["name"] for event in receiver.events] == ["signal"]
    assert LLMObs.statistics()["dropped"] == {"not_sampled": 1}


@pytest.mark.parametrize("variable", ["abc", "7"])
def test_an_invalid_rate_is_logged_and_counts_as_1(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, log, variable: str
) -> None:
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    monkeypatch.setenv("DD_LLMOBS_SAMPLE_RATE", variable)
    LLMObs.enable(ml_app="tests")
    LLMObs.task().finish()
    LLMObs.disable()
    assert receiver.events[0]["_dd"]["sample_rate"] == "1"
    (line,) = log()
    assert "number from 0 to 1" in line


@pytest.mark.parametrize("wrong", ["1", [1]], ids=str)
def test_a_rate_of_a_wrong_type_raises(wrong) -> None:
    with pytest.raises(LLMObsArgumentError, match="`sample_rate` is of type"):
        LLMObs.enable(ml_app="tests", sample_rate=wrong)
    assert LLMObs.enabled is False
