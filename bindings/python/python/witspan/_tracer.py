"""What programs find as `ddtrace.tracer` under `--as-ddtrace`: its traces are not made here.

LLM Observability needs none of them. So spans of `tracer.trace` do nothing, and what is about the
current span or about delivery is answered by `LLMObs`.
"""

from __future__ import annotations

import time
from typing import Any, Callable, TypeVar

from ._attributes import Context
from ._llmobs import LLMObs
from ._noop import NoopSpan

F = TypeVar("F", bound=Callable[..., Any])


class ApmSpan(NoopSpan):
    """A span of `tracer.trace`: takes everything, keeps what is set on it, is sent nowhere."""

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__["_context" if name == "context" else name] = value

    def __init__(
        self, name: str, service: str | None, resource: str | None, span_type: str | None
    ) -> None:
        self.name = name
        self.service = service
        self.resource = resource or name
        self.span_type = span_type
        self.start_ns = time.time_ns()

    @property
    def context(self) -> Context:
        """A place in no trace."""
        context: Context = self.__dict__.setdefault("_context", Context(self))
        return context

    def finish(self, finish_time: float | None = None) -> None:
        """Notes when it ended."""
        if not self.finished:
            end = time.time_ns() if finish_time is None else int(finish_time * 1e9)
            self.finished, self.duration_ns = True, end - self.start_ns

    def __exit__(self, *_: object) -> None:
        self.finish()

    def __enter__(self) -> ApmSpan:
        return self


class ContextProvider:
    """Where ddtrace keeps what is current."""

    def active(self) -> Any:
        """The current span of `LLMObs`, or None."""
        return _current()

    def activate(self, ctx: Any) -> Any:
        """Makes a span of `LLMObs` current, or with None nothing; others are left as they are."""
        if LLMObs._tracer is not None:
            from ._native import Span

            span = ctx.span if isinstance(ctx, Context) else ctx
            if span is None:
                Span._restore(None)
            elif isinstance(span, Span):
                span._activate()
        return ctx


def _current() -> Any:
    if LLMObs._tracer is None:
        return None
    from ._native import Span

    return Span._current()


class Tracer:
    """What programs that use LLM Observability ask a `ddtrace.tracer` for."""

    SHUTDOWN_TIMEOUT = 5

    def __init__(self) -> None:
        self.context_provider = ContextProvider()
        self.enabled = False

    def trace(
        self,
        name: str,
        service: str | None = None,
        resource: str | None = None,
        span_type: str | None = None,
    ) -> ApmSpan:
        """A span that does nothing."""
        return ApmSpan(name, service, resource, span_type)

    def start_span(
        self,
        name: str,
        child_of: Any = None,
        service: str | None = None,
        resource: str | None = None,
        span_type: str | None = None,
        activate: bool = False,
        span_api: str = "datadog",
    ) -> ApmSpan:
        """A span that does nothing."""
        return ApmSpan(name, service, resource, span_type)

    def wrap(
        self,
        name: str | None = None,
        service: str | None = None,
        resource: str | None = None,
        span_type: str | None = None,
    ) -> Callable[[F], F]:
        """Gives the function back as it is."""
        return lambda func: func

    def current_span(self) -> Any:
        """The current span of `LLMObs`, or None."""
        return _current()

    def current_root_span(self) -> Any:
        """The current span of `LLMObs`, or None: only the core knows the one above all."""
        return _current()

    def current_trace_context(self, *_: Any, **__: Any) -> None:
        """None: there is no trace of this kind."""

    def get_log_correlation_context(self, active: Any = None) -> dict[str, str]:
        """The ids of the current span of `LLMObs`, as text; "0" where there is none."""
        ids = LLMObs.export_span() if _current() is not None else None
        ids = ids or {"span_id": "0", "trace_id": "0"}
        return {**ids, "service": "", "version": "", "env": ""}

    def configure(self, *_: Any, **__: Any) -> None:
        """Does nothing: the environment and `LLMObs.enable` say what is to be said."""

    def set_tags(self, tags: dict[str, str]) -> None:
        """Does nothing: `DD_TAGS` sets tags of all spans."""

    def flush(self, timeout_seconds: float | None = None) -> None:
        """Sends what has finished, as `LLMObs.flush` does."""
        LLMObs.flush(timeout_seconds)

    def shutdown(self, timeout: float | None = None) -> None:
        """Sends what has finished, as `LLMObs.flush` does."""
        LLMObs.flush(timeout)


#: The one there is.
TRACER = Tracer()
