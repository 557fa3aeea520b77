"""What spans have because ddtrace's have it: asked for by programs, not needed to send a span.

The native span asks here for whatever it has not itself, and hands over what is set on it.
"""

from __future__ import annotations

import functools
import sys

from . import _log
from ._llmobs import LLMObs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ._native import Span

#: What may be set, as in ddtrace. It can be asked for again, and is not sent.
_SETTABLE = frozenset(
    (
        *("name", "resource", "service", "span_type", "start_ns", "start", "duration_ns"),
        *("duration", "context"),
    )
)
#: What was said already.
_said: dict[str, bool] = {}


class Context:
    """The place of a span in its trace, as `span.context` has it."""

    def __init__(self, span: Any) -> None:
        self.span = span
        self.trace_id: int = span.trace_id
        self.span_id: int = span.span_id
        self.sampling_priority: float | None = 1
        self.dd_origin: str | None = None
        self._baggage: dict[str, Any] = {}

    def set_baggage_item(self, key: str, value: Any) -> None:
        """Keeps an item with this object; it goes nowhere."""
        self._baggage[key] = value

    def get_baggage_item(self, key: str) -> Any:
        """An item that was set, or None."""
        return self._baggage.get(key)

    def get_all_baggage_items(self) -> dict[str, Any]:
        """All that were set."""
        return dict(self._baggage)

    def remove_baggage_item(self, key: str) -> None:
        """Forgets an item."""
        self._baggage.pop(key, None)

    def remove_all_baggage_items(self) -> None:
        """Forgets all."""
        self._baggage.clear()


def get(span: Span, name: str) -> Any:
    """An attribute that the native span has not itself."""
    own = span._own
    if name in own:
        return own[name]
    read = _READ.get(name)
    if read is not None:
        return read(span)
    call = _CALLS.get(name)
    if call is not None:
        return functools.partial(call, span)
    if name.startswith("_"):
        # What Python and its tools probe for.
        raise AttributeError(f"'witspan.Span' object has no attribute {name!r}")
    raise AttributeError(
        f"`Span.{name}` is not offered: a span has the public attributes of ddtrace's, and `kind`"
    )


def set(span: Span, name: str, value: object) -> None:
    """Sets an attribute."""
    if name not in _SETTABLE:
        raise AttributeError(
            f"`Span.{name}` cannot be set; what a span says is set by `LLMObs.annotate`"
        )
    span._own[name] = value
    _not_sent(
        f"`{name}` was set on a span: it is not sent. A span's name and start are given when it "
        "starts, and its end when it finishes"
    )


def _not_sent(text: str) -> None:
    if text not in _said:
        _said[text] = True
        _log.warning("%s", text)


def _seconds(ns: int | None) -> float | None:
    return None if ns is None else ns / 1e9


def _service(_: Span) -> str | None:
    tracer = LLMObs._tracer
    return (LLMObs._settings.get("service") if tracer is None else tracer.service) or None


def _context(span: Span) -> Context:
    # The same each time: what is set on it stays.
    context: Context = span._own.setdefault("context", Context(span))
    return context


_READ: dict[str, Callable[[Any], Any]] = {
    "start_ns": lambda span: span._times()[0],
    "start": lambda span: span._times()[0] / 1e9,
    "duration_ns": lambda span: span._times()[1],
    "duration": lambda span: _seconds(span._times()[1]),
    "resource": lambda span: span.kind,
    "span_type": lambda _: "llm",
    "service": _service,
    "context": _context,
}


def _set_traceback(span: Span, limit: int | None = None) -> None:
    """Marks the span as failed by the exception that is being handled; without one, nothing."""
    error = sys.exc_info()
    if error[1] is not None:
        span.set_exc_info(*error, limit)


def _record_exception(span: Span, exception: BaseException, attributes: object = None) -> None:
    _not_sent("`record_exception` sends nothing: a span has one error, set it with `set_exc_info`")


def _no_link(span: Span, *_: object, **__: object) -> None:
    _not_sent("links of ddtrace's spans are not sent; `LLMObs.annotate(links=…)` sets links")


def _stays(span: Span, key: object) -> None:
    _not_sent("tags and metrics that were set on a span cannot be removed")


_CALLS: dict[str, Callable[..., None]] = {
    "set_traceback": _set_traceback,
    "record_exception": _record_exception,
    "link_span": _no_link,
    "set_link": _no_link,
    "remove_tag": _stays,
    "remove_metric": _stays,
}
