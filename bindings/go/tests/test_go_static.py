"""A static program with the module inside runs where there is nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from go_support import SUITE, assert_all_passed, assert_traces, build_by_replace, copy_suite, go
from receiver import Receiver


def entering(root: Path) -> list[str]:
    """The command that runs a program with `root` as all the files there are."""
    chroot, unshare = shutil.which("chroot"), shutil.which("unshare")
    if os.name != "posix" or chroot is None:
        pytest.skip("there is no `chroot` on this machine")
    if os.geteuid() == 0:
        return [chroot, str(root)]
    own = [unshare or "unshare", "--map-root-user"]
    if unshare is None or subprocess.run([*own, "true"], capture_output=True).returncode != 0:
        pytest.skip("only root may change the root here, and users may have no namespace")
    return [*own, chroot, str(root)]


def test_the_suite_passes_in_an_empty_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    copy_suite(root)
    enter = entering(root)
    go("build", "-o", str(root / "run"), ".", cwd=SUITE / "runners" / "go")
    assert sorted(path.name for path in root.iterdir()) == ["run", "tests"]
    done = subprocess.run(
        [*enter, "/run", "-suite", "/tests/conformance"], env={}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert_all_passed(root)


def test_a_program_is_traced_in_an_empty_root(tmp_path: Path, receiver: Receiver) -> None:
    root = tmp_path / "root"
    root.mkdir()
    enter = entering(root)
    build_by_replace(tmp_path, root / "traced")
    assert_traces(receiver, [*enter, "/traced"])
