"""Signals that end a program: the last spans arrive, and it ends by the same signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest
from python_support import Receiver, Run, within

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

SPAN = """
    import os, signal, sys, threading, time
    from witspan import LLMObs
    LLMObs.enable(ml_app="app")
    with LLMObs.task(name="work"):
        pass
"""


def names(receiver: Receiver) -> list[str]:
    return [event["name"] for event in receiver.events]


def test_sigterm_delivers_and_ends_the_program_by_sigterm(receiver: Receiver, run: Run) -> None:
    done = run(SPAN + "    os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)")
    assert (done.returncode, done.stderr) == (-signal.SIGTERM, "")
    assert names(receiver) == ["work"]


def test_sigterm_while_the_main_thread_waits_delivers(receiver: Receiver) -> None:
    env = {**os.environ, "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url}
    source = textwrap.dedent(SPAN) + "print('ready', flush=True)\nthreading.Event().wait(20)"
    with subprocess.Popen([sys.executable, "-c", source], env=env, stdout=-1) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        program.send_signal(signal.SIGTERM)
        assert program.wait(9) == -signal.SIGTERM
    assert names(receiver) == ["work"]


def test_sigint_is_a_keyboard_interrupt_as_before_and_delivers(
    receiver: Receiver, run: Run
) -> None:
    done = run(
        SPAN
        + """
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        with LLMObs.task(name="interrupted"):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(9)
    finally:
        print("cleaned up")
"""
    )
    assert (done.returncode, done.stdout) == (-signal.SIGINT, "cleaned up\n")
    assert "KeyboardInterrupt" in done.stderr
    assert names(receiver) == ["work", "interrupted"]
    assert receiver.events[1]["meta"]["error"]["type"] == "builtins.KeyboardInterrupt"


def test_sigint_that_would_end_the_program_at_once_delivers_first(receiver, run: Run) -> None:
    done = run(
        "    import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
        + SPAN
        + "    os.kill(os.getpid(), signal.SIGINT); time.sleep(9)"
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
    assert names(receiver) == ["work"]


def test_a_handler_of_the_application_stays(receiver: Receiver, run: Run) -> None:
    done = run(
        """
    import signal, sys
    def own(number, frame):
        print("own handler")
        sys.exit(7)
    signal.signal(signal.SIGTERM, own)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
"""
        + SPAN
        + """
    assert signal.getsignal(signal.SIGTERM) is own
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)
"""
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "own handler\n", "")
    assert names(receiver) == ["work"]


def test_a_handler_that_the_application_sets_later_replaces_ours(receiver, run: Run) -> None:
    done = run(
        SPAN
        + """
    def own(number, frame):
        sys.exit(7)
    signal.signal(signal.SIGTERM, own)
    LLMObs.disable()
    assert signal.getsignal(signal.SIGTERM) is own
    os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)
"""
    )
    assert (done.returncode, done.stderr) == (7, "")


def test_handlers_of_asyncio_come_first(receiver: Receiver, run: Run) -> None:
    done = run(
        SPAN
        + """
    import asyncio
    async def main():
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        with LLMObs.task(name="last words"):
            pass
    asyncio.run(main())
"""
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert names(receiver) == ["work", "last words"]


HANDLERS_ARE_AS_BEFORE = """
    import signal
    import _signal, ctypes
    def system(number):
        action = (ctypes.c_void_p * 32)()
        assert ctypes.CDLL(None).sigaction(number, None, action) == 0
        return action[0]
    ends = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    known = lambda: [signal.getsignal(n) for n in signal.valid_signals()]
    handlers = lambda: [_signal.signal, *known(), *map(system, ends)]
    before = handlers()
    from witspan import LLMObs
    assert handlers() == before
    LLMObs.enable(OPTION)
    LLMObs.task().finish()
    LLMObs.flush()
    END
    assert handlers() == before
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
"""


@pytest.mark.parametrize(
    ("option", "end", "variables"),
    [
        ("handle_signals=False", "", {}),
        ("", "", {"WITSPAN_SIGNALS": "0"}),
        ("", "LLMObs.disable()", {}),
        ("handle_signals=True", "LLMObs.disable()", {"WITSPAN_SIGNALS": "0"}),
    ],
)
def test_signals_are_left_alone_if_the_setting_says_so_and_after_disable(
    run: Run, option: str, end: str, variables: dict[str, str]
) -> None:
    source = HANDLERS_ARE_AS_BEFORE.replace("OPTION", option).replace("END", end)
    done = run(source, **variables)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("option", "variables"),
    [("exit_timeout=0.2", {}), ("", {"WITSPAN_EXIT_TIMEOUT": "0.2"})],
)
@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)", ""])
def test_a_silent_receiver_delays_the_end_by_the_exit_timeout(
    receiver: Receiver, run: Run, option: str, variables: dict[str, str], end: str
) -> None:
    receiver.delay = 20
    source = SPAN.replace('ml_app="app"', option) + f"    {end}\n"
    # Far less than the default of 2 s, with room for the start of Python.
    done = within(1.8, lambda: run(source, **variables))
    assert done.returncode == (-signal.SIGTERM if end else 0), done.stderr
    assert "1 span could not be sent" in done.stderr


def test_a_second_signal_does_not_wait_for_a_silent_receiver(receiver: Receiver, run: Run) -> None:
    receiver.delay = 20
    done = run(
        SPAN.replace('ml_app="app"', "exit_timeout=15")
        + """
    def again():
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGTERM)
    threading.Thread(target=again, daemon=True).start()
    os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)
"""
    )
    assert done.returncode == -signal.SIGTERM


@pytest.mark.parametrize("end", ["os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_an_end_that_nobody_sees_loses_at_most_what_was_not_sent(
    receiver: Receiver, run: Run, end: str
) -> None:
    done = run(
        SPAN
        + f"""
    assert LLMObs.flush().settled
    LLMObs.task(name="lost, or not").finish()
    {end}
"""
    )
    assert done.returncode in (3, -signal.SIGKILL)
    assert names(receiver)[0] == "work"
