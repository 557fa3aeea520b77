#!/usr/bin/env python3
"""Translates the core to Go source: guest/ and wit/ -> bindings/go/internal/core.

`go get` needs that source, so it is committed, with a stamp of what it was made of. Without an
option all of it is made again: a core module without vector instructions and for size, its
translation by wasm2go, and the contract as tools/contract prints it. `--check` fails where a stamp
is old, or a file was changed by hand. `--module` makes only what the suite's runners need, in
target/go-core and beside the runner: the same module, for another engine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from golang import PACKAGE, ROOT, RUNNERS, command, output, require
from wasm_std import TARGET, Unavailable, cargo_env

CORE = PACKAGE / "internal" / "core"
TRANSLATED = CORE / "translated" / "core.go"
#: What tools/contract prints of wit/, by the word that it takes for it.
PRINTED = {
    "go-types": CORE / "contract.go",
    "go-calls": CORE / "calls.go",
    "go-settings": PACKAGE / "internal" / "settings" / "table.go",
}
MADE = (TRANSLATED, *PRINTED.values())
STAMP = CORE / "stamp.json"
MODULE = ROOT / "target" / "go-core" / "core.wasm"
#: The module's exports for wazero, which only the runner has.
WAZERO = RUNNERS / "wazero" / "raw.go"

WASM2GO = "github.com/ncruces/wasm2go@v0.4.22"
# 256 MB: as much as an instance reserves. wasm2go knows no vector instructions.
RUSTFLAGS = (
    "-C target-feature=+bulk-memory -C link-arg=--compress-relocations"
    " -C link-arg=--max-memory=268435456"
)
PROFILE = "translated"


def run(command: Sequence[object], env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    words = [str(word) for word in command]
    given = {**os.environ, **(env or {})}
    if subprocess.run(words, cwd=cwd, env=given, stdin=subprocess.DEVNULL).returncode != 0:
        sys.exit(f"the core for Go was not built: `{' '.join(words[:3])}` failed, see above")


# --- The stamp ----------------------------------------------------------------------------------


def sources() -> str:
    """A digest of what is committed for Go depends on, besides the compilers."""
    return digest("guest", "wit", "tools/contract", "tools/build_go.py")


def digest(*names: str) -> str:
    total = hashlib.sha256()
    for path in below(*names):
        total.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    manifest = (ROOT / "Cargo.toml").read_text("utf-8")
    profiles = re.findall(r"^\[profile\.(?:release|component|translated)[^\[]*", manifest, re.M)
    total.update("".join(profiles).encode())
    total.update("\n".join(dependencies()).encode())
    return total.hexdigest()


def below(*names: str) -> Iterator[Path]:
    for name in names:
        start = ROOT / name
        paths = [start] if start.is_file() else sorted(start.rglob("*"))
        yield from (path for path in paths if path.is_file() and "tests" not in path.parts)


def dependencies() -> list[str]:
    """The core's dependencies of every depth, as Cargo.lock has them."""
    lock = (ROOT / "Cargo.lock").read_text("utf-8")
    packages: dict[str, str] = {}
    for package in lock.split("[[package]]")[1:]:
        name = re.search(r'^name = "(.*)"$', package, re.M)
        version = re.search(r'^version = "(.*)"$', package, re.M)
        if name and version:
            packages[f"{name[1]} {version[1]}"] = packages[name[1]] = package
    seen: set[str] = set()
    wanted = ["witspan-core"]
    while wanted:
        package = packages[wanted.pop()]
        if package not in seen:
            seen.add(package)
            listed = re.search(r"^dependencies = \[(.*?)\]", package, re.M | re.S)
            wanted += re.findall(r'"([^"(]*?)(?: \(.*)?"', listed[1]) if listed else []
    return sorted(seen)


def stamp() -> str:
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in MADE}
    return json.dumps({"sources": sources(), "files": files}, indent=2) + "\n"


# --- Making -------------------------------------------------------------------------------------


