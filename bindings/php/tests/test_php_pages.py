"""docs/php and the README: their programs are run with the package, and do what the pages say."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import Runner, blocks, check_index, check_links
from php_support import BINDING, ROOT, missing
from receiver import Answer, Request
from receiver import Receiver as ScriptedReceiver
from test_php_package import AUTOLOAD, build

MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
DOCS = ROOT / "docs" / "php"
README = BINDING / "README.md"
PAGES = [*sorted(DOCS.glob("*.md")), README]
PROGRAMS = [page for page in PAGES if "```console" in page.read_text("utf-8")]


class Spans(ScriptedReceiver):
    """Takes spans as an agent does, and keeps them decoded."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []
        super().__init__()

    def take(self, request: Request) -> Answer:
        body = json.loads(request.body.decode("utf-8"))
        if isinstance(body, list):
            with self.lock:
                self.events += [span for each in body for span in each["spans"]]
        return Answer(202)


class PhpRunner(Runner):
    """PHP's files begin with `<?php`, and their name comes after it."""

    def run(self, page: str) -> None:
        for block in blocks(page.replace("8000", str(self.port))):
            named = re.match(r"<\?php\n// ([\w./-]+\.php)\n", block.text)
            if block.info == "php":
                assert named, f"the program in line {block.line} has no name"
                (self.folder / named[1]).write_text(block.text, encoding="utf-8")
        super().run(page)

    def words(self, words: list[str]) -> list[str]:
        if shutil.which(words[0]) is None:
            pytest.skip(f"{words[0]} is not installed")
        return words

    def listens(self, words: list[str]) -> bool:
        return True


@pytest.fixture
def receiver() -> Iterator[Spans]:
    found = Spans()
    yield found
    found.close()


@pytest.mark.parametrize("page", PROGRAMS, ids=lambda page: page.stem)
def test_the_programs_of_a_page(page: Path, tmp_path: Path, receiver: Spans) -> None:
    text = page.read_text("utf-8")
    with zipfile.ZipFile(build(tmp_path)) as archive:
        archive.extractall(tmp_path / "vendor" / "witspan" / "witspan")
    (tmp_path / "vendor" / "autoload.php").write_text(AUTOLOAD)
    agent = {"DD_LLMOBS_AGENTLESS_ENABLED": "0"}
    PhpRunner(tmp_path, receiver, **agent).run(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_programs(page: Path) -> None:
    check_links(page)
    for block in blocks(page.read_text("utf-8")):
        assert block.info in ("php", "console", "text trace", "sh", "json"), block.info


def test_every_page_is_in_the_index() -> None:
    check_index(DOCS, README)


def test_the_first_trace_has_ten_lines() -> None:
    [first] = [
        b for b in blocks(README.read_text("utf-8")) if "first_trace" in b.text and b.info == "php"
    ]
    code = [
        line for line in first.text.splitlines() if line.strip() and line[:2] not in ("//", "<?")
    ]
    assert len(code) <= 10
