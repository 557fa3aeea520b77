"""The end of a program, forks and signals: each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from python_support import Receiver, Run, within

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such exit codes")

QUEUED = """
    import sys
    from witspan import LLMObs
    LLMObs.enable(ml_app="app")
    for n in range(300):
        with LLMObs.task(name=str(n)):
            LLMObs.annotate(input_data=n)
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("", 0),
        ("sys.exit(0)", 0),
        ("sys.exit(3)", 3),
        ("raise ValueError('by exception')", 1),
        ("LLMObs.disable(); LLMObs.disable()", 0),
        pytest.param("raise KeyboardInterrupt", -signal.SIGINT, marks=posix),
    ],
)
def test_spans_in_the_queue_arrive_however_the_program_ends(
    receiver: Receiver, run: Run, end: str, code: int
) -> None:
    done = run(QUEUED + f"    {end}\n")
    assert done.returncode == code, done.stderr
    # In any order: traces live in several instances of the core.
    assert sorted(int(event["name"]) for event in receiver.events) == list(range(300))
    assert "panicked" not in done.stderr and "Fatal" not in done.stderr


def test_an_exception_ends_the_spans_around_it_and_they_arrive(receiver, run: Run) -> None:
    done = run("""
        from witspan import LLMObs
        from witspan.decorators import workflow
        LLMObs.enable()

        @workflow
        def main():
            with LLMObs.task(name="inner"):
                raise ValueError("the end")

        main()
    """)
    assert done.returncode == 1
    assert "ValueError: the end" in done.stderr
    assert [event["status"] for event in receiver.events] == ["error", "error"]


def test_threads_that_still_run_at_the_end_are_waited_for_by_python(receiver, run: Run) -> None:
    done = run("""
        import threading, time
        from witspan import LLMObs
        LLMObs.enable()

        def work():
            with LLMObs.task(name="late"):
                time.sleep(0.2)

        threading.Thread(target=work).start()
    """)
    assert done.returncode == 0, done.stderr
    assert [event["name"] for event in receiver.events] == ["late"]


def test_a_receiver_that_is_not_there_delays_the_end_by_2_s_at_most(run: Run) -> None:
    began = time.monotonic()
    idle = run("import witspan")
    without = time.monotonic() - began

    nobody = "http://127.0.0.1:9"
    done = within(without + 2.8, lambda: run(QUEUED, DD_LLMOBS_OVERRIDE_ORIGIN=nobody))
    assert (idle.returncode, done.returncode) == (0, 0), done.stderr
    # Python shows warnings even if the program did not set up logging.
    assert "could not be reached" in done.stderr
    assert "300 spans could not be sent in time" in done.stderr


def test_a_receiver_that_hangs_delays_the_end_by_2_s_at_most(receiver, run: Run) -> None:
    receiver.delay = 20
    done = within(4, lambda: run(QUEUED))
    assert done.returncode == 0, done.stderr
    assert "300 spans could not be sent in time" in done.stderr


def test_spans_that_are_collected_while_the_interpreter_ends_do_no_harm(receiver, run) -> None:
    done = run("""
        import sys, threading, contextvars
        from witspan import LLMObs
        LLMObs.enable()

        class Holder:
            def __del__(self):
                # Runs when modules are cleared: tracing is off, the module may be gone.
                self.span.set_exc_info(ValueError, ValueError("x"), None)
                self.span.finish()

        kept = Holder()
        kept.span = LLMObs.workflow(name="open")
        sys.modules["keep"] = kept
        cycle = [LLMObs.task(name="in a cycle")]
        cycle.append(cycle)

        def forever():
            while True:
                with LLMObs.task(name="daemon"):
                    LLMObs.annotate(input_data="x")

        threading.Thread(target=forever, daemon=True).start()
    """)
    assert done.returncode == 0, done.stderr
    assert "2 spans did not finish" in done.stderr


def test_without_enable_the_end_is_silent(receiver: Receiver, run: Run) -> None:
    done = run("""
        from witspan import LLMObs
        span = LLMObs.workflow()
        span.finish()
    """)
    assert (done.returncode, done.stderr, receiver.requests) == (0, "", [])


