#!/usr/bin/env python3
"""Checks that cargo-component builds the same component as we do.

It builds guest/ by itself, with its own encoder; the result must have the imports, exports and
types of ours, and pass the conformance suite under the `wasmtime` command.

cargo-component takes ten minutes to install and no other verb needs it: `./bootstrap.sh
cargo-component` does so once a machine, and continuous integration runs it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import build_cli
from build_component import GUEST_RUSTFLAGS, ROOT, cargo_target, run
from cargo_tool import CARGO_COMPONENT
from wasm_std import TARGET, Unavailable, cargo_env

OUT = ROOT / "target" / "cargo-component"
# What cargo-component calls to ask where the compiler's libraries are, and nothing else: it refuses
# to run where those of wasm32-wasip1 are missing, whatever it builds for.
RUSTC = """#!/bin/sh
if [ "$*" = "--print sysroot" ]; then echo "{sysroot}"; else exec "{rustc}" "$@"; fi
"""


def path_with_rustc() -> str:
    """A search path on which `rustc` claims that target, and is the machine's own otherwise."""
    sysroot, programs = OUT / "sysroot", OUT / "bin"
    (sysroot / "lib" / "rustlib" / "wasm32-wasip1").mkdir(parents=True, exist_ok=True)
    programs.mkdir(exist_ok=True)
    script = programs / "rustc"
    script.write_text(RUSTC.format(sysroot=sysroot, rustc=shutil.which("rustc")))
    script.chmod(0o755)
    return os.pathsep.join([str(programs), os.environ["PATH"]])


def build(env: dict[str, str]) -> Path:
    target = cargo_target() / "cargo-component"
    run(
        # `rustc` is `build` with a say in the kind of library: the guest's is one for Rust.
        [CARGO_COMPONENT.path, "component", "rustc", "-p", "witspan-core", "--lib", "--release"]
        + ["--target", TARGET, "--crate-type", "cdylib"],
        {
            "PATH": path_with_rustc(),
            **env,
            "RUSTFLAGS": GUEST_RUSTFLAGS,
            "CARGO_TARGET_DIR": str(target),
        },
    )
    return target / TARGET / "release" / "witspan_core.wasm"


def main() -> None:
    if not CARGO_COMPONENT.path.exists():
        sys.exit("cargo-component is missing: `./bootstrap.sh cargo-component` installs it")
    try:
        env = cargo_env()
    except Unavailable as error:
        sys.exit(str(error))
    shutil.copyfile(build(env), OUT / "witspan.wasm")
    build_cli.main([str(OUT)])
    tests = ["-p", "witspan-component-tests", "-p", "witspan-cli-tests"]
    tested = subprocess.run(
        ["cargo", "test", "-q", "--no-fail-fast", "--profile", "intake", *tests],
        cwd=ROOT,
        env={**os.environ, "WITSPAN_COMPONENTS": str(OUT)},
    )
    sys.exit(tested.returncode)


if __name__ == "__main__":
    main()
