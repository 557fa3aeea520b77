"""The package as it is installed: by Composer where that is there, and by its own autoload file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from php_support import BINDING, HERE, environment, missing, php, sending_to, spans, tree
from receiver import Receiver

sys.path.insert(0, str(BINDING))
from build_package import build, contents

__all__ = ["AUTOLOAD", "build"]

MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
#: What stands for Composer's file where there is no Composer.
AUTOLOAD = "<?php\nrequire __DIR__ . '/witspan/witspan/autoload.php';\n"
PROGRAM = """<?php
require 'vendor/autoload.php';
use Witspan\\LLMObs;
LLMObs::start();
echo LLMObs::workflow('answer', fn () => LLMObs::llm('ask', fn () => 'said', model: 'gpt-5'));
"""
TREE = "workflow   answer\nllm        └─ ask (gpt-5)"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project, and beside it the package as it is unpacked."""
    with zipfile.ZipFile(build(tmp_path)) as archive:
        archive.extractall(tmp_path / "witspan")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.php").write_text(PROGRAM)
    return folder


def check(project: Path) -> None:
    """The program traces, with the library of the package."""
    receiver = Receiver()
    try:
        done = php("app.php", cwd=project, env=sending_to(receiver))
        assert (done.stdout, done.stderr, done.returncode) == ("said", "", 0)
        assert tree(spans(receiver)) == TREE
    finally:
        receiver.close()


def test_composer_installs_it(project: Path) -> None:
    composer = shutil.which("composer")
    if composer is None:
        pytest.skip("there is no Composer here")
    (project / "composer.json").write_text(
        json.dumps(
            {
                "repositories": [{"type": "path", "url": "../witspan"}, {"packagist.org": False}],
                "require": {"witspan/witspan": "*"},
            }
        )
    )
    home = {"COMPOSER_HOME": str(project.parent / "home"), "COMPOSER_ALLOW_SUPERUSER": "1"}
    done = subprocess.run(
        [composer, "install", "--no-interaction", "--no-progress"],
        cwd=project,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "vendor" / "bin" / "witspan-header").exists()
    check(project)


def test_composer_finds_nothing_wrong() -> None:
    composer = shutil.which("composer")
    if composer is None:
        pytest.skip("there is no Composer here")
    words = [composer, "validate", "--no-check-version", str(BINDING / "composer.json")]
    done = subprocess.run(words, env=environment({"COMPOSER_ALLOW_SUPERUSER": "1"}), check=False)
    assert done.returncode == 0


def test_its_own_autoload_file_is_enough(project: Path) -> None:
    shutil.copytree(project.parent / "witspan", project / "vendor" / "witspan" / "witspan")
    (project / "vendor" / "autoload.php").write_text(AUTOLOAD)
    check(project)


def test_the_zip_has_what_is_needed_and_is_the_same_again(tmp_path: Path) -> None:
    one, other = build(tmp_path / "one"), build(tmp_path / "other")
    assert one.read_bytes() == other.read_bytes()
    names = [name for name, _ in contents()]
    assert not [name for name in names if name.startswith(("tests", "bench"))]
    assert {"lib/libwitspan.so", "lib/witspan.cdef", "src/LLMObs.php", "LICENSE"} <= set(names)


def test_psr15s_interface_is_optional(project: Path) -> None:
    done = php(HERE / "programs" / "psr15.php", project.parent / "witspan" / "autoload.php")
    assert (done.stdout, done.stderr) == ("Answer workflow   request", "")
