//! The receiver is told what was lost, so that a person who looks at the traces there knows of it.

use crate::common::*;
use crate::failure::alone;
use serde_json::json;
use witspan::{DropReason, SpanKind};

const HEADER: &str = "witspan-dropped";

#[test]
fn the_next_request_after_a_loss_reports_it() {
    let receiver = Receiver::scripted([Answer::status(202), Answer::status(400)]);
    let mut config = alone(direct(&receiver));
    config.set("queue_bytes", 50_000);
    let tracer = start(config);
    make(&tracer, "all is well");
    flush(&tracer);
    make(&tracer, "refused");
    flush(&tracer);
    make(&tracer, "after a refusal");
    flush(&tracer);
    for n in 0..100 {
        let name = format!("span{n}");
        let span = tracer.span(SpanKind::Llm).name(&name).start().expect("a root");
        span.annotate(&json!({"input": "x".repeat(1_000)})).expect("valid");
        span.finish();
    }
    let ended = shutdown(&tracer);

    let requests = receiver.requests();
    let told: Vec<Option<&str>> = requests.iter().map(|request| request.header(HEADER)).collect();
    assert_eq!(told[..2], [None, None]);
    let after = told[2].expect("a loss is told");
    let (client, counts) = after.split_once(';').expect("a client and counts");
    assert!(client.starts_with("client=") && client.len() > 10, "{client}");
    assert_eq!(counts, "rejected=1");
    let full = ended.dropped_for(DropReason::QueueFull);
    assert!(full > 0, "{ended:?}");
    let last = told.last().expect("a request").expect("losses are told");
    assert_eq!(last, format!("{client};queue_full={full};rejected=1"));
}

#[test]
fn lost_evaluations_are_reported_apart_from_spans() {
    let receiver = Receiver::scripted([Answer::status(400)]);
    let tracer = start(alone(direct(&receiver)));
    let metric = json!({
        "label": "good", "metric_type": "score", "value": 1,
        "span": {"span_id": "1", "trace_id": "00000000000000000000000000000001"}
    });
    tracer.submit_evaluation(&metric.to_string()).expect("valid");
    flush(&tracer);
    make(&tracer, "a span");
    shutdown(&tracer);
    let requests = receiver.requests();
    let told = requests.last().expect("a request").header(HEADER).expect("a loss is told");
    assert!(told.ends_with(";evaluations.rejected=1"), "{told}");
}
