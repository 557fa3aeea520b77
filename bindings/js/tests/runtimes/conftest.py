"""The package as npm would publish it, in a folder with the programs that use it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

# Its assertions say what was compared, as those of tests do.
pytest.register_assert_rewrite("runtimes_support")

from runtimes_support import (  # noqa: E402
    ROOT,
    Agent,
    copy_programs,
    environment,
    install,
    installed,
    npm,
)

PACKAGE = ROOT / "bindings" / "js"
#: What programs import by name besides the package.
LINKED = ("esbuild", "vite", "vitest", "webpack")


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `npm pack` makes of the package."""
    if not (PACKAGE / "dist" / "index.js").exists():
        pytest.fail("the JavaScript package is not built: run `just package-js`, then this again")
    folder = tmp_path_factory.mktemp("packed")
    command = [npm.npm() or "npm", "pack", "--ignore-scripts", "--pack-destination", str(folder)]
    done = subprocess.run(
        command, cwd=PACKAGE, env=environment(), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    [packed] = folder.glob("*.tgz")
    return packed


@pytest.fixture(scope="session")
def workspace(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs, with the package installed beside them. Tests write elsewhere."""
    folder = tmp_path_factory.mktemp("workspace")
    copy_programs(folder)
    install(tarball, folder)
    for name in LINKED:
        (folder / "node_modules" / name).symlink_to(installed("toolchain") / name)
    return folder


@pytest.fixture
def agent() -> Iterator[Agent]:
    agent = Agent()
    yield agent
    agent.close()
