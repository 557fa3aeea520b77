"""Spans and evaluations as a test sees them: read from the very bodies that would be sent.

The source of the format is `wit/types.wit`, intake format `sdk-intake`.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from ._log import shown

Messages = list[dict[str, Any]]
Documents = list[dict[str, Any]]
#: A value's text, messages, documents, or None for nothing.
Content = Union[str, list[dict[str, Any]], None]


@dataclass(frozen=True)
class RecordedError:
    """What a span failed with."""

    type: str
    message: str
    stack: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"


@dataclass(frozen=True, eq=False)
class RecordedSpan:
    """One finished span, as it would have been sent."""

    name: str
    #: `llm`, `workflow`, `agent`, `tool`, `task`, `embedding` or `retrieval`.
    kind: str
    #: Decimal text.
    span_id: str
    #: 32 hexadecimal digits, the same for all spans of a trace.
    trace_id: str
    #: None for a root. A parent that was not recorded (it is still open, or in another service) has
    #: an id here and no `parent`.
    parent_id: Optional[str]
    parent: Optional["RecordedSpan"] = field(repr=False)
    #: Those that were recorded, by their start.
    children: list["RecordedSpan"] = field(repr=False)
    #: Messages for llm, documents for embedding, the value's text otherwise.
    input: Content
    #: Messages for llm, documents for retrieval, the value's text otherwise.
    output: Content
    #: Without what witspan itself keeps there.
    metadata: dict[str, Any]
    metrics: dict[str, float]
    #: All of them, also those that witspan sets, such as `ml_app`.
    tags: dict[str, str]
    error: Optional[RecordedError]
    session_id: Optional[str]
    #: `unknown` for an llm or embedding span whose model nobody named, None for other kinds.
    model_name: Optional[str]
    #: In lower case.
    model_provider: Optional[str]
    prompt: Optional[dict[str, Any]]
    tool_definitions: list[dict[str, Any]]
    #: Nanoseconds since 1970.
    start_ns: int
    duration_ns: int
    #: The whole event, with what has no name here.
    event: dict[str, Any] = field(repr=False)

    @property
    def ml_app(self) -> str:
        """The app that the span belongs to."""
        return self.tags.get("ml_app", "")

    @property
    def input_messages(self) -> Messages:
        """The input of an llm span; empty if it has none, or is of another kind."""
        return self._part("input", "messages")

    @property
    def output_messages(self) -> Messages:
        """The output of an llm span; empty if it has none, or is of another kind."""
        return self._part("output", "messages")

    @property
    def input_documents(self) -> Documents:
        """The input of an embedding span; empty if it has none, or is of another kind."""
        return self._part("input", "documents")

    @property
    def output_documents(self) -> Documents:
        """The output of a retrieval span; empty if it has none, or is of another kind."""
        return self._part("output", "documents")

    def _part(self, side: str, shape: str) -> list[dict[str, Any]]:
        part: list[dict[str, Any]] = self.event["meta"].get(side, {}).get(shape, [])
        return part

    def descendants(self) -> Iterator["RecordedSpan"]:
        """Everything below, top down."""
        for child in self.children:
            yield child
            yield from child.descendants()

    def tree(self) -> str:
        """This span and everything below, a line each, as `Recorder.tree` writes them."""
        return "\n".join(_lines(self, "", ""))

    def __eq__(self, other: object) -> bool:
        """Whether it is the same span; what is read later is another object."""
        return isinstance(other, RecordedSpan) and self._ids() == other._ids()

    def __hash__(self) -> int:
        return hash(self._ids())

    def _ids(self) -> tuple[str, str]:
        return (self.trace_id, self.span_id)

    def __str__(self) -> str:
        return f"{self.kind:<10} {self._title()}"

    def _title(self) -> str:
        title = self.name
        if self.model_name not in (None, "unknown"):
            title += f" ({self.model_name})"
        if self.error is not None:
            # A message may have lines of its own.
            title += " ! " + " ".join(str(self.error).split())
        # Names and messages may be another's, and this is printed.
        return shown(title)


def _lines(span: RecordedSpan, branch: str, stem: str) -> Iterator[str]:
    yield f"{span.kind:<10} {branch}{span._title()}"
    for child in span.children:
        more = ("└─ ", "   ") if child is span.children[-1] else ("├─ ", "│  ")
        yield from _lines(child, stem + more[0], stem + more[1])


@dataclass(frozen=True)
class RecordedEvaluation:
    """One evaluation or feedback, as it would have been sent."""

    label: str
    #: `categorical`, `score`, `boolean`, `json`, or of feedback also `text`.
    metric_type: str
    #: None for an evaluator that has skipped or failed.
    value: Any
    #: The ids of the span or trace that is judged; None where something else names it.
    span_id: Optional[str]
    trace_id: Optional[str]
    session_id: Optional[str]
    #: Of feedback only: `{"id", "type"}`.
    submitter: Optional[dict[str, str]]
    assessment: Optional[str]
    reasoning: Optional[str]
    tags: dict[str, str]
    #: The whole event, with what has no name here.
    event: dict[str, Any] = field(repr=False)

    @property
    def is_feedback(self) -> bool:
        """Whether a user or agent said it."""
        return self.submitter is not None


def read(bodies: Iterable[bytes]) -> tuple[list[RecordedSpan], list[RecordedEvaluation]]:
    """The spans in bodies, by their start, with parents and children joined; and evaluations."""
    events: list[dict[str, Any]] = []
    evaluations: list[RecordedEvaluation] = []
    for body in bodies:
        sent = json.loads(body)
        if isinstance(sent, list):
            events += [event for each in sent for event in each["spans"]]
        else:
            evaluations += map(_evaluation, sent["data"]["attributes"]["metrics"])
    return join(events), evaluations


def join(events: list[dict[str, Any]]) -> list[RecordedSpan]:
    """Spans of their events, by their start, with parents and children joined."""
    events = sorted(events, key=lambda event: int(event["start_ns"]))
    by_id = {event["span_id"]: event for event in events}
    made: dict[str, RecordedSpan] = {}
    # Parents before their children, with a stack of our own: traces may be deep.
    for event in events:
        waiting = [event]
        while waiting[-1]["parent_id"] in by_id and waiting[-1]["parent_id"] not in made:
            waiting.append(by_id[waiting[-1]["parent_id"]])
        for each in reversed(waiting):
            if each["span_id"] not in made:
                made[each["span_id"]] = _span(each, made.get(each["parent_id"]))
    spans = [made[event["span_id"]] for event in events]
    for span in spans:
        if span.parent is not None:
            span.parent.children.append(span)
    return spans


def _span(event: dict[str, Any], parent: Optional[RecordedSpan]) -> RecordedSpan:
    meta = event["meta"]
    error = meta.get("error")
    if error is None and event["status"] == "error":
        error = {}
    return RecordedSpan(
        name=event["name"],
        kind=meta["span"]["kind"],
        span_id=event["span_id"],
        trace_id=event["trace_id"],
        parent_id=None if event["parent_id"] == "undefined" else event["parent_id"],
        parent=parent,
        children=[],
        input=_content(meta.get("input", {})),
        output=_content(meta.get("output", {})),
        metadata={key: value for key, value in meta["metadata"].items() if key != "_dd"},
        metrics=event["metrics"],
        tags=_tags(event),
        error=None if error is None else _error(error),
        session_id=event.get("session_id"),
        model_name=meta.get("model_name"),
        model_provider=meta.get("model_provider"),
        prompt=meta.get("input", {}).get("prompt"),
        tool_definitions=meta.get("tool_definitions", []),
        start_ns=event["start_ns"],
        duration_ns=event["duration"],
        event=event,
    )


def _content(part: dict[str, Any]) -> Content:
    for shape in ("messages", "documents", "value"):
        if shape in part:
            content: Content = part[shape]
            return content
    return None


def _tags(event: dict[str, Any]) -> dict[str, str]:
    tags = (tag.partition(":") for tag in event.get("tags", []))
    return {key: value for key, _, value in tags}


def _error(error: dict[str, str]) -> RecordedError:
    return RecordedError(error.get("type", ""), error.get("message", ""), error.get("stack", ""))


def _evaluation(event: dict[str, Any]) -> RecordedEvaluation:
    joined = event.get("join_on", {}).get("span", {})
    return RecordedEvaluation(
        label=event["label"],
        metric_type=event["metric_type"],
        value=event.get(f"{event['metric_type']}_value"),
        span_id=joined.get("span_id", event.get("span_id")),
        trace_id=joined.get("trace_id", event.get("trace_id")),
        session_id=event.get("session_id"),
        submitter=event.get("submitter"),
        assessment=event.get("assessment"),
        reasoning=event.get("reasoning"),
        tags=_tags(event),
        event=event,
    )
