"""Tests of an application's own spans: they stay in memory, and nothing leaves the process.

    from witspan.testing import recorder

    def test_the_answer_is_traced():
        with recorder() as spans:
            answer("Why is the sky blue?")
        assert spans["ask"].parent is spans["answer"]
        assert spans["ask"].metrics["output_tokens"] == 4

With pytest, the fixture `llmobs_spans` does the same for one test. Neither needs a network, a key
or an agent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

from ._errors import LLMObsArgumentError, LLMObsError
from ._llmobs import LLMObs
from ._log import shown
from ._native import Entered, Memory, Span, replace_contexts
from ._processor import runner
from ._recorded import Content, RecordedError, RecordedEvaluation, RecordedSpan, read

if TYPE_CHECKING:
    from ._processor import Processor

__all__ = [
    "Content",
    "NoSuchSpan",
    "RecordedError",
    "RecordedEvaluation",
    "RecordedSpan",
    "Recorder",
    "recorder",
]

# Seconds that reading waits for spans that have finished; memory answers in milliseconds.
_PATIENCE = 10.0
# What of the one tracer of the process is another while a test records.
_STATE = (
    *("_tracer", "enabled", "_last", "_settings", "_processor", "_memory", "_provisional"),
    "_threads",
)


class NoSuchSpan(LLMObsError, LookupError):
    """Not exactly one span is of the name that was asked for; the text shows those there are."""


def recorder(
    *,
    ml_app: str = "test",
    span_processor: Processor | None = None,
    max_bytes: int = 64_000_000,
) -> Recorder:
    """Records what is traced in a `with` block, in memory.

    Inside, tracing is on, and only what is said here and by the application's own `enable` counts:
    not the environment, not a tracer that was enabled before, no span and no annotation context
    that is open outside, no processor registered outside. `LLMObs.enable(…)` inside applies its
    `ml_app`, `service`, `env`, `sample_rate` and `span_processor`; where spans go stays here.
    Afterwards everything is as it was. Blocks may stand inside each other; the innermost records.

    `max_bytes` bounds what is recorded, as it would be sent. Reading raises `LLMObsError` if that
    was not enough, so that no test passes for want of spans.

    Raises `LLMObsArgumentError` for a wrong argument.
    """
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        got = f"is of type {type(max_bytes).__name__}"
        if isinstance(max_bytes, int) and not isinstance(max_bytes, bool):
            got = f"is {max_bytes}"
        raise LLMObsArgumentError(f"`max_bytes` {got}; accepted: an int from 1")
    if span_processor is not None:
        # Said here, not where the block begins.
        runner(span_processor)
    return Recorder(ml_app, span_processor, max_bytes)


class Recorder(Sequence[RecordedSpan]):
    """The spans that have finished so far, by their start; those of a block also after its end.

    `spans[0]` is the first one, `spans["ask"]` the only one of that name, and
    `spans.find(kind="llm")` a list. Reading waits for spans that have just finished. Spans that are
    still open are not here; `open_spans` counts them.
    """

    def __init__(self, ml_app: str, span_processor: Processor | None, max_bytes: int) -> None:
        self._ml_app = ml_app
        self._processor = span_processor
        self._max_bytes = max_bytes
        self._memory = Memory(max_bytes)
        # What there was before: the tracer's state, what was current, annotation contexts.
        self._before: tuple[dict[str, Any], object, tuple[Entered, ...] | None] | None = None
        # Requests that were read, and what they hold.
        self._read = -1
        self._spans: list[RecordedSpan] = []
        self._evaluations: list[RecordedEvaluation] = []

    def __enter__(self) -> Recorder:
        if self._before is not None:
            raise LLMObsError("this recorder is in use already; make another one with recorder()")
        with LLMObs._lock:
            before = {name: getattr(LLMObs, name) for name in _STATE}
            self._before = (before, Span._context(), replace_contexts(None))
            LLMObs._use(None)
            LLMObs._follow("")
            LLMObs._last = {}
            LLMObs._memory = self._memory
            LLMObs._settings = {"ml_app": self._ml_app, "memory": self._memory}
            LLMObs._processor = None if self._processor is None else runner(self._processor)
            try:
                LLMObs._start()
            except BaseException:
                self._restore()
                raise
            LLMObs._provisional = True
            # A process that is forked inside records for itself.
            LLMObs._hook(False)
        Span._restore(None)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if self._before is not None:
            with LLMObs._lock:
                # Also what has finished and nobody has looked at yet is recorded.
                tracer = LLMObs._tracer
                if tracer is not None:
                    tracer.shutdown(_PATIENCE)
                self._restore()

    def _restore(self) -> None:
        if self._before is not None:
            (state, current, contexts), self._before = self._before, None
            LLMObs._follow("")
            for name, value in state.items():
                setattr(LLMObs, name, value)
            LLMObs._use(LLMObs._tracer)
            LLMObs._follow(LLMObs._threads)
            Span._restore(current)
            replace_contexts(contexts)

    def find(
        self,
        name: str | None = None,
        *,
        kind: str | None = None,
        tags: dict[str, str] | None = None,
        error: bool | None = None,
    ) -> list[RecordedSpan]:
        """The spans to which all applies that is given; all spans if nothing is.

        `tags` are some of the span's; `error` says whether it failed.
        """
        wanted = (tags or {}).items()
        return [
            span
            for span in self._all()
            if (name is None or span.name == name)
            and (kind is None or span.kind == kind)
            and wanted <= span.tags.items()
            and (error is None or (span.error is not None) == error)
        ]

    @property
    def roots(self) -> list[RecordedSpan]:
        """The spans whose parent was not recorded: one a trace, if all of it is here."""
        return [span for span in self._all() if span.parent is None]

    def tree(self) -> str:
        """All traces as text, a line for each span, with its kind, model and error.

        workflow   answer
        llm        └─ ask (gpt-4o)
        """
        return "\n".join(span.tree() for span in self.roots)

    @property
    def evaluations(self) -> list[RecordedEvaluation]:
        """Evaluations and feedbacks, in the order in which they were submitted."""
        self._all()
        return list(self._evaluations)

    @property
    def open_spans(self) -> int:
        """How many spans have started inside and not finished; 0 after the block."""
        if self._before is None:
            return 0
        count: int = LLMObs.statistics()["open"]
        return count

    def clear(self) -> None:
        """Forgets what has finished so far."""
        self._flush()
        self._memory.clear()

    def _flush(self) -> None:
        if self._before is None:
            return
        if not LLMObs.flush(_PATIENCE).settled:
            raise LLMObsError(f"finished spans were not recorded within {_PATIENCE:.0f} s")

    def _all(self) -> list[RecordedSpan]:
        self._flush()
        if refused := self._memory.refused():
            spans = "span" if refused == 1 else "spans"
            raise LLMObsError(
                f"{refused} {spans} did not fit into the {self._max_bytes} bytes of this recorder; "
                "give it more: recorder(max_bytes=…)"
            )
        requests = self._memory.requests()
        if len(requests) != self._read:
            self._spans, self._evaluations = read(body for _, body in requests)
            self._read = len(requests)
        return self._spans

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[RecordedSpan]:
        return iter(list(self._all()))

    def __contains__(self, span: object) -> bool:
        """Whether the span was recorded, or one of this name."""
        if isinstance(span, str):
            return bool(self.find(span))
        return any(each == span for each in self._all())

    @overload
    def __getitem__(self, key: int) -> RecordedSpan: ...
    @overload
    def __getitem__(self, key: slice) -> list[RecordedSpan]: ...
    @overload
    def __getitem__(self, key: str) -> RecordedSpan: ...
    def __getitem__(self, key: int | str | slice) -> RecordedSpan | list[RecordedSpan]:
        """By place, or the only one of a name.

        Raises `NoSuchSpan`, a `LookupError`, if there is none or more than one of that name.
        """
        if isinstance(key, str):
            found = self.find(key)
            if len(found) == 1:
                return found[0]
            count = len(found) or "no"
            raise NoSuchSpan(f"{count} spans are named `{shown(key)}`; {self._shown()}")
        spans = self._all()
        if isinstance(key, int) and not -len(spans) <= key < len(spans):
            raise IndexError(f"there is no span {key}; {self._shown()}")
        return spans[key]

    def _shown(self) -> str:
        tree, still_open = self.tree(), self.open_spans
        still = "1 is still" if still_open == 1 else f"{still_open} are still"
        more = f" ({still} open)" if still_open else ""
        return f"recorded{more}:\n{tree}" if tree else f"nothing was recorded{more}"

    def __repr__(self) -> str:
        return f"<Recorder: {self._shown()}>"
