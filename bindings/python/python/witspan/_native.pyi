"""Types of the compiled module."""

from collections.abc import Awaitable
from threading import Thread
from types import TracebackType
from typing import Any, Callable, TypeVar, final

from ._headers import Headers

__all__ = [
    "VERSION",
    "Entered",
    "Memory",
    "Span",
    "Stream",
    "Tracer",
    "enter_context",
    "forked",
    "host_variable",
    "leave_context",
    "propagated",
    "release_signals",
    "replace_contexts",
    "switch",
    "use_tracer",
]

VERSION: str

_F = TypeVar("_F", bound=Callable[..., Any])

def forked() -> None:
    """Tells that this is a new process."""

def host_variable(option: str) -> str | None:
    """What the environment says for a host, found by its option's name; None: nothing."""

def release_signals() -> None:
    """Leaves signals as they were before `Tracer.catch_signals`."""

@final
class Entered:
    """An annotation context that was entered."""

def enter_context(text: str) -> Entered | None:
    """Enters an annotation context, whose text was checked; None if there are too many."""

def leave_context(entered: Entered) -> None:
    """Leaves it, here and where it was entered."""

def replace_contexts(contexts: tuple[Entered, ...] | None) -> tuple[Entered, ...] | None:
    """Puts this place inside these annotation contexts and no others; those it was inside."""

def propagated(function: _F, thread: Thread | None = None) -> _F:
    """Has a function take along what is current here; the same function if nothing is.

    With a `thread`, it stands on it as its `run` and steps aside when it is called.
    """

def switch(option: str) -> bool | None:
    """Whether the environment sets a switch, found by its option, and says yes; None: not set."""

def use_tracer(owner: type, tracer: Tracer | None) -> None:
    """Makes this the tracer of the process, and puts native functions on the class for its calls.

    `None`: there is no tracer any more, and the class's own methods are back.
    """

@final
class Memory:
    """Keeps requests, up to so many bytes, instead of sending them."""

    def __new__(cls, most_bytes: int) -> Memory: ...
    def requests(self) -> list[tuple[str, bytes]]: ...
    def refused(self) -> int: ...
    def clear(self) -> None: ...

@final
class Span:
    """One span: a context manager, current from its start until it has finished.

    Not so where it was started with `activate=False`: then it never is.
    """

    error: int
    name: str
    resource: str
    service: str | None
    span_type: str | None
    start_ns: int
    start: float
    duration_ns: int | None
    duration: float | None
    context: Any
    # Made where they are asked for, as the attributes above.
    set_traceback: Callable[..., None]
    record_exception: Callable[..., None]
    link_span: Callable[..., None]
    set_link: Callable[..., None]
    remove_tag: Callable[..., None]
    remove_metric: Callable[..., None]
    @property
    def span_id(self) -> int: ...
    @property
    def trace_id(self) -> int: ...
    @property
    def parent_id(self) -> int | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def finished(self) -> bool: ...
    @property
    def _has_output(self) -> bool: ...
    def finish(self, finish_time: float | None = None) -> None: ...
    def set_exc_info(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
        limit: int | None = None,
    ) -> None: ...
    def _times(self) -> tuple[int, int | None]: ...
    @property
    def _own(self) -> dict[str, Any]: ...
    @staticmethod
    def _current() -> Span | None: ...
    @staticmethod
    def _context() -> object: ...
    @staticmethod
    def _restore(before: object) -> None: ...
    def _activate(self) -> None: ...
    def set_tag(self, key: str, value: Any = None) -> None: ...
    def set_tags(self, tags: dict[str, Any]) -> None: ...
    def set_metric(self, key: str, value: float) -> None: ...
    def set_metrics(self, metrics: dict[str, float]) -> None: ...
    def get_tag(self, key: str) -> str | None: ...
    def get_tags(self) -> dict[str, str]: ...
    def get_metric(self, key: str) -> float | None: ...
    def get_metrics(self) -> dict[str, float]: ...
    def __aenter__(self) -> Awaitable[Span]: ...
    def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> Awaitable[None]: ...
    def __enter__(self) -> Span: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None: ...

@final
class Stream:
    """What a generator has given so far, as text and within bounds."""

    def __new__(cls) -> Stream: ...
    def add(self, item: Any) -> None: ...
    def annotate(self, span: Span) -> None: ...

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
        sample_rate: float | None = None,
        exit_timeout: float | None = None,
        handle_signals: bool | None = None,
        program: str | None = None,
        source_link: str | None = None,
        listener: Callable[[str], None] | None = None,
        fixed_clock_ns: int | None = None,
        limits: dict[str, int] | None = None,
        memory: Memory | None = None,
    ) -> Tracer: ...
    @property
    def exit_timeout(self) -> float:
        """Seconds that the end of the program may wait."""
    @property
    def handle_signals(self) -> bool:
        """Whether signals that end the process deliver first."""
    @property
    def service(self) -> str:
        """The service of every span; empty for none."""
    def tell_ended(self, unsent: int, unfinished: int) -> None:
        """Logs what was lost at the end."""
    def start(
        self,
        kind: int,
        name: str | None = None,
        session_id: str | None = None,
        ml_app: str | None = None,
        model_name: str | None = None,
        model_provider: str | None = None,
        version: str | None = None,
        start_ns: int | None = None,
        parent: Span | Headers | None = None,
        activate: bool | None = None,
    ) -> Span: ...
    def annotate(
        self,
        span: Span | None = None,
        input_data: Any = None,
        output_data: Any = None,
        metadata: Any = None,
        metrics: Any = None,
        tags: Any = None,
        prompt: Any = None,
        tool_definitions: Any = None,
        cost_tags: Any = None,
        agent: Any = None,
        links: Any = None,
    ) -> None: ...
    def context(
        self,
        tags: Any = None,
        prompt: Any = None,
        name: Any = None,
        cost_tags: Any = None,
        agent: Any = None,
    ) -> str: ...
    def too_many_contexts(self) -> None: ...
    def submit(self, members: dict[str, Any], feedback: bool) -> None: ...
    def inject(
        self, headers: list[tuple[str, str]], span: Span | None = None
    ) -> list[tuple[str, str]]: ...
    def activate(self, headers: list[tuple[str, str]]) -> None: ...
    def set_processor(
        self, run: Callable[[str], dict[str, Any] | str | None] | None, limit: float = 1.0
    ) -> None: ...
    def export_span(self, span: Span | None = None) -> dict[str, str] | None: ...
    def catch_signals(self, timeout: float) -> None: ...
    def flush(self, timeout: float) -> tuple[bool, dict[str, Any]]: ...
    def shutdown(self, timeout: float) -> tuple[bool, dict[str, Any]]: ...
    def statistics(self) -> dict[str, Any]: ...
    def advance(self, ns: int) -> None: ...
