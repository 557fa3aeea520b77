//! The application's processor, which sees every span before it is sent.

use crate::common::*;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use witspan::{DropReason, Processed, SpanKind, Topic, Tracer};

const LIMIT: Duration = Duration::from_secs(20);

fn process(tracer: &Tracer, run: impl Fn(&str) -> Processed + Send + Sync + 'static) {
    tracer.set_processor(Some((Box::new(run), LIMIT)));
}

/// Makes a finished span with a secret in it.
fn tell_secret(tracer: &Tracer, name: &str) {
    let span = tracer.span(SpanKind::Task).name(name).start().expect("a root");
    span.annotate(&json!({"input": "the secret", "metadata": {"who": "secret"}})).expect("right");
    span.finish();
}

/// All that arrived, as text.
fn arrived(receiver: &Receiver) -> String {
    let bodies = receiver.requests().into_iter().map(|request| request.body);
    bodies.map(|body| String::from_utf8(body).expect("UTF-8")).collect()
}

#[test]
fn a_processor_sees_what_was_annotated_and_redacts_what_is_sent() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let events = seen.clone();
    process(&tracer, move |event| {
        events.lock().expect("no panic").push(event.to_owned());
        Processed::Changed(event.replace("secret", "***"))
    });
    tell_secret(&tracer, "told");
    let ended = shutdown(&tracer);
    assert_eq!((ended.delivered, ended.content_dropped), (1, 0));
    let event: Value = serde_json::from_str(&seen.lock().expect("no panic")[0]).expect("JSON");
    assert_eq!((&event["kind"], &event["name"]), (&json!("task"), &json!("told")));
    assert_eq!(event["input"]["value"], "the secret");
    let sent = arrived(&receiver);
    assert!(!sent.contains("secret") && sent.contains("the ***"), "{sent}");
}

#[test]
fn a_processor_drops_spans_and_that_is_counted() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    process(&tracer, |event| match event.contains("noise") {
        true => Processed::Drop,
        false => Processed::Changed(event.to_owned()),
    });
    make(&tracer, "noise");
    make(&tracer, "signal");
    assert_eq!(losses(&counters(&tracer)), [(DropReason::Processor, 1)]);
    let ended = shutdown(&tracer);
    assert_eq!((ended.accepted, ended.delivered), (2, 1));
    assert!(named(&receiver.spans(), "signal").is_root());
}

#[test]
fn a_processor_that_fails_in_any_way_drops_the_content_with_one_notice() {
    type Failing = fn(&str) -> Processed;
    let failing: [(Failing, &str); 3] = [
        (|_| Processed::Failed("no mood".to_owned()), "no mood"),
        (|_| panic!("out of order"), "out of order"),
        (|_| Processed::Changed("nonsense".to_owned()), "not return a valid event"),
    ];
    for (fails, why) in failing {
        let receiver = Receiver::start();
        let mut config = direct(&receiver);
        let heard = Heard::listen(&mut config);
        let tracer = start(config);
        process(&tracer, fails);
        tell_secret(&tracer, "one");
        tell_secret(&tracer, "two");
        let ended = shutdown(&tracer);
        assert_eq!((ended.delivered, ended.content_dropped), (2, 2), "{why}");
        let sent = arrived(&receiver);
        assert!(
            !sent.contains("secret") && sent.contains("witspan.content_dropped"),
            "{why}: {sent}"
        );
        assert!(heard.one(Topic::Processor).contains(why));
    }
}

#[test]
fn a_processor_that_takes_too_long_holds_up_its_thread_only_and_its_span_goes_without_content() {
    let receiver = Receiver::start();
    let mut config = direct(&receiver);
    config.set("batch_age_ns", 1_000_000);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    let (go_on, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let slow = move |event: &str| {
        if event.contains("slow") {
            let _ = wait.lock().expect("no panic").recv();
        }
        Processed::Changed(event.to_owned())
    };
    tracer.set_processor(Some((Box::new(slow), Duration::from_millis(50))));
    std::thread::scope(|scope| {
        scope.spawn(|| tell_secret(&tracer, "slow"));
        // Nobody else has to do anything for it.
        wait_until("it is sent", || !receiver.spans().is_empty());
        assert!(!arrived(&receiver).contains("secret"));
        make(&tracer, "quick");
        go_on.send(()).expect("it waits");
    });
    let ended = shutdown(&tracer);
    assert_eq!((ended.delivered, ended.content_dropped), (2, 1));
    assert!(heard.one(Topic::Processor).contains("longer than 50ms"));
    by_name(&receiver.spans());
}

#[test]
fn a_processor_may_use_the_tracer_but_its_own_spans_are_not_kept() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let open =
        Mutex::new(Some(tracer.span(SpanKind::Task).name("x-open").start().expect("a root")));
    let inside = tracer.clone();
    process(&tracer, move |event| {
        make(&inside, "inside");
        // A span of before that it finishes is looked at afterwards.
        if let Some(span) = open.lock().expect("no panic").take() {
            span.finish();
        }
        inside.statistics();
        Processed::Changed(event.replace("x-", "y-"))
    });
    make(&tracer, "x-one");
    make(&tracer, "x-two");
    // It holds a clone of the tracer.
    tracer.set_processor(None);
    let ended = shutdown(&tracer);
    assert_eq!((ended.accepted, ended.delivered, ended.content_dropped), (3, 3, 0));
    let spans = receiver.spans();
    let mut names: Vec<&str> = by_name(&spans).into_keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["y-one", "y-open", "y-two"]);
}

#[test]
fn many_threads_have_their_spans_processed_and_all_are_counted() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    process(&tracer, |event| match event.contains(".7\"") {
        true => Processed::Drop,
        false => Processed::Changed(event.replace("secret", "***")),
    });
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let tracer = &tracer;
            scope.spawn(move || {
                for n in 0..50 {
                    tell_secret(tracer, &format!("{thread}.{n}"));
                    counters(tracer);
                }
            });
        }
    });
    let ended = shutdown(&tracer);
    assert_eq!((ended.accepted, ended.delivered, ended.content_dropped), (200, 196, 0));
    assert_eq!(losses(&ended), [(DropReason::Processor, 4)]);
    assert!(!arrived(&receiver).contains("secret"));
    assert_eq!(by_name(&receiver.spans()).len(), 196);
}

#[test]
fn a_trap_loses_what_waited_for_the_processor_and_later_instances_have_it_too() {
    let receiver = Receiver::start();
    let tracer = start(crate::failure::trapping(crate::failure::alone(direct(&receiver))));
    let doomed = tracer.span(SpanKind::Task).start().expect("a root");
    let inside = Mutex::new(Some(doomed));
    process(&tracer, move |event| {
        if let Some(span) = inside.lock().expect("no panic").take() {
            let _ = span.annotate(&crate::failure::trap());
        }
        Processed::Changed(event.replace("secret", "***"))
    });
    tell_secret(&tracer, "lost");
    assert_eq!(losses(&counters(&tracer)), [(DropReason::Trap, 2)]);
    tell_secret(&tracer, "redacted");
    let ended = shutdown(&tracer);
    assert_eq!((ended.accepted, ended.delivered), (3, 1));
    assert!(!arrived(&receiver).contains("secret"));
}
