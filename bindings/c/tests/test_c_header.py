"""The header: what it declares is what the library has, and compilers and FFIs take it as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from c_library import CONSTANTS, DECLARATIONS, LIB, functions
from c_support import BINDING, BUILT, CHECKOUT, WARNINGS, compiled, good, run, tool

HEADER = BINDING / "include" / "witspan.h"


def test_it_declares_what_the_library_has_and_nothing_else() -> None:
    listed = good(tool("nm"), "-D", "--defined-only", BUILT / "libwitspan.so")
    symbols = {line.split()[-1] for line in listed.splitlines()}
    assert symbols == set(functions())
    assert len(symbols) > 50


def test_what_is_read_of_it_is_all_of_it() -> None:
    # Every name with a parenthesis behind it, besides the types of the two callbacks.
    plain = re.sub(r"/\*.*?\*/", " ", DECLARATIONS, flags=re.DOTALL)
    assert set(re.findall(r"(witspan_\w+)\(", plain)) == set(functions())
    assert (BUILT / "witspan.h").read_text("utf-8") == HEADER.read_text("utf-8")
    assert DECLARATIONS in HEADER.read_text("utf-8")


def test_every_function_is_described() -> None:
    # A function stands below a comment, or below another function of the same comment.
    for block in DECLARATIONS.split("\n\n"):
        assert block.lstrip().startswith("/*") or "(" not in block, block


def test_it_is_the_interface_that_the_library_has() -> None:
    number = CONSTANTS["WITSPAN_INTERFACE"]
    assert LIB.witspan_interface() == number
    assert f'version = "{LIB.witspan_version().decode()}"' in (CHECKOUT / "Cargo.toml").read_text()
    named = good(tool("readelf"), "-d", BUILT / "libwitspan.so")
    assert f"[libwitspan.so.{number}]" in named


@pytest.mark.parametrize(
    ("compiler", "words"),
    [("cc", ("-x", "c", "-std=c99")), ("c++", ("-x", "c++", "-std=c++11"))],
)
def test_it_compiles_without_a_warning(compiler: str, words: tuple[str, ...], tmp_path) -> None:
    source = tmp_path / "twice"
    source.write_text("#include <witspan.h>\n#include <witspan.h>\nint main(void) { return 0; }\n")
    check = (tool(compiler), *words, *WARNINGS, "-fsyntax-only", f"-I{BUILT}")
    good(*check, source)
    source.write_text("#include <witspan.h>\nint main(void) { witspan_interface(1); return 0; }\n")
    assert run(*check, source).returncode != 0


def test_its_declarations_have_no_line_for_a_preprocessor() -> None:
    assert not [line for line in DECLARATIONS.splitlines() if line.lstrip().startswith("#")]
    assert all(len(line) <= 120 for line in HEADER.read_text("utf-8").splitlines())


# What each language is told: it loads the library by the declarations alone, and makes a span.
PHP = """
$c = FFI::cdef(file_get_contents($argv[1]), $argv[2]);
$tracer = $c->witspan_tracer_start(null, null);
$span = $c->witspan_start($tracer, $c->WITSPAN_TASK, $c->WITSPAN_ROOT, 0, "php", 3);
$options = $c->new("witspan_option[1]");
$options[0]->option = $c->WITSPAN_START_NS;
$options[0]->number = 5;
$child = $c->new("uint64_t");
echo $c->witspan_start_with($tracer, $c->WITSPAN_LLM, $c->WITSPAN_CHILD_OF, $span, null, 0,
                            $options, 1, FFI::addr($child), null);
$message = $c->new("witspan_text *");
echo $c->witspan_annotate($tracer, $span, "{", 1, FFI::addr($message)), " ";
echo $c->witspan_text_data($message) != "" ? "told" : "silent", " ";
echo $c->witspan_finish($tracer, $child->cdata, 0) == $span ? "nested" : "flat";
"""
LUA = """
local ffi = require("ffi")
ffi.cdef(io.open(arg[1]):read("*a"))
local c = ffi.load(arg[2])
local tracer = c.witspan_tracer_start(nil, nil)
local span = c.witspan_start(tracer, c.WITSPAN_TASK, c.WITSPAN_ROOT, 0, "lua", 3)
local options = ffi.new("witspan_option[1]", {{option = c.WITSPAN_START_NS, number = 5}})
local child = ffi.new("uint64_t[1]")
io.write(c.witspan_start_with(tracer, c.WITSPAN_LLM, c.WITSPAN_CHILD_OF, span, nil, 0, options, 1,
                              child, nil))
local message = ffi.new("witspan_text *[1]")
io.write(c.witspan_annotate(tracer, span, "{", 1, message), " ")
io.write(#ffi.string(c.witspan_text_data(message[0])) > 0 and "told" or "silent", " ")
io.write(c.witspan_finish(tracer, child[0], 0) == span and "nested" or "flat")
"""


@pytest.mark.parametrize(
    ("language", "program"), [("php", PHP), ("luajit", LUA)], ids=["php", "luajit"]
)
def test_an_ffi_takes_its_declarations(language: str, program: str, tmp_path: Path) -> None:
    source = tmp_path / "program"
    source.write_text(f"<?php\n{program}" if language == "php" else program)
    allowed = ("-d", "ffi.enable=1") if language == "php" else ()
    files = (BUILT / "witspan.cdef", BUILT / "libwitspan.so")
    assert good(tool(language), *allowed, source, *files) == "01 told nested"


def test_constants_have_one_number_each() -> None:
    # The library counts on, from 0, what each enumeration of the header names.
    for enumeration in re.findall(r"enum \{(.*?)\};", DECLARATIONS, flags=re.DOTALL):
        numbers = [CONSTANTS[name] for name in re.findall(r"(WITSPAN_\w+) =", enumeration)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_program_needs_nothing_but_the_static_library(tmp_path: Path) -> None:
    config = {"PKG_CONFIG_PATH": str(BUILT)}
    words = good(tool("pkg-config"), "--static", "--libs", "witspan", env=config).split()
    shared, private = f"-L{BUILT} -lwitspan".split(), words[2:]
    assert words[:2] == shared
    link = [str(BUILT / "libwitspan.a"), *private]
    program = compiled(BINDING / "examples" / "trace.c", tmp_path, link=link)
    assert "libwitspan" not in good(tool("ldd"), program)
    assert "0 delivered, 0 dropped" in good(program, env={"DD_LLMOBS_ENABLED": "0"})
