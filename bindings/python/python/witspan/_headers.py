"""Headers of requests, in the forms that applications have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping

from ._errors import LLMObsArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    #: A dict or another mapping, or pairs, as ASGI has them.
    Headers = Union[Mapping[Any, Any], Iterable[tuple[Any, Any]]]


def pairs(headers: Any) -> list[tuple[str, str]]:
    """The headers as pairs of text; what is no text is no header."""
    if isinstance(headers, Mapping) or callable(getattr(headers, "items", None)):
        items = headers.items()
    elif isinstance(headers, (list, tuple)):
        items = headers
    else:
        raise _wrong(headers, "a mapping, or a list of pairs")
    found = []
    for item in items:
        if not isinstance(item, (list, tuple)) or len(item) != 2:
            raise _wrong(item, "a mapping, or a list of pairs")
        name, value = _text(item[0]), _text(item[1])
        if name is not None and value is not None:
            found.append((name, value))
    return found


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


def _wrong(value: Any, accepted: str) -> LLMObsArgumentError:
    got = type(value).__name__
    return LLMObsArgumentError(f"`request_headers` is of type {got}; accepted: {accepted}")
