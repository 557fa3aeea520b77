"""What the tests of the C library share: programs that are compiled and run, and a tracer."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from c_library import BUILT, CONSTANTS, LIB, Refused, call, given, taken

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
BINDING = HERE.parent
CHECKOUT = BINDING.parents[1]
WARNINGS = ("-Wall", "-Wextra", "-pedantic", "-Werror")


def tool(name: str) -> str:
    """A program of this machine; without it the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


def run(
    *words: str | Path, env: Mapping[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Runs a program, whose environment names no receiver but `env`'s."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "WITSPAN_"))}
    return subprocess.run(
        [str(word) for word in words],
        env={**kept, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def good(*words: str | Path, env: Mapping[str, str] | None = None, timeout: float = 300) -> str:
    """The same, where it must end with 0; what it printed."""
    done = run(*words, env=env, timeout=timeout)
    assert done.returncode == 0, f"{words} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def compiled(source: Path, folder: Path, *flags: str, link: Sequence[str] | None = None) -> Path:
    """The program of a C source, linked with the shared library unless `link` says otherwise."""
    program = folder / source.stem
    shared = (f"-L{BUILT}", "-lwitspan", f"-Wl,-rpath,{BUILT}")
    good(
        *(tool("cc"), "-std=c99", "-D_POSIX_C_SOURCE=200809L", *WARNINGS, "-O1", "-g", "-pthread"),
        *(f"-I{BUILT}", *flags, source, "-o", program, *(shared if link is None else link)),
    )
    return program


TASK, ROOT = CONSTANTS["WITSPAN_TASK"], CONSTANTS["WITSPAN_ROOT"]
SECOND = 1_000_000_000


class Traced:
    """A tracer whose requests stay in a recorder."""

    def __init__(self, most_bytes: int = 1 << 20, **settings: Any) -> None:
        self.recorder = LIB.witspan_recorder_new(most_bytes)
        config = LIB.witspan_config_new()
        for name, value in settings.items():
            LIB.witspan_config_set(config, *given(name), *given(str(value)))
        LIB.witspan_config_recorder(config, self.recorder)
        LIB.witspan_config_keep_diagnostics(config)
        self.tracer = LIB.witspan_tracer_start(config, None)
        LIB.witspan_config_free(config)

    def start(self, name: str | bytes = "step", kind: int = TASK) -> int:
        return LIB.witspan_start(self.tracer, kind, ROOT, 0, *given(name))

    def annotate(self, span: int, json_text: str | bytes) -> None:
        call(LIB.witspan_annotate, self.tracer, span, *given(json_text))

    def spans(self) -> list[dict[str, Any]]:
        """What was recorded, after a flush."""
        assert LIB.witspan_flush(self.tracer, 20 * SECOND, None, None) == 0
        bodies = range(LIB.witspan_recorder_count(self.recorder))
        texts = [taken(LIB.witspan_recorder_body(self.recorder, at)) for at in bodies]
        return [s for text in texts for event in json.loads(text or "") for s in event["spans"]]

    def counter(self, name: str) -> int:
        value = ctypes.c_uint64(77)
        code = LIB.witspan_counter(self.tracer, *given(name), ctypes.byref(value))
        if code:
            assert value.value == 0
            raise Refused(code, None)
        return value.value

    def diagnostics(self) -> list[dict[str, str]]:
        return json.loads(taken(LIB.witspan_diagnostics(self.tracer)) or "")
