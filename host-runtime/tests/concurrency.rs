//! Many threads, one tracer.

use crate::common::*;
use serde_json::json;
use std::sync::Barrier;
use witspan::{Clock, Parent, SpanKind, SpanRef};

#[test]
fn traces_of_many_threads_arrive_whole_and_apart() {
    const THREADS: usize = 8;
    const TRACES: usize = 60;
    let receiver = Receiver::start();
    let mut config = direct(&receiver);
    // Sending goes on all the while.
    config.set("batch_age_ns", 1_000_000);
    let tracer = start(config);
    let together = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (tracer, together) = (&tracer, &together);
            scope.spawn(move || {
                together.wait();
                for trace in 0..TRACES {
                    let id = format!("{thread}.{trace}");
                    let root = tracer.span(SpanKind::Workflow).name(&id).start().expect("a root");
                    root.annotate(&json!({"tags": {"of": id}})).expect("valid");
                    let mut above = root;
                    let mut opened = Vec::new();
                    for depth in 0..3 {
                        let name = format!("{id}.{depth}");
                        let span =
                            above.child(SpanKind::Task).name(&name).start().expect("a child");
                        span.annotate(&json!({"tags": {"of": id}})).expect("valid");
                        opened.push(std::mem::replace(&mut above, span));
                    }
                    above.finish();
                    opened.into_iter().rev().for_each(witspan::Span::finish);
                    counters(tracer);
                }
            });
        }
    });
    let total = THREADS * TRACES * 4;
    let sent = shutdown(&tracer);
    assert_eq!((sent.delivered, sent.dropped_total()), (total as u64, 0));

    let spans = receiver.spans();
    let spans = by_name(&spans);
    assert_eq!(spans.len(), total);
    for thread in 0..THREADS {
        for trace in 0..TRACES {
            let id = format!("{thread}.{trace}");
            let mut above = spans[id.as_str()];
            assert!(above.is_root());
            for depth in 0..3 {
                let span = spans[format!("{id}.{depth}").as_str()];
                assert!(span.is_child_of(above), "{id}");
                assert!(span.has_tag(&format!("of:{id}")), "{id}");
                above = span;
            }
        }
    }
    let mut traces: Vec<&str> = spans.values().map(|span| span.trace_id.as_str()).collect();
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces.len(), THREADS * TRACES, "each trace has an id of its own");
}

#[test]
fn a_span_may_be_finished_by_another_thread() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let root = tracer.span(SpanKind::Agent).name("root").start().expect("a root");
    let child = root.child(SpanKind::Task).name("handed on").start().expect("a child");
    let elsewhere = std::thread::spawn(move || {
        child.annotate(&json!({"output": "done elsewhere"})).expect("valid");
        let below = child.child(SpanKind::Tool).name("below").start().expect("a child");
        below.finish();
        child.finish();
    });
    elsewhere.join().expect("no panic");
    root.finish();
    assert_eq!(shutdown(&tracer).delivered, 3);
    let spans = receiver.spans();
    let spans = by_name(&spans);
    assert!(spans["handed on"].is_child_of(spans["root"]));
    assert!(spans["below"].is_child_of(spans["handed on"]));
    assert_eq!(spans["handed on"].event["meta"]["output"]["value"], "done elsewhere");
}

#[test]
fn children_of_one_span_may_be_made_by_many_threads() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let root = tracer.span(SpanKind::Workflow).name("root").start().expect("a root");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let root = &root;
            scope.spawn(move || {
                for n in 0..50 {
                    let name = format!("{thread}.{n}");
                    root.child(SpanKind::Task).name(&name).start().expect("a child").finish();
                }
            });
        }
    });
    root.finish();
    assert_eq!(shutdown(&tracer).delivered, 401);
    let spans = receiver.spans();
    let spans = by_name(&spans);
    assert!(spans.values().filter(|span| !span.is_root()).all(|s| s.is_child_of(spans["root"])));
    assert_eq!(spans.len(), 401);
}

