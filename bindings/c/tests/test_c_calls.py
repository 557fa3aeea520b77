"""Each function by itself: what it gives, what it refuses, and that nothing harms it."""

from __future__ import annotations

import ctypes
import json
import re
import sys
import textwrap

import pytest
from c_library import (
    CONSTANTS,
    LIB,
    Option,
    Refused,
    asked,
    call,
    functions,
    given,
    option,
    out,
    taken,
)
from c_support import BINDING, CHECKOUT, ROOT, SECOND, TASK, Traced, good

LLM, CHILD_OF = CONSTANTS["WITSPAN_LLM"], CONSTANTS["WITSPAN_CHILD_OF"]


@pytest.fixture()
def traced():
    traced = Traced()
    yield traced
    LIB.witspan_shutdown(traced.tracer, 0, None, None)
    LIB.witspan_tracer_free(traced.tracer)
    LIB.witspan_recorder_free(traced.recorder)


def test_every_function_takes_null_and_zero() -> None:
    program = """
        from c_library import LIB, functions
        for name, (result, parameters) in functions().items():
            getattr(LIB, name)(*[parameter() for parameter in parameters])
        print("done", len(functions()))
    """
    env = {"PYTHONPATH": str(CHECKOUT / "tests" / "support"), "DD_LLMOBS_ENABLED": "0"}
    printed = good(sys.executable, "-c", textwrap.dedent(program), env=env)
    assert printed == f"done {len(functions())}\n"


def test_a_tracer_that_is_null_answers_that_nothing_is_traced() -> None:
    off = CONSTANTS["WITSPAN_OFF"]
    assert LIB.witspan_start(None, TASK, ROOT, 0, None, 0) == 0
    assert LIB.witspan_is_on(None) == 0
    assert taken(LIB.witspan_plan(None)) is None
    assert LIB.witspan_times(None, 1, None, None) == off
    with pytest.raises(Refused) as refused:
        asked(LIB.witspan_info, None, 1)
    assert refused.value.code == off
    assert json.loads(taken(LIB.witspan_statistics(None)) or "")["accepted"] == 0
    assert LIB.witspan_flush(None, SECOND, None, None) == 0
    assert LIB.witspan_shutdown(None, SECOND, None, None) == 0


def test_text_that_is_not_utf_8_is_repaired(traced: Traced) -> None:
    span = traced.start(b"n\xffame")
    traced.annotate(span, b'{"input": "a\xc3(b", "tags": {"k\xed\xa0\x80": "v"}}')
    LIB.witspan_fail(traced.tracer, span, 0, *given(b"e\xf0\x9f"), *given(b"\xff"), None, 0)
    [sent] = traced.spans()
    assert sent["name"] == "n\ufffdame"
    assert sent["meta"]["input"]["value"] == "a\ufffd(b"
    assert f"k{3 * chr(0xFFFD)}:v" in sent["tags"]
    assert sent["meta"]["error"] == {"message": "e\ufffd", "type": "\ufffd"} or (
        sent["meta"]["error"]["message"] == "e\ufffd" and sent["meta"]["error"]["type"] == "\ufffd"
    )


def test_a_name_that_is_null_is_that_of_the_kind(traced: Traced) -> None:
    LIB.witspan_finish(traced.tracer, LIB.witspan_start(traced.tracer, LLM, ROOT, 0, None, 5), 0)
    assert [span["name"] for span in traced.spans()] == ["llm"]


def test_the_end_of_a_span_can_be_given(traced: Traced) -> None:
    span = ctypes.c_uint64()
    options = (Option * 1)(option("start_ns", 1_700_000_000_000_000_000))
    start = (LIB.witspan_start_with, traced.tracer, TASK, ROOT, 0, None, 0)
    call(*start, ctypes.byref(options), 1, ctypes.byref(span))
    times = ctypes.c_uint64(), ctypes.c_uint64()
    places = [ctypes.byref(time) for time in times]
    assert LIB.witspan_times(traced.tracer, span.value, *places) == 0
    assert [time.value for time in times] == [1_700_000_000_000_000_000, 2**64 - 1]
    LIB.witspan_finish(traced.tracer, span.value, 1_700_000_000_000_000_009)
    assert LIB.witspan_times(traced.tracer, span.value, *places) == 0
    assert times[1].value == 9


