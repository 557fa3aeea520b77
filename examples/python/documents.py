"""The documents of this repository, as passages short enough to search and to cite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from manifest import made
from witspan import LLMObs
from witspan.decorators import task

# What is not there is left out, so that the program works on any state of the repository.
PATTERNS = ("README.md", "ARCHITECTURE.md", "docs/**/*.md", "wit/*.wit")
PASSAGE_CHARACTERS = 700


@dataclass(frozen=True)
class Passage:
    """A few paragraphs of one document, and where they begin: `path:line`."""

    source: str
    text: str


@task
def read_documents(root: Path) -> list[Passage]:
    """Reads all documents below `root`."""
    made("read_documents", "task", under="ask")
    files = sorted({path for pattern in PATTERNS for path in root.glob(pattern)})
    passages = []
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        passages += split(text, path.relative_to(root).as_posix())
    # The decorator would record every passage as the output. The counts say enough.
    counts = {"files": len(files), "passages": len(passages)}
    LLMObs.annotate(input_data={"patterns": PATTERNS}, output_data=counts)
    return passages


def split(text: str, name: str) -> list[Passage]:
    """Cuts `text` at blank lines and headings into passages of about PASSAGE_CHARACTERS."""
    passages: list[Passage] = []
    lines: list[str] = []
    first = 1

    def close() -> None:
        if any(line.strip() for line in lines):
            passages.append(Passage(f"{name}:{first}", "\n".join(lines).strip()))
        lines.clear()

    for number, line in enumerate(text.splitlines(), start=1):
        long_enough = not line.strip() and sum(map(len, lines)) >= PASSAGE_CHARACTERS
        if line.startswith("#") or long_enough:
            close()
        if not lines:
            first = number
        if lines or line.strip():
            lines.append(line)
    close()
    return passages