#[test]
fn spans_may_finish_in_any_order() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let root = tracer.span(SpanKind::Workflow).name("root").start().expect("a root");
    let child = root.child(SpanKind::Task).name("child").start().expect("a child");
    let below = child.child(SpanKind::Task).name("below").start().expect("a child");
    root.finish();
    child.finish();
    below.finish();
    assert_eq!(shutdown(&tracer).delivered, 3);
    let spans = receiver.spans();
    let spans = by_name(&spans);
    assert!(spans["child"].is_child_of(spans["root"]));
    assert!(spans["below"].is_child_of(spans["child"]));
}

#[test]
fn a_child_of_a_finished_parent_stays_in_its_trace() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let start = |parent, name| {
        tracer.start_span(SpanKind::Task, parent, Some(name), &[]).expect("it starts")
    };
    let root = start(Parent::Root, "root");
    let parent = start(Parent::ChildOf(root), "parent");
    tracer.finish(parent, None, None);
    // Whoever was inside the parent is now inside its parent, and so are those it names exactly.
    let current = start(Parent::Current(parent), "current");
    let exact = start(Parent::ChildOf(parent), "exact");
    tracer.finish(current, None, None);
    tracer.finish(exact, None, None);
    tracer.finish(root, None, None);
    flush(&tracer);
    let late = start(Parent::Current(parent), "late");
    tracer.finish(late, None, None);
    assert_eq!(shutdown(&tracer).delivered, 5);

    let spans = receiver.spans();
    let spans = by_name(&spans);
    assert!(spans["current"].is_child_of(spans["root"]));
    assert!(spans["exact"].is_child_of(spans["parent"]));
    assert!(spans["late"].is_child_of(spans["parent"]), "also after everything was sent");
}

#[test]
fn finishing_says_which_span_is_current_again() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let start = |parent| tracer.start_span(SpanKind::Task, parent, None, &[]).expect("it starts");
    let root = start(Parent::Root);
    let middle = start(Parent::Current(root));
    let leaf = start(Parent::Current(middle));
    tracer.finish(middle, None, None);
    assert_eq!(tracer.finish(leaf, None, None), Some(root));
    assert_eq!(tracer.finish(leaf, None, None), Some(root), "a second call changes nothing");
    assert_eq!(tracer.finish(root, None, None), None);
    assert_eq!(tracer.finish(SpanRef::NONE, None, None), None);
    assert_eq!(shutdown(&tracer).delivered, 3);
}

#[test]
fn the_same_calls_at_the_same_time_make_the_same_bytes() {
    let body = || {
        let receiver = Receiver::start();
        let mut config = direct(&receiver);
        let clock = Clock::fixed(1_700_000_000_000_000_000);
        config.clock = clock.clone();
        let tracer = start(config);
        let root = tracer.span(SpanKind::Workflow).start().expect("a root");
        clock.advance(1_500);
        root.child(SpanKind::Llm).start().expect("a child").finish();
        root.finish();
        shutdown(&tracer);
        receiver.requests().remove(0).body
    };
    let (first, second) = (body(), body());
    assert_eq!(String::from_utf8_lossy(&first), String::from_utf8_lossy(&second));
    assert!(String::from_utf8_lossy(&first).contains("\"duration\":1500,"));
}

#[test]
fn tracers_side_by_side_keep_their_spans_apart() {
    let receivers = [Receiver::start(), Receiver::start()];
    let tracers = [start(direct(&receivers[0])), start(direct(&receivers[1]))];
    for (n, tracer) in tracers.iter().enumerate() {
        make_many(tracer, &format!("of{n}-"), 10);
    }
    for (n, tracer) in tracers.iter().enumerate() {
        assert_eq!(shutdown(tracer).delivered, 10);
        let spans = receivers[n].spans();
        assert!(spans.iter().all(|span| span.name.starts_with(&format!("of{n}-"))));
    }
}
