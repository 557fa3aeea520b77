"""The span that is handed out while tracing is off: every call does nothing."""

from types import TracebackType
from typing import TYPE_CHECKING, Optional, cast

if TYPE_CHECKING:
    from ._native import Span


class NoopSpan:
    """Has what `Span` has, and keeps nothing."""

    __slots__ = ()

    span_id = ""
    trace_id = ""
    kind = ""
    _has_output = False

    def finish(self, finish_time: Optional[float] = None) -> None:
        """Does nothing."""

    def set_exc_info(
        self,
        exc_type: Optional[type[BaseException]],
        exc_val: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        """Does nothing."""

    def __enter__(self) -> "NoopSpan":
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc_val: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        """Does nothing."""


#: There is only one. To a type checker it is a `Span`, so that nobody has to tell them apart.
NOOP_SPAN = cast("Span", NoopSpan())
