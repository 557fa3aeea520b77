"""The C library as Python calls it, by what its header declares. `just c` builds it.

Nothing here knows a function: a declaration that ctypes cannot take, and one that the library has
not, fail when this is loaded.
"""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "target" / "c"
DECLARATIONS = (BUILT / "witspan.cdef").read_text("utf-8")

_PLAIN = re.sub(r"/\*.*?\*/", " ", DECLARATIONS, flags=re.DOTALL)
_NUMBERS = {
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
}

#: Every constant of the header.
CONSTANTS = {name: int(number) for name, number in re.findall(r"(WITSPAN_\w+) = (\d+)", _PLAIN)}

LISTENER = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p, ctypes.c_char_p)
PROCESSOR = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
)
_CALLBACKS = {"witspan_listener": LISTENER, "witspan_processor": PROCESSOR}


class Option(ctypes.Structure):
    _fields_ = [
        ("option", ctypes.c_uint64),
        ("text", ctypes.c_char_p),
        ("number", ctypes.c_uint64),
    ]


def _type(declared: str) -> Any:
    """The type of a parameter or a result."""
    words = declared.replace("const ", "").split()
    stars = sum(word.count("*") for word in words)
    name = words[0].rstrip("*")
    if name in _CALLBACKS:
        return _CALLBACKS[name]
    if name == "void" and not stars:
        return None
    if name == "char":
        return ctypes.c_char_p
    return ctypes.c_void_p if stars else _NUMBERS[name]


def functions() -> dict[str, tuple[Any, list[Any]]]:
    """The result and the parameters of every function that the header declares."""
    found = {}
    form = re.compile(r"^(?!typedef)([\w ]+?[ *]+)(witspan_\w+)\(([^)]*)\);", re.MULTILINE)
    for result, name, parameters in form.findall(_PLAIN):
        given = [] if parameters.strip() == "void" else parameters.split(",")
        found[name] = (_type(result), [_type(parameter) for parameter in given])
    return found


def load(path: Path = BUILT / "libwitspan.so") -> Any:
    library = ctypes.CDLL(str(path))
    for name, (result, parameters) in functions().items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, parameters
    return library


LIB = load()


def taken(text: int | None) -> str | None:
    """The text of a `witspan_text`, which is freed; None for NULL."""
    if not text:
        return None
    try:
        length = LIB.witspan_text_length(text)
        data = ctypes.string_at(LIB.witspan_text_data(text))
        assert len(data) == length, "a text has no NUL but the one behind it"
        return data.decode("utf-8")
    finally:
        LIB.witspan_text_free(text)


def given(text: str | bytes) -> tuple[bytes, int]:
    """A text as functions take it."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return data, len(data)


def out() -> Any:
    """A place for a text."""
    return ctypes.c_void_p()


def option(name: str, value: str | int) -> Option:
    number = CONSTANTS[f"WITSPAN_{name.upper()}"]
    if isinstance(value, int):
        return Option(number, None, value)
    data, length = given(value)
    return Option(number, data, length)


class Refused(Exception):
    """A call that did not return `WITSPAN_OK`."""

    def __init__(self, code: int, message: str | None) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


def call(function: Any, *arguments: Any) -> None:
    """Makes a call whose last parameter is the message."""
    message = out()
    code = function(*arguments, ctypes.byref(message))
    text = taken(message.value)
    if code:
        raise Refused(code, text)
    assert text is None, "a message without an error"


def asked(function: Any, *arguments: Any) -> str:
    """The text of a call that stores it in its last parameter, and has no message."""
    place = out()
    code = function(*arguments, ctypes.byref(place))
    text = taken(place.value)
    if code:
        assert text is None, "a text with an error"
        raise Refused(code, None)
    assert text is not None
    return text
