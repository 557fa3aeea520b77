#!/usr/bin/env python3
"""Prepares everything a verb of the justfile needs, then runs that verb.

Called through ./bootstrap.sh. Every step that is satisfied already takes milliseconds and says
"ready"; everything slow is made once and kept in a cache folder outside the checkout, keyed by its
version. Steps write to log files in target/bootstrap/, so the screen stays one line a step.

This file runs before the virtual environment exists: standard library only, Python 3.9.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from browser import find_browser
from cache import cache_folder
from cargo_tool import CARGO_COMPONENT, WASMTIME, Tool
from runtime_packages import SMALL
from wasm_std import OLDEST_RUST

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOGS = ROOT / "target" / "bootstrap"
WINDOWS = os.name == "nt"
VENV_BIN = VENV / ("Scripts" if WINDOWS else "bin")
EXE = ".exe" if WINDOWS else ""

USAGE = """usage: ./bootstrap.sh VERB [arguments]

  setup   prepare this machine and stop
  demo    prepare, build, show a first trace
  test    prepare, build, run every test

Any other verb of the justfile works as well; `just` alone lists them."""

# The parts of the tests, each with a verb that needs the same.
PARTS = {
    "core": "build",
    "host": "build",
    "python": "setup",
    "js": "test",
    "c": "build",
    "go": "package-go",
    "ruby": "build",
    "php": "build",
    "intake": "test",
    "conformance": "conformance",
    "docs": "setup",
    "lint": "lint",
    "embed": "component-js",
    "demo": "demo",
    "all": "test",
}

READY = "ready"


class Missing(Exception):
    """Something the machine lacks and we cannot fetch; the text is the one sentence we print."""


class Failed(Exception):
    """A command of a step failed; its log says why."""


class Step:
    """One line on the screen: what is prepared, how, and where its commands write."""

    def __init__(self, name: str, work: Callable[[Log], str], needs: str = "") -> None:
        self.name = name
        self.work = work
        # What the work reaches for outside this machine: said after a failure.
        self.needs = needs


class Log:
    """The log file of one step; commands run through it."""

    def __init__(self, name: str) -> None:
        self.path = LOGS / (re.sub(r"\W+", "-", name).strip("-") + ".log")
        self.path.unlink(missing_ok=True)

    def run(self, command: Sequence[object], env: dict[str, str] | None = None) -> None:
        words = [str(word) for word in command]
        with open(self.path, "a", encoding="utf-8", errors="replace") as out:
            out.write("$ " + " ".join(words) + "\n")
            out.flush()
            try:
                done = subprocess.run(
                    words, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out
                )
            except OSError as error:
                out.write(f"{error}\n")
                raise Failed(words[0]) from None
        if done.returncode != 0:
            raise Failed(" ".join(words))

    def tail(self, lines: int = 25) -> str:
        if not self.path.exists():
            return ""
        text = self.path.read_text(encoding="utf-8", errors="replace")
        return "\n".join("    " + line for line in text.splitlines()[-lines:])


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if arguments else 2
    verb = arguments[0]
    LOGS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        run_steps(steps_for(as_verb(arguments)))
    except Missing as sentence:
        print(sentence, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the next run goes on from here", file=sys.stderr)
        return 130
    if verb == "setup":
        print(f"ready in {time.monotonic() - began:.1f} s; next: ./bootstrap.sh demo")
        return 0
    return run_just(arguments)


def as_verb(arguments: list[str]) -> str:
    """The verb whose needs are prepared: one part of the tests needs less than all of them."""
    verb, parts = arguments[0], arguments[1:]
    if verb != "test":
        return verb
    for part in parts:
        if part not in PARTS:
            raise Missing(f"`{part}` is not a part of the tests; there are: {', '.join(PARTS)}.")
    return PARTS[parts[0]] if len(parts) == 1 else "test"


def steps_for(verb: str) -> list[Step]:
    packages = "Python's package index"
    steps = [
        Step("Rust and a C compiler", lambda log: check_compilers(log, verb)),
        Step("cache folder", make_cache),
        Step("python environment", make_venv),
        Step("python packages", lambda log: install(log, "tools/requirements-dev.txt"), packages),
        Step("just", lambda log: install_just(log, verb)),
    ]
    if verb in ("setup", "conformance", "fmt", "go-core", "lint", "package-go", "test"):
        steps.append(Step("go", lambda log: make_go(log, verb), f"{packages} and Go's proxy"))
    if verb in ("clean", "fmt", "package-go"):
        return steps
    steps.append(
        Step("wasm standard library", make_wasm_std, "rustup's downloads or a Debian mirror")
    )
    steps.append(Step("wasm optimizer", make_wasm_opt, "npm's package registry"))
    if verb in ("bench", "test"):
        tracers = "tools/requirements-bench.txt"
        steps.append(Step("other tracers in Python", lambda log: install(log, tracers), packages))
    if verb in ("setup", "component-js", "package-js", "conformance", "demo", "test", "lint"):
        steps.append(Step("node and its packages", make_node_packages, "npm's package registry"))
    if verb in ("setup", "demo", "test"):
        steps.append(Step("the example's packages", make_example, "npm's package registry"))
    if verb in ("setup", "test"):
        steps.append(Step("packages of docs/javascript", make_docs, "npm's package registry"))
    if verb in ("setup", "page", "intake", "demo", "lint", "test", "screenshots"):
        steps.append(Step("the page's packages", make_page, "npm's package registry"))
    if verb == "bench":
        tracers = "tracers and Nodes of JavaScript"
        steps.append(Step(tracers, make_bench_packages, "npm's package registry"))
    if verb == "test":
        steps.append(Step("other tracers in JavaScript", make_sdks, "npm's package registry"))
        steps.append(Step("runtimes of JavaScript", make_runtimes, "npm's package registry"))
    if verb in ("test", "screenshots"):
        driver = "tools/requirements-browser.txt"
        steps.append(Step("browser's driver", lambda log: install(log, driver), packages))
        steps.append(Step("browser", make_browser, "a Debian mirror"))
    if verb == "test":
        steps.append(Step("curl", make_curl, "a Debian mirror"))
    tools = [WASMTIME] if verb in ("test", "conformance", "wasmtime", "cargo-component") else []
    tools += [CARGO_COMPONENT] if verb == "cargo-component" else []
    for tool in tools:
        work = partial(make_tool, tool=tool)
        steps.append(Step(tool.name, work, "Cargo's package registry"))
    if os.environ.get("WITSPAN_SHARED_TARGET") == "1":
        steps.append(Step("shared build folder", share_target))
    return steps


def run_steps(steps: list[Step]) -> None:
    for number, step in enumerate(steps, 1):
        log = Log(step.name)
        print(f"[{number}/{len(steps)}] {step.name} … ", end="", flush=True)
        began = time.monotonic()
        try:
            result = step.work(log)
        except Missing:
            print("missing")
            raise
        except (Failed, OSError, subprocess.SubprocessError) as error:
            print("failed")
            tail = log.tail()
            if tail:
                print(tail)
            why = "" if isinstance(error, Failed) else f" ({error})"
            where = log.path.relative_to(ROOT)
            needs = f"; it needs {step.needs}, so check the network" if step.needs else ""
            raise Missing(
                f"The step `{step.name}` failed{why}: all its output is in {where}{needs}."
            ) from None
        took = time.monotonic() - began
        if result == READY and took < 1:
            print(READY)
        else:
            note = "" if result in ("", READY) else f" ({result})"
            print(f"{took:.1f} s{note}")


# --- The steps, in order ------------------------------------------------------------------------


def check_compilers(log: Log, verb: str) -> str:
    # rustup's installer changes PATH for the next login only; people run us before that.
    if shutil.which("cargo") is None and (cargo_home() / "bin" / f"cargo{EXE}").exists():
        os.environ["PATH"] = f"{cargo_home() / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    wanted = ".".join(str(number) for number in OLDEST_RUST)
    found = version_of("rustc")
    if found is None or shutil.which("cargo") is None:
        raise Missing(
            f"Rust {wanted} or newer is missing: install it with rustup (https://rustup.rs), "
            "then run this again."
        )
    if found < OLDEST_RUST:
        has = ".".join(str(number) for number in found)
        raise Missing(
            f"Rust {wanted} or newer is missing (this is {has}): run `rustup update stable`, "
            "then run this again."
        )
    if verb in ("fmt", "lint") and not (runs("cargo", "fmt") and runs("cargo", "clippy")):
        raise Missing(
            "rustfmt or clippy is missing: run `rustup component add rustfmt clippy`, then run "
            "this again."
        )
    if not WINDOWS and shutil.which("cc") is None:
        raise Missing(
            "A C compiler (`cc`) is missing, Rust links with it: install one (Debian and Ubuntu: "
            "apt-get install build-essential; macOS: xcode-select --install), then run this again."
        )
    return READY


def version_of(command: str) -> tuple[int, int] | None:
    try:
        text = subprocess.run(
            [command, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ).stdout
    except OSError:
        return None
    numbers = re.search(r"(\d+)\.(\d+)", text)
    return (int(numbers[1]), int(numbers[2])) if numbers else None


def runs(*command: str) -> bool:
    return subprocess.run([*command, "--version"], capture_output=True).returncode == 0


def make_cache(log: Log) -> str:
    folder = cache_folder()
    try:
        (folder / "tools").mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise Missing(
            f"A writable cache folder is missing (`{folder}` is not): set WITSPAN_CACHE to a "
            "folder with 3 GB of space, then run this again."
        )
    return READY


def make_venv(log: Log) -> str:
    python = VENV_BIN / f"python{EXE}"
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        # A virtual environment whose Python has gone or changed looks whole but does not start.
        subprocess.run([python, "-c", ""], check=True, stderr=subprocess.DEVNULL)
        if (VENV / ".with-pip").exists():
            return READY
    try:
        log.run([sys.executable, "-c", "import ensurepip, venv"])
    except Failed:
        raise Missing(
            "Python's venv module is missing: install it (Debian and Ubuntu: "
            "apt-get install python3-venv), then run this again."
        ) from None
    log.run([sys.executable, "-m", "venv", "--clear", VENV])
    (VENV / ".with-pip").touch()
    return ""


def install(log: Log, requirements: str) -> str:
    """Installs one list of pinned packages, unless this very list is in place."""
    listed = ROOT / requirements
    stamp = VENV / f".{listed.stem}.installed"
    wanted = digest(listed.read_bytes(), (VENV / "pyvenv.cfg").read_bytes())
    if stamp.exists() and stamp.read_text() == wanted:
        return READY
    log.run(
        [VENV_BIN / f"python{EXE}", "-m", "pip", "install", "--disable-pip-version-check"]
        + ["--no-input", "-r", listed]
    )
    stamp.write_text(wanted)
    return ""


def install_just(log: Log, verb: str) -> str:
    """Makes plain `just` work afterwards, and knows the verb before anything slow starts."""
    ask = [just(), "--justfile", ROOT / "justfile"]
    # `--summary` leaves out the verbs that only continuous integration and other verbs use.
    if subprocess.run([*ask, "--show", verb], capture_output=True).returncode != 0:
        listed = subprocess.run([*ask, "--summary"], capture_output=True, text=True, check=True)
        known = ", ".join(listed.stdout.split())
        raise Missing(f"`{verb}` is not a verb of this project; there are: {known}.")
    if shutil.which("just"):
        return READY
    home = cargo_home() / "bin"
    target = home / f"just{EXE}"
    if target.exists():
        return READY
    try:
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy2(just(), target)
    except OSError:
        return "only in .venv: no folder for programs is writable"
    return f"copied to {shown(target)}, so plain `just` works from now on"


def make_go(log: Log, verb: str) -> str:
    return prepare_packages(log, "golang.py", *(["lint"] if verb == "lint" else []))


def make_wasm_std(log: Log) -> str:
    # As a command of its own, so that what apt and cargo print goes to the log.
    command = [sys.executable, ROOT / "tools" / "wasm_std.py"]
    try:
        log.run(command)
    except Failed:
        last = log.path.read_text(encoding="utf-8").rstrip().rsplit("\n", 1)[-1]
        if last.startswith(("A standard library", "The linker", "Rust is missing")):
            raise Missing(last) from None
        raise
    return READY


def make_node_packages(log: Log) -> str:
    return prepare_packages(log, "build_js.py")


def make_wasm_opt(log: Log) -> str:
    return prepare_packages(log, "shrink.py")


def make_page(log: Log) -> str:
    return prepare_packages(log, "build_page.py")


def make_example(log: Log) -> str:
    return prepare_packages(log, "build_js_example.py")


def make_docs(log: Log) -> str:
    return prepare_packages(log, "js_pages.py")


def make_sdks(log: Log) -> str:
    return prepare_packages(log, "sdk_packages.py")


def make_bench_packages(log: Log) -> str:
    return prepare_packages(log, "bench_packages.py")


def make_runtimes(log: Log) -> str:
    return prepare_packages(log, "runtime_packages.py", *SMALL)


def prepare_packages(log: Log, builder: str, *groups: str) -> str:
    try:
        log.run([VENV_BIN / f"python{EXE}", ROOT / "tools" / builder, "--prepare", *groups])
    except Failed:
        last = log.path.read_text(encoding="utf-8").rstrip().rsplit("\n", 1)[-1]
        if last.startswith(("Node.js", "Go ")):
            raise Missing(last) from None
        raise
    return READY


def make_browser(log: Log) -> str:
    if find_browser():
        return READY
    # Only Debian's own package is known to be right; elsewhere a person chooses. It draws nothing
    # for letters that no font has, and the page brings only the Latin ones.
    install_system(log, "chromium", "fonts-dejavu-core")
    if find_browser():
        return ""
    raise Missing(
        "Chromium is missing, the tests of the intake's page drive it: install it (Debian: apt-get "
        "install chromium; macOS: brew install chromium) or set WITSPAN_BROWSER to a Chromium or "
        "Chrome, then run this again."
    )


def make_curl(log: Log) -> str:
    if shutil.which("curl"):
        return READY
    install_system(log, "curl")
    if shutil.which("curl"):
        return ""
    raise Missing(
        "curl is missing, the tests run the page's example for it: install it (Debian and Ubuntu: "
        "apt-get install curl), then run this again."
    )


def install_system(log: Log, *packages: str) -> None:
    """Installs packages of the system where that is Debian's and we may; elsewhere does nothing."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        log.run(["apt-get", "update"])
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        log.run(["apt-get", "install", "-y", "--no-install-recommends", *packages], quiet)


