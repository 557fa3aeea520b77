//! Spans over a unix socket, which is how agents are often reached in a cluster.

use crate::common::*;
use std::time::Duration;
use witspan::{Config, DropReason, Topic};

fn over(receiver: &Receiver) -> Config {
    through_agent(receiver)
}

#[test]
fn spans_arrive_through_an_agent_on_a_socket() {
    let folder = Folder::new("arrive");
    let receiver = Receiver::on_socket(&folder.0.join("agent.sock"), []);
    let tracer = start(over(&receiver));
    make_many(&tracer, "a", 2);
    flush(&tracer);
    // Also over the connection that was kept.
    make_many(&tracer, "b", 2);
    let sent = shutdown(&tracer);
    assert_eq!((sent.delivered, sent.dropped_total()), (4, 0));
    for request in receiver.requests() {
        assert_eq!(request.path, "/evp_proxy/v2/api/v2/llmobs");
        assert_eq!(request.header("x-datadog-evp-subdomain"), Some("llmobs-intake"));
        assert!(!format!("{request:?}").contains(KEY));
    }
    assert_eq!(by_name(&receiver.spans()).len(), 4);
}

#[test]
fn an_agent_on_a_socket_is_asked_what_it_takes() {
    let folder = Folder::new("info");
    let info = Answer::status(200).body(r#"{"endpoints": ["/evp_proxy/v2/"]}"#);
    let receiver = Receiver::on_socket(&folder.0.join("agent.sock"), []).info(info);
    let tracer = start(config(&[("DD_API_KEY", KEY), ("DD_TRACE_AGENT_URL", receiver.origin())]));
    make(&tracer, "one");
    assert_eq!(shutdown(&tracer).delivered, 1);
    assert_eq!(receiver.probes(), 1);
    assert_eq!(receiver.requests()[0].path, "/evp_proxy/v2/api/v2/llmobs");
}

#[test]
fn the_override_origin_may_be_a_socket() {
    let folder = Folder::new("override");
    let receiver = Receiver::on_socket(&folder.0.join("agent.sock"), []);
    let tracer = start(direct(&receiver));
    make(&tracer, "one");
    assert_eq!(shutdown(&tracer).delivered, 1);
    assert_eq!(receiver.requests()[0].path, "/api/intake/llm-obs/v1/trace/spans");
    assert_eq!(receiver.requests()[0].header("dd-api-key"), Some(KEY));
}

#[test]
fn a_big_batch_fits_through_a_socket() {
    let folder = Folder::new("big");
    let receiver = Receiver::on_socket(&folder.0.join("agent.sock"), []);
    let tracer = start(over(&receiver));
    let span = tracer.span(witspan::SpanKind::Task).name("big").start().expect("a root");
    span.annotate(&serde_json::json!({"input": "x".repeat(3_000_000)})).expect("valid");
    span.finish();
    assert_eq!(shutdown(&tracer).delivered, 1);
    assert_eq!(
        receiver.spans()[0].event["meta"]["input"]["value"].as_str().map(str::len),
        Some(3_000_000)
    );
}

#[test]
fn a_socket_whose_agent_is_gone_is_tried_again_and_the_loss_is_counted() {
    let folder = Folder::new("gone");
    let path = folder.0.join("agent.sock");
    let mut config = config(&[("DD_TRACE_AGENT_URL", &format!("unix://{}", path.display()))]);
    config.set("attempts", 2);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    make(&tracer, "lost");
    let sent = shutdown(&tracer);
    assert_eq!(losses(&sent), [(DropReason::RetriesExhausted, 1)]);
    assert!(heard.one(Topic::Unreachable).contains("agent.sock"));
}

#[test]
fn an_agent_on_a_socket_that_closes_or_is_silent_is_tried_again() {
    let folder = Folder::new("silent");
    let script = [Answer::closed_connection(), Answer::status(202).held(), Answer::status(503)];
    let receiver = Receiver::on_socket(&folder.0.join("agent.sock"), script);
    let mut config = over(&receiver);
    config.set("request_timeout", Duration::from_millis(100).as_secs_f64());
    let tracer = start(config);
    make(&tracer, "again");
    assert_eq!(shutdown(&tracer).delivered, 1);
    assert_eq!(receiver.requests().len(), 4);
}

#[test]
fn a_connection_that_the_agent_closed_is_opened_again() {
    let folder = Folder::new("anew");
    let path = folder.0.join("agent.sock");
    let first = Receiver::on_socket(&path, [Answer::status(202).header("connection", "close")]);
    let tracer = start(over(&first));
    make(&tracer, "before");
    assert_eq!(flush(&tracer).delivered, 1);
    drop(first);
    std::fs::remove_file(&path).expect("the socket's file");
    let second = Receiver::on_socket(&path, []);
    make(&tracer, "after");
    assert_eq!(shutdown(&tracer).delivered, 2);
    named(&second.spans(), "after");
}