def test_wrong_numbers_are_refused_and_start_nothing(traced: Traced) -> None:
    def start(kind: int, belongs: int, *options: Option) -> tuple[str | None, int]:
        span = ctypes.c_uint64(77)
        array = ctypes.byref((Option * len(options))(*options))
        with pytest.raises(Refused) as refused:
            above = (traced.tracer, kind, belongs, 0, None, 0)
            count = len(options)
            call(LIB.witspan_start_with, *above, array, count, ctypes.byref(span))
        assert span.value == 0
        return refused.value.message, refused.value.code

    wrong = CONSTANTS["WITSPAN_INVALID_ARGUMENT"]
    assert start(7, ROOT) == ("`kind` is 7; accepted: a kind from 0 to 6", wrong)
    message, code = start(TASK, 3)
    assert (message or "").startswith("`belongs` is 3;") and code == wrong
    message, code = start(TASK, ROOT, Option(8, None, 0))
    assert (message or "").startswith("`option` is 8;") and code == wrong
    assert start(TASK, CHILD_OF, option("remote", "{}"))[1] == wrong
    assert start(TASK, ROOT, option("remote", "none"))[1] == CONSTANTS["WITSPAN_INVALID_REMOTE"]
    assert start(TASK, ROOT, option("context", "1"))[1] == CONSTANTS["WITSPAN_INVALID_CONTEXT"]
    assert LIB.witspan_start(traced.tracer, 7, ROOT, 0, None, 0) == 0
    assert LIB.witspan_start(traced.tracer, TASK, 3, 0, None, 0) == 0
    assert traced.counter("accepted") == 0


def test_a_refused_annotation_says_why_and_the_counter_counts(traced: Traced) -> None:
    span = traced.start()
    with pytest.raises(Refused) as refused:
        traced.annotate(span, '{"metrics": 1}')
    assert refused.value.code == CONSTANTS["WITSPAN_INVALID_ARGUMENT"]
    assert "metrics" in (refused.value.message or "")
    assert traced.counter("annotations_rejected") == 1
    assert LIB.witspan_annotate(traced.tracer, span, *given("{"), None) == refused.value.code
    traced.annotate(0, "no JSON: nothing looks at it")


def test_counters_have_names(traced: Traced) -> None:
    LIB.witspan_abandon(traced.tracer, traced.start())
    LIB.witspan_finish(traced.tracer, traced.start(), 0)
    traced.spans()
    names = ("accepted", "delivered", "dropped", "dropped.unfinished", "dropped.queue_full")
    assert [traced.counter(name) for name in names] == [2, 1, 1, 1, 0]
    assert traced.counter("evaluations.dropped.trap") == traced.counter("evaluations.accepted") == 0
    for wrong in ("", "none", "dropped.none", "evaluations", "accepted.x", "dropped.", "trap"):
        with pytest.raises(Refused):
            traced.counter(wrong)


def test_a_span_of_an_earlier_tracer_is_not_taken_for_one_of_this(traced: Traced) -> None:
    other = Traced()
    theirs, ours = other.start("theirs"), traced.start("ours")
    assert theirs != ours
    with pytest.raises(Refused) as refused:
        traced.annotate(theirs, '{"input": "wrong"}')
    assert refused.value.code == CONSTANTS["WITSPAN_LOST"]
    assert LIB.witspan_finish(traced.tracer, theirs, 0) == 0
    below = LIB.witspan_start(traced.tracer, TASK, CHILD_OF, theirs, *given("below"))
    LIB.witspan_finish(traced.tracer, below, 0)
    [sent] = traced.spans()
    assert (sent["name"], sent["parent_id"]) == ("below", "undefined")
    LIB.witspan_tracer_free(other.tracer)
    LIB.witspan_recorder_free(other.recorder)


