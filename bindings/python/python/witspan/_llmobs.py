"""`LLMObs`: names, argument order and defaults of ddtrace's, on the native tracer."""

from __future__ import annotations

from . import _log
from ._context import NOTHING, AnnotationContext
from ._errors import LLMObsArgumentError
from ._headers import mutable, pairs, put
from ._noop import NOOP_SPAN, NoopSpan
from ._offered import mark_missing
from ._starters import Starters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence
    from typing import Any, Callable, TypeVar

    from ._headers import Headers
    from ._native import Span

    F = TypeVar("F", bound=Callable[..., Any])

# ddtrace's default. A text of its own, not the one that a program would write: where nothing is
# said of the scope, that of an evaluation with a `session_id` is its session.
_SPAN_SCOPE = bytes.decode(b"span")


class LLMObs(Starters):
    """Tracing of LLM applications. All methods are of the class; there is one tracer a process.

    Before `enable()`, after `disable()`, and with `DD_LLMOBS_ENABLED=0`, every call does nothing.
    """

    # Not of the class: while tracing is off, making a bound method would cost as much as the call.
    @staticmethod
    def annotate(
        span: Span | None = None,
        prompt: Mapping[str, Any] | None = None,
        input_data: Any = None,
        output_data: Any = None,
        metadata: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        tags: Mapping[str, Any] | None = None,
        tool_definitions: Sequence[Mapping[str, Any]] | None = None,
        cost_tags: Sequence[str] | None = None,
        agent: Mapping[str, Any] | None = None,
        *,
        links: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        """Adds to a span, by default the current one.

        Input, output and tool definitions are replaced by each call; metadata, metrics, tags,
        prompt and agent are merged by key; cost tags (keys of tags that the span has) and links
        (`{"trace_id", "span_id", "attributes"}`) are added. What input and output may be depends
        on the kind: messages for llm, documents for the input of embedding and the output of
        retrieval, any value otherwise.

        Raises `LLMObsArgumentError` for a wrong argument; then nothing of the call is kept.
        Without a span, or after it has finished, the annotation is counted in
        `annotations_rejected` and logged once.
        """
        tracer = LLMObs._tracer
        if tracer is not None and span is not NOOP_SPAN:
            tracer.annotate(
                *(span, input_data, output_data, metadata, metrics, tags),
                *(prompt, tool_definitions, cost_tags, agent, links),
            )

    @classmethod
    def annotation_context(
        cls,
        tags: Mapping[str, Any] | None = None,
        prompt: Mapping[str, Any] | None = None,
        name: str | None = None,
        cost_tags: Sequence[str] | None = None,
        agent: Mapping[str, Any] | None = None,
    ) -> AnnotationContext:
        """Says something of every span that starts inside, in this task or thread.

        For `with` and `async with`. `name` is the spans' name; the others are as for `annotate`,
        each kept by the spans it applies to. Contexts inside each other merge; what a span is
        annotated with itself wins.

        Raises `LLMObsArgumentError` where it is entered for a wrong argument.
        """
        if cls._turned_off and cls._tracer is None:
            return NOTHING
        return AnnotationContext(cls, (tags, prompt, name, cost_tags, agent))

    @classmethod
    def export_span(cls, span: Span | None = None) -> dict[str, str] | None:
        """`{"span_id", "trace_id"}` of a span as they are sent, by default of the current one.

        Before and after it has finished; None if there is no span or tracing is off.
        """
        tracer = cls._tracer
        if tracer is None or span is NOOP_SPAN:
            return None
        return tracer.export_span(span)

    @classmethod
    def submit_evaluation(
        cls,
        label: str,
        metric_type: str,
        value: Any = None,
        span: Mapping[str, Any] | None = None,
        span_with_tag_value: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        ml_app: str | None = None,
        timestamp_ms: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        assessment: str | None = None,
        reasoning: str | None = None,
        eval_scope: str = _SPAN_SCOPE,
        agent_service: str | None = None,
        *,
        session_id: str | None = None,
        status: str | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Submits a judgement about a span, a trace or a session.

        `metric_type` is `categorical`, `score`, `boolean` or `json`, and `value` text, a number, a
        bool or a dict. It judges exactly one of `span` (what `export_span` gives),
        `span_with_tag_value` (`{"tag_key", "tag_value"}`) and `session_id`. `eval_scope` is `span`
        (the default), `trace`, or `session`, as it is with a `session_id`; `assessment` is `pass`
        or `fail`. `status` is `OK`, `WARN` or `ERROR`, the latter with `error`, and without a
        value.

        Raises `LLMObsArgumentError` for a wrong argument, and counts it.
        """
        tracer = cls._tracer
        if tracer is None:
            return
        members = {
            "label": label,
            "metric_type": metric_type,
            "value": value,
            "span": span,
            "span_with_tag_value": span_with_tag_value,
            "session_id": session_id,
            "tags": tags,
            "ml_app": ml_app,
            "agent_service": agent_service,
            "timestamp_ms": timestamp_ms,
            "metadata": metadata,
            "assessment": assessment,
            "reasoning": reasoning,
            "eval_scope": None if eval_scope is _SPAN_SCOPE else eval_scope,
            "status": status,
            "error": error,
        }
        tracer.submit(members, False)

    @classmethod
    def submit_feedback(
        cls,
        label: str,
        metric_type: str,
        value: Any,
        submitter: Mapping[str, Any],
        span: Mapping[str, Any] | None = None,
        span_id: str | None = None,
        trace_id: str | None = None,
        session_id: str | None = None,
        feedback_join_key: str | None = None,
        tags: Mapping[str, Any] | None = None,
        ml_app: str | None = None,
        timestamp_ms: int | None = None,
        assessment: str | None = None,
        reasoning: str | None = None,
        agent_service: str | None = None,
    ) -> None:
        """Submits what a user or agent says of what they got.

        As `submit_evaluation`, but `metric_type` may also be `text`, `submitter` is
        `{"id", "type"}` with a type such as `user` or `agent`, and it is about exactly one of
        `span`, `span_id`, `trace_id`, `session_id` and `feedback_join_key`.

        Raises `LLMObsArgumentError` for a wrong argument, and counts it.
        """
        tracer = cls._tracer
        if tracer is None:
            return
        members = {
            "label": label,
            "metric_type": metric_type,
            "value": value,
            "submitter": submitter,
            "span": span,
            "span_id": span_id,
            "trace_id": trace_id,
            "session_id": session_id,
            "feedback_join_key": feedback_join_key,
            "tags": tags,
            "ml_app": ml_app,
            "agent_service": agent_service,
            "timestamp_ms": timestamp_ms,
            "assessment": assessment,
            "reasoning": reasoning,
        }
        tracer.submit(members, True)

    @classmethod
    def propagate(cls, func: F) -> F:
        """Gives a function that does what `func` does, where this is called, in any thread.

        In it, what is current here is current: the span, or the place of another service, and the
        annotation contexts around. For what runs in a thread, an executor or a callback:

            executor.submit(LLMObs.propagate(work), 1)
            threading.Thread(target=LLMObs.propagate(work)).start()

        It may run any number of times, also at once. Of a coroutine function or a generator only
        the call is made that way, not what follows: asyncio's tasks take what is current along by
        themselves, and `LLMObs.propagate(asyncio.run)` takes it into another thread.

        The same function if nothing is current, or while tracing is off. Raises
        `LLMObsArgumentError` for what cannot be called.
        """
        if cls._tracer is None:
            return func
        from ._threads import propagate

        given: F = propagate(func)
        return given

    @classmethod
    def inject_distributed_headers(
        cls, request_headers: MutableMapping[str, str], span: Span | None = None
    ) -> MutableMapping[str, str]:
        """Sets the headers with which the receiver of a request continues the trace.

        That of the span, by default of the current one; without one, nothing is set. Gives the
        same `request_headers`. The ids that another tracer has put there stay. A span that is not
        LLM Observability's, of `tracer.trace`, stands for the current one.

        Raises `LLMObsArgumentError` for what is no mapping, or no span.
        """
        tracer = cls._tracer
        if tracer is not None and span is not NOOP_SPAN:
            own = None if isinstance(span, NoopSpan) else span
            headers = mutable(request_headers)
            try:
                put(headers, tracer.inject(pairs(headers), own))
            except LLMObsArgumentError:
                raise
            except Exception as error:
                _log.warning("no headers were set: the code of the headers failed with %r", error)
        return request_headers

    @classmethod
    def activate_distributed_headers(cls, request_headers: Headers) -> None:
        """Has spans that start in this context continue the trace that a request's headers name.

        `request_headers` is a mapping or a list of pairs, of text or bytes. If they name no trace,
        spans begin traces of their own; what a former call said in this context is over then. Call
        it for every request.

        Raises `LLMObsArgumentError` for what are no headers.
        """
        tracer = cls._tracer
        if tracer is None:
            return
        try:
            given = pairs(request_headers)
        except LLMObsArgumentError:
            raise
        except Exception as error:
            _log.warning("no trace is continued: the code of the headers failed with %r", error)
            given = []
        try:
            tracer.activate(given)
        except LLMObsArgumentError as error:
            # Another service's doing, not the programmer's.
            _log.debug("no trace is continued: %s", error)


mark_missing(LLMObs)
