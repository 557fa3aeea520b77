"""A model that sees and hears, by OpenTelemetry: media in messages, and messages in events."""

import json

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(resource=Resource.create({"service.name": "sdk-app"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = trace.get_tracer("program", tracer_provider=provider)

ASKED = [
    {"type": "text", "content": "What is it?"},
    {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBO"},
    {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "UklG"},
    {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
    {"type": "file", "modality": "video", "mime_type": "video/mp4", "file_id": "file-1"},
]
SAID = [
    {"type": "reasoning", "content": "It is round."},
    {
        "type": "blob",
        "modality": "audio",
        "mime_type": "audio/mpeg",
        "content": "SUQz",
        "transcript": "A dot.",
    },
]

with tracer.start_as_current_span("look", attributes={"gen_ai.operation.name": "chat"}) as look:
    look.set_attribute("gen_ai.input.messages", json.dumps([{"role": "user", "parts": ASKED}]))
    look.set_attribute(
        "gen_ai.output.messages",
        json.dumps([{"role": "assistant", "parts": SAID, "finish_reason": "stop"}]),
    )
    with tracer.start_as_current_span(
        "listen", attributes={"gen_ai.operation.name": "chat"}
    ) as listen:
        listen.add_event("gen_ai.system.message", {"content": "Be brief."})
        listen.add_event("gen_ai.user.message", {"content": "And now?"})
        listen.add_event(
            "gen_ai.choice",
            {"index": 0, "finish_reason": "stop", "message": json.dumps({"content": "Still."})},
        )
provider.shutdown()
