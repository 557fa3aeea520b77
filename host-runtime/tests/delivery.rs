//! How finished spans reach the intake, and what becomes of them if it rejects them or does not answer.

use crate::common::*;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use witspan::{DropReason, SpanKind, Topic, Tracer};

const PUBLIC_PATH: &str = "/api/intake/llm-obs/v1/trace/spans";
const AGENT_PATH: &str = "/evp_proxy/v2/api/v2/llmobs";

/// An answer with a search and a call of a model below it.
fn make_trace(tracer: &Tracer) {
    let answer = tracer.span(SpanKind::Workflow).name("answer").start().expect("a root");
    let search = answer.child(SpanKind::Retrieval).name("search").start().expect("a child");
    search.annotate(&json!({"input": "sky", "output": [{"text": "blue"}]})).expect("valid");
    search.finish();
    let call = answer.child(SpanKind::Llm).name("call").model("m", "p").start().expect("a child");
    let retry = call.child(SpanKind::Tool).name("retry").start().expect("a grandchild");
    retry.fail(&std::io::Error::other("no dictionary"));
    call.annotate(&json!({"input": "why?", "output": "so", "metrics": {"input_tokens": 3}}))
        .expect("valid");
    call.finish();
    answer.finish();
}

fn assert_is_the_trace(spans: &[Sent]) {
    let spans = by_name(spans);
    assert_eq!(spans.len(), 4, "{:?}", spans.keys());
    assert!(spans["answer"].is_root());
    assert!(spans["search"].is_child_of(spans["answer"]));
    assert!(spans["call"].is_child_of(spans["answer"]));
    assert!(spans["retry"].is_child_of(spans["call"]));
    assert_eq!(spans["retry"].event["status"], "error");
    assert_eq!(spans["retry"].event["meta"]["error"]["message"], "no dictionary");
    assert_eq!(spans["call"].event["meta"]["input"]["messages"][0]["content"], "why?");
    assert_eq!(spans["call"].event["metrics"]["input_tokens"], 3);
}

#[test]
fn a_trace_arrives_once_with_its_parents_in_the_public_format() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    make_trace(&tracer);
    let sent = shutdown(&tracer);
    assert_eq!((sent.delivered, sent.dropped_total()), (4, 0));

    let requests = receiver.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", PUBLIC_PATH));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("dd-api-key"), Some(KEY));
    assert_eq!(request.header("x-datadog-evp-subdomain"), None);
    assert_is_the_trace(&request.spans());
}

#[test]
fn a_trace_arrives_once_with_its_parents_through_an_agent_and_without_the_key() {
    let receiver = Receiver::start();
    let tracer = start(through_agent(&receiver));
    make_trace(&tracer);
    let sent = shutdown(&tracer);
    assert_eq!((sent.delivered, sent.dropped_total()), (4, 0));

    let requests = receiver.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", AGENT_PATH));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("x-datadog-evp-subdomain"), Some("llmobs-intake"));
    assert!(!format!("{:?}", request.headers).contains(KEY), "the agent adds the key itself");
    assert!(!String::from_utf8_lossy(&request.body).contains(KEY));
    assert_is_the_trace(&request.spans());
}

#[test]
fn a_batch_holds_500_spans_at_most() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let root = tracer.span(SpanKind::Workflow).name("root").start().expect("a root");
    for n in 0..1_200 {
        root.child(SpanKind::Task).name(&format!("step{n}")).start().expect("a child").finish();
    }
    root.finish();
    assert_eq!(shutdown(&tracer).delivered, 1_201);

    let sizes: Vec<usize> = receiver.requests().iter().map(|r| r.spans().len()).collect();
    assert_eq!(sizes, [500, 500, 201]);
    let spans = receiver.spans();
    let spans = by_name(&spans);
    assert!((0..1_200).all(|n| spans[format!("step{n}").as_str()].is_child_of(spans["root"])));
}

