"""The span that is handed out while tracing is off: every call does nothing."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from ._native import Span


class NoopSpan:
    """Has what `Span` has, and keeps nothing."""

    __slots__ = ()

    span_id = 0
    trace_id = 0
    parent_id = None
    kind = ""
    name = ""
    finished = False
    _has_output = False

    @property
    def error(self) -> int:
        """0; setting it does nothing."""
        return 0

    @error.setter
    def error(self, failed: int) -> None:
        pass

    def finish(self, finish_time: float | None = None) -> None:
        """Does nothing."""

    def set_exc_info(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Does nothing."""

    def set_tag(self, key: str, value: Any = None) -> None:
        """Does nothing."""

    def set_tags(self, tags: dict[str, Any]) -> None:
        """Does nothing."""

    def set_metric(self, key: str, value: float) -> None:
        """Does nothing."""

    def set_metrics(self, metrics: dict[str, float]) -> None:
        """Does nothing."""

    def get_tag(self, key: str) -> str | None:
        """None."""
        return None

    def get_tags(self) -> dict[str, str]:
        """Nothing."""
        return {}

    def get_metric(self, key: str) -> float | None:
        """None."""
        return None

    def get_metrics(self) -> dict[str, float]:
        """Nothing."""
        return {}

    async def __aenter__(self) -> NoopSpan:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Does nothing."""

    def __enter__(self) -> NoopSpan:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Does nothing."""


#: There is only one. To a type checker it is a `Span`, so that nobody has to tell them apart.
NOOP_SPAN: Span = NoopSpan()  # type: ignore[assignment] # pyright: ignore[reportAssignmentType]
