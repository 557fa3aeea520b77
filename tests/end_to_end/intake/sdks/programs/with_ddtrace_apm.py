"""A program on ddtrace without LLM Observability: two APM traces, each sent on its own."""

from ddtrace.trace import tracer

for _ in range(2):
    with tracer.trace("web.request"):
        pass
    tracer.flush()
