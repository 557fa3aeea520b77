//! Recorded spans, which are over already: what is sent of them, and what is rejected.

use crate::common::*;
use serde_json::{Value, json};
use witspan::{Error, Parent, SpanKind};

fn over(more: Value) -> String {
    let mut span = json!({"kind": "tool", "name": "replayed", "start_ns": 1_000, "end_ns": 1_500});
    span.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
    span.to_string()
}

#[test]
fn a_span_that_is_over_arrives_with_its_own_ids_and_times() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let span = over(json!({
        "span_id": "18446744073709551615",
        "parent": {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": 7},
        "error": {"message": "no", "type": "E"},
        "annotation": {"input": "in", "tags": {"a": 1}, "intent": "to know", "integration": "x"},
    }));
    let (recorded, warnings) = tracer.record_span(&span).expect("it is right");
    assert_eq!((recorded.is_none(), warnings.len()), (false, 0));
    let info = tracer.span_info(recorded).expect("it is known");
    assert_eq!((info.kind, info.parent_id.as_deref()), (SpanKind::Tool, Some("7")));
    let child = tracer
        .start_span(SpanKind::Task, Parent::ChildOf(recorded), Some("child"), &[])
        .expect("a finished parent");
    let below = tracer.span_info(child).expect("open");
    assert_eq!(below.name.as_deref(), Some("child"));
    assert_eq!(below.parent_id.as_deref(), Some("18446744073709551615"));
    tracer.finish(child, None, None);
    assert_eq!(shutdown(&tracer).delivered, 2);
    let body: Value = serde_json::from_slice(&receiver.requests()[0].body).expect("JSON");
    let sent = &body["data"]["attributes"]["spans"][0];
    for (pointer, expected) in [
        ("/span_id", json!("18446744073709551615")),
        ("/parent_id", json!("7")),
        ("/trace_id", json!("0af7651916cd43dd8448eb211c80319c")),
        ("/start_ns", json!(1_000)),
        ("/duration", json!(500)),
        ("/status", json!("error")),
        ("/meta/metadata/_dd/intent", json!("to know")),
        ("/meta/input/value", json!("in")),
    ] {
        assert_eq!(sent.pointer(pointer), Some(&expected), "{pointer}: {sent:#}");
    }
    let tags = sent["tags"].as_array().expect("tags");
    assert!(tags.contains(&json!("integration:x")) && tags.contains(&json!("a:1")), "{tags:?}");
}

#[test]
fn a_wrong_record_is_rejected_with_the_field_and_nothing_of_it_is_kept() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    for (span, field) in [
        ("[]".to_owned(), "span"),
        (json!({"kind": "llm", "end_ns": 1}).to_string(), "start_ns"),
        (json!({"kind": "llm", "start_ns": 1}).to_string(), "end_ns"),
        (json!({"start_ns": 1, "end_ns": 1}).to_string(), "kind"),
        (over(json!({"kind": "LLM"})), "kind"),
        (over(json!({"span_id": 0})), "span_id"),
        (over(json!({"span_id": "18446744073709551616"})), "span_id"),
        (over(json!({"trace_id": "xyz"})), "trace_id"),
        (over(json!({"parent": {"span_id": 1}})), "parent"),
        (over(json!({"parent": {"remote": "none"}})), "parent"),
        (over(json!({"parent": {"span": 99}})), "parent"),
        (over(json!({"annotation": {"inputs": 1}})), "annotation"),
        (over(json!({"more": 1})), "more"),
    ] {
        match tracer.record_span(&span) {
            Err(Error::InvalidArgument { field: found, .. }) => assert_eq!(found, field, "{span}"),
            other => panic!("{span}: {other:?}"),
        }
    }
    assert_eq!(counters(&tracer).annotations_rejected, 13);
    assert_eq!(shutdown(&tracer).accepted, 0);
}
