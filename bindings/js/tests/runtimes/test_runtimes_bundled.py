"""The package inside a bundle for Node, which runs in a folder that has nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from runtimes_support import Agent, bundle, npm, says_delivered, succeeds

BUNDLES = [
    ("esbuild", "esm", "hello.mjs"),
    ("esbuild", "esm", "hello.cjs"),
    ("esbuild", "cjs", "hello.mjs"),
    ("esbuild", "cjs", "hello.cjs"),
    ("webpack", "cjs", "hello.mjs"),
    ("webpack", "cjs", "hello.cjs"),
]


@pytest.mark.parametrize("bundler, form, entry", BUNDLES)
def test_two_spans_arrive_from_a_bundle(
    bundler: str, form: str, entry: str, workspace: Path, agent: Agent, tmp_path: Path
) -> None:
    bundle(workspace, bundler, "node", form, entry, tmp_path)
    [made] = tmp_path.iterdir()
    says_delivered(succeeds([npm.node(), made, agent.url], tmp_path))
    agent.check()
