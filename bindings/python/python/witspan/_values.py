"""What becomes of objects that JSON has no form for.

The native walker calls `plain` for anything that is not a str, int, float, bool, None, dict,
list or tuple, and walks what comes back. It never raises and never changes the object.
"""

import dataclasses
from collections.abc import Mapping, Sequence, Set
from enum import Enum
from typing import Any

# More elements of a set, or of any other collection, are not looked at.
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
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        elements = list(value)[:_MOST_ELEMENTS]
        try:
            return sorted(elements)
        except TypeError:
            # In an order of its own otherwise, which changes from run to run.
            return sorted(elements, key=repr)
    if isinstance(value, Sequence):
        return list(value[:_MOST_ELEMENTS])
    if isinstance(value, type):
        return value.__name__
    if dataclasses.is_dataclass(value):
        # Not `asdict`, which copies deeply: the walker goes on from here.
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump()
    return str(value)
