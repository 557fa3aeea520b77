"""`witspan-run` and `python -m witspan run`: a program runs as it would without us, but traced."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Callable

import pytest
from python_support import Receiver

Runs = Callable[..., "subprocess.CompletedProcess[str]"]

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such exit codes")


@pytest.fixture
def runs(receiver: Receiver, tmp_path: Path) -> Runs:
    """Runs a command of words in a folder of its own; `python` is this one, `run` our command."""

    def runs(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        run = [sys.executable, "-m", "witspan", "run"]
        known = {"python": [sys.executable], "run": run}
        env = {name: v for name, v in os.environ.items() if not name.startswith("DD_")}
        env.pop("PYTHONPATH", None)
        env |= {"DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url, **variables}
        return subprocess.run(
            [*known.get(words[0], [words[0]]), *words[1:]],
            cwd=tmp_path,
            env={name: value for name, value in env.items() if value != "UNSET"},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return runs


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file of the program."""

    def write(name: str, source: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
        return path

    return write


WHAT_A_PROGRAM_SEES = """
    import __main__, os, sys
    print(sys.argv, __name__, os.path.basename(__file__), os.path.isabs(__file__), __package__)
    print(repr(__doc__), __spec__ and __spec__.name, __builtins__.__name__)
    print(__main__.__dict__ is globals(), type(__loader__).__name__, __cached__)
    print(os.path.realpath(sys.path[0]) == os.path.realpath(sys.argv[1]))
    import beside
"""


@pytest.mark.parametrize("program", ["app.py", "folder/app.py", "-m app", "-m package.app"])
def test_a_program_sees_what_it_sees_without_us(runs, write, tmp_path, program: str) -> None:
    folder = tmp_path / "folder" if program.startswith("folder") else tmp_path
    for name in ("app.py", "folder/app.py", "package/app.py"):
        write(name, WHAT_A_PROGRAM_SEES)
    for name in ("beside.py", "folder/beside.py", "package/__init__.py"):
        write(name, "")
    words = [*program.split(), str(folder), "-m", "--as-ddtrace"]
    plain, traced = runs("python", *words), runs("run", *words)
    assert (traced.returncode, traced.stderr) == (plain.returncode, plain.stderr)
    lines = zip(plain.stdout.splitlines(), traced.stdout.splitlines())
    assert plain.returncode == 0, plain.stderr
    assert [a for a, b in lines if a != b] == []
    assert "True" in plain.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "source",
    [
        "raise ValueError('the end')",
        "def f():\n    1 / 0\ntry:\n    f()\nexcept Exception as e:\n    raise KeyError(1) from e",
        "def f():\n    1 / 0\ntry:\n    f()\nexcept Exception:\n    raise KeyError(1)\n",
        "this is not Python",
        "import sys; sys.exit(3)",
        "import sys; sys.exit('a text')",
        "import sys; sys.exit()",
        "raise SystemExit(0)",
        "import missing_module",
        "import sys; sys.excepthook = lambda *given: print('own', given[0]); 1 / 0",
        "import threading; threading.Thread(target=lambda: 1 / 0).start()",
        pytest.param("raise KeyboardInterrupt", marks=posix),
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGTERM); input()", marks=posix
        ),
    ],
)
def test_a_program_ends_as_it_does_without_us(runs: Runs, write, source: str) -> None:
    write("app.py", source)
    plain, traced = runs("python", "app.py"), runs("run", "app.py")
    assert traced.returncode == plain.returncode
    assert (traced.stdout, traced.stderr) == (plain.stdout, plain.stderr)
    module = runs("run", "-m", "app")
    assert module.returncode == plain.returncode
    assert "witspan" not in module.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("no.py", "there is no file"),
        ("-m no_such_module", "No module named no_such_module"),
        ("folder", "can't find '__main__' module"),
    ],
)
def test_a_program_that_is_not_there_is_an_error(runs: Runs, write, words: str, said: str) -> None:
    write("folder/nothing.txt", "")
    done = runs("run", *words.split())
    assert done.returncode != 0
    assert said in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [[], ["--wrong", "app.py"], ["-m"]])
def test_a_wrong_command_shows_how_it_is_used(runs: Runs, words: list[str]) -> None:
    done = runs("run", *words)
    assert done.returncode == 2
    assert "usage: witspan-run" in done.stderr


SPAN = """
    from witspan import LLMObs
    from witspan.decorators import workflow

    @workflow
    def main():
        return LLMObs.enabled

    assert main()
"""


def test_a_program_that_never_enables_is_traced_by_the_environment(runs, write, receiver) -> None:
    write("app.py", SPAN)
    done = runs("run", "app.py", DD_LLMOBS_ML_APP="by the environment", DD_ENV="here")
    assert done.returncode == 0, done.stderr
    (event,) = receiver.events
    assert {"ml_app:by the environment", "env:here"} <= set(event["tags"])


