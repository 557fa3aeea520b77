"""Compares what the program says it made with what the receiver got."""

from __future__ import annotations

from collections import Counter
from typing import Any

Span = dict[str, Any]

KINDS = {"agent", "embedding", "llm", "retrieval", "task", "tool", "workflow"}
CONCURRENT = 3


def complaints(made: list[Span], raw: list[Span], assembled: dict[str, Span]) -> list[str]:
    """One line for everything that is not as it should be; none means all is well.

    `made` is the program's manifest, `raw` every span as it was sent, `assembled` the trace as
    the receiver shows it.
    """
    found = [] if made else ["the manifest is empty"]
    arrivals = Counter(span["span_id"] for span in raw)
    received = {span["span_id"]: span for span in raw}
    for span in made:
        who = f"{span['kind']} `{span['name']}` ({span['span_id']})"
        count = arrivals.pop(span["span_id"], 0)
        if count != 1:
            found.append(f"{who} arrived {count} times")
        if count == 0:
            continue
        views = [("was sent", received[span["span_id"]])]
        if span["span_id"] in assembled:
            views.append(("is shown", assembled[span["span_id"]]))
        else:
            found.append(f"{who} is not in the assembled trace")
        for verb, other in views:
            facts = {**other, "kind": kind_of(other)}
            for key in ("parent_id", "kind", "trace_id", "name"):
                if facts.get(key) != span[key]:
                    found.append(f"{who} {verb} with {key} {facts.get(key)}, not {span[key]}")
    for span_id in arrivals:
        span = received[span_id]
        found.append(f"{kind_of(span)} `{span.get('name')}` ({span_id}) was not made but arrived")
    return found + _shape(made, assembled)


def kind_of(span: Span) -> Any:
    """The kind, which the two ways of sending spans put in different places."""
    meta = span.get("meta", {})
    return meta.get("span", {}).get("kind") or meta.get("span.kind")


def _shape(made: list[Span], assembled: dict[str, Span]) -> list[str]:
    """What the demo promises to show."""
    found = []
    missing = KINDS - {span["kind"] for span in made}
    if missing:
        found.append(f"no span of kind {', '.join(sorted(missing))}")
    if len({span["trace_id"] for span in made}) > 1:
        found.append("the spans belong to more than one trace")
    errors = [span["name"] for span in assembled.values() if span["status"] == "error"]
    if errors != ["read_document"]:
        found.append(f"spans marked as errors: {errors}, not just the tool that failed")
    if (most := at_once(assembled)) != CONCURRENT:
        found.append(f"{most} siblings of one name ran at the same time, not {CONCURRENT}")
    return found


def at_once(assembled: dict[str, Span]) -> int:
    """The most siblings of one name that were open at one moment."""
    groups: dict[tuple[str, str], list[Span]] = {}
    for span in assembled.values():
        groups.setdefault((span["parent_id"], span["name"]), []).append(span)
    return max((_overlap(group) for group in groups.values()), default=0)


def _overlap(spans: list[Span]) -> int:
    starts: list[int] = [span["start_ns"] for span in spans]
    ends: list[int] = [span["start_ns"] + span["duration"] for span in spans]
    return max(sum(a <= at < b for a, b in zip(starts, ends)) for at in starts)
