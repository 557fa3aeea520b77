"""What the application's processor is given: a finished span, to redact, enrich or drop."""

from __future__ import annotations

from . import _log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Union

    Event = dict[str, Any]
    Message = dict[str, Any]
    #: What an application registers: gives the span as it shall be sent, or None to drop it.
    Processor = Callable[["LLMObsSpan"], Union["LLMObsSpan", None]]
    #: What the native module calls: from an event's JSON text to the changed event, to None for no
    #: span, or to a text, which is no event, so that the core drops the content.
    Runner = Callable[[str], Union[Event, str, None]]

#: Sides of a span whose content is documents; llm has messages, everything else values.
_DOCUMENTS = {("embedding", "input"), ("retrieval", "output")}


class LLMObsSpan:
    """A finished span, as a processor sees it before it is sent.

    `input` and `output` are lists of messages for every kind, as in ddtrace: of a value, one
    message with the value as its content; of documents, one for each document's text. What is
    changed there, or assigned, is what is sent; an empty list removes the content.

    `event` is the whole span as a dict, for what messages cannot say: `name`, `input` and `output`
    (each with `messages`, `documents` or `value`, an input also with `prompt`), `metadata`, `tags`,
    `tool_definitions` and `error` may be changed; what is missing in the end is removed. `kind`,
    `span_id`, `trace_id`, `parent_id`, `status`, `metrics` and the model are there to read.
    """

    __slots__ = ("_viewed", "event")

    def __init__(self, event: Event) -> None:
        self.event: Event = event
        # The messages that the processor has looked at or assigned, by side.
        self._viewed: dict[str, list[Message]] = {}

    @property
    def input(self) -> list[Message]:
        """The input as messages."""
        return self._view("input")

    @input.setter
    def input(self, messages: list[Message]) -> None:
        self._viewed["input"] = messages

    @property
    def output(self) -> list[Message]:
        """The output as messages."""
        return self._view("output")

    @output.setter
    def output(self, messages: list[Message]) -> None:
        self._viewed["output"] = messages

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata: a dict that may be changed, or replaced."""
        metadata: dict[str, Any] = self.event.setdefault("metadata", {})
        return metadata

    @metadata.setter
    def metadata(self, metadata: dict[str, Any]) -> None:
        self.event["metadata"] = metadata

    def get_tag(self, key: str) -> str | None:
        """The value of a tag of the span; `span.kind` is its kind."""
        if key == "span.kind":
            kind: str = self.event["kind"]
            return kind
        tag: str | None = self.event.get("tags", {}).get(key)
        return tag

    def _view(self, side: str) -> list[Message]:
        if side not in self._viewed:
            self._viewed[side] = _messages(self.event.get(side) or {})
        return self._viewed[side]

    def _finished(self) -> Event:
        """The event with all that was changed."""
        for side, messages in self._viewed.items():
            self._store(side, messages)
        if self.event.get("metadata") == {}:
            # Only looked for.
            del self.event["metadata"]
        return self.event

    def _store(self, side: str, messages: list[Message] | None) -> None:
        content = self.event.setdefault(side, {})
        kind = self.event["kind"]
        new: Any
        if kind == "llm":
            shape, new = "messages", messages
        elif (kind, side) in _DOCUMENTS:
            shape, new = "documents", _documents(content.get("documents", []), messages or [])
        else:
            texts = [message.get("content", "") for message in messages or []]
            shape, new = "value", "\n".join(texts)
        if messages:
            content[shape] = new
        else:
            content.pop(shape, None)
        if not content:
            del self.event[side]


def _messages(content: dict[str, Any]) -> list[Message]:
    if "messages" in content:
        messages: list[Message] = content["messages"]
        return messages
    if "documents" in content:
        texts = [document.get("text", "") for document in content["documents"]]
    else:
        texts = [content["value"]] if "value" in content else []
    return [{"content": text, "role": ""} for text in texts]


def _documents(before: list[dict[str, Any]], messages: list[Message]) -> list[dict[str, Any]]:
    """The documents with the messages' texts; those without a message are gone."""
    more: list[dict[str, Any]] = [{} for _ in messages[len(before) :]]
    pairs = zip([*before, *more], messages)
    return [{**document, "text": message.get("content", "")} for document, message in pairs]


def runner(processor: Processor) -> Runner:
    """Makes a function of the application's one that the native module can call."""
    if not callable(processor):
        # It fails with every span. What it was to take out must not leave.
        _log.warning(
            "`processor` is of type %s; accepted: a function that takes an LLMObsSpan and returns "
            "one, or None. Spans are sent without their content",
            type(processor).__name__,
        )

    # Only who has a processor needs it; every program would carry it otherwise.
    import json

    def run(text: str) -> Event | str | None:
        try:
            span = processor(LLMObsSpan(json.loads(text)))
            if span is None:
                return None
            if not isinstance(span, LLMObsSpan):
                got = type(span).__name__
                _log.debug("the span processor returned %s; accepted: LLMObsSpan or None", got)
                return "no event"
            return span._finished()
        except Exception:
            # Each kind of trouble is a warning once; here is all of it.
            _log.debug("the span processor failed", exc_info=True)
            raise

    return run
