"""What ddtrace has and witspan has not, and how whoever asks for it is told."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

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
        f"`{name}` is not offered: witspan has only the manual part of ddtrace's LLM "
        "Observability; for more, run the program with ddtrace itself"
    )


class _Missing:
    """An attribute that is not there, and says so."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise AttributeError(not_offered(self.name))


def mark_missing(owner: type) -> None:
    """Has a class name what it lacks.

    Not by `__getattr__` of a metaclass: that makes every attribute of the class several times as
    slow, also those that are there.
    """
    for name in _DDTRACES:
        setattr(owner, name, _Missing(f"{owner.__name__}.{name}"))
