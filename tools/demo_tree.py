"""Prints a trace as a tree: what each span is, how long it took, what went in and came out."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import Any

Span = dict[str, Any]

MIN_WIDTH, MAX_WIDTH = 80, 150
_CODES = {"dim": "2", "bold": "1", "error": "31", "model": "33"}
_CODES |= {"agent": "35", "workflow": "34", "llm": "33", "tool": "36"}
_CODES |= {"task": "37", "embedding": "32", "retrieval": "32"}


def show(spans: dict[str, Span]) -> None:
    """Prints the trace that `spans`, by id, make up."""
    children: dict[str, list[Span]] = {}
    for span in sorted(spans.values(), key=lambda each: each["start_ns"]):
        parent = span["parent_id"] if span["parent_id"] in spans else "undefined"
        children.setdefault(parent, []).append(span)
    roots = children.get("undefined", [])
    if not roots:
        return
    start = roots[0]["start_ns"]
    rows = [row for root in roots for row in _rows(root, children, "", "")]
    titles = max(len(branch) + len(span["name"]) for span, branch, _ in rows)
    kinds = max(len(span["kind"]) for span, _, _ in rows)
    width = min(max(shutil.get_terminal_size((110, 0)).columns, MIN_WIDTH), MAX_WIDTH)
    for span, branch, stem in rows:
        title = _paint("dim", branch) + _paint("bold", span["name"])
        title += " " * (titles - len(branch) - len(span["name"]))
        kind = _paint(span["kind"], span["kind"].ljust(kinds))
        offset = f"+{(span['start_ns'] - start) / 1e6:.0f}"
        duration = f"{span['duration'] / 1e6:.1f} ms"
        facts = "  ".join(_facts(span))
        print(f"{kind}  {title}  {offset:>5} {duration:>9}  {_paint('model', facts)}".rstrip())
        for label, text in _details(span):
            room = width - kinds - 2 - len(stem) - 5
            line = text if len(text) <= room else text[: room - 1] + "…"
            label_and_text = f"{label:<4} {line}"
            style = "error" if label == "err" else "dim"
            print(" " * (kinds + 2) + _paint("dim", stem) + _paint(style, label_and_text))


def _rows(
    span: Span, children: dict[str, list[Span]], branch: str, stem: str
) -> list[tuple[Span, str, str]]:
    """(span, what stands before its name, what stands before its details), top down."""
    below = children.get(span["span_id"], [])
    rows = [(span, branch, stem + ("│  " if below else "   "))]
    for child in below:
        last = child is below[-1]
        rows += _rows(
            child, children, stem + ("└─ " if last else "├─ "), stem + ("   " if last else "│  ")
        )
    return rows


def _facts(span: Span) -> list[str]:
    """The model, and the tokens in and out."""
    meta, metrics = span["meta"], span["metrics"]
    model = meta.get("model_name") or ""
    tokens = [
        f"{metrics[key]:.0f} {word}"
        for key, word in (("input_tokens", "in"), ("output_tokens", "out"))
        if key in metrics
    ]
    return [each for each in (model, ", ".join(tokens)) if each]


def _details(span: Span) -> list[tuple[str, str]]:
    meta = span["meta"]
    details = [("in", _excerpt(meta.get("input"))), ("out", _excerpt(meta.get("output")))]
    error = meta.get("error") or {}
    if span["status"] == "error":
        kind = error.get("type", "").removeprefix("builtins.")
        details.append(("err", f"{kind}: {error.get('message', '')}"))
    return [(label, " ".join(text.split())) for label, text in details if text]


def _excerpt(part: Span | None) -> str:
    """One line for an input or output, whichever form it has."""
    part = part or {}
    if part.get("messages"):
        messages = part["messages"]
        more = f"({len(messages)} messages) … " if len(messages) > 1 else ""
        return more + _message(messages[-1])
    if part.get("documents"):
        documents = part["documents"]
        names = ", ".join(_document(each) for each in documents[:4])
        more = f"({len(documents)} documents) " if len(documents) > 1 else ""
        return more + names
    value = part.get("value", "")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _message(message: Span) -> str:
    calls = []
    for call in message.get("tool_calls") or []:
        arguments = call.get("arguments") or {}
        values = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        calls.append(f"{call.get('name')}({values})")
    results = [str(each.get("result", "")) for each in message.get("tool_results") or []]
    text = " ".join([message.get("content") or "", *calls, *results]).strip()
    return f"{message.get('role') or 'message'}: {text}"


def _document(document: Span) -> str:
    score = f" {document['score']:.2f}" if "score" in document else ""
    return f"{document.get('name') or document.get('text', '')}{score}"


def _paint(style: str, text: str) -> str:
    code = _CODES.get(style)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text and COLOURED else text


COLOURED = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.getenv("TERM") != "dumb"
