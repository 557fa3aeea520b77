"""The names of files in documents and comments, and whether there are such files."""

from __future__ import annotations

import ast
import io
import os
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Folders of what is built, fetched or cached.
GENERATED = {"target", "node_modules", "__pycache__", "dist"}

SUFFIXES = "rs|py|pyi|js|mjs|cjs|ts|wit|md|toml|sh|html|css|json|ini|proto|lock|yml|yaml"
#: A name may stand in quotes, in brackets or at a sentence's end, but not in an address, a pattern
#: or an expression.
NAME = re.compile(
    rf"(?<![\w.*$<>{{}}:/@~%-])((?:[\w.-]+/)*[\w.-]*\w\.(?:{SUFFIXES}))(?![\w/*({{-]|\.\w)"
)
FOLDER = re.compile(r"`((?:[\w.-]+/)+)`")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")

#: Names of no file here.
EXAMPLES = {
    "app.py": "the program of a user",
    "app.mjs": "the same, in JavaScript",
    "wrangler.toml": "the configuration of a user's worker",
    "Chart.js": "the library's own name",
    "Next.js": "the framework's own name",
}
#: `RUNNER.json` stands for any runner's; documents themselves are named in capitals.
PLACEHOLDER = re.compile(r"[A-Z]+\.(?!md$)")
FENCE = re.compile(r"\s*```")
#: Files that a page of docs/ has its reader make: a program by its first line, a command's output.
MADE = re.compile(r"^(?:#|//|<!--) ([\w./-]+\.\w+)(?: -->)?$|--outfile=([\w./-]+)", re.M)

#: Comments in languages where a text could only be mistaken for one after a space.
SLASHES = re.compile(r"(?:^|\s)//+(.*)$|^\s*/\*(.*?)\*/|^\s*\*\s(.*)$", re.M)
HASHES = re.compile(r"(?:^|\s)#(.*)$", re.M)
SLASHED = {".rs", ".js", ".mjs", ".ts", ".wit", ".css"}
HASHED = {".toml", ".sh", ".ini"}

#: Line, and text.
Piece = tuple[int, str]


def files(root: Path) -> list[Path]:
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        folders[:] = [each for each in folders if each not in GENERATED and each[0] != "."]
        found += [Path(folder, each) for each in names]
    return sorted(found)


def python(text: str) -> Iterator[Piece]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            if isinstance(node.value.value, str):
                yield from enumerate(node.value.value.splitlines(), node.lineno)


def markdown(text: str) -> Iterator[Piece]:
    """In a program or what it prints, a name without a folder is one of the reader's own files."""
    fenced = False
    for line, each in enumerate(text.splitlines(), 1):
        if FENCE.match(each):
            fenced = not fenced
        elif fenced:
            yield line, " ".join(word for word in each.split() if "/" in word)
        else:
            yield line, each


def prose(file: Path) -> Iterator[Piece]:
    """The documentation and the comments of a file, by line."""
    if file.suffix in (".py", ".pyi"):
        yield from python(file.read_text("utf-8"))
    elif file.suffix == ".md":
        yield from markdown(file.read_text("utf-8"))
    elif file.suffix in SLASHED | HASHED or file.name == "justfile":
        comment = SLASHES if file.suffix in SLASHED else HASHES
        text = file.read_text("utf-8")
        for match in comment.finditer(text):
            start = match.start(match.lastindex or 0)
            yield text.count("\n", 0, start) + 1, match[match.lastindex or 0]


def crate_of(file: Path, root: Path) -> Path:
    for folder in file.parents:
        if (folder / "Cargo.toml").is_file() or folder == root:
            return folder
    return root


def missing(root: Path) -> list[str]:
    """Each name of a file that does not exist, with the place where it is named."""
    every = files(root)
    known = {file.name for file in every}
    folders = {folder.name for file in every for folder in file.relative_to(root).parents}
    found: list[str] = []
    for file in every:
        near = (root, file.parent, crate_of(file, root))
        text = file.read_text("utf-8") if file.suffix == ".md" else ""
        made = {Path(name or output).name for name, output in MADE.findall(text)}

        def exists(name: str, near: tuple[Path, ...] = near, made: set[str] = made) -> bool:
            if any((folder / name).exists() for folder in near):
                return True
            *above, last = name.rstrip("/").split("/")
            if last in made or (not above and last in (folders if name.endswith("/") else known)):
                return True
            generated = GENERATED.intersection(name.split("/"))
            return bool(generated or last in EXAMPLES or PLACEHOLDER.match(last))

        for line, text in prose(file):
            links = LINK.findall(text) if file.suffix == ".md" else []
            wrong = [link for link in links if "://" not in link]
            wrong = [link for link in wrong if not (file.parent / link).exists()]
            names = NAME.findall(text) + FOLDER.findall(text)
            wrong += [name for name in names if name not in links and not exists(name)]
            where = f"{file.relative_to(root).as_posix()}:{line}"
            found += [f"{where}: {name}" for name in wrong]
    return found
