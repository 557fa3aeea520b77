#!/usr/bin/env python3
"""Which shape should `annotate` have? Builds the experiment, measures it and prints the tables.

Everything is made below target/annotate-shape: the component, the hosts, the Node modules. The
same two annotations go through every candidate from Rust, Python and Node; the run fails unless
each of them leaves the same canonical bytes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUT = ROOT / "target" / "annotate-shape"
JCO_VERSIONS = ("1.10.2", "1.35.0")
sys.path.insert(0, str(ROOT / "tools"))

from build_component import GUEST_RUSTFLAGS  # noqa: E402
from wasm_std import TARGET, cargo_env  # noqa: E402

PARAGRAPH = (
    "The tracer keeps what it is given until a batch is full, and a batch that is not full goes "
    "after a second.\nNothing of it is sent twice; a note says "
    '"delivered" when the intake took it. '
)
SMALL = {
    "input": [
        {"role": "system", "content": "You answer in two sentences — no more.\n\n" + PARAGRAPH},
        {"role": "user", "content": "What happens to a span that has finished?\n" + PARAGRAPH},
    ],
    "output": [{"role": "assistant", "content": "It waits in the queue. " + PARAGRAPH * 2}],
    "metadata": {"temperature": 0.2, "max_tokens": 1024, "stream": True, "user": "u-4711"},
    "metrics": {"input_tokens": 312, "output_tokens": 128, "time_to_first_token": 0.412},
    "tags": {"team": "search", "feature": "summary"},
}
LARGE = {"input": [{"role": "user", "content": PARAGRAPH * (102_400 // len(PARAGRAPH))}]}
TURN = {"content": PARAGRAPH * 2}
CHAT = {"input": [{"role": role, **TURN} for role in ("user", "assistant") * 20]}
SAMPLES = {"small": SMALL, "large": LARGE, "chat": CHAT}
RUNS = 9  # of each host, in turn


def run(command: Sequence[object], folder: Path = HERE, **env: str) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **env}, stdout=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        sys.exit(f"`{' '.join(words[:3])}` failed, see above")
    return done.stdout


def build() -> None:
    cargo = {"CARGO_TARGET_DIR": str(OUT / "cargo")}
    release = ["cargo", "build", "-q", "--release"]
    flags = {**cargo_env(), "RUSTFLAGS": GUEST_RUSTFLAGS}
    run([*release, "-p", "shapes-guest", "--target", TARGET], **cargo, **flags)
    module = OUT / "cargo" / TARGET / "release" / "shapes_guest.wasm"
    tool = ["cargo", "run", "-q", "--profile", "tool", "-p", "witspan-component", "--"]
    run([*tool, module, OUT / "shapes"], ROOT)
    run([*release, "-p", "shapes-host"], **cargo)
    run([*release, "-p", "shapes-python"], **cargo, PYO3_BUILD_EXTENSION_MODULE="1")
    built = OUT / "cargo" / "release"
    (OUT / "python").mkdir(exist_ok=True)
    libraries = {"win32": "shapes.dll", "darwin": "libshapes.dylib"}
    module_name = "shapes.pyd" if sys.platform == "win32" else "shapes.abi3.so"
    library = built / libraries.get(sys.platform, "libshapes.so")
    shutil.copy2(library, OUT / "python" / module_name)
    for version in JCO_VERSIONS:
        home = OUT / "node" / f"jco-{version}"
        home.mkdir(parents=True, exist_ok=True)
        package = home / "node_modules" / "@bytecodealliance" / "jco"
        if not package.exists():
            npm = ["npm", "install", "--no-fund", "--no-audit", "--loglevel=error", "--prefix"]
            run([*npm, home, f"@bytecodealliance/jco@{version}"])
        jco = ["npm", "exec", "--loglevel=error", "--prefix", home, "--", "jco"]
        run([*jco, "transpile", "-q", OUT / "shapes.wasm", "-o", home / "glue", "--name", "shapes"])
        (home / "glue" / "package.json").write_text('{"type": "module"}')


def measure(size: str) -> dict[str, dict[str, float]]:
    """Microseconds by host and case. Each host prints lines `case TAB microseconds`."""
    sample, cwasm = OUT / f"{size}.json", OUT / "shapes.cwasm"
    sample.write_text(json.dumps(SAMPLES[size]), encoding="utf-8")
    suffix = ".exe" if sys.platform == "win32" else ""
    commands: dict[str, list[object]] = {
        "Rust": [OUT / "cargo" / "release" / f"shapes-host{suffix}", cwasm],
        "Python": [sys.executable, HERE / "python" / "bench.py", cwasm],
    }
    for version in JCO_VERSIONS:
        glue = OUT / "node" / f"jco-{version}" / "glue" / "shapes.js"
        commands[f"Node, jco {version}"] = ["node", HERE / "node" / "bench.mjs", glue]
    kept = OUT / "kept.json"
    same: set[bytes] = set()
    micros: dict[str, dict[str, list[float]]] = {host: {} for host in commands}
    for _ in range(RUNS):
        for host, command in commands.items():
            printed = run([*command, sample, kept], PYTHONPATH=str(OUT / "python"))
            for name, value in (line.split("\t") for line in printed.splitlines()):
                micros[host].setdefault(name, []).append(float(value))
            same.add(kept.read_bytes())
    if len(same) != 1:
        sys.exit(f"{size}: the hosts do not keep the same bytes")
    print(f"{size}: every candidate and host keeps the same {len(same.pop())} bytes", flush=True)
    return {
        host: {name: median(values) for name, values in row.items()} for host, row in micros.items()
    }


def print_table(results: dict[str, dict[str, float]], columns: Sequence[str]) -> None:
    print("\n| µs a call | " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for host, row in results.items():
        cells = (
            f"{row[name]:.{1 if row[name] > 9.5 else 2}f}" if name in row else ""
            for name in columns
        )
        print(f"| {host} | " + " | ".join(cells) + " |")


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    build()
    shapes = ["records", "texts", "text", "text, own glue", "text: only writing"]
    for size in SAMPLES:
        results = measure(size)
        print_table(results, [*shapes, "JSON library alone"])
        if size == "small":
            print_table(results, ["u64", "resource"])
        print(flush=True)


if __name__ == "__main__":
    main()
