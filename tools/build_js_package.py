#!/usr/bin/env python3
"""Builds the JavaScript package: bindings/js/src, wit/ and the core module -> bindings/js/dist/.

The core module is taken out of the component as it is. tools/contract writes the contract as
TypeScript, esbuild makes one file of each entry, and TypeScript's compiler makes the declarations.
With `--core` only what the conformance suite's runner needs is made, into target/js-core: the core
module, and the glue to it as one file. With `--check` types are checked, and nothing else is made.
`--prepare` installs the npm packages of tools/js. What has not changed is not made again.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import npm

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools" / "js"
PACKAGE = ROOT / "bindings" / "js"
SOURCES = PACKAGE / "src"
#: What tools/contract prints of wit/, by the word that it takes for it.
PRINTED = {
    "typescript-types": SOURCES / "core" / "contract.ts",
    "typescript-shapes": SOURCES / "core" / "shapes.ts",
}
DIST = PACKAGE / "dist"
CORE = ROOT / "target" / "js-core"
MODULE = CORE / "core.wasm"
COMPONENT = ROOT / "target" / "component" / "witspan.wasm"
WIT = ROOT / "wit"
PRINTER = ROOT / "tools" / "contract"
#: What says how all is made.
OURS = (Path(__file__).resolve(), Path(npm.__file__).resolve())
#: The entries whose declarations programs read; those of the others are the first one's.
TYPED = ("index", "browser", "dd-trace", "testing")
#: Those that `require` finds too.
REQUIRED = ("index", "dd-trace", "testing")

#: Declarations of types alone, and many: they are there once, for `require` too.
ONLY_TYPES = ("contract.d.ts", "types.d.ts")
#: What declarations name that a program's own `lib` may lack.
LIBRARY = '/// <reference lib="esnext.disposable" />\n'

#: `require("witspan/dd-trace")` is the tracer itself.
TRACER = """\
import { tracer as one } from "./types/surface/ddtrace.cjs";
import type { DdTracer as One, InitOptions as Options } from "./types/surface/ddtrace.cjs";
import type * as types from "./types/surface/index.cjs";
declare const tracer: typeof one;
declare namespace tracer {
  export type InitOptions = Options;
  export type DdTracer = One;
  export type Tracer = One;
  export type TracerOptions = Options;
  export type Span = types.Span;
  namespace llmobs {
    NAMES
  }
}
export = tracer;
"""


def run(command: Sequence[object]) -> None:
    words = [str(word) for word in command]
    if subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode != 0:
        sys.exit(f"the JavaScript package was not built: `{' '.join(words[:2])}` failed, see above")


def below(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def digest(paths: Iterable[Path]) -> str:
    """One digest of these files, their names among it."""
    found = list(paths)
    names = "\n".join(path.relative_to(ROOT).as_posix() for path in found)
    return f"{npm.digest(*found)}\n{names}"


def unchanged(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text("utf-8") == wanted


def core_module(component: bytes) -> bytes:
    """The core module in a component: the largest of its sections of that kind.

    A binary is a preamble of 8 bytes, then sections: a byte, the length of what follows, that. Kind
    1 is a core module; the small ones beside ours only connect it to its imports.
    """
    modules, at = [], 8
    while at < len(component):
        kind = component[at]
        length, start = leb128(component, at + 1)
        at = start + length
        if kind == 1:
            modules.append(component[start:at])
    if not modules:
        sys.exit(f"{COMPONENT.relative_to(ROOT)} holds no core module")
    return max(modules, key=len)


def leb128(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins there, and where it ends."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def write_if_changed(path: Path, contents: bytes) -> None:
    if not path.exists() or path.read_bytes() != contents:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)


def make_contract() -> None:
    """Writes what tools/contract prints, if wit/ or the printer has changed since."""
    wanted = digest([*below(WIT, PRINTER), ROOT / "Cargo.lock", *OURS])
    stamp = CORE / ".contract-stamp"
    if all(path.exists() for path in PRINTED.values()) and unchanged(stamp, wanted):
        return
    print("contract for JavaScript: printing it (the first time compiles its printer: 30 s)")
    for what, path in PRINTED.items():
        # The profile of the build tools, which is quick to build.
        printer = ["cargo", "run", "-q", "--profile", "tool", "-p", "witspan-contract", "--"]
        done = subprocess.run(
            [*printer, what, "wit"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        if done.returncode != 0:
            sys.exit("the contract was not printed: see above")
        write_if_changed(path, done.stdout)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted, "utf-8")


def make_core() -> None:
    """The core module, and the glue to it as one file."""
    if not COMPONENT.exists():
        sys.exit("the component is not built yet: run `just component`, then this again")
    make_contract()
    wanted = digest([COMPONENT, *below(SOURCES / "core", TOOLS), *OURS])
    stamp = CORE / ".stamp"
    if unchanged(stamp, wanted):
        return
    stamp.unlink(missing_ok=True)
    module = core_module(COMPONENT.read_bytes())
    write_if_changed(MODULE, module)
    write_if_changed(MODULE.with_suffix(".deflate"), deflated(module))
    bundle("core", CORE)
    stamp.write_text(wanted, "utf-8")


def deflated(data: bytes) -> bytes:
    """A raw deflate stream (RFC 1951), less than half as long: what a file of JavaScript holds."""
    try:
        from zopfli import zlib as small
    except ImportError:
        # A twentieth longer: for whoever builds with a Python of their own.
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
        return deflate.compress(data) + deflate.flush()
    # Without zlib's head of two bytes and its checksum of four.
    stream: bytes = small.compress(data)[2:-4]
    return stream


def make_package() -> None:
    wanted = digest(
        [
            *(MODULE, MODULE.with_suffix(".deflate"), *below(SOURCES, TOOLS)),
            *(PACKAGE / "package.json", PACKAGE / "tsconfig.json", *OURS),
        ]
    )
    # Not in dist/, all of which is published.
    stamp = CORE / ".package-stamp"
    if DIST.exists() and unchanged(stamp, wanted):
        print("JavaScript package: ready")
        return
    began = time.monotonic()
    stamp.unlink(missing_ok=True)
    # Made beside it and renamed when whole: a program that loads the package meanwhile finds one.
    fresh = DIST.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    shutil.copyfile(MODULE, fresh / "core.wasm")
    bundle("package", fresh)
    declare(fresh)
    shutil.rmtree(DIST, ignore_errors=True)
    fresh.rename(DIST)
    # A copy, since npm leaves links out.
    shutil.copyfile(ROOT / "LICENSE", PACKAGE / "LICENSE")
    stamp.write_text(wanted, "utf-8")
    print(f"JavaScript package: built into bindings/js/dist ({time.monotonic() - began:.1f} s)")


def bundle(what: str, out: Path) -> None:
    run([npm.node(), TOOLS / "bundle.mjs", what, SOURCES, out, MODULE, npm.packages(TOOLS)])


def compiler(*arguments: object) -> None:
    tsc = npm.packages(TOOLS) / "node_modules" / "typescript" / "bin" / "tsc"
    run([npm.node(), tsc, "--project", PACKAGE / "tsconfig.json", *arguments])


def declare(out: Path) -> None:
    """The declarations of the entries and of what they name, for `import` and for `require`."""
    made = CORE / "types"
    shutil.rmtree(made, ignore_errors=True)
    compiler("--declaration", "--emitDeclarationOnly", "--outDir", made)
    wanted = {made / "entry" / f"{name}.d.ts" for name in TYPED}
    seen: set[Path] = set()
    while wanted:
        path = wanted.pop()
        seen.add(path)
        text = path.read_text("utf-8")
        named = re.findall(r"""(?:from|import\()\s*["'](\.[^"']*)\.js["']""", text)
        wanted |= {(path.parent / f"{name}.d.ts").resolve() for name in named} - seen
    for path in seen:
        text = path.read_text("utf-8")
        to = out / "types" / path.relative_to(made)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, "utf-8")
        # A program that requires the package sees declarations of CommonJS all the way down.
        required = re.sub(r"""(["']\.[^"']*)\.js(["'])""", r"\1.cjs\2", text)
        if path.name in ONLY_TYPES:
            mode = 'with { "resolution-mode": "import" }'
            required = f'export type * from "./{path.name.partition(".")[0]}.js" {mode};\n'
        to.with_suffix("").with_suffix(".d.cts").write_text(required, "utf-8")
    for name in TYPED:
        text = f'{LIBRARY}export * from "./types/entry/{name}.js";\n'
        if name == "dd-trace":
            text += f'export {{ default }} from "./types/entry/{name}.js";\n'
        (out / f"{name}.d.ts").write_text(text, "utf-8")
    # dd-trace's users name the types as `tracer.llmobs.EvaluationOptions`.
    public = (out / "types" / "surface" / "types.d.ts").read_text("utf-8")
    named = sorted(set(re.findall(r"^export (?:interface|type) (\w+)", public, re.M)))
    aliases = "\n    ".join(f"export type {name} = types.{name};" for name in named)
    tracer = TRACER.replace("NAMES", aliases)
    for name in REQUIRED:
        text = tracer if name == "dd-trace" else f'export * from "./types/entry/{name}.cjs";\n'
        (out / f"{name}.d.cts").write_text(LIBRARY + text, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--prepare", action="store_true", help="install what it needs and stop")
    parser.add_argument("--core", action="store_true", help="make only target/js-core")
    parser.add_argument("--check", action="store_true", help="check the types of the package")
    arguments = parser.parse_args()
    if arguments.prepare:
        return npm.prepare(TOOLS)
    npm.require()
    if arguments.check:
        make_contract()
        return compiler("--noEmit")
    make_core()
    if not arguments.core:
        make_package()


if __name__ == "__main__":
    main()
