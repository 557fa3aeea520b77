"""The contenders in Python, each with the same work to do in the way its users would write it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

ANNOTATION = json.loads((Path(__file__).parent / "annotation.json").read_text(encoding="utf-8"))
# 100 KB of the same kind of text.
LARGE = ((ANNOTATION["output"][0]["content"] + "\n") * 1000).encode()[:100_000].decode()
QUESTION = "What happens to a span that has finished, and what to one that has not?"
FOUND = {"answer": "It waits in the queue until a batch is full.", "score": 0.87, "ids": [4, 8, 15]}


class Contender:
    """Makes spans of each case, as many as it is asked for, and delivers them.

    Making one imports the tracer, as an application does at its top; nothing runs before `enable`.
    """

    # Spans that it holds without losing one while nothing is delivered, with room to spare.
    holds = 0

    def enable(self) -> None:
        raise NotImplementedError

    def bare(self, spans: int) -> None:
        """Started and finished."""
        raise NotImplementedError

    def annotated(self, spans: int) -> None:
        """One call of a model with 1 KB of messages, metadata, metrics and tags."""
        raise NotImplementedError

    def workflow(self, spans: int) -> None:
        """Ten annotated spans a time: a workflow, three steps in it, two model calls in each."""
        raise NotImplementedError

    def decorated(self, spans: int) -> None:
        """A decorated function, with its arguments and its result as input and output."""
        raise NotImplementedError

    def large(self, spans: int) -> None:
        """One call of a model with 100 KB of messages."""
        raise NotImplementedError

    def idle(self) -> dict[str, Callable[[int], None]]:
        """What is called while tracing is off, by case."""
        return {"span": self.bare, "annotated span": self.annotated, "decorated": self.decorated}

    def deliver(self) -> None:
        """Sends everything that has finished, and waits for it."""

    def counts(self) -> dict[str, Any] | None:
        """What the tracer itself says of its losses, if it says anything."""
        return None


class Llmobs(Contender):
    """witspan and ddtrace have the same surface: the very same lines measure both."""

    def __init__(self, llmobs: Any, task: Any) -> None:
        self.llmobs = llmobs
        self.task = task
        others = {name: ANNOTATION[name] for name in ("metadata", "metrics", "tags")}
        self.chat = {
            "input_data": ANNOTATION["input"],
            "output_data": ANNOTATION["output"],
            **others,
        }
        question = [{"role": "user", "content": LARGE}]
        self.long_chat = {**self.chat, "input_data": question}
        self.step = {"input_data": QUESTION, "output_data": FOUND["answer"], **others}

    def enable(self) -> None:
        self.llmobs.enable(integrations_enabled=False)

        @self.task
        def look_up(question: str, limit: int) -> dict[str, Any]:
            return FOUND

        self.look_up: Callable[[str, int], dict[str, Any]] = look_up

    def bare(self, spans: int) -> None:
        llmobs = self.llmobs
        for _ in range(spans):
            with llmobs.task(name="step"):
                pass

    def annotated(self, spans: int) -> None:
        self.calls(spans, self.chat)

    def calls(self, spans: int, parts: dict[str, Any]) -> None:
        llmobs = self.llmobs
        for _ in range(spans):
            with llmobs.llm(model_name="gpt-4o", name="chat", model_provider="openai") as span:
                llmobs.annotate(span, **parts)

    def workflow(self, spans: int) -> None:
        llmobs, step = self.llmobs, self.step
        for _ in range(spans // 10):
            with llmobs.workflow(name="answer") as workflow:
                for _ in range(3):
                    with llmobs.task(name="step") as task:
                        self.annotated(2)
                        llmobs.annotate(task, **step)
                llmobs.annotate(workflow, **step)

    def decorated(self, spans: int) -> None:
        look_up = self.look_up
        for at in range(spans):
            look_up(QUESTION, limit=at)

    def large(self, spans: int) -> None:
        self.calls(spans, self.long_chat)

    def deliver(self) -> None:
        self.llmobs.flush()


class Witspan(Llmobs):
    holds = 8000

    def __init__(self) -> None:
        from witspan import LLMObs
        from witspan.decorators import task

        super().__init__(LLMObs, task)

    def idle(self) -> dict[str, Callable[[int], None]]:
        return {**super().idle(), "start": self.start, "annotate": self.annotate}

    def start(self, calls: int) -> None:
        llmobs = self.llmobs
        for _ in range(calls):
            llmobs.llm(model_name="gpt-4o", name="chat", model_provider="openai")

    def annotate(self, calls: int) -> None:
        llmobs, parts = self.llmobs, self.chat
        for _ in range(calls):
            llmobs.annotate(None, **parts)

    def deliver(self) -> None:
        self.llmobs.flush(20)

    def counts(self) -> dict[str, Any]:
        return dict(self.llmobs.statistics())


class Ddtrace(Llmobs):
    """With its spans as JSON to the intake. It holds 1,000 of them and drops the next, with a line
    in the log as the only sign."""

    holds = 960

    def __init__(self) -> None:
        from ddtrace.llmobs import LLMObs
        from ddtrace.llmobs.decorators import task

        super().__init__(LLMObs, task)

    def idle(self) -> dict[str, Callable[[int], None]]:
        # `annotate` raises while it is off.
        return {"span": self.bare, "decorated": self.decorated}


class DdtraceApm(Ddtrace):
    """As it is by default beside an agent: the LLM data rides on the spans of the APM trace."""

    def deliver(self) -> None:
        from ddtrace.trace import tracer

        super().deliver()
        tracer.flush()


class OpenTelemetry(Contender):
    """The SDK with its batch processor and its OTLP exporter; the same facts as attributes, named
    as the conventions for generative AI name them."""

    # Its queue is 2,048 spans long.
    holds = 2000

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http import trace_exporter
        from opentelemetry.sdk import trace
        from opentelemetry.sdk.trace import export
        from opentelemetry.trace import get_current_span

        self.current_span = get_current_span
        self.exporter = trace_exporter.OTLPSpanExporter
        self.make_provider = trace.TracerProvider
        self.processor = export.BatchSpanProcessor

    def enable(self) -> None:
        self.provider = self.make_provider()
        self.provider.add_span_processor(self.processor(self.exporter()))
        self.tracer = tracer = self.provider.get_tracer("benches")
        self.others = others()
        current_span = self.current_span

        @tracer.start_as_current_span("look_up")
        def look_up(question: str, limit: int) -> dict[str, Any]:
            # No decorator of the SDK captures anything: who wants it writes this.
            span = current_span()
            span.set_attribute("input.value", json.dumps({"question": question, "limit": limit}))
            span.set_attribute("output.value", json.dumps(FOUND))
            return FOUND

        self.look_up: Callable[[str, int], dict[str, Any]] = look_up

    def bare(self, spans: int) -> None:
        tracer = self.tracer
        for _ in range(spans):
            with tracer.start_as_current_span("step"):
                pass

    def annotated(self, spans: int) -> None:
        self.calls(spans, ANNOTATION["input"])

    def calls(self, spans: int, asked: list[dict[str, str]]) -> None:
        tracer, answered, others = self.tracer, ANNOTATION["output"], self.others
        for _ in range(spans):
            with tracer.start_as_current_span("chat gpt-4o") as span:
                span.set_attributes(
                    {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.request.model": "gpt-4o",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.input.messages": messages(asked),
                        "gen_ai.output.messages": messages(answered),
                        **others,
                    }
                )

    def workflow(self, spans: int) -> None:
        tracer, others = self.tracer, self.others
        for _ in range(spans // 10):
            with tracer.start_as_current_span("answer") as workflow:
                for _ in range(3):
                    with tracer.start_as_current_span("step") as task:
                        self.annotated(2)
                        task.set_attributes(step(others))
                workflow.set_attributes(step(others))

    def decorated(self, spans: int) -> None:
        look_up = self.look_up
        for at in range(spans):
            look_up(QUESTION, limit=at)

    def large(self, spans: int) -> None:
        self.calls(spans, [{"role": "user", "content": LARGE}])

    def deliver(self) -> None:
        self.provider.force_flush(20_000)


def others() -> dict[str, Any]:
    """Metadata, metrics and tags as attributes."""
    metadata, metrics, tags = (ANNOTATION[name] for name in ("metadata", "metrics", "tags"))
    return {
        "gen_ai.request.temperature": metadata["temperature"],
        "gen_ai.request.max_tokens": metadata["max_tokens"],
        "gen_ai.request.stream": metadata["stream"],
        "user.id": metadata["user"],
        "gen_ai.usage.input_tokens": metrics["input_tokens"],
        "gen_ai.usage.output_tokens": metrics["output_tokens"],
        "gen_ai.server.time_to_first_token": metrics["time_to_first_token"],
        "team": tags["team"],
        "feature": tags["feature"],
    }


def step(others: dict[str, Any]) -> dict[str, Any]:
    return {"input.value": QUESTION, "output.value": FOUND["answer"], **others}


def messages(given: list[dict[str, str]]) -> str:
    """Messages as the conventions ask for them: JSON text, each with a list of parts."""
    return json.dumps(
        [
            {"role": one["role"], "parts": [{"type": "text", "content": one["content"]}]}
            for one in given
        ]
    )


class Nothing(Contender):
    """No tracer: 20 µs of Python in place of each span. What it finds is the machine's own."""

    def enable(self) -> None:
        pass

    def idle(self) -> dict[str, Callable[[int], None]]:
        return {"decorated": self.decorated}

    def decorated(self, spans: int) -> None:
        def look_up(question: str, limit: int) -> dict[str, Any]:
            return FOUND

        for at in range(spans):
            look_up(QUESTION, limit=at)

    def annotated(self, spans: int) -> None:
        for _ in range(spans):
            for _ in range(500):
                pass


CONTENDERS: dict[str, type[Contender]] = {
    "witspan": Witspan,
    "opentelemetry": OpenTelemetry,
    "ddtrace": Ddtrace,
    "ddtrace-apm": DdtraceApm,
    "nothing": Nothing,
}
