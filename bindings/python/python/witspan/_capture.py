"""What is captured of a call: its span, and the arguments and the result as annotations of it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ._errors import LLMObsError
from ._llmobs import LLMObs

if TYPE_CHECKING:
    from ._native import Span


class Spec(NamedTuple):
    """What a decorator was told: how to start a span, and what to capture.

    `start` is the name of a method of `LLMObs`: the function may be decorated before tracing is
    enabled, which changes the methods, and be taken by value to another process.
    """

    start: str
    options: dict[str, Any]
    input: bool
    output: bool


class Parameters:
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


class Call:
    """The span of one call: started, fed with what is captured, and finished."""

    __slots__ = ("span", "spec")

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.span: Span = getattr(LLMObs, spec.start)(**spec.options)

    def capture_input(
        self, parameters: Parameters, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if self.spec.input:
            given = parameters.bind(args, kwargs)
            # A function without arguments has no input.
            if given:
                annotate(self.span, input_data=given)

    def capture_output(self, value: Any) -> None:
        if self.spec.output and value is not None and not self.span._has_output:
            annotate(self.span, output_data=value)


def annotate(span: Span, **parts: Any) -> None:
    try:
        LLMObs.annotate(span, **parts)
    except LLMObsError:
        # What was returned has no form that the kind takes; the core has counted it.
        pass