def make_module() -> None:
    """The core module, in target/go-core."""
    wanted = digest("guest", "wit") + RUSTFLAGS
    mark = MODULE.with_suffix(".stamp")
    if MODULE.exists() and mark.exists() and mark.read_text() == wanted:
        return
    say("core for Go: compiling guest/ to WebAssembly (about 1 minute on 2 cores)")
    try:
        env = cargo_env()
    except Unavailable as error:
        sys.exit(str(error))
    target = (ROOT / os.environ.get("CARGO_TARGET_DIR", "target")).absolute() / "wasm"
    run(
        ["cargo", "rustc", "-q", "-p", "witspan-core", "--lib", "--profile", PROFILE]
        + ["--target", TARGET, "--crate-type", "cdylib"],
        {**env, "RUSTFLAGS": RUSTFLAGS, "CARGO_TARGET_DIR": str(target)},
    )
    MODULE.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(target / TARGET / PROFILE / "witspan_core.wasm", MODULE)
    mark.write_text(wanted)


def printed(what: str) -> str:
    printer = ["cargo", "run", "-q", "--profile", "tool", "-p", "witspan-contract", "--"]
    text = output([*printer, what, "wit"])
    formatted = subprocess.run(
        [command("gofmt")], input=text, stdout=subprocess.PIPE, text=True, check=True
    )
    return formatted.stdout


def translate() -> str:
    """The module as Go source, in which what others use has names of ours."""
    text = output(
        [command(), "run", WASM2GO, "-unsafe", "-pkg", "translated", str(MODULE)], MODULE.parent
    )
    # wasm2go ends each name with a digest of it, since two may be alike in Go.
    text = re.sub(r"\bX(cabi_post_)?witspan_llmobs_[a-z]+_\d+_\d+_\d+_(\w+)_\w+\b", export, text)
    for there, here in (
        (r"\bXcabi_realloc\b", "Realloc"),
        (r"\b_?X?_?wasi_clocks_monotonic_clock_\w+", "xMonotonicClock"),
        (r"\b_?X?_?wasi_clocks_wall_clock_\w+", "xWallClock"),
        (r"\b_?X?_?wasi_random_random_\w+", "xRandom"),
        (r"\bXget_random_u64_\w+", "XgetRandom"),
        (r"\bfunc New\(", "func newModule("),
    ):
        text = replaced(there, here, text)
    # Memory of ours, in the file beside it.
    text = replaced(r"m\.memory = make\(\[\]byte, (\d+)\)", r"m.memory = reserve(\1)", text)
    text = replaced(r"\bmemory_grow\(&m\.memory", "grow(&m.memory", text)
    text = replaced(r"(?ms)^func memory_grow\(.*?^}\n", "", text)
    # Exports that nobody calls.
    for unused in ("X__data_end", "X__heap_base", "Xmemory", r"Xcabi_realloc_wit_bindgen_0_57_1"):
        text = replaced(rf"(?ms)^func \(m \*Module\) {unused}\(.*?^}}\n", "", text)
    return text


def export(found: re.Match[str]) -> str:
    name = "".join(word.capitalize() for word in found[2].split("_"))
    return name + ("Post" if found[1] else "")


def replaced(there: str, here: str, text: str) -> str:
    text, count = re.subn(there, here, text)
    if count == 0:
        sys.exit(f"the core for Go was not built: wasm2go wrote nothing like `{there}`")
    return text


def make() -> None:
    began = time.monotonic()
    require()
    make_module()
    say("core for Go: translating it")
    TRANSLATED.write_text(translate(), "utf-8")
    run([command("gofmt"), "-w", TRANSLATED])
    for what, path in PRINTED.items():
        path.write_text(printed(what), "utf-8")
    STAMP.write_text(stamp(), "utf-8")
    lines = TRANSLATED.read_text("utf-8").count("\n")
    size = TRANSLATED.stat().st_size
    say(f"core for Go: {lines} lines, {size / 1e6:.1f} MB ({time.monotonic() - began:.0f} s)")


def make_for_tests() -> None:
    require()
    make_module()
    mark = MODULE.with_suffix(".wazero-stamp")
    wanted = sources()
    if not (WAZERO.exists() and mark.exists() and mark.read_text() == wanted):
        WAZERO.write_text(printed("go-wazero"), "utf-8")
        mark.write_text(wanted)


def check() -> None:
    if not STAMP.exists() or STAMP.read_text("utf-8") != stamp():
        sys.exit(
            "bindings/go/internal/core is not what guest/ and wit/ make now, or was changed by "
            "hand: run `just go-core`, then the suite, and commit what it wrote"
        )


def say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="fail where what is committed is old")
    parser.add_argument("--module", action="store_true", help="make only what the runners need")
    options = parser.parse_args()
    if options.check:
        check()
    elif options.module:
        make_for_tests()
    else:
        make()


if __name__ == "__main__":
    main()
