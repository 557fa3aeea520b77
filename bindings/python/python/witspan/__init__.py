"""Tracing for LLM applications.

    from witspan import LLMObs
    from witspan.decorators import workflow

    LLMObs.enable(ml_app="my-app")

    @workflow
    def answer(question):
        with LLMObs.llm(model_name="gpt-4o", model_provider="openai") as span:
            reply = ask_the_model(question)
            LLMObs.annotate(span, input_data=question, output_data=reply)
            return reply

Nothing here raises into the application because of tracing. The one exception is a programmer's
own wrong argument: `LLMObsArgumentError`, a `ValueError`, whose text says what is accepted.
"""

from __future__ import annotations

from ._errors import LLMObsArgumentError, LLMObsError
from ._llmobs import LLMObs
from ._processor import LLMObsSpan

# `typing` takes longer to import than all of this package, and a type checker needs only the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._flushed import FlushResult
    from ._native import Span
    from .types import Documents, Messages, Prompt

    __version__: str

__all__ = [
    "Documents",
    "FlushResult",
    "LLMObs",
    "LLMObsArgumentError",
    "LLMObsError",
    "LLMObsSpan",
    "Messages",
    "Prompt",
    "Span",
    "__version__",
]


def __getattr__(name: str) -> object:
    # Asked for by few, and the native module is not loaded before tracing starts.
    if name == "Span":
        from ._native import Span

        return Span
    if name == "FlushResult":
        from ._flushed import FlushResult

        return FlushResult
    if name in ("Documents", "Messages", "Prompt"):
        from . import types

        value: object = getattr(types, name)
        return value
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("witspan")
        except PackageNotFoundError:
            # It is used from a folder, and was never installed.
            from ._native import VERSION

            return VERSION
    raise AttributeError(f"module 'witspan' has no attribute {name!r}")
