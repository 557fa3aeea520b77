"""What the library calls: the listener of diagnostics, and the processor of spans."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import pytest
from c_library import CONSTANTS, LIB, LISTENER, PROCESSOR, given
from c_support import CHECKOUT, SECOND, Traced, run


@pytest.fixture()
def traced():
    traced = Traced()
    yield traced
    LIB.witspan_shutdown(traced.tracer, 0, None, None)
    LIB.witspan_tracer_free(traced.tracer)
    LIB.witspan_recorder_free(traced.recorder)


def test_a_listener_gets_level_code_and_message() -> None:
    told: list[tuple[Any, ...]] = []
    listener = LISTENER(lambda *what: told.append(what))
    config = LIB.witspan_config_new()
    LIB.witspan_config_set(config, *given("agentless_enabled"), *given("1"))
    LIB.witspan_config_listener(config, listener, 7)
    tracer = LIB.witspan_tracer_start(config, None)
    LIB.witspan_config_free(config)
    [(data, level, code, message)] = told
    assert (data, level, code) == (7, CONSTANTS["WITSPAN_ERROR"], b"no-api-key")
    assert b"DD_API_KEY" in message
    LIB.witspan_misplaced(tracer, *given("no span is open"))
    LIB.witspan_changed(tracer, *given("`x` became `y`"))
    assert [what[1] for what in told[1:]] == [0, 0]
    assert b"no span is open" in told[1][3] and b"became" in told[2][3]
    LIB.witspan_shutdown(tracer, 0, None, None)
    LIB.witspan_tracer_free(tracer)


def test_diagnostics_go_to_standard_error_by_default() -> None:
    program = "from c_library import LIB; print(LIB.witspan_tracer_start(None, None) is None)"
    env = {"PYTHONPATH": str(CHECKOUT / "tests" / "support")}
    env |= {"DD_LLMOBS_ENABLED": "perhaps"}
    done = run(sys.executable, "-c", program, env=env)
    assert done.stdout == "False\n"
    [line] = done.stderr.splitlines()
    assert line.startswith("witspan: ") and "DD_LLMOBS_ENABLED" in line


@pytest.mark.parametrize(
    ("reply", "text", "sent"),
    [
        ("KEEP", None, "in"),
        ("REPLACE", '{"name": "new", "input": {"value": "out"}}', "out"),
        ("REPLACE", None, None),
        ("REJECT", b"wh\xffy", None),
        ("unknown", None, None),
        ("DROP", None, "dropped"),
    ],
)
def test_a_processors_reply_is_what_is_sent(traced: Traced, reply, text, sent) -> None:
    def process(data: int, event: int, length: int, place: int) -> int:
        assert data == 5 and ctypes.string_at(event)[length - 1 :] == b"}"
        if text is not None:
            LIB.witspan_reply_set(place, *given(text))
        # A span that starts inside is not kept.
        assert traced.start() == 0
        return CONSTANTS.get(f"WITSPAN_{reply}", 99)

    processor = PROCESSOR(process)
    LIB.witspan_set_processor(traced.tracer, processor, 5, 10 * SECOND)
    span = traced.start()
    traced.annotate(span, '{"input": "in"}')
    LIB.witspan_finish(traced.tracer, span, 0)
    spans = traced.spans()
    if sent == "dropped":
        assert spans == [] and traced.counter("dropped.processor") == 1
        return
    failed = "[content dropped: the processor failed]"
    assert spans[0]["meta"]["input"]["value"] == (sent or failed)
    assert traced.counter("content_dropped") == (sent is None)
    told = [what["message"] for what in traced.diagnostics()]
    assert len(told) == (sent is None)
    if reply == "REJECT":
        assert "wh\ufffdy" in told[0]
