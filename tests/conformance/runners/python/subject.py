"""The Python package as a subject of the suite: runs the steps of a case."""

from __future__ import annotations

import builtins
import contextvars
import json
from contextlib import ExitStack
from typing import Any

import pytest
from receiver import Receiver
from witspan import LLMObs, LLMObsArgumentError, LLMObsSpan, Span
from witspan._native import Stream

START_NS = 1_700_000_000_000_000_000


class Runner:
    """Runs the steps of one case."""

    def __init__(self, case: dict[str, Any], form: str, receiver: Receiver) -> None:
        self.case = case
        self.spans: dict[str, Any] = {}
        self.remotes: dict[str, Any] = {}
        self.event: dict[str, Any] | None = None
        settings = case.get("settings", {})
        sampling = settings.get("sampling", {})
        tags = settings.get("tags", {})
        variables = {
            "DD_SERVICE": settings.get("service", ""),
            "DD_ENV": settings.get("env", ""),
            "DD_VERSION": settings.get("version", ""),
            "DD_TAGS": ",".join(f"{key}:{value}" for key, value in tags.items()),
            "DD_API_KEY": "key",
            "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url,
            "WITSPAN_INTAKE": "public" if form == "public-api" else "sdk",
            "DD_LLMOBS_SAMPLING_RULES": sampling.get("rules", ""),
            "WITSPAN_DROP_UNSAMPLED": str(sampling.get("drop", False)),
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            LLMObs.enable(
                ml_app=settings.get("ml_app", "conformance"),
                agentless_enabled=form == "public-api",
                sample_rate=sampling.get("rate"),
                _fixed_clock_ns=START_NS,
                _limits=settings.get("limits"),
            )

    def run(self) -> None:
        for at, step in enumerate(self.case["program"]):
            try:
                getattr(self, step["do"])(step)
            except Exception as error:
                raise AssertionError(f"step {at}: {step}") from error

    def start(self, step: dict[str, Any]) -> None:
        above = self.spans.get(step.get("current") or step.get("child_of"))
        if above is not None and above.finished:
            # It is current in a copy only, such as a task's, of the context that started it.
            contextvars.copy_context().run(self.start_here, step)
        else:
            self.start_here(step)

    def start_here(self, step: dict[str, Any]) -> None:
        above = self.spans.get(step.get("current") or step.get("child_of"))
        Span._restore(self.remotes[step["remote"]] if "remote" in step else above)
        names = ("name", "session_id", "ml_app", "model_name", "model_provider", "start_ns")
        given = {name: step[name] for name in names if name in step}
        if "child_of" in step:
            # Also where it is current: so it is again, as the suite has it.
            given["parent"] = above
        with ExitStack() as contexts:
            for context in step.get("contexts", []):
                contexts.enter_context(LLMObs.annotation_context(**json.loads(context)))
            self.spans[step["span"]] = getattr(LLMObs, step["kind"])(**given)

    def annotate(self, step: dict[str, Any]) -> None:
        values = json.loads(step["json"])
        if "output_stream" in values:
            # What a decorated generator gives.
            stream = Stream()
            for item in values["output_stream"]["items"]:
                stream.add(item)
            stream.annotate(self.spans[step["span"]])
            return
        for part in ("input", "output"):
            if part in values:
                values[f"{part}_data"] = values.pop(part)
        before = LLMObs.statistics()["annotations_rejected"]
        refused(step, lambda: LLMObs.annotate(self.spans[step["span"]], **values))
        rejected = LLMObs.statistics()["annotations_rejected"] - before
        assert rejected == ("refused" in step or step.get("dropped", False))

    def context(self, step: dict[str, Any]) -> None:
        def enter() -> None:
            with LLMObs.annotation_context(**json.loads(step["json"])):
                pass

        refused(step, enter)

    def advance(self, step: dict[str, Any]) -> None:
        LLMObs._tracer.advance(step["ns"])

    def finish(self, step: dict[str, Any]) -> None:
        span, failure = self.spans[step["span"]], step.get("failure")
        if failure and not any(failure.values()):
            span.error = 1
        elif failure:
            kind = getattr(builtins, failure["error_type"].removeprefix("builtins."))
            span.set_exc_info(kind, kind(failure["message"]), None)
        Span._restore(span)
        span.finish(step["end_ns"] / 1e9 if "end_ns" in step else None)
        again = self.spans.get(step.get("current_again", ""))
        # A span that had finished before leaves the context as it is; one that found no room makes
        # current again what was, which only the binding knows.
        now = Span._current() or Span._context()
        assert id_of(now) in (id_of(again), id_of(span)) or not span.span_id
        if "event" in step:
            assert self.event == json.loads(step["event"])

    def abandon(self, step: dict[str, Any]) -> None:
        # A span that nobody holds any more is given up.
        Span._restore(None)
        del self.spans[step["span"]]

    def export(self, step: dict[str, Any]) -> None:
        ids = {"span_id": step["span_id"], "trace_id": step["trace_id"]}
        assert LLMObs.export_span(self.spans[step["span"]]) == ids

    def inject(self, step: dict[str, Any]) -> None:
        before = step.get("headers", {})
        after = LLMObs.inject_distributed_headers(dict(before), self.spans[step["span"]])
        assert {name: v for name, v in after.items() if before.get(name) != v} == step["gives"]

    def extract(self, step: dict[str, Any]) -> None:
        Span._restore(None)
        # The public call is silent where another service's headers name no trace.
        refused(step, lambda: LLMObs._tracer.activate(list(step["headers"].items())))
        self.remotes[step["remote"]] = Span._context()

    def evaluate(self, step: dict[str, Any]) -> None:
        required = dict.fromkeys(("label", "metric_type"))
        refused(step, lambda: LLMObs.submit_evaluation(**required | json.loads(step["json"])))

    def feedback(self, step: dict[str, Any]) -> None:
        required = dict.fromkeys(("label", "metric_type", "value", "submitter"))
        refused(step, lambda: LLMObs.submit_feedback(**required | json.loads(step["json"])))

    def processor(self, step: dict[str, Any]) -> None:
        does = step["does"]

        def process(span: LLMObsSpan) -> Any:
            self.event = json.loads(json.dumps(span.event))
            if does == "raise":
                raise ValueError("as the case says")
            if does == "late":
                LLMObs._tracer.advance(2_000_000_000)
            if isinstance(does, dict) and "replace" in does:
                span.event = replaced(span.event, *does["replace"])
            if isinstance(does, dict) and "remove" in does:
                span.event.pop(does["remove"], None)
            if isinstance(does, dict) and "merge" in does:
                span.event = merged(span.event, does["merge"])
            return {"drop": None, "nonsense": "nonsense"}.get(str(does), span)

        LLMObs.register_processor(None if does == "off" else process)

    def poll(self, step: dict[str, Any]) -> None:
        raise NotImplementedError("the worker polls by itself")


def refused(step: dict[str, Any], call: Any) -> None:
    if "refused" not in step:
        return call()
    with pytest.raises(LLMObsArgumentError) as caught:
        call()
    assert str(caught.value) == step["refused"]


def id_of(span: Any) -> int | None:
    """The id of a span, or of one whose trace goes on."""
    return getattr(span, "span_id", None)


def replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: replaced(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, old, new) for item in value]
    return value.replace(old, new) if isinstance(value, str) else value


def merged(value: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    kept = dict(value) if isinstance(value, dict) else {}
    kept |= {key: merged(kept.get(key), item) for key, item in patch.items()}
    return {key: item for key, item in kept.items() if patch.get(key, item) is not None}


def counters() -> dict[str, int]:
    statistics = LLMObs.statistics()
    evaluations = statistics["evaluations"]
    names = ("accepted", "open", "delivered", "annotations_rejected", "warnings", "cut")
    counts = {
        name: statistics[name] for name in (*names, "content_dropped", "evaluations_rejected")
    }
    counts |= {f"evaluations {name}": evaluations[name] for name in ("accepted", "delivered")}
    for kind, counters in (("", statistics), ("evaluations ", evaluations)):
        for reason, count in counters["dropped"].items():
            counts[f"{kind}dropped {reason.replace('_', '-')}"] = count
    return {name: count for name, count in counts.items() if count}
