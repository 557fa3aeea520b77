"""What witspan has to say, in the logger `witspan`, and the only way to a terminal.

`logging` takes longer to import than all of this package. A program that never imported it has no
handlers, and would see the bare text of warnings on stderr, which needs no import.

What is said may quote others: variables, names, errors. Each sentence is escaped here, whole, so
that it stays one line and steers no terminal; ruff forbids every other way out (`ruff.toml`).
"""

from __future__ import annotations

import _thread
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = "witspan"
# Of `logging`, which may not be there.
_DEBUG = 10
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What `witspan_text::steers` has, for text that comes when the native module cannot be loaded; and
# halves of characters, which many files cannot hold.
_STEERS = (
    *((0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200F)),
    *((0x2028, 0x202E), (0x2060, 0x206F), (0xD800, 0xDFFF), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB)),
    *((0x1D173, 0x1D17A), (0xE0000, 0xE007F)),
)


# Held while a line is written, and over a fork. A child has its parent's streams, and the lock of
# one that another thread was writing to is never released there.
_writing = _thread.RLock()
# Seconds. The reader of a log may be stuck, and a handler of the application may wait for another
# thread that has a line of ours: neither may hold up a fork, or a line, for longer.
_PATIENCE = 1.0


class _Line:
    """While it is entered, no other thread forks or writes a line of ours."""

    def __enter__(self) -> None:
        self._lock = _writing
        self._held = self._lock.acquire(timeout=_PATIENCE)

    def __exit__(self, *_: object) -> None:
        if self._held:
            self._lock.release()


def before_fork() -> None:
    """Waits until no thread is in the midst of a line of ours."""
    _writing.acquire(timeout=_PATIENCE)


def after_fork_in_parent() -> None:
    """Lets the others go on."""
    try:
        _writing.release()
    except RuntimeError:
        # The patience had ended.
        pass


def after_fork_in_child() -> None:
    """Begins with a lock that nobody holds."""
    global _writing
    _writing = _thread.RLock()


def shown(text: str) -> str:
    """A text in one line, with every character that steers written as JSON escapes it."""
    # None of these can be printed; most texts end here.
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(letter: str) -> str:
    code = ord(letter)
    if letter.isprintable() or not any(first <= code <= last for first, last in _STEERS):
        return letter
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return _SHORT.get(letter) or f"\\u{code:04x}"


def say(text: str, error: bool = True) -> None:
    """Prints lines of ours, each as `shown` shows it, on stderr or on stdout. Never raises."""
    stream = sys.stderr if error else sys.stdout
    try:
        with _Line():
            stream.write("".join(f"{shown(line)}\n" for line in text.split("\n")))
            stream.flush()
    except (AttributeError, OSError, ValueError):
        # There is none, or it is closed.
        pass


def warning(text: str, *arguments: object) -> None:
    """Logs a text with its `%` arguments as a warning. Never raises."""
    line = shown(text % arguments if arguments else text)
    logger = _logger()
    if logger is not None:
        with _Line():
            logger.warning(line, stacklevel=2)
    else:
        say(line)


def debug(text: str, *arguments: object, exc_info: bool = False) -> None:
    """Logs a text for those who look for the cause of something; others never see it."""
    logger = _logger()
    if logger is None or not logger.isEnabledFor(_DEBUG):
        return
    line = shown(text % arguments if arguments else text)
    if exc_info:
        import traceback

        # An error's text may have lines. Behind a margin none of them looks like one of the log.
        line += "".join(f"\n    | {shown(each)}" for each in traceback.format_exc().splitlines())
    with _Line():
        logger.debug(line, stacklevel=2)


def _logger() -> Any:
    """The logger, if the program has loggers; one that imports them right now may not yet."""
    get = getattr(sys.modules.get("logging"), "getLogger", None)
    return None if get is None else get(_NAME)
