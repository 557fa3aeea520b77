"""Child processes that never outlive the demo: not on an error, Ctrl-C, or the time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

if sys.platform == "win32":
    raise SystemExit("the demo needs process groups: Linux or macOS")

STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
SECONDS_TO_END = 3.0


class Stopped(BaseException):
    """A signal asked for the end. No `except Exception` may hold it up."""

    def __init__(self, number: int) -> None:
        self.number = signal.Signals(number)
        super().__init__(self.number.name)


class Processes:
    """Starts children, each in a process group of its own, and ends them all."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
        self._starting = False
        self._signal: int | None = None

    def start(
        self, command: Sequence[str], env: Mapping[str, str], folder: Path, log: Path
    ) -> subprocess.Popen[bytes]:
        """Runs `command` in `folder`, with all it prints in `log`."""
        # A signal between the fork and the note of it would leave a child that nobody knows.
        self._starting = True
        try:
            with log.open("wb") as output:
                child = subprocess.Popen(
                    command,
                    env=env,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            self._children.append(child)
        finally:
            self._starting = False
        if self._signal is not None:
            raise Stopped(self._signal)
        return child

    def stop(self, number: int, _frame: FrameType | None) -> None:
        """Handles a signal: raises Stopped, at once or when the child that starts is noted."""
        _ignore_signals()
        if self._starting:
            self._signal = number
        else:
            raise Stopped(number)

    def end(self) -> None:
        """Ends every process group: first politely, then at once."""
        for child in self._children:
            _signal_group(child, signal.SIGTERM)
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(SECONDS_TO_END)
            # Also after a normal end: what a child started itself may still run.
            _signal_group(child, signal.SIGKILL)
            child.wait()
        self._children.clear()


@contextlib.contextmanager
def supervised(seconds: int) -> Iterator[Processes]:
    """Processes that have ended when the block is left, at the latest after `seconds`."""
    processes = Processes()
    former = {number: signal.signal(number, processes.stop) for number in STOPPED_BY}
    signal.alarm(seconds)
    try:
        yield processes
    finally:
        try:
            _ignore_signals()
        finally:
            processes.end()
        signal.alarm(0)
        for number, handler in former.items():
            signal.signal(number, handler)


def without_the_network(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which children find no credentials and no way past loopback."""
    names = {
        name: value
        for name, value in environment.items()
        if not name.upper().startswith(("DD_", "_DD_", "OPENAI_", "OTEL_", "OTLP_"))
        and not name.upper().endswith("_PROXY")
    }
    # Port 9 answers nobody: what honours a proxy and asks for another host fails at once.
    for scheme in ("http_proxy", "https_proxy", "all_proxy"):
        names[scheme] = names[scheme.upper()] = "http://127.0.0.1:9"
    names["no_proxy"] = names["NO_PROXY"] = "127.0.0.1,localhost"
    return names


def _ignore_signals() -> None:
    # A second Ctrl-C must not cut the ending short.
    for number in STOPPED_BY:
        signal.signal(number, signal.SIG_IGN)


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
