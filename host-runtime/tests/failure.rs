//! What is lost when something fails, and that it is counted: a core that traps, memory that is
//! used up, spans that are never finished.

use crate::common::*;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use witspan::{Clock, Config, DropReason, Error, Notice, Parent, SpanKind, SpanRef, Topic, Tracer};

/// Annotating with this ends the instance of the component that is built for tests.
pub(crate) fn trap() -> Value {
    json!({"input": "witspan.test.trap"})
}

/// Runs the component that can be made to trap.
pub(crate) fn trapping(mut config: Config) -> Config {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/component/witspan-trap.cwasm");
    let bytes = std::fs::read(path)
        .unwrap_or_else(|error| panic!("`{path}`: {error}; build it with `just component-trap`"));
    // SAFETY: our own build tool wrote the file.
    unsafe { config.set_component(bytes) };
    config.set("request_timeout", LONG.as_secs_f64());
    config
}

/// Settings with which all spans are in one instance: its trap is everyone's.
pub(crate) fn alone(mut config: Config) -> Config {
    config.clock = Clock::fixed(1_700_000_000_000_000_000);
    config
}

fn root(tracer: &Tracer, name: &str) -> witspan::Span {
    tracer.span(SpanKind::Task).name(name).start().expect("a root")
}

fn assert_lost(result: Result<(), Error>) {
    assert_eq!(result, Err(Error::Lost));
}

#[test]
fn a_trap_loses_what_its_instance_held_and_exactly_that_is_counted() {
    let receiver = Receiver::scripted([Answer::status(202), Answer::status(202).held()]);
    let mut config = trapping(alone(direct(&receiver)));
    let heard = Heard::listen(&mut config);
    let tracer = start(config);

    make_many(&tracer, "delivered", 5);
    flush(&tracer);
    make_many(&tracer, "under way", 2);
    assert!(!tracer.flush(SHORT).settled);
    receiver.wait_for(2);
    make_many(&tracer, "queued", 3);
    let open: Vec<_> = (0..4).map(|n| root(&tracer, &format!("open{n}"))).collect();
    drop(root(&tracer, "abandoned"));
    let before = counters(&tracer);
    assert_eq!((before.accepted, before.open, before.queued), (15, 4, 3));
    assert_eq!((before.in_flight, before.delivered), (2, 5));

    assert_lost(open[0].annotate(&trap()));
    let after = counters(&tracer);
    assert_eq!(losses(&after), [(DropReason::Unfinished, 1), (DropReason::Trap, 7)]);
    assert_eq!((after.accepted, after.open, after.queued), (15, 0, 0));
    assert_eq!((after.in_flight, after.delivered, after.bytes), (2, 5, 0));
    assert_eq!(after.annotations_rejected, 1);
    assert!(heard.one(Topic::Trap).contains("7 spans were lost"));

    // What was under way does not need the instance to arrive.
    receiver.release();
    make(&tracer, "after");
    let ended = shutdown(&tracer);
    let expected = [(DropReason::Unfinished, 1), (DropReason::Trap, 7)];
    assert_eq!(losses(&ended), expected);
    assert_eq!((ended.accepted, ended.delivered), (16, 8));
    let spans = receiver.spans();
    let names = by_name(&spans);
    assert_eq!(names.len(), 8);
    assert!(names.contains_key("after") && names.contains_key("under way1"));
}

#[test]
fn calls_with_spans_of_a_dead_instance_do_nothing() {
    let receiver = Receiver::start();
    let tracer = start(trapping(alone(direct(&receiver))));
    let above = root(&tracer, "above");
    let below = above.child(SpanKind::Task).name("below").start().expect("a child");
    assert_lost(below.annotate(&trap()));

    assert_lost(below.annotate(&json!({"input": "more"})));
    assert_eq!(above.context().expect_err("it is lost"), Error::Lost);
    below.finish();
    let orphan = above.child(SpanKind::Task).name("orphan").start().expect("it begins anew");
    orphan.finish();
    drop(above);

    let ended = shutdown(&tracer);
    assert_eq!(losses(&ended), [(DropReason::Trap, 2)]);
    assert_eq!((ended.accepted, ended.delivered), (3, 1));
    assert_eq!(ended.annotations_rejected, 2, "what annotations carried is counted");
    assert!(named(&receiver.spans(), "orphan").is_root());
}

