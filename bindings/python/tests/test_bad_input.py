"""Wrong or hostile input: each kind has one result, which the README's table says."""

from __future__ import annotations

import collections
import decimal
import json
import re
import sys
import time
from typing import Any
from unittest import mock

import pytest
from python_support import Tracing
from witspan import LLMObs, LLMObsArgumentError, LLMObsError
from witspan.decorators import task, workflow


def counters() -> tuple[int, int]:
    statistics = LLMObs.statistics()
    return statistics["annotations_rejected"], statistics["warnings"]


# ---- a programmer's own wrong argument


WRONG_ANNOTATIONS = [
    ("task", {"metrics": [1]}, "`metrics` is"),
    ("task", {"metrics": 1}, "`metrics` is"),
    ("task", {"tags": ["a:b"]}, "`tags` is"),
    ("task", {"tags": "a:b"}, "`tags` is"),
    ("task", {"metadata": [("a", 1)]}, "`metadata` is"),
    ("task", {"metadata": "text"}, "`metadata` is"),
    ("llm", {"prompt": "text"}, "`prompt` is"),
]


@pytest.mark.parametrize(("kind", "parts", "says"), WRONG_ANNOTATIONS)
def test_a_wrong_argument_raises_with_its_name_and_nothing_is_kept(
    tracing: Tracing, kind: str, parts: dict[str, Any], says: str
) -> None:
    with getattr(LLMObs, kind)():
        with pytest.raises(LLMObsArgumentError, match="accepted: ") as raised:
            LLMObs.annotate(**{"tags": {"kept": 1}, "metadata": {"kept": 1}, **parts})

    assert str(raised.value).startswith(says)
    event = tracing.only()
    assert event["status"] == "ok"
    assert event["meta"]["metadata"] == {} and event["metrics"] == {}
    assert not {"input", "output"} & set(event["meta"])
    assert "kept:1" not in event["tags"]
    assert counters() == (1, 0)


def test_the_exception_is_a_value_error_and_an_llmobs_error() -> None:
    assert LLMObsArgumentError.__mro__[1:3] == (LLMObsError, ValueError)
    assert LLMObsArgumentError.__module__ == "witspan"


@pytest.mark.parametrize(
    "call",
    [
        lambda: LLMObs.annotate("not a span", input_data="x"),
        lambda: LLMObs.annotate(object()),
        lambda: LLMObs.export_span({"span_id": "1", "trace_id": "2"}),
        lambda: LLMObs.flush(timeout="soon"),
        lambda: LLMObs.flush(timeout=-1),
        lambda: LLMObs.flush(timeout=float("nan")),
        lambda: LLMObs.flush(timeout=float("inf")),
    ],
)
def test_a_wrong_type_raises_and_leaves_no_span(tracing: Tracing, call: Any) -> None:
    with pytest.raises(LLMObsArgumentError, match="accepted: "):
        call()
    assert LLMObs.export_span() is None
    assert LLMObs.statistics()["accepted"] == 0


@pytest.mark.parametrize("when", ["now", float("nan"), float("inf"), [1]])
def test_a_wrong_end_raises_and_the_span_stays_open(tracing: Tracing, when: Any) -> None:
    with LLMObs.task() as span:
        with pytest.raises(LLMObsArgumentError, match="`finish_time`"):
            span.finish(when)
        LLMObs.annotate(span, input_data="still open")
    assert tracing.only()["meta"]["input"] == {"value": "still open"}


@pytest.mark.parametrize("when", [1e18, 1e300, 10**30, -1, 0, True])
def test_an_end_beyond_all_time_is_kept_within_bounds(tracing: Tracing, when: float) -> None:
    LLMObs.task().finish(when)
    assert tracing.only()["duration"] >= 0


@pytest.mark.parametrize("arguments", [{"agentless_enabled": "yes"}, {"sample_rate": "half"}])
def test_wrong_settings_raise_and_tracing_stays_off(arguments: dict[str, Any]) -> None:
    with pytest.raises(LLMObsArgumentError, match="accepted: "):
        LLMObs.enable(**arguments)
    assert not LLMObs.enabled
    LLMObs.enable()
    assert LLMObs.enabled


