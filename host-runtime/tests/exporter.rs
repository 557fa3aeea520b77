//! Requests that go to a function, or stay in memory, instead of to a receiver.

use crate::common::*;
use serde_json::{Value, json};
use std::sync::Arc;
use witspan::{DropReason, KeptRequest, Memory, SpanKind, Topic};

/// Settings that would send to a receiver, were there no exporter.
fn to_memory(receiver: &Receiver, memory: &Memory) -> witspan::Config {
    let mut config = through_agent(receiver);
    config.exporter = Some(memory.exporter());
    config
}

fn names(requests: &[Arc<KeptRequest>]) -> Vec<String> {
    let mut names = Vec::new();
    for request in requests {
        let body: Vec<Value> = serde_json::from_slice(&request.body).expect("JSON");
        let spans = body.iter().flat_map(|each| each["spans"].as_array().expect("a list"));
        names.extend(spans.map(|span| span["name"].as_str().expect("a text").to_owned()));
    }
    names.sort();
    names
}

#[test]
fn what_is_exported_counts_as_delivered_and_reaches_no_receiver() {
    let receiver = Receiver::start();
    let memory = Memory::new(1 << 20);
    let tracer = start(to_memory(&receiver, &memory));
    make_many(&tracer, "step", 3);
    tracer
        .submit_evaluation(
            &json!({
                "label": "good", "metric_type": "score", "value": 1, "session_id": "s",
                "eval_scope": "session",
            })
            .to_string(),
        )
        .expect("valid");
    let sent = shutdown(&tracer);
    assert_eq!((sent.delivered, sent.dropped_total(), sent.evaluations.delivered), (3, 0, 1));
    let requests = memory.requests();
    assert_eq!(names(&requests[..1]), ["step0", "step1", "step2"]);
    assert!(requests[0].path.ends_with("/api/v2/llmobs"), "{}", requests[0].path);
    assert!(requests[1].path.ends_with("/eval-metric"), "{}", requests[1].path);
    assert!(receiver.requests().is_empty());
}

#[test]
fn an_exporter_needs_neither_key_nor_agent_and_may_have_the_public_format() {
    let memory = Memory::new(1 << 20);
    let mut config = config(&[("DD_LLMOBS_AGENTLESS_ENABLED", "1")]);
    config.exporter = Some(memory.exporter());
    config.set("intake", "public");
    let tracer = start(config);
    make(&tracer, "alone");
    assert_eq!(shutdown(&tracer).delivered, 1);
    let body: Value = serde_json::from_slice(&memory.requests()[0].body).expect("JSON");
    assert_eq!(body["data"]["attributes"]["spans"][0]["name"], "alone");
}

#[test]
fn what_does_not_fit_into_memory_is_counted_with_one_notice() {
    let receiver = Receiver::start();
    let memory = Memory::new(10_000);
    let mut config = to_memory(&receiver, &memory);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    make(&tracer, "first");
    assert_eq!(flush(&tracer).delivered, 1);
    let long = tracer.span(SpanKind::Task).name("long").start().expect("a root");
    long.annotate(&json!({"input": "x".repeat(10_000)})).expect("valid");
    long.finish();
    assert_eq!(losses(&flush(&tracer)), [(DropReason::Rejected, 1)]);
    make(&tracer, "last");
    assert_eq!(flush(&tracer).delivered, 2);
    assert_eq!(
        (names(&memory.requests()), memory.refused()),
        (vec!["first".into(), "last".into()], 1)
    );
    let told = heard.one(Topic::Rejected);
    assert!(told.contains("the memory for recorded spans is full (10000 B)"), "{told}");
    assert!(!told.contains("DD_API_KEY"), "{told}");

    memory.clear();
    make(&tracer, "anew");
    assert_eq!(shutdown(&tracer).delivered, 3);
    assert_eq!((names(&memory.requests()), memory.refused()), (vec!["anew".into()], 0));
}

#[test]
fn an_exporter_that_panics_costs_its_request_and_nothing_else() {
    let mut config = config(&[]);
    let heard = Heard::listen(&mut config);
    let memory = Memory::new(1 << 20);
    let keeps = memory.exporter();
    config.exporter = Some(Arc::new(move |request| {
        assert!(
            !String::from_utf8_lossy(request.body).contains("wrong"),
            "a defect of the exporter"
        );
        keeps(request)
    }));
    let tracer = start(config);
    make(&tracer, "wrong");
    assert_eq!(losses(&flush(&tracer)), [(DropReason::Rejected, 1)]);
    make(&tracer, "good");
    assert_eq!(shutdown(&tracer).delivered, 1);
    assert_eq!(names(&memory.requests()), ["good"]);
    assert!(heard.one(Topic::Rejected).contains("the exporter panicked"));
}
