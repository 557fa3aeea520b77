"""The lints that keep text of others from terminals and logs: they refuse each way out, except in
the places that escape."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DENIES = "#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]"
#: Crates that others run, which must deny these lints.
CRATES = [
    *("guest/src/lib.rs", "guest/json/src/lib.rs", "guest/propagation/src/lib.rs"),
    *("guest/text/src/lib.rs", "guest/setup/src/lib.rs", "guest/semconv/src/lib.rs"),
    *("host-runtime/src/lib.rs", "bindings/python/src/lib.rs"),
    *("intake/src/lib.rs", "intake/src/main.rs"),
]
#: The places that escape what they write.
MAY = {"intake/src/terminal.rs", "host-runtime/src/notices.rs"}
#: Bindings that are generated from wit/, which no lint is asked about.
GENERATED = {"guest/src/component.rs", "host-runtime/src/instance.rs"}

VIOLATIONS = {
    "print": 'print!("{name}");',
    "println": 'println!("{name}");',
    "eprint": 'eprint!("{name}");',
    "eprintln": 'eprintln!("{name}");',
    "another name": 'use std::println as tell; tell!("{name}");',
    "dbg": "dbg!(name);",
    "stdout": 'use std::io::Write; let _ = write!(std::io::stdout(), "{name}");',
    "stderr": "use std::io::Write; let _ = std::io::stderr().lock().write_all(name.as_bytes());",
    "a function": "let out = std::io::stdout; let _ = out(); let _ = name;",
    "error": 'log::error!("{name}");',
    "warn": 'log::warn!(target: "witspan", "{name}");',
    "info": 'use log::info; info!("{name}");',
    "debug": 'log::debug!("{name}");',
    "trace": 'log::trace!("{name}");',
    "log": 'log::log!(log::Level::Warn, "{name}");',
}

PYTHON = {
    "T201": 'print("x")',
    "T203": "from pprint import pprint\n\npprint({})",
    "TID251": 'import sys\n\nsys.stderr.write("x")',
}
BANNED = [
    'import sys\n\nsys.stdout.write("x")',
    'from sys import stderr\n\nstderr.write("x")',
    'import logging\n\nlogging.getLogger("witspan").warning("x")',
    'from logging import getLogger\n\ngetLogger("witspan").warning("x")',
    'import warnings\n\nwarnings.warn("x", stacklevel=1)',
    "import traceback\n\ntraceback.print_exc()",
]


def test_clippy_refuses_every_way_out(tmp_path: Path) -> None:
    cargo = shutil.which("cargo", path=f"{Path.home() / '.cargo/bin'}:{os.environ['PATH']}")
    if cargo is None or subprocess.run([cargo, "clippy", "-V"], capture_output=True).returncode:
        pytest.skip("clippy is not installed; `just lint` asks for it")
    lines = [f"/// {why}\npub fn f{n}(name: &str) {{ {code} }}" for n, (why, code) in violations()]
    lines.append('/// Fine.\npub fn fine(name: &str) -> String { format!("{name}") }')
    (tmp_path / "src").mkdir()
    (tmp_path / "src/lib.rs").write_text("\n".join([DENIES, *lines]))
    # The very facade that the host logs through; it is in the cache, since the host was built.
    (tmp_path / "Cargo.toml").write_text(
        '[package]\nname = "violation"\nversion = "0.0.0"\nedition = "2024"\n'
        '[dependencies]\nlog = "0.4.29"\n[workspace]\n'
    )
    shutil.copy(ROOT / "Cargo.lock", tmp_path)
    done = subprocess.run(
        [cargo, "clippy", "-q", "--offline", "--message-format=short"],
        cwd=tmp_path,
        env={
            **{name: v for name, v in os.environ.items() if not name.startswith("CARGO_")},
            "CARGO_TARGET_DIR": str(tmp_path / "target"),
            "CLIPPY_CONF_DIR": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = re.findall(r"src/lib.rs:(\d+):\d+: error: use of a disallowed", done.stderr)
    refused = {int(number) // 2 for number in found}
    wrong = [why for n, (why, _) in violations() if n not in refused]
    assert wrong == [], done.stderr
    assert len(VIOLATIONS) + 1 not in refused


def violations() -> list[tuple[int, tuple[str, str]]]:
    # Each has two lines, from the second one on.
    return list(enumerate(VIOLATIONS.items(), 1))


def test_crates_that_others_run_deny_output_except_where_it_is_escaped() -> None:
    for crate in CRATES:
        assert DENIES in (ROOT / crate).read_text(), crate
    folders = [(ROOT / crate).parent for crate in CRATES]
    sources = {source for folder in folders for source in folder.rglob("*.rs")}

    def excused(lints: str) -> set[str]:
        found = re.compile(rf"(allow|expect|warn)\([^)]*({lints})")
        passed = {source for source in sources if found.search(source.read_text())}
        return {source.relative_to(ROOT).as_posix() for source in passed}

    assert excused("clippy::disallowed_") == MAY
    assert excused("clippy::all|clippy::style|warnings") == GENERATED


def ruff(source: str, name: str) -> str:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise"]
    command += ["--stdin-filename", str(ROOT / "bindings/python/python/witspan" / name), "-"]
    return subprocess.run(command, input=source + "\n", capture_output=True, text=True).stdout


@pytest.mark.parametrize("source", [*PYTHON.values(), *BANNED])
def test_ruff_refuses_every_way_out_of_the_package(source: str) -> None:
    codes = {"T201", "T203", "TID251"}
    assert codes & set(re.findall(r": ([A-Z]+\d+) ", ruff(source, "new.py")))
    assert "noqa" not in "".join(
        file.read_text() for file in (ROOT / "bindings/python/python").rglob("*.py")
    )


def test_ruff_lets_the_one_place_write() -> None:
    assert "TID251" not in ruff('import sys\n\nsys.stderr.write("x")', "_log.py")
