"""docs/javascript and the READMEs: their programs are run, and do what the pages say.

What a page's program imports is linked beside it: the package as it is built, and the packages of
tools/js-pages. A page that needs more (a test runner, Next.js) is skipped where that is missing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import Runner, blocks, check_index, check_links, commands, file_name
from receiver import Answer, Request
from receiver import Receiver as ScriptedReceiver

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "bindings" / "js"
SUPPORT = Path(__file__).resolve().parent / "support"
DOCS = ROOT / "docs" / "javascript"
README = PACKAGE / "README.md"
PAGES = [*sorted(DOCS.glob("*.md")), README]
PROGRAMS = [page for page in PAGES if "```console" in page.read_text("utf-8")]
LONGEST_LINE = 100

sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "examples" / "python")]

import js_pages  # noqa: E402
import npm  # noqa: E402
import runtime_packages  # noqa: E402

#: What `npx` calls, by the group of packages that has it.
COMMANDS = {
    "esbuild": ("toolchain", "esbuild/bin/esbuild"),
    "jest": ("toolchain", "jest/bin/jest.js"),
    "vitest": ("toolchain", "vitest/vitest.mjs"),
}


#: Next's command, in the folder of the page.
NEXT = Path("node_modules/next/dist/bin/next")


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


class JsRunner(Runner):
    FAILS = ("ℹ fail 1",)

    def words(self, words: list[str]) -> list[str]:
        command, *rest = words
        if command == "node":
            return [npm.node(), *rest]
        if command == "xdg-open":
            return [sys.executable, str(SUPPORT / "open_page.py"), *rest]
        if command == "npx" and rest[0] == "wrangler":
            return [sys.executable, str(SUPPORT / "serve_worker.py"), *rest[1:]]
        if command == "npx" and rest[0] == "next":
            return [newer_node(), str(NEXT), *rest[1:]]
        if command == "npx":
            group, file = COMMANDS[rest[0]]
            return [npm.node(), str(installed(group) / file), *rest[1:]]
        if shutil.which(command) is None:
            pytest.skip(f"{command} is not installed")
        return words

    def listens(self, words: list[str]) -> bool:
        return True


def installed(group: str) -> Path:
    modules = runtime_packages.modules(group)
    if not modules.exists():
        pytest.skip(f"the packages of {group} are not installed: tools/runtime_packages.py")
    return modules


def newer_node() -> str:
    """A Node that is new enough for Next, which does not run on the oldest line."""
    own = subprocess.run([npm.node(), "--version"], capture_output=True, text=True).stdout
    if int(own[1:3]) > 20:
        return npm.node()
    [found] = installed("nodes").glob("node-*-24/bin/node")
    return str(found)


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


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The package, built from what is there now."""
    command = [sys.executable, ROOT / "tools" / "build_js_package.py"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def link_packages(folder: Path, page: str) -> None:
    """Puts what the page's programs import where they find it."""
    # A project has one, and Jest looks for it.
    (folder / "package.json").write_text("{}")
    modules = folder / "node_modules"
    if "npx next" in page:
        # Next follows no link out of its folder.
        shutil.copytree(installed("frameworks"), modules, symlinks=True, copy_function=copy_file)
        shutil.copytree(js_pages.modules() / "openai", modules / "openai", copy_function=copy_file)
        ours = modules / "witspan"
        shutil.copytree(PACKAGE / "dist", ours / "dist")
        shutil.copy(PACKAGE / "package.json", ours)
        return
    modules.mkdir()
    others = js_pages.modules()
    assert others.exists(), "the packages of pages are missing: ./bootstrap.sh setup gets them"
    for name in ("@hono", "express", "fastify", "hono", "openai"):
        (modules / name).symlink_to(others / name)
    (modules / "witspan").symlink_to(PACKAGE)
    if "vitest" in page:
        (modules / "vitest").symlink_to(installed("toolchain") / "vitest")


def copy_file(source: str, target: str) -> str:
    """A copy that takes no space where the file system allows it."""
    try:
        os.link(source, target)
        return target
    except OSError:
        return shutil.copy2(source, target)


@pytest.mark.parametrize("page", PROGRAMS, ids=lambda page: page.name)
def test_a_page_does_what_it_says(page: Path, tmp_path: Path, receiver: Spans, model: str) -> None:
    text = page.read_text("utf-8")
    link_packages(tmp_path, text)
    runner = JsRunner(
        tmp_path,
        receiver,
        OPENAI_BASE_URL=model,
        OPENAI_API_KEY="none",
        # What a program of a page that forwards spans finds there.
        DD_TRACE_AGENT_URL=receiver.url,
        NEXT_TELEMETRY_DISABLED="1",
        NO_COLOR="1",
    )
    runner.run(text)


def test_the_first_trace_of_the_readme(tmp_path: Path, receiver: Spans) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    [program] = [block.text for block in blocks(text) if block.info == "js"]
    link_packages(tmp_path, "")
    page = f"""```js
// first.mjs
{program}```

```console
$ node first.mjs
{{ settled: true, delivered: 2, pending: 0, dropped: {{}} }}
```

```text trace
workflow   answer
llm        └─ llm (gpt-4o)
```
"""
    JsRunner(tmp_path, receiver).run(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_program_of_a_page_is_a_file_that_it_runs(page: Path) -> None:
    found = blocks(page.read_text("utf-8"))
    ran = " ".join(command for b in found if b.info == "console" for command, _ in commands(b))
    for block in (each for each in found if each.info in ("js", "toml")):
        name = file_name(block)
        assert name, f"line {block.line}: begins with no name of a file"
        assert all(len(line) <= LONGEST_LINE for line in block.text.splitlines()), name
        others = "".join(each.text for each in found if each is not block)
        used = name in ran or f'/{Path(name).name}"' in others or FOUND_BY_TOOLS.search(name)
        assert used, f"line {block.line}: `{name}` is never run"


#: Files that a command of the page finds by itself.
FOUND_BY_TOOLS = re.compile(r"^(app/.*route\.js|wrangler\.toml|worker\.mjs)$")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    check_links(page)


def test_every_page_is_in_the_index_and_reached_from_the_readme() -> None:
    check_index(DOCS, README)


def test_the_page_shows_the_table_of_ends() -> None:
    """What tests of ends are made from is what the page says."""
    page = (DOCS / "behaviour.md").read_text("utf-8")
    ends = json.loads((Path(__file__).parent / "ends.json").read_text("utf-8"))
    for end in ends:
        assert row(end) in page, f"to be added:\n{row(end)}"


def row(end: dict[str, object]) -> str:
    """A way to end, as a row of the page."""
    runtimes = end["runtimes"]
    assert isinstance(runtimes, dict)
    names = {"node": "Node", "deno": "Deno", "bun": "Bun", "edge": "other edges"}
    shown = [f"{names.get(name, name)}" for name, each in runtimes.items() if each["arrives"]]
    lost = {each["why"] for each in runtimes.values() if not each["arrives"]}
    where = ", ".join(shown) or "nowhere"
    why = f": {'; '.join(sorted(lost))}" if lost else ""
    return f"| {str(end['end']).replace('...', '…')} | {end['what']} | {where}{why} |"
