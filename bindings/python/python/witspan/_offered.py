"""What ddtrace has and witspan has not, and how whoever asks for it is told."""

from typing import TYPE_CHECKING

# Of ddtrace's LLMObs: data sets, experiments, managed prompts, and reading spans back.
_DDTRACES = frozenset(
    (
        *("async_experiment", "clear_prompt_cache", "create_dataset", "create_dataset_from_csv"),
        *("create_prompt", "create_prompt_version", "delete_prompt", "experiment", "get_prompt"),
        *("get_spans", "list_experiments", "list_prompt_versions", "list_prompts"),
        *("publish_evaluator", "pull_dataset", "pull_experiment", "refresh_prompt"),
        *("update_prompt", "update_prompt_version"),
    )
)


def not_offered(name: str) -> str:
    """The text of an error about a name of ddtrace's."""
    return (
        f"`{name}` is ddtrace's, and witspan does not offer it: it has the manual part of LLM "
        "Observability; for more, run the program with ddtrace itself"
    )


class Offered(type):
    """The class of `LLMObs`: names what is missing."""

    if not TYPE_CHECKING:

        def __getattr__(cls, name: str) -> object:
            if name in _DDTRACES:
                raise AttributeError(not_offered(f"LLMObs.{name}"))
            raise AttributeError(f"type object '{cls.__name__}' has no attribute '{name}'")
