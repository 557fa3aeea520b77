"""Threads and executors that take along what is current, where that was asked for.

Nothing is replaced before that, and `release` puts back what was there. What else the program has
put around it by then stays; ours does nothing any more.
"""

from __future__ import annotations

import functools
import threading
from typing import Any, Callable

from ._errors import LLMObsArgumentError

# Whose threads are kept for the work of others: what was current where the first of it came is not
# to be current for the rest.
_POOLS = ("concurrent.futures", "multiprocessing")


class _Place:
    """A method of Python's that ours stands for."""

    def __init__(self, owner: type, name: str, take_along: Callable[..., Any]) -> None:
        self.owner, self.name = owner, name
        self.original: Any = owner.__dict__[name]
        self.on = True

        @functools.wraps(self.original)
        def ours(*args: Any, **kwargs: Any) -> Any:
            if self.on:
                args = take_along(*args)
            return self.original(*args, **kwargs)

        self.ours = ours
        setattr(owner, name, ours)

    def release(self) -> None:
        self.on = False
        if self.owner.__dict__.get(self.name) is self.ours:
            setattr(self.owner, self.name, self.original)


_places: list[_Place] = []


def follow(executors: bool, threads: bool) -> None:
    """Has executors, and plain threads, take along what is current where they are given work."""
    release()
    if executors or threads:
        from concurrent.futures import ThreadPoolExecutor

        _places.append(_Place(ThreadPoolExecutor, "submit", _submitted))
    if threads:
        _places.append(_Place(threading.Thread, "start", _started))


def release() -> None:
    """Undoes that."""
    while _places:
        _places.pop().release()


def _submitted(*args: Any) -> tuple[Any, ...]:
    # Also `map` and asyncio's `run_in_executor` come here.
    if len(args) < 2 or not callable(args[1]) or _is_of(args[0], "concurrent.futures.interpreter"):
        return args
    from ._native import propagated

    return (args[0], propagated(args[1]), *args[2:])


def _started(*args: Any) -> tuple[Any, ...]:
    thread = args[0] if args else None
    # One that has started already is refused by Python.
    if isinstance(thread, threading.Thread) and thread.ident is None and not _is_kept(thread):
        from ._native import propagated

        # The public place where a thread's work is found, also in a subclass of the program.
        run = thread.run
        function = propagated(run, thread)
        if function is not run:
            thread.run = function  # type: ignore[method-assign]
    return args


def _is_kept(thread: threading.Thread) -> bool:
    target: Any = getattr(thread, "_target", None)
    return _is_of(thread, *_POOLS) or str(getattr(target, "__module__", "")).startswith(_POOLS)


def _is_of(instance: object, *modules: str) -> bool:
    return any(str(each.__module__).startswith(modules) for each in type(instance).__mro__)


def propagate(function: Any) -> Any:
    """What `LLMObs.propagate` makes of a function while tracing is on."""
    from ._native import propagated

    if not callable(function):
        got = type(function).__name__
        raise LLMObsArgumentError(f"`func` is of type {got}; accepted: a function")
    return propagated(function)


def plain(function: Any) -> Any:
    """What is left of a function that took something along, when it is pickled: the function."""
    return function
