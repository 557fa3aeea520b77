"""Annotation contexts: what is said of every span that starts inside."""

from __future__ import annotations

from ._lifecycle import Lifecycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from ._native import Entered


class AnnotationContext:
    """A context manager, of `with` and of `async with`. It may be entered more than once."""

    # What was entered and not left yet; None where tracing was off, or too many were around.
    _entered: tuple[Entered | None, ...] = ()

    def __init__(self, owner: type[Lifecycle], parts: tuple[Any, ...]) -> None:
        self._owner = owner
        self._parts = parts

    def __enter__(self) -> None:
        tracer = self._owner._tracer
        if tracer is None:
            if self._entered:
                self._entered = (*self._entered, None)
            return
        from ._native import enter_context

        entered = enter_context(tracer.context(*self._parts))
        if entered is None:
            tracer.too_many_contexts()
        self._entered = (*self._entered, entered)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if not self._entered:
            return
        *before, entered = self._entered
        self._entered = tuple(before)
        if entered is not None:
            from ._native import leave_context

            leave_context(entered)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc_val, exc_tb)


class _Nothing(AnnotationContext):
    """What is entered where tracing was turned off for the whole process."""

    def __init__(self) -> None:
        pass

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


#: There is only one.
NOTHING = _Nothing()
