"""A first trace."""

from witspan import LLMObs

LLMObs.enable(ml_app="my-app")
with LLMObs.workflow(name="answer"):
    with LLMObs.llm(model_name="gpt-4o", model_provider="openai"):
        LLMObs.annotate(
            input_data="Why is the sky blue?",
            output_data="Rayleigh scattering.",
            metrics={"input_tokens": 6, "output_tokens": 4},
        )
LLMObs.flush()
