"""How the last spans get out when a process ends in ways that `atexit` does not see.

Two ways: a signal that ends the process, and a child of `multiprocessing`, which ends without it.
"""

from __future__ import annotations

import os
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable

    #: Sends what has finished, within the exit deadline. Takes no arguments and does not raise.
    Deliver = Callable[[], None]

# After the finalizers of the application, which may make spans.
_LAST = -100

_handler: Callable[[int, FrameType | None], None] | None = None


def catch_signals(deliver: Deliver) -> None:
    """Delivers at SIGTERM and SIGINT where these would end the process at once.

    That is where their handler is the system's own. Python's own handler of SIGINT raises
    KeyboardInterrupt, which comes to `atexit`; the application's are its own business, and
    replace ours if they are set later. Does nothing on Windows, which has no such signals, and
    outside the main thread, where Python cannot set handlers.
    """
    global _handler
    if os.name == "nt" or threading.current_thread() is not threading.main_thread():
        return
    import signal

    def ends(number: int, frame: FrameType | None) -> None:
        # From here on the signal does what it would have done. A second one does not wait.
        signal.signal(number, signal.SIG_DFL)
        deliver()
        os.kill(os.getpid(), number)
        # Still here: the first process of a container is not ended by its own signals.
        signal.signal(number, ends)

    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, ends)
            _handler = ends


def release_signals() -> None:
    """Undoes `catch_signals` where its handlers are still set."""
    global _handler
    ours, _handler = _handler, None
    if ours is None or threading.current_thread() is not threading.main_thread():
        return
    import signal

    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is ours:
            signal.signal(number, signal.SIG_DFL)


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
