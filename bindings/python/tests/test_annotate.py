"""What an annotation may hold, per kind, and how it is sent."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import pathlib
import types
import uuid
from typing import Any

import pytest
from openai.types.chat import ChatCompletionMessage
from pydantic import BaseModel
from python_support import Event, Tracing
from witspan import LLMObs


def annotated(tracing: Tracing, kind: str = "task", **parts: Any) -> Event:
    """The event of a span with this annotation."""
    with getattr(LLMObs, kind)():
        LLMObs.annotate(**parts)
    return tracing.only()


MESSAGES = [
    ("hello", [{"content": "hello", "role": ""}]),
    ({"role": "user", "content": "hello"}, [{"content": "hello", "role": "user"}]),
    ({"content": "hello"}, [{"content": "hello", "role": ""}]),
    (
        ["one", {"role": "user", "content": "two"}],
        [{"content": "one", "role": ""}, {"content": "two", "role": "user"}],
    ),
    (({"role": "user", "content": "in a tuple"},), [{"content": "in a tuple", "role": "user"}]),
    ({"role": "assistant", "content": None}, [{"content": "", "role": "assistant"}]),
    (
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        [{"content": "a\nb", "role": "user"}],
    ),
    (
        {"role": "assistant", "tool_calls": [{"name": "f", "arguments": {"x": 1}, "tool_id": "1"}]},
        [
            {
                "content": "",
                "role": "assistant",
                "tool_calls": [{"arguments": {"x": 1}, "name": "f", "tool_id": "1"}],
            }
        ],
    ),
    (
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
        [
            {
                "content": "",
                "role": "tool",
                "tool_results": [{"result": "42", "tool_id": "c1", "type": "tool_result"}],
            }
        ],
    ),
]


@pytest.mark.parametrize(("given", "sent"), MESSAGES)
def test_an_llm_span_takes_messages_in_many_shapes(tracing: Tracing, given, sent) -> None:
    meta = annotated(tracing, "llm", input_data=given, output_data=given)["meta"]
    assert meta["input"] == {"messages": sent}
    assert meta["output"] == {"messages": sent}


def test_an_empty_list_of_messages_is_no_input(tracing: Tracing) -> None:
    meta = annotated(tracing, "llm", input_data=[], output_data=[])["meta"]
    assert "input" not in meta and "output" not in meta


def test_a_message_of_the_openai_client_passes_as_it_is(tracing: Tracing) -> None:
    message = ChatCompletionMessage.model_validate(
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city": "Paris"}'},
                }
            ],
        }
    )
    before = message.model_dump_json()

    for shape in (message, [message]):
        with LLMObs.llm():
            LLMObs.annotate(output_data=shape)

    call = {
        "arguments": {"city": "Paris"},
        "name": "weather",
        "tool_id": "call_1",
        "type": "function",
    }
    expected = [{"content": "", "role": "assistant", "tool_calls": [call]}]
    assert [event["meta"]["output"]["messages"] for event in tracing.events()] == [expected] * 2
    assert message.model_dump_json() == before


DOCUMENTS = [
    ("text", [{"text": "text"}]),
    ([{"text": "t", "name": "n", "id": "1", "score": 0}],) * 2,
    (["a", {"text": "b", "id": 7}], [{"text": "a"}, {"id": "7", "text": "b"}]),
    (("a", "b"), [{"text": "a"}, {"text": "b"}]),
]


@pytest.mark.parametrize(("given", "sent"), DOCUMENTS)
def test_documents_go_into_embeddings_and_come_out_of_retrievals(tracing, given, sent) -> None:
    with LLMObs.embedding(name="embedding"):
        LLMObs.annotate(input_data=given, output_data=[0.5, 1])
    with LLMObs.retrieval(name="retrieval"):
        LLMObs.annotate(input_data={"query": "q"}, output_data=given)

    named = tracing.by_name()
    assert named["embedding"]["meta"]["input"] == {"documents": sent}
    assert named["embedding"]["meta"]["output"] == {"value": "[0.5,1]"}
    assert named["retrieval"]["meta"]["input"] == {"value": '{"query":"q"}'}
    assert named["retrieval"]["meta"]["output"] == {"documents": sent}


class Color(enum.Enum):
    RED = "red"
    ODD = ("o", "d", "d")


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: int
    y: Any


class Model(BaseModel):
    name: str
    at: datetime.date


class Plain:
    def __str__(self) -> str:
        return "as it says"


VALUES = [
    ("text stays as it is", "text stays as it is"),
    ("", ""),
    (0, "0"),
    (False, "false"),
    (1.5, "1.5"),
    (1.0, "1"),
    ([], "[]"),
    ({}, "{}"),
    (("a", 1, None), '["a",1,null]'),
    ({"b": 1, "a": [True]}, '{"a":[true],"b":1}'),
    ({"é": "ü"}, '{"é":"ü"}'),
    (float("nan"), "NaN"),
    ([float("inf"), float("-inf"), float("nan")], '["Infinity","-Infinity","NaN"]'),
    (10**30, str(10**30)),
    ([2**53, 10**30], f'[{2**53},"{10**30}"]'),
    (Point(1, Point(2, None)), '{"x":1,"y":{"x":2,"y":null}}'),
    (Point, "Point"),
    ([Color.RED, Color.ODD, Level.HIGH], '["red","ODD",3]'),
    (Model(name="m", at=datetime.date(2026, 1, 2)), '{"at":"2026-01-02","name":"m"}'),
    (datetime.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
    (datetime.timedelta(seconds=90), "PT90S"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (pathlib.PurePosixPath("/a/b"), "/a/b"),
    (decimal.Decimal("1.10"), "1.10"),
    (fractions.Fraction(1, 4), "0.25"),
    (b"bytes \xff", "bytes �"),
    (bytearray(b"more"), "more"),
    (memoryview(b"more"), "more"),
    ({3, 1, 2}, "[1,2,3]"),
    (frozenset(["b", "a"]), '["a","b"]'),
    ({1, "a"}, '["a",1]'),
    (range(3), "[0,1,2]"),
    (collections.deque([1, 2]), "[1,2]"),
    (collections.OrderedDict(b=1, a=2), '{"a":2,"b":1}'),
    (collections.defaultdict(list, a=[1]), '{"a":[1]}'),
    (collections.UserDict(a=1), '{"a":1}'),
    (collections.UserList([1]), "[1]"),
    (types.MappingProxyType({"a": 1}), '{"a":1}'),
    (collections.namedtuple("Pair", "a b")(1, 2), "[1,2]"),
    (Plain(), "as it says"),
    ([Plain()], '["as it says"]'),
    ({2: "int", None: "none", True: "true", 2.5: "float", (1, 2): "tuple"},
     '{"(1, 2)":"tuple","2":"int","2.5":"float","null":"none","true":"true"}'),
    ({uuid.UUID(int=2): 2, b"k": 1},
     '{"00000000-0000-0000-0000-000000000002":2,"k":1}'),
    ({1: "first", "1": "last"}, '{"1":"last"}'),
]  # fmt: skip


@pytest.mark.parametrize(("given", "sent"), VALUES, ids=lambda value: repr(value)[:40])
def test_any_value_has_a_text(tracing: Tracing, given: Any, sent: str) -> None:
    meta = annotated(tracing, input_data=given, output_data=given)["meta"]
    assert meta["input"] == meta["output"] == {"value": sent}


@pytest.mark.parametrize("kind", ["workflow", "agent", "tool", "task"])
def test_kinds_of_the_application_take_values(tracing: Tracing, kind: str) -> None:
    meta = annotated(tracing, kind, input_data=[{"role": "user", "content": "x"}])["meta"]
    assert meta["input"] == {"value": '[{"content":"x","role":"user"}]'}


def test_a_generator_is_not_consumed(tracing: Tracing) -> None:
    stream = (n for n in range(3))
    iterator = iter([1, 2])
    event = annotated(tracing, input_data=stream, output_data=iterator)
    assert "generator object" in event["meta"]["input"]["value"]
    assert list(stream) == [0, 1, 2]
    assert list(iterator) == [1, 2]


def test_metadata_keeps_its_structure(tracing: Tracing) -> None:
    given = {"a": {"b": [1, None, True, "x"]}, "when": datetime.date(2026, 1, 2), "p": Point(1, 2)}
    metadata = annotated(tracing, metadata=given)["meta"]["metadata"]
    assert metadata == {
        "a": {"b": [1, None, True, "x"]},
        "when": "2026-01-02",
        "p": {"x": 1, "y": 2},
    }


def test_metrics_are_numbers_of_any_type(tracing: Tracing) -> None:
    given = {"i": 3, "f": 0.5, "flag": True, "level": Level.HIGH, "part": fractions.Fraction(1, 2)}
    metrics = annotated(tracing, metrics=given)["metrics"]
    assert metrics == {"i": 3, "f": 0.5, "flag": 1, "level": 3, "part": 0.5}


class Real32(float):
    """A number as numpy makes them: a float by inheritance, with a text of its own."""

    def __repr__(self) -> str:
        return "np.float64(0.25)"


def test_a_number_of_another_library_is_a_number(tracing: Tracing) -> None:
    event = annotated(tracing, metrics={"n": Real32(0.25)}, metadata={"n": Real32(0.25)})
    assert event["metrics"] == {"n": 0.25}
    assert event["meta"]["metadata"] == {"n": 0.25}


def test_tags_are_texts_of_any_value(tracing: Tracing) -> None:
    given = {"s": "x", "i": 1, "f": 0.5, "t": True, "n": None, "l": [1, "a"], "e": Color.RED, 5: 6}
    tags = annotated(tracing, tags=given)["tags"]
    assert {"s:x", "i:1", "f:0.5", "t:true", 'l:[1,"a"]', "e:red", "5:6"} <= set(tags)


def test_a_tag_can_be_the_session(tracing: Tracing) -> None:
    event = annotated(tracing, tags={"session_id": "s-9"})
    assert event["session_id"] == "s-9"


def test_input_and_output_are_replaced_and_the_rest_is_merged(tracing: Tracing) -> None:
    with LLMObs.task():
        LLMObs.annotate(
            input_data="old", metadata={"a": 1, "b": 1}, metrics={"m": 1}, tags={"x": 1}
        )
        LLMObs.annotate(
            input_data="new", metadata={"b": 2}, metrics={"n": 2}, tags={"x": 2, "y": 2}
        )
        LLMObs.annotate(input_data=None, metadata=None, metrics=None, tags=None)

    event = tracing.only()
    assert event["meta"]["input"] == {"value": "new"}
    assert event["meta"]["metadata"] == {"a": 1, "b": 2}
    assert event["metrics"] == {"m": 1, "n": 2}
    assert {"x:2", "y:2"} <= set(event["tags"])
    assert "x:1" not in event["tags"]


def test_a_later_annotation_does_not_change_an_earlier_one(tracing: Tracing) -> None:
    value: dict[str, Any] = {"list": [1]}
    with LLMObs.task():
        LLMObs.annotate(input_data=value)
        value["list"].append(2)
    assert json.loads(tracing.only()["meta"]["input"]["value"]) == {"list": [1]}


def test_every_character_arrives_as_it_is(tracing: Tracing) -> None:
    text = "".join(map(chr, range(0x250))) + "\u2028\ufeff\uffff🎈👩‍👩‍👧" + '"\\/\b\x7f'
    event = annotated(tracing, input_data=text, metadata={text: text})
    assert event["meta"]["input"] == {"value": text}
    assert event["meta"]["metadata"] == {text: text}
