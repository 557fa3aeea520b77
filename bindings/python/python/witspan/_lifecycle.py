"""The life of tracing: enable, flush, disable, and what happens at a fork and at the end."""

from __future__ import annotations

import atexit
import math
import os
import sys
import threading

from . import _exit, _log
from ._errors import LLMObsArgumentError, LLMObsError
from ._processor import runner

# Not from `typing`, which takes longer to import than all of this package.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Any, ClassVar

    from ._flushed import FlushResult
    from ._native import Memory, Tracer
    from ._processor import Processor, Runner

# Seconds that `flush` waits unless it is told otherwise.
FLUSH_TIMEOUT = 10.0

# What calls import when they first need it. None of them may be a module that asks to be told of
# forks, as `logging` does: such a one must not be imported in a fork.
_IMPORTED_LATE = (
    *("copy", "json", "traceback"),
    *("witspan._flushed", "witspan._threads", "witspan._values"),
)

# Settings that no caller of `enable` gives.
_OWN = ("memory", "program", "source_link")
# Counters of spans that evaluations have not.
_MORE_COUNTERS = (
    *("open", "annotations_rejected", "warnings", "cut", "content_dropped"),
    *("evaluations_rejected", "bytes"),
)


def _switch_text() -> str:
    """What the environment says of tracing as a whole.

    The one variable that is read here, so that nothing is loaded where tracing is off.
    """
    return os.environ.get("DD_LLMOBS_ENABLED", "").strip().lower()


def _turned_off() -> bool:
    """Whether the environment turns tracing off. `test_off.py` has the core's rule beside this."""
    return _switch_text() not in ("", "1", "true")


def _switch(option: str) -> bool | None:
    """Whether the environment sets a switch, and says yes; None: it does not, or nobody can ask."""
    try:
        from ._native import switch
    except ImportError:
        return None
    return switch(option)


def _source_link() -> str | None:
    """What the metadata of the main package say of its sources, as ddtrace reads them."""
    try:
        from ._native import host_variable

        package = host_variable("main_package")
        if package is None:
            return None
        from importlib.metadata import metadata

        for line in metadata(package).get_all("Project-URL") or ():
            name, _, link = str(line).partition(", ")
            if name == "source_code_link":
                return link.strip()
    except Exception as error:
        _log.debug("the metadata of the main package cannot be read: %r", error)
    return None


def _seconds(given: float | None) -> float | None:
    """The seconds that `enable` was given as `exit_timeout`."""
    if given is None:
        return None
    accepted = "seconds, as a finite number from 0"
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        got = type(given).__name__
        raise LLMObsArgumentError(f"`exit_timeout` is of type {got}; accepted: {accepted}")
    if not (math.isfinite(given) and given >= 0):
        raise LLMObsArgumentError(f"`exit_timeout` is {given}; accepted: {accepted}")
    return float(given)


def _program() -> str | None:
    """The file or folder that was started, as ddtrace finds it: the first word of the command line
    that is there and is no installed command."""
    words: list[str] = getattr(sys, "argv", [])
    for word in words:
        if word[:1] in ("", "-") or "=" in word:
            continue
        path = os.path.abspath(word)
        folders = os.path.dirname(path).split(os.sep)
        command = os.path.isfile(path) and any(folder.endswith("bin") for folder in folders)
        if os.path.exists(path) and not command:
            return path
    return None


def _threads(given: bool | None, recording: bool, as_ddtrace: bool) -> str:
    """What takes the current span along: as was given, or as the environment says."""
    if given is not None and not isinstance(given, bool):
        got = type(given).__name__
        raise LLMObsArgumentError(f"`threads` is of type {got}; accepted: bool or None")
    if given is None and not recording:
        given = _switch("threads")
    if given is None:
        # ddtrace's users have one tree over executors, and a plain thread begins one of its own.
        return "executors" if as_ddtrace else ""
    return "all" if given else ""


