"""Executors and threads that take the current span along, if a setting says so."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import inspect
import pickle
import subprocess
import sys
import textwrap
import threading
import traceback
import weakref
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from typing import Any

import pytest
from python_support import Receiver, Run, Tracing
from witspan import LLMObs, LLMObsArgumentError, Span
from witspan.testing import recorder

SUBMIT, START = ThreadPoolExecutor.submit, threading.Thread.start


@pytest.fixture
def threads(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracing]:
    """Tracing with `threads=True`."""
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    LLMObs.enable(ml_app="tests", threads=True)
    yield Tracing(receiver)
    LLMObs.disable()


def work(name: str) -> str:
    LLMObs.task(name=name).finish()
    return name


def test_nothing_is_replaced_unless_it_is_asked_for(tracing: Tracing) -> None:
    assert ThreadPoolExecutor.submit is SUBMIT and threading.Thread.start is START
    LLMObs.disable()
    LLMObs.enable(threads=True)
    assert ThreadPoolExecutor.submit is not SUBMIT and threading.Thread.start is not START
    assert inspect.signature(ThreadPoolExecutor.submit) == inspect.signature(SUBMIT)
    LLMObs.disable()
    assert ThreadPoolExecutor.submit is SUBMIT and threading.Thread.start is START


def test_an_executor_has_one_tree(threads: Tracing) -> None:
    with ThreadPoolExecutor(2) as executor:
        with LLMObs.workflow(name="outer"):
            assert executor.submit(work, "submitted").result() == "submitted"
            assert list(executor.map(work, ["mapped 1", "mapped 2"])) == ["mapped 1", "mapped 2"]
        executor.submit(work, "after").result()

    assert threads.parents() == {
        "outer": None,
        "submitted": "outer",
        "mapped 1": "outer",
        "mapped 2": "outer",
        "after": None,
    }


def test_an_earlier_executor_and_one_of_a_subclass_take_along_what_is_current(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(ThreadPoolExecutor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            return super().submit(functools.partial(fn, *args), **kwargs)

    began = []
    with Own(1, initializer=lambda: began.append(Span._current())) as executor:
        monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
        LLMObs.enable(ml_app="tests", threads=True)
        with LLMObs.workflow(name="outer"):
            executor.submit(work, "inner").result()
        assert Tracing(receiver).parents() == {"outer": None, "inner": "outer"}
    assert began == [None]


def test_asyncio_takes_along_what_is_current_into_executors(threads: Tracing) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with LLMObs.workflow(name="outer"):
            await loop.run_in_executor(None, work, "default executor")
            await asyncio.to_thread(work, "to_thread")
            with ThreadPoolExecutor(1) as executor:
                await loop.run_in_executor(executor, work, "own executor")
        await loop.run_in_executor(None, work, "after")

    asyncio.run(main())
    assert threads.parents() == {
        "outer": None,
        "default executor": "outer",
        "to_thread": "outer",
        "own executor": "outer",
        "after": None,
    }


def test_plain_threads_in_each_of_their_forms_take_along_what_is_current(threads: Tracing) -> None:
    class Own(threading.Thread):
        def run(self) -> None:
            work("subclass")

    with LLMObs.workflow(name="outer"):
        for thread in (
            threading.Thread(target=work, args=("target",)),
            threading.Thread(target=work, kwargs={"name": "keyword"}, daemon=True),
            threading.Timer(0, work, ("timer",)),
            Own(),
        ):
            thread.start()
            thread.join()
            assert "run" not in vars(thread)
    threading.Thread(target=work, args=("after",)).start()
    LLMObs.flush()

    assert threads.parents() == {
        "outer": None,
        "target": "outer",
        "keyword": "outer",
        "timer": "outer",
        "subclass": "outer",
        "after": None,
    }


def test_annotation_contexts_go_along(threads: Tracing) -> None:
    with LLMObs.annotation_context(tags={"team": "a"}):
        with ThreadPoolExecutor(1) as executor:
            executor.submit(work, "in executor").result()
        thread = threading.Thread(target=work, args=("in thread",))
        thread.start()
        thread.join()
    assert all("team:a" in event["tags"] for event in threads.events())
    assert len(threads.events()) == 2


def test_work_that_outlives_stays_in_the_trace_and_the_next_does_not(threads: Tracing) -> None:
    go = threading.Event()

    def late() -> None:
        go.wait()
        work("late")
        # The thread of the executor keeps it only while this runs.
        LLMObs.task(name="forgotten")

    with ThreadPoolExecutor(1) as executor:
        with LLMObs.workflow(name="request"):
            done = executor.submit(late)
        go.set()
        done.result()
        executor.submit(work, "next").result()

    assert threads.parents() == {"request": None, "late": "request", "next": None}


def test_a_job_that_another_one_leaves_behind_stays_in_the_trace(threads: Tracing) -> None:
    # In the same thread and context that started the span.
    def job(executor: ThreadPoolExecutor) -> Future[str]:
        with LLMObs.task(name="job"):
            return executor.submit(work, "left behind")

    with ThreadPoolExecutor(1) as executor, LLMObs.workflow(name="request"):
        executor.submit(job, executor).result().result()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(job, executor).result().result()
    events = threads.events()
    names = {event["span_id"]: event["name"] for event in events}
    parents = [(event["name"], names.get(event["parent_id"])) for event in events]
    assert parents == [
        ("request", None),
        ("job", "request"),
        ("left behind", "request"),
        ("job", None),
        ("left behind", "job"),
    ]


def test_a_span_that_an_executor_finishes_is_over_where_it_started(threads: Tracing) -> None:
    with ThreadPoolExecutor(1) as executor:
        span = LLMObs.workflow(name="request")
        executor.submit(span.finish).result()
        work("next")
    assert threads.parents() == {"request": None, "next": None}


def test_pools_that_keep_their_threads_do_not_keep_the_first_span(threads: Tracing) -> None:
    with ThreadPoolExecutor(1) as executor:
        with LLMObs.workflow(name="first"):
            executor.submit(work, "of the first").result()
            pool = ThreadPool(1)
        executor.submit(work, "of nobody").result()
        pool.apply(work, ("in a pool",))
        pool.terminate()
    parents = threads.parents()
    assert parents["of the first"] == "first"
    assert (parents["of nobody"], parents["in a pool"]) == (None, None)


def fails() -> None:
    raise ValueError("theirs")


def test_errors_and_their_tracebacks_are_the_functions(threads: Tracing) -> None:
    with ThreadPoolExecutor(1) as executor, LLMObs.workflow():
        error = executor.submit(fails).exception()
    assert isinstance(error, ValueError)
    frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert frames == ["run", "fails"]

    seen = []
    before, threading.excepthook = threading.excepthook, seen.append
    try:
        with LLMObs.workflow():
            thread = threading.Thread(target=fails)
            thread.start()
            thread.join()
    finally:
        threading.excepthook = before
    (raised,) = seen
    frames = [frame.name for frame in traceback.extract_tb(raised.exc_traceback)]
    assert frames == ["_bootstrap_inner", "run", "fails"]


def test_wrong_calls_fail_as_they_do_without_us(threads: Tracing) -> None:
    with ThreadPoolExecutor(1) as executor, LLMObs.workflow():
        with pytest.raises(TypeError, match="submit"):
            executor.submit()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="not callable"):
            executor.submit(5).result()  # type: ignore[arg-type]
        thread = threading.Thread(target=work, args=("once",))
        thread.start()
        with pytest.raises(RuntimeError, match="once"):
            thread.start()
        thread.join()
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(work, "late")


def test_nothing_is_kept_after_the_work(threads: Tracing) -> None:
    class Job:
        def __call__(self) -> None:
            pass

    gc.collect()
    gc.disable()
    try:
        with ThreadPoolExecutor(1) as executor:
            with LLMObs.workflow() as span:
                job, target = Job(), Job()
                executor.submit(job).result()
                thread = threading.Thread(target=target)
                thread.start()
                thread.join()
                # The worker lets go of the last job when it has the next.
                executor.submit(int).result()
            held = [weakref.ref(each) for each in (job, target, span, thread)]
            del job, target, span, thread
            executor.submit(int).result()
            assert [each() for each in held] == [None] * 4
    finally:
        gc.enable()


def test_a_cycle_through_a_job_is_collected() -> None:
    LLMObs.enable(threads=True)
    thing = type("Thing", (), {})()
    with LLMObs.workflow():
        thing.call = LLMObs.propagate(functools.partial(print, thing))
    held = weakref.ref(thing)
    del thing
    gc.collect()
    assert held() is None


def test_other_processes_are_left_alone(threads: Tracing) -> None:
    with LLMObs.workflow():
        with ProcessPoolExecutor(1) as executor:
            assert executor.submit(abs, -1).result() == 1
        function = LLMObs.propagate(work)
        # A function that is sent by value arrives without the wrapper.
        assert pickle.loads(pickle.dumps(function)) is work


def test_a_later_replacement_stays_and_ours_does_nothing(tracing: Tracing) -> None:
    LLMObs.disable()
    LLMObs.enable(ml_app="tests", threads=True)
    ours = ThreadPoolExecutor.submit

    def theirs(*args: Any, **kwargs: Any) -> Any:
        return ours(*args, **kwargs)

    ThreadPoolExecutor.submit = theirs  # type: ignore[method-assign]
    try:
        LLMObs.disable()
        assert ThreadPoolExecutor.submit is theirs
        LLMObs.enable(ml_app="tests")
        with LLMObs.workflow(name="outer"), ThreadPoolExecutor(1) as executor:
            executor.submit(work, "inner").result()
        assert tracing.parents() == {"outer": None, "inner": None}
    finally:
        ThreadPoolExecutor.submit = SUBMIT  # type: ignore[method-assign]


def test_the_environment_may_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WITSPAN_THREADS", "1")
    LLMObs.enable()
    assert threading.Thread.start is not START
    LLMObs.disable()
    LLMObs.enable(threads=False)
    assert threading.Thread.start is START


def test_an_enable_that_comes_too_late_is_logged(tracing: Tracing, log) -> None:
    LLMObs.enable(threads=True)
    (line,) = log()
    assert "`threads`" in line
    assert threading.Thread.start is START


def test_a_wrong_setting_is_an_error() -> None:
    with pytest.raises(LLMObsArgumentError, match="`threads` is of type str; accepted: bool"):
        LLMObs.enable(threads="yes")  # type: ignore[arg-type]
    assert not LLMObs.enabled


def test_a_recorder_has_its_own(threads: Tracing) -> None:
    with recorder() as spans:
        with LLMObs.workflow(name="outer"), ThreadPoolExecutor(1) as executor:
            executor.submit(work, "inner").result()
        LLMObs.enable(threads=True)
        with LLMObs.workflow(name="outer too"), ThreadPoolExecutor(1) as executor:
            executor.submit(work, "inner too").result()
    assert spans["inner"].parent is None
    assert spans["inner too"].parent is spans["outer too"]
    assert threading.Thread.start is not START
    LLMObs.disable()
    with recorder():
        LLMObs.enable(threads=True)
    assert threading.Thread.start is START


# ---- one function


def test_a_function_takes_along_what_is_current(tracing: Tracing) -> None:
    with LLMObs.workflow(name="outer"), LLMObs.annotation_context(tags={"team": "a"}):
        carried = LLMObs.propagate(work)
    with LLMObs.workflow(name="other"):
        barrier = threading.Barrier(3)

        def at_once(name: str) -> None:
            barrier.wait()
            assert carried(name) == name
            assert Span._current() is None

        threads = [threading.Thread(target=at_once, args=(f"thread {n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        carried(name="here")
        work("of the other")

    parents = tracing.parents()
    assert parents == {
        "outer": None,
        "other": None,
        **dict.fromkeys(("thread 0", "thread 1", "thread 2", "here"), "outer"),
        "of the other": "other",
    }
    assert "team:a" in tracing.by_name()["here"]["tags"]
    assert "team:a" not in tracing.by_name()["of the other"]["tags"]


def test_a_function_is_what_it_was(tracing: Tracing) -> None:
    assert LLMObs.propagate(work) is work
    with LLMObs.workflow():
        carried = LLMObs.propagate(work)
        assert carried is not work
        assert inspect.signature(carried) == inspect.signature(work)
        assert (carried.__name__, carried.__wrapped__) == ("work", work)  # type: ignore[attr-defined]
        with pytest.raises(ValueError, match="theirs") as raised:
            LLMObs.propagate(fails)()
        assert [entry.name for entry in raised.traceback][-1] == "fails"
        with pytest.raises(LLMObsArgumentError, match="`func` is of type int"):
            LLMObs.propagate(5)  # type: ignore[type-var]
    LLMObs.disable()
    assert LLMObs.propagate(work) is work


def test_a_remote_context_goes_along(tracing: Tracing) -> None:
    with LLMObs.workflow(name="client"):
        headers = LLMObs.inject_distributed_headers({})

    def serve() -> None:
        LLMObs.activate_distributed_headers(headers)
        thread = threading.Thread(target=LLMObs.propagate(work), args=("in thread",))
        thread.start()
        thread.join()

    contextvars.Context().run(serve)
    assert tracing.parents() == {"client": None, "in thread": "client"}


def test_asyncio_runs_in_another_thread(tracing: Tracing) -> None:
    async def main() -> None:
        work("inside")

    with LLMObs.workflow(name="outer"):
        thread = threading.Thread(target=LLMObs.propagate(asyncio.run), args=(main(),))
        thread.start()
        thread.join()
    assert tracing.parents() == {"outer": None, "inside": "outer"}


# ---- in ddtrace's place

AS_DDTRACE = """
    import asyncio, threading
    from concurrent.futures import ThreadPoolExecutor
    from ddtrace.llmobs import LLMObs
    LLMObs.enable(ml_app="app")

    def work(name):
        with LLMObs.task(name=name):
            pass

    def close(span):
        span.finish()
        work("after close")

    async def main():
        with LLMObs.workflow(name="async"):
            await asyncio.get_running_loop().run_in_executor(None, work, "in loop")
            await asyncio.to_thread(work, "to thread")

    with ThreadPoolExecutor(1) as executor:
        with LLMObs.workflow(name="outer"):
            executor.submit(work, "submitted").result()
            list(executor.map(work, ["mapped"]))
            thread = threading.Thread(target=work, args=("plain",))
            thread.start()
            thread.join()
        executor.submit(work, "after").result()
        span = LLMObs.workflow(name="closed")
        executor.submit(close, span).result()
        work("next")
    asyncio.run(main())
    LLMObs.flush()
