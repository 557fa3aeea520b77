"""Headers of requests, in the forms that applications have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping

from . import _log
from ._errors import LLMObsArgumentError
from ._noop import NoopSpan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    #: A dict or another mapping, or pairs, as ASGI has them.
    Headers = Union[Mapping[Any, Any], Iterable[tuple[Any, Any]]]


def pairs(
    headers: Any, name: str = "request_headers", accepted: str = "a mapping, or a list of pairs"
) -> list[tuple[str, str]]:
    """The headers as pairs of text; one that is not text is left out."""
    if isinstance(headers, Mapping) or callable(getattr(headers, "items", None)):
        items = headers.items()
    elif isinstance(headers, (list, tuple)):
        items = headers
    else:
        raise _wrong(headers, accepted, name)
    found = []
    for item in items:
        if not isinstance(item, (list, tuple)) or len(item) != 2:
            raise _wrong(item, accepted, name)
        key, value = _text(item[0]), _text(item[1])
        if key is not None and value is not None:
            found.append((key, value))
    return found


def of_parent(parent: Any) -> list[tuple[str, str]] | None:
    """The headers that were given as the parent of a span; None for a span of no tracing.

    What `export_span` returns is rejected: its two ids say neither the app nor the session nor
    whether the trace is sampled, and a span that starts there would differ from its siblings.
    """
    if isinstance(parent, NoopSpan):
        return None
    accepted = "a span that LLMObs started, the headers of a request, or None"
    try:
        if isinstance(parent, Mapping) and set(parent) == {"span_id", "trace_id"}:
            raise LLMObsArgumentError(
                f"`parent` is what `export_span` returns; accepted: {accepted}. "
                "`inject_distributed_headers({}, span)` returns such headers"
            )
        return pairs(parent, "parent", accepted)
    except LLMObsArgumentError:
        raise
    except Exception as error:
        _log.warning("no trace is continued: the code of the headers failed with %r", error)
        return []


def put(headers: MutableMapping[str, str], more: list[tuple[str, str]]) -> None:
    """Sets headers, each in the place of one whose name differs in case only."""
    names = {name.lower(): name for name in headers if isinstance(name, str)}
    for name, value in more:
        headers[names.get(name, name)] = value


def mutable(headers: Any) -> MutableMapping[str, str]:
    """The headers, which must be a mapping that can be written to."""
    if not isinstance(headers, MutableMapping):
        raise _wrong(headers, "a dict, or another mapping that can be changed")
    return headers


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, str):
        # A lone surrogate is in no header.
        return value.encode("utf-8", "replace").decode("utf-8")
    return None


def _wrong(value: Any, accepted: str, argument: str = "request_headers") -> LLMObsArgumentError:
    got = type(value).__name__
    return LLMObsArgumentError(f"`{argument}` is of type {got}; accepted: {accepted}")
