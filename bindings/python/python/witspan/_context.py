"""Annotation contexts: what is said of every span that starts inside."""

from types import TracebackType
from typing import Any, Optional

from ._lifecycle import Lifecycle


class AnnotationContext:
    """A context manager, of `with` and of `async with`. It may be entered more than once."""

    __slots__ = ("_entered", "_owner", "_parts")

    def __init__(self, owner: type[Lifecycle], parts: dict[str, Any]) -> None:
        self._owner = owner
        self._parts = parts
        # The texts that were entered and not left yet; None where tracing was off.
        self._entered: list[Optional[str]] = []

    def __enter__(self) -> None:
        tracer = self._owner._tracer
        text = None if tracer is None else tracer.context(**self._parts)
        if text is not None:
            from ._native import enter_context

            enter_context(text)
        self._entered.append(text)

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc_val: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        text = self._entered.pop()
        if text is not None:
            from ._native import leave_context

            leave_context(text)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc_val: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        self.__exit__(exc_type, exc_val, exc_tb)
