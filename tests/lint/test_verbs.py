"""The parts of the tests are the same in the justfile, its help, the bootstrap and the README."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JUSTFILE = (ROOT / "justfile").read_text("utf-8")

sys.path.insert(0, str(ROOT / "tools"))

import bootstrap  # noqa: E402


def test_every_part_of_the_tests_is_listed_wherever_parts_are() -> None:
    parts = re.findall(r"^test-(\w+):", JUSTFILE, re.M)
    assert parts == list(bootstrap.PARTS)
    help_of_test = re.search(r"those of some parts: ([\w, ]+)'", JUSTFILE)
    assert help_of_test and help_of_test[1].split(", ") == parts
    readme = (ROOT / "tests" / "README.md").read_text("utf-8")
    assert re.findall(r"^    just test (\w+) ", readme, re.M) == parts


def test_every_part_is_prepared_by_an_existing_verb() -> None:
    verbs = set(re.findall(r"^([a-z-]+)(?: [*\w]+)*:(?!=)", JUSTFILE, re.M))
    assert set(bootstrap.PARTS.values()) <= verbs
