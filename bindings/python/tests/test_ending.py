"""However a program is ended by a signal: every finished span arrives, once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from python_support import Receiver, Run, wait_until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

# Signals that ask a program to end, and would end it at once.
ENDS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT] if os.name != "nt" else []

# Python's own handler of SIGINT raises KeyboardInterrupt; without it SIGINT is as SIGTERM.
MANY = """
    import os, signal, sys, threading, time
    from witspan import LLMObs
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    handlers = lambda: {n: signal.getsignal(n) for n in signal.valid_signals()}
    before = handlers()

    def make(count):
        for _ in range(count):
            with LLMObs.task(name="work"):
                pass

    def in_another_thread(function):
        thread = threading.Thread(target=function)
        thread.start()
        thread.join()

    def own(number, frame):
        pass

    ENABLE
    make(100)
    number = int(os.environ["NUMBER"])
"""


def many(how: str = "LLMObs.enable()") -> str:
    return MANY.replace("ENABLE", how)


def arrived(receiver: Receiver) -> int:
    """How many spans came, none of them twice."""
    assert len({event["span_id"] for event in receiver.events}) == len(receiver.events)
    return len(receiver.events)


def outside(receiver: Receiver, source: str, *ends: signal.Signals) -> int:
    """Sends signals to a program once it has said that it is ready; how it ended."""
    env = {**os.environ, "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url, "NUMBER": str(int(ends[0]))}
    command = [sys.executable, "-c", textwrap.dedent(source)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        for number in ends:
            program.send_signal(number)
        try:
            return program.wait(30)
        finally:
            program.kill()


READY = "    print('ready', flush=True)\n"


@pytest.mark.parametrize("enable", ["LLMObs.enable()", "in_another_thread(LLMObs.enable)"])
@pytest.mark.parametrize("number", ENDS)
def test_a_signal_that_ends_a_program_delivers_first(
    receiver: Receiver, run: Run, number: int, enable: str
) -> None:
    source = many(enable) + "    assert handlers() == before\n    os.kill(os.getpid(), number)"
    done = run(source, NUMBER=str(int(number)))
    assert (done.returncode, done.stderr) == (-number, "")
    assert arrived(receiver) == 100


@pytest.mark.parametrize("enable", ["LLMObs.enable()", "in_another_thread(LLMObs.enable)"])
@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize(
    "does", ["threading.Event().wait(20)", "while True: pass", "sum(range(10**11))"]
)
def test_it_delivers_whatever_the_main_thread_does(
    receiver: Receiver, does: str, number: signal.Signals, enable: str
) -> None:
    # The sum is one call of C that holds Python's lock, and would go on for half an hour.
    assert outside(receiver, many(enable) + READY + f"    {does}", number) == -number
    assert arrived(receiver) == 100


@pytest.mark.parametrize("number", ENDS)
def test_signals_that_come_together_are_one(receiver: Receiver, number: signal.Signals) -> None:
    # A terminal that closes sends SIGHUP twice, a service manager SIGTERM and SIGHUP.
    program = many() + READY + "    time.sleep(20)"
    assert -outside(receiver, program, number, number, signal.SIGHUP) in (number, signal.SIGHUP)
    assert arrived(receiver) == 100


def test_a_server_that_passes_on_what_its_worker_has_already_waits(receiver: Receiver) -> None:
    # The worker was sent the signal by another process than its parent, which sends it again.
    receiver.delay = 20
    env = {**os.environ, "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url, "NUMBER": "15"}
    program = many("LLMObs.enable(exit_timeout=15)") + READY + "    time.sleep(20)"
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        subprocess.run(["/bin/sh", "-c", f"kill {worker.pid}"], check=True)
        # Longer than signals may be apart to count as one.
        time.sleep(0.2)
        worker.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(0.3)
        receiver.released.set()
        assert worker.wait(30) == -signal.SIGTERM
    assert arrived(receiver) == 100


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("enable", ["LLMObs.enable()", "in_another_thread(LLMObs.enable)"])
def test_a_handler_that_is_put_back_and_whose_signal_is_raised_again_delivers(
    receiver: Receiver, run: Run, number: int, enable: str
) -> None:
    # As a server does that had its own while the application was loaded.
    enable = f"""[signal.signal(n, own) for n in ({[int(n) for n in ENDS]})]
    {enable}
    assert all(signal.getsignal(n) is own for n in {[int(n) for n in ENDS]})"""
    done = run(
        many(enable)
        + """
    signal.raise_signal(number)
    make(100)
    assert signal.signal(number, before[number]) is own
    assert signal.getsignal(number) == signal.SIG_DFL
    signal.raise_signal(number)
