"""Programs of Cargo's registry that only checks need: compiled once a machine, into the cache.

This file runs before the virtual environment exists: standard library only, Python 3.9.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cache import cache_folder

EXE = ".exe" if os.name == "nt" else ""


@dataclass(frozen=True)
class Tool:
    """A program, the crate that has it, and which of the crate's features it is built with."""

    program: str
    crate: str
    version: str
    features: str = ""

    @property
    def name(self) -> str:
        return f"{self.program} {self.version}"

    @property
    def path(self) -> Path:
        """Where the program is once it is installed; another version is in another folder."""
        key = "-".join([self.crate, self.version, *filter(None, self.features.split(","))])
        return cache_folder() / "tools" / key / "bin" / f"{self.program}{EXE}"

    def install(self, run: Callable[..., None]) -> None:
        """Compiles it. Elsewhere, and renamed when whole: an interruption leaves no half a tool."""
        features = ["--no-default-features", "--features", self.features] if self.features else []
        with tempfile.TemporaryDirectory(prefix="building-", dir=cache_folder()) as work:
            run(
                ["cargo", "install", f"{self.crate}@{self.version}", "--locked", *features]
                + ["--root", Path(work) / "root"],
                env={**os.environ, "CARGO_TARGET_DIR": str(Path(work) / "target")},
            )
            home = self.path.parent.parent
            shutil.rmtree(home, ignore_errors=True)
            (Path(work) / "root").rename(home)


# The tests run the component in this engine too, as a user without our host library would.
WASMTIME = Tool("wasmtime", "wasmtime-cli", "48.0.8", "run,compile,component-model,cranelift")
# Builds the component a second way; no other verb needs it.
CARGO_COMPONENT = Tool("cargo-component", "cargo-component", "0.21.1")
