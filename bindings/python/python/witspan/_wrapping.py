"""What the decorators do: the span of a call, and what is captured of it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, TypeVar, cast

from ._errors import LLMObsArgumentError, LLMObsError
from ._llmobs import LLMObs
from ._noop import NOOP_SPAN

if TYPE_CHECKING:
    from ._native import Span

F = TypeVar("F", bound=Callable[..., Any])


class _Spec(NamedTuple):
    """What a decorator was told: how to start a span, and what to capture."""

    start: Callable[..., Span]
    options: dict[str, Any]
    input: bool
    output: bool


class _Parameters:
    """The parameters of a function, to say which one an argument was for."""

    __slots__ = ("named", "positional", "rest", "rest_by_name")

    def __init__(self, func: Callable[..., Any]) -> None:
        self.positional: list[str] = []
        self.named: set[str] = set()
        self.rest: str | None = None
        self.rest_by_name: str | None = None
        try:
            parameters = inspect.signature(func).parameters.values()
        except (TypeError, ValueError):
            # Some functions of compiled modules do not tell.
            return
        for parameter in parameters:
            if parameter.kind == parameter.VAR_POSITIONAL:
                self.rest = parameter.name
                continue
            if parameter.kind == parameter.VAR_KEYWORD:
                self.rest_by_name = parameter.name
                continue
            if parameter.kind != parameter.KEYWORD_ONLY:
                self.positional.append(parameter.name)
            if parameter.kind != parameter.POSITIONAL_ONLY:
                self.named.add(parameter.name)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by parameter: those that were passed, without `self`."""
        given = dict(zip(self.positional, args))
        if self.positional[:1] == ["self"]:
            given.pop("self", None)
        if len(args) > len(self.positional):
            given[self.rest or "args"] = args[len(self.positional) :]
        if self.rest_by_name is None:
            given.update(kwargs)
            return given
        others: dict[str, Any] = {}
        for name, value in kwargs.items():
            (given if name in self.named else others)[name] = value
        if others:
            given[self.rest_by_name] = others
        return given


class _Call:
    """The span of one call: started, fed with what is captured, and finished."""

    __slots__ = ("span", "spec")

    def __init__(self, spec: _Spec) -> None:
        self.spec = spec
        self.span = spec.start(**spec.options)

    def capture_input(
        self, parameters: _Parameters, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if self.spec.input:
            given = parameters.bind(args, kwargs)
            # A function without arguments has no input.
            if given:
                _annotate(self.span, input_data=given)

    def capture_output(self, value: Any) -> None:
        if self.spec.output and value is not None and not self.span._has_output:
            _annotate(self.span, output_data=value)


def _annotate(span: Span, **parts: Any) -> None:
    try:
        LLMObs.annotate(span, **parts)
    except LLMObsError:
        # What was returned has no form that the kind takes; the core has counted it.
        pass


def _wrap(func: Callable[..., Any], spec: _Spec) -> Callable[..., Any]:
    if not callable(func):
        accepted = 'a function; options are passed by keyword, as in (name="...")'
        raise _wrong_type("original_func", func, accepted)
    parameters = _Parameters(func)
    default_name = getattr(func, "__name__", None)
    if spec.options.get("name") is None and default_name is not None:
        spec = spec._replace(options={**spec.options, "name": default_name})

    if inspect.iscoroutinefunction(func):

        @functools.wraps(func)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            if not LLMObs.enabled:
                return await func(*args, **kwargs)
            call = _Call(spec)
            with call.span:
                call.capture_input(parameters, args, kwargs)
                value = await func(*args, **kwargs)
                call.capture_output(value)
                return value

        return call_async

    if inspect.isasyncgenfunction(func):

        @functools.wraps(func)
        def call_async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            stream = func(*args, **kwargs)
            if not LLMObs.enabled:
                return cast(AsyncGenerator[Any, Any], stream)
            return _trace_async(stream, spec, parameters, args, kwargs)

        return call_async_generator

    if inspect.isgeneratorfunction(func):

        @functools.wraps(func)
        def call_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            stream = func(*args, **kwargs)
            if not LLMObs.enabled:
                return cast(Generator[Any, Any, Any], stream)
            return _trace(stream, spec, parameters, args, kwargs)

        return call_generator

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not LLMObs.enabled:
            return func(*args, **kwargs)
        call = _Call(spec)
        with call.span:
            call.capture_input(parameters, args, kwargs)
            value = func(*args, **kwargs)
            call.capture_output(value)
            return value

    return call


class _Inside:
    """What is current inside a generator: made current while its body runs, and only then."""

    __slots__ = ("context", "inside", "outside", "restore")

    def __init__(self, span: Span) -> None:
        from ._native import Span as Native

        self.context, self.restore = Native._context, Native._restore
        self.inside: object = None if span is NOOP_SPAN else span

    def __enter__(self) -> None:
        self.outside = self.context()
        self.restore(self.inside)

    def __exit__(self, *_: object) -> None:
        # The body may stop in the midst of a span of its own.
        self.inside = self.context()
        self.restore(self.outside)


def _begin(
    spec: _Spec,
    parameters: _Parameters,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Span, _Inside]:
    """Starts a generator's span without leaving it current for the caller."""
    from ._native import Span as Native

    before = Native._context()
    call = _Call(spec)
    call.capture_input(parameters, args, kwargs)
    Native._restore(before)
    return call.span, _Inside(call.span)


def _trace(
    stream: Generator[Any, Any, Any],
    spec: _Spec,
    parameters: _Parameters,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Generator[Any, Any, Any]:
    # The span starts with the first item: a stream that nobody reads leaves nothing behind.
    span, inside = _begin(spec, parameters, args, kwargs)
    with span:
        step: Callable[[], Any] = functools.partial(next, stream)
        while True:
            try:
                with inside:
                    item = step()
            except StopIteration as stop:
                return stop.value
            try:
                sent = yield item
                step = functools.partial(stream.send, sent)
            except GeneratorExit:
                with inside:
                    stream.close()
                raise
            except BaseException as error:
                step = functools.partial(stream.throw, error)


async def _trace_async(
    stream: AsyncGenerator[Any, Any],
    spec: _Spec,
    parameters: _Parameters,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> AsyncGenerator[Any, Any]:
    span, inside = _begin(spec, parameters, args, kwargs)
    with span:
        step: Callable[[], Any] = stream.__anext__
        while True:
            try:
                with inside:
                    item = await step()
            except StopAsyncIteration:
                return
            try:
                sent = yield item
                step = functools.partial(stream.asend, sent)
            except GeneratorExit:
                with inside:
                    await stream.aclose()
                raise
            except BaseException as error:
                step = functools.partial(stream.athrow, error)


def _wrong_type(name: str, value: object, accepted: str) -> LLMObsArgumentError:
    got = type(value).__name__
    return LLMObsArgumentError(f"`{name}` is of type {got}; accepted: {accepted}")


def decorator(
    func: F | None,
    start: Callable[..., Span],
    options: dict[str, Any],
    captures_input: bool,
    captures_output: bool,
) -> Any:
    # Now, not when the function is called: that must not fail because of tracing.
    for name, value in options.items():
        if value is not None and not isinstance(value, str):
            raise _wrong_type(name, value, "str or None")
    spec = _Spec(start, options, captures_input, captures_output)
    if func is None:
        return lambda func: _wrap(func, spec)
    return _wrap(func, spec)