class Lifecycle:
    """The one tracer of the process, and how it starts and ends."""

    enabled: ClassVar[bool] = False
    _tracer: ClassVar[Tracer | None] = None
    _last: ClassVar[dict[str, Any]] = {}
    # How the tracer was started, for that of a forked process.
    _settings: ClassVar[dict[str, Any]] = {}
    # Whether signals that end the process deliver before.
    _signals: ClassVar[bool] = False
    # What every tracer is given that starts: the function that looks at spans.
    _processor: ClassVar[Runner | None] = None
    # Reentrant: a handler of a log line or of a signal may come here in the midst of a call.
    _lock: ClassVar[AbstractContextManager[Any]] = threading.RLock()
    _starting: ClassVar[bool] = False
    # Whether the environment keeps tracing off, so that nothing need be remembered for later.
    _turned_off: ClassVar[bool] = False
    _hooked: ClassVar[bool] = False
    # Whether the tracer was started for the program, which has not said anything itself yet:
    # the settings of its first `enable` replace it.
    _provisional: ClassVar[bool] = False
    # Where everything stays that would be sent, while a test records.
    _memory: ClassVar[Memory | None] = None
    # What takes the current span along: "", "executors", or "all", which is plain threads too.
    _threads: ClassVar[str] = ""
    # Whether this stands in ddtrace's place, where executors do.
    _as_ddtrace: ClassVar[bool] = False
    # Whether it was said why tracing cannot be turned on: no native module, or a misread switch.
    _complained: ClassVar[bool] = False

    @classmethod
    def enable(
        cls,
        ml_app: str | None = None,
        integrations_enabled: bool = True,
        agentless_enabled: bool | None = None,
        instrumented_proxy_urls: set[str] | None = None,
        site: str | None = None,
        api_key: str | None = None,
        app_key: str | None = None,
        project_name: str | None = None,
        env: str | None = None,
        service: str | None = None,
        span_processor: Processor | None = None,
        sample_rate: float | None = None,
        agent_service: str | None = None,
        *,
        exit_timeout: float | None = None,
        handle_signals: bool | None = None,
        threads: bool | None = None,
        _auto: bool = False,
        _fixed_clock_ns: int | None = None,
        _limits: dict[str, int] | None = None,
    ) -> None:
        """Starts tracing. What is not given here comes from the environment (`DD_…`).

        `ml_app`, or `agent_service`, its newer name, is the app by which traces are grouped.
        `agentless_enabled`: True sends to the intake of `site` with `api_key`, False through an
        agent; None finds out. `span_processor` is as for `register_processor`. `sample_rate`, from
        0 to 1, is the share of traces that are marked as sampled. `integrations_enabled`,
        `instrumented_proxy_urls`, `app_key` and `project_name` are taken for ddtrace's sake:
        nothing is patched, and what they are for is not offered.

        `exit_timeout` is how many seconds the end of the program may wait for the last spans; by
        default `WITSPAN_EXIT_TIMEOUT`, else 2. With `handle_signals`, by default unless
        `WITSPAN_SIGNALS` says no, SIGTERM, SIGINT and SIGHUP deliver before they end the process,
        within the same time; the application's own handlers are left alone.

        With `threads`, by default if `WITSPAN_THREADS` says so, what a `ThreadPoolExecutor` (also
        asyncio's) or a plain `Thread` is given to do has the current span and the annotation
        contexts of where it was given. Until `disable()`, `ThreadPoolExecutor.submit` and
        `Thread.start` are replaced for that. `propagate` does it for one function.

        Enabled already: nothing happens; settings that differ are named in a warning. With
        `DD_LLMOBS_ENABLED` set and false, and where the native module cannot be loaded (a
        subinterpreter, another platform), tracing stays off. A missing API key is logged, and
        spans are counted as dropped; nothing raises but a wrong argument (`LLMObsArgumentError`).
        """
        cls._turned_off = cls._memory is None and _turned_off()
        if cls._turned_off:
            _log.debug("LLMObs stays off: DD_LLMOBS_ENABLED says so")
            cls._tell_of_a_misread_switch()
            return
        settings = {
            "ml_app": ml_app if agent_service is None or agent_service == "" else agent_service,
            "agentless": agentless_enabled,
            "site": site,
            "api_key": api_key,
            "env": env,
            "service": service,
            "sample_rate": sample_rate,
            "exit_timeout": _seconds(exit_timeout),
            "handle_signals": None if handle_signals is None else bool(handle_signals),
            "program": None if cls._memory or _fixed_clock_ns else _program(),
            "source_link": None if cls._memory else _source_link(),
            "fixed_clock_ns": _fixed_clock_ns,
            "limits": _limits,
            "memory": cls._memory,
        }
        with cls._lock:
            processor = None if span_processor is None else runner(span_processor)
            follows = _threads(threads, cls._memory is not None, cls._as_ddtrace)
            other = threads is not None and follows != cls._threads
            if cls._starting or (cls._tracer is not None and not cls._gives_way(settings, other)):
                return
            cls._settings = settings
            if processor is not None:
                cls._processor = processor
            cls._start()
            if cls._tracer is not None:
                cls._provisional = _auto
                cls._hook(cls._tracer.handle_signals)
                cls._follow(follows)

    @classmethod
    def _tell_of_a_misread_switch(cls) -> None:
        """Says so where tracing is off because of a value that means nothing, once a process."""
        if _switch_text() in ("0", "false") or cls._complained:
            return
        cls._complained = True
        try:
            from ._native import Tracer

            # It stays off, and has the sentence.
            Tracer(listener=_log.warning)
        except Exception as error:
            _log.debug("DD_LLMOBS_ENABLED was not understood: %r", error)

    @classmethod
    def _follow(cls, threads: str) -> None:
        """Has executors, or all threads, take the current span along, or none."""
        if threads or cls._threads:
            from ._threads import follow

            follow(threads != "", threads == "all")
        cls._threads = threads

    @classmethod
    def _gives_way(cls, settings: dict[str, Any], other_threads: bool) -> bool:
        """Whether the tracer that is there makes room for one with these settings, and did so.

        `other_threads`: what takes the current span along is to be something else, too.
        """
        given = {name: v for name, v in settings.items() if v is not None and name not in _OWN}
        if cls._provisional and cls._tracer is not None and not cls._tracer.statistics()["open"]:
            cls._provisional = False
            settings.update({**cls._settings, **given})
            cls._stop()
            return True
        differ = sorted(name for name, value in given.items() if cls._settings.get(name) != value)
        if other_threads:
            differ.append("threads")
        if differ:
            _log.warning(
                "LLMObs is enabled already: `%s` of another call of enable is ignored; call "
                "LLMObs.disable() before it",
                "`, `".join(differ),
            )
        else:
            _log.debug("LLMObs is enabled already: this call changes nothing")
        return False

    @classmethod
    def _hook(cls, signals: bool) -> None:
        """Has the last spans delivered, however the process ends."""
        if not cls._hooked:
            cls._hooked = True
            atexit.register(cls.disable)
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(
                    before=cls._before_fork,
                    after_in_parent=_log.after_fork_in_parent,
                    after_in_child=cls._after_fork,
                )
        _exit.join_multiprocessing(cls.disable)
        if cls._memory is not None:
            # What a test records is not sent: signals stay as they are.
            cls._signals = False
            return
        cls._signals = signals
        if signals:
            cls._catch_signals()
        else:
            _exit.release_signals()

    @classmethod
    def _catch_signals(cls) -> None:
        if cls._tracer is not None:
            _exit.catch_signals(cls._tracer, cls._tracer.exit_timeout)

    @classmethod
    def _start(cls) -> None:
        cls._starting = True
        try:
            from ._native import Tracer

            tracer = Tracer(**cls._settings, listener=_log.warning)
            # Before the first span can start.
            tracer.set_processor(cls._processor)
            cls._use(tracer)
        except ImportError as error:
            if not cls._complained:
                cls._complained = True
                _log.warning("LLMObs stays off: its native module cannot be loaded: %s", error)
        except LLMObsArgumentError:
            raise
        except Exception as error:
            # A defect of ours included: nothing of tracing may stop the application.
            cls._tracer, cls.enabled = None, False
            why = str(error) if isinstance(error, LLMObsError) else repr(error)
            _log.warning("LLMObs stays off: %s", why)
        finally:
            cls._starting = False

    @classmethod
    def _use(cls, tracer: Tracer | None) -> None:
        """Makes this the tracer of the process, or none.

        While there is one, native functions stand in the place of the calls that are made for
        every span.
        """
        from ._native import use_tracer

        cls._tracer, cls.enabled = tracer, tracer is not None
        use_tracer(cls, tracer)

    @classmethod
    def _before_fork(cls) -> None:
        """Imports what is imported late: in a process that was forked while another thread was in
        the midst of an import, that import never ends. Waits for the end of a line of the log."""
        if cls._tracer is not None:
            from importlib import import_module

            for name in _IMPORTED_LATE:
                import_module(name)
        _log.before_fork()

    @classmethod
    def _after_fork(cls) -> None:
        """In a forked process: goes on with a tracer of its own.

        What the parent has not sent yet stays the parent's, and so do the spans open there.
        """
        _log.after_fork_in_child()
        from ._native import forked

        forked()
        cls._lock = threading.RLock()
        if cls._tracer is not None:
            cls._use(None)
            cls._start()
            _exit.join_multiprocessing(cls.disable)
            if cls._signals:
                cls._catch_signals()

    @classmethod
    def register_processor(cls, processor: Processor | None = None) -> None:
        """Has a function look at every span before it is sent; `None`: no longer.

        It takes an `LLMObsSpan` and gives it back as it shall be sent, or None to drop it. It runs
        where the span is finished. It fails closed: if it raises, gives something else, or takes
        longer than 1 s, the span is sent without its content, which is counted as
        `content_dropped` and logged. It stays when tracing is enabled again. Spans that start
        inside it are not kept.

        What cannot be called fails with every span.
        """
        with cls._lock:
            cls._processor = None if processor is None else runner(processor)
            if cls._tracer is not None:
                cls._tracer.set_processor(cls._processor)

    @classmethod
    def disable(cls) -> None:
        """Sends what has finished, for at most `exit_timeout`, and stops tracing.

        Runs by itself when the program ends. What is lost is counted and logged. `enable()` starts
        again.
        """
        try:
            stopped = cls._stop()
        finally:
            cls._follow("")
            if cls._memory is None:
                _exit.release_signals()
        if stopped is None:
            return
        dropped = cls._last["dropped"]
        if "shutdown" in dropped or "unfinished" in dropped:
            stopped.tell_ended(dropped.get("shutdown", 0), dropped.get("unfinished", 0))

    @classmethod
    def _stop(cls) -> Tracer | None:
        """Sends what has finished and ends the tracer, if there is one."""
        with cls._lock:
            tracer = cls._tracer
            if tracer is None:
                return None
            cls._use(None)
        try:
            tracer.shutdown(tracer.exit_timeout)
        finally:
            cls._last = tracer.statistics()
        return tracer

    @classmethod
    def flush(cls, timeout: float | None = None) -> FlushResult:
        """Sends what has finished and waits for that, at most `timeout` seconds (10 by default).

        Raises `LLMObsArgumentError` for a timeout that is no time.
        """
        from ._flushed import NOTHING, flushed

        tracer = cls._tracer
        if tracer is None:
            return flushed(True, cls.statistics()) if cls._last else NOTHING
        return flushed(*tracer.flush(FLUSH_TIMEOUT if timeout is None else timeout))

    @classmethod
    def statistics(cls) -> dict[str, Any]:
        """The counters, of the last tracer once it has stopped.

        `accepted` spans = `open` + `queued` + `in_flight` + `delivered` + the sum of `dropped`,
        which is a dict by reason. `cut` spans were too long, `content_dropped` ones were sent
        without their content because the processor failed. `evaluations` is a dict of the same
        counters for evaluations and feedbacks. `annotations_rejected` and `evaluations_rejected`
        count wrong calls, `warnings` what was accepted but changed.
        """
        tracer = cls._tracer
        if tracer is not None:
            return tracer.statistics()
        counters: dict[str, Any] = dict.fromkeys(
            ("accepted", "queued", "in_flight", "delivered"), 0
        )
        none = {**counters, **dict.fromkeys(_MORE_COUNTERS, 0), "dropped": {}}
        none["evaluations"] = {**counters, "dropped": {}}
        if not cls._last:
            return none
        import copy

        return copy.deepcopy({**none, **cls._last})
