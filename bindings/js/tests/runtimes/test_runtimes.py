"""The same program in every runtime, checked by what arrives: Node, Deno, Bun, workerd."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from runtimes_support import (
    NODES,
    Agent,
    ask,
    bundle,
    environment,
    program,
    says_delivered,
    succeeds,
)

NODE_NAMES = ["node", *(f"node-{line}" for line in NODES)]


def command(runtime: str, *permissions: str) -> list[object]:
    found = program(runtime)
    if runtime == "deno":
        return [found, "run", "--no-prompt", "--no-remote", "--quiet", *permissions]
    return [found]


# Deno reads no variables and no files without a permission, and the CommonJS module reads the core.
LOOPBACK = "--allow-net=127.0.0.1"
PERMISSIONS = {
    "hello.mjs": [LOOPBACK],
    "hello.cjs": [LOOPBACK, "--allow-read"],
    "both.mjs": [LOOPBACK, "--allow-read"],
    "dd-trace.mjs": [LOOPBACK],
    "dd-trace.cjs": [LOOPBACK, "--allow-read"],
}


@pytest.mark.parametrize("runtime", [*NODE_NAMES, "deno", "bun"])
@pytest.mark.parametrize("file", PERMISSIONS)
def test_two_spans_arrive(
    file: str, runtime: str, workspace: Path, agent: Agent, tmp_path: Path
) -> None:
    started = [*command(runtime, *PERMISSIONS[file]), file, agent.url]
    says_delivered(succeeds(started, workspace, {"DENO_DIR": str(tmp_path)}))
    agent.check()


@pytest.mark.parametrize("runtime", ["node", "deno", "bun"])
def test_to_load_the_package_does_nothing(runtime: str, workspace: Path, tmp_path: Path) -> None:
    """In Deno without any permission: what the package would do to the world would fail."""
    done = succeeds([*command(runtime), "idle.mjs"], workspace, {"DENO_DIR": str(tmp_path)})
    assert done == "loaded\n"


@contextmanager
def workerd(folder: Path, flags: list[str], date: str) -> Iterator[str]:
    """Serves the worker in `folder` by workerd itself; gives its URL."""
    modules = ['(name = "program.mjs", esModule = embed "program.mjs")']
    for file in sorted(folder.glob("*.wasm")):
        modules.append(f'(name = "{file.name}", wasm = embed "{file.name}")')
    quoted = ", ".join(f'"{flag}"' for flag in flags)
    (folder / "config.capnp").write_text(
        f"""
        using Workerd = import "/workerd/workerd.capnp";
        const config :Workerd.Config = (
          services = [
            (name = "main", worker = (
              modules = [{", ".join(modules)}],
              compatibilityDate = "{date}",
              compatibilityFlags = [{quoted}],
            )),
            # By default a worker reaches public addresses alone.
            (name = "internet", network = (allow = ["local"], deny = [])),
          ],
          sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
        );
        """
    )
    serve = [program("workerd"), "serve", "config.capnp", "--control-fd=1"]
    with subprocess.Popen(
        serve, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            line = process.stdout.readline()
            assert line, process.stderr.read().decode()
            yield f"http://127.0.0.1:{json.loads(line)['port']}"
        finally:
            process.kill()


# With the runtime's contexts, and with the least that a worker can be.
COMPATIBILITY = [("2026-11-01", []), ("2024-06-01", ["nodejs_als"]), ("2024-06-01", [])]


@pytest.mark.parametrize("date, flags", COMPATIBILITY)
def test_two_spans_arrive_from_workerd(
    date: str, flags: list[str], workspace: Path, agent: Agent, tmp_path: Path
) -> None:
    bundle(workspace, "esbuild", "worker", "esm", "worker.mjs", tmp_path)
    with workerd(tmp_path, flags, date) as url:
        says_delivered(ask(f"{url}/?agent={agent.url}"))
        agent.check()


def test_spans_arrive_from_workerd_after_the_answer(
    workspace: Path, agent: Agent, tmp_path: Path
) -> None:
    bundle(workspace, "esbuild", "worker", "esm", "worker.mjs", tmp_path)
    with workerd(tmp_path, [], "2026-11-01") as url:
        for times in (1, 2):
            ask(f"{url}/?late&agent={agent.url}")
            agent.check(times)