"""
#: As ddtrace 4.16 was seen to send it.
DDTRACES = {
    "outer": None,
    "submitted": "outer",
    "mapped": "outer",
    "plain": None,
    "after": None,
    "closed": None,
    "after close": "closed",
    "next": None,
    "async": None,
    "in loop": "async",
    "to thread": "async",
}


def test_in_ddtraces_place_executors_have_one_tree_and_threads_a_root(
    receiver: Receiver, run: Run, tmp_path
) -> None:
    (tmp_path / "app.py").write_text(textwrap.dedent(AS_DDTRACE))
    done = run(f"""
        import sys
        sys.argv = ["witspan-run", "--as-ddtrace", {str(tmp_path / "app.py")!r}]
        from witspan._run import console
        console()
    """)
    assert (done.returncode, done.stderr) == (0, "")
    names = {event["span_id"]: event["name"] for event in receiver.events}
    parents = {event["name"]: names.get(event["parent_id"]) for event in receiver.events}
    assert parents == DDTRACES


def test_ddtrace_itself_sends_that(receiver: Receiver, tmp_path) -> None:
    pytest.importorskip("ddtrace")
    (tmp_path / "app.py").write_text(textwrap.dedent(AS_DDTRACE))
    done = subprocess.run(
        [sys.executable, str(tmp_path / "app.py")],
        env={
            "DD_API_KEY": "x",
            "DD_SITE": "datadoghq.com",
            "DD_LLMOBS_ENABLED": "1",
            "DD_LLMOBS_AGENTLESS_ENABLED": "1",
            "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url,
            "DD_APM_TRACING_ENABLED": "0",
            "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "0",
            "DD_REMOTE_CONFIGURATION_ENABLED": "0",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    names = {event["span_id"]: event["name"] for event in receiver.events}
    parents = {event["name"]: names.get(event["parent_id"]) for event in receiver.events}
    assert parents == DDTRACES
