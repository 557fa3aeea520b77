"""The fixture `llmobs_spans`, in a real pytest that runs somebody's project."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from python_support import Receiver

APP = """
    from witspan import LLMObs
    from witspan.decorators import workflow

    def hide(span):
        span.input = [{"role": "", "content": "hidden"}]
        return span

    def main():
        LLMObs.enable(ml_app="shop", span_processor=hide)
        return answer("why?")

    @workflow
    def answer(question):
        with LLMObs.llm("gpt-4o", name="ask"):
            LLMObs.annotate(input_data=question, output_data="so")
        return "so"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    return tmp_path


def pytest_in(
    project: Path, tests: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    (project / "test_app.py").write_text(textwrap.dedent(tests))
    names = {name: v for name, v in os.environ.items() if not name.startswith(("DD_", "PYTEST"))}
    # Other tracers' plugins, there after `just bench`, are not of this project.
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:ddtrace"]
    command += ["-p", "no:ddtrace.pytest_bdd", "-p", "no:ddtrace.pytest_benchmark", *arguments]
    return subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=60, env={**names, **variables}
    )


def test_a_test_sees_its_own_spans_and_no_others(project: Path, receiver: Receiver) -> None:
    done = pytest_in(
        project,
        """
        import app
        import pytest
        from witspan import LLMObs

        # A tracer that the project enables for all of its tests.
        LLMObs.enable(ml_app="suite")

        @pytest.mark.parametrize("number", range(3))
        def test_one(llmobs_spans, number):
            assert len(llmobs_spans) == 0
            app.main()
            assert llmobs_spans["ask"].parent == llmobs_spans["answer"]
            assert llmobs_spans["answer"].ml_app == "shop"
            assert llmobs_spans["answer"].input == "hidden"
            LLMObs.workflow("left open")

        def test_without_the_fixture():
            assert LLMObs.enabled
            with LLMObs.task("of the suite"):
                pass

        def test_after_it(llmobs_spans):
            with LLMObs.task("root"):
                pass
            assert llmobs_spans[0].parent_id is None
            assert llmobs_spans[0].ml_app == "test"

        def test_at_the_end():
            assert LLMObs.flush().delivered == 1
        """,
        DD_LLMOBS_OVERRIDE_ORIGIN=receiver.url,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout, done.stdout
    assert [event["name"] for event in receiver.events] == ["of the suite"]


def test_it_needs_neither_network_nor_settings_and_heeds_none(project: Path) -> None:
    done = pytest_in(
        project,
        """
        import app

        def test_it(llmobs_spans):
            app.main()
            assert [span.name for span in llmobs_spans] == ["answer", "ask"]
        """,
        DD_LLMOBS_ENABLED="0",
        DD_TRACE_AGENT_URL="http://127.0.0.1:9",
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_failure_shows_what_was_recorded(project: Path) -> None:
    done = pytest_in(
        project,
        """
        import app

        def test_it(llmobs_spans):
            app.main()
            assert llmobs_spans["ask"].output == "no"

        def test_nothing(llmobs_spans):
            assert llmobs_spans
        """,
    )
    assert done.returncode == 1
    _, _, shown = done.stdout.partition("Recorded spans")
    assert "workflow   answer\nllm        └─ ask (gpt-4o)" in shown, done.stdout
    assert shown.count("Recorded spans") == 1 and "\nnone\n" in shown


def test_coroutines_record_too(project: Path) -> None:
    done = pytest_in(
        project,
        """
        import asyncio

        from witspan.decorators import agent, task

        @task
        async def step(n):
            return n

        @agent
        async def run():
            await asyncio.gather(*(asyncio.create_task(step(n)) for n in range(3)))

        def test_it(llmobs_spans):
            asyncio.run(run())
            assert [span.name for span in llmobs_spans["run"].children] == ["step"] * 3
        """,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_tests_that_do_not_ask_for_it_do_not_load_the_core(project: Path) -> None:
    done = pytest_in(
        project,
        """
        import sys

        def test_it():
            assert "witspan.pytest_plugin" in sys.modules
            assert "witspan._native" not in sys.modules
            assert "witspan.testing" not in sys.modules
        """,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_pytest_lists_the_fixture(project: Path) -> None:
    done = pytest_in(project, "", "--fixtures")
    assert "llmobs_spans" in done.stdout
    assert "What this test traces, recorded in memory" in done.stdout