def test_numbers_that_are_no_spans_do_nothing(traced: Traced) -> None:
    span = traced.start()
    for number in (1, 2**64 - 1, 2**63 + 1, span + 1, span ^ (1 << 30), span ^ (1 << 62)):
        assert LIB.witspan_annotate(traced.tracer, number, *given("{}"), None) != 0
        assert LIB.witspan_finish(traced.tracer, number, 0) == 0
        LIB.witspan_abandon(traced.tracer, number)
    unknown = CONSTANTS["WITSPAN_UNKNOWN_SPAN"]
    assert LIB.witspan_annotate(traced.tracer, span + 1, *given("{}"), None) == unknown
    assert traced.counter("open") == 1


def test_a_trace_goes_on_in_another_tracer(traced: Traced) -> None:
    other, span = Traced(), traced.start("here")
    headers = asked(LIB.witspan_inject, traced.tracer, span, *given("accept: */*\r\n"))
    assert headers.endswith("\n") and "traceparent: " in headers and "accept" not in headers
    place = out()
    call(LIB.witspan_extract, other.tracer, *given(headers), ctypes.byref(place))
    remote = taken(place.value) or ""
    assert asked(LIB.witspan_remote_of, traced.tracer, span).startswith("{")
    there = ctypes.c_uint64()
    options = (Option * 1)(option("remote", remote))
    above = (other.tracer, TASK, ROOT, 0, None, 0, ctypes.byref(options), 1)
    call(LIB.witspan_start_with, *above, ctypes.byref(there))
    here_info = json.loads(asked(LIB.witspan_info, traced.tracer, span))
    there_info = json.loads(asked(LIB.witspan_info, other.tracer, there.value))
    assert there_info["trace_id"] == here_info["trace_id"]
    assert there_info["parent_id"] == here_info["span_id"] and "parent_id" not in here_info
    with pytest.raises(Refused) as refused:
        call(LIB.witspan_extract, other.tracer, *given("accept: */*"), ctypes.byref(place))
    assert refused.value.message and not place.value
    LIB.witspan_tracer_free(other.tracer)
    LIB.witspan_recorder_free(other.recorder)


def test_a_recorder_keeps_so_many_bytes() -> None:
    traced = Traced(most_bytes=700)
    for _ in range(2):
        LIB.witspan_finish(traced.tracer, traced.start(), 0)
        assert len(traced.spans()) == 1
    recorder = traced.recorder
    assert LIB.witspan_recorder_count(recorder) == 1
    assert LIB.witspan_recorder_refused(recorder) == 1 == traced.counter("dropped.rejected")
    assert (taken(LIB.witspan_recorder_path(recorder, 0)) or "").startswith("/")
    assert taken(LIB.witspan_recorder_body(recorder, 1)) is None
    LIB.witspan_recorder_clear(recorder)
    assert LIB.witspan_recorder_count(recorder) == LIB.witspan_recorder_refused(recorder) == 0
    # The tracer goes on with it after its owner has freed it.
    LIB.witspan_recorder_free(recorder)
    LIB.witspan_finish(traced.tracer, traced.start(), 0)
    assert LIB.witspan_shutdown(traced.tracer, 20 * SECOND, None, None) == 0
    assert traced.counter("delivered") == 2
    LIB.witspan_tracer_free(traced.tracer)


def test_after_a_shutdown_nothing_happens(traced: Traced) -> None:
    open_span = traced.start()
    LIB.witspan_finish(traced.tracer, traced.start(), 0)
    counts = ctypes.c_uint64(), ctypes.c_uint64()
    places = [ctypes.byref(count) for count in counts]
    assert LIB.witspan_is_on(traced.tracer) == 1
    assert LIB.witspan_shutdown(traced.tracer, 20 * SECOND, *places) == 0
    assert [count.value for count in counts] == [1, 1]
    assert LIB.witspan_is_on(traced.tracer) == 0
    assert traced.start() == 0
    assert LIB.witspan_annotate(traced.tracer, open_span, *given("{}"), None) != 0
    assert LIB.witspan_finish(traced.tracer, open_span, 0) == 0
    assert LIB.witspan_shutdown(traced.tracer, 20 * SECOND, *places) == 0
    assert [count.value for count in counts] == [0, 0]


