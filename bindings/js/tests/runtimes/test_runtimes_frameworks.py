"""The same program in Next.js, built and served on both of its runtimes, and by wrangler."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from runtimes_support import (
    PATIENCE,
    Agent,
    ask,
    copy_programs,
    install,
    installed,
    newer_node,
    run,
    says_delivered,
    served,
)

RELOADED = "return { ...llmobs.statistics(), reloaded: true }"


def copy(source: Path, target: Path) -> None:
    """A copy that takes no space where the file system allows it."""
    try:
        shutil.copytree(source, target, symlinks=True, copy_function=os.link)
    except OSError:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, symlinks=True)


@pytest.fixture(scope="module", params=["turbopack", "webpack"])
def site(
    request: pytest.FixtureRequest, tarball: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A built site. Its packages are beside it: Next follows no link out of its folder."""
    modules = installed("frameworks")
    folder = tmp_path_factory.mktemp("next")
    copy(modules, folder / "node_modules")
    install(tarball, folder)
    copy_programs(folder)
    shutil.copytree(folder / "next", folder, dirs_exist_ok=True)
    next_ = folder / "node_modules" / "next" / "dist" / "bin" / "next"
    done = run([newer_node(), next_, "build", f"--{request.param}"], folder)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    # Of what it warns, nothing is about the package.
    assert "witspan" not in told, told
    return folder


@pytest.mark.parametrize("runtime", ["edge", "node"])
def test_two_spans_arrive_from_next(runtime: str, site: Path, agent: Agent) -> None:
    next_ = site / "node_modules" / "next" / "dist" / "bin" / "next"
    start = [newer_node(), next_, "start", "--port", "0", "--hostname", "127.0.0.1"]
    with served(start, site, r"(http://127\.0\.0\.1:[1-9]\d*)") as url:
        says_delivered(ask(f"{url}/{runtime}?agent={agent.url}"))
        agent.check()
        ask(f"{url}/{runtime}?agent={agent.url}")
        agent.check(2)


def test_one_tracer_outlives_the_reloads_of_next_dev(site: Path, agent: Agent) -> None:
    next_ = site / "node_modules" / "next" / "dist" / "bin" / "next"
    start = [newer_node(), next_, "dev", "--port", "0", "--hostname", "127.0.0.1"]
    program = site / "program.mjs"
    text = program.read_text(encoding="utf-8")
    with served(start, site, r"(http://127\.0\.0\.1:[1-9]\d*)") as url:
        asked = f"{url}/node?agent={agent.url}"
        assert json.loads(ask(asked))["delivered"] == 2
        program.write_text(text.replace("return llmobs.statistics()", RELOADED))
        until = time.monotonic() + PATIENCE
        asks = 1
        while "reloaded" not in (answer := ask(asked)):
            asks += 1
            assert time.monotonic() < until
            time.sleep(0.2)
        asks += 1
        # The counters go on, so the tracer is the one of before.
        assert json.loads(answer)["delivered"] == 2 * asks
        agent.check(asks)


WRANGLER = """
name = "hello"
main = "worker.mjs"
compatibility_date = "2026-11-01"
"""


@pytest.fixture
def worker(workspace: Path, tmp_path: Path) -> Path:
    copy_programs(tmp_path)
    (tmp_path / "node_modules").symlink_to(workspace / "node_modules")
    (tmp_path / "wrangler.toml").write_text(WRANGLER)
    return tmp_path


def test_two_spans_arrive_from_wrangler(worker: Path, agent: Agent) -> None:
    wrangler = installed("frameworks") / "wrangler" / "bin" / "wrangler.js"
    start = [newer_node(), wrangler, "dev", "--port", "0", "--ip", "127.0.0.1"]
    with served(start, worker, r"Ready on (http://127\.0\.0\.1:\d+)") as url:
        says_delivered(ask(f"{url}/?agent={agent.url}"))
        agent.check()
        ask(f"{url}/?late&agent={agent.url}")
        agent.check(2)


def test_wrangler_would_deploy_the_core_as_a_module(worker: Path) -> None:
    wrangler = installed("frameworks") / "wrangler" / "bin" / "wrangler.js"
    out = worker / "out"
    done = run([newer_node(), wrangler, "deploy", "--dry-run", "--outdir", out], worker)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(out.glob("*.wasm"))) == 1