#[test]
fn handles_of_a_dead_instance_never_name_spans_of_its_successor() {
    let receiver = Receiver::start();
    let tracer = start(trapping(alone(direct(&receiver))));
    let start = |name| tracer.start_span(SpanKind::Task, Parent::Root, Some(name), &[]);
    let dead = start("dead").expect("a root");
    assert_eq!(tracer.annotate(dead, &trap().to_string()), Err(Error::Lost));
    // The first span of the next instance has the same number inside.
    let alive = start("alive").expect("a root");
    tracer.finish(dead, None, None);
    tracer.abandon(dead);
    assert_eq!(tracer.annotate(dead, r#"{"input": "wrong"}"#), Err(Error::Lost));
    assert_eq!(counters(&tracer).open, 1);
    tracer.finish(alive, None, None);
    assert_eq!(shutdown(&tracer).delivered, 1);
    assert_eq!(named(&receiver.spans(), "alive").event["meta"]["input"], Value::Null);
}

#[test]
fn what_was_under_way_at_a_trap_and_fails_is_lost_by_the_trap() {
    let receiver = Receiver::scripted([Answer::status(503).held()]);
    let tracer = start(trapping(alone(direct(&receiver))));
    make_many(&tracer, "under way", 2);
    assert!(!tracer.flush(SHORT).settled);
    receiver.wait_for(1);
    let open = root(&tracer, "open");
    assert_lost(open.annotate(&trap()));
    assert_eq!(counters(&tracer).in_flight, 2);
    receiver.release();
    let ended = shutdown(&tracer);
    assert_eq!(losses(&ended), [(DropReason::Trap, 3)]);
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_request_that_waits_to_be_sent_again_at_a_trap_has_one_more_attempt() {
    let pause = Answer::status(429).header("x-ratelimit-reset", "0.5");
    let receiver = Receiver::scripted([pause]);
    let mut config = trapping(alone(direct(&receiver)));
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    make(&tracer, "again");
    assert!(!tracer.flush(SHORT).settled);
    heard.one(Topic::Unreachable);
    assert_lost(root(&tracer, "open").annotate(&trap()));
    let ended = shutdown(&tracer);
    assert_eq!((ended.delivered, ended.dropped_total()), (1, 1));
    assert_eq!(receiver.requests().len(), 2);
}

#[test]
fn a_core_that_fails_repeatedly_is_restarted_each_time_with_one_notice() {
    let receiver = Receiver::start();
    let mut config = trapping(alone(direct(&receiver)));
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    for round in 0..5 {
        make(&tracer, &format!("sent{round}"));
        flush(&tracer);
        make(&tracer, "lost");
        assert_lost(root(&tracer, "trap").annotate(&trap()));
    }
    let ended = shutdown(&tracer);
    assert_eq!(losses(&ended), [(DropReason::Trap, 10)]);
    assert_eq!(ended.delivered, 5);
    assert_eq!(by_name(&receiver.spans()).len(), 5);
    heard.one(Topic::Trap);
}

#[test]
fn traps_under_many_threads_leave_no_span_uncounted() {
    let receiver = Receiver::start();
    let mut config = trapping(direct(&receiver));
    config.set("batch_age_ns", 1_000_000);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    let made = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..6 {
            let (tracer, made) = (&tracer, &made);
            scope.spawn(move || {
                for n in 0..200 {
                    let above = root(tracer, &format!("{thread}.{n}"));
                    let name = format!("{thread}.{n}.tool");
                    let below = above.child(SpanKind::Tool).name(&name).start().expect("a child");
                    made.fetch_add(2, Ordering::Relaxed);
                    if n % 40 == thread {
                        let _ = below.annotate(&trap());
                    }
                    below.finish();
                    above.finish();
                    counters(tracer);
                }
            });
        }
    });
    let ended = shutdown(&tracer);
    assert_eq!(ended.accepted, made.into_inner());
    assert_eq!(ended.delivered + ended.dropped_for(DropReason::Trap), ended.accepted);
    assert!(ended.dropped_for(DropReason::Trap) >= 2);
    assert_eq!(by_name(&receiver.spans()).len() as u64, ended.delivered);
    heard.one(Topic::Trap);
}

#[test]
fn a_full_queue_drops_the_newest_and_stays_within_its_bound() {
    let receiver = Receiver::start();
    let mut config = alone(direct(&receiver));
    config.set("queue_bytes", 50_000);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    for n in 0..100 {
        let span = root(&tracer, &format!("span{n}"));
        span.annotate(&json!({"input": "x".repeat(1_000)})).expect("valid");
        span.finish();
        assert!(counters(&tracer).bytes <= 50_000);
    }
    let full = counters(&tracer);
    assert_eq!(losses(&full), [(DropReason::QueueFull, 100 - full.queued)]);
    assert!(full.queued > 20 && full.queued < 50, "{full:?}");
    assert!(heard.one(Topic::Full).contains("too much memory"));

    assert_eq!(flush(&tracer).delivered, full.queued);
    make(&tracer, "room again");
    assert_eq!(shutdown(&tracer).delivered, full.queued + 1);
    let spans = receiver.spans();
    let kept = by_name(&spans);
    assert!((0..full.queued).all(|n| kept.contains_key(format!("span{n}").as_str())));
}

#[test]
fn the_queue_stays_within_its_bound_while_nobody_answers() {
    let receiver = Receiver::scripted([Answer::status(202).held()]);
    let mut config = alone(direct(&receiver));
    config.set("request_timeout", LONG.as_secs_f64());
    config.set("queue_bytes", 20_000);
    config.set("batch_spans", 5);
    let tracer = start(config);
    make_many(&tracer, "first", 5);
    receiver.wait_for(1);
    make_many(&tracer, "later", 200);
    let full = counters(&tracer);
    assert_eq!(full.in_flight, 5);
    assert!(full.bytes <= 20_000 + 1_000, "{full:?}");
    assert_eq!(losses(&full), [(DropReason::QueueFull, 200 - full.queued)]);
    receiver.release();
    assert_eq!(shutdown(&tracer).delivered, 5 + full.queued);
}

#[test]
fn spans_beyond_the_memory_for_open_spans_are_dropped_with_their_children() {
    let receiver = Receiver::start();
    let mut config = alone(direct(&receiver));
    config.set("open_bytes", 10_000);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    let start = |parent| tracer.start_span(SpanKind::Task, parent, None, &[]).expect("it starts");
    let spans: Vec<SpanRef> = (0..30).map(|_| start(Parent::Root)).collect();
    let refused = spans.iter().filter(|span| span.is_none()).count() as u64;
    assert!(refused > 5 && refused < 15, "{refused}");
    assert!(spans[29].is_none());
    let counted = counters(&tracer);
    assert_eq!((counted.accepted, counted.open), (30, 30 - refused));
    assert_eq!(losses(&counted), [(DropReason::OpenFull, refused)]);
    assert!(counted.bytes < 11_000);
    assert!(heard.one(Topic::Full).contains("open spans"));

    // Whatever is done with a span that is not kept does nothing; its children are counted too.
    assert_eq!(tracer.annotate(spans[29], "not even JSON"), Ok(Vec::new()));
    let below = start(Parent::ChildOf(spans[29]));
    assert!(below.is_none());
    tracer.finish(below, None, None);
    tracer.finish(spans[29], None, None);
    let counted = counters(&tracer);
    assert_eq!(losses(&counted), [(DropReason::OpenFull, refused + 1)]);
    assert_eq!(counted.accepted, 31);

    for span in &spans {
        tracer.finish(*span, None, None);
    }
    make(&tracer, "room again");
    let ended = shutdown(&tracer);
    assert_eq!((ended.delivered, ended.accepted), (31 - refused, 32));
}

#[test]
fn an_annotation_beyond_the_memory_for_open_spans_is_rejected_and_its_span_arrives() {
    let receiver = Receiver::start();
    let mut config = alone(direct(&receiver));
    config.set("open_bytes", 10_000);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    let span = root(&tracer, "modest");
    span.annotate(&json!({"input": "kept"})).expect("there is room");
    let long = json!({"input": "x".repeat(20_000)});
    assert_eq!(span.annotate(&long), Err(Error::MemoryFull));
    span.finish();
    let ended = shutdown(&tracer);
    assert_eq!((ended.delivered, ended.annotations_rejected), (1, 1));
    assert_eq!(named(&receiver.spans(), "modest").event["meta"]["input"]["value"], "kept");
    heard.one(Topic::Full);
}

#[test]
fn the_longest_texts_of_an_event_that_is_too_long_are_cut_and_marked() {
    for agent in [false, true] {
        let receiver = Receiver::start();
        let mut config = if agent { through_agent(&receiver) } else { direct(&receiver) };
        config.set("event_bytes", 3_000);
        let tracer = start(config);
        let span = tracer.span(SpanKind::Workflow).name("long").start().expect("a root");
        span.annotate(&json!({"input": "x".repeat(10_000), "output": "short", "tags": {"a": "b"}}))
            .expect("valid");
        span.finish();
        let ended = shutdown(&tracer);
        assert_eq!((ended.delivered, ended.cut), (1, 1));
        let spans = receiver.spans();
        let event = &named(&spans, "long").event;
        let input = event["meta"]["input"]["value"].as_str().expect("a text");
        assert!(input.starts_with("xxx") && input.contains("[cut: "), "{input}");
        assert_eq!(event["meta"]["output"]["value"], "short");
        assert!(spans[0].has_tag("a:b") && spans[0].has_tag("witspan.cut:input"));
        assert!(event.to_string().len() <= 3_000);
    }
}

#[test]
fn an_event_that_is_still_too_long_is_counted() {
    let receiver = Receiver::start();
    let mut config = direct(&receiver);
    config.set("event_bytes", 3_000);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    let span = root(&tracer, "long");
    // Numbers are never cut.
    let metrics: serde_json::Map<String, Value> =
        (0..500).map(|n| (format!("metric{n}"), json!(n))).collect();
    span.annotate(&json!({"metrics": metrics})).expect("valid");
    span.finish();
    make(&tracer, "short");
    let ended = shutdown(&tracer);
    assert_eq!(losses(&ended), [(DropReason::TooLarge, 1)]);
    assert_eq!(ended.delivered, 1);
    heard.one(Topic::Full);
}

#[test]
fn an_abandoned_span_is_counted_as_unfinished_and_not_sent() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let above = root(&tracer, "above");
    drop(above.child(SpanKind::Task).name("given up").start().expect("a child"));
    above.finish();
    let ended = shutdown(&tracer);
    assert_eq!(losses(&ended), [(DropReason::Unfinished, 1)]);
    assert_eq!(ended.delivered, 1);
    named(&receiver.spans(), "above");
}

