"""What ddtrace sent for a program, beside what the same program sends here, field by field.

`tests/compatibility` says what was captured (`captured/python`) and where we differ on purpose
(`differences.json`, whose format its README describes); it compares what the core makes of each
program. Here the programs themselves run, so what only the whole package shows has places of its
own: `programs/differences.json`, of the same format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SUITE = HERE.parents[2] / "tests" / "compatibility"
CAPTURED = SUITE / "captured" / "python"
LEDGERS = (SUITE / "differences.json", HERE / "programs" / "differences.json")

Fields = dict[str, Any]
NOTHING = object()


def captured(program: str) -> dict[str, Any]:
    return json.loads((CAPTURED / f"{program}.json").read_text("utf-8"))


def by_name(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Events by the names that the captures give them: those of one name are numbered."""
    named: dict[str, dict[str, Any]] = {}
    for event in sorted(events, key=lambda event: event["start_ns"]):
        name = key = event["name"]
        number = 1
        while key in named:
            number += 1
            key = f"{name} #{number}"
        named[key] = event
    return named


def fields(value: Any, path: str = "") -> Fields:
    """Every value with its path; each key of the tags is a field with the list of its values."""
    if path == "tags" and isinstance(value, list):
        found: Fields = {}
        for tag in value:
            key, _, text = tag.partition(":")
            found.setdefault(f"tags/{key}", []).append(text)
        return {key: sorted(texts) for key, texts in found.items()}
    items: Any = []
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(sorted(value) if path.endswith("/cost_tags") else value)
    if not items or not value:
        return {path: value}
    found = {}
    for key, each in items:
        found |= fields(each, f"{path}/{key}" if path else str(key))
    return found


def matches(pattern: str, path: str) -> bool:
    parts, names = pattern.split("/"), path.split("/")
    if parts[-1] == "**":
        parts, names = parts[:-1], names[: len(parts) - 1] if len(names) >= len(parts) else []
    return len(parts) == len(names) and all(p in ("*", n) for p, n in zip(parts, names))


class Ledger:
    """Where we differ on purpose; it remembers which of our own places explained something."""

    def __init__(self) -> None:
        self.entries: list[tuple[dict[str, Any], bool]] = []
        self.needed: set[int] = set()
        for ledger in LEDGERS:
            for group in json.loads(ledger.read_text("utf-8")):
                assert group["reason"].endswith("."), group["reason"]
                for place in group["places"]:
                    if place["sdk"] != "js":
                        self.entries.append((place, ledger is LEDGERS[1]))

    def explains(self, program: str, of: str, path: str, theirs: Any, ours: Any) -> bool:
        for number, (place, _) in enumerate(self.entries):
            if (
                place.get("program", program) == program
                and of in place.get("of", [of])
                and place.get("theirs", theirs) == theirs
                and _explains(place["field"], place["how"], path, theirs, ours)
            ):
                self.needed.add(number)
                return True
        return False

    def needless(self, programs: set[str]) -> list[dict[str, Any]]:
        """Places of our own that explained nothing, though their programs were compared."""
        return [
            place
            for number, (place, own) in enumerate(self.entries)
            if own and number not in self.needed and place.get("program") in {None, *programs}
        ]


def _explains(field: str, how: Any, path: str, theirs: Any, ours: Any) -> bool:
    here = matches(field, path)
    name, value = next(iter(how.items())) if isinstance(how, dict) else (how, None)

    def says(found: Any) -> bool:
        if here:
            return bool(value == found)
        below = path[len(field) + 1 :] if path.startswith(field + "/") else None
        return below is not None and fields(value).get(below, NOTHING) == found

    if ours is NOTHING:
        return (name == "missing" and here) or (name == "missing-of" and says(theirs))
    if theirs is NOTHING:
        return (name == "more-of-any-value" and here) or (name == "more" and says(ours))
    if name == "value":
        return says(ours)
    if name == "other-id":
        return here and (ours == "undefined" or re.fullmatch("[0-9a-f]+", ours) is not None)
    return (
        name == "same-json"
        and here
        and _json(theirs) is not NOTHING
        and _json(theirs) == _json(ours)
    )


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return NOTHING


class Comparison:
    """Compares one program; `unexplained` are the differences that no place explains."""

    def __init__(self, program: str, ledger: Ledger) -> None:
        self.program, self.ledger = program, ledger
        self.unexplained: list[str] = []
        self.compared = 0
        # Which id of ours stands for which of theirs.
        self.ids: dict[str, dict[str, str]] = {"span": {}, "trace": {}, "apm": {}}

    def events(self, ours: list[dict[str, Any]]) -> None:
        theirs, named = captured(self.program)["events"], by_name(ours)
        names = sorted({*theirs, *named}, key=lambda name: theirs.get(name, {}).get("start_ns", 0))
        for name in names:
            if name in theirs and name in named:
                self._bind("span", theirs[name]["span_id"], named[name]["span_id"])
        for name in names:
            sent = ["sent" if name in events else NOTHING for events in (theirs, named)]
            self.field(name, "event", *sent)
            if NOTHING not in sent:
                self.fields(name, fields(theirs[name]), fields(named[name]))

    def fields(self, of: str, theirs: Fields, ours: Fields) -> None:
        for path in sorted({*theirs, *ours}):
            rates = {each.get("_dd/sample_rate") for each in (theirs, ours)}
            if path == "_dd/sampling_decision" and not rates <= {"0", "1"}:
                # Depends on the trace's id; the core's part is compared elsewhere.
                continue
            self.field(of, path, theirs.get(path, NOTHING), ours.get(path, NOTHING))

    def field(self, of: str, path: str, theirs: Any, ours: Any) -> None:
        self.compared += 1
        if theirs is ours or self._same(path, theirs, ours):
            return
        if not self.ledger.explains(self.program, of, path, theirs, ours):
            shown = ["nothing" if each is NOTHING else json.dumps(each) for each in (theirs, ours)]
            self.unexplained.append(f"{of}: {path}: they {shown[0]}, we {shown[1]}")

    def _same(self, path: str, theirs: Any, ours: Any) -> bool:
        if isinstance(theirs, str) and isinstance(ours, str):
            name = path.rpartition("/")[2]
            if path in ("_dd/trace_id", "_dd/apm_trace_id"):
                return self._bind("apm", theirs, ours)
            if name == "trace_id":
                return self._bind("trace", theirs, ours)
            if name in ("span_id", "parent_id", "pagent_span_id"):
                return theirs == ours or self._bind("span", theirs, ours)
            if path == "meta/error/stack":
                # Captured to its first line, and the same where there is none.
                return theirs.splitlines()[:1] == ours.splitlines()[:1]
            # Texts of objects hold addresses.
            return re.sub("0x[0-9a-f]+", "0x", theirs) == re.sub("0x[0-9a-f]+", "0x", ours)
        if isinstance(theirs, (int, float)) and isinstance(ours, (int, float)):
            if path in ("start_ns", "duration", "timestamp_ms"):
                return isinstance(theirs, int) and isinstance(ours, int)
            return theirs == ours
        return bool(theirs == ours)

    def _bind(self, kind: str, theirs: str, ours: str) -> bool:
        bound = self.ids[kind]
        if theirs not in bound and ours not in bound.values():
            bound[theirs] = ours
        return bound.get(theirs) == ours


def lines(output: str) -> Iterator[tuple[str, str]]:
    """What a program printed of each call: its name, and what came of it."""
    for line in output.splitlines():
        name, arrow, came = line.partition(" -> ")
        if not arrow:
            name, _, came = line.partition(" raised ")
        yield name, came
