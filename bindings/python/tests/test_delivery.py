"""Receivers that reject, fail, hang or are not there: counted, logged once, never in the way."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Any

import pytest
from python_support import Receiver, Tracing, wait_until
from receiver import free_port
from witspan import LLMObs


def send(count: int = 1) -> None:
    for _ in range(count):
        LLMObs.task().finish()


def balanced() -> dict[str, Any]:
    """The counters, which must add up."""
    counters = LLMObs.statistics()
    places = ("open", "queued", "in_flight", "delivered")
    assert counters["accepted"] == sum(counters[name] for name in places) + sum(
        counters["dropped"].values()
    )
    return counters


def test_spans_are_sent_without_a_flush(tracing: Tracing) -> None:
    send()
    wait_until(lambda: len(tracing.receiver.events) == 1)
    wait_until(lambda: LLMObs.statistics()["delivered"] == 1)


def test_flush_returns_what_became_of_the_spans(tracing: Tracing) -> None:
    open_span = LLMObs.workflow()
    send(3)
    flushed = LLMObs.flush()
    assert flushed.settled
    assert (flushed.delivered, flushed.pending, flushed.dropped) == (3, 1, {})
    open_span.finish()
    assert LLMObs.flush().pending == 0
    assert balanced()["delivered"] == 4


def test_disable_sends_what_has_finished(tracing: Tracing) -> None:
    send(1200)
    LLMObs.disable()
    assert len(tracing.receiver.events) == 1200
    assert balanced()["delivered"] == 1200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_rejected_request_is_counted_and_logged_once(tracing, log, status: int) -> None:
    tracing.receiver.statuses = [status, status]
    send(2)
    assert LLMObs.flush().dropped == {"rejected": 2}
    send()
    assert LLMObs.flush().dropped == {"rejected": 3}
    send()
    assert LLMObs.flush().delivered == 1
    assert balanced()["accepted"] == 4
    (line,) = log()
    assert str(status) in line and "dropped" in line


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_failed_request_is_sent_again_and_logged_once(tracing, log, status: int) -> None:
    tracing.receiver.headers = {"retry-after": "0"}
    tracing.receiver.statuses = [status, status]
    send(2)
    assert LLMObs.flush().delivered == 2
    assert len(tracing.receiver.events) == 2
    assert len(tracing.receiver.requests) == 3
    (line,) = log()
    assert str(status) in line


def test_a_request_that_always_fails_is_dropped_and_counted(tracing: Tracing, log) -> None:
    tracing.receiver.headers = {"retry-after": "0"}
    tracing.receiver.statuses = [500] * 8
    send(2)
    assert LLMObs.flush().dropped == {"retries_exhausted": 2}
    assert balanced()["accepted"] == 2
    tried, given_up = log()
    assert "500" in tried and "dropped and counted after the last" in given_up


def test_a_missing_key_is_counted_and_logged_once(monkeypatch, receiver: Receiver, log) -> None:
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url)
    LLMObs.enable(agentless_enabled=True)
    send(2)
    assert LLMObs.flush().dropped == {"no_api_key": 2}
    send()
    assert LLMObs.flush().dropped == {"no_api_key": 3}
    assert receiver.requests == []
    assert balanced()["accepted"] == 3
    (line,) = log()
    assert "DD_API_KEY" in line


def test_an_absent_receiver_is_logged_once_and_delays_the_end_by_2_s_at_most(
    monkeypatch, log
) -> None:
    monkeypatch.setenv("DD_TRACE_AGENT_URL", f"http://127.0.0.1:{free_port()}")
    LLMObs.enable()
    send(3)
    began = time.monotonic()
    LLMObs.disable()
    assert time.monotonic() - began < 2.8

    assert balanced()["dropped"] == {"shutdown": 3}
    unreachable, lost = log()
    assert "could not be reached" in unreachable
    assert "3 spans could not be sent in time" in lost


def test_a_receiver_that_starts_later_gets_the_queue(monkeypatch) -> None:
    port = free_port()
    monkeypatch.setenv("DD_LLMOBS_OVERRIDE_ORIGIN", f"http://127.0.0.1:{port}")
    LLMObs.enable()
    send(3)
    assert not LLMObs.flush(timeout=0.05).settled
    assert LLMObs.statistics()["delivered"] == 0

    late = Receiver(port)
    try:
        flushed = LLMObs.flush()
        assert flushed.settled and flushed.delivered == 3
        assert len(late.events) == 3
    finally:
        late.close()


def test_a_receiver_that_hangs_does_not_delay_the_application(tracing: Tracing) -> None:
    tracing.receiver.delay = 10
    send()
    assert not LLMObs.flush(timeout=0.1).settled

    began = time.monotonic()
    for _ in range(200):
        with LLMObs.task() as span:
            LLMObs.annotate(span, input_data="x" * 1000)
    assert time.monotonic() - began < 5

    began = time.monotonic()
    assert not LLMObs.flush(timeout=0.2).settled
    assert time.monotonic() - began < 5
    tracing.receiver.released.set()
    assert LLMObs.flush().delivered == 201


def test_other_threads_run_while_one_flushes(tracing: Tracing) -> None:
    tracing.receiver.delay = 10
    send()
    flushing = threading.Thread(target=LLMObs.flush)
    flushing.start()
    send(50)
    assert LLMObs.statistics()["accepted"] == 51
    assert flushing.is_alive()
    tracing.receiver.released.set()
    flushing.join()


@pytest.mark.skipif(os.name == "nt", reason="no setitimer")
def test_ctrl_c_ends_the_wait_of_a_flush(tracing: Tracing) -> None:
    tracing.receiver.delay = 10
    send()

    def ctrl_c(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, ctrl_c)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            LLMObs.flush()
        assert time.monotonic() - began < 5

        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            LLMObs.disable()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not LLMObs.enabled
    assert balanced()["dropped"] == {"shutdown": 1}


def test_finishing_threads_race_with_disable_and_lose_no_count(tracing: Tracing) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not stop.is_set():
                with LLMObs.workflow():
                    LLMObs.annotate(input_data="x", tags={"a": 1})
                    with LLMObs.task() as span:
                        LLMObs.export_span(span)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.02)
        LLMObs.disable()
        balanced()
        LLMObs.enable()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_log_handler_may_call_tracing(monkeypatch) -> None:
    handled = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno < logging.WARNING:
                return
            with LLMObs.task(name="from a log handler"):
                LLMObs.annotate(input_data=record.getMessage())
            LLMObs.statistics()
            LLMObs.enable()
            LLMObs.disable()
            handled.append(record.getMessage())

    logger = logging.getLogger("witspan")
    handler = Handler()
    logger.addHandler(handler)
    try:
        # Not a valid value, which is logged while `enable` still runs.
        monkeypatch.setenv("WITSPAN_INTAKE", "neither")
        LLMObs.enable()
        assert LLMObs.enabled
    finally:
        logger.removeHandler(handler)
    (line,) = handled
    assert "WITSPAN_INTAKE" in line


def test_a_log_handler_that_raises_does_no_harm(tracing: Tracing) -> None:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError

    logger = logging.getLogger("witspan")
    handler = Handler()
    logger.addHandler(handler)
    try:
        LLMObs.annotate(input_data="nowhere")
        tracing.receiver.statuses = [403]
        send()
        assert LLMObs.flush().dropped == {"rejected": 1}
    finally:
        logger.removeHandler(handler)
