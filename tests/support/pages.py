"""A page of docs/ as a program: its files are written, its commands run, and what they print and
send is what the page says.

In a page,

- a block whose first line is a comment with a name, `# app.py` or `// app.mjs`, is that file;
- a `console` block holds commands after `$` and what each prints; one that ends in `&` goes on
  until the page ends, or until `kill %1`;
- a `text trace` block is what the receiver got since the last such block, as
  `witspan.testing.Recorder.tree` writes it.

`pytest.ini` puts this folder on the path of every test in Python.

`…` in what is printed or sent stands for anything in a line, and alone in a line for any lines.
Port 8000 stands for one that is free.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from receiver import free_port
from witspan._recorded import join

# Seconds that a command of a page may take, and that its spans may take to arrive.
PATIENCE = 120.0
ARRIVAL = 60.0


class Receiver(Protocol):
    """Takes spans, and keeps them decoded."""

    url: str
    #: In order of arrival.
    events: list[dict[str, Any]]


@dataclass
class Block:
    """A fenced block: what stands after its fence, its text, and the line it is in."""

    info: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = re.finditer(r"^```(\S.*)\n((?:(?!```).*\n)*)```$", page, re.MULTILINE)
    return [Block(m[1], m[2], page.count("\n", 0, m.start()) + 1) for m in found]


def file_name(block: Block) -> str | None:
    """The file that a block is, if it is one."""
    named = re.match(r"(?:#|//|<!--) ([\w./-]+\.\w+)(?: -->)?\n", block.text)
    return named[1] if named and block.info != "console" else None


def commands(block: Block) -> list[tuple[str, str]]:
    """The commands of a `console` block, and what each prints."""
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    assert not parts[0].strip(), f"output without a command in line {block.line}"
    return list(zip(parts[1::2], parts[2::2]))


class Runner:
    """Runs one page in a folder of its own, with a receiver.

    A language says how it runs commands.
    """

    #: How what is printed begins where a command is to fail.
    FAILS: tuple[str, ...] = ()

    def __init__(self, folder: Path, receiver: Receiver, **variables: str) -> None:
        self.folder = folder
        self.receiver = receiver
        env = {name: v for name, v in os.environ.items() if not name.startswith(("DD_", "OPENAI"))}
        self.env = {**env, "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url, **variables}
        self.background: list[subprocess.Popen[str]] = []
        self.port = free_port()

    def run(self, page: str) -> None:
        """Does all that the page says; fails where something else happens."""
        try:
            for block in blocks(page.replace("8000", str(self.port))):
                name = file_name(block)
                if name is not None:
                    (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (self.folder / name).write_text(block.text, encoding="utf-8")
                elif block.info == "console":
                    for command, printed in commands(block):
                        self.command(command, printed, block.line)
                elif block.info == "text trace":
                    self.trace(block)
        finally:
            self.stop()

    def command(self, line: str, printed: str, at: int) -> None:
        """Runs one command; one that ends in `&` is left running."""
        words = shlex.split(line, comments=True)
        env = dict(self.env)
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            env[name] = value
        if words[0] == "kill":
            return self.end(self.background[int(words[1].removeprefix("%")) - 1])
        stays = words[-1] == "&"
        words = words[:-1] if stays else words
        words = self.words(words)
        if stays:
            self.start(words, env)
            return
        done = subprocess.run(
            words, cwd=self.folder, env=env, capture_output=True, text=True, timeout=PATIENCE
        )
        said = f"line {at}: `{line}` ended with {done.returncode}\n{done.stdout}{done.stderr}"
        failed = any(sign in printed for sign in self.FAILS)
        assert (done.returncode != 0) == failed, said
        assert matches(printed, done.stdout), f"{said}\n--- the page says:\n{printed}"

    def words(self, words: list[str]) -> list[str]:
        """A command of the page as it is run here."""
        raise NotImplementedError

    def listens(self, words: list[str]) -> bool:
        """Whether a command that is left running serves at the page's port."""
        return str(self.port) in words

    def start(self, words: list[str], env: dict[str, str]) -> None:
        log = open(self.folder / f"background-{len(self.background)}.log", "w")  # noqa: SIM115
        with log:
            self.background.append(
                subprocess.Popen(words, cwd=self.folder, env=env, stdout=log, stderr=log, text=True)
            )
        if self.listens(words):
            until = time.monotonic() + ARRIVAL
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                        return
                assert time.monotonic() < until, f"nobody listens: {self.logs()}"
                time.sleep(0.05)

    def trace(self, block: Block) -> None:
        """Waits until the receiver has got what the page shows."""
        until = time.monotonic() + ARRIVAL
        while not matches(block.text, got := tree(self.receiver)):
            if time.monotonic() > until:
                raise AssertionError(
                    f"line {block.line}: the page shows\n{block.text}\n--- and there was\n{got}\n"
                    f"{self.logs()}"
                )
            time.sleep(0.05)
        self.receiver.events.clear()

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def stop(self) -> None:
        for process in self.background:
            process.terminate()
        for process in self.background:
            self.end(process)

    def end(self, process: subprocess.Popen[str]) -> None:
        process.terminate()
        try:
            process.wait(ARRIVAL)
        except subprocess.TimeoutExpired:
            process.kill()


def tree(receiver: Receiver) -> str:
    """All that was received, as text."""
    spans = join(list(receiver.events))
    return "".join(span.tree() + "\n" for span in spans if span.parent is None)


def matches(expected: str, got: str) -> bool:
    """Whether it is what the page says, with `…` for anything."""
    lines = [
        r"(?:.*\n)*?"
        if line.strip() == "…"
        else ".*".join(map(re.escape, line.rstrip().split("…"))) + r"[ ]*\n"
        for line in expected.strip("\n").splitlines()
    ]
    got = "\n".join(line.rstrip() for line in got.strip("\n").splitlines())
    return re.fullmatch("".join(lines), got + "\n" if got else "") is not None


def check_links(page: Path) -> None:
    """Each link of a page to a file, and to a heading in one, leads somewhere."""
    for target, _, place in re.findall(
        r"\]\(((?!https?:)[^)#]*)(#([^)]+))?\)", page.read_text("utf-8")
    ):
        path = page.parent / target if target else page
        assert path.exists(), target
        if place:
            heads = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", head).lower().replace(" ", "-") for head in heads}
            assert place in slugs, f"{target}#{place}"


def check_index(docs: Path, readme: Path) -> None:
    """Each page of a folder is in its index, and the folder is reached from that README."""
    index = (docs / "README.md").read_text("utf-8")
    for page in docs.glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index, page.name
    assert f"docs/{docs.name}" in readme.read_text("utf-8")
