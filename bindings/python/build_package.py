"""Builds the package for pip and other build tools: the component first, then the rest by maturin.

The native module embeds the component, which maturin knows nothing of: it is built here if it is
not there or not of today. What is missing is said in one sentence; cargo would take fifty lines.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import maturin

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILDER = ROOT / "tools" / "build_component.py"
# The oldest compiler the workspace accepts (`rust-version` in Cargo.toml).
OLDEST_RUST = (1, 95)

Settings = Mapping[str, Any]


def get_requires_for_build_wheel(config_settings: Settings | None = None) -> list[str]:
    # Maturin would ask for a package that downloads Rust; who builds this has Rust, or is told.
    check()
    return []


get_requires_for_build_editable = get_requires_for_build_wheel


def get_requires_for_build_sdist(config_settings: Settings | None = None) -> NoReturn:
    fail(
        "There is no source archive of this package: its native module embeds a component that "
        "only the whole repository can build. Make a wheel: pip wheel ./bindings/python"
    )


build_sdist = get_requires_for_build_sdist


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: Settings | None = None
) -> str:
    check()
    find_maturin()
    return maturin.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_wheel(
    wheel_directory: str,
    config_settings: Settings | None = None,
    metadata_directory: str | None = None,
) -> str:
    prepare()
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str,
    config_settings: Settings | None = None,
    metadata_directory: str | None = None,
) -> str:
    prepare()
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)


def prepare() -> None:
    """Has the component there, or ends with the sentence that says why not."""
    check()
    find_maturin()
    if "WITSPAN_PRECOMPILED" in os.environ:
        path = Path(os.environ["WITSPAN_PRECOMPILED"])
        if not path.is_file():
            fail(f"WITSPAN_PRECOMPILED names `{path}`, and there is no such file.")
        return
    print("building the component; the first time takes some minutes", flush=True)
    # Its output goes where build tools show what went wrong.
    command = [sys.executable, str(BUILDER), "--only", "witspan"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        fail(
            "The component was not built, see above. ./bootstrap.sh setup in the root of the "
            "repository prepares a machine for it and says what is missing."
        )


def find_maturin() -> None:
    """Maturin's hooks call its command, which without build isolation is only beside Python."""
    beside = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join((os.environ.get("PATH", ""), beside))


def check() -> None:
    """Ends with a sentence if this is no whole checkout, if there is no Rust that is new enough,
    or nothing to link with.
    """
    if not BUILDER.is_file():
        fail(
            "Only the whole repository can build this package, and the rest of it is not here: "
            "install from a checkout, with pip 21.3 or newer (pip install ./bindings/python), or "
            "install a wheel."
        )
    wanted = ".".join(map(str, OLDEST_RUST))
    found = None
    if shutil.which("cargo") is not None and shutil.which("rustc") is not None:
        told = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout
        found = re.search(r"(\d+)\.(\d+)", told)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_RUST:
        has = f" (this is {found[0]})" if found else ""
        fail(
            f"Rust {wanted} or newer is missing{has}: install it with rustup (https://rustup.rs). "
            "A wheel that is built already needs no Rust: pip install witspan-….whl"
        )
    if os.name != "nt" and shutil.which("cc") is None:
        fail(
            "A C compiler (`cc`) is missing, Rust links with it: install one (Debian and Ubuntu: "
            "apt-get install build-essential; macOS: xcode-select --install)."
        )


def fail(sentence: str) -> NoReturn:
    """Ends the build; the sentence is the last that it says."""
    sys.stdout.flush()
    sys.exit(f"\nwitspan: {sentence}")
