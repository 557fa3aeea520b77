"""One contender in Python, in one process: `python benches/contender.py NAME` measures it and
prints JSON lines. `benches/run.py` starts it, again and again, in turn with the others.

A burst of spans is timed on this thread, and what the tracer does with them afterwards is not:
delivery follows between the bursts, also so that no tracer's buffer overflows.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ANNOTATION = json.loads((Path(__file__).parent / "annotation.json").read_text(encoding="utf-8"))
# Bursts before those that count.
UNTIMED = 2


class Contender:
    """Makes spans of both cases, `spans` at a time, and delivers them."""

    def bare(self, spans: int) -> None:
        raise NotImplementedError

    def annotated(self, spans: int) -> None:
        raise NotImplementedError

    def deliver(self, spans: int) -> None:
        """Sends everything; raises if anything was lost."""
        raise NotImplementedError


class Llmobs(Contender):
    """witspan and ddtrace have the same surface: the very same lines measure both."""

    def __init__(self, llmobs: Any) -> None:
        self.llmobs = llmobs
        llmobs.enable(integrations_enabled=False)
        self.parts = {
            "input_data": ANNOTATION["input"],
            "output_data": ANNOTATION["output"],
            **{name: ANNOTATION[name] for name in ("metadata", "metrics", "tags")},
        }

    def bare(self, spans: int) -> None:
        llmobs = self.llmobs
        for _ in range(spans):
            with llmobs.task(name="step"):
                pass

    def annotated(self, spans: int) -> None:
        llmobs, parts = self.llmobs, self.parts
        for _ in range(spans):
            with llmobs.llm(model_name="gpt-4o", name="chat", model_provider="openai") as span:
                llmobs.annotate(span, **parts)


class Witspan(Llmobs):
    def __init__(self) -> None:
        from witspan import LLMObs

        super().__init__(LLMObs)

    def deliver(self, spans: int) -> None:
        result = self.llmobs.flush(20)
        counts = self.llmobs.statistics()
        if not result.settled or counts["accepted"] != counts["delivered"]:
            raise RuntimeError(f"witspan lost spans: {counts}")


class Ddtrace(Llmobs):
    def __init__(self) -> None:
        from ddtrace.llmobs import LLMObs

        super().__init__(LLMObs)

    def deliver(self, spans: int) -> None:
        # Whether all came is seen at the sink: ddtrace itself only logs what it drops.
        self.llmobs.flush()


class OpenTelemetry(Contender):
    """The SDK with its batch processor and its OTLP exporter; the same facts as attributes, named
    as the conventions for generative AI name them."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self.provider = TracerProvider()
        self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self.tracer = self.provider.get_tracer("benches")

    def bare(self, spans: int) -> None:
        tracer = self.tracer
        for _ in range(spans):
            with tracer.start_as_current_span("step"):
                pass

    def annotated(self, spans: int) -> None:
        tracer, note = self.tracer, ANNOTATION
        metadata, metrics, tags = note["metadata"], note["metrics"], note["tags"]
        for _ in range(spans):
            with tracer.start_as_current_span("chat gpt-4o") as span:
                span.set_attributes(
                    {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.request.model": "gpt-4o",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.input.messages": messages(note["input"]),
                        "gen_ai.output.messages": messages(note["output"]),
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
                )

    def deliver(self, spans: int) -> None:
        if not self.provider.force_flush(20_000):
            raise RuntimeError("OpenTelemetry could not deliver in time")


def messages(given: list[dict[str, str]]) -> str:
    """Messages as the conventions ask for them: JSON text, each with a list of parts."""
    return json.dumps(
        [
            {"role": one["role"], "parts": [{"type": "text", "content": one["content"]}]}
            for one in given
        ]
    )


CONTENDERS: dict[str, type[Contender]] = {
    "witspan": Witspan,
    "opentelemetry": OpenTelemetry,
    "ddtrace": Ddtrace,
}


def measure(
    make: Callable[[int], None], deliver: Callable[[int], None], spans: int, bursts: int
) -> dict[str, list[float]]:
    """µs a span of each burst, and the process's CPU time a span with delivery included."""
    wall: list[float] = []
    cpu: list[float] = []
    for at in range(UNTIMED + bursts):
        worked = time.process_time()
        began = time.perf_counter()
        make(spans)
        took = time.perf_counter() - began
        deliver(spans)
        worked = time.process_time() - worked
        if at >= UNTIMED:
            wall.append(took / spans * 1e6)
            cpu.append(worked / spans * 1e6)
    return {"us": wall, "cpu_us": cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description="One contender, one process.")
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("--bursts", type=int, default=12)
    parser.add_argument("--spans", type=int, default=500)
    options = parser.parse_args()
    contender = CONTENDERS[options.name]()
    for case in ("bare", "annotated"):
        make = getattr(contender, case)
        found = measure(make, contender.deliver, options.spans, options.bursts)
        made = options.spans * (options.bursts + UNTIMED)
        line = {"contender": options.name, "case": case, "spans": made, **found}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
