"""The gem's tests, written in Ruby, and the pages about it; skipped where there is no Ruby."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import receiver as scripted
from pages import Runner, blocks, check_index, check_links, commands, file_name
from receiver import Answer, Request

ROOT = Path(__file__).resolve().parents[3]
BINDING = ROOT / "bindings" / "ruby"
LIBRARY = ROOT / "target" / "c" / "libwitspan.so"
DOCS = ROOT / "docs" / "ruby"
README = BINDING / "README.md"
PAGES = [*sorted(DOCS.glob("*.md")), README]
PROGRAMS = [page for page in PAGES if "```console" in page.read_text("utf-8")]
TESTS = sorted((BINDING / "tests").glob("test_*.rb"))


def missing() -> str:
    """What there is not of all that these tests need; empty if it is all there."""
    if shutil.which("ruby") is None:
        return "there is no Ruby (Debian: ruby)"
    version = "exit(RUBY_VERSION.to_f >= 3.1 ? 0 : 1)"
    if subprocess.run(["ruby", "-e", version]).returncode:
        return "the gem needs Ruby 3.1 or newer"
    if subprocess.run(["ruby", "-e", "require 'minitest'"], capture_output=True).returncode:
        return "there is no minitest (Debian: ruby-minitest)"
    return "" if LIBRARY.exists() else "there is no C library: `just c` builds it"


WHY = missing()
needs_ruby = pytest.mark.skipif(bool(WHY), reason=WHY)


@needs_ruby
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_in_ruby(path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("DD_")}
    env |= {"WITSPAN_LIBRARY": str(LIBRARY), "no_proxy": "localhost,127.0.0.1"}
    done = subprocess.run(
        ["ruby", "-w", str(path)], capture_output=True, text=True, env=env, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ours = [
        line for line in done.stderr.splitlines() if f"{BINDING}/" in line and "warning" in line
    ]
    assert not ours, ours
    assert re.search(r"^\d+ runs", done.stdout, re.MULTILINE), done.stdout


class Receiver(scripted.Receiver):
    """Takes spans as an agent does, and keeps them decoded."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        super().__init__()

    def take(self, request: Request) -> Answer:
        with self.lock:
            body = json.loads(request.body)
            if isinstance(body, list):
                self.events += [span for each in body for span in each["spans"]]
        return Answer(202)


class RubyRunner(Runner):
    def listens(self, words: list[str]) -> bool:
        return words[0] == "puma"

    def words(self, words: list[str]) -> list[str]:
        return words


@needs_ruby
@pytest.mark.parametrize("page", PROGRAMS, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    if "puma" in page.read_text("utf-8") and shutil.which("puma") is None:
        pytest.skip("there is no Puma (Debian: puma, ruby-rack)")
    receiver = Receiver()
    try:
        variables = {"WITSPAN_LIBRARY": str(LIBRARY), "RUBYLIB": str(BINDING / "lib")}
        RubyRunner(tmp_path, receiver, **variables).run(page.read_text("utf-8"))
    finally:
        receiver.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_ruby_block_of_a_page_is_a_file_that_it_runs(page: Path) -> None:
    found = blocks(page.read_text("utf-8"))
    ran = " ".join(command for b in found if b.info == "console" for command, _ in commands(b))
    for block in (each for each in found if each.info == "ruby"):
        name = file_name(block)
        assert name, f"line {block.line}: begins with no name of a file"
        others = "".join(each.text for each in found if each is not block)
        stem = name.removesuffix(".rb")
        assert name in ran or f'require_relative "{stem}"' in others, f"`{name}` is never run"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    check_links(page)


def test_every_page_is_in_the_index_and_reached_from_the_readme() -> None:
    check_index(DOCS, README)
