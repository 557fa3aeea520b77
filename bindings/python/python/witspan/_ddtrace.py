"""`--as-ddtrace`: imports of `ddtrace` get witspan.

A finder that comes before all others makes the modules below, of what witspan offers under
ddtrace's names. Asking for anything else fails with a text that says what to do.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Optional

from . import _log
from ._lifecycle import Lifecycle
from ._offered import not_offered

#: The version whose names these are.
VERSION = "4.16.0"

_OWN: dict[str, str] = {"LLMObs": "witspan", "LLMObsSpan": "witspan"}
_TYPES: dict[str, str] = dict.fromkeys(
    (
        *("Agent", "AgentTool", "AudioPart", "ChatMessage", "Document", "ExportedLLMObsSpan"),
        *("FeedbackSubmitter", "ImagePart", "Message", "MessagePlaceholder", "Prompt"),
        *("ToolCall", "ToolCallFunction", "ToolDefinition", "ToolResult"),
    ),
    "witspan.types",
)
_UTILS: dict[str, str] = dict.fromkeys(
    (
        *("AudioPart", "Document", "Documents", "ImagePart", "Message", "Messages"),
        *("ToolCall", "ToolDefinition", "ToolResult"),
    ),
    "witspan.types",
)
_DECORATORS: dict[str, str] = dict.fromkeys(
    ("agent", "embedding", "llm", "retrieval", "task", "tool", "workflow"), "witspan.decorators"
)
#: Exceptions that programs catch: what is raised in their place is of this class.
_ERRORS = (
    "LLMObsActivateDistributedHeadersError",
    "LLMObsAnnotateSpanError",
    "LLMObsExportSpanError",
    "LLMObsInjectDistributedHeadersError",
    "LLMObsSubmitEvaluationError",
)

#: The modules, and which module of ours each of their names comes from.
_MODULES: dict[str, dict[str, str]] = {
    "ddtrace": {},
    "ddtrace.auto": {},
    "ddtrace.trace": {},
    "ddtrace.llmobs": {**_OWN, "Agent": "witspan.types", "Prompt": "witspan.types"},
    "ddtrace.llmobs._llmobs": _OWN,
    "ddtrace.llmobs.decorators": _DECORATORS,
    "ddtrace.llmobs.types": _TYPES,
    "ddtrace.llmobs.utils": _UTILS,
}


def install() -> None:
    """Has imports of `ddtrace` in this process get witspan. Does nothing if they do already.

    Where a `ddtrace` was imported before, that one stays for those who have it.
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    Lifecycle._as_ddtrace = True
    for name in [name for name in sys.modules if name.split(".")[0] == "ddtrace"]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None
    ) -> Optional[ModuleSpec]:
        if fullname.split(".")[0] != "ddtrace":
            return None
        if fullname not in _MODULES:
            # Without a name: `from ddtrace import x` would take one with it for its own business,
            # and say only that there is no `x`.
            raise ModuleNotFoundError(not_offered(fullname))
        return ModuleSpec(fullname, _Loader(), origin="witspan", is_package=True)


class _Loader(Loader):
    def create_module(self, spec: ModuleSpec) -> Optional[ModuleType]:
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        offered: dict[str, Any] = {
            each: getattr(importlib.import_module(ours), each)
            for each, ours in _MODULES[name].items()
        }
        offered.update(_special(name))

        def __getattr__(asked: str) -> object:
            if f"{name}.{asked}" == "ddtrace.trace.Span":
                # Of the native module, which is not loaded before it is needed.
                from ._native import Span

                return Span
            raise AttributeError(not_offered(f"{name}.{asked}"))

        module.__dict__.update(offered, __getattr__=__getattr__, __all__=sorted(offered))
        if name in ("ddtrace.llmobs.types", "ddtrace.llmobs.utils"):
            module.__doc__ = "The names of witspan.types."


def _special(module: str) -> dict[str, Any]:
    """What a module has beside names of ours."""
    if module == "ddtrace.llmobs._llmobs":
        from ._errors import LLMObsError

        return dict.fromkeys(_ERRORS, LLMObsError)
    if module not in ("ddtrace", "ddtrace.trace"):
        return {}
    from ._tracer import TRACER, Tracer

    if module == "ddtrace":
        patches = {"patch": _patch, "patch_all": _patch}
        return {"tracer": TRACER, "__version__": VERSION, **patches}
    return {"tracer": TRACER, "Tracer": Tracer}


def _patch(*_: Any, **__: Any) -> None:
    """Does nothing, and says so once."""
    global _said
    if not _said:
        _said = True
        _log.warning(
            "ddtrace.patch does nothing here: witspan patches no libraries; spans are made by "
            "LLMObs and its decorators"
        )


_said = False
