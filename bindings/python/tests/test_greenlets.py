"""gevent: many tasks that take turns in one thread, with Python's own waiting replaced."""

from __future__ import annotations

from python_support import Receiver, Run


def test_greenlets_that_take_turns_keep_their_own_current_span(
    receiver: Receiver, run: Run
) -> None:
    done = run("""
        from gevent import monkey
        monkey.patch_all()
        import threading, time
        import gevent
        from witspan import LLMObs
        from witspan.decorators import task, workflow
        LLMObs.enable(ml_app="app")

        @task
        def inner(n):
            time.sleep(0.01 * (5 - n))

        @workflow
        def outer(n):
            time.sleep(0.01 * n)
            with LLMObs.llm(name="ask"):
                time.sleep(0.02)
                LLMObs.annotate(input_data=str(n))
            inner(n)

        greenlets = [gevent.spawn(outer, n) for n in range(5)]
        # A thread is a greenlet now.
        thread = threading.Thread(target=outer, args=(5,))
        thread.start(); thread.join()
        gevent.joinall(greenlets)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    roots = {event["span_id"]: event for event in receiver.events if event["name"] == "outer"}
    assert len(roots) == 6 and len(receiver.events) == 18
    for event in receiver.events:
        if event["name"] != "outer":
            root = roots[event["parent_id"]]
            n = root["meta"]["input"]["value"].strip('{}"n:')
            said = event["meta"]["input"]
            asked = said["messages"][0]["content"] if event["name"] == "ask" else said["value"]
            assert n in asked, (n, asked)


def test_what_a_flush_waits_for_arrives_under_gevent(receiver: Receiver, run: Run) -> None:
    done = run("""
        from gevent import monkey
        monkey.patch_all()
        from witspan import LLMObs
        LLMObs.enable(ml_app="app")
        LLMObs.task(name="work").finish()
        flushed = LLMObs.flush(timeout=10)
        assert flushed.settled and flushed.delivered == 1, flushed
    """)
    assert (done.returncode, done.stderr) == (0, "")