#[test]
fn a_batch_is_as_long_as_allowed_at_most() {
    let receiver = Receiver::start();
    let mut config = direct(&receiver);
    config.set("batch_bytes", 10_000);
    let tracer = start(config);
    let root = tracer.span(SpanKind::Workflow).name("root").start().expect("a root");
    for n in 0..50 {
        let step = root.child(SpanKind::Task).name(&format!("step{n}")).start().expect("a child");
        step.annotate(&json!({"input": "x".repeat(1_000)})).expect("valid");
        step.finish();
    }
    root.finish();
    assert_eq!(shutdown(&tracer).delivered, 51);

    let requests = receiver.requests();
    assert!(requests.iter().all(|request| request.body.len() <= 10_000));
    assert!(requests.len() < 20, "batches are filled: {}", requests.len());
    assert_eq!(by_name(&receiver.spans()).len(), 51);
}

#[test]
fn a_batch_that_is_not_full_is_sent_when_it_is_old_enough() {
    let receiver = Receiver::start();
    let mut config = direct(&receiver);
    config.set("batch_age_ns", 20_000_000);
    let tracer = start(config);
    make(&tracer, "alone");
    named(&receiver.wait_for(1)[0].spans(), "alone");
    wait_until("it is counted", || counters(&tracer).delivered == 1);
}

#[test]
fn every_2xx_is_a_delivery() {
    for status in [200, 202, 299] {
        let receiver = Receiver::scripted([Answer::status(status)]);
        let tracer = start(direct(&receiver));
        make(&tracer, "one");
        let sent = shutdown(&tracer);
        assert_eq!((sent.delivered, sent.dropped_total()), (1, 0), "{status}");
        assert_eq!(receiver.requests().len(), 1, "{status}");
    }
}

#[test]
fn what_the_intake_rejects_is_counted_after_one_attempt() {
    for status in [400, 401, 403, 404, 413] {
        let receiver = Receiver::scripted([Answer::status(status).body("not like this")]);
        let mut config = direct(&receiver);
        let heard = Heard::listen(&mut config);
        let tracer = start(config);
        make_many(&tracer, "refused", 3);
        let sent = flush(&tracer);
        assert_eq!((sent.delivered, sent.dropped_total()), (0, 3), "{status}");
        assert_eq!(losses(&sent), [(DropReason::Rejected, 3)], "{status}");
        assert_eq!(receiver.requests().len(), 1, "{status}: no second attempt");
        let text = heard.one(Topic::Rejected);
        assert!(text.contains(&status.to_string()) && text.contains("not like this"), "{text}");

        // The next batch has its own chance.
        make(&tracer, "accepted");
        assert_eq!(shutdown(&tracer).delivered, 1, "{status}");
    }
}

#[test]
fn what_another_attempt_can_change_is_sent_again_and_delivered_once() {
    for status in [408, 425, 429, 500, 503] {
        let receiver = Receiver::scripted([Answer::status(status)]);
        let mut config = direct(&receiver);
        let heard = Heard::listen(&mut config);
        let tracer = start(config);
        make(&tracer, "stubborn");
        let sent = shutdown(&tracer);
        assert_eq!((sent.delivered, sent.dropped_total()), (1, 0), "{status}");
        let requests = receiver.requests();
        assert_eq!(requests.len(), 2, "{status}");
        assert_eq!(requests[0].body, requests[1].body, "{status}: unchanged");
        assert_eq!(requests[1].header("dd-api-key"), Some(KEY));
        assert!(heard.one(Topic::Unreachable).contains(&status.to_string()));
    }
}

#[test]
fn a_rate_limit_says_when_the_batch_is_sent_again() {
    for header in ["x-ratelimit-reset", "Retry-After"] {
        let receiver = Receiver::scripted([Answer::status(429).header(header, "1")]);
        let tracer = start(direct(&receiver));
        make(&tracer, "patient");
        assert_eq!(shutdown(&tracer).delivered, 1);
        let requests = receiver.requests();
        assert_eq!(requests.len(), 2);
        let waited = requests[1].at - requests[0].at;
        assert!(waited >= Duration::from_millis(990), "{header}: only {waited:?}");
    }
}