def test_importing_starts_nothing(run: Run) -> None:
    done = run("""
        import sys, threading
        import witspan, witspan.decorators
        assert threading.active_count() == 1
        assert "asyncio" not in sys.modules
    """)
    assert (done.returncode, done.stderr) == (0, "")


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@forks
def test_a_forked_process_sends_its_own_spans_and_only_those(receiver, run: Run) -> None:
    done = run("""
        import os, sys
        from witspan import LLMObs
        LLMObs.enable(ml_app="app")
        LLMObs.task(name="queued before").finish()
        with LLMObs.workflow(name="open at the fork") as span:
            pid = os.fork()
            if pid == 0:
                # What was open belongs to the parent.
                LLMObs.annotate(span, tags={"from": "child"})
                span.finish()
                with LLMObs.task(name="in the child"):
                    LLMObs.task(name="below").finish()
                flushed = LLMObs.flush()
                sys.stderr.flush()
                os._exit(0 if flushed.delivered == 2 and flushed.settled else 1)
            _, status = os.waitpid(pid, 0)
            assert status == 0
        LLMObs.disable()
        assert LLMObs.statistics()["delivered"] == 2
    """)
    assert done.returncode == 0, done.stderr
    events = {event["name"]: event for event in receiver.events}
    assert len(receiver.events) == len(events) == 4
    assert set(events) == {"queued before", "open at the fork", "in the child", "below"}
    assert events["in the child"]["parent_id"] == "undefined"
    assert events["below"]["parent_id"] == events["in the child"]["span_id"]
    assert "from:child" not in events["open at the fork"]["tags"]
    assert "ml_app:app" in events["in the child"]["tags"]


@forks
def test_worker_processes_have_ids_of_their_own(receiver: Receiver, run: Run) -> None:
    done = run("""
        import multiprocessing
        from witspan import LLMObs
        from witspan.decorators import task

        @task
        def work(n):
            return n

        def job(n):
            work(n)
            assert LLMObs.flush().settled

        if __name__ == "__main__":
            LLMObs.enable()
            with multiprocessing.get_context("fork").Pool(3) as pool:
                pool.map(job, range(12), chunksize=1)
    """)
    assert done.returncode == 0, done.stderr
    assert len(receiver.events) == 12
    assert len({event["span_id"] for event in receiver.events}) == 12
    assert len({event["trace_id"] for event in receiver.events}) == 12


@forks
def test_a_child_forked_during_a_late_import_goes_on(receiver: Receiver, run: Run) -> None:
    # A datetime is the first value that needs `witspan._values`, whose import is made slow here.
    done = run("""
        import datetime, importlib.abc, os, sys, threading, time
        from witspan import LLMObs

        class Slow(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                if name == "witspan._values":
                    importing.set()
                    time.sleep(1)

        importing = threading.Event()
        sys.meta_path.insert(0, Slow())
        LLMObs.enable(ml_app="tests")

        def make():
            with LLMObs.task():
                LLMObs.annotate(metadata={"at": datetime.datetime(2026, 1, 2)})

        thread = threading.Thread(target=make)
        thread.start()
        importing.wait()
        child = os.fork()
        if child == 0:
            make()
            LLMObs.flush()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        thread.join()
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert [event["meta"]["metadata"] for event in receiver.events] == [
        {"at": "2026-01-02T00:00:00"}
    ] * 2


@forks
def test_forks_of_a_busy_process_do_not_hang(receiver: Receiver, run: Run) -> None:
    done = run("""
        import os, threading
        from witspan import LLMObs
        LLMObs.enable()
        stop = threading.Event()

        def work():
            while not stop.is_set():
                with LLMObs.workflow():
                    LLMObs.annotate(input_data="x" * 1000)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            span = LLMObs.task()
            pid = os.fork()
            if pid == 0:
                LLMObs.annotate(input_data="here")
                span.finish()
                LLMObs.task().finish()
                os._exit(0)
            span.finish()
            os.waitpid(pid, 0)
        stop.set()
        for thread in threads:
            thread.join()
    """)
    assert done.returncode == 0, done.stderr


@forks
def test_a_fork_while_a_line_is_logged_does_not_hang(receiver: Receiver) -> None:
    source = """
        import os, sys, threading, time
        from witspan import LLMObs
        LLMObs.enable()
        os.set_blocking(2, False)
        try:
            while True:
                os.write(2, b" " * 4096)
        except BlockingIOError:
            os.set_blocking(2, True)

        def warned():
            with LLMObs.task():
                LLMObs.annotate(metrics={"latency": "none"})

        thread = threading.Thread(target=warned)
        thread.start()
        time.sleep(0.5)
        # The thread cannot go on with its line now, and holds the stream.
        print("full", flush=True)
        if (pid := os.fork()) == 0:
            print("from the child", file=sys.stderr)
            os._exit(0)
        os.waitpid(pid, 0)
        thread.join()
    """
    command = [sys.executable, "-c", textwrap.dedent(source)]
    env = {**os.environ, "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url}
    # Without a buffer a stream has no lock.
    env.pop("PYTHONUNBUFFERED", None)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=env, text=True, start_new_session=True, **pipes) as program:
        assert program.stdout is not None and program.stdout.readline() == "full\n"
        time.sleep(0.3)
        try:
            _, said = program.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            raise
    assert "latency" in said and "from the child" in said
    assert program.returncode == 0
