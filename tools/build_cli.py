#!/usr/bin/env python3
"""Builds what the `wasmtime` command runs: programs of tests/cli, composed with the component.

Writes one for each of PROGRAMS, such as FOLDER/demo.wasm, from FOLDER/witspan.wasm; the folder is
target/component unless another is named. Skipped when nothing that is read has changed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from build_component import GUEST_RUSTFLAGS, OUT, cargo_target, digest, files_below, run
from wasm_std import TARGET, Unavailable, cargo_env

# Each program, and what it is composed with besides the component: without `fixed`, the clocks and
# the entropy are those of whoever runs it.
PROGRAMS: dict[str, list[str]] = {
    "demo": [],
    "conformance": ["fixed"],
    "begun": ["fixed"],
    "awaiting": ["fixed"],
}
PACKAGE = "witspan-cli-programs"


def build_modules(env: dict[str, str]) -> Path:
    target = cargo_target() / "wasm"
    run(
        ["cargo", "build", "-q", "-p", PACKAGE, "--examples", "--release", "--target", TARGET],
        {**env, "RUSTFLAGS": GUEST_RUSTFLAGS, "CARGO_TARGET_DIR": str(target)},
    )
    return target / TARGET / "release" / "examples"


def compose(program: str, modules: Path, folder: Path) -> None:
    parts = [modules / f"{name}.wasm" for name in PROGRAMS[program]]
    parts += [folder / "witspan.wasm", modules / f"{program}.wasm"]
    run(
        ["cargo", "run", "-q", "--profile", "tool", "-p", "witspan-compose", "--"]
        + [folder / f"{program}.wasm", *parts],
        {},
    )


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0]).absolute() if arguments else OUT
    component = folder / "witspan.wasm"
    if not component.is_file():
        sys.exit(f"`{component}` is missing: build it with `just component`")
    try:
        env = cargo_env()
    except Unavailable as error:
        sys.exit(str(error))
    wanted = digest(
        files_below(
            *("tests/cli/programs", "tests/cli/compose", "tests/conformance/src", "wit"),
            *("tests/conformance/Cargo.toml", "Cargo.toml", "Cargo.lock", "tools/build_cli.py"),
        ),
        env.get("RUSTC", ""),
        str(component.read_bytes()),
    )
    stamp = folder / "programs-stamp"
    whole = all((folder / f"{program}.wasm").exists() for program in PROGRAMS)
    if whole and stamp.exists() and stamp.read_text() == wanted:
        return print("programs for the wasmtime command: ready", flush=True)
    print("programs for the wasmtime command: building (about 1 minute on 2 cores)", flush=True)
    began = time.monotonic()
    modules = build_modules(env)
    for program in PROGRAMS:
        compose(program, modules, folder)
    stamp.write_text(wanted)
    print(f"programs for the wasmtime command: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
