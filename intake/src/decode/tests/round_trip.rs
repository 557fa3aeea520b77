//! What is written in OpenTelemetry's protocol is read back as what it was.

use axum::http::HeaderMap;
use prost::Message;
use serde_json::{Value, json};
use witspan_semconv::metrics::METRICS;

use super::opentelemetry::span as read;
use super::sdk_span;
use crate::decode::request;
use crate::encode;
use crate::endpoints::Route;
use crate::model::Span;

fn span(meta: &Value, metrics: &Value) -> Span {
    sdk_span(&json!({
        "name": "ask", "span_id": "1", "trace_id": "2", "parent_id": "undefined", "start_ns": 1,
        "duration": 2, "status": "error", "meta": meta, "metrics": metrics,
        "span_links": [{ "trace_id": "00000000000000000000000000000003", "span_id": "4",
            "attributes": { "from": "input", "to": "output" } }],
    }))
}

fn back(span: Span) -> Span {
    let wire = encode::otlp(&[span]).encode_to_vec();
    let back = request(Route::OtlpTraces, "application/x-protobuf", &HeaderMap::new(), &wire);
    back.expect("it is taken").spans.remove(0)
}

#[test]
fn every_kind_comes_back() {
    for kind in ["llm", "workflow", "agent", "tool", "task", "embedding", "retrieval"] {
        let span = back(span(&json!({ "span": { "kind": kind } }), &json!({})));
        assert_eq!(span.kind.name(), kind);
        assert_eq!(span.tags.iter().find(|tag| tag.contains("kind")), None);
    }
}

#[test]
fn a_workflow_is_written_and_read_by_the_conventions_word() {
    let attributes = json!({ "gen_ai.operation.name": "invoke_workflow" });
    assert_eq!(read(&attributes, &[]).kind.name(), "workflow");
    let span = span(&json!({ "span": { "kind": "workflow" } }), &json!({}));
    let wire = encode::otlp(&[span]);
    let attributes = &wire.resource_spans[0].scope_spans[0].spans[0].attributes;
    let written = attributes.iter().find(|each| each.key == "gen_ai.operation.name");
    let written = serde_json::to_value(written).expect("it is JSON");
    assert_eq!(written["value"], json!({ "stringValue": "invoke_workflow" }));
}

#[test]
fn every_metric_comes_back() {
    for (name, _) in METRICS {
        for value in [3.0, 0.25] {
            let mut metrics = json!({});
            metrics[*name] = value.into();
            let span = back(span(&json!({ "span": { "kind": "llm" } }), &metrics));
            assert_eq!(span.metrics, [((*name).to_owned(), value)]);
        }
    }
}

#[test]
fn what_went_in_and_came_out_comes_back() {
    for meta in [
        json!({
            "span": { "kind": "llm" },
            "input": {
                "messages": [{ "role": "user", "content": "Weather?" }],
                "prompt": { "id": "greet", "version": "3", "template": "{{a}}", "variables": { "a": "b" } },
            },
            "output": { "messages": [{ "role": "assistant", "content": "", "tool_calls": [
                { "name": "weather", "arguments": { "city": "Paris" }, "tool_id": "c1", "type": "function" },
            ] }] },
            "tool_definitions": [{ "name": "weather", "description": "Looks.", "schema": { "type": "object" } }],
            "metadata": { "team": "a" },
            "error": { "message": "no", "type": "E", "stack": "at 1" },
        }),
        json!({
            "span": { "kind": "tool" }, "input": { "value": "{}" }, "output": { "value": "rain" },
        }),
        json!({
            "span": { "kind": "task" }, "input": { "value": "in" }, "output": { "value": "out" },
        }),
        json!({
            "span": { "kind": "retrieval" }, "input": { "value": "what" },
            "output": { "documents": [{ "text": "A page.", "id": "7", "name": "page", "score": 0.5 }] },
        }),
        json!({
            "span": { "kind": "embedding" },
            "input": { "documents": [{ "text": "one" }, { "text": "two" }] },
            "output": { "value": "[2 vectors]" },
        }),
    ] {
        let sent = span(&meta, &json!({}));
        let back = back(sent.clone());
        for name in ["input", "output", "tool_definitions", "metadata", "links"] {
            assert_eq!(back.meta[name], sent.meta[name], "{name} of {}", sent.kind.name());
        }
        if !sent.meta["error"].is_null() {
            assert_eq!(back.meta["error"], sent.meta["error"]);
        }
    }
}
