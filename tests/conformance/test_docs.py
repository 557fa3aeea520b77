"""What docs/ says stays true: links lead somewhere, and every difference has its proof."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
DIFFERENCES = (ROOT / "docs" / "differences.md").read_text("utf-8")
CASES = {
    case["name"]: case
    for path in (HERE / "cases").glob("*.json")
    for case in json.loads(path.read_text("utf-8"))["cases"]
}
TABLES, CAPTURED = DIFFERENCES.split("\n## Found by comparing", 1)
SDKS = {"both": "both", "js": "JavaScript", "python": "Python"}


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table, without the heads."""
    tables = re.findall(r"^\|.*\|\n\|[-|]+\|\n((?:\|.*\|\n)+)", text, re.MULTILINE)
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for table in tables
        for line in table.splitlines()
    ]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_to_files_that_are_there(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("row", rows(TABLES), ids=lambda row: row[0][:60])
def test_a_difference_has_a_reason_and_a_proof(row: list[str]) -> None:
    _, _, why, proofs = row
    assert why
    named = re.findall(r"`([^`]+)`", proofs)
    assert named
    for proof in named:
        assert is_there(proof), proof


def is_there(proof: str) -> bool:
    """Whether there is such a case or test."""
    file, _, test = proof.rpartition("::")
    if not file:
        return proof in CASES
    if file.endswith("_test.go"):
        return is_in_go(file, test)
    found = [path for path in ROOT.glob(f"*/**/tests/**/{file}") if "target" not in path.parts]
    if file.endswith(".mjs"):
        return any(f'test("{test}"' in path.read_text("utf-8") for path in found)
    if file.endswith(".json"):
        rows = [row for path in found for row in json.loads(path.read_text("utf-8"))]
        return any(row["end"] == test for row in rows)
    return any(re.search(rf"\b(def|fn) {test}\(", path.read_text("utf-8")) for path in found)


def is_in_go(file: str, test: str) -> bool:
    """Go keeps tests beside what they test, so the proof says the folder in the module."""
    path = ROOT / "bindings" / "go" / file
    return path.exists() and f"func {test}(t *testing.T)" in path.read_text("utf-8")


def test_every_case_that_says_what_others_do_is_listed() -> None:
    named = set(re.findall(r"`([^`]+)`", TABLES))
    missing = [
        f"| {case['says']} | {case['elsewhere']} | (why) | `{name}` |"
        for name, case in CASES.items()
        if "elsewhere" in case and name not in named
    ]
    assert not missing, "to be added, or named in a row that is there:\n" + "\n".join(missing)


def test_the_captured_differences_are_those_of_the_comparison() -> None:
    ledger = json.loads((ROOT / "tests" / "compatibility" / "differences.json").read_text("utf-8"))
    wanted = []
    for group in ledger:
        sdks = {place["sdk"] for place in group["places"]}
        whose = SDKS[sdks.pop()] if len(sdks) == 1 else "both"
        wanted.append([group["reason"].rstrip("."), whose])
    listed = rows(CAPTURED)
    missing = [f"| {' | '.join(row)} |" for row in wanted if row not in listed]
    assert not missing, "to be added:\n" + "\n".join(missing)
    stale = [row for row in listed if row not in wanted]
    assert not stale, f"no difference of the comparison any more: {stale}"
