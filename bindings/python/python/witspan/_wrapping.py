"""What the decorators make of a function: one that has a span around each call."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Generator
from typing import Any, Callable, TypeVar, cast

from . import _log
from ._capture import Call, Parameters, Spec
from ._errors import LLMObsArgumentError
from ._llmobs import LLMObs
from ._streaming import trace, trace_async

F = TypeVar("F", bound=Callable[..., Any])


def _wrap(func: Any, spec: Spec) -> Any:
    if isinstance(func, (classmethod, staticmethod)):
        # Below us instead of above: what it makes of the function is kept.
        return type(func)(_wrap(func.__func__, spec))
    if not callable(func):
        raise _wrong_type("original_func", func, "a function")
    parameters = Parameters(func)
    default_name = getattr(func, "__name__", None)
    if spec.options.get("name") is None and default_name is not None:
        spec = spec._replace(options={**spec.options, "name": default_name})

    if inspect.iscoroutinefunction(func):

        @functools.wraps(func)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            if not LLMObs.enabled:
                return await func(*args, **kwargs)
            call = Call(spec)
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
            return trace_async(stream, spec, parameters, args, kwargs)

        return call_async_generator

    if inspect.isgeneratorfunction(func):

        @functools.wraps(func)
        def call_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            stream = func(*args, **kwargs)
            if not LLMObs.enabled:
                return cast(Generator[Any, Any, Any], stream)
            return trace(stream, spec, parameters, args, kwargs)

        return call_generator

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not LLMObs.enabled:
            return func(*args, **kwargs)
        call = Call(spec)
        with call.span:
            call.capture_input(parameters, args, kwargs)
            value = func(*args, **kwargs)
            call.capture_output(value)
            return value

    return call


def _wrong_type(name: str, value: object, accepted: str) -> LLMObsArgumentError:
    got = type(value).__name__
    return LLMObsArgumentError(f"`{name}` is of type {got}; accepted: {accepted}")


def decorator(
    func: Callable[..., Any] | None,
    start: str,
    options: dict[str, Any],
    captures_input: bool,
    captures_output: bool,
) -> Any:
    spec = Spec(start, options, captures_input, captures_output)
    if (
        func is not None
        and not callable(func)
        and not isinstance(func, (classmethod, staticmethod))
    ):
        # As ddtrace: the argument is ignored, and the function comes with the next call.
        _log.warning(
            "@%s ignores the %s that was passed by position; pass options by keyword, as in "
            '(name="...")',
            *(start, type(func).__name__),
        )
        func = None
    if func is None:
        return lambda func: _wrap(func, spec)
    return _wrap(func, spec)
