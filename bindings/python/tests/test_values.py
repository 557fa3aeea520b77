"""What becomes of objects that JSON has no form for: the table is in `_values.py`."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import pathlib
import uuid
from typing import Any, NamedTuple

import numpy
import pydantic
import pytest
from python_support import Tracing
from witspan import LLMObs
from witspan.decorators import task

UTC = datetime.timezone.utc


class Color(enum.Enum):
    RED = "red"
    MIXED = (1, 2)


class Flags(enum.Flag):
    A = 1


@dataclasses.dataclass
class Point:
    x: int
    when: datetime.date


class Model(pydantic.BaseModel):
    when: datetime.datetime
    inner: list[Color]


class Pair(NamedTuple):
    a: int
    b: str


class Plain:
    def __str__(self) -> str:
        return "plain text"


VALUES: list[tuple[Any, Any]] = [
    (datetime.datetime(2026, 1, 2, 3, 4, 5, 600), "2026-01-02T03:04:05.000600"),
    (datetime.datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
    (datetime.date(2026, 1, 2), "2026-01-02"),
    (datetime.time(3, 4, 5), "03:04:05"),
    (datetime.timedelta(days=1, seconds=1, microseconds=500_000), "PT86401.5S"),
    (datetime.timedelta(microseconds=-1), "-PT0.000001S"),
    (datetime.timedelta(), "PT0S"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (decimal.Decimal("0.10"), "0.10"),
    (fractions.Fraction(1, 4), 0.25),
    (1 + 2j, "(1+2j)"),
    (pathlib.PurePosixPath("/a/b"), "/a/b"),
    (b"5 \xe2\x82\xac \xff", "5 € \ufffd"),
    (bytearray(b"ab"), "ab"),
    (memoryview(b"abcd")[::2], "ac"),
    (Color.RED, "red"),
    (Color.MIXED, "MIXED"),
    (Flags.A, 1),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset({"b", 1}), ["b", 1]),
    ((1, (2,)), [1, [2]]),
    (Pair(1, "b"), [1, "b"]),
    (range(3), [0, 1, 2]),
    (collections.deque([1, 2]), [1, 2]),
    (array.array("i", [1, 2]), [1, 2]),
    (collections.OrderedDict(b=1), {"b": 1}),
    (collections.ChainMap({"a": 1}), {"a": 1}),
    (Point(1, datetime.date(2026, 1, 2)), {"x": 1, "when": "2026-01-02"}),
    (
        Model(when=datetime.datetime(2026, 1, 2), inner=[Color.RED]),
        {"when": "2026-01-02T00:00:00", "inner": ["red"]},
    ),
    (Plain(), "plain text"),
    (Plain, "Plain"),
    (numpy.int64(5), 5),
    (numpy.float32(0.5), 0.5),
    (numpy.float64(0.5), 0.5),
    (numpy.bool_(True), True),
    (numpy.str_("text"), "text"),
    (numpy.array([1.5, 2.0]), [1.5, 2.0]),
    (numpy.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (numpy.array(7), 7),
    (numpy.array([]), []),
    (numpy.zeros((200, 100), dtype="float32"), "[array of 200x100 float32]"),
    (numpy.datetime64("2026-01-02T03:04:05.123456789"), "2026-01-02T03:04:05.123456789"),
    (numpy.array(["2026-01-02"], dtype="datetime64[D]"), ["2026-01-02"]),
]


@pytest.mark.parametrize(("given", "sent"), VALUES, ids=lambda value: type(value).__name__)
def test_each_value_has_one_form_inside_another_and_alone(tracing, given: Any, sent: Any) -> None:
    with LLMObs.task():
        LLMObs.annotate(metadata={"value": given}, output_data=given)
    meta = tracing.only()["meta"]
    assert meta["metadata"]["value"] == sent
    alone = meta["output"]["value"]
    assert (alone if isinstance(sent, str) else json.loads(alone)) == sent


def test_a_cycle_is_cut_where_it_closes(tracing: Tracing) -> None:
    node: dict[str, Any] = {"name": "a"}
    node["self"] = [node]
    point = Point(node, None)  # type: ignore[arg-type]
    with LLMObs.task():
        LLMObs.annotate(metadata={"point": point})
    sent = tracing.only()["meta"]["metadata"]["point"]["x"]
    assert sent == {"name": "a", "self": ["[cyclic reference]"]}


def test_iterators_are_not_consumed(tracing: Tracing) -> None:
    numbers = iter([1, 2])

    @task
    def give(items):
        return items

    assert list(give(numbers)) == [1, 2]
    assert "iterator" in tracing.only()["meta"]["output"]["value"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [(numpy.float64(0.5), 0.5), (numpy.int32(3), 3), (numpy.float32(2), 2)],
)
def test_numbers_of_numpy_are_metrics(tracing: Tracing, given: Any, kept: float) -> None:
    with LLMObs.task():
        LLMObs.annotate(metrics={"m": given})
    assert tracing.only()["metrics"] == {"m": kept}


def test_keys_that_are_bytes_are_read_as_text(tracing: Tracing) -> None:
    with LLMObs.task():
        LLMObs.annotate(metadata={b"key": 1}, tags={b"\xc3\xa9": "x"})
    event = tracing.only()
    assert event["meta"]["metadata"] == {"key": 1}
    assert "é:x" in event["tags"]