def test_a_time_out_is_a_result_of_its_own() -> None:
    config = LIB.witspan_config_new()
    # Nobody answers there, and a retry waits.
    for name, value in (("override_origin", "http://127.0.0.1:9"), ("agentless_enabled", "0")):
        LIB.witspan_config_set(config, *given(name), *given(value))
    LIB.witspan_config_keep_diagnostics(config)
    tracer = LIB.witspan_tracer_start(config, None)
    LIB.witspan_config_free(config)
    LIB.witspan_finish(tracer, LIB.witspan_start(tracer, TASK, ROOT, 0, None, 0), 0)
    timed_out = CONSTANTS["WITSPAN_TIMED_OUT"]
    assert LIB.witspan_flush(tracer, SECOND // 5, None, None) == timed_out
    assert LIB.witspan_shutdown(tracer, 0, None, None) == timed_out
    [told] = json.loads(taken(LIB.witspan_diagnostics(tracer)) or "")
    assert (told["level"], told["code"]) == ("warning", "unreachable")
    LIB.witspan_tracer_free(tracer)


def test_settings_go_by_option_and_by_variable() -> None:
    traced = Traced(DD_SERVICE="a", service="b", DD_ENV="c", no_such="x", sample_rate="7")
    plan = json.loads(taken(LIB.witspan_plan(traced.tracer)) or "")
    assert (plan["settings"]["service"], plan["settings"]["env"]) == ("b", "c")
    assert plan["exit_timeout_ns"] == 2 * SECOND
    [told] = traced.diagnostics()
    assert told["code"] == "configuration" and "no_such" in told["message"]
    assert traced.diagnostics() == []
    LIB.witspan_tracer_free(traced.tracer)
    LIB.witspan_recorder_free(traced.recorder)


def test_the_environment_is_read_where_it_is_asked_for(monkeypatch) -> None:
    monkeypatch.setenv("DD_LLMOBS_ENABLED", "0")
    config = LIB.witspan_config_from_env()
    monkeypatch.setenv("DD_LLMOBS_ENABLED", "1")
    off = LIB.witspan_tracer_start(config, None)
    empty = LIB.witspan_config_new()
    LIB.witspan_config_recorder(empty, LIB.witspan_recorder_new(1))
    monkeypatch.setenv("DD_LLMOBS_ENABLED", "0")
    on = LIB.witspan_tracer_start(empty, None)
    assert (LIB.witspan_is_on(off), LIB.witspan_is_on(on)) == (0, 1)
    for tracer in (off, on):
        LIB.witspan_tracer_free(tracer)


def test_texts_of_json_and_tables() -> None:
    assert taken(LIB.witspan_json_string(*given('a"b\n\x00'))) == r'"a\"b\n\u0000"'
    assert json.loads(taken(LIB.witspan_json_string(*given(b"\xff"))) or "") == "\ufffd"
    assert "kinds" in json.loads(taken(LIB.witspan_names()) or "")
    assert LIB.witspan_text_data(None) == b"" and LIB.witspan_text_length(None) == 0


def test_no_panic_leaves_a_function() -> None:
    # What catches it, under the names that the modules give it; these run nothing that may panic.
    plain = {"interface", "version", "text_data", "text_length", "text_free", "advance"}
    catches = re.compile(r"\b(guarded|answer|settled|change|ask|part|give)\(")
    found = set()
    for source in (BINDING / "src").glob("*.rs"):
        for name, body in re.findall(
            r'extern "C" fn witspan_(\w+)(.*?\n\}\n)', source.read_text("utf-8"), flags=re.DOTALL
        ):
            found.add(name)
            assert (name in plain) != bool(catches.search(body)), name
    assert plain < found
