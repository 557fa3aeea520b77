"""What is loaded, and when: native code only once tracing starts, and only where it can run."""

from __future__ import annotations

import sys
import textwrap

import pytest
from python_support import Receiver, Run

NOTHING_NATIVE = """
    import sys, threading
    assert not [name for name in sys.modules if name.startswith("witspan._native")]
    assert threading.active_count() == 1
"""

EVERY_CALL = """
    import asyncio
    from witspan import LLMObs, LLMObsSpan, LLMObsError, LLMObsArgumentError, FlushResult
    from witspan.decorators import agent, embedding, llm, retrieval, task, tool, workflow
    LLMObs.enable(ml_app="app", exit_timeout="wrong")
    assert not LLMObs.enabled
    for decorate in (agent, embedding, llm, retrieval, task, tool, workflow):
        with getattr(LLMObs, decorate.__name__)(name="n") as span:
            LLMObs.annotate(span, input_data="x")
            LLMObs.export_span(span)
            span.set_exc_info(None, None, None)
        assert decorate(lambda n: n)(3) == 3
        assert list(decorate(lambda n: (yield n))(3)) == [3]
    async def main():
        async with LLMObs.annotation_context(tags={"a": "b"}):
            pass
    asyncio.run(main())
    with LLMObs.annotation_context(tags={"a": "b"}):
        LLMObs.submit_evaluation("l", "score", 1)
        LLMObs.submit_feedback("l", "score", 1, {})
    LLMObs.inject_distributed_headers({})
    LLMObs.activate_distributed_headers({})
    LLMObs.register_processor(lambda span: span)
    LLMObs.flush()
    LLMObs.statistics()
    LLMObs.disable()
"""


@pytest.mark.parametrize("module", ["witspan", "witspan.decorators"])
def test_importing_loads_no_native_code_and_starts_nothing(run: Run, module: str) -> None:
    done = run(f"import {module}\n" + textwrap.dedent(NOTHING_NATIVE))
    assert (done.returncode, done.stderr) == (0, "")


def test_with_tracing_off_every_call_is_made_without_native_code(run: Run) -> None:
    done = run(EVERY_CALL + NOTHING_NATIVE, DD_LLMOBS_ENABLED="0")
    assert (done.returncode, done.stderr) == (0, "")


def test_calls_before_enable_load_no_native_code(run: Run) -> None:
    source = EVERY_CALL.replace('LLMObs.enable(ml_app="app", exit_timeout="wrong")', "pass")
    done = run(source + NOTHING_NATIVE)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_class_of_spans_and_the_version_are_there_without_native_code(run: Run) -> None:
    done = run("""
        import witspan
        assert witspan.Span.__name__ == "Span"
        assert witspan.__version__.count(".") >= 2, witspan.__version__
        try:
            witspan.Spam
        except AttributeError as error:
            print(error)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "module 'witspan' has no attribute 'Spam'\n"


def test_a_native_module_that_cannot_be_loaded_leaves_tracing_off_and_is_logged_once(run) -> None:
    done = run("""
        import sys
        sys.modules["witspan._native"] = None
        from witspan import LLMObs
        for _ in range(2):
            LLMObs.enable(ml_app="app")
            assert not LLMObs.enabled
        with LLMObs.task() as span:
            LLMObs.annotate(span, input_data="x")
    """)
    assert done.returncode == 0
    assert done.stderr.count("LLMObs stays off: its native module cannot be loaded") == 1


@pytest.mark.parametrize("level", ["1", "2"])
def test_tracing_works_where_python_leaves_out_asserts_and_docstrings(
    receiver: Receiver, run: Run, level: str
) -> None:
    source = """
        from witspan import LLMObs
        from witspan.decorators import workflow
        LLMObs.enable(ml_app="app")
        @workflow
        def work(n):
            with LLMObs.llm(model_name="m", name="ask") as span:
                LLMObs.annotate(span, input_data="in", output_data="out")
            return n
        print(work(3), LLMObs.flush().delivered)
    """
    done = run(source, PYTHONOPTIMIZE=level)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "3 2\n")
    assert sorted(event["name"] for event in receiver.events) == ["ask", "work"]


def test_a_defect_of_ours_at_the_start_leaves_tracing_off_and_the_program_alone(run: Run) -> None:
    done = run("""
        import witspan._native as native
        from witspan import LLMObs
        def broken(*arguments):
            raise TypeError("a defect")
        native.use_tracer = broken
        LLMObs.enable(ml_app="app")
        assert not LLMObs.enabled
        with LLMObs.task() as span:
            LLMObs.annotate(span, input_data="x")
    """)
    assert done.returncode == 0
    assert done.stderr == "LLMObs stays off: TypeError('a defect')\n"


IN_A_SUBINTERPRETER = """
    from witspan import LLMObs
    from witspan.decorators import task
    LLMObs.enable(ml_app="app")

    @task
    def double(n):
        with LLMObs.workflow(name="inner") as span:
            LLMObs.annotate(span, input_data=n)
        return 2 * n

    assert double(4) == 8
"""


def test_in_a_subinterpreter_tracing_stays_off_and_the_main_one_traces(
    receiver: Receiver, run: Run
) -> None:
    module = "_xxsubinterpreters" if sys.version_info < (3, 13) else "_interpreters"
    pytest.importorskip(module)
    done = run(f"""
import {module} as interpreters
from witspan import LLMObs
LLMObs.enable(ml_app="app")
inner = interpreters.create()
failed = interpreters.run_string(inner, {textwrap.dedent(IN_A_SUBINTERPRETER)!r})
assert failed is None, failed
with LLMObs.task(name="outside"):
    pass
interpreters.destroy(inner)
assert LLMObs.flush().delivered == 1
""")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("LLMObs stays off: its native module cannot be loaded") == 1
    assert [event["name"] for event in receiver.events] == ["outside"]


def test_a_subinterpreter_that_is_first_to_enable_takes_nothing_from_the_main_one(
    receiver: Receiver, run: Run
) -> None:
    module = "_xxsubinterpreters" if sys.version_info < (3, 13) else "_interpreters"
    pytest.importorskip(module)
    done = run(f"""
import {module} as interpreters
inner = interpreters.create()
failed = interpreters.run_string(inner, {textwrap.dedent(IN_A_SUBINTERPRETER)!r})
assert failed is None, failed
from witspan import LLMObs
LLMObs.enable(ml_app="app")
with LLMObs.task(name="outside"):
    pass
interpreters.destroy(inner)
assert LLMObs.flush().delivered == 1
""")
    assert done.returncode == 0, done.stderr
    assert [event["name"] for event in receiver.events] == ["outside"]
