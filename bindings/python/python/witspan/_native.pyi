"""Types of the compiled module."""

from types import TracebackType
from typing import Any, Callable, Optional, Type

from typing_extensions import Self

VERSION: str

class LLMObsError(ValueError):
    """Base class of everything that witspan raises."""

class LLMObsArgumentError(LLMObsError):
    """An argument is of a wrong type or value; the text names it and says what is accepted."""

class Span:
    """One span: a context manager, current from its start until it has finished."""

    @property
    def span_id(self) -> str: ...
    @property
    def trace_id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def _has_input(self) -> bool: ...
    @property
    def _has_output(self) -> bool: ...
    def finish(self, finish_time: Optional[float] = None) -> None: ...
    def set_exc_info(
        self,
        exc_type: Optional[Type[BaseException]],
        exc_val: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None: ...
    def _activate(self) -> Optional[Span]: ...
    @staticmethod
    def _current() -> Optional[Span]: ...
    @staticmethod
    def _restore(before: Optional[Span]) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc_val: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None: ...

class Tracer:
    def __init__(
        self,
        *,
        ml_app: Optional[str] = None,
        agentless: Optional[bool] = None,
        site: Optional[str] = None,
        api_key: Optional[str] = None,
        env: Optional[str] = None,
        service: Optional[str] = None,
        listener: Optional[Callable[[str], None]] = None,
        fixed_clock_ns: Optional[int] = None,
    ) -> None: ...
    def start(
        self,
        kind: int,
        name: Optional[str] = None,
        session_id: Optional[str] = None,
        ml_app: Optional[str] = None,
        model_name: Optional[str] = None,
        model_provider: Optional[str] = None,
    ) -> Span: ...
    def annotate(
        self,
        span: Optional[Span] = None,
        input_data: Any = None,
        output_data: Any = None,
        metadata: Any = None,
        metrics: Any = None,
        tags: Any = None,
    ) -> None: ...
    def export_span(self, span: Optional[Span] = None) -> Optional[dict[str, str]]: ...
    def flush(self, timeout: float) -> tuple[bool, dict[str, Any]]: ...
    def shutdown(self, timeout: float) -> tuple[bool, dict[str, Any]]: ...
    def statistics(self) -> dict[str, Any]: ...
    def advance(self, ns: int) -> None: ...
