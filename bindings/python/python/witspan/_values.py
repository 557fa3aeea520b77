"""What becomes of objects that JSON has no form for.

The native walker calls `plain` for anything that is not a str, int, float, bool, None, dict,
list or tuple, and walks what comes back. It raises no `Exception` and never changes the object.

| object | becomes |
|---|---|
| member of an enumeration | its value, if that is text or a number, else its name |
| bytes, bytearray, memoryview | text, read as UTF-8 |
| date, time, datetime | ISO 8601 |
| timedelta | ISO 8601 in seconds, such as `PT90.5S` |
| Decimal, UUID, Path, complex | its text |
| Fraction, and numbers of other libraries | int or float |
| a scalar or an array of numpy | what it holds; beyond 10,000 elements its shape and type |
| mapping, sequence, deque, range | dict or list |
| set | list in order: sorted, or by `repr` where the elements do not compare |
| dataclass, pydantic model | dict of its fields |
| class | its name |
| anything else | `str(object)`; iterators are not consumed |
"""

import dataclasses
from array import array
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date, time, timedelta
from enum import Enum
from itertools import islice
from numbers import Integral, Real
from typing import Any

# More elements of a collection are counted, but not looked at: it may make them as it goes.
_MOST_ELEMENTS = 10_000
# Bytes that are read as text: more than are sent of a span.
_MOST_BYTES = 5_500_000


def plain(value: Any) -> Any:
    """The value as str, number, dict or list; what cannot be read is a text that says so."""
    try:
        return _plain(value)
    except Exception:
        return f"[unserializable: {type(value).__name__}]"


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, (str, int, float)) else value.name
    if isinstance(value, (bytes, bytearray)):
        return _decoded(value, len(value))
    if isinstance(value, memoryview):
        return _decoded(value.cast("B") if value.c_contiguous else value.tobytes(), value.nbytes)
    if isinstance(value, (date, time)):
        # A datetime is a date.
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration(value)
    if _of_numpy(value):
        return _plain_of_numpy(value)
    # The numbers of other libraries, too.
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
    if isinstance(value, (Sequence, array)):
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


def _decoded(value: Any, length: int) -> str:
    text = bytes(value[:_MOST_BYTES]).decode("utf-8", "replace")
    return text if length <= _MOST_BYTES else text + _cut(length - _MOST_BYTES)


def _duration(value: timedelta) -> str:
    """ISO 8601, in seconds: `PT90.5S`, `-PT1S`. Exact: a float would round."""
    microseconds = value // timedelta(microseconds=1)
    seconds, rest = divmod(abs(microseconds), 1_000_000)
    digits = f"{seconds}.{rest:06}".rstrip("0").rstrip(".")
    return f"{'-' if microseconds < 0 else ''}PT{digits}S"


def _of_numpy(value: Any) -> bool:
    return type(value).__module__.split(".")[0] == "numpy" and hasattr(value, "tolist")


def _plain_of_numpy(value: Any) -> Any:
    """An array as lists, a scalar as what it holds."""
    if value.dtype.kind in "mM":
        # Their own text is ISO 8601 to the last digit; a datetime has microseconds only.
        return str(value) if value.ndim == 0 else _few(value.astype(str))
    return value.tolist() if value.ndim == 0 else _few(value)


def _few(array: Any) -> Any:
    if array.size > _MOST_ELEMENTS:
        shape = "x".join(str(length) for length in array.shape)
        return f"[array of {shape} {array.dtype}]"
    return array.tolist()


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
