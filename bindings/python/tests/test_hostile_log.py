"""Text of others in the application's log and terminal: one line, harmless, without secrets."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from python_support import Receiver, Run
from test_pytest_plugin import pytest_in
from witspan import LLMObs, LLMObsArgumentError
from witspan._log import shown

#: A line of a log, the title of a terminal, BEL, C1 for "ESC [", DEL, a turn of direction.
EVIL = "x\nERROR forged\r\x1b]0;owned\x07\x9b2J\x7f\u202e\u2066\u200b\u2028y"
ESCAPED = r"x\nERROR forged\r\u001b]0;owned\u0007\u009b2J\u007f\u202e\u2066\u200b\u2028y"
SECRET = "PWSECRET"


def assert_harmless(output: str) -> None:
    for line in output.split("\n"):
        assert line.isprintable(), ascii(line)
        assert not line.startswith("ERROR forged")


def program(source: str, *arguments: str, **variables: str) -> str:
    """What a program printed, with its line ends as they are."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", *(["-c", source] if source else []), *arguments],
        env={"PATH": "/usr/bin:/bin", "WITSPAN_SIGNALS": "0", **variables},
        capture_output=True,
        timeout=60,
    )
    output = (done.stdout + done.stderr).decode()
    assert_harmless(output)
    return output


USE = """
{before}
from witspan import LLMObs
LLMObs.enable(ml_app="app", agentless_enabled={agentless}, exit_timeout=0.1)
LLMObs.enable(ml_app="other")
with LLMObs.llm(name="n") as span:
    LLMObs.annotate(metrics={{"a.{evil}": 1}})
LLMObs.flush(0.1)
"""
LOGGERS = (
    "",
    "import logging; logging.basicConfig(level=logging.DEBUG, format='%(name)s %(message)s')",
)


@pytest.mark.parametrize("before", LOGGERS)
def test_no_variable_and_no_name_forges_a_line(receiver: Receiver, before: str) -> None:
    source = USE.format(before=before, agentless=True, evil=ascii(EVIL)[1:-1])
    names = ("WITSPAN_EXIT_TIMEOUT", "WITSPAN_INTAKE", "DD_LLMOBS_SAMPLE_RATE")
    variables = {**dict.fromkeys(names, EVIL), "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url}
    # The line of `enable` comes first.
    source = source.replace("exit_timeout=0.1", "")
    text = program(source, **variables)
    assert f"`WITSPAN_EXIT_TIMEOUT` is `{ESCAPED}`" in text
    assert f"`WITSPAN_INTAKE` is `{ESCAPED}`" in text
    assert f"a.{ESCAPED}" in text


@pytest.mark.parametrize(
    "url",
    [
        "http://user:{0}@127.0.0.1:1",
        "http://user:a/{0}@127.0.0.1:1",
        "http://user:a%40@{0}@127.0.0.1:1",
        "user:{0}@127.0.0.1:1",
        "http://127.0.0.1:1/?api_key={0}",
    ],
)
@pytest.mark.parametrize("before", LOGGERS)
def test_no_password_is_logged(url: str, before: str) -> None:
    url = url.format(SECRET)
    for variable, agentless in (("DD_TRACE_AGENT_URL", False), ("DD_LLMOBS_OVERRIDE_ORIGIN", True)):
        source = USE.format(before=before, agentless=agentless, evil="b")
        # Long enough to find out, on a busy machine too, that nobody answers there.
        source = source.replace("flush(0.1)", "flush(1)")
        variables = {variable: url, "DD_API_KEY": "0123456789abcdef", "https_proxy": url}
        text = program(source, **variables)
        assert "127.0.0.1:1" in text
        assert SECRET not in text and "0123456789abcdef" not in text


def test_the_package_and_the_native_module_escape_the_same_characters(run: Run) -> None:
    letters = [*map(chr, (*range(1, 0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE0100)))]
    kinds = ("Cc", "Cf", "Zl", "Zp", "Zs", "Lm", "Mn")
    text = "".join(letter for letter in letters if unicodedata.category(letter) in kinds)
    # Of one variable 600 letters are shown.
    for start in range(0, len(text), 500):
        some = text[start : start + 500]
        done = run(
            "from witspan import LLMObs; LLMObs.enable(ml_app='app')",
            WITSPAN_INTAKE=f"a{some}b",
            PYTHONUTF8="1",
        )
        assert f"`a{shown(some)}b`" in done.stderr
    assert shown("\ud800\x00\U0001f44d") == r"\ud800\u0000" + "\U0001f44d"


def test_an_error_about_a_value_is_one_line(receiver: Receiver) -> None:
    LLMObs.enable(ml_app="app", agentless_enabled=False)
    with pytest.raises(LLMObsArgumentError) as wrong:
        LLMObs.submit_evaluation(
            label="a", metric_type=EVIL, value=1, span={"span_id": "1", "trace_id": "2"}
        )
    assert ESCAPED in str(wrong.value)


def test_what_a_processor_raises_cannot_forge_a_line_of_the_log(receiver: Receiver) -> None:
    source = f"""
import logging
logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(message)s")
from witspan import LLMObs
def process(span):
    raise ValueError({EVIL!a})
LLMObs.enable(ml_app="app", span_processor=process)
with LLMObs.llm(name="n"):
    pass
"""
    text = program(source, DD_LLMOBS_OVERRIDE_ORIGIN=receiver.url)
    assert "DEBUG the span processor failed" in text
    assert "\n    | ERROR forged" in text


def test_witspan_run_escapes_what_it_repeats(tmp_path: Path) -> None:
    module = ["-m", "witspan"]
    for arguments in (
        [*module, EVIL],
        [*module, "run", f"--{EVIL}"],
        [*module, "run", EVIL],
        [*module, "run", f"{tmp_path}/{EVIL}"],
    ):
        text = program("", *arguments, DD_LLMOBS_ENABLED="0")
        # Python's `repr` of a text.
        assert r"0;owned" in text


def test_the_tree_of_a_failed_test_is_escaped_for_the_terminal(tmp_path: Path) -> None:
    tests = f"""
        from witspan import LLMObs

        def test_it(llmobs_spans):
            with LLMObs.llm({EVIL!a}, name={EVIL!a}):
                pass
            try:
                with LLMObs.task(name="t"):
                    raise ValueError({EVIL!a})
            except ValueError:
                pass
            llmobs_spans["missing" + {EVIL!a}]
    """
    done = pytest_in(tmp_path, tests)
    assert "Recorded spans" in done.stdout
    assert done.stdout.count(r"\u001b]0;owned") >= 4
    # Universal newlines have made one of each CR.
    assert_harmless(done.stdout)