""",
        NUMBER=str(int(number)),
    )
    assert (done.returncode, done.stderr) == (-number, "")
    assert arrived(receiver) == 200


def test_a_handler_that_calls_on_what_it_replaced_delivers(receiver: Receiver, run: Run) -> None:
    done = run(
        many()
        + """
    def ends(number, frame):
        make(50)
        signal.signal(number, replaced)
        os.kill(os.getpid(), number)
    replaced = signal.signal(signal.SIGTERM, ends)
    assert replaced == signal.SIG_DFL
    os.kill(os.getpid(), signal.SIGTERM)
""",
        NUMBER="15",
    )
    assert (done.returncode, done.stderr) == (-signal.SIGTERM, "")
    assert arrived(receiver) == 150


def test_faulthandler_that_passes_a_signal_on_delivers(receiver: Receiver, run: Run) -> None:
    done = run(
        many()
        + """
    import faulthandler
    faulthandler.register(signal.SIGTERM, chain=True)
    os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)
""",
        NUMBER="15",
    )
    assert done.returncode == -signal.SIGTERM
    assert arrived(receiver) == 100


def test_our_handler_stays_when_that_of_asyncio_is_removed(receiver, run: Run) -> None:
    done = run(
        many()
        + """
    import asyncio
    async def main():
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(number, stop.set)
        os.kill(os.getpid(), number)
        await stop.wait()
    asyncio.run(main())
    os.kill(os.getpid(), number)
""",
        NUMBER="15",
    )
    assert (done.returncode, done.stderr) == (-signal.SIGTERM, "")
    assert arrived(receiver) == 100


def test_a_program_that_closes_all_its_files_delivers(receiver: Receiver, run: Run) -> None:
    source = many() + "    os.closerange(0, 4096); make(10); os.kill(os.getpid(), number)"
    assert run(source, NUMBER="15").returncode == -signal.SIGTERM
    assert arrived(receiver) == 110


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP] if os.name != "nt" else [])
def test_a_signal_that_the_program_ignores_is_ignored(receiver, run: Run, number: int) -> None:
    # As `nohup` does.
    done = run(
        many("signal.signal(signal.SIGHUP, signal.SIG_IGN); LLMObs.enable()")
        + """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.kill(os.getpid(), number)
    assert signal.getsignal(number) == signal.SIG_IGN
    make(1)
""",
        NUMBER=str(int(number)),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert arrived(receiver) == 101


def test_the_first_process_of_a_container_delivers_and_goes_on(receiver: Receiver) -> None:
    alone = ["unshare", "--pid", "--fork", "--kill-child"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"]).returncode != 0:
        pytest.skip("this user cannot begin a container")
    source = (
        many()
        + """
    assert os.getpid() == 1
    os.kill(1, number)
    print("sent", flush=True)
    input()
    os._exit(7)
"""
    )
    env = {**os.environ, "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url, "NUMBER": "15"}
    command = [*alone, sys.executable, "-c", textwrap.dedent(source)]
    with subprocess.Popen(command, env=env, stdin=-1, stdout=-1) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"sent\n"
        # The batch would be due after a second as well.
        wait_until(lambda: len(receiver.events) == 100)
        program.communicate(b"\n", timeout=30)
        assert program.returncode == 7


def test_a_warning_says_that_nothing_can_wait_for_a_signal(receiver: Receiver, run: Run) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become a user who may have no more threads")
    done = run("""
        import contextvars, os, resource, signal, witspan._flushed, witspan._native
        from witspan import LLMObs
        resource.setrlimit(resource.RLIMIT_NPROC, (2, 2))
        os.setresuid(61234, 61234, 61234)
        LLMObs.enable()
        LLMObs.task(name="sent").finish()
        LLMObs.flush(timeout=0.1)
        os.kill(os.getpid(), signal.SIGTERM)
    """)
    assert done.returncode == -signal.SIGTERM
    assert done.stderr.count("the spans of its last second are lost") == 1