def test_a_program_that_enables_itself_has_the_last_word(runs, write, receiver) -> None:
    write(
        "app.py",
        "from witspan import LLMObs\nLLMObs.enable(ml_app='own')\n" + textwrap.dedent(SPAN),
    )
    done = runs("run", "app.py", DD_LLMOBS_ML_APP="by the environment")
    assert (done.returncode, done.stderr) == (0, "")
    (event,) = receiver.events
    assert "ml_app:own" in event["tags"]


def test_what_the_program_says_when_it_enables_counts_whatever_it_is(runs, write, receiver):
    write(
        "app.py",
        """
        import re, signal, sys
        from witspan import LLMObs

        def caught():
            # The system's own record: Python's does not know of ours.
            mask = re.search(r"SigCgt:\\s*(\\w+)", open("/proc/self/status").read())[1]
            return int(mask, 16) >> (signal.SIGTERM - 1) & 1

        assert sys.platform != "linux" or caught()

        def drop(span):
            return None if span.event["name"] == "noise" else span

        LLMObs.enable(span_processor=drop, handle_signals=False, exit_timeout=1)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        assert sys.platform != "linux" or not caught()
        assert LLMObs._tracer.exit_timeout == 1
        for name in ("noise", "kept"):
            with LLMObs.task(name=name):
                pass
    """,
    )
    done = runs("run", "app.py", DD_LLMOBS_ML_APP="env")
    assert (done.returncode, done.stderr) == (0, "")
    (event,) = receiver.events
    assert event["name"] == "kept" and "ml_app:env" in event["tags"]


