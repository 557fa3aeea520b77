"""The same program in tests of an application, by Jest and by Vitest, also under fake clocks."""

from __future__ import annotations

from pathlib import Path

import pytest
from runtimes_support import Agent, installed, npm, run

TOOLS = {
    "jest, CommonJS": (
        "jest/bin/jest.js",
        ["--ci", "--no-watchman", "--no-cache", "jest.test.cjs"],
    ),
    "jest, ES modules": (
        "jest/bin/jest.js",
        ["--ci", "--no-watchman", "--no-cache", "jest.test.mjs"],
    ),
    "vitest": ("vitest/vitest.mjs", ["run", "vitest.test.mjs"]),
}


@pytest.mark.parametrize("timers", ["real", "replaced before", "replaced after"])
@pytest.mark.parametrize("tool", TOOLS)
def test_two_spans_arrive(tool: str, timers: str, workspace: Path, agent: Agent) -> None:
    file, arguments = TOOLS[tool]
    node = [npm.node(), "--no-warnings"]
    if tool == "jest, ES modules":
        node.append("--experimental-vm-modules")
    variables = {"HELLO_AGENT": agent.url, "HELLO_TIMERS": timers}
    done = run([*node, installed("toolchain") / file, *arguments], workspace, variables)
    assert done.returncode == 0, done.stdout + done.stderr
    # A test that leaves something open keeps Jest, which says so.
    assert "did not exit" not in done.stderr
    agent.check()
