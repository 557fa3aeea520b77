"""`LLMObs`: names, argument order and defaults of ddtrace's, on the native tracer."""

import atexit
import copy
import logging
import os
import threading
from contextlib import AbstractContextManager
from typing import Any, ClassVar, NamedTuple, Optional, Union

from ._native import LLMObsArgumentError, LLMObsError, Span, Tracer, forked
from ._noop import NOOP_SPAN

logger = logging.getLogger("witspan")

# Seconds that the end of the program may wait for the last spans.
EXIT_TIMEOUT = 2.0
# Seconds that `flush` waits unless it is told otherwise.
FLUSH_TIMEOUT = 10.0

# The kinds' numbers in the native module, in the order of the contract.
_LLM, _WORKFLOW, _AGENT, _TOOL, _TASK, _EMBEDDING, _RETRIEVAL = range(7)


class FlushResult(NamedTuple):
    """What a flush came to. Counters are of the tracer's whole life."""

    #: Whether everything that had finished was delivered or dropped in time.
    settled: bool
    #: Spans that the receiver took.
    delivered: int
    #: Spans not finished, queued, or under way.
    pending: int
    #: Spans lost, by reason.
    dropped: dict[str, int]


def _result(settled: bool, counters: dict[str, Any]) -> FlushResult:
    pending = counters["open"] + counters["queued"] + counters["in_flight"]
    return FlushResult(settled, counters["delivered"], pending, counters["dropped"])


def _off(name: str) -> bool:
    """Whether a variable is set and says no."""
    text = os.environ.get(name, "").strip().lower()
    return text not in ("", "1", "true")