#[test]
fn while_the_intake_asks_for_a_pause_no_other_batch_is_sent() {
    let receiver = Receiver::scripted([Answer::status(429).header("x-ratelimit-reset", "1")]);
    let mut config = direct(&receiver);
    // One instance, so that all batches wait for the same pause.
    config.clock = witspan::Clock::fixed(1_700_000_000_000_000_000);
    config.set("batch_spans", 1);
    let tracer = start(config);
    make(&tracer, "first");
    receiver.wait_for(1);
    make_many(&tracer, "later", 5);
    assert_eq!(shutdown(&tracer).delivered, 6);
    let requests = receiver.requests();
    named(&requests[1].spans(), "first");
    assert!(requests[1].at - requests[0].at >= Duration::from_millis(990));
    assert_eq!(by_name(&receiver.spans()[1..]).len(), 6);
}

#[test]
fn attempts_are_bounded_and_the_loss_is_counted() {
    let receiver = Receiver::start().otherwise(Answer::status(503));
    let mut config = direct(&receiver);
    config.set("attempts", 3);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    make_many(&tracer, "hopeless", 4);
    let sent = shutdown(&tracer);
    assert_eq!(losses(&sent), [(DropReason::RetriesExhausted, 4)]);
    assert_eq!(receiver.requests().len(), 3);
    assert!(heard.one(Topic::GivenUp).contains("503"));
    heard.one(Topic::Unreachable);
}

