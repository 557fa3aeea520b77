"""docs/python and the READMEs: their programs are run, and do what the pages say."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import Runner, blocks, check_index, check_links, commands, file_name, matches
from python_support import Receiver

# Programs that a page calls by their names, as modules of this Python.
MODULES = ("celery", "pytest", "uvicorn", "witspan")

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs" / "python"
README = ROOT / "bindings" / "python" / "README.md"
PAGES = [*sorted(DOCS.glob("*.md")), README]
PROGRAMS = [page for page in PAGES if "```console" in page.read_text("utf-8")]

sys.path.insert(0, str(ROOT / "examples" / "python"))


class PythonRunner(Runner):
    FAILS = ("Traceback", " failed")

    def words(self, words: list[str]) -> list[str]:
        if words[0] in MODULES:
            words = [sys.executable, "-m", *words]
        elif words[0] == "python":
            words = [sys.executable, *words[1:]]
        if "pytest" in words:
            # Plugins of other tracers, there after `just bench`.
            for plugin in ("ddtrace", "ddtrace.pytest_bdd", "ddtrace.pytest_benchmark"):
                words += ["-p", f"no:{plugin}"]
        return words


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    """A stand-in that speaks OpenAI's API on loopback."""
    import standin_server

    with standin_server.running() as url:
        yield url


@pytest.mark.parametrize("page", PROGRAMS, ids=lambda page: page.name)
def test_a_page_does_what_it_says(
    page: Path, tmp_path: Path, receiver: Receiver, model: str
) -> None:
    variables = {"OPENAI_BASE_URL": model, "OPENAI_API_KEY": "none", "PYTHONPATH": str(tmp_path)}
    runner = PythonRunner(tmp_path, receiver, **variables)
    runner.run(page.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_python_block_of_a_page_is_a_file_that_it_runs(page: Path) -> None:
    found = blocks(page.read_text("utf-8"))
    ran = " ".join(command for b in found if b.info == "console" for command, _ in commands(b))
    for block in (each for each in found if each.info == "python"):
        name = file_name(block)
        assert name, f"line {block.line}: begins with no name of a file"
        stem = name.removesuffix(".py")
        others = "".join(each.text for each in found if each is not block)
        used = re.search(rf"\b{stem}(\.py|:|\b)", ran) or re.search(
            rf"^(from|import) {stem}\b", others, re.MULTILINE
        )
        assert used, f"line {block.line}: `{name}` is never run"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    check_links(page)


def test_every_page_is_in_the_index_and_reached_from_the_readme() -> None:
    check_index(DOCS, README)


@pytest.mark.parametrize(
    ("expected", "got", "fits"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a … c\n", "a b c\n", True),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nd\n", True),
        ("a.c\n", "abc\n", False),
        ("", "", True),
        ("", "x\n", False),
    ],
)
def test_what_a_page_shows_is_compared_line_by_line(expected: str, got: str, fits: bool) -> None:
    assert matches(expected, got) == fits


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_programs_of_a_page_pass_the_linter(page: Path, tmp_path: Path) -> None:
    for block in blocks(page.read_text("utf-8")):
        name = file_name(block)
        if name is not None:
            (tmp_path / name).write_text(block.text, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "100"]
    # The project's own rules, except for one that its oldest Python cannot follow.
    done = subprocess.run(
        [*ruff, "--select", "E,F,I,B,UP", "--ignore", "B905", "--no-cache", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
