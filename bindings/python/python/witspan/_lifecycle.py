"""The life of tracing: enable, flush, disable, and what happens at a fork and at the end."""

import atexit
import copy
import logging
import os
import threading
from contextlib import AbstractContextManager
from typing import Any, ClassVar, NamedTuple, Optional

from ._native import LLMObsArgumentError, LLMObsError, Tracer, forked
from ._processor import Processor, Runner, runner

logger = logging.getLogger("witspan")

# Seconds that the end of the program may wait for the last spans.
EXIT_TIMEOUT = 2.0
# Seconds that `flush` waits unless it is told otherwise.
FLUSH_TIMEOUT = 10.0

# Counters of spans that evaluations have not.
_MORE_COUNTERS = (
    *("open", "annotations_rejected", "warnings", "cut", "withheld"),
    *("evaluations_rejected", "bytes"),
)


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


class Lifecycle:
    """The one tracer of the process, and how it starts and ends."""

    enabled: ClassVar[bool] = False
    _tracer: ClassVar[Optional[Tracer]] = None
    _last: ClassVar[dict[str, Any]] = {}
    # How the tracer was started, for that of a forked process.
    _settings: ClassVar[dict[str, Any]] = {}
    # What every tracer is given that starts: the function that looks at spans.
    _processor: ClassVar[Optional[Runner]] = None
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
        span_processor: Optional[Processor] = None,
        sample_rate: Optional[float] = None,
        agent_service: Optional[str] = None,
        _fixed_clock_ns: Optional[int] = None,
        _limits: Optional[dict[str, int]] = None,
    ) -> None:
        """Starts tracing. What is not given here comes from the environment (`DD_…`).

        `ml_app`, or `agent_service`, its newer name, is the app by which traces are grouped.
        `agentless_enabled`: True sends to the intake of `site` with `api_key`, False through an
        agent; None finds out. `integrations_enabled` is taken for ddtrace's sake: nothing is
        patched. `span_processor` is as for `register_processor`. `sample_rate`, from 0 to 1, is
        the share of traces that are marked as sampled.

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
            processor = None if span_processor is None else runner(span_processor)
            cls._settings = {
                "ml_app": agent_service if agent_service is not None else ml_app,
                "agentless": agentless_enabled,
                "site": site,
                "api_key": api_key,
                "env": env,
                "service": service,
                "sample_rate": sample_rate,
                "fixed_clock_ns": _fixed_clock_ns,
                "limits": _limits,
            }
            if processor is not None:
                cls._processor = processor
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
            tracer = Tracer(**cls._settings, listener=logger.warning)
            # Before the first span can start.
            tracer.set_processor(cls._processor)
        except LLMObsArgumentError:
            raise
        except LLMObsError as error:
            logger.warning("LLMObs stays off: %s", error)
        else:
            cls._tracer, cls.enabled = tracer, True
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
    def register_processor(cls, processor: Optional[Processor] = None) -> None:
        """Has a function look at every span before it is sent; `None`: no longer.

        It takes an `LLMObsSpan` and gives it back as it shall be sent, or None to drop it. It runs
        where the span is finished. It fails closed: if it raises, gives something else, or takes
        longer than 1 s, the span is sent without its content, which is counted as `withheld` and
        logged. It is kept when tracing is enabled anew. Spans that start inside it are not kept.

        Raises `LLMObsArgumentError` for what cannot be called.
        """
        with cls._lock:
            cls._processor = None if processor is None else runner(processor)
            if cls._tracer is not None:
                cls._tracer.set_processor(cls._processor)

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
        which is a dict by reason. `cut` spans were too long, `withheld` ones were sent without
        their content because the processor failed. `evaluations` is a dict of the same counters
        for evaluations and feedbacks. `annotations_rejected` and `evaluations_rejected` count
        wrong calls, `warnings` what was accepted but changed.
        """
        tracer = cls._tracer
        if tracer is not None:
            return tracer.statistics()
        tally: dict[str, Any] = dict.fromkeys(("accepted", "queued", "in_flight", "delivered"), 0)
        none = {**tally, **dict.fromkeys(_MORE_COUNTERS, 0), "dropped": {}}
        none["evaluations"] = {**tally, "dropped": {}}
        return copy.deepcopy({**none, **cls._last})