#[test]
fn a_pause_longer_than_the_retry_budget_ends_the_batch_at_once() {
    let receiver = Receiver::scripted([Answer::status(429).header("x-ratelimit-reset", "20")]);
    let mut config = direct(&receiver);
    config.set("retry_budget_ns", 10_000_000_000_u64);
    let tracer = start(config);
    make(&tracer, "late");
    let sent = shutdown(&tracer);
    assert_eq!(losses(&sent), [(DropReason::RetriesExhausted, 1)]);
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_receiver_that_is_not_there_costs_spans_but_each_is_counted() {
    let mut config = unhurried(config(&[
        ("DD_API_KEY", KEY),
        ("DD_LLMOBS_AGENTLESS_ENABLED", "1"),
        ("DD_LLMOBS_OVERRIDE_ORIGIN", NOBODY),
    ]));
    config.set("attempts", 2);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    make_many(&tracer, "lost", 7);
    let sent = shutdown(&tracer);
    assert_eq!((sent.delivered, sent.dropped_total()), (0, 7));
    assert_eq!(losses(&sent), [(DropReason::RetriesExhausted, 7)]);
    let text = heard.one(Topic::Unreachable);
    assert!(text.contains(NOBODY), "it says where: {text}");
    assert!(heard.one(Topic::GivenUp).contains("7 spans"));
}

#[test]
fn a_connection_that_breaks_is_tried_again() {
    let receiver = Receiver::scripted([Answer::closed_connection(), Answer::closed_connection()]);
    let tracer = start(direct(&receiver));
    make(&tracer, "again");
    let sent = shutdown(&tracer);
    assert_eq!((sent.delivered, sent.dropped_total()), (1, 0));
    assert_eq!(receiver.requests().len(), 3);
}

#[test]
fn an_answer_that_takes_too_long_is_tried_again() {
    let receiver = Receiver::scripted([Answer::status(202).held()]);
    let mut config = direct(&receiver);
    config.set("request_timeout", Duration::from_millis(100).as_secs_f64());
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    make(&tracer, "again");
    assert_eq!(shutdown(&tracer).delivered, 1);
    assert_eq!(receiver.requests().len(), 2);
    heard.one(Topic::Unreachable);
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::start();
    for status in [301, 302, 307, 308] {
        let answer = Answer::status(status).header("location", elsewhere.origin());
        let receiver = Receiver::scripted([answer]);
        let tracer = start(direct(&receiver));
        make(&tracer, "here");
        let sent = shutdown(&tracer);
        assert_eq!(losses(&sent), [(DropReason::Rejected, 1)], "{status}");
        assert_eq!(receiver.requests().len(), 1, "{status}");
    }
    assert_eq!(elsewhere.requests().len(), 0, "neither spans nor the key go elsewhere");
}

#[test]
fn a_receiver_that_never_answers_holds_up_no_call_of_the_application() {
    let receiver = Receiver::scripted([Answer::status(202).held()]);
    let mut config = direct(&receiver);
    config.set("request_timeout", LONG.as_secs_f64());
    config.set("batch_spans", 1);
    let tracer = start(config);
    make(&tracer, "stuck");
    receiver.wait_for(1);

    for n in 0..5_000 {
        let span = tracer.span(SpanKind::Llm).name(&format!("free{n}")).start().expect("a root");
        span.annotate(&json!({"input": "hi", "metadata": {"n": n}})).expect("valid");
        span.finish();
    }
    let meanwhile = counters(&tracer);
    assert_eq!(receiver.answered(), 0, "all of that happened while the send was stuck");
    assert_eq!((meanwhile.in_flight, meanwhile.queued, meanwhile.delivered), (1, 5_000, 0));

    receiver.release();
    assert_eq!(shutdown(&tracer).delivered, 5_001);
    assert_eq!(by_name(&receiver.spans()).len(), 5_001);
}

#[test]
fn flush_returns_at_its_deadline_and_what_it_could_not_send_still_arrives() {
    let receiver = Receiver::scripted([Answer::status(202).held()]);
    let mut config = direct(&receiver);
    config.set("request_timeout", LONG.as_secs_f64());
    let tracer = start(config);
    let root = tracer.span(SpanKind::Workflow).name("open").start().expect("a root");
    root.child(SpanKind::Task).name("stuck").start().expect("a child").finish();

    let first = tracer.flush(SHORT);
    assert!(!first.settled);
    assert_eq!((first.delivered, first.dropped), (0, 0));
    receiver.wait_for(1);
    root.child(SpanKind::Task).name("behind").start().expect("a child").finish();
    let second = tracer.flush(SHORT);
    assert!(!second.settled);
    let counted = adding_up(second.statistics);
    assert_eq!((counted.open, counted.queued, counted.in_flight), (1, 1, 1));

    receiver.release();
    let third = flush(&tracer);
    assert_eq!((third.delivered, third.open), (2, 1));
    assert_eq!(by_name(&receiver.spans()).len(), 2);
    root.finish();
}

#[test]
fn shutdown_returns_at_its_deadline_and_counts_what_it_could_not_send() {
    let receiver = Receiver::scripted([Answer::status(202).held()]);
    let mut config = direct(&receiver);
    config.set("request_timeout", LONG.as_secs_f64());
    let tracer = start(config);
    let root = tracer.span(SpanKind::Workflow).name("open").start().expect("a root");
    for n in 0..3 {
        root.child(SpanKind::Task).name(&format!("sent{n}")).start().expect("a child").finish();
    }
    assert!(!tracer.flush(SHORT).settled);
    receiver.wait_for(1);
    for n in 0..2 {
        root.child(SpanKind::Task).name(&format!("queued{n}")).start().expect("a child").finish();
    }

    let ended = tracer.shutdown(SHORT);
    assert!(!ended.settled);
    assert_eq!(ended.dropped, 6);
    let counted = adding_up(ended.statistics);
    let expected = [(DropReason::Unfinished, 1), (DropReason::Shutdown, 5)];
    assert_eq!(losses(&counted), expected);
    assert_eq!((counted.pending(), counted.delivered, counted.bytes), (0, 0, 0));

    // The answer that comes too late changes no counter, and nothing else is sent.
    receiver.release();
    wait_until("the late answer is given", || receiver.answered() == 1);
    drop(root);
    assert_eq!(counters(&tracer), counted);
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_deadline_of_zero_does_not_wait() {
    let receiver = Receiver::scripted([Answer::status(202).held()]);
    let mut config = direct(&receiver);
    config.set("request_timeout", LONG.as_secs_f64());
    let tracer = start(config);
    make(&tracer, "one");
    assert!(!tracer.flush(Duration::ZERO).settled);
    let ended = tracer.shutdown(Duration::ZERO);
    assert!(!ended.settled);
    assert_eq!(losses(&adding_up(ended.statistics)), [(DropReason::Shutdown, 1)]);
}

#[test]
fn spans_that_are_made_while_a_batch_is_sent_arrive_with_the_next() {
    let receiver = Receiver::scripted([Answer::status(202).held()]);
    let mut config = direct(&receiver);
    config.set("request_timeout", LONG.as_secs_f64());
    config.set("batch_age_ns", 1_000_000);
    let tracer = start(config);
    make(&tracer, "first");
    receiver.wait_for(1);
    make_many(&tracer, "meanwhile", 20);
    receiver.release();
    wait_until("all have arrived without a flush", || receiver.spans().len() == 21);
    by_name(&receiver.spans());
}

#[test]
fn flush_settles_although_other_threads_never_stop_making_spans() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    make(&tracer, "endless");
                }
            });
        }
        wait_until("they are at work", || counters(&tracer).accepted > 100);
        make(&tracer, "mine");
        let began = Instant::now();
        let flushed = tracer.flush(PATIENCE);
        enough.store(true, Ordering::Relaxed);
        assert!(flushed.settled, "not after {:?}: {flushed:?}", began.elapsed());
        named(&receiver.spans(), "mine");
    });
    shutdown(&tracer);
}