def make_tool(log: Log, tool: Tool) -> str:
    made = READY
    if not tool.path.exists():
        print("compiling, 7 to 12 minutes on 2 cores, once a machine … ", end="", flush=True)
        tool.install(log.run)
        made = ""
    # One fixed place in the checkout, so that the justfile need not know about caches.
    link = VENV_BIN / tool.path.name
    if not link.exists() or not link.samefile(tool.path):
        with contextlib.suppress(FileNotFoundError):
            link.unlink()
        if WINDOWS:
            shutil.copy2(tool.path, link)
        else:
            link.symlink_to(tool.path)
    return made


def share_target(log: Log) -> str:
    """Lets fresh clones reuse compiled dependencies: cargo's folder moves into the cache.

    Cargo tells the crates of two clones apart by file times only, so two rules keep this right:
    one clone at a time, and a clone that was not the last one gets new file times.
    """
    import fcntl  # WITSPAN_SHARED_TARGET is for continuous integration, which is not on Windows

    rustc = subprocess.run(
        ["rustc", "--version"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    version = re.sub(r"[^\w.]+", "-", rustc).strip("-")
    folder = cache_folder() / "cargo-target" / version
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return "in use by another run, this one builds in its own target/"
    # `just` and what it starts inherit the lock and hold it until the last of them has ended.
    os.set_inheritable(lock, True)
    root = ROOT.stat()
    user = f"{ROOT} {root.st_dev} {root.st_ino}"
    last = folder / ".last-user"
    if not last.exists() or last.read_text() != user:
        for path in source_files():
            with contextlib.suppress(OSError):
                path.touch()
        last.write_text(user)
    os.environ["CARGO_TARGET_DIR"] = str(folder)
    return READY


# --- Small things -------------------------------------------------------------------------------


def run_just(arguments: list[str]) -> int:
    command = [str(just()), "--justfile", str(ROOT / "justfile"), *arguments]
    print(f"$ just {' '.join(arguments)}", flush=True)
    if WINDOWS:
        return subprocess.run(command, cwd=ROOT).returncode
    # Replaces this process: the verb's own last line and exit code are the last ones.
    os.chdir(ROOT)
    os.execv(command[0], command)


def just() -> Path:
    return VENV_BIN / f"just{EXE}"


def cargo_home() -> Path:
    return Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")


def shown(path: Path) -> str:
    """A path as people write it: with ~ for their own folder."""
    with contextlib.suppress(ValueError):
        return f"~/{path.relative_to(Path.home())}"
    return str(path)


def source_files() -> list[Path]:
    skipped = {".git", ".venv", "target", "node_modules"}
    found: list[Path] = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in skipped]
        found += [Path(folder) / name for name in files]
    return found


def digest(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
