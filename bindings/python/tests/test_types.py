"""The package as type checkers see it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "python"
PYRIGHT = Path(__file__).resolve().parents[3] / "tools" / "pyright.py"

USAGE = """
from collections.abc import AsyncIterator, Iterator
from typing import Optional

from witspan import FlushResult, LLMObs, LLMObsArgumentError, LLMObsError, LLMObsSpan, Span
from witspan import __version__
from witspan.decorators import agent, embedding, llm, retrieval, task, tool, workflow
from witspan.testing import NoSuchSpan, RecordedSpan, Recorder, recorder
from witspan.types import Documents, ExportedLLMObsSpan, Message, Messages, Prompt


@workflow
def plain(question: str, *, count: int = 1) -> list[str]:
    return [question] * count


@llm(model_name="gpt", model_provider="openai", name="ask", session_id="s", ml_app="a")
async def ask(prompt: str) -> str:
    return prompt


@tool(name="items")
def items(n: int) -> Iterator[int]:
    yield n


@task()
async def stream(n: int) -> AsyncIterator[bytes]:
    yield bytes(n)


class Bot:
    @agent
    def run(self, goal: str) -> Optional[int]:
        return len(goal)

    @classmethod
    @retrieval
    def search(cls, query: str) -> tuple[str, ...]:
        return (query,)

    @staticmethod
    @embedding(model_name="e")
    def embed(text: str) -> list[float]:
        return [len(text)]


def helper(span: Span) -> None:
    LLMObs.annotate(span, input_data={1: object()}, metrics={"n": 1, "f": 0.5}, tags={"k": None})


def redact(span: LLMObsSpan) -> Optional[LLMObsSpan]:
    span.output = [{"role": "", "content": ""}]
    return None if span.get_tag("noise") else span


@agent(version="1")
def versioned() -> None:
    LLMObs.annotate(prompt={"id": "p"}, tool_definitions=[{"name": "t"}], cost_tags=["k"])
    LLMObs.annotate(agent={"model": "m"}, links=[{"trace_id": "1", "span_id": "2"}])
    LLMObs.submit_evaluation("l", "score", 0.5, LLMObs.export_span(), tags={"a": 1})
    LLMObs.submit_feedback("l", "text", "x", {"id": "u"}, span_id="1")
    headers: dict[str, str] = {}
    LLMObs.inject_distributed_headers(headers)
    LLMObs.activate_distributed_headers(headers)
    LLMObs.activate_distributed_headers([(b"a", b"b")])
    LLMObs.register_processor(redact)
    LLMObs.register_processor(None)
    with LLMObs.annotation_context(tags={"a": "b"}, name="n"), LLMObs.agent(version="2"):
        pass


def recorded(llmobs_spans: Recorder) -> list[RecordedSpan]:
    with recorder(ml_app="a", span_processor=redact, max_bytes=1000) as spans:
        plain("x")
    assert spans["plain"].input_messages[0]["content"] == "x"
    assert issubclass(NoSuchSpan, LookupError)
    reveal_type(spans["plain"])
    reveal_type(llmobs_spans[0].input)
    return [*spans.find(kind="llm"), *llmobs_spans[1:], *spans]


def typed(exported: ExportedLLMObsSpan) -> None:
    prompt: Prompt = {"id": "p", "template": "{{a}}", "variables": {"a": "b"}}
    message: Message = {"role": "user", "content": "x"}
    LLMObs.annotate(prompt=prompt, input_data=Messages([message]), output_data=Documents([]))
    LLMObs.submit_evaluation("l", "boolean", True, exported)
    counts = {"input_tokens": 1}
    LLMObs.annotate(metrics=counts, tool_definitions=({"name": "t"},))
    with LLMObs.annotation_context(prompt=prompt):
        pass


async def main() -> None:
    async with LLMObs.annotation_context(prompt={"id": "p"}):
        pass
    LLMObs.enable(span_processor=redact, sample_rate=0.5)
    LLMObs.enable(ml_app="app", agentless_enabled=None, site="datadoghq.eu")
    with LLMObs.workflow(name="w", session_id="s") as span:
        helper(span)
        reveal_type(span)
        reveal_type(plain)
        reveal_type(ask)
        reveal_type(items)
        reveal_type(stream)
        reveal_type(Bot().run)
        reveal_type(Bot.search)
        reveal_type(Bot.embed)
        reveal_type(await ask("x"))
        reveal_type(LLMObs.export_span())
        reveal_type(LLMObs.flush())
        reveal_type(span.trace_id)
        reveal_type(LLMObs.propagate(plain))
        reveal_type(LLMObs.propagate(Bot().run)("goal"))
    with LLMObs.llm("m", parent=span, activate=False) as below:
        LLMObs.task(parent=below, activate=True).finish()
    LLMObs.agent(parent={"traceparent": "00"}).finish()
    LLMObs.tool(parent=[(b"traceparent", b"00")]).finish()
    LLMObs.retrieval(parent=None).finish()
    LLMObs.enable(threads=True)
    result: FlushResult = LLMObs.flush(timeout=1)
    assert result.settled
    error: ValueError = LLMObsArgumentError(__version__)
    assert isinstance(error, LLMObsError)
    LLMObs.disable()
