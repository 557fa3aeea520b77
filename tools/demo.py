"""The demo: a real program, a real receiver, and the trace between them.

Starts Datadog's local receiver, runs `examples/python/agent.py` against it, reads the trace back
and prints it. Exits with 0 only if every span that the program made arrived exactly once, with
the parent, kind and trace that the program states. All of it stays on loopback.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import demo_check
import demo_tree
from demo_processes import Processes, Stopped, supervised, without_the_network
from demo_receiver import Receiver, Span

ROOT = Path(__file__).resolve().parents[1]
TIME_LIMIT = 120
LINES_OF_LOG = 25


class Failed(Exception):
    """The demo cannot go on. `log` may say why."""

    def __init__(self, reason: str, log: Path | None = None) -> None:
        super().__init__(reason)
        self.log = log


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="end when the trace is checked (so far: always)"
    )
    parser.parse_args()
    try:
        # The later is left first: the processes end before their folder goes.
        temporary = tempfile.TemporaryDirectory(prefix="witspan-demo-")
        with temporary as folder, supervised(TIME_LIMIT) as processes:
            return run(processes, Path(folder).resolve())
    except Stopped as stopped:
        late = stopped.number == signal.SIGALRM
        say(f"time limit of {TIME_LIMIT} s reached" if late else f"stopped by {stopped}")
        return 1 if late else 128 + stopped.number


def run(processes: Processes, folder: Path) -> int:
    """All steps. What is in `folder` is gone afterwards."""
    try:
        with step("start the receiver (lapdog)") as note:
            receiver = Receiver(processes, folder)
            try:
                receiver.wait_until_ready()
            except subprocess.CalledProcessError as error:
                raise Failed(str(error), receiver.log) from error
            note(receiver.url)
        with step("run examples/python/agent.py") as note:
            made = run_agent(processes, folder, receiver.url)
            note(f"{len(made)} spans made")
        trace_id = made[0]["trace_id"] if made else ""
        with step("read the trace back") as note:
            raw, shown = read_back(receiver, made, trace_id)
            note(f"{len(raw)} spans received")
    except Failed as error:
        say(str(error))
        if error.log is not None:
            lines = error.log.read_text(errors="replace").splitlines()
            print("\n".join(lines[-LINES_OF_LOG:]))
        return 1

    print(f"\ntrace {trace_id}\n")
    demo_tree.show(shown)
    print()
    found = demo_check.complaints(made, raw, shown)
    for complaint in found:
        say(complaint)
    if found:
        say(f"failed: {len(made)} spans made, {len(found)} complaints")
        return 1
    say(f"{demo_check.at_once(shown)} siblings ran at the same time, 1 error was recovered from")
    say(f"{len(made)} spans made, {len(made)} arrived once with the right parent, kind and trace")
    return 0


def run_agent(processes: Processes, folder: Path, receiver: str) -> list[Span]:
    """Runs the example to its end; gives the spans that it says it made."""
    manifest, log = folder / "manifest.json", folder / "agent.log"
    env = without_the_network(os.environ)
    env |= {
        "DD_TRACE_AGENT_URL": receiver,
        "DD_LLMOBS_AGENTLESS_ENABLED": "0",
        "DD_LLMOBS_ML_APP": "docs-agent",
        "DD_ENV": "demo",
        "WITSPAN_DEMO_MANIFEST": str(manifest),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, str(ROOT / "examples/python/agent.py"), "--session", "demo-session"]
    # No time limit of its own: the alarm of `supervised` ends the wait.
    status = processes.start(command, env, folder, log).wait()
    if status != 0:
        raise Failed(f"the example ended with status {status}", log)
    try:
        made: list[Span] = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failed(f"the example left no manifest: {error}", log) from error
    return made


def read_back(
    receiver: Receiver, made: list[Span], trace_id: str
) -> tuple[list[Span], dict[str, Span]]:
    """Every span as it was sent, and the trace as the receiver shows it.

    The program has flushed and ended, so nothing more is on its way: one reading is enough, and
    a span that is missing now is lost.
    """
    try:
        raw = receiver.raw_spans()
        shown = receiver.trace(trace_id) if raw else {}
        # The trace has times in milliseconds; what was sent has them in nanoseconds.
        start = {span["span_id"]: span["start_ns"] for span in raw}
        return raw, {key: {**span, "start_ns": start[key]} for key, span in shown.items()}
    except (OSError, ValueError, KeyError) as error:
        raise Failed(f"the receiver's answer cannot be read: {error!r}", receiver.log) from error


@contextlib.contextmanager
def step(title: str) -> Iterator[Callable[[str], None]]:
    """Says what is done and how long it took, with what `note` is given."""
    notes: list[str] = []
    began = time.perf_counter()
    try:
        yield notes.append
    except BaseException:
        notes.append("failed")
        raise
    finally:
        seconds = time.perf_counter() - began
        say(f"{title:<30} {seconds:6.2f} s  {', '.join(notes)}")


def say(text: str) -> None:
    print(f"demo: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
