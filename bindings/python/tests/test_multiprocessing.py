"""Processes that a program makes: each sends its own spans, once, without a call for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from python_support import Receiver, wait_until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows only has spawn")

METHODS = ["fork", "spawn", "forkserver"]

ENABLED_BY_THE_MAIN_MODULE = """
    import multiprocessing
    from witspan import LLMObs
    from witspan.decorators import task

    LLMObs.enable(ml_app="app")

    @task
    def work(n):
        return n
"""

ENABLED_BY_THE_TARGET = """
    import multiprocessing
    from witspan import LLMObs
    from witspan.decorators import task

    @task
    def traced(n):
        return n

    def work(n):
        LLMObs.enable(ml_app="app")
        return traced(n)
"""

PROCESSES = """
    if __name__ == "__main__":
        context = multiprocessing.get_context("METHOD")
        children = [context.Process(target=work, args=(n,)) for n in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join()
            assert child.exitcode == 0, child.exitcode
"""

POOL = """
    if __name__ == "__main__":
        with multiprocessing.get_context("METHOD").Pool(2) as pool:
            assert pool.map(work, range(6), chunksize=1) == list(range(6))
"""

EXECUTOR = """
    if __name__ == "__main__":
        from concurrent.futures import ProcessPoolExecutor
        context = multiprocessing.get_context("METHOD")
        with ProcessPoolExecutor(2, mp_context=context) as executor:
            assert list(executor.map(work, range(6))) == list(range(6))
"""


def run(receiver: Receiver, folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    app = folder / "app.py"
    app.write_text(source)
    env = {**os.environ, "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url}
    return subprocess.run(
        [sys.executable, str(app)], env=env, capture_output=True, text=True, timeout=90
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("enabled", [ENABLED_BY_THE_MAIN_MODULE, ENABLED_BY_THE_TARGET])
@pytest.mark.parametrize(("ending", "count"), [(PROCESSES, 3), (POOL, 6), (EXECUTOR, 6)])
def test_children_deliver_at_their_end(
    receiver: Receiver, tmp_path: Path, enabled: str, ending: str, count: int, method: str
) -> None:
    source = textwrap.dedent(enabled) + textwrap.dedent(ending).replace("METHOD", method)
    done = run(receiver, tmp_path, source)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(receiver.events) == count
    assert len({event["span_id"] for event in receiver.events}) == count


def test_a_child_that_fails_delivers_too(receiver: Receiver, tmp_path: Path) -> None:
    source = (
        ENABLED_BY_THE_MAIN_MODULE.replace("return n", "raise ValueError(n)")
        + """
    if __name__ == "__main__":
        child = multiprocessing.get_context("fork").Process(target=work, args=(1,))
        child.start()
        child.join()
        assert child.exitcode == 1
"""
    )
    done = run(receiver, tmp_path, textwrap.dedent(source))
    assert done.returncode == 0, done.stderr
    assert [event["status"] for event in receiver.events] == ["error"]


def test_a_silent_receiver_delays_a_child_by_the_exit_timeout(receiver, tmp_path: Path) -> None:
    receiver.delay = 30
    source = ENABLED_BY_THE_MAIN_MODULE.replace('ml_app="app"', "exit_timeout=0.3") + PROCESSES
    began = time.monotonic()
    done = run(receiver, tmp_path, textwrap.dedent(source).replace("METHOD", "fork"))
    assert time.monotonic() - began < 10
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("1 span could not be sent in time") == 3


def test_tracing_imports_no_multiprocessing(receiver: Receiver, tmp_path: Path) -> None:
    source = """
        import sys
        from witspan import LLMObs
        LLMObs.enable()
        assert not [name for name in sys.modules if name.startswith("multiprocessing")]
    """
    done = run(receiver, tmp_path, textwrap.dedent(source))
    assert (done.returncode, done.stderr) == (0, "")


APPLICATION = """
    import os
    from witspan import LLMObs
    from witspan.decorators import workflow

    LLMObs.enable(ml_app="served")
    with LLMObs.task(name="loaded"):
        pass

    @workflow
    def answer(path):
        return path

    def app(environ, start_response):
        answer(environ["PATH_INFO"])
        start_response("200 OK", [("content-type", "text/plain")])
        return [str(os.getpid()).encode()]
"""


@pytest.mark.parametrize("preload", [True, False])
@pytest.mark.parametrize("workers", ["sync", "gthread", "gevent"])
def test_workers_of_gunicorn_send_their_own(
    receiver: Receiver, tmp_path: Path, preload: bool, workers: str
) -> None:
    import http.client

    (tmp_path / "served.py").write_text(textwrap.dedent(APPLICATION))
    env: dict[str, Any] = {**os.environ, "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url}
    socket = tmp_path / "port"
    command = [sys.executable, "-m", "gunicorn", "served:app", "--workers", "2"]
    command += ["--worker-class", workers, "--graceful-timeout", "5"]
    command += ["--bind", "127.0.0.1:0", "--log-level", "warning"] + ["--preload"] * preload
    # This is the only place where it writes its port.
    hook = f"""
import os
def when_ready(server):
    with open({str(socket)!r} + ".new", "w") as file:
        file.write(str(server.LISTENERS[0].getsockname()[1]))
    os.replace({str(socket)!r} + ".new", {str(socket)!r})
def post_worker_init(worker):
    open(os.path.join({str(tmp_path)!r}, f"ready-{{worker.pid}}"), "w").close()
"""
    (tmp_path / "gunicorn.conf.py").write_text(hook)
    with subprocess.Popen(command, cwd=tmp_path, env=env) as server:
        try:
            wait_until(socket.exists, 30)
            port = int(socket.read_text())
            # A gevent worker that is asked to end while it still starts waits for half a minute.
            wait_until(lambda: len(list(tmp_path.glob("ready-*"))) == 2)
            served = set()
            for n in range(40):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                connection.request("GET", f"/{n}")
                served.add(connection.getresponse().read())
                connection.close()
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    answers = [event for event in receiver.events if event["name"] == "answer"]
    assert sorted(event["meta"]["input"]["value"] for event in answers) == sorted(
        f'{{"path":"/{n}"}}' for n in range(40)
    )
    loaded = [event for event in receiver.events if event["name"] == "loaded"]
    # Once where it was loaded: in the one process before the fork, or in each of two after it.
    assert len(loaded) == (1 if preload else 2)
    assert len({event["span_id"] for event in receiver.events}) == len(receiver.events)


SENT_BY_VALUE = """
    import subprocess, sys
    import cloudpickle
    from witspan import LLMObs
    from witspan.decorators import llm, workflow

    BEFORE
    @llm(model_name="m")
    def words(n):
        yield from ["a"] * n

    @workflow
    def work(n):
        return "".join(words(n))

    AFTER
    assert cloudpickle.loads(cloudpickle.dumps(work))(1) == "a"
    there = "import pickle, sys; assert pickle.load(sys.stdin.buffer)(3) == 'aaa'"
    command = [sys.executable, "-m", "witspan", "run", sys.executable, "-c", there]
    subprocess.run(command, input=cloudpickle.dumps(work), check=True)
"""


@pytest.mark.parametrize("place", ["BEFORE", "AFTER"])
def test_a_decorated_function_that_is_sent_by_value_is_traced_there(
    receiver: Receiver, tmp_path: Path, place: str
) -> None:
    # Ray, Dask and Spark send functions of the main module like this.
    enabled = SENT_BY_VALUE.replace(place, 'LLMObs.enable(ml_app="app")')
    source = enabled.replace("BEFORE", "").replace("AFTER", "")
    done = run(receiver, tmp_path, textwrap.dedent(source))
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(event["name"] for event in receiver.events) == ["words"] * 2 + ["work"] * 2