#[test]
fn shutdown_counts_open_spans_as_unfinished() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let open: Vec<_> = (0..5).map(|n| root(&tracer, &format!("open{n}"))).collect();
    make(&tracer, "finished");
    let ended = shutdown(&tracer);
    assert_eq!((ended.delivered, ended.dropped_total()), (1, 5));
    assert_eq!(losses(&ended), [(DropReason::Unfinished, 5)]);
    drop(open);
    assert_eq!(counters(&tracer), ended);
}

#[test]
fn a_wrong_annotation_is_an_error_with_the_field_and_nothing_of_it_is_kept() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let span = root(&tracer, "span");
    let wrong = span.annotate(&json!({"input": "kept?", "metrics": "fast"}));
    let Err(Error::InvalidArgument { field, message }) = wrong else { panic!("{wrong:?}") };
    assert_eq!(field, "metrics");
    assert!(message.contains("`metrics`"), "{message}");
    span.finish();
    let ended = shutdown(&tracer);
    assert_eq!((ended.annotations_rejected, ended.delivered), (1, 1));
    assert_eq!(receiver.spans()[0].event["meta"]["input"], Value::Null);
}

#[test]
fn an_annotation_after_the_end_is_counted_with_one_notice() {
    let receiver = Receiver::start();
    let mut config = direct(&receiver);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    let span = tracer.start_span(SpanKind::Task, Parent::Root, None, &[]).expect("a root");
    tracer.finish(span, None, None);
    for _ in 0..3 {
        assert_eq!(tracer.annotate(span, "{}"), Err(Error::SpanFinished));
    }
    tracer.misplaced_annotation("no span is current");
    assert_eq!(counters(&tracer).annotations_rejected, 4);
    heard.one(Topic::Misplaced);
    shutdown(&tracer);
}