def test_settings_of_any_type_count_as_their_text(receiver: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    LLMObs.enable(ml_app=5, env=["a"], service=1.5)  # type: ignore[arg-type]
    LLMObs.task().finish()
    LLMObs.disable()
    (event,) = receiver.events
    assert {"ml_app:5", 'env:["a"]', "service:1.5"} <= set(event["tags"])


@pytest.mark.parametrize("options", [{"name": 5}, {"session_id": 5}, {"ml_app": 5}])
def test_a_number_for_a_text_is_its_text(tracing: Tracing, log, options: Any) -> None:
    @task(**options)
    def work() -> None:
        pass

    work()
    LLMObs.task(**options).finish()
    for event in tracing.events():
        shown = {
            "name": event["name"],
            "session_id": event.get("session_id"),
            "ml_app": event["tags"][[tag.split(":")[0] for tag in event["tags"]].index("ml_app")][
                7:
            ],
        }
        (name,) = options
        assert shown[name] == "5"
    assert log() == []


def test_what_is_not_text_is_sent_as_json_and_logged_once(tracing: Tracing, log) -> None:
    for _ in range(2):
        LLMObs.task(name={"b": 1, "a": [2]}).finish()  # type: ignore[arg-type]
    assert [event["name"] for event in tracing.events()] == ['{"a":[2],"b":1}'] * 2
    assert log() == ["`name` is of type dict; accepted: str or None. It is sent as text"]


def test_an_option_by_position_is_ignored_and_logged(tracing: Tracing, log) -> None:
    @workflow("my name")  # type: ignore[call-overload,misc,untyped-decorator]
    def work() -> int:
        return 1

    assert work() == 1
    assert tracing.only()["name"] == "work"
    (line,) = log()
    assert line.endswith('pass options by keyword, as in (name="...")')


WRONG_PARTS = [
    ("task", {"metrics": {"m": "1", "n": None, "o": "x"}}, "metrics", {"kept": 1, "m": 1}),
    ("task", {"metrics": {"m": [1]}}, "metrics", {"kept": 1}),
    ("task", {"metrics": {"m": decimal.Decimal("0.5")}}, "metrics", {"kept": 1, "m": 0.5}),
    ("llm", {"input_data": 5}, "input", {"messages": [{"content": "5", "role": ""}]}),
    ("llm", {"input_data": [None, "a"]}, "input", {"messages": [{"content": "a", "role": ""}]}),
    (
        "llm",
        {"output_data": [{"content": 5}]},
        "output",
        {"messages": [{"content": "5", "role": ""}]},
    ),
    (
        "llm",
        {"output_data": {"tool_calls": [{"arguments": {}}]}},
        *("output", {"messages": [{"content": '{"arguments":{}}', "role": ""}]}),
    ),
    ("embedding", {"input_data": 1.5}, "input", {"documents": [{"text": "1.5"}]}),
    (
        "retrieval",
        {"output_data": [{"text": "t", "score": "high"}]},
        "output",
        {"documents": [{"text": "t"}]},
    ),
    ("llm", {"tool_definitions": [5, {"name": "a"}]}, "tool_definitions", [{"name": "a"}]),
    (
        "llm",
        {"tags": {"a": 1}, "cost_tags": [5, "a", "b"]},
        "metadata",
        {"kept": 1, "_dd": {"cost_tags": ["a"]}},
    ),
    ("agent", {"agent": {"name": {1: 2}}}, "metadata", {"kept": 1}),
]


@pytest.mark.parametrize(("kind", "parts", "place", "sent"), WRONG_PARTS)
def test_a_wrong_part_of_an_annotation_does_not_cost_the_rest(
    tracing: Tracing, kind: str, parts: dict[str, Any], place: str, sent: Any
) -> None:
    given = {"metadata": {"kept": 1}, **parts}
    given["metrics"] = {"kept": 1, **parts.get("metrics", {})}
    with getattr(LLMObs, kind)():
        LLMObs.annotate(**given)
    event = tracing.only()
    assert event["status"] == "ok"
    assert (event["metrics"] if place == "metrics" else event["meta"][place]) == sent
    assert event["meta"]["metadata"]["kept"] == event["metrics"]["kept"] == 1
    assert LLMObs.statistics()["annotations_rejected"] == 0


# ---- an annotation without a place


def test_an_annotation_without_a_span_is_counted_and_logged_once(tracing: Tracing, log) -> None:
    LLMObs.annotate(input_data="x")
    LLMObs.annotate(input_data="y")
    assert counters() == (2, 0)
    assert log() == [
        "an annotation was dropped: no span is current here; pass one as `span`",
    ]


def test_an_annotation_after_the_end_is_counted_and_logged_once(tracing: Tracing, log) -> None:
    with LLMObs.task() as span:
        pass
    LLMObs.annotate(span, input_data="late")
    LLMObs.annotate(span, metrics={"wrong": "late, too"})

    assert "input" not in tracing.only()["meta"]
    assert counters() == (2, 0)
    assert log() == ["an annotation was dropped: the span has finished"]


# ---- numbers


def test_a_metric_that_is_not_a_finite_number_is_left_out_and_logged(tracing: Tracing, log) -> None:
    with LLMObs.task():
        LLMObs.annotate(metrics={"n": float("nan"), "i": float("inf"), "ok": 1, "a.b": 2})

    assert tracing.only()["metrics"] == {"ok": 1, "a_b": 2}
    assert counters() == (0, 3)
    (line,) = log()
    assert line.startswith("`metrics.")


def test_non_finite_numbers_elsewhere_become_their_names(tracing: Tracing) -> None:
    with LLMObs.task():
        LLMObs.annotate(
            input_data=float("inf"), metadata={"n": float("nan")}, tags={"t": float("-inf")}
        )
    event = tracing.only()
    assert event["meta"]["input"] == {"value": "Infinity"}
    assert event["meta"]["metadata"] == {"n": "NaN"}
    assert "t:-Infinity" in event["tags"]


@pytest.mark.parametrize(
    "number",
    [2**63, -(2**63) - 1, 2**64, 10**400, -(10**400)],
    ids=lambda n: f"{n:.0e}" if abs(n) < 10**300 else "huge",
)
def test_integers_of_any_size_are_kept(tracing: Tracing, number: int) -> None:
    with LLMObs.task():
        LLMObs.annotate(input_data=number, metadata={"n": number}, metrics={"n": number})
    event = tracing.only()
    assert event["meta"]["input"] == {"value": str(number)}
    assert int(event["meta"]["metadata"]["n"]) == number
    greatest = sys.float_info.max
    assert event["metrics"]["n"] == pytest.approx(max(min(number, greatest), -greatest))


def test_an_integer_that_python_itself_refuses_to_print_is_a_text(tracing: Tracing) -> None:
    limited = hasattr(sys, "get_int_max_str_digits") and sys.get_int_max_str_digits()
    number = 10**100_000
    with LLMObs.task():
        LLMObs.annotate(metadata={"n": number})
    expected = "[integer too large]" if limited else str(number)
    assert tracing.only()["meta"]["metadata"]["n"] == expected


# ---- texts


HALF = "half \ud83c here"
MENDED = "half \ufffd here"


def test_half_a_surrogate_pair_is_replaced_wherever_it_is(tracing: Tracing) -> None:
    with pytest.raises(ValueError):
        with LLMObs.llm(
            name=HALF, session_id=HALF, ml_app=HALF, model_name=HALF, model_provider=HALF
        ):
            LLMObs.annotate(
                input_data=[{"role": HALF, "content": HALF}],
                output_data=HALF,
                metadata={HALF: [HALF, {HALF: HALF}]},
                metrics={HALF: 1},
                tags={HALF: HALF},
            )
            raise ValueError(HALF)

    event = tracing.only()
    meta = event["meta"]
    assert event["name"] == event["session_id"] == meta["model_name"] == MENDED
    assert meta["model_provider"] == MENDED
    assert f"ml_app:{MENDED}" in event["tags"]
    assert f"{MENDED}:{MENDED}" in event["tags"]
    assert meta["input"]["messages"] == [{"role": MENDED, "content": MENDED}]
    assert meta["output"]["messages"] == [{"role": "", "content": MENDED}]
    assert meta["metadata"] == {MENDED: [MENDED, {MENDED: MENDED}]}
    assert event["metrics"] == {MENDED: 1}
    assert meta["error"]["message"] == MENDED


def test_two_half_surrogates_from_two_texts_do_not_become_a_character(tracing: Tracing) -> None:
    with LLMObs.task(name="\udc88\ud83c"):
        # Python keeps these apart, though they would be one character in UTF-16.
        LLMObs.annotate(input_data="\udc88\ud83c")
    event = tracing.only()
    assert event["name"] == "\ufffd\ufffd"
    assert event["meta"]["input"] == {"value": "\ufffd\ufffd"}


def test_a_text_with_code_of_its_own_is_read_without_it(tracing: Tracing) -> None:
    class Text(str):
        def encode(self, *_: Any) -> bytes:
            raise RuntimeError

        __str__ = __repr__ = __len__ = __iter__ = __hash__ = encode  # type: ignore[assignment]

    with LLMObs.task(name=Text("a name")):
        LLMObs.annotate(input_data=Text("plain"), output_data=Text(HALF))
    event = tracing.only()
    assert event["name"] == "a name"
    assert event["meta"]["input"] == {"value": "plain"}
    assert event["meta"]["output"] == {"value": MENDED}


def test_an_empty_name_is_that_of_the_kind(tracing: Tracing) -> None:
    LLMObs.tool(name="", session_id="", ml_app="").finish()
    event = tracing.only()
    assert event["name"] == "tool"
    assert "session_id" not in event
    assert "ml_app:tests" in event["tags"]


# ---- structures


def test_a_cycle_is_cut_where_it_closes(tracing: Tracing) -> None:
    cycle: dict[str, Any] = {"a": 1}
    cycle["self"] = cycle
    cycle["list"] = [cycle]
    with LLMObs.task():
        LLMObs.annotate(input_data=cycle, metadata=cycle)

    expected = {"a": 1, "list": ["[cyclic reference]"], "self": "[cyclic reference]"}
    assert tracing.only()["meta"]["metadata"] == expected
    assert cycle["self"] is cycle and cycle["list"] == [cycle]


def test_a_value_that_is_there_twice_is_not_a_cycle(tracing: Tracing) -> None:
    shared = [1]
    with LLMObs.task():
        LLMObs.annotate(metadata={"a": shared, "b": shared})
    assert tracing.only()["meta"]["metadata"] == {"a": [1], "b": [1]}


def test_a_structure_10000_deep_is_cut_and_logged(tracing: Tracing) -> None:
    deep: Any = "bottom"
    for n in range(10_000):
        deep = [deep] if n % 2 else {"k": deep}
    with LLMObs.task():
        LLMObs.annotate(input_data=deep, output_data=deep, metadata={"deep": deep})

    event = tracing.only()
    assert "[nested deeper than 32 levels]" in event["meta"]["input"]["value"]
    assert counters()[1] > 0
    # Python itself would free this recursively.
    while isinstance(deep, (list, dict)):
        deep = deep[0] if isinstance(deep, list) else deep.pop("k")


def test_a_small_object_that_unfolds_without_end_is_cut(tracing: Tracing) -> None:
    doubled: Any = "x"
    for _ in range(30):
        doubled = [doubled, doubled]
    began = time.monotonic()
    with LLMObs.task():
        LLMObs.annotate(input_data=doubled, tags={"still": "there"})
    assert time.monotonic() - began < 5
    assert "still:there" in tracing.only()["tags"]


def test_a_long_collection_that_is_not_a_list_is_cut_with_a_notice(tracing: Tracing) -> None:
    with LLMObs.task():
        LLMObs.annotate(
            metadata={
                "range": range(10**12),
                "set": set(range(10_005)),
                "dict": collections.UserDict.fromkeys(range(10_005)),
            }
        )
    metadata = tracing.only()["meta"]["metadata"]
    assert metadata["range"][-2:] == [9_999, f"[{10**12 - 10_000} more]"]
    assert metadata["set"][-2:] == [9_999, "[5 more]"]
    assert len(metadata["dict"]) == 10_001 and metadata["dict"]["[cut]"] == "[5 more]"


def test_a_long_list_is_kept_whole(tracing: Tracing) -> None:
    with LLMObs.task():
        LLMObs.annotate(metadata={"list": list(range(50_000))})
    assert tracing.only()["meta"]["metadata"]["list"] == list(range(50_000))


# ---- objects with code of their own


class Raises:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __iter__ = __len__ = __getattr__ = __hash__ = __eq__ = __bool__ = __str__  # type: ignore[assignment]


class RaisesOnClass:
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError("no")


class Recurses:
    def __str__(self) -> str:
        return str(self)


class NoText:
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


class BadDump:
    def model_dump(self) -> Any:
        raise RuntimeError("no")


class DumpsItself:
    def model_dump(self) -> Any:
        return [DumpsItself(), DumpsItself()]


class Endless(collections.abc.Sequence):  # type: ignore[type-arg]
    def __len__(self) -> int:
        return 10**15

    def __getitem__(self, at: Any) -> Any:
        return Endless()


class EndlessMapping(collections.abc.Mapping):  # type: ignore[type-arg]
    def __len__(self) -> int:
        return 10**15

    def __iter__(self) -> Any:
        while True:
            yield object()

    def __getitem__(self, key: Any) -> Any:
        return "value"


class Hides(dict):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        raise RuntimeError("no")

    items = keys = values = get = __getitem__ = __len__ = __iter__


@pytest.mark.parametrize(
    "make",
    [
        Raises,
        RaisesOnClass,
        Recurses,
        NoText,
        BadDump,
        lambda: Hides(a=1),
    ],
    ids=lambda make: make.__name__.strip("<>"),
)
@pytest.mark.parametrize("kind", ["task", "llm", "embedding"])
def test_a_hostile_object_does_not_reach_the_application(
    tracing: Tracing, make: Any, kind: str
) -> None:
    hostile = make()

    @task
    def work(argument: Any) -> Any:
        return argument

    with getattr(LLMObs, kind)(name="span"):
        assert work(hostile) is hostile
        LLMObs.annotate(metadata={"x": hostile}, tags={"x": hostile})
        try:
            LLMObs.annotate(input_data=hostile, output_data=[hostile])
        except LLMObsArgumentError:
            # A part of it could be read, but that is not a message or document.
            assert kind != "task"

    assert {event["name"] for event in tracing.events()} == {"work", "span"}


@pytest.mark.parametrize("make", [DumpsItself, EndlessMapping, lambda: [Endless()]])
def test_an_object_that_unfolds_without_end_is_cut(tracing: Tracing, make: Any) -> None:
    began = time.monotonic()
    with LLMObs.task():
        LLMObs.annotate(input_data=make(), tags={"still": "there"})
    assert time.monotonic() - began < 30
    assert "still:there" in tracing.only()["tags"]


def test_what_cannot_be_read_becomes_a_text_about_that(tracing: Tracing) -> None:
    with LLMObs.task():
        LLMObs.annotate(metadata={"a": Raises(), "b": BadDump(), "c": Recurses()})
    assert tracing.only()["meta"]["metadata"] == {
        "a": "[unserializable: Raises]",
        "b": "[unserializable: BadDump]",
        "c": "[unserializable: Recurses]",
    }


def test_a_key_that_cannot_be_read_becomes_a_text_about_that(tracing: Tracing) -> None:
    with LLMObs.task():
        LLMObs.annotate(metadata={NoText(): 1}, tags={NoText(): 1})
    event = tracing.only()
    assert event["meta"]["metadata"] == {"[unserializable key]": 1}
    assert "[unserializable key]:1" in event["tags"]


def test_objects_that_change_what_is_being_read_do_no_harm(tracing: Tracing) -> None:
    values: list[Any] = []
    members: dict[Any, Any] = {}

    class Grows:
        def __str__(self) -> str:
            values.append(Grows())
            members[len(members)] = Grows()
            return "grown"

    class Clears:
        def __str__(self) -> str:
            values.clear()
            members.clear()
            return "cleared"

    for change in (Grows, Clears):
        values[:] = [change(), change(), 1]
        members.clear()
        members.update(a=change(), b=change(), c=1)
        with LLMObs.task(name=change.__name__):
            LLMObs.annotate(input_data=values, output_data=members)

    named = tracing.by_name()
    assert named["Grows"]["meta"]["input"] == {"value": '["grown","grown",1]'}
    assert named["Clears"]["meta"]["input"] == {"value": '["cleared","cleared",1]'}


def test_an_object_may_trace_while_it_is_read(tracing: Tracing) -> None:
    class Traces:
        def __str__(self) -> str:
            with LLMObs.tool(name="inner"):
                LLMObs.annotate(input_data="from inside")
                LLMObs.flush(timeout=5)
            return "traced"

    with LLMObs.task(name="outer"):
        LLMObs.annotate(input_data=Traces())

    assert tracing.parents() == {"outer": None, "inner": "outer"}
    assert tracing.by_name()["outer"]["meta"]["input"] == {"value": "traced"}


def test_a_mock_does_not_notice_that_it_is_traced(tracing: Tracing) -> None:
    client = mock.Mock(name="client")

    @workflow
    def answer(client: Any) -> Any:
        return client

    answer(client)
    assert client.mock_calls == []
    assert "Mock" in tracing.only()["meta"]["output"]["value"]


def test_arguments_are_not_changed(tracing: Tracing) -> None:
    messages = [{"role": "user", "content": None, "extra": {1: {2}}}]
    tags = {"session_id": 1, 2: [3]}
    with LLMObs.llm():
        LLMObs.annotate(input_data=messages, tags=tags, metadata=tags)
    assert messages == [{"role": "user", "content": None, "extra": {1: {2}}}]
    assert tags == {"session_id": 1, 2: [3]}


# ---- sizes


def test_the_longest_texts_of_a_span_longer_than_an_event_are_cut_with_a_notice(tracing) -> None:
    with LLMObs.task():
        LLMObs.annotate(input_data="x" * 6_000_000, output_data="short", metadata={"kept": 1})
    event = tracing.only()
    assert re.fullmatch(r"x{1000,} ?\[cut: \d+ bytes\]", event["meta"]["input"]["value"])
    assert event["meta"]["output"]["value"] == "short"
    assert event["meta"]["metadata"] == {"kept": 1}
    assert "witspan.cut:input" in event["tags"]
    assert LLMObs.statistics()["cut"] == 1


def test_a_span_that_is_still_too_long_is_counted_and_logged(tracing: Tracing, log) -> None:
    with LLMObs.task():
        LLMObs.annotate(metrics={f"metric{n}": n for n in range(400_000)})
    assert tracing.events() == []
    assert LLMObs.statistics()["dropped"] == {"too_large": 1}
    assert len(log()) == 1


def test_an_annotation_beyond_the_memory_for_open_spans_is_counted(tracing: Tracing) -> None:
    with LLMObs.task():
        # More than a span may hold by the time the last one comes.
        for n in range(13):
            LLMObs.annotate(metadata={f"{n}": "x" * 5_400_000}, tags={"kept": n + 3})
        LLMObs.annotate(tags={"kept": 2})
    assert "kept:2" in tracing.only()["tags"]
    assert counters() == (1, 0)


class Words(dict[str, Any]):
    """A mapping of the application's own."""


@pytest.mark.parametrize(
    "make",
    [
        lambda: "x" * 40_000_000,
        lambda: "\0" * 10_000_000,
        lambda: "\u00e9" * 20_000_000,
        lambda: "a\ud800" * 500_000,
        lambda: b"b" * 40_000_000,
        lambda: [1] * 6_000_000,
        lambda: [{"a": "b"}] * 3_000_000,
        lambda: {f"{n:x}": "" for n in range(700_000)},
        lambda: Words({f"{n:x}": "" for n in range(700_000)}),
        lambda: [{"role": "user", "content": "x" * 1_000_000}] * 40,
    ],
    ids=["text", "escapes", "utf-8", "surrogates", "bytes", "list", "dicts", "keys", "own", "chat"],
)
def test_a_huge_value_is_cut_and_other_spans_are_kept(tracing: Tracing, make: Any) -> None:
    with LLMObs.task(name="before"):
        LLMObs.annotate(output_data="kept")
    value = make()
    with LLMObs.llm(name="huge") as span:
        try:
            LLMObs.annotate(span, input_data=value, output_data=value, metadata={"it": value})
        except LLMObsArgumentError:
            # As a message it is not valid.
            LLMObs.annotate(span, metadata={"it": value})
        LLMObs.annotate(span, tags={"still": "there"}, metrics={"input_tokens": 1})
    flushed = LLMObs.flush()
    assert (flushed.delivered, flushed.dropped) == (2, {})
    events = {event["name"]: event for event in tracing.events()}
    assert "still:there" in events["huge"]["tags"]
    assert events["huge"]["metrics"]["input_tokens"] == 1
    text = json.dumps(events["huge"], ensure_ascii=False, separators=(",", ":"))
    assert len(text.encode()) <= 5_000_000
    assert any(said in text for said in ("witspan.cut:", "[cut]", "[too many values]", " more]"))
