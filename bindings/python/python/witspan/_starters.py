"""The starters of spans, one for each kind, with ddtrace's argument order."""

from __future__ import annotations

from ._lifecycle import Lifecycle
from ._noop import NOOP_SPAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._headers import Headers
    from ._native import Span

# The kinds' numbers in the native module, in the order of the contract.
_LLM, _WORKFLOW, _AGENT, _TOOL, _TASK, _EMBEDDING, _RETRIEVAL = range(7)


class Starters(Lifecycle):
    """Starts spans. Each is current from the call on, and a context manager.

    `start_ns` is when it began, in nanoseconds since the epoch; now by default. With
    `Span.finish(finish_time)` work can be told of that is over.

    `parent` is what it is a child of, whatever is current: a span, open or finished, of any
    thread; or the headers of a request, as `inject_distributed_headers` writes them, which this
    one span continues. With None, the default, that is what is current. From its parent it has
    the trace, the session and the ML app. Where that place is not there any more, or the headers
    name none, it begins a trace: this depends on data, so nothing raises.

    With `activate=False` it is not made current: spans that start later are its children only if
    they say so by `parent`, and its end changes nothing of what is current. For work whose start
    and end are told of in different places, such as a library's callbacks, where what is current
    is somebody else's. `with` then only finishes it, and `annotate` has to be given it.

    Raises `LLMObsArgumentError` for another `parent`, and for an `activate` that is no bool.
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
        parent: Span | Headers | None = None,
        activate: bool = True,
    ) -> Span:
        """Starts a span of one call of a model. The first argument is the model's name.

        It is below `parent`, a span or a request's headers, by default below what is current; and
        becomes current itself unless `activate` is False.
        """
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None or parent is not None or activate is not True:
            names = (name, session_id, app, model_name, model_provider)
            place = (start_ns, parent, activate)
            return tracer.start(_LLM, *names, None, *place)
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
        parent: Span | Headers | None = None,
        activate: bool = True,
    ) -> Span:
        """Starts a span of one call of an embedding model. The first argument is its name.

        It is below `parent`, a span or a request's headers, by default below what is current; and
        becomes current itself unless `activate` is False.
        """
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None or parent is not None or activate is not True:
            names = (name, session_id, app, model_name, model_provider)
            place = (start_ns, parent, activate)
            return tracer.start(_EMBEDDING, *names, None, *place)
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
        parent: Span | Headers | None = None,
        activate: bool = True,
    ) -> Span:
        """Starts a span of a fixed sequence of steps.

        It is below `parent`, a span or a request's headers, by default below what is current; and
        becomes current itself unless `activate` is False.
        """
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None or parent is not None or activate is not True:
            place = (start_ns, parent, activate)
            return tracer.start(_WORKFLOW, name, session_id, app, None, None, None, *place)
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
        parent: Span | Headers | None = None,
        activate: bool = True,
    ) -> Span:
        """Starts a span of a sequence of steps that a model chooses. `version` is the agent's.

        It is below `parent`, a span or a request's headers, by default below what is current; and
        becomes current itself unless `activate` is False.
        """
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        usual = version is None and start_ns is None and parent is None and activate is True
        if not usual:
            place = (start_ns, parent, activate)
            return tracer.start(_AGENT, name, session_id, app, None, None, version, *place)
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
        parent: Span | Headers | None = None,
        activate: bool = True,
    ) -> Span:
        """Starts a span of one call of a program or service outside.

        It is below `parent`, a span or a request's headers, by default below what is current; and
        becomes current itself unless `activate` is False.
        """
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None or parent is not None or activate is not True:
            place = (start_ns, parent, activate)
            return tracer.start(_TOOL, name, session_id, app, None, None, None, *place)
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
        parent: Span | Headers | None = None,
        activate: bool = True,
    ) -> Span:
        """Starts a span of one step inside the application.

        It is below `parent`, a span or a request's headers, by default below what is current; and
        becomes current itself unless `activate` is False.
        """
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None or parent is not None or activate is not True:
            place = (start_ns, parent, activate)
            return tracer.start(_TASK, name, session_id, app, None, None, None, *place)
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
        parent: Span | Headers | None = None,
        activate: bool = True,
    ) -> Span:
        """Starts a span of one search in a knowledge base.

        It is below `parent`, a span or a request's headers, by default below what is current; and
        becomes current itself unless `activate` is False.
        """
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        if start_ns is not None or parent is not None or activate is not True:
            place = (start_ns, parent, activate)
            return tracer.start(_RETRIEVAL, name, session_id, app, None, None, None, *place)
        return tracer.start(_RETRIEVAL, name, session_id, app)
