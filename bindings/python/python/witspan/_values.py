"""What becomes of objects that JSON has no form for.

The native walker calls `plain` for anything that is not a str, int, float, bool, None, dict,
list or tuple, and walks what comes back. It raises no `Exception` and never changes the object.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence, Set
from enum import Enum
from itertools import islice
from numbers import Integral, Real
from typing import Any

# More elements of a collection are counted, but not looked at: it may make them as it goes.
_MOST_ELEMENTS = 10_000


def plain(value: Any) -> Any:
    """The value as str, number, dict or list; what cannot be read is a text that says so."""
    try:
        return _plain(value)
    except Exception:
        return f"[unserializable: {type(value).__name__}]"


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, (str, int, float)) else value.name
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    # The numbers of other libraries, too, such as numpy's.
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, Mapping):
        kept: dict[Any, Any] = dict(islice(value.items(), _MOST_ELEMENTS))
        if len(value) > len(kept):
            kept["[cut]"] = _cut(len(value) - len(kept))
        return kept
    if isinstance(value, Set):
        return _first(_in_order(value), len(value))
    if isinstance(value, Sequence):
        return _first(value, len(value))
    if isinstance(value, type):
        return value.__name__
    if dataclasses.is_dataclass(value):
        # Not `asdict`, which copies deeply: the walker goes on from here.
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    # Pydantic's. Asked of the class: a mock would make one up, and remember that it was called.
    if callable(getattr(type(value), "model_dump", None)):
        return value.model_dump()
    return str(value)


def _in_order(elements: Set[Any]) -> list[Any]:
    # A set's own order changes from run to run.
    try:
        return sorted(elements)
    except TypeError:
        return sorted(elements, key=repr)


def _first(elements: Iterable[Any], count: int) -> list[Any]:
    kept = list(islice(elements, _MOST_ELEMENTS))
    if count > len(kept):
        kept.append(_cut(count - len(kept)))
    return kept


def _cut(count: int) -> str:
    return f"[{count} more]"
