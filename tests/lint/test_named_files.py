"""Each file that a document or a comment names is there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import named_files


def test_every_file_that_is_named_exists() -> None:
    missing = named_files.missing(named_files.ROOT)
    assert missing == [], "\n".join(["no such file:", *missing])


def test_many_names_are_looked_at() -> None:
    seen = {".md": 0, ".rs": 0, ".py": 0, ".js": 0, ".toml": 0, "": 0}
    for file in named_files.files(named_files.ROOT):
        names = sum(len(named_files.NAME.findall(text)) for _, text in named_files.prose(file))
        if file.suffix in seen:
            seen[file.suffix] += names
    assert seen[".md"] > 100
    assert min(seen.values()) > 0, seen


NAMED = {
    "README.md": "See `gone.rs`.",
    "docs/page.md": "It is in\n`src/gone/lib.rs`, or [there](gone.html).",
    "docs/fence.md": "```console\n$ python examples/gone.py\n```",
    "docs/folder.md": "All of `src/gone/`.",
    "crate/src/lib.rs": 'const A: &str = "one.rs";\n/// As in src/gone.rs, here.\nfn f() {}',
    "a.py": 'A = "one.py"\n\ndef f():\n    """As in `b.py`."""  # and c.py',
    "a.js": 'const url = "x.js"; // as in gone.js\n/** As `b.js`. */',
    "a.wit": "/// As in gone.wit.",
    "a.toml": 'a = "one.rs" # as gone.rs',
    "justfile": "# As gone.py\nrun:\n    python other.py",
    "a.sh": "cat x.json # gone.json",
}
MISSING = [
    "README.md:1: gone.rs",
    "a.js:1: gone.js",
    "a.js:2: b.js",
    "a.py:4: b.py",
    "a.py:4: c.py",
    "a.sh:1: gone.json",
    "a.toml:1: gone.rs",
    "a.wit:1: gone.wit",
    "crate/src/lib.rs:2: src/gone.rs",
    "docs/fence.md:2: examples/gone.py",
    "docs/folder.md:1: src/gone/",
    "docs/page.md:2: gone.html",
    "docs/page.md:2: src/gone/lib.rs",
    "justfile:1: gone.py",
]


def written(folder: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return sorted(named_files.missing(folder))


def test_a_missing_name_is_found(tmp_path: Path) -> None:
    assert written(tmp_path, NAMED) == MISSING


@pytest.mark.parametrize(
    "text",
    [
        "`crate/src/deep/one.rs`, `src/deep/one.rs`, `deep/one.rs` and one.rs.",
        "https://example.com/gone.rs and //example.com/gone.js",
        "`*.rs`, `src/*.py`, `{name}.json`, `<name>.rs`, `$name.sh` and `NAME.json`",
        "`/etc/gone.toml`, `~/gone.toml` and `target/debug/gone.rs`",
        "`file.json()` and `file.rs_of`",
        "`witspan-run app.py`",
        "`deep/` and `crate/src/deep/`",
    ],
)
def test_existing_files_and_files_of_others_are_not_reported(tmp_path: Path, text: str) -> None:
    files = {"crate/Cargo.toml": "", "crate/src/deep/one.rs": "", "crate/src/lib.rs": f"// {text}"}
    assert written(tmp_path, files) == []


def test_a_page_may_link_and_name_the_files_of_its_reader(tmp_path: Path) -> None:
    page = "```python\n# mine.py\nopen('x.json')\n```\n[out](https://example.com/a.rs)\n[a](b.md#c)"
    assert written(tmp_path, {"docs/a.md": page, "docs/b.md": "[here](#c)"}) == []