class LLMObs:
    """Tracing of LLM applications. All methods are of the class; there is one tracer a process.

    Before `enable()`, after `disable()`, and with `DD_LLMOBS_ENABLED=0`, every call does nothing.
    """

    enabled: ClassVar[bool] = False
    _tracer: ClassVar[Optional[Tracer]] = None
    _last: ClassVar[dict[str, Any]] = {}
    # How the tracer was started, for that of a forked process.
    _settings: ClassVar[dict[str, Any]] = {}
    # Reentrant: a handler of a log line or of a signal may come here in the midst of a call.
    _lock: ClassVar[AbstractContextManager[Any]] = threading.RLock()
    _starting: ClassVar[bool] = False
    _hooked: ClassVar[bool] = False

    @classmethod
    def enable(
        cls,
        ml_app: Optional[str] = None,
        integrations_enabled: bool = True,
        agentless_enabled: Optional[bool] = None,
        *,
        site: Optional[str] = None,
        api_key: Optional[str] = None,
        env: Optional[str] = None,
        service: Optional[str] = None,
        agent_service: Optional[str] = None,
        _fixed_clock_ns: Optional[int] = None,
    ) -> None:
        """Starts tracing. What is not given here comes from the environment (`DD_…`).

        `ml_app`, or `agent_service`, its newer name, is the app by which traces are grouped.
        `agentless_enabled`: True sends to the intake of `site` with `api_key`, False through an
        agent; None finds out. `integrations_enabled` is taken for ddtrace's sake: nothing is
        patched.

        Already enabled, or with `DD_LLMOBS_ENABLED` set and false: nothing happens. A missing
        API key is logged, and spans are counted as dropped; nothing raises but a wrong argument
        (`LLMObsArgumentError`).
        """
        with cls._lock:
            if cls._tracer is not None or cls._starting:
                logger.debug("LLMObs is enabled already; this call changes nothing")
                return
            if _off("DD_LLMOBS_ENABLED"):
                logger.debug("LLMObs stays off: DD_LLMOBS_ENABLED says so")
                return
            cls._settings = {
                "ml_app": agent_service if agent_service is not None else ml_app,
                "agentless": agentless_enabled,
                "site": site,
                "api_key": api_key,
                "env": env,
                "service": service,
                "fixed_clock_ns": _fixed_clock_ns,
            }
            cls._start()
            if not cls._hooked:
                cls._hooked = True
                atexit.register(cls.disable)
                if hasattr(os, "register_at_fork"):
                    os.register_at_fork(after_in_child=cls._after_fork)

    @classmethod
    def _start(cls) -> None:
        cls._starting = True
        try:
            cls._tracer = Tracer(**cls._settings, listener=logger.warning)
        except LLMObsArgumentError:
            raise
        except LLMObsError as error:
            logger.warning("LLMObs stays off: %s", error)
        else:
            cls.enabled = True
        finally:
            cls._starting = False

    @classmethod
    def _after_fork(cls) -> None:
        """In a forked process: goes on with a tracer of its own.

        What the parent has not sent yet stays the parent's, and so do the spans open there.
        """
        forked()
        cls._lock = threading.RLock()
        if cls._tracer is not None:
            cls._tracer, cls.enabled = None, False
            cls._start()

    @classmethod
    def disable(cls) -> None:
        """Sends what has finished, for at most 2 s, and stops tracing. `enable()` starts anew.

        Runs by itself when the program ends. What is lost is counted and logged.
        """
        with cls._lock:
            tracer, cls._tracer, cls.enabled = cls._tracer, None, False
        if tracer is None:
            return
        try:
            tracer.shutdown(EXIT_TIMEOUT)
        finally:
            cls._last = tracer.statistics()
        dropped = cls._last["dropped"]
        if "shutdown" in dropped or "unfinished" in dropped:
            logger.warning(
                "%d spans could not be sent in time and %d were never finished: "
                "they are dropped and counted",
                dropped.get("shutdown", 0),
                dropped.get("unfinished", 0),
            )

    @classmethod
    def flush(cls, timeout: Optional[float] = None) -> FlushResult:
        """Sends what has finished and waits for that, at most `timeout` seconds (10 by default).

        Raises `LLMObsArgumentError` for a timeout that is no time.
        """
        tracer = cls._tracer
        if tracer is None:
            return _result(True, cls.statistics())
        return _result(*tracer.flush(FLUSH_TIMEOUT if timeout is None else timeout))

    @classmethod
    def statistics(cls) -> dict[str, Any]:
        """The counters, of the last tracer once it has stopped.

        `accepted` spans = `open` + `queued` + `in_flight` + `delivered` + the sum of `dropped`,
        which is a dict by reason. `annotations_rejected` and `warnings` count annotations.
        """
        tracer = cls._tracer
        if tracer is not None:
            return tracer.statistics()
        names = ("accepted", "open", "queued", "in_flight", "delivered")
        none = dict.fromkeys((*names, "annotations_rejected", "warnings", "bytes"), 0)
        return copy.deepcopy({**none, "dropped": {}, **cls._last})

    @classmethod
    def llm(
        cls,
        model_name: Optional[str] = None,
        name: Optional[str] = None,
        model_provider: Optional[str] = None,
        session_id: Optional[str] = None,
        ml_app: Optional[str] = None,
        agent_service: Optional[str] = None,
    ) -> Span:
        """Starts a span of one call of a model. The first argument is the model's name."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        return tracer.start(_LLM, name, session_id, app, model_name, model_provider)

    @classmethod
    def embedding(
        cls,
        model_name: Optional[str] = None,
        name: Optional[str] = None,
        model_provider: Optional[str] = None,
        session_id: Optional[str] = None,
        ml_app: Optional[str] = None,
        agent_service: Optional[str] = None,
    ) -> Span:
        """Starts a span of one call of an embedding model. The first argument is its name."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        return tracer.start(_EMBEDDING, name, session_id, app, model_name, model_provider)

    @classmethod
    def workflow(
        cls,
        name: Optional[str] = None,
        session_id: Optional[str] = None,
        ml_app: Optional[str] = None,
        agent_service: Optional[str] = None,
    ) -> Span:
        """Starts a span of a fixed sequence of steps."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        return tracer.start(_WORKFLOW, name, session_id, app)

    @classmethod
    def agent(
        cls,
        name: Optional[str] = None,
        session_id: Optional[str] = None,
        ml_app: Optional[str] = None,
        agent_service: Optional[str] = None,
    ) -> Span:
        """Starts a span of a sequence of steps that a model chooses."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        return tracer.start(_AGENT, name, session_id, app)

    @classmethod
    def tool(
        cls,
        name: Optional[str] = None,
        session_id: Optional[str] = None,
        ml_app: Optional[str] = None,
        agent_service: Optional[str] = None,
    ) -> Span:
        """Starts a span of one call of a program or service outside."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        return tracer.start(_TOOL, name, session_id, app)

    @classmethod
    def task(
        cls,
        name: Optional[str] = None,
        session_id: Optional[str] = None,
        ml_app: Optional[str] = None,
        agent_service: Optional[str] = None,
    ) -> Span:
        """Starts a span of one step inside the application."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        return tracer.start(_TASK, name, session_id, app)

    @classmethod
    def retrieval(
        cls,
        name: Optional[str] = None,
        session_id: Optional[str] = None,
        ml_app: Optional[str] = None,
        agent_service: Optional[str] = None,
    ) -> Span:
        """Starts a span of one search in a knowledge base."""
        tracer = cls._tracer
        if tracer is None:
            return NOOP_SPAN
        app = ml_app if agent_service is None else agent_service
        return tracer.start(_RETRIEVAL, name, session_id, app)

    @classmethod
    def annotate(
        cls,
        span: Optional[Span] = None,
        *,
        input_data: Any = None,
        output_data: Any = None,
        metadata: Optional[dict[str, Any]] = None,
        metrics: Optional[dict[str, Union[int, float]]] = None,
        tags: Optional[dict[str, Any]] = None,
    ) -> None:
        """Adds to a span, by default the current one.

        Input and output are replaced by each call; metadata, metrics and tags are merged by key.
        What they may be depends on the kind: messages for llm, documents for the input of
        embedding and the output of retrieval, any value otherwise.

        Raises `LLMObsArgumentError` for a wrong argument; then nothing of the call is kept.
        Without a span, or after it has finished, the annotation is counted in
        `annotations_rejected` and logged once.
        """
        tracer = cls._tracer
        if tracer is not None and span is not NOOP_SPAN:
            tracer.annotate(span, input_data, output_data, metadata, metrics, tags)

    @classmethod
    def export_span(cls, span: Optional[Span] = None) -> Optional[dict[str, str]]:
        """`{"span_id", "trace_id"}` of a span as they are sent, by default of the current one.

        Before and after it has finished; None if there is no span or tracing is off.
        """
        tracer = cls._tracer
        if tracer is None or span is NOOP_SPAN:
            return None
        return tracer.export_span(span)
