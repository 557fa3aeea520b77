"""`witspan.testing.recorder`: what an application's own tests see of its spans."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest
from python_support import Receiver, Tracing
from witspan import LLMObs, LLMObsArgumentError, LLMObsError, LLMObsSpan
from witspan.decorators import retrieval, workflow
from witspan.testing import NoSuchSpan, recorder


@retrieval
def search(question: str) -> list[dict[str, object]]:
    documents = [{"text": "Rayleigh scattering", "name": "sky.md", "score": 0.5}]
    LLMObs.annotate(output_data=documents)
    return documents


@workflow(session_id="s-1")
def answer(question: str) -> str:
    search(question)
    with LLMObs.llm("gpt-4o", name="ask", model_provider="OpenAI"):
        LLMObs.annotate(
            input_data=[{"role": "user", "content": question}],
            output_data="It scatters.",
            metadata={"temperature": 0},
            metrics={"input_tokens": 9, "output_tokens": 4},
            tags={"team": "search"},
            prompt={"id": "greet", "template": "{{question}}"},
        )
    with pytest.raises(OSError), LLMObs.tool("publish"):
        raise OSError("the disk\nis full")
    return "It scatters."


TREE = """\
workflow   answer
retrieval  ├─ search
llm        ├─ ask (gpt-4o)
tool       └─ publish ! builtins.OSError: the disk is full"""


def test_what_is_traced_is_there_to_read_with_names_and_types() -> None:
    with recorder() as spans:
        answer("why?")
        assert [span.name for span in spans] == ["answer", "search", "ask", "publish"]
    assert spans.tree() == TREE
    ask, root = spans["ask"], spans["answer"]
    assert ask.kind == "llm"
    assert (ask.parent, ask.parent_id, root.parent) == (root, root.span_id, None)
    assert ask.trace_id == root.trace_id
    assert [child.name for child in root.children] == ["search", "ask", "publish"]
    assert list(root.descendants()) == root.children
    assert ask.input == ask.input_messages == [{"role": "user", "content": "why?"}]
    assert ask.output_messages[0]["content"] == "It scatters."
    assert (ask.model_name, ask.model_provider) == ("gpt-4o", "openai")
    assert ask.metadata == {"temperature": 0}
    assert ask.metrics == {"input_tokens": 9, "output_tokens": 4}
    assert (ask.tags["team"], ask.ml_app, ask.session_id) == ("search", "test", "s-1")
    assert ask.prompt is not None and ask.prompt["id"] == "greet"
    assert (root.input, root.output) == ('{"question":"why?"}', "It scatters.")
    assert root.model_name is None and root.input_messages == []
    assert spans["search"].output_documents[0]["score"] == 0.5
    assert spans["search"].output == spans["search"].output_documents
    assert 0 <= ask.duration_ns <= root.duration_ns
    assert root.start_ns <= ask.start_ns
    assert spans["publish"].error is not None
    assert spans["publish"].error.type == "builtins.OSError"
    assert spans["publish"].error.message == "the disk\nis full"
    assert "test_recorder.py" in spans["publish"].error.stack
    assert spans["publish"].event["status"] == "error"


def test_what_is_recorded_is_what_would_be_sent(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The clock stands, and with it the ids are the same.
    fixed: dict[str, Any] = {"ml_app": "shop", "_fixed_clock_ns": 1_700_000_000_000_000_000}
    with recorder() as spans:
        LLMObs.enable(**fixed)
        answer("why?")
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    LLMObs.enable(**fixed)
    answer("why?")
    assert LLMObs.flush().settled
    recorded = {span.name: span.event for span in spans}
    sent = {event["name"]: event for event in receiver.events}
    # Of the same call, but in another line of this file.
    for events in (recorded, sent):
        events["publish"]["meta"]["error"].pop("stack")
    assert len(recorded) == 4 and recorded == sent


def test_spans_are_found_by_what_they_are() -> None:
    with recorder() as spans:
        answer("why?")
        answer("how?")
    assert len(spans) == 8
    assert [span.name for span in spans.find(kind="llm")] == ["ask", "ask"]
    assert spans.find("ask", tags={"team": "search"}) == spans.find("ask")
    assert spans.find("ask", tags={"team": "other"}) == []
    assert spans.find(error=True) == spans.find("publish")
    assert len(spans.find(error=False)) == 6
    assert spans.roots == spans.find("answer")
    assert spans[0] == spans.roots[0] and spans[-1].name == "publish"
    assert spans[1:3] == [spans[1], spans[2]]
    assert "ask" in spans and spans[0] in spans and "asked" not in spans
    assert spans.tree() == f"{TREE}\n{TREE}"


def test_a_span_that_is_not_there_is_an_error_that_shows_those_that_are() -> None:
    with recorder() as spans:
        with pytest.raises(NoSuchSpan, match="no spans are named `ask`; nothing was recorded"):
            spans["ask"]
        answer("why?")
        with LLMObs.task("late"):
            with pytest.raises(LookupError) as caught:
                spans["asked"]
            assert str(caught.value) == (
                f"no spans are named `asked`; recorded (1 is still open):\n{TREE}"
            )
            assert spans.open_spans == 1
        answer("how?")
        with pytest.raises(NoSuchSpan, match="2 spans are named `ask`"):
            spans["ask"]
        with pytest.raises(IndexError, match="there is no span 9"):
            spans[9]
    assert isinstance(caught.value, LLMObsError)


def test_evaluations_and_feedback_are_recorded() -> None:
    with recorder() as spans:
        with LLMObs.task() as span:
            pass
        judged = LLMObs.export_span(span)
        LLMObs.submit_evaluation(
            "good", "score", 0.5, judged, tags={"a": "b"}, assessment="pass", reasoning="so"
        )
        LLMObs.submit_feedback("thumb", "boolean", True, {"id": "u", "type": "user"}, judged)
        evaluation, feedback = spans.evaluations
    assert (evaluation.label, evaluation.metric_type, evaluation.value) == ("good", "score", 0.5)
    assert (evaluation.span_id, evaluation.trace_id) == (spans[0].span_id, spans[0].trace_id)
    assert (evaluation.assessment, evaluation.reasoning) == ("pass", "so")
    assert evaluation.tags["a"] == "b" and not evaluation.is_feedback
    assert (feedback.value, feedback.span_id) == (True, spans[0].span_id)
    assert feedback.is_feedback and feedback.submitter == {"id": "u", "type": "user"}


def test_what_was_enabled_before_receives_nothing_and_goes_on_afterwards(tracing: Tracing) -> None:
    with LLMObs.workflow("outside"), LLMObs.annotation_context(tags={"a": "b"}):
        with recorder() as spans, LLMObs.task("inside"):
            pass
        with LLMObs.task("after"):
            pass
    assert [span.name for span in spans] == ["inside"]
    assert spans["inside"].parent_id is None
    assert "a" not in spans["inside"].tags
    assert "a:b" in tracing.by_name()["after"]["tags"]
    assert tracing.parents() == {"outside": None, "after": "outside"}


def test_the_environment_has_no_effect(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    for name, value in {
        "DD_LLMOBS_ENABLED": "0",
        "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url,
        "DD_LLMOBS_ML_APP": "theirs",
        "DD_TAGS": "team:theirs",
        "DD_LLMOBS_SAMPLE_RATE": "0",
        "WITSPAN_DROP_UNSAMPLED": "1",
        "WITSPAN_INTAKE": "public",
    }.items():
        monkeypatch.setenv(name, value)
    with recorder(ml_app="mine") as spans:
        LLMObs.enable()
        with LLMObs.task("step"):
            pass
    assert (spans["step"].ml_app, "team" in spans["step"].tags) == ("mine", False)
    assert not LLMObs.enabled
    assert receiver.requests == []


def test_the_application_may_enable_and_disable_inside_and_all_of_it_is_recorded() -> None:
    def hide(span: LLMObsSpan) -> LLMObsSpan:
        span.input = [{"role": "", "content": "hidden"}]
        return span

    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with recorder() as spans:
        LLMObs.enable(ml_app="shop", env="ci", span_processor=hide)
        assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)] == handlers
        answer("first")
        LLMObs.disable()
        answer("unseen")
        assert not LLMObs.enabled
        LLMObs.enable(ml_app="bot")
        answer("second")
    assert [span.ml_app for span in spans.roots] == ["shop", "bot"]
    assert [span.input for span in spans.roots] == ["hidden", "hidden"]
    assert spans.roots[0].tags["env"] == "ci"
    assert not LLMObs.enabled and LLMObs._processor is None


def test_a_processor_may_be_given() -> None:
    with recorder(span_processor=lambda span: None if span.get_tag("secret") else span) as spans:
        with LLMObs.task("seen"):
            pass
        with LLMObs.task("unseen"):
            LLMObs.annotate(tags={"secret": 1})
    assert [span.name for span in spans] == ["seen"]


def test_recorders_inside_each_other_record_for_themselves() -> None:
    with recorder() as outer:
        with LLMObs.task("first"):
            pass
        with recorder() as inner, LLMObs.task("second"):
            pass
        with LLMObs.task("third"):
            pass
    assert [span.name for span in outer] == ["first", "third"]
    assert [span.name for span in inner] == ["second"]


def test_an_exception_leaves_everything_as_it_was(tracing: Tracing) -> None:
    with pytest.raises(KeyError), recorder() as spans:
        LLMObs.workflow("left open")
        raise KeyError("x")
    assert spans.tree() == ""
    with LLMObs.task("after"):
        pass
    assert tracing.parents() == {"after": None}


def test_other_threads_and_forgotten_spans_count_too() -> None:
    with recorder() as spans:
        thread = threading.Thread(target=answer, args=("why?",))
        thread.start()
        thread.join()
        assert spans.tree() == TREE
        spans.clear()
        assert (len(spans), spans.evaluations) == (0, [])
        answer("again")
        assert spans.tree() == TREE


def test_more_spans_than_fit_are_an_error_when_they_are_read() -> None:
    with recorder(max_bytes=2000) as spans:
        with LLMObs.task("long"):
            LLMObs.annotate(input_data="x" * 5000)
        with pytest.raises(LLMObsError, match=r"1 span did not fit into the 2000 bytes .*max_byt"):
            len(spans)
        spans.clear()
        with LLMObs.task("short"):
            pass
        assert [span.name for span in spans] == ["short"]


@pytest.mark.parametrize("wrong", [0, -1, True, "1", 1.5, None])
def test_a_wrong_bound_is_rejected_by_name(wrong: object) -> None:
    with pytest.raises(LLMObsArgumentError, match="`max_bytes` is .*accepted: an int from 1"):
        recorder(max_bytes=wrong)  # type: ignore[arg-type]


def test_a_wrong_app_raises_and_nothing_is_changed() -> None:
    with recorder(ml_app=5) as spans:  # type: ignore[arg-type]
        LLMObs.task("traced").finish()
        assert spans["traced"].tags["ml_app"] == "5"
    assert not LLMObs.enabled and LLMObs._memory is None


def test_a_recorder_records_one_block() -> None:
    spans = recorder()
    with spans, pytest.raises(LLMObsError, match="in use already"), spans:
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only Unix forks")
def test_a_forked_process_does_not_hang_and_records_for_itself() -> None:
    with recorder() as spans:
        with LLMObs.task("before"):
            pass
        child = os.fork()
        if child == 0:
            with LLMObs.task("in the child"):
                pass
            names = [span.name for span in spans if span.name != "before"]
            os._exit(0 if names == ["in the child"] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert [span.name for span in spans] == ["before"]
