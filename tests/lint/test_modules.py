"""No modules of the guest, the host or the intake's store use each other in a circle."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import modules


@pytest.mark.parametrize("crate", modules.SCOPES)
def test_no_modules_use_each_other(crate: str) -> None:
    root, scope = modules.SCOPES[crate]
    edges = modules.graph(root, scope)
    assert len(edges) > 15
    assert sum(map(len, edges.values())) > 30
    report = modules.report(edges)
    assert not report, f"{crate}: {report}"


def written(folder: Path, files: dict[str, str]) -> modules.Graph:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return modules.graph(folder)


LIB = "mod a;\nmod b;\nmod c;\n"

CYCLES = {
    "in `use`": (
        {"a.rs": "use crate::b::B;\n", "b.rs": "use super::{c::C};\n", "c.rs": "use crate::a;\n"},
        "crate::a -> crate::b -> crate::c -> crate::a",
    ),
    "in code": (
        {"a.rs": "fn f() { crate::b::f::<u8>() }\n", "b.rs": "fn f() -> super::a::A {}\n"},
        "crate::a -> crate::b -> crate::a",
    ),
    "by an imported module": (
        {"a.rs": "use crate::b;\nfn f() { b::f() }\n", "b.rs": "use crate::a::A as Other;\n"},
        "crate::a -> crate::b -> crate::a",
    ),
    "through a re-export of the root": (
        {"lib.rs": f"{LIB}pub use a::A;\n", "a.rs": "use crate::b::B;\n", "b.rs": "use crate::A;"},
        "crate::a -> crate::b -> crate::a",
    ),
    "through a re-export under another name": (
        {
            "a.rs": "use crate::b::Renamed;\n",
            "b/mod.rs": "mod x;\nmod y;\npub use self::x::{X as Renamed, Y};\n",
            "b/x.rs": "use super::y::Y;\nstruct X(Y);\n",
            "b/y.rs": "struct Y(crate::a::A);\n",
        },
        "crate::a -> crate::b::x -> crate::b::y -> crate::a",
    ),
    "through an import of a parent": (
        {
            "a/mod.rs": "mod x;\nmod y;\nuse x::X;\n",
            "a/x.rs": "use super::y::Y;\nstruct X(Y);\n",
            "a/y.rs": "fn f() -> super::X {}\n",
        },
        "crate::a::x -> crate::a::y -> crate::a::x",
    ),
    "down into a folder and back from outside": (
        {
            "a/mod.rs": "mod x;\nfn f(x: x::X) {}\n",
            "a/x.rs": "use crate::b::B;\n",
            "b.rs": "use crate::a::A;\n",
        },
        "crate::a -> crate::a::x -> crate::b -> crate::a",
    ),
    "by items of an inline module": (
        {
            "a.rs": "mod inner {}\npub use inner::A;\nuse crate::b::B;\n",
            "b.rs": "use crate::a::A;\n",
        },
        "crate::a -> crate::b -> crate::a",
    ),
    "out of an inline module": (
        {"a.rs": "mod inner {\n    use super::super::b::B;\n}\n", "b.rs": "use crate::a::A;\n"},
        "crate::a -> crate::b -> crate::a",
    ),
}


@pytest.mark.parametrize("case", CYCLES)
def test_a_cycle_is_found(tmp_path: Path, case: str) -> None:
    files, cycle = CYCLES[case]
    report = modules.report(written(tmp_path, {"lib.rs": LIB, **files}))
    assert f"the shortest cycle is {cycle}\n" in report, report


def test_the_report_has_a_line_for_each_edge(tmp_path: Path) -> None:
    files = {"lib.rs": LIB, "a.rs": "//! A.\n\nuse crate::b::B;\n", "b.rs": "fn f(a: crate::a::A);"}
    assert modules.report(written(tmp_path, files)).splitlines() == [
        "2 modules reach each other; the shortest cycle is crate::a -> crate::b -> crate::a",
        f"  {tmp_path / 'a.rs'}:3: use crate::b::B;",
        f"  {tmp_path / 'b.rs'}:1: fn f(a: crate::a::A);",
        "  all of them: crate::a, crate::b",
    ]


NONE = {
    "comments and texts": {"b.rs": '// crate::a::A\nfn f() { "crate::a::A"; r#"" crate::a"#; }\n'},
    "tests": {
        "b.rs": "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n\n#[cfg(test)]\nmod more;\n",
        "b/tests.rs": "use crate::a::A;\n",
        "tests/mod.rs": "use crate::a::A;\n",
    },
    "another crate": {"b.rs": "use a::A;\nuse ::b::C;\nfn f() { a::f() }\n"},
    "a module of the same name elsewhere": {
        "b.rs": "mod a;\nuse a::A;\nfn f() { self::a::f() }\n",
        "b/a.rs": "",
    },
    "a re-export beside the item that is used": {
        "b/mod.rs": "mod x;\nmod y;\npub use x::X;\npub use y::B;\n",
        "b/x.rs": "use crate::a::A;\n",
        "b/y.rs": "struct B;\n",
    },
    "a parent and its children": {
        "b/mod.rs": "mod x;\nuse x::X;\npub struct B(X);\n",
        "b/x.rs": "use super::B;\nstruct X;\nimpl B { fn f(&self) { super::g() } }\n",
    },
}


@pytest.mark.parametrize("case", NONE)
def test_a_use_that_is_not_a_cycle_is_not_reported(tmp_path: Path, case: str) -> None:
    edges = written(tmp_path, {"lib.rs": LIB, "a.rs": "use crate::b::B;\n", **NONE[case]})
    assert modules.report(edges) == ""
    assert edges["a",]
