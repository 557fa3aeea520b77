"""Programs written for ddtrace, run unchanged by `witspan-run --as-ddtrace`, without ddtrace.

`programs/README.md` says where they are from. What arrives is compared, field by field, with what
was captured of ddtrace itself; what they print and how they end stands here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from compatibility import HERE, Comparison, Ledger, captured, fields, lines
from python_support import Receiver

PROGRAMS = HERE / "programs"

#: Programs of which a capture of every event is there.
COMPARED = (
    *("annotate_errors", "annotate_llm", "annotate_misc", "annotation_context"),
    *("async_gen_unstarted", "decorators", "evals", "export_after_finish", "kinds", "lifecycle"),
    *("nesting", "sampling"),
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are about POSIX, too")


class Ran(NamedTuple):
    exit: int
    out: str
    err: str
    seconds: float


def run(program: str, receiver: Receiver) -> Ran:
    """Runs a program as its first lines say."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("DD_")}
    env |= {
        "DD_API_KEY": "x",
        "DD_SITE": "datadoghq.com",
        "DD_LLMOBS_ENABLED": "1",
        "DD_LLMOBS_AGENTLESS_ENABLED": "1",
        "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url,
        # Without an agent ours is the documented API; the captures are of the SDK's.
        "WITSPAN_INTAKE": "sdk",
    }
    path = PROGRAMS / f"{program}.py"
    for name, value in re.findall(r"^#: env (\w+)=(.*)$", path.read_text("utf-8"), re.MULTILINE):
        env[name] = value.replace("{PORT}", receiver.url.rpartition(":")[2])
        if value == "UNSET":
            del env[name]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "witspan", "run", "--as-ddtrace", str(path)],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    ledger = Ledger()
    ledger.compared = set()  # type: ignore[attr-defined]
    yield ledger
    if ledger.compared == set(COMPARED):  # type: ignore[attr-defined]
        assert ledger.needless(set(COMPARED)) == []


@pytest.mark.parametrize("program", COMPARED)
def test_a_program_for_ddtrace_sends_what_it_sent_there(
    receiver: Receiver, ledger: Any, program: str
) -> None:
    ran = run(program, receiver)
    assert ran.exit == 0, ran.err
    assert "Traceback" not in ran.err
    comparison = Comparison(program, ledger)
    comparison.events(receiver.events)
    capture = captured(program)
    if "raised" in capture:
        refused = {line.split()[0] for line in ran.out.splitlines() if "ArgumentError" in line}
        for name in capture["events"]:
            words = [
                "refused" if name in names else "accepted" for names in (capture["raised"], refused)
            ]
            comparison.field(name, "call", *words)
    if capture.get("evaluations"):
        sent = iter(receiver.evaluations)
        outcome = dict(lines(ran.out))
        for each in capture["evaluations"]:
            call, metric = each["call"], each.get("metric")
            accepted = outcome[call] == "None"
            words = ["accepted" if fine else "refused" for fine in (metric is not None, accepted)]
            comparison.field(call, "call", *words)
            if accepted:
                ours = next(sent)
                if metric is not None:
                    comparison.fields(call, fields(metric), fields(ours))
        assert next(sent, None) is None
    ledger.compared.add(program)
    assert not comparison.unexplained, "\n".join(comparison.unexplained)
    assert comparison.compared > 15 * len(capture["events"])


# ---- what they print, and how they end


def names(receiver: Receiver) -> list[str]:
    return sorted(event["name"] for event in receiver.events)


def test_wrong_calls_raise_one_class_and_wrong_states_are_counted(receiver: Receiver) -> None:
    ran = run("annotate_errors", receiver)
    came = {name: re.sub(r" .*", "", what) for name, what in lines(ran.out)}
    wrong = "witspan.LLMObsArgumentError"
    assert came == {
        # There is no span, or it has finished: a state, which is counted and logged.
        "annotate no active": "None",
        "annotate finished": "None",
        "annotate no llmobs active but apm active": "None",
        "export no active": "None",
        "inject no active": "{}",
        "inject under plain apm span": "{}",
        # The headers are another service's fault.
        "activate empty headers": "None",
        "export finished": "{'span_id':",
        # The program's own mistake.
        "annotate apm span": wrong,
        "export apm span": wrong,
        "annotate str": wrong,
        "export str": wrong,
        "inject str headers": wrong,
        "inject str span": wrong,
        "unknown kwarg": "builtins.TypeError",
    }


def test_a_context_gives_what_it_gave_and_raises_nothing(receiver: Receiver) -> None:
    out = run("annotation_context", receiver).out.splitlines()
    assert out == ["ctx value None", "name at start renamed", "active after: None"]


def test_decorated_functions_give_what_they_gave(receiver: Receiver) -> None:
    out = run("decorators", receiver).out.splitlines()
    assert out[:3] == ["gen [0, 1]", "['a', 'b']", "[0, 1]"]
    assert out[3].startswith("name wf_bare <function wf_bare at 0x")


def test_parents_are_those_that_the_program_expects(receiver: Receiver) -> None:
    assert run("nesting", receiver).out == "c parent True\nd parent None\n"


def test_the_ids_of_a_span_are_the_same_after_its_trace_is_done(receiver: Receiver) -> None:
    out = run("export_after_finish", receiver).out
    traces = set(re.findall(r"'trace_id': '(\w+)'", out))
    assert len(out.splitlines()) == 4 and len(traces) == 1
    assert traces == {event["trace_id"] for event in receiver.events}


