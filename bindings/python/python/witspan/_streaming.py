"""Generators that are traced: one span from the first item to the end, current in the body only.

What the generator gives is captured as its output, also where it fails or is left in the midst:
texts joined, bytes joined and read as UTF-8, anything else as a list. The native module keeps it
as text, of one stream 1 MB and 10,000 items of a list at most; the end says how many more came.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Generator
from typing import Any, Callable

from ._capture import Call, Parameters, Spec, annotate
from ._errors import LLMObsError
from ._noop import NOOP_SPAN


class _Streaming:
    """The call of a generator. Inside `with`, its span is current."""

    __slots__ = ("context", "empty", "given", "inside", "outside", "restore", "span")

    def __init__(
        self,
        spec: Spec,
        parameters: Parameters,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        from ._native import Span, Stream

        self.context, self.restore = Span._context, Span._restore
        # It starts without being left current for the caller.
        before = self.context()
        call = Call(spec)
        call.capture_input(parameters, args, kwargs)
        self.restore(before)
        self.span = call.span
        traced = self.span is not NOOP_SPAN
        self.inside: object = self.span if traced else None
        self.given = Stream() if traced and spec.output else None
        self.empty = True

    def __enter__(self) -> None:
        self.outside: object = self.context()
        self.restore(self.inside)

    def __exit__(self, *_: object) -> None:
        # The body may stop in the midst of a span of its own.
        self.inside = self.context()
        outside, self.outside = self.outside, None
        self.restore(outside)

    def give(self, item: Any) -> None:
        self.empty = False
        if self.given is not None:
            self.given.add(item)

    def end(self, returned: Any = None) -> None:
        """Annotates what came, or what was returned if nothing did; the application's own wins."""
        given, self.given = self.given, None
        if given is None:
            return
        if self.empty:
            if returned is not None and not self.span._has_output:
                annotate(self.span, output_data=returned)
            return
        try:
            given.annotate(self.span)
        except LLMObsError:
            # It has no form that the kind takes; the core has counted it.
            pass


def trace(
    stream: Generator[Any, Any, Any],
    spec: Spec,
    parameters: Parameters,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Generator[Any, Any, Any]:
    # The span starts with the first item: a stream that nobody reads leaves nothing behind.
    call = _Streaming(spec, parameters, args, kwargs)
    # Empty while the reader works: an item is not kept alive here.
    held: list[Any] = []
    with call.span:
        step: Callable[[], Any] = functools.partial(next, stream)
        try:
            while True:
                try:
                    with call:
                        held.append(step())
                except StopIteration as stop:
                    call.end(stop.value)
                    return stop.value
                call.give(held[0])
                try:
                    sent = yield held.pop()
                    step = functools.partial(stream.send, sent)
                except GeneratorExit:
                    with call:
                        stream.close()
                    raise
                except BaseException as error:
                    step = functools.partial(stream.throw, error)
        finally:
            call.end()


async def trace_async(
    stream: AsyncGenerator[Any, Any],
    spec: Spec,
    parameters: Parameters,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> AsyncGenerator[Any, Any]:
    call = _Streaming(spec, parameters, args, kwargs)
    held: list[Any] = []
    with call.span:
        step: Callable[[], Any] = stream.__anext__
        try:
            while True:
                try:
                    with call:
                        held.append(await step())
                except StopAsyncIteration:
                    return
                call.give(held[0])
                try:
                    sent = yield held.pop()
                    step = functools.partial(stream.asend, sent)
                except GeneratorExit:
                    with call:
                        await stream.aclose()
                    raise
                except BaseException as error:
                    step = functools.partial(stream.athrow, error)
        finally:
            call.end()
