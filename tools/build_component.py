#!/usr/bin/env python3
"""Builds the component: guest/ -> core module, made smaller -> component -> precompiled component.

Writes target/component/NAME.wasm (the component, for any engine) and NAME.cwasm (machine code for
this host, which host-runtime/ embeds) for two names: `witspan`, and `witspan-trap`, a build that
can be made to trap, so that tests can prove that a trap never reaches the traced program.

Both steps are skipped when nothing they read has changed, and the outputs then keep their times:
otherwise cargo would rebuild everything that embeds them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from shrink import shrink
from wasm_std import TARGET, Unavailable, cargo_env

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "target" / "component"
VARIANTS: dict[str, list[str]] = {"witspan": [], "witspan-trap": ["--features", "trap"]}
# Vector instructions for the text scanner, block copies for strings; every engine we meet has both.
# And numbers in their shortest form: the linker else leaves each call and address five bytes wide.
# And four times LLVM's price for code that is copied to where it is called: that takes a fifth off
# the component. What a span needs and is then called too often is `inline(always)`.
GUEST_RUSTFLAGS = (
    "-C target-feature=+simd128,+bulk-memory -C link-arg=--compress-relocations"
    " -C llvm-args=-inline-instr-cost=20"
)
SHRINKING = ("tools/shrink.py", "tools/wasm-opt")


def cargo_target() -> Path:
    """Cargo's folder; what we hand to others stays in target/component whatever this says."""
    return (ROOT / os.environ.get("CARGO_TARGET_DIR", "target")).absolute()


def files_below(*names: str) -> Iterator[Path]:
    for name in names:
        start = ROOT / name
        if start.is_file():
            yield start
        yield from sorted(path for path in start.rglob("*") if path.is_file())


def digest(paths: Iterator[Path], *more: str) -> str:
    total = hashlib.sha256("\0".join(more).encode())
    for path in paths:
        total.update(f"\0{path.relative_to(ROOT).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def up_to_date(name: str, kind: str, wanted: str) -> bool:
    stamp = OUT / f"{name}.{kind}-stamp"
    outputs = all((OUT / f"{name}{end}").exists() for end in (".wasm", ".cwasm"))
    return outputs and stamp.exists() and stamp.read_text() == wanted


def run(command: Sequence[object], env: dict[str, str]) -> None:
    words = [str(word) for word in command]
    if subprocess.run(words, cwd=ROOT, env={**os.environ, **env}).returncode != 0:
        sys.exit(f"the component was not built: `{' '.join(words[:2])}` failed, see above")


def build_module(features: list[str], env: dict[str, str]) -> Path:
    # A folder of its own below cargo's: other flags, perhaps another compiler than the host's.
    target = cargo_target() / "wasm"
    run(
        ["cargo", "rustc", "-q", "-p", "witspan-core", "--lib", "--profile", "component"]
        + ["--target", TARGET, "--crate-type", "cdylib", *features],
        {**env, "RUSTFLAGS": GUEST_RUSTFLAGS, "CARGO_TARGET_DIR": str(target)},
    )
    return target / TARGET / "component" / "witspan_core.wasm"


def wasmtime_versions() -> str:
    """The engine's versions in Cargo.lock: a precompiled component fits exactly one."""
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    return " ".join(re.findall(r'^name = "wasmtime"\nversion = "(.*)"$', lock, re.MULTILINE))


def build(name: str, features: list[str], env: dict[str, str]) -> None:
    sources = digest(
        files_below(
            *("guest", "wit", "Cargo.toml", "Cargo.lock", "tools/component"),
            *("host-runtime/src/engine_config.rs", "tools/build_component.py", *SHRINKING),
        ),
        GUEST_RUSTFLAGS,
        env.get("RUSTC", ""),
    )
    if up_to_date(name, "sources", sources):
        return report(name, "ready")
    began = time.monotonic()
    say(f"component {name}: compiling guest/ to WebAssembly (about 1 minute on 2 cores)")
    module = build_module(features, env)
    # The host tool and the engine settings it shares with host-runtime/ shape the second step.
    inputs = digest(
        files_below("tools/component", "host-runtime/src/engine_config.rs", *SHRINKING),
        hashlib.sha256(module.read_bytes()).hexdigest(),
        wasmtime_versions(),
    )
    changed = not up_to_date(name, "module", inputs)
    if changed:
        say(
            f"component {name}: making it smaller and precompiling it (the first time compiles the "
            "precompiler: about 3 minutes)"
        )
        OUT.mkdir(parents=True, exist_ok=True)
        small = module.with_suffix(".small.wasm")
        shrink(module, small)
        run(
            ["cargo", "run", "-q", "--profile", "tool", "-p", "witspan-component", "--"]
            + [small, OUT / name],
            {},
        )
        (OUT / f"{name}.module-stamp").write_text(inputs)
    (OUT / f"{name}.sources-stamp").write_text(sources)
    report(name, f"{time.monotonic() - began:.1f} s" + ("" if changed else ", same bytes"))


def report(name: str, how: str) -> None:
    sizes = ", ".join(
        f"{end} {(OUT / f'{name}.{end}').stat().st_size / 1024:.0f} KB" for end in ("wasm", "cwasm")
    )
    say(f"component {name}: {sizes} ({how})")


def say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--only", choices=VARIANTS, help="build this one of the two")
    only = parser.parse_args().only
    try:
        env = cargo_env()
    except Unavailable as error:
        sys.exit(str(error))
    for name, features in VARIANTS.items():
        if only in (None, name):
            build(name, features, env)


if __name__ == "__main__":
    main()