"""

# The same by mypy and by pyright, each in its own words.
REVEALED = [
    "witspan._recorded.RecordedSpan",
    "str | list[dict[str, Any]] | None",
    "witspan._native.Span",
    "def (question: str, *, count: int =) -> list[str]",
    "def (prompt: str) -> Coroutine[Any, Any, str]",
    "def (n: int) -> Iterator[int]",
    "def (n: int) -> AsyncIterator[bytes]",
    "def (goal: str) -> int | None",
    "def (query: str) -> tuple[str, ...]",
    "def (text: str) -> list[float]",
    "str",
    "dict[str, str] | None",
    "tuple[bool, int, int, dict[str, int], fallback=witspan._flushed.FlushResult]",
    "int",
    "def (question: str, *, count: int =) -> list[str]",
    "int | None",
]

REVEALED_BY_PYRIGHT = [
    "RecordedSpan",
    "str | list[dict[str, Any]] | None",
    "Span",
    "(question: str, *, count: int = 1) -> list[str]",
    "(prompt: str) -> CoroutineType[Any, Any, str]",
    "(n: int) -> Iterator[int]",
    "(n: int) -> AsyncIterator[bytes]",
    "(goal: str) -> (int | None)",
    "(query: str) -> tuple[str, ...]",
    "(text: str) -> list[float]",
    "str",
    "dict[str, str] | None",
    "FlushResult",
    "int",
    "(question: str, *, count: int = 1) -> list[str]",
    "int | None",
]

WRONG = """
from witspan import LLMObs
from witspan.decorators import task

LLMObs.workflow(name=5)
LLMObs.annotate("span")
LLMObs.annotate(metrics={"m": "1"})
task(name=5)
task("name")
LLMObs.register_processor(5)
LLMObs.propagate(5)
LLMObs.enable(threads="yes")
LLMObs.task(parent="00-1-2-01")
LLMObs.task(activate="no")


@task
def double(n: int) -> int:
    return 2 * n


double("x")
"""


def mypy(source: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "usage.py"
    file.write_text(source)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file="]
    # A cache of its own: others may run mypy at the same time.
    command += ["--cache-dir", str(folder / "cache"), str(file)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(PACKAGE)},
    )


def pyright(source: str, folder: Path) -> list[dict[str, Any]]:
    """What pyright's strict mode says of a program."""
    (folder / "usage.py").write_text(source)
    config = {"include": ["usage.py"], "typeCheckingMode": "strict", "extraPaths": [str(PACKAGE)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    command = [sys.executable, str(PYRIGHT), "--outputjson", "-p", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    try:
        said: list[dict[str, Any]] = json.loads(done.stdout)["generalDiagnostics"]
    except ValueError:
        pytest.fail(done.stdout + done.stderr)
    return said


def test_decorated_functions_keep_their_types(tmp_path: Path) -> None:
    checked = mypy(USAGE, tmp_path)
    lines = checked.stdout.splitlines()
    assert not [line for line in lines if "note:" not in line], checked.stdout
    revealed = re.findall(r'Revealed type is "(.*)"', checked.stdout.replace("builtins.", ""))
    shortened = [re.sub(r"\b(typing|collections\.abc)\.", "", each) for each in revealed]
    assert shortened == REVEALED


def test_decorated_functions_keep_their_types_for_pyright(tmp_path: Path) -> None:
    said = pyright(USAGE, tmp_path)
    assert not [each for each in said if each["severity"] != "information"], said
    revealed = [re.sub(r'^Type of ".*?" is "(.*)"$', r"\1", each["message"]) for each in said]
    assert revealed == REVEALED_BY_PYRIGHT


def test_wrong_calls_are_errors_of_the_type_checker(tmp_path: Path) -> None:
    checked = mypy(WRONG, tmp_path)
    wrong = {int(n) for n in re.findall(r"usage\.py:(\d+): error", checked.stdout)}
    assert wrong == {5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 22}, checked.stdout
    said = pyright(WRONG, tmp_path)
    errors = {each["range"]["start"]["line"] + 1 for each in said if each["severity"] == "error"}
    assert errors == wrong, said


def test_the_stubs_are_those_of_the_compiled_module(tmp_path: Path) -> None:
    config = tmp_path / "mypy.ini"
    config.write_text(f"[mypy]\nstrict = True\ncache_dir = {tmp_path / 'cache'}\n")
    command = [sys.executable, "-m", "mypy.stubtest", "witspan._native"]
    done = subprocess.run(
        [*command, "--mypy-config-file", str(config)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(PACKAGE)},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", sorted(PACKAGE.glob("witspan/*.py*")), ids=lambda file: file.name)
def test_the_package_needs_nothing_but_the_standard_library(file: Path) -> None:
    if file.suffix not in (".py", ".pyi"):
        pytest.skip("not source")
    imported = re.findall(r"^\s*(?:from|import) ([\w.]+)", file.read_text(), re.MULTILINE)
    names = {name.split(".")[0] for name in imported if not name.startswith(".")}
    # The docstrings show how it is imported.
    standard = {"witspan", *getattr(sys, "stdlib_module_names", names)}
    if file.name == "pytest_plugin.py":
        # Imported by nobody but pytest.
        standard.add("pytest")
    assert names <= standard
