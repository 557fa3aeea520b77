"""docs/go and the READMEs: their programs are run, and do what the pages say.

The programs of all pages are one module, beside the packages of tools/go-pages, and one build.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import Block, Runner, blocks, check_index, check_links, commands, file_name
from receiver import Answer, Request, free_port
from receiver import Receiver as ScriptedReceiver

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "bindings" / "go"
PACKAGES = ROOT / "tools" / "go-pages"
SUPPORT = Path(__file__).resolve().parent / "support"
DOCS = ROOT / "docs" / "go"
README = MODULE / "README.md"
FIRST = ROOT / "README.md"
PAGES = [*sorted(DOCS.glob("*.md")), README]
PROGRAMS = [page for page in PAGES if "```console" in page.read_text("utf-8")]
LONGEST_LINE = 110

sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "examples" / "python")]

import golang  # noqa: E402

#: What the pages' port 8000 is here; the programs are built with it.
PORT = free_port()
TESTS = "_test.go"


class Spans(ScriptedReceiver):
    """Takes spans as an agent or the intake does, and keeps them decoded."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []
        super().__init__()

    def take(self, request: Request) -> Answer:
        body = json.loads(request.body.decode("utf-8"))
        if isinstance(body, list):
            with self.lock:
                self.events += [span for each in body for span in each["spans"]]
        return Answer(202)


def go(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # Trimmed of its path, which is a new one each time, nothing is compiled again each time.
    flags = {"CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false", "GOWORK": "off"}
    return subprocess.run(
        [golang.command(), *words],
        cwd=cwd,
        env={**os.environ, **flags, **environment},
        capture_output=True,
        text=True,
    )


def files(page: Path) -> list[tuple[str, str]]:
    """The Go files of a page, by name."""
    text = page.read_text("utf-8")
    found = [(file_name(block), block.text) for block in blocks(text) if block.info == "go"]
    return [(name, text.replace("8000", str(PORT))) for name, text in found if name]


def folder_of(page: Path) -> str:
    """The folder of a page's package; a program has one of its own below it."""
    return f"{page.parent.name}-{page.stem}".lower()


def program_of(page: Path, name: str) -> str:
    return f"{folder_of(page)}-{Path(name).stem}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module with the programs of all pages; `bin` in it has them built."""
    if why := golang.missing():
        pytest.skip(why)
    got = go("mod", "download", cwd=PACKAGES)
    if got.returncode != 0:
        pytest.skip(f"the packages of tools/go-pages are not to be had: {got.stderr.strip()}")
    folder = tmp_path_factory.mktemp("pages")
    manifest = (PACKAGES / "go.mod").read_text("utf-8")
    (folder / "go.mod").write_text(manifest.replace("../../bindings/go", str(MODULE)))
    shutil.copy(PACKAGES / "go.sum", folder)
    for page in [*PAGES, FIRST]:
        for name, text in files(page):
            # Each program is a package; what is tested is one together with its test.
            own = "package main\n" in text and not name.endswith(TESTS)
            place = folder / folder_of(page) / (program_of(page, name) if own else "")
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
    (folder / "bin").mkdir()
    done = go("build", "-o", "bin/", "./...", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


class GoRunner(Runner):
    FAILS = ("exit status", "signal: ", "FAIL")

    def __init__(self, page: Path, built: Path, *rest: object, **variables: str) -> None:
        super().__init__(*rest, **variables)  # type: ignore[arg-type]
        self.page = page
        self.built = built
        self.port = PORT

    def words(self, words: list[str]) -> list[str]:
        assert words[0] == "go", words
        if words[1] == "test":
            return [golang.command(), "test", "-C", str(self.package()), *words[2:]]
        assert words[1] == "run", words
        program = self.built / "bin" / program_of(self.page, words[2])
        # `go run` says how a program failed.
        return [sys.executable, str(SUPPORT / "go_run.py"), str(program), *words[3:]]

    def package(self) -> Path:
        """The package of the page, with the files that the page has shown so far."""
        package = self.built / folder_of(self.page)
        for each in package.glob("*.go"):
            if not (self.folder / each.name).exists():
                each.unlink()
        for each in self.folder.glob("*.go"):
            shutil.copy(each, package)
        return package

    def listens(self, words: list[str]) -> bool:
        return True


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    """A stand-in that speaks OpenAI's API on loopback."""
    import standin_server

    with standin_server.running() as url:
        yield url


@pytest.fixture
def receiver() -> Iterator[Spans]:
    receiver = Spans()
    yield receiver
    receiver.close()


@pytest.mark.parametrize("page", PROGRAMS, ids=lambda page: page.name)
def test_a_page_does_what_it_says(
    page: Path, built: Path, tmp_path: Path, receiver: Spans, model: str
) -> None:
    variables = {"OPENAI_BASE_URL": model, "OPENAI_API_KEY": "none"}
    variables |= {"GOFLAGS": "-trimpath -buildvcs=false", "CGO_ENABLED": "0"}
    runner = GoRunner(page, built, tmp_path, receiver, **variables)
    runner.run(page.read_text("utf-8"))


def test_the_first_trace_of_the_readme(built: Path, tmp_path: Path, receiver: Spans) -> None:
    [name] = [name for name, _ in files(FIRST)]
    page = f"""```console
$ go run {name}
true 2
```

```text trace
workflow   answer
llm        └─ llm (gpt-4o)
```
"""
    GoRunner(FIRST, built, tmp_path, receiver).run(page)


def test_programs_of_the_pages_are_formatted_and_vetted(built: Path) -> None:
    folders = [str(each) for each in built.iterdir() if each.is_dir() and each.name != "bin"]
    listed = subprocess.run(
        [golang.command("gofmt"), "-l", *folders], capture_output=True, text=True
    )
    assert listed.stdout == "", listed.stdout
    done = go("vet", "./...", cwd=built)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_program_of_a_page_is_a_file_that_it_runs(page: Path) -> None:
    found = blocks(page.read_text("utf-8"))
    ran = " ".join(command for b in found if b.info == "console" for command, _ in commands(b))
    for block in (each for each in found if each.info == "go"):
        name = file_name(block)
        assert name, f"line {block.line}: begins with no name of a file"
        assert block.text.startswith(f"// {name}\n\npackage "), name
        assert widest(block) <= LONGEST_LINE, name
        used = f"go run {name}" in ran or has_test(found)
        assert used, f"line {block.line}: `{name}` is never run"


def widest(block: Block) -> int:
    return max(len(line.expandtabs(4)) for line in block.text.splitlines())


def has_test(found: list[Block]) -> bool:
    """Whether the page has tests, and runs them."""
    names = [file_name(block) or "" for block in found]
    ran = [command for b in found if b.info == "console" for command, _ in commands(b)]
    return any(n.endswith(TESTS) for n in names) and any(c.startswith("go test") for c in ran)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    check_links(page)


def test_every_page_is_in_the_index_and_reached_from_the_readme() -> None:
    check_index(DOCS, README)
