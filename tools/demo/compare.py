"""Compares the traces of two languages: the same program must leave the same trace in each."""

from __future__ import annotations

import json
from itertools import groupby, zip_longest
from typing import Any

from .check import Span, kind_of

#: What makes the shape of a trace. Where it differs, what follows cannot be compared.
SHAPE = ("depth", "kind", "name")
#: What the language, and not the program, decides.
TAGS_OF_THE_LANGUAGE = ("language:", "error_type:")
METRICS_OF_TIME = {"time_to_first_token"}
CHARACTERS_SHOWN = 60


def differences(one: list[Span], other: list[Span]) -> list[str]:
    """One line for everything in which the trace `other` differs from `one`; both as sent.

    Compared are depth, order, kind, name, model, session, contents, metadata, tokens, tags and
    status. Ids and times differ in every run, an error's type and stack in every language.
    """
    found = []
    for number, (a, b) in enumerate(zip_longest(rows(one), rows(other)), start=1):
        if a is None or b is None:
            found.append(f"span {number}: there are {len(other)} spans, not {len(one)}")
            break
        for fact, value in a.items():
            if b[fact] != value:
                texts = _shown(b[fact]), _shown(value)
                found.append(f"span {number}, `{a['name']}`: {fact} is {texts[0]}, not {texts[1]}")
        if any(a[fact] != b[fact] for fact in SHAPE):
            break
    return found


def rows(trace: list[Span]) -> list[dict[str, Any]]:
    """What can be compared of each span, in the order in which the tree of the trace shows them."""
    children: dict[str, list[Span]] = {}
    for span in trace:
        children.setdefault(span["parent_id"], []).append(span)
    found: list[dict[str, Any]] = []

    def add(parent_id: str, depth: int) -> None:
        for span in _in_order(children.get(parent_id, [])):
            found.append(_row(span, depth))
            add(span["span_id"], depth + 1)

    add("undefined", 0)
    return found


def _in_order(siblings: list[Span]) -> list[Span]:
    """As they started. Which of those that run side by side is first is chance: by their inputs."""
    started = sorted(siblings, key=lambda span: span["start_ns"])
    alike = (list(group) for _, group in groupby(started, key=lambda span: span["name"]))
    return [span for group in alike for span in sorted(group, key=_input)]


def _input(span: Span) -> str:
    return json.dumps(span["meta"].get("input"), sort_keys=True)


def _row(span: Span, depth: int) -> dict[str, Any]:
    meta = span["meta"]
    tags = (tag for tag in span["tags"] if not tag.startswith(TAGS_OF_THE_LANGUAGE))
    metrics = span.get("metrics", {})
    return {
        "depth": depth,
        "kind": kind_of(span),
        "name": span["name"],
        "model": meta.get("model_name"),
        "provider": meta.get("model_provider"),
        "session": span.get("session_id"),
        "status": span["status"],
        "error": meta.get("error", {}).get("message"),
        "input": _input(span),
        "output": json.dumps(meta.get("output"), sort_keys=True),
        "metadata": meta.get("metadata"),
        "tokens": {name: value for name, value in metrics.items() if name not in METRICS_OF_TIME},
        "measured": sorted(metrics),
        "tags": sorted(tags),
    }


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= CHARACTERS_SHOWN else f"{text[:CHARACTERS_SHOWN]}…"