def test_ids_print_as_they_are_sent(receiver: Receiver) -> None:
    for line in run("kinds", receiver).out.splitlines():
        _, kind, span_id, trace_id, exported = line.split(maxsplit=4)
        assert kind == "Span"
        assert exported == str({"span_id": span_id, "trace_id": trace_id})


def test_a_program_that_is_turned_off_raises_nothing(receiver: Receiver) -> None:
    ran = run("disabled", receiver)
    assert (ran.exit, ran.err, receiver.requests) == (0, "", [])
    assert dict(lines(ran.out.replace("enabled: False\n", ""))) == {
        "annotate in with-block": "None",
        "annotate(span=) tags only": "None",
        "annotation_context": "None",
        "annotate inside decorated fn": "None",
        "decorated coroutine": "1",
        "decorated async gen": "[1]",
    }


def test_a_program_that_turns_itself_on_and_off_goes_through(receiver: Receiver) -> None:
    ran = run("lifecycle", receiver)
    came = dict(lines(ran.out))
    assert came["submit while disabled"].startswith("LLMObsArgumentError")
    assert came["inject while disabled"] == "{'a': 'b'}"
    assert came["decorated while disabled"] == "1"
    apps = {event["name"]: event["tags"] for event in receiver.events}
    assert "ml_app:first" in apps["after-double-enable"]
    assert "ml_app:third" in apps["after-reenable"]
    assert "after-disable" not in apps and "open-across-disable" not in apps


@pytest.mark.parametrize("program", ["env_tags", "env_nothing"])
def test_the_environment_has_the_same_effect_as_with_ddtrace(
    receiver: Receiver, program: str
) -> None:
    ran = run(program, receiver)
    assert (ran.exit, ran.err) == (0, "")
    (event,) = receiver.events
    tags = dict(tag.split(":", 1) for tag in event["tags"])
    if program == "env_tags":
        said = {"team": "ml", "env": "fromtags", "version": "vtags", "custom.k": "v v"}
        assert said.items() <= tags.items()
    assert len(receiver.evaluations) == 1


def test_every_end_that_can_deliver_does(receiver: Receiver) -> None:
    ran = run("exit_kinds", receiver)
    codes = dict(re.findall(r"^(\S+) rc (-?\d+)", ran.out, re.MULTILINE))
    # The same as without tracing.
    assert codes == {
        **{"normal": "0", "exception": "1", "sysexit": "3", "os_exit": "0"},
        **{"sigterm": "-15", "sigint": "-2", "sigkill": "-9", "open-span": "0", "open-root": "0"},
    }
    sent = set(names(receiver)) - {"exit-os_exit", "exit-sigkill"}
    # ddtrace lost spans at SIGTERM, and all spans below an open root.
    assert sent == {
        *("exit-normal", "exit-exception", "exit-sysexit", "exit-sigterm", "exit-sigint"),
        *("exit-open-span", "exit-open-root", "finished-child-of-open-root"),
    }


def test_a_silent_intake_delays_the_end_by_2_s(receiver: Receiver) -> None:
    receiver.delay = 30
    ran = run("exit_slow", receiver)
    # ddtrace took 16 s.
    assert ran.exit == 0 and 2 <= ran.seconds < 5
    assert "1 span could not be sent in time" in ran.err


def test_an_intake_that_is_not_there_delays_the_end_by_2_s_at_most(receiver: Receiver) -> None:
    ran = run("exit_unreachable", receiver)
    assert ran.exit == 0 and ran.seconds < 5
    assert "could not be reached" in ran.err and "Traceback" not in ran.err


def test_a_slow_intake_does_not_hold_up_the_program(receiver: Receiver) -> None:
    receiver.delay = 3
    out = run("block_app_thread", receiver).out
    milliseconds = [float(n) for n in re.findall(r"\d+\.\d+", out)]
    assert len(milliseconds) == 7
    # One request takes 3 s, and ddtrace's calls waited for it.
    assert max(milliseconds) < 2000


def test_a_fork_sends_each_span_once(receiver: Receiver) -> None:
    ran = run("fork", receiver)
    assert ran.exit == 0, ran.err
    expected = ["before-fork-buffered", "in-child", "in-parent-after", "open-at-fork"]
    assert names(receiver) == expected
    roots = {event["name"]: event["parent_id"] for event in receiver.events}
    assert roots["in-child"] == "undefined"


def test_without_a_key_the_program_goes_on(receiver: Receiver) -> None:
    ran = run("no_api_key", receiver)
    # ddtrace raised; here it is logged, and what cannot be sent is counted.
    assert ran.exit == 0 and ran.out == "True\n"


def test_a_base_path_of_the_origin_is_kept(receiver: Receiver) -> None:
    assert run("override_base_path", receiver).exit == 0
    assert [path for path, _ in receiver.requests] == ["/foo/bar/api/v2/llmobs"]


def test_every_program_here_is_run() -> None:
    tested = set(re.findall(r'run\("(\w+)"', (HERE / "test_programs.py").read_text("utf-8")))
    tested |= {*COMPARED, "env_tags", "env_nothing"}
    assert tested == {path.stem for path in PROGRAMS.glob("*.py")}
