"""Where messages go: to the logger `witspan`, or to stderr if the program has no loggers."""

from __future__ import annotations

from python_support import Receiver, Run

WRONG = "`WITSPAN_EXIT_TIMEOUT` is `soon`; accepted: seconds, a finite number from 0"


def test_tracing_imports_no_logging_for_a_program_that_does_not(
    receiver: Receiver, run: Run
) -> None:
    done = run("""
        import sys
        from witspan import LLMObs
        LLMObs.enable(ml_app="app")
        with LLMObs.llm("gpt", name="n") as span:
            LLMObs.annotate(span, input_data="in", output_data="out")
        assert LLMObs.flush().delivered == 1
        assert "logging" not in sys.modules
    """)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_program_without_loggers_sees_warnings_on_stderr(receiver: Receiver, run: Run) -> None:
    source = """
        import sys
        from witspan import LLMObs
        LLMObs.enable(ml_app="app")
        LLMObs.annotate(input_data="without a span")
        assert "logging" not in sys.modules
    """
    done = run(source, WITSPAN_EXIT_TIMEOUT="soon")
    first, second = done.stderr.splitlines()
    assert done.returncode == 0
    assert first == f"{WRONG}; the default applies: 2"
    assert second.startswith("an annotation was dropped: no span is current here")


def test_a_program_with_loggers_gets_them_there_with_the_place(
    receiver: Receiver, run: Run
) -> None:
    source = """
        import logging, sys
        form = "%(levelname)s %(name)s %(module)s %(message)s"
        logging.basicConfig(stream=sys.stdout, format=form)
        from witspan import LLMObs
        LLMObs.enable(ml_app="app")
    """
    done = run(source, WITSPAN_EXIT_TIMEOUT="soon")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"WARNING witspan _lifecycle {WRONG}")


def test_loggers_that_come_later_get_what_comes_later(receiver: Receiver, run: Run) -> None:
    done = run("""
        from witspan import LLMObs
        LLMObs.enable(ml_app="app")
        import logging, sys
        logging.basicConfig(stream=sys.stdout, format="%(name)s: %(message)s")
        LLMObs.annotate(input_data="without a span")
        LLMObs.enable(ml_app="other")
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["witspan"] * 2


def test_a_program_without_stderr_goes_on(receiver: Receiver, run: Run) -> None:
    for without in ("sys.stderr.close()", "sys.stderr = None"):
        done = run(
            f"""
            import sys
            {without}
            from witspan import LLMObs
            LLMObs.enable(ml_app="app")
            with LLMObs.task(name="n"):
                pass
            print(LLMObs.flush().delivered)
            """,
            WITSPAN_EXIT_TIMEOUT="soon",
        )
        assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
