"""Programs in C: the example, many threads under valgrind and sanitizers, and forks."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from c_support import BINDING, BUILT, PROGRAMS, compiled, good, run, tool
from receiver import Receiver

THREADS = PROGRAMS / "threads.c"


@pytest.fixture()
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


def spans(receiver: Receiver) -> list[dict]:
    """Every span that arrived, in the format of Datadog's SDKs."""
    events = [event for request in receiver.got for event in json.loads(request.body)]
    return [span for event in events for span in event["spans"]]


def test_the_examples_trace_arrives(receiver: Receiver, tmp_path: Path) -> None:
    config = {"PKG_CONFIG_PATH": str(BUILT)}
    flags = good(tool("pkg-config"), "--cflags", "--libs", "witspan", env=config).split()
    link = [*flags, f"-Wl,-rpath,{BUILT}"]
    program = compiled(BINDING / "examples" / "trace.c", tmp_path, link=link)
    env = {"DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url, "DD_LLMOBS_AGENTLESS_ENABLED": "0"}
    assert good(program, 'why "so"?\n', env=env) == "2 delivered, 0 dropped\n"
    by_name = {span["name"]: span for span in spans(receiver)}
    assert set(by_name) == {"answer", "ask"}
    assert by_name["ask"]["parent_id"] == by_name["answer"]["span_id"]
    meta = by_name["ask"]["meta"]
    assert meta["input"]["messages"] == [{"content": 'why "so"?\n', "role": "user"}]
    assert (meta["model_name"], meta["model_provider"]) == ("gpt-4o", "openai")
    assert by_name["ask"]["metrics"] == {"input_tokens": 9, "output_tokens": 4}
    tags = by_name["answer"]["tags"]
    assert {"ml_app:first-trace", "language:c"} <= set(tags)


def test_the_program_of_the_readme_sends_its_trace(receiver: Receiver, tmp_path: Path) -> None:
    source = tmp_path / "answer.c"
    _, _, rest = (BINDING / "README.md").read_text("utf-8").partition("```c\n")
    source.write_text(rest.partition("```")[0])
    env = {"DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url, "DD_LLMOBS_AGENTLESS_ENABLED": "0"}
    good(compiled(source, tmp_path), env=env)
    assert sorted(span["name"] for span in spans(receiver)) == ["answer", "ask"]


def test_sixteen_threads_use_one_tracer(tmp_path: Path) -> None:
    assert good(compiled(THREADS, tmp_path), "200") == "good\n"


def valgrind(program: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    # Under a load of other programs one thread may run for long before another does.
    return run(tool("valgrind"), "--fair-sched=yes", "--error-exitcode=9", *words, program, "3")


def test_valgrind_finds_no_invalid_access_and_nothing_lost(tmp_path: Path) -> None:
    leaks = ("--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite")
    done = valgrind(compiled(THREADS, tmp_path), *leaks)
    assert (done.returncode, done.stdout) == (0, "good\n"), done.stderr
    assert "definitely lost: 0 bytes" in done.stderr
    # It sees a text that nobody frees.
    done = valgrind(changed(tmp_path, "        witspan_text_free(text);\n", ""), *leaks)
    assert done.returncode == 9 and "witspan_recorder_body" in done.stderr, done.stderr


def changed(folder: Path, *replaced: str) -> Path:
    """The program of the threads with one text in place of another, compiled without warnings."""
    text = THREADS.read_text()
    for old, new in zip(replaced[::2], replaced[1::2]):
        assert old in text
        text = text.replace(old, new)
    source = folder / "changed.c"
    source.write_text(text)
    return compiled(source, folder, "-w")


#: What the callbacks guard, without the guard.
RACE = ("pthread_mutex_lock(&lock);", "", "pthread_mutex_unlock(&lock);", "")


def test_helgrind_finds_no_race_of_a_program_and_its_callbacks(tmp_path: Path) -> None:
    supp = f"--suppressions={PROGRAMS / 'helgrind.supp'}"
    done = valgrind(compiled(THREADS, tmp_path), "--tool=helgrind", supp)
    assert (done.returncode, done.stdout) == (0, "good\n"), done.stderr
    done = valgrind(changed(tmp_path, *RACE), "--tool=helgrind", supp)
    assert done.returncode == 9 and "in listen" not in done.stdout
    assert re.search(r"data race.*\n.*\n.*: process \(changed", done.stderr), done.stderr


def test_the_address_sanitizer_finds_nothing(tmp_path: Path) -> None:
    program = compiled(THREADS, tmp_path, "-fsanitize=address,undefined")
    assert good(program, "20") == "good\n"
    # It sees a text that is used after it was freed.
    used = 'want(strstr(witspan_text_data(one), "metrics") != NULL, "its field");'
    early = "{ const char *data = witspan_text_data(one); witspan_text_free(one); puts(data); }"
    changed(tmp_path, f"{used}\n    witspan_text_free(one);", early)
    done = run(compiled(tmp_path / "changed.c", tmp_path, "-w", "-fsanitize=address"), "1")
    assert done.returncode != 0 and "heap-use-after-free" in done.stderr


def test_the_thread_sanitizer_finds_no_race_of_a_program_and_its_callbacks(tmp_path: Path) -> None:
    # The library is not compiled by it, and has its own locks, which it does not see.
    env = {"TSAN_OPTIONS": "ignore_noninstrumented_modules=1"}
    assert good(compiled(THREADS, tmp_path, "-fsanitize=thread"), "20", env=env) == "good\n"
    changed(tmp_path, *RACE)
    racing = compiled(tmp_path / "changed.c", tmp_path, "-w", "-fsanitize=thread")
    done = run(racing, "20", env=env)
    assert done.returncode == 66 and "in process" in done.stderr


CHILDREN = 40


def test_forked_processes_start_anew_and_nothing_is_sent_twice(
    receiver: Receiver, tmp_path: Path
) -> None:
    program = compiled(PROGRAMS / "forks.c", tmp_path)
    finished = int(good(program, receiver.url, str(CHILDREN)))
    arrived = spans(receiver)
    names = Counter(span["name"] for span in arrived)
    assert names.pop("parent") == finished - 1
    assert names.pop("open") == 1
    of_children = {f"{who} {at}" for who in ("child", "grandchild") for at in range(CHILDREN)}
    assert names == dict.fromkeys(of_children, 1)
    assert len({span["span_id"] for span in arrived}) == len(arrived)
    # A span below one of the parent begins a trace: it is not of the parent's.
    roots = {span["name"]: span for span in arrived if span["name"] in of_children}
    assert {span["parent_id"] for span in roots.values()} == {"undefined"}
    assert len({span["trace_id"] for span in roots.values()}) == len(of_children)


def test_a_signal_delivers_before_it_ends_the_process(receiver: Receiver, tmp_path: Path) -> None:
    program = compiled(PROGRAMS / "signals.c", tmp_path)
    done = run(program, receiver.url)
    assert done.returncode == -signal.SIGTERM, done.stderr
    # One of the child that the program forked, whose end it awaited, and one of its own.
    assert sorted(span["name"] for span in spans(receiver)) == ["child", "parent"]