#[test]
fn each_kind_of_notice_is_shown_once() {
    let receiver = Receiver::start().otherwise(Answer::status(400));
    let mut config = direct(&receiver);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    for n in 0..4 {
        make(&tracer, &format!("refused{n}"));
        flush(&tracer);
    }
    assert_eq!(receiver.requests().len(), 4);
    assert_eq!(shutdown(&tracer).dropped_for(DropReason::Rejected), 4);
    assert_eq!(heard.all().len(), 1, "{:?}", heard.all());
}

#[test]
fn a_listener_may_use_its_own_tracer() {
    let receiver = Receiver::scripted([Answer::status(400)]);
    let mut config = trapping(alone(direct(&receiver)));
    config.set("queue_bytes", 2_000);
    let mine: Arc<OnceLock<Tracer>> = Arc::default();
    let told = Arc::new(AtomicU64::new(0));
    let (tracer, count) = (mine.clone(), told.clone());
    config.listener = Some(Arc::new(move |_: &Notice| {
        if let Some(tracer) = tracer.get() {
            make(tracer, "from the listener");
            counters(tracer);
            count.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let tracer = start(config);
    assert!(mine.set(tracer.clone()).is_ok());
    let done = Arc::new(AtomicBool::new(false));
    let finished = done.clone();
    // On a thread of its own: a deadlock must end this test, too.
    std::thread::spawn(move || {
        make(&tracer, "refused");
        tracer.flush(PATIENCE);
        make_many(&tracer, "too many", 20);
        assert_lost(root(&tracer, "trap").annotate(&trap()));
        tracer.shutdown(PATIENCE);
        finished.store(true, Ordering::Release);
    });
    wait_until("no call waits for another", || done.load(Ordering::Acquire));
    assert_eq!(told.load(Ordering::Relaxed), 3, "rejected, full, trap");
}

#[test]
fn an_invalid_setting_gives_a_notice_with_its_name_and_the_default_applies() {
    let receiver = Receiver::start();
    let mut wrong = direct(&receiver);
    wrong.set("ml_app", "").set("attempts", 0).set("attemps", 3);
    let heard = Heard::listen(&mut wrong);
    let tracer = start(wrong);
    let told = heard.one(Topic::Configuration);
    assert!(told.contains("`attempts` is `0`; accepted: a whole number from 1"), "{told}");
    assert!(told.contains("`attemps` is not an option"), "{told}");
    make(&tracer, "one");
    assert_eq!(shutdown(&tracer).delivered, 1);
    assert!(receiver.spans()[0].has_tag("ml_app:tests"));
}

#[test]
fn no_call_of_a_tracer_that_is_off_does_anything_or_fails() {
    let tracer = start(config(&[("DD_LLMOBS_ENABLED", "0")]));
    assert!(!tracer.is_on());
    let span = root(&tracer, "nothing");
    span.annotate(&trap()).expect("nothing happens");
    span.child(SpanKind::Llm).start().expect("nothing happens").finish();
    span.finish();
    assert_eq!(flush(&tracer), witspan::Statistics::default());
    assert_eq!(shutdown(&tracer), witspan::Statistics::default());
}
