"""The program of these tests on OpenTelemetry's SDK, with the attributes for generative AI."""

import json

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(resource=Resource.create({"service.name": "sdk-app"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = trace.get_tracer("program", tracer_provider=provider)


def started(name: str, **attributes: object) -> object:
    named = {key.replace("__", "."): value for key, value in attributes.items()}
    return tracer.start_as_current_span(name, attributes=named)


with started(
    "helper", gen_ai__operation__name="invoke_agent", gen_ai__conversation__id="s-1"
) as root:
    root.set_attribute("input.value", "Weather?")
    root.set_attribute("output.value", "Rain.")
    with started(
        "ask",
        gen_ai__operation__name="chat",
        gen_ai__provider__name="openai",
        gen_ai__request__model="gpt-4o",
        gen_ai__request__temperature=0.5,
        gen_ai__usage__input_tokens=9,
        gen_ai__usage__output_tokens=4,
        gen_ai__conversation__id="s-1",
        team="a",
        gen_ai__system_instructions=json.dumps([{"type": "text", "content": "Be brief."}]),
        gen_ai__input__messages=json.dumps(
            [{"role": "user", "parts": [{"type": "text", "content": "Weather in Paris? ☂"}]}]
        ),
        gen_ai__output__messages=json.dumps(
            [
                {
                    "role": "assistant",
                    "parts": [
                        {
                            "type": "tool_call",
                            "id": "call_1",
                            "name": "weather",
                            "arguments": {"city": "Paris"},
                        }
                    ],
                    "finish_reason": "tool_calls",
                }
            ]
        ),
    ):
        pass
    with started(
        "weather",
        gen_ai__operation__name="execute_tool",
        gen_ai__tool__name="weather",
        gen_ai__tool__call__arguments=json.dumps({"city": "Paris"}),
        gen_ai__tool__call__result="rain",
    ):
        pass
    with started(
        "search",
        openinference__span__kind="RETRIEVER",
        input__value="umbrella",
        retrieval__documents__0__document__content="An umbrella helps.",
        retrieval__documents__0__document__score=0.75,
        retrieval__documents__0__document__id="d1",
    ):
        pass
    with started(
        "embed",
        gen_ai__operation__name="embeddings",
        gen_ai__provider__name="openai",
        gen_ai__request__model="embed-1",
    ):
        pass
    try:
        with started("broken", traceloop__span__kind="task"):
            raise ValueError("no umbrella")
    except ValueError:
        pass
provider.shutdown()
