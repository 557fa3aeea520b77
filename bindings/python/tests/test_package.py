"""The package as it is installed: one wheel for all Pythons, small, whole, and by itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
ROOT = PROJECT.parents[1]
VENV_BIN = "Scripts" if os.name == "nt" else "bin"
MOST_BYTES = 4_000_000

# What a program needs of the package, without a receiver.
PROGRAM = """
import sys
import witspan
from witspan import LLMObs
from witspan.decorators import workflow
from witspan.testing import recorder

@workflow
def answer(question: str) -> str:
    with LLMObs.llm("gpt-4o", name="ask"):
        LLMObs.annotate(input_data=question, output_data="so")
    return "so"

with recorder() as spans:
    answer("why?")
assert spans.tree() == "workflow   answer\\nllm        └─ ask (gpt-4o)", spans
assert "site-packages" in witspan.__file__, witspan.__file__
print(witspan.__version__, sys.version_info[:2])
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as pip builds it, with the tools that are here."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    done = run(*command, "--disable-pip-version-check", "-w", str(folder), str(PROJECT))
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.iterdir()
    return wheel


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {name: v for name, v in os.environ.items() if not name.startswith(("DD_", "PYTHON"))}
    env |= {"PIP_NO_INPUT": "1", "PYTHONIOENCODING": "utf-8", **variables}
    return subprocess.run(
        command, cwd=PROJECT, env=env, capture_output=True, text=True, encoding="utf-8"
    )


def metadata(wheel: Path, name: str) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (each for each in archive.namelist() if each.endswith(f".dist-info/{name}"))
        return message_from_bytes(archive.read(path))


def test_one_wheel_is_for_all_pythons_from_3_9(wheel: Path) -> None:
    tags = metadata(wheel, "WHEEL").get_all("Tag")
    assert tags and all(tag.startswith("cp39-abi3-") for tag in tags), tags
    assert metadata(wheel, "METADATA")["Requires-Python"] == ">=3.9"


def test_it_is_under_4_mb_and_needs_no_other_package(wheel: Path) -> None:
    assert wheel.stat().st_size < MOST_BYTES
    about = metadata(wheel, "METADATA")
    assert (about["Name"], about.get_all("Requires-Dist")) == ("witspan", None)
    assert about["License-Expression"] == "Apache-2.0"


def test_the_wheel_holds_exactly_the_files_that_belong_to_it(wheel: Path) -> None:
    python = PROJECT / "python"
    sources = {path.relative_to(python).as_posix() for path in python.glob("witspan/**/*.py*")}
    about = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    native = {name for name in names if re.fullmatch(r"witspan/_native(\.abi3\.so|\.pyd)", name)}
    assert len(native) == 1, names
    listed = {name for name in names if "/sboms/" in name}
    info = {name.split(".dist-info/")[1] for name in names - listed if ".dist-info/" in name}
    assert info == about
    # Also those that nobody has committed yet, but not what running them left behind.
    kept = {name for name in sources if name.endswith((".py", ".pyi"))} | {"witspan/py.typed"}
    assert {name for name in names if name.startswith("witspan/")} - native == kept
    assert "witspan/_native.pyi" in kept


def pythons() -> list[str]:
    """The Pythons on this machine that the wheel is for and that make environments, one of each
    version."""
    places = [shutil.which(f"python3.{minor}") for minor in range(9, 20)]
    places += map(str, sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3")))
    found: dict[str, str] = {}
    for place in places:
        if place is not None:
            # Some only start another Python, which is not chosen here, or lack venv: they fail.
            source = "import ensurepip, sys, venv; print('%d.%02d' % sys.version_info[:2])"
            told = run(place, "-c", source)
            if told.returncode == 0 and told.stdout.strip() >= "3.09":
                found.setdefault(told.stdout.strip(), place)
    return [found[version] for version in sorted(found)] or [sys.executable]


@pytest.mark.parametrize("python", pythons())
def test_it_works_in_a_fresh_environment(wheel: Path, tmp_path: Path, python: str) -> None:
    made = run(python, "-m", "venv", str(tmp_path / "venv"))
    assert made.returncode == 0, made.stderr
    inside = str(tmp_path / "venv" / VENV_BIN / "python")
    installed = run(inside, "-m", "pip", "install", "--no-index", str(wheel))
    assert installed.returncode == 0, installed.stdout + installed.stderr
    done = run(inside, "-X", "dev", "-W", "error", "-c", PROGRAM)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_public_name_has_a_type(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    inside = str(tmp_path / "venv" / VENV_BIN / "python")
    assert run(inside, "-m", "pip", "install", "--no-index", str(wheel)).returncode == 0
    command = [sys.executable, str(ROOT / "tools" / "pyright.py"), "--outputjson"]
    # Pyright looks at the Python that is first on the path, as in an activated environment.
    path = os.pathsep.join((str(Path(inside).parent), os.environ["PATH"]))
    checked = run(*command, "--verifytypes", "witspan", "--ignoreexternal", PATH=path)
    told = json.loads(checked.stdout)["typeCompleteness"]
    assert told["exportedSymbolCounts"]["withKnownType"] > 30, checked.stdout
    vague = [s for s in told["symbols"] if not s["isTypeKnown"] or s["isTypeAmbiguous"]]
    assert not [symbol for symbol in vague if symbol["isExported"]], vague
    assert told["completenessScore"] == 1, vague


def hook(folder: Path, call: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Calls one of the build's hooks as a build tool does."""
    source = f"import sys; sys.path.insert(0, {str(folder)!r}); import build_package as hooks; "
    return run(sys.executable, "-c", source + call, **variables)


def test_a_build_without_rust_says_so_in_one_sentence(tmp_path: Path) -> None:
    done = hook(PROJECT, "hooks.get_requires_for_build_wheel()", PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        "witspan: Rust 1.95 or newer is missing: install it with rustup (https://rustup.rs). A "
        "wheel that is built already needs no Rust: pip install witspan-….whl"
    ]


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for rustc is a script")
def test_a_build_with_an_old_rust_says_which(tmp_path: Path) -> None:
    for name in ("cargo", "rustc"):
        (tmp_path / name).write_text("#!/bin/sh\necho rustc 1.70.0\n")
        (tmp_path / name).chmod(0o755)
    done = hook(PROJECT, "hooks.get_requires_for_build_wheel()", PATH=str(tmp_path))
    assert "Rust 1.95 or newer is missing (this is 1.70)" in done.stderr


def test_a_build_outside_the_repository_says_what_it_needs(tmp_path: Path) -> None:
    shutil.copytree(PROJECT, tmp_path / "alone", ignore=shutil.ignore_patterns("*.so", "tests"))
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    done = run(*command, str(tmp_path / "alone"))
    assert done.returncode != 0
    assert "witspan: Only the whole repository can build this package" in done.stdout + done.stderr


def test_a_precompiled_component_that_is_not_there_is_named() -> None:
    done = hook(PROJECT, "hooks.build_wheel('.')", WITSPAN_PRECOMPILED="/nowhere/x.cwasm")
    assert done.returncode == 1
    assert "WITSPAN_PRECOMPILED names `/nowhere/x.cwasm`, and there is no such file" in done.stderr


def test_a_source_archive_is_refused_with_what_there_is_instead() -> None:
    done = hook(PROJECT, "hooks.build_sdist('.')")
    assert done.returncode == 1
    assert "There is no source archive of this package" in done.stderr
    assert "pip wheel ./bindings/python" in done.stderr
