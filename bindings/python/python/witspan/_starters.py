"""The starters of spans, one for each kind, with ddtrace's argument order."""

from __future__ import annotations

from ._lifecycle import Lifecycle
from ._noop import NOOP_SPAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._native import Span

# The kinds' numbers in the native module, in the order of the contract.
_LLM, _WORKFLOW, _AGENT, _TOOL, _TASK, _EMBEDDING, _RETRIEVAL = range(7)


class Starters(Lifecycle):
    """Starts spans. Each is current from the call on, and a context manager.

    `start_ns` is when it began, in nanoseconds since the epoch; now by default. With
    `Span.finish(finish_time)` work can be told of that is over.
    """

    @classmethod
    def llm(
        cls,
        model_name: str | None = None,
        name: str | None = None,
        model_provider: str | None = None,
        session_id: str | None = None,
        ml_app: str | None = None,
        agent_service: str | None = None,
        *,
        start_ns: int | None = None,
    ) -> Span:
        """Starts a span of one call of a model. The first argument is the model's name."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None:
            names = (name, session_id, app, model_name, model_provider)
            return tracer.start(_LLM, *names, start_ns=start_ns)
        return tracer.start(_LLM, name, session_id, app, model_name, model_provider)

    @classmethod
    def embedding(
        cls,
        model_name: str | None = None,
        name: str | None = None,
        model_provider: str | None = None,
        session_id: str | None = None,
        ml_app: str | None = None,
        agent_service: str | None = None,
        *,
        start_ns: int | None = None,
    ) -> Span:
        """Starts a span of one call of an embedding model. The first argument is its name."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None:
            names = (name, session_id, app, model_name, model_provider)
            return tracer.start(_EMBEDDING, *names, start_ns=start_ns)
        return tracer.start(_EMBEDDING, name, session_id, app, model_name, model_provider)

    @classmethod
    def workflow(
        cls,
        name: str | None = None,
        session_id: str | None = None,
        ml_app: str | None = None,
        agent_service: str | None = None,
        *,
        start_ns: int | None = None,
    ) -> Span:
        """Starts a span of a fixed sequence of steps."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None:
            return tracer.start(_WORKFLOW, name, session_id, app, start_ns=start_ns)
        return tracer.start(_WORKFLOW, name, session_id, app)

    @classmethod
    def agent(
        cls,
        name: str | None = None,
        session_id: str | None = None,
        ml_app: str | None = None,
        agent_service: str | None = None,
        version: str | None = None,
        *,
        start_ns: int | None = None,
    ) -> Span:
        """Starts a span of a sequence of steps that a model chooses. `version` is the agent's."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if version is not None or start_ns is not None:
            return tracer.start(_AGENT, name, session_id, app, version=version, start_ns=start_ns)
        return tracer.start(_AGENT, name, session_id, app)

    @classmethod
    def tool(
        cls,
        name: str | None = None,
        session_id: str | None = None,
        ml_app: str | None = None,
        agent_service: str | None = None,
        *,
        start_ns: int | None = None,
    ) -> Span:
        """Starts a span of one call of a program or service outside."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None:
            return tracer.start(_TOOL, name, session_id, app, start_ns=start_ns)
        return tracer.start(_TOOL, name, session_id, app)

    @classmethod
    def task(
        cls,
        name: str | None = None,
        session_id: str | None = None,
        ml_app: str | None = None,
        agent_service: str | None = None,
        *,
        start_ns: int | None = None,
    ) -> Span:
        """Starts a span of one step inside the application."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None:
            return tracer.start(_TASK, name, session_id, app, start_ns=start_ns)
        return tracer.start(_TASK, name, session_id, app)

    @classmethod
    def retrieval(
        cls,
        name: str | None = None,
        session_id: str | None = None,
        ml_app: str | None = None,
        agent_service: str | None = None,
        *,
        start_ns: int | None = None,
    ) -> Span:
        """Starts a span of one search in a knowledge base."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None:
            return tracer.start(_RETRIEVAL, name, session_id, app, start_ns=start_ns)
        return tracer.start(_RETRIEVAL, name, session_id, app)