def test_tracing_that_is_off_runs_the_program_and_loads_nothing(runs, write, receiver) -> None:
    write(
        "app.py",
        "import sys\nfrom witspan import LLMObs\nprint(LLMObs.enabled)\n"
        "assert 'witspan._native' not in sys.modules\n",
    )
    done = runs("run", "--as-ddtrace", "app.py", DD_LLMOBS_ENABLED="0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
    assert receiver.requests == []


def test_a_folder_and_an_archive_are_run_by_their_main_module(runs, write, tmp_path, receiver):
    main = write("folder/__main__.py", SPAN + "    import beside; print(__name__)")
    beside = write("folder/beside.py", "")
    with zipfile.ZipFile(tmp_path / "archive.pyz", "w") as archive:
        archive.write(main, "__main__.py")
        archive.write(beside, "beside.py")
    for name in ("folder", "archive.pyz"):
        done = runs("run", name)
        assert (done.returncode, done.stdout) == (0, "__main__\n"), done.stderr
    assert len(receiver.events) == 2


def test_the_command_is_installed(runs: Runs, write, receiver: Receiver) -> None:
    write("app.py", SPAN)
    command = Path(sys.executable).with_name("witspan-run" + (".exe" if os.name == "nt" else ""))
    done = runs(str(command), "app.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(receiver.events) == 1
    assert runs(str(command), "--version").stdout.startswith("witspan 0.")


@pytest.mark.parametrize("how", ["by name", "by path", "in a script"])
def test_a_command_is_run_in_our_place(runs, write, receiver, tmp_path, how: str) -> None:
    write("app.py", "from ddtrace.llmobs import LLMObs\nwith LLMObs.task(name='inside'): pass\n")
    if how == "in a script":
        if os.name == "nt":
            pytest.skip("Windows runs no such scripts")
        write("go", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n').chmod(0o755)
    command = {"by name": Path(sys.executable).name, "by path": sys.executable}.get(how, "./go")
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    done = runs("run", "--as-ddtrace", command, "app.py", PATH=path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [event["name"] for event in receiver.events] == ["inside"]


def test_the_site_customization_of_the_environment_runs_in_children_too(runs, write, tmp_path):
    write("site/sitecustomize.py", "import sys; sys.customized = __name__")
    write("app.py", "import subprocess, sys; subprocess.run([sys.executable, 'child.py'])")
    write("child.py", "import sys, witspan; print(sys.customized, witspan.LLMObs.enabled)")
    done = runs("run", "app.py", PYTHONPATH=str(tmp_path / "site"))
    assert (done.stdout, done.stderr) == ("sitecustomize True\n", "")


WORKERS = """
    import multiprocessing
    from ddtrace.llmobs import LLMObs
    from ddtrace.llmobs.decorators import task

    @task
    def work(n):
        return n

    if __name__ == "__main__":
        LLMObs.enable(ml_app="workers")
        context = multiprocessing.get_context("METHOD")
        with LLMObs.workflow(name="all"):
            children = [context.Process(target=work, args=(n,)) for n in range(2)]
            for child in children:
                child.start()
            for child in children:
                child.join()
                assert child.exitcode == 0
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@posix
def test_processes_of_multiprocessing_are_traced_as_the_program_is(
    runs: Runs, write, receiver: Receiver, method: str
) -> None:
    write("app.py", WORKERS.replace("METHOD", method))
    done = runs("run", "--as-ddtrace", "app.py", DD_LLMOBS_ML_APP="workers")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(event["name"] for event in receiver.events) == ["all", "work", "work"]
    assert all("ml_app:workers" in event["tags"] for event in receiver.events)


# ---- in ddtrace's place


def test_what_ddtrace_has_by_name_is_ours(runs: Runs, write) -> None:
    write(
        "app.py",
        """
        import ddtrace, ddtrace.auto, witspan, witspan.decorators, witspan.types
        from ddtrace import tracer
        from ddtrace.llmobs import LLMObs, LLMObsSpan, Prompt, Agent
        from ddtrace.llmobs.decorators import agent, embedding, llm, retrieval, task, tool, workflow
        from ddtrace.llmobs.types import Message, ToolDefinition
        from ddtrace.llmobs.utils import Documents, Messages
        from ddtrace.llmobs._llmobs import LLMObsAnnotateSpanError
        from ddtrace.trace import Span
        assert LLMObs is witspan.LLMObs and LLMObsSpan is witspan.LLMObsSpan
        assert workflow is witspan.decorators.workflow
        assert Prompt is witspan.types.Prompt and Messages is witspan.types.Messages
        assert Span is witspan.Span
        with LLMObs.task() as span:
            assert tracer.current_span() is span and isinstance(span, Span)
            try:
                LLMObs.annotate(tags=5)
            except LLMObsAnnotateSpanError as error:
                assert "`tags`" in str(error)
            with tracer.trace("web.request", service="s", resource="/") as other:
                other.set_tag("a", "b")
                assert tracer.current_span() is span
        tracer.flush()
        assert LLMObs.statistics()["delivered"] == 1
    """,
    )
    done = runs("run", "--as-ddtrace", "app.py")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("from ddtrace.llmobs import Dataset", "ddtrace.llmobs.Dataset"),
        ("import ddtrace.contrib.openai", "ddtrace.contrib"),
        ("from ddtrace import config", "ddtrace.config"),
        ("from ddtrace.llmobs.decorators import nothing", "ddtrace.llmobs.decorators.nothing"),
        ("import ddtrace.llmobs; ddtrace.llmobs.LLMJudge", "ddtrace.llmobs.LLMJudge"),
        ("from ddtrace.llmobs import LLMObs; LLMObs.create_dataset('d')", "LLMObs.create_dataset"),
    ],
)
def test_a_name_that_is_not_offered_is_an_error_with_what_to_do(
    runs, write, statement, name
) -> None:
    write("app.py", statement)
    done = runs("run", "--as-ddtrace", "app.py")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(("ModuleNotFoundError: ", "AttributeError: "))
    assert f"`{name}`" in last and "ddtrace itself" in last


def test_names_that_are_not_offered_can_be_probed(runs: Runs, write) -> None:
    write(
        "app.py",
        """
        import ddtrace.llmobs
        assert not hasattr(ddtrace.llmobs, "Dataset")
        assert getattr(ddtrace.llmobs.LLMObs, "create_dataset", None) is None
        try:
            import ddtrace.contrib
        except ModuleNotFoundError:
            print("fine")
    """,
    )
    done = runs("run", "--as-ddtrace", "app.py")
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


def test_patching_does_nothing_and_is_logged_once(runs: Runs, write) -> None:
    write(
        "app.py",
        """
        from ddtrace import patch, patch_all
        patch(openai=True)
        patch_all()
    """,
    )
    done = runs("run", "--as-ddtrace", "app.py")
    assert done.returncode == 0
    assert done.stderr.count("patches no libraries") == 1


def test_without_the_option_ddtrace_is_what_it_is(runs: Runs, write) -> None:
    write("ddtrace.py", "print('the real one')")
    write("app.py", "import ddtrace")
    assert runs("run", "app.py").stdout == "the real one\n"
    assert runs("run", "--as-ddtrace", "app.py").stdout == ""


def test_headers_for_a_span_of_the_tracer_continue_the_current_span(
    runs: Runs, receiver: Receiver, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(
        textwrap.dedent(
            """
            from ddtrace import tracer
            from ddtrace.llmobs import LLMObs

            with LLMObs.workflow(name="w") as w:
                with tracer.trace("http.request") as request:
                    headers = LLMObs.inject_distributed_headers({}, span=request)
                    assert headers["x-datadog-parent-id"] == str(w.span_id), headers
                    request.resource = request.start = "other"
                    request.context = None
                assert request.duration >= 0
                tracer.context_provider.activate(w.context)
                assert tracer.current_span() is w
            with tracer.trace("http.request") as request:
                assert LLMObs.inject_distributed_headers({}, span=request) == {}
            """
        )
    )
    done = runs("run", "--as-ddtrace", "app.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert [event["name"] for event in receiver.events] == ["w"]
