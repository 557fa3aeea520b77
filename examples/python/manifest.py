"""The program's own record of the spans it made, for checking what arrived.

Where a span is made, the program says what it is and under which span it means it to be. That
parent is stated here by hand and never read back from the SDK, so a checker can compare two
independent accounts. With WITSPAN_DEMO_MANIFEST unset, nothing is recorded.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from witspan import LLMObs

PATH = os.environ.get("WITSPAN_DEMO_MANIFEST")

_made: list[dict[str, str]] = []
_id_of: dict[str, str] = {}


def made(name: str, kind: str, *, under: str | None = None, label: str | None = None) -> None:
    """Notes the span that is current now.

    `label` names it for its children's `under`; it is needed where several spans share a name.
    """
    if PATH is None:
        return
    ids = LLMObs.export_span()
    _id_of[label or name] = ids["span_id"]
    parent_id = "undefined" if under is None else _id_of[under]
    _made.append({**ids, "parent_id": parent_id, "name": name, "kind": kind})


def write() -> None:
    """Writes what was noted to the file that WITSPAN_DEMO_MANIFEST names."""
    if PATH is not None:
        Path(PATH).write_text(json.dumps(_made, indent=1) + "\n", encoding="utf-8")
