"""Types of the compiled module."""

from types import TracebackType
from typing import Any, Callable, final

__all__ = ["VERSION", "LLMObsArgumentError", "LLMObsError", "Span", "Tracer", "forked"]

VERSION: str

def forked() -> None:
    """Tells that this is a new process."""

class LLMObsError(ValueError):
    """Base class of everything that witspan raises."""

class LLMObsArgumentError(LLMObsError):
    """An argument is of a wrong type or value; the text names it and says what is accepted."""

@final
class Span:
    """One span: a context manager, current from its start until it has finished."""

    @property
    def span_id(self) -> str: ...
    @property
    def trace_id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def _has_output(self) -> bool: ...
    def finish(self, finish_time: float | None = None) -> None: ...
    def set_exc_info(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None: ...
    @staticmethod
    def _current() -> Span | None: ...
    @staticmethod
    def _context() -> object: ...
    @staticmethod
    def _restore(before: object) -> None: ...
    def __enter__(self) -> Span: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None: ...

@final
class Tracer:
    def __new__(
        cls,
        *,
        ml_app: str | None = None,
        agentless: bool | None = None,
        site: str | None = None,
        api_key: str | None = None,
        env: str | None = None,
        service: str | None = None,
        listener: Callable[[str], None] | None = None,
        fixed_clock_ns: int | None = None,
    ) -> Tracer: ...
    def start(
        self,
        kind: int,
        name: str | None = None,
        session_id: str | None = None,
        ml_app: str | None = None,
        model_name: str | None = None,
        model_provider: str | None = None,
    ) -> Span: ...
    def annotate(
        self,
        span: Span | None = None,
        input_data: Any = None,
        output_data: Any = None,
        metadata: Any = None,
        metrics: Any = None,
        tags: Any = None,
    ) -> None: ...
    def export_span(self, span: Span | None = None) -> dict[str, str] | None: ...
    def flush(self, timeout: float) -> tuple[bool, dict[str, Any]]: ...
    def shutdown(self, timeout: float) -> tuple[bool, dict[str, Any]]: ...
    def statistics(self) -> dict[str, Any]: ...
    def advance(self, ns: int) -> None: ...
