"""One table has every variable that is read, in guest/setup/src/variables.rs: no other source of
the product names one as a text of its own, and none reads one that is not in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "guest/setup/src/variables.rs"
#: What becomes part of the packages and of the command.
PRODUCT = re.compile(r"guest/|host-runtime/src/|intake/src/|bindings/\w+/(src|python)/")
#: The system's own, which nobody sets for us.
SYSTEM = {"HOME", "LOCALAPPDATA", "PYTHONPATH"}
#: Functions that look a row of the table up, by what they are given.
ASK_THE_TABLE = {"switch", "_switch", "host_variable"}
#: Functions that read by themselves, by file and name, and what: nothing may be loaded before them,
#: not even the table. `test_off.py` holds it to the core's rule.
MAY = {("_lifecycle.py", "_switch_text"): "DD_LLMOBS_ENABLED"}

#: A text of one word; quotes that are escaped, or a letter of their own, lead nowhere.
RUST_TEXT = re.compile(r'(?<!\\)"(\w+)"')
#: A test module, up to its brace at the margin, where rustfmt puts it.
RUST_TESTS = re.compile(r"^#\[cfg\(test\)\]\n(?:#.*\n)*mod \w+ \{\n.*?^\}$", re.M | re.S)
RUST_COMMENT = re.compile(r"^\s*//.*$", re.M)
RUST_READS = re.compile(r'\b(?:var|var_os|variable)\(\s*"(\w+)"')


def table() -> set[str]:
    text = TABLE.read_text("utf-8")
    constants = dict(re.findall(r'^pub const (\w+): &str = "(\w+)";', text, re.M))
    rows = re.findall(r'^    row\((?:"(\w*)"|(\w+)),', text, re.M)
    return {name or constants.get(constant, "") for name, constant in rows} - {""}


def product(suffix: str) -> list[Path]:
    # Not asked of git, which a machine with a copy of the sources need not have.
    folders = [ROOT / name for name in ("guest", "host-runtime", "intake", "bindings")]
    found = [path for folder in folders for path in folder.rglob(f"*{suffix}")]
    names = [path.relative_to(ROOT).as_posix() for path in found]
    names = sorted(name for name in names if PRODUCT.match(name) and "/target/" not in name)
    of_tests = re.compile(r"(^|/)(tests|conftest\.py|tests\.rs|examples)(/|$)")
    paths = [ROOT / name for name in names if not of_tests.search(name)]
    return [path for path in paths if path.is_file()]


def rust_code(text: str) -> str:
    return RUST_COMMENT.sub("", RUST_TESTS.sub("", text))


def named_in_rust(text: str, names: set[str]) -> set[str]:
    return names.intersection(RUST_TEXT.findall(rust_code(text)))


def read_in_rust(text: str) -> set[str]:
    return set(RUST_READS.findall(rust_code(text)))


def is_environ(node: ast.AST) -> bool:
    return ast.unparse(node) in ("environ", "os.environ")


def named_in_python(text: str, names: set[str], file: str = "") -> set[str]:
    """Variables that are named by a text of their own. Three uses are allowed: as an argument of a
    function that looks the row up in the table, in a file that sets the variable for processes that
    it starts, and in the one function that may read it."""
    tree = ast.parse(text)
    allowed: set[int] = set()
    told: set[object] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ASK_THE_TABLE:
            allowed.update(id(argument) for argument in node.args)
        if isinstance(node, ast.FunctionDef) and (file, node.name) in MAY:
            constants = (each for each in ast.walk(node) if isinstance(each, ast.Constant))
            may = MAY[file, node.name]
            allowed.update(id(each) for each in constants if each.value == may)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            if is_environ(node.value) and isinstance(node.slice, ast.Constant):
                told.add(node.slice.value)
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {node.value for node in texts if node.value in names and id(node) not in allowed} - told


def read_in_python(text: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        given: list[ast.expr] = []
        if isinstance(node, ast.Subscript) and is_environ(node.value):
            given = [node.slice]
        elif isinstance(node, ast.Call):
            function = ast.unparse(node.func)
            if function.endswith(("environ.get", "environ.pop", "getenv")):
                given = node.args[:1]
        found.update(
            each.value
            for each in given
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        )
    return found


def test_the_table_is_found() -> None:
    names = table()
    assert {"DD_LLMOBS_ENABLED", "DD_SITE", "WITSPAN_INTAKE_URL", "https_proxy"} <= names
    assert len(names) > 40
    sources = product(".rs") + product(".py")
    assert {path.name for path in sources} >= {"doctor.rs", "config.rs", "tracer.rs", "_run.py"}


def test_only_the_table_names_a_variable() -> None:
    names = table()
    own = ROOT / "guest/setup/src"
    found = {
        path.relative_to(ROOT).as_posix(): sorted(second)
        for path in product(".rs")
        if not path.is_relative_to(own)
        and (second := named_in_rust(path.read_text("utf-8"), names))
    }
    found |= {
        path.relative_to(ROOT).as_posix(): sorted(second)
        for path in product(".py")
        if (second := named_in_python(path.read_text("utf-8"), names, path.name))
    }
    assert found == {}, "take the constant of witspan_setup, or ask the table by `switch`"


def test_nobody_reads_a_variable_that_is_not_in_the_table() -> None:
    known = table() | SYSTEM
    for path in product(".rs"):
        assert read_in_rust(path.read_text("utf-8")) <= known, path
    for path in product(".py"):
        assert read_in_python(path.read_text("utf-8")) <= known, path


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ('fn f() { std::env::var("DD_SITE"); }', {"DD_SITE"}),
        ('const NAME: &str = "DD_SITE";\n#[cfg(test)]\nmod tests {\n    fn f() {}\n}', {"DD_SITE"}),
        ('#[cfg(test)]\nmod tests {\n    const N: &str = "DD_SITE";\n}\n', set()),
        ('#[cfg(test)]\nmod tests {\n}\n\nconst N: &str = "DD_SITE";', {"DD_SITE"}),
        ('const SAID: &str = "see that DD_API_KEY belongs to DD_SITE";', set()),
        ('/// config.set("DD_SITE")\nfn f() {}', set()),
        ('const QUOTE: char = \'"\';\nfn f() { var("DD_SITE"); }', {"DD_SITE"}),
        ('#[arg(env = "WITSPAN_INTAKE_URL")]', {"WITSPAN_INTAKE_URL"}),
    ],
)
def test_a_second_reader_in_rust_is_found(code: str, named: set[str]) -> None:
    assert named_in_rust(code, table()) == named


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ('os.environ.get("DD_SERVICE")', {"DD_SERVICE"}),
        ('NAME = "DD_SERVICE"\nos.environ[NAME] = "x"', {"DD_SERVICE"}),
        ('"""DD_SERVICE is the service."""', set()),
        ('os.environ["WITSPAN_AS_DDTRACE"] = "1"', set()),
        ('os.environ["DD_ENV"] = os.environ["DD_SERVICE"]', {"DD_SERVICE"}),
        ('switch("WITSPAN_AS_DDTRACE")', set()),
        ('print("DD_SITE")', {"DD_SITE"}),
    ],
)
def test_a_second_reader_in_python_is_found(code: str, named: set[str]) -> None:
    assert named_in_python(code, table()) == named


def test_the_one_function_that_may_read_may_read_one_variable() -> None:
    code = 'def {}():\n    os.environ.get("{}")\n'
    file, function = "_lifecycle.py", "_switch_text"
    for text, where, named in [
        (code.format(function, "DD_LLMOBS_ENABLED"), file, set()),
        (code.format(function, "DD_LLMOBS_ENABLED"), "_run.py", {"DD_LLMOBS_ENABLED"}),
        (code.format("_other", "DD_LLMOBS_ENABLED"), file, {"DD_LLMOBS_ENABLED"}),
        (code.format(function, "DD_SITE"), file, {"DD_SITE"}),
    ]:
        assert named_in_python(text, table(), where) == named


def test_a_variable_that_is_not_in_the_table_is_found() -> None:
    assert read_in_rust('let x = std::env::var_os("WITSPAN_NEW");') == {"WITSPAN_NEW"}
    assert read_in_rust('std::env::var(\n    "WITSPAN_NEW",\n)') == {"WITSPAN_NEW"}
    for code in ('os.environ["NEW"]', 'os.environ.get("NEW", "")', 'os.getenv("NEW")'):
        assert read_in_python(code) == {"NEW"}