#[test]
fn flush_and_shutdown_say_what_they_themselves_delivered_and_dropped() {
    let receiver = Receiver::scripted([Answer::status(202), Answer::status(400)]);
    let tracer = start(direct(&receiver));
    make_many(&tracer, "delivered", 3);
    let first = tracer.flush(PATIENCE);
    assert_eq!((first.settled, first.delivered, first.dropped), (true, 3, 0));
    make_many(&tracer, "refused", 2);
    let second = tracer.flush(PATIENCE);
    assert_eq!((second.settled, second.delivered, second.dropped), (true, 0, 2));
    let open = tracer.span(SpanKind::Task).start().expect("a root");
    make(&tracer, "last");
    let last = tracer.shutdown(PATIENCE);
    assert_eq!((last.settled, last.delivered, last.dropped), (true, 1, 1));
    assert_eq!((last.statistics.delivered, last.statistics.dropped_total()), (4, 3));
    drop(open);
}

#[test]
fn flush_has_nothing_to_wait_for_when_there_are_no_spans() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    assert_eq!(flush(&tracer).delivered, 0);
    assert_eq!(shutdown(&tracer).delivered, 0);
    assert_eq!(receiver.requests().len(), 0);
}

#[test]
fn after_shutdown_every_call_does_nothing_and_a_second_shutdown_settles() {
    let receiver = Receiver::start();
    let mut config = direct(&receiver);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    let open = tracer.span(SpanKind::Workflow).name("open").start().expect("a root");
    let ended = tracer.shutdown(PATIENCE);
    assert!(ended.settled);
    assert_eq!(losses(&ended.statistics), [(DropReason::Unfinished, 1)]);

    assert!(open.annotate(&json!({"input": "late"})).is_err());
    let child = open.child(SpanKind::Task).start().expect("a span that is not kept");
    child.annotate(&json!({"input": "late"})).expect("nothing happens");
    child.finish();
    open.finish();
    make(&tracer, "late");

    let again = shutdown(&tracer);
    assert_eq!(again, flush(&tracer));
    assert_eq!((again.delivered, again.dropped_total()), (0, 1));
    assert_eq!(again.accepted, 1);
    assert_eq!(again.annotations_rejected, 1, "what an annotation carried is counted");
    assert_eq!(receiver.requests().len(), 0);
    assert_eq!(heard.all(), []);
}

#[test]
fn a_tracer_that_is_dropped_sends_what_had_finished_and_leaves_no_thread_behind() {
    let receiver = Receiver::start();
    let mut config = direct(&receiver);
    let listener: witspan::Listener = std::sync::Arc::new(|_: &witspan::Notice| {});
    config.listener = Some(listener.clone());
    let tracer = start(config);
    make_many(&tracer, "orphan", 3);
    let other = tracer.clone();
    drop(tracer);
    make(&other, "last");
    drop(other);
    wait_until("all have arrived", || receiver.spans().len() == 4);
    by_name(&receiver.spans());
    wait_until("nobody holds its settings", || std::sync::Arc::strong_count(&listener) == 1);
}
