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
    error = 0
    finished = False
    start_ns: int = 0
    duration_ns: int | None = None
    resource = ""
    service: str | None = None
    span_type: str | None = "llm"
    _has_output = False

    def __setattr__(self, name: str, value: object) -> None:
        """Does nothing."""

    @property
    def start(self) -> float:
        """The start, in seconds since the epoch."""
        return self.start_ns / 1e9

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None while it is open."""
        return None if self.duration_ns is None else self.duration_ns / 1e9

    @property
    def context(self) -> Any:
        """A place in no trace."""
        from ._attributes import Context

        return Context(self)

    def finish(self, finish_time: float | None = None) -> None:
        """Does nothing."""

    def set_exc_info(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
        limit: int | None = None,
    ) -> None:
        """Does nothing."""

    def set_traceback(self, limit: int | None = None) -> None:
        """Does nothing."""

    def record_exception(self, exception: BaseException, attributes: object = None) -> None:
        """Does nothing."""

    def link_span(self, *_: object, **__: object) -> None:
        """Does nothing."""

    set_link = link_span

    def remove_tag(self, key: str) -> None:
        """Does nothing."""

    def remove_metric(self, key: str) -> None:
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
