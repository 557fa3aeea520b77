"""How the last spans get out when a process ends in ways that `atexit` does not see.

Two ways: a signal that ends the process, and a child of `multiprocessing`, which ends without it.
"""

from __future__ import annotations

import os
import sys

from . import _log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ._native import Tracer

    #: Sends what has finished, within the exit deadline. Takes no arguments and does not raise.
    Deliver = Callable[[], None]

# After the finalizers of the application, which may make spans.
_LAST = -100

_caught = False


def catch_signals(tracer: Tracer, timeout: float) -> None:
    """Delivers at SIGTERM, SIGINT and SIGHUP where these would end the process at once.

    That is where their handler is the system's own, now or later. Python's own handler of SIGINT
    raises KeyboardInterrupt, which comes to `atexit`; the application's are its own business, and
    replace ours if they are set later. Does nothing on Windows, which has no such signals.
    """
    global _caught
    if os.name == "nt":
        return
    _caught = True
    try:
        tracer.catch_signals(timeout)
    except Exception as error:
        _log.warning(
            "no handler can be set for SIGTERM, SIGINT and SIGHUP (%s): if one of them ends this "
            "process, the spans of its last second are lost; call LLMObs.flush() before, or leave "
            "signals alone with LLMObs.enable(handle_signals=False)",
            error,
        )


def release_signals() -> None:
    """Undoes `catch_signals`. Does not come back while a signal is ending the process."""
    global _caught
    if _caught:
        from ._native import release_signals

        _caught = False
        release_signals()


class _Children:
    """What `multiprocessing` keeps a weak reference to: it asks for an object."""

    def __init__(self, deliver: Deliver) -> None:
        self.deliver = deliver


_children: _Children | None = None


def join_multiprocessing(deliver: Deliver) -> None:
    """Delivers at the end of a child of `multiprocessing`; called where tracing starts.

    Its children end by `os._exit`, after `multiprocessing`'s own finalizers. Where the module was
    never imported nothing happens: a child has it before it runs any code of the application.
    """
    global _children
    util: Any = sys.modules.get("multiprocessing.util")
    process: Any = sys.modules.get("multiprocessing.process")
    if util is None or process is None:
        return

    def at_the_end(children: _Children) -> None:
        util.Finalize(None, children.deliver, exitpriority=_LAST)

    if _children is None:
        _children = _Children(deliver)
        # A child forgets all finalizers when it begins, then calls this.
        util.register_after_fork(_children, at_the_end)
    if process.parent_process() is not None:
        # It may have begun already.
        at_the_end(_children)
