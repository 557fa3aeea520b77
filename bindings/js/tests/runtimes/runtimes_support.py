"""One program in many runtimes: where they are, how they are started, and what must arrive."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from receiver import Answer, Receiver

ROOT = Path(__file__).resolve().parents[4]
PROGRAMS = Path(__file__).resolve().parent / "programs"
sys.path.insert(0, str(ROOT / "tools"))

import npm  # noqa: E402
import runtime_packages  # noqa: E402

#: Long enough for a busy machine; nothing takes that long when all is well.
PATIENCE = 300.0
#: As the makers of runtimes name this machine's processor.
ARM = runtime_packages.ARM
NODES = ("20", "22", "24", "26")
#: Where each program of a group is below its packages.
PLACES = {
    **{name: ("engines", place) for name, (place, _) in runtime_packages.ENGINES.items()},
    "workerd": ("engines", f"@cloudflare/workerd-linux-{'arm64' if ARM else '64'}/bin/workerd"),
    **{
        f"node-{line}": ("nodes", f"node-{'arm64' if ARM else 'x64'}-{line}/bin/node")
        for line in NODES
    },
}
#: What the agent is sent, whatever runs the program: each span's `meta`.
SENT = {
    "answer": {
        "input": {"value": "Why? 🌈"},
        "metadata": {},
        "span": {"kind": "workflow"},
    },
    "ask": {
        "input": {"messages": [{"content": "Why? 🌈", "role": "user"}]},
        "metadata": {},
        "model_name": "m",
        "model_provider": "p",
        "output": {
            "messages": [{"content": "half: \N{REPLACEMENT CHARACTER}!", "role": "assistant"}]
        },
        "span": {"kind": "llm"},
    },
}


class Agent(Receiver):
    """A receiver that says it is an agent that takes spans."""

    def __init__(self) -> None:
        super().__init__()
        self.info = Answer(200, body=b'{"endpoints": ["/evp_proxy/v2/"]}')

    def spans(self) -> list[dict[str, Any]]:
        with self.lock:
            bodies = [json.loads(request.body.decode()) for request in self.got]
        return [span for body in bodies for group in body for span in group["spans"]]

    def check(self, times: int = 1) -> None:
        """The program's spans have arrived, so many times, and nothing else."""
        until = time.monotonic() + 60
        while len(self.spans()) < 2 * times and time.monotonic() < until:
            time.sleep(0.02)
        spans = self.spans()
        assert sorted(span["name"] for span in spans) == ["answer"] * times + ["ask"] * times
        assert {span["name"]: span["meta"] for span in spans} == SENT
        outer = {span["span_id"]: span for span in spans if span["name"] == "answer"}
        inner = [span for span in spans if span["name"] == "ask"]
        assert {span["parent_id"] for span in inner} == set(outer)
        for span in inner:
            assert span["trace_id"] == outer[span["parent_id"]]["trace_id"]
        for span in spans:
            assert {"ml_app:hello", "language:javascript"} <= set(span["tags"])
            assert ("team:search" in span["tags"]) == (span["name"] == "answer")
            assert span["start_ns"] > 1_700_000_000_000_000_000
            assert 0 <= span["duration"] < PATIENCE * 1e9
        for request in self.got:
            assert request.path == "/evp_proxy/v2/api/v2/llmobs"


def installed(group: str) -> Path:
    """The packages of a group. What continuous integration has must be there; the rest may be."""
    modules = runtime_packages.modules(group)
    # The folder around them: where nothing of a group is made for the machine, it is empty.
    if modules.parent.exists():
        return modules
    if group in runtime_packages.SMALL:
        pytest.fail(f"the packages of {group} are missing: ./bootstrap.sh test gets them")
    pytest.skip(f"the packages of {group} are not installed: `just test all` gets them")


def program(name: str) -> Path:
    """A runtime by its name; `node` is the machine's own."""
    if name == "node":
        return Path(npm.node())
    group, place = PLACES[name]
    found = installed(group) / place
    if not found.exists():
        pytest.skip(f"{name} is not made for {platform.system()} on {platform.machine()}")
    return found


def newer_node() -> Path:
    """A Node that is new enough for tools that do not run on the oldest line."""
    own = subprocess.run([npm.node(), "--version"], capture_output=True, text=True).stdout
    version = re.match(r"v(\d+)\.(\d+)", own)
    if version and (int(version[1]), int(version[2])) >= (22, 12):
        return Path(npm.node())
    return program("node-24")


def copy_programs(folder: Path) -> None:
    """Puts the programs there."""
    shutil.copytree(PROGRAMS, folder, dirs_exist_ok=True)
    # The one text in both module systems.
    text = (PROGRAMS / "program.mjs").read_text(encoding="utf-8")
    required = text.replace("export async function hello", "exports.hello = async function hello")
    assert required != text
    (folder / "program.cjs").write_text(required, encoding="utf-8")


def install(tarball: Path, folder: Path) -> None:
    """Puts the packed package where programs of `folder` find it."""
    shutil.unpack_archive(tarball, folder / "node_modules" / "unpacked")
    (folder / "node_modules" / "unpacked" / "package").rename(folder / "node_modules" / "witspan")
    (folder / "node_modules" / "unpacked").rmdir()


def environment(**more: str) -> dict[str, str]:
    """This process's, without what would configure a tracer or a tool, or have it report home."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DD_", "WITSPAN_", "NODE", "OTEL_", "npm_"))
    }
    quiet = {
        "CI": "1",
        "NO_COLOR": "1",
        "DENO_NO_UPDATE_CHECK": "1",
        "DO_NOT_TRACK": "1",
        "NEXT_TELEMETRY_DISABLED": "1",
        "WRANGLER_SEND_METRICS": "false",
        "CLOUDFLARE_CF_FETCH_ENABLED": "false",
    }
    return {**kept, **quiet, **more}


def run(
    command: Sequence[object], cwd: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment(**(variables or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )


def succeeds(
    command: Sequence[object], cwd: Path, variables: Mapping[str, str] | None = None
) -> str:
    """Runs it; it must end well, and say nothing on standard error. What it printed."""
    done = run(command, cwd, variables)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


@contextmanager
def served(command: Sequence[object], cwd: Path, sign: str) -> Iterator[str]:
    """Runs a server, whose URL stands on the line that `sign` finds."""
    log = cwd / "served.log"
    with (
        open(log, "wb") as out,
        subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        ) as process,
    ):
        try:
            until = time.monotonic() + PATIENCE
            while not (found := re.search(sign, log.read_text(encoding="utf-8"))):
                told = log.read_text(encoding="utf-8")
                assert process.poll() is None and time.monotonic() < until, told
                time.sleep(0.05)
            yield found[1]
        finally:
            # It has children of its own.
            os.killpg(process.pid, signal.SIGKILL)


def ask(url: str) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read().decode()


def bundle(
    workspace: Path, bundler: str, platform: str, form: str, entry: str, folder: Path
) -> None:
    """Bundles a program of the workspace, on the machine's own Node, into the folder."""
    succeeds([npm.node(), "bundle.mjs", bundler, platform, form, entry, folder], workspace)


def says_delivered(printed: str) -> None:
    """What the program printed: the statistics of a tracer that has delivered both spans."""
    statistics = json.loads(printed)
    assert statistics["delivered"] == 2
    assert statistics["dropped"] == {}
