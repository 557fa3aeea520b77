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

from ._lifecycle import FlushResult
from ._llmobs import LLMObs
from ._native import VERSION as __version__
from ._native import LLMObsArgumentError, LLMObsError, Span
from ._processor import LLMObsSpan

__all__ = [
    "FlushResult",
    "LLMObs",
    "LLMObsArgumentError",
    "LLMObsError",
    "LLMObsSpan",
    "Span",
    "__version__",
]
