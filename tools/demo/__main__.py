"""The demo: a real program in every language that is built, and its trace on a page to look at.

Starts the local intake, runs the programs against it, prints the trace, and leaves the intake
running until Ctrl-C. With `--check` it ends by itself, and a receiver that is not ours stands
behind the intake (`--forward`), so that what arrived is also read by code of others. It succeeds
only if every span that a program made arrived exactly once, with the parent, kind and trace that
the program states, and if the traces of all languages are the same. All of it stays on loopback.
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

import build_go_example
import golang
import npm

from . import check as checks
from .compare import differences
from .intake import Intake, built
from .processes import Processes, Stopped, supervised, without_the_network
from .receiver import Receiver, Span

ROOT = Path(__file__).resolve().parents[2]
TIME_LIMIT = 120
#: The agent in each language that is built; all make the same trace.
LANGUAGES = {
    "Python": [sys.executable, str(ROOT / "examples/python/agent.py")],
    "Rust": [str(built("intake", "witspan-example"))],
    "JavaScript": [npm.node(), str(ROOT / "examples/javascript/agent.js")],
    "Go": [str(build_go_example.program())],
}
#: Languages that this machine has not, and why not.
LEFT_OUT: dict[str, str] = {}
if missing := golang.missing():
    LEFT_OUT["Go"] = missing
    del LANGUAGES["Go"]
SESSION = ["--session", "demo-session"]
LINES_OF_LOG = 25


class Failed(Exception):
    """The demo cannot go on. `log` may say why."""

    def __init__(self, reason: str, log: Path | None = None) -> None:
        super().__init__(reason)
        self.log = log


def main() -> int:
    parser = argparse.ArgumentParser("just demo", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="check against a receiver that is not ours, and end"
    )
    check = parser.parse_args().check
    try:
        # The later is left first: the processes end before their folder goes.
        temporary = tempfile.TemporaryDirectory(prefix="witspan-demo-")
        with temporary as folder, supervised(TIME_LIMIT) as processes:
            return run(processes, Path(folder).resolve(), check)
    except Stopped as stopped:
        late = stopped.number == signal.SIGALRM
        say(f"time limit of {TIME_LIMIT} s reached" if late else f"stopped by {stopped}")
        return 1 if late else 128 + stopped.number


def run(processes: Processes, folder: Path, check: bool) -> int:
    """All steps. What is in `folder` is gone afterwards."""
    receiver = None
    try:
        if check:
            with step("start another's receiver") as note:
                receiver = Receiver(processes, folder)
                try:
                    receiver.wait_until_ready()
                except subprocess.CalledProcessError as error:
                    raise Failed(str(error), receiver.log) from error
                note(receiver.url)
        with step("start the local intake") as note:
            try:
                intake = Intake(processes, folder, receiver.url if receiver else None)
            except (OSError, subprocess.CalledProcessError) as error:
                raise Failed(str(error), folder / "intake.log") from error
            note(intake.url)
        for language, why in LEFT_OUT.items():
            say(f"the agent in {language} is left out: {why}")
        found = []
        traces: dict[str, list[Span]] = {}
        for language, command in LANGUAGES.items():
            with step(f"run the agent in {language}") as note:
                made = run_agent(processes, folder, intake.url, [*command, *SESSION])
                note(f"{len(made)} spans made")
            trace_id = made[0]["trace_id"] if made else ""
            with step("read the trace back") as note:
                raw, shown = read_back(intake, receiver, trace_id, list(traces.values()))
                note(f"{len(raw)} spans received")
            complaints = checks.complaints(made, raw, shown)
            first = next(iter(traces), None)
            unlike = differences(traces[first], raw) if first else []
            complaints += [f"unlike the trace from {first}: {each}" for each in unlike]
            traces[language] = raw
            # Where all are the same, one tree is enough to look at.
            if unlike or not first:
                print(flush=True)
                intake.show(trace_id)
                print()
                ran = checks.at_once(shown)
                say(f"{ran} siblings ran at the same time, 1 error was recovered")
            if not complaints:
                say(
                    f"{len(made)} spans made, {len(made)} arrived once with the right parent, kind "
                    "and trace"
                )
            if first and not unlike:
                say(f"the trace from {language} is the same as the one from {first}")
            found += [f"{language}: {complaint}" for complaint in complaints]
    except Failed as error:
        say(str(error))
        if error.log is not None and error.log.exists():
            lines = error.log.read_text(errors="replace").splitlines()
            print("\n".join(lines[-LINES_OF_LOG:]))
        return 1
    for complaint in found:
        say(complaint)
    if found:
        say(f"failed: {len(found)} complaints")
        return 1
    if not check:
        linger(intake, traces)
    return 0


def linger(intake: Intake, traces: dict[str, list[Span]]) -> None:
    """Leaves the intake running until Ctrl-C, or until it ends by itself."""
    signal.alarm(0)
    ids = {language: spans[0]["trace_id"] for language, spans in traces.items()}
    for language, trace_id in ids.items():
        say(f"look at it, from {language}: {intake.url}/trace/{trace_id}")
    one, other = list(ids.values())[:2]
    say(f"side by side: {intake.url}/compare/{one}/{other}")
    say("the intake runs until Ctrl-C; send it more: DD_TRACE_AGENT_URL=" + intake.url)
    with contextlib.suppress(Stopped):
        intake.process.wait()


def run_agent(processes: Processes, folder: Path, receiver: str, command: list[str]) -> list[Span]:
    """Runs the example to its end; gives the spans that it says it made."""
    manifest, log = folder / "manifest.json", folder / "agent.log"
    manifest.unlink(missing_ok=True)
    env = without_the_network(os.environ)
    env |= {
        "DD_TRACE_AGENT_URL": receiver,
        "DD_LLMOBS_AGENTLESS_ENABLED": "0",
        "DD_LLMOBS_ML_APP": "docs-agent",
        "DD_ENV": "demo",
        # Else a program in Python is called by its folder, which is another's in another language.
        "DD_SERVICE": "docs-agent",
        "WITSPAN_DEMO_MANIFEST": str(manifest),
        "PYTHONUNBUFFERED": "1",
        # The stand-in for a model is started as `python3`, which elsewhere may be too old, or none.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")]),
    }
    # No time limit of its own: the alarm of `supervised` ends the wait.
    try:
        status = processes.start(command, env, folder, log).wait()
    except OSError as error:
        raise Failed(f"the example cannot be started: {error}") from error
    if status != 0:
        raise Failed(f"the example ended with status {status}", log)
    try:
        made: list[Span] = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failed(f"the example left no manifest: {error}", log) from error
    return made


def read_back(
    intake: Intake, receiver: Receiver | None, trace_id: str, earlier: list[list[Span]]
) -> tuple[list[Span], dict[str, Span]]:
    """Every span as it was sent since the `earlier` traces, and the trace as the intake shows it.

    The program has flushed and ended, so nothing more is on its way: one reading is enough, and
    a span that is missing now is lost.
    """
    try:
        if receiver is not None:
            intake.forwarded()
            known = {span["trace_id"] for trace in earlier for span in trace}
            raw = [span for span in receiver.raw_spans() if span["trace_id"] not in known]
        else:
            raw = intake.raw_spans(trace_id)
        return raw, intake.trace(trace_id)
    except (OSError, ValueError, KeyError) as error:
        raise Failed(f"an answer cannot be read: {error!r}", intake.log) from error


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
