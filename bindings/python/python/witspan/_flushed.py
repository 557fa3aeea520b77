"""What a flush came to."""

from __future__ import annotations

from typing import Any, NamedTuple


class FlushResult(NamedTuple):
    """What a flush came to. Counters are of the tracer's whole life."""

    #: Whether everything that had finished was delivered or dropped in time.
    settled: bool
    #: Spans that the receiver took.
    delivered: int
    #: Spans not finished, queued, or under way.
    pending: int
    #: Spans lost, by reason.
    dropped: dict[str, int]


#: Where there was never anything to flush.
NOTHING = FlushResult(True, 0, 0, {})


def flushed(settled: bool, counters: dict[str, Any]) -> FlushResult:
    """The result, of whether all was settled and the counters after it."""
    pending = counters["open"] + counters["queued"] + counters["in_flight"]
    return FlushResult(settled, counters["delivered"], pending, counters["dropped"])
