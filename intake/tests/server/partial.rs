//! One wrong span or evaluation costs itself alone, in every format; the answer says which it was.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::{Value, json};

use crate::client::{Answer, Intake, event};
use crate::early::batch;

fn pack(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xc0),
        Value::Bool(flag) => out.push(0xc2 + u8::from(*flag)),
        Value::Number(number) => {
            out.push(0xcf);
            out.extend(number.as_u64().unwrap().to_be_bytes());
        }
        Value::String(text) => {
            out.push(0xdb);
            out.extend((text.len() as u32).to_be_bytes());
            out.extend(text.as_bytes());
        }
        Value::Array(items) => {
            out.push(0xdd);
            out.extend((items.len() as u32).to_be_bytes());
            items.iter().for_each(|item| pack(item, out));
        }
        Value::Object(members) => {
            out.push(0xdf);
            out.extend((members.len() as u32).to_be_bytes());
            for (name, value) in members {
                pack(&json!(name), out);
                pack(value, out);
            }
        }
    }
}

fn packed(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    pack(value, &mut out);
    out
}

/// An APM span that holds an event.
fn carrier(id: u64, held: &Value) -> Value {
    json!({
        "name": "work", "service": "s", "span_id": id, "trace_id": 1, "parent_id": 0,
        "start": 1_790_000_000_000_000_000_u64, "duration": 5, "error": 0, "meta": {},
        "meta_struct": { "_llmobs": held },
    })
}

fn held(trace: u64) -> Value {
    json!({
        "trace_id": format!("{trace:032x}"), "parent_id": "undefined", "name": "work",
        "tags": { "ml_app": "app" }, "meta": { "span": { "kind": "task" } }, "metrics": {},
    })
}

fn public(events: &[Value]) -> Value {
    json!({ "data": { "type": "span", "attributes": { "ml_app": "app", "spans": events } } })
}

fn public_event(trace: u64) -> Value {
    json!({
        "name": "ask", "trace_id": trace.to_string(), "span_id": trace.to_string(),
        "parent_id": "undefined", "start_ns": 1_790_000_000_000_000_000_u64, "duration": 5,
        "meta": { "kind": "task" },
    })
}

fn spans(intake: &Intake) -> u64 {
    intake.get("/api/ui/status")["spans"].as_u64().unwrap()
}

fn with(mut value: Value, pointer: &str, to: Value) -> Value {
    *value.pointer_mut(pointer).unwrap() = to;
    value
}

#[test]
fn a_wrong_span_of_datadogs_forms_is_left_out_and_named() {
    let intake = Intake::start(&[]);
    let json = "application/json";
    let sdk = |trace: u128| event(trace, 5, None, "x");
    let wrong = with(sdk(9), "/spans/0/duration", json!("long"));
    let mut two = sdk(101);
    two["spans"].as_array_mut().unwrap().push(wrong["spans"][0].clone());
    let apm = |spans: Value| packed(&json!([spans]));
    let text = |value: Value| serde_json::to_vec(&value).unwrap();
    let input = |spans: Value| text(json!({ "traces": [{ "spans": spans }] }));
    let null_name = with(held(9), "/name", Value::Null);
    // The path, the type, a body of two spans of which one is wrong, and the field at fault.
    let cases: Vec<(&str, &str, Vec<u8>, &str)> = vec![
        ("/api/v2/llmobs", json, text(json!([sdk(100), wrong])), "/1/spans/0/duration"),
        ("/evp_proxy/v2/api/v2/llmobs", json, text(json!([two])), "/0/spans/1/duration"),
        ("/evp_proxy/v2/api/v2/llmobs", json, text(two), "/spans/1/duration"),
        ("/api/v2/llmobs", json, text(json!([{ "spans": 5 }, sdk(102)])), "/0/spans"),
        ("/api/v2/llmobs", json, text(json!([5, sdk(103)])), "/0"),
        (
            "/api/v2/llmobs",
            "application/msgpack",
            packed(&json!([sdk(104), wrong])),
            "/1/spans/0/duration",
        ),
        (
            "/api/intake/llm-obs/v1/trace/spans",
            json,
            text(public(&[with(public_event(9), "/meta/kind", json!("chat")), public_event(105)])),
            "/data/attributes/spans/0/meta/kind",
        ),
        (
            "/v0.4/traces",
            "application/msgpack",
            apm(json!([carrier(1, &json!("x")), carrier(2, &held(106))])),
            "/0/0/meta_struct/_llmobs",
        ),
        (
            "/v0.4/traces",
            "application/msgpack",
            apm(json!([carrier(1, &null_name), carrier(2, &held(107))])),
            "/0/0/meta_struct/_llmobs/name",
        ),
        ("/v0.3/traces", "application/msgpack", apm(json!([7, carrier(2, &held(108))])), "/0/0"),
        (
            "/v0.4/traces",
            "application/msgpack",
            packed(&json!([7, [carrier(2, &held(109))]])),
            "/0",
        ),
        (
            "/v1/input",
            json,
            input(json!([carrier(1, &json!("x")), carrier(2, &held(110))])),
            "/traces/0/spans/0/meta_struct/_llmobs",
        ),
    ];
    for (number, (path, kind, body, pointer)) in cases.iter().enumerate() {
        let before = spans(&intake);
        let answer = intake.ask_with("POST", path, &[("Content-Type", kind)], body);
        assert!(matches!(answer.status, 200 | 202), "{path}: {} {}", answer.status, answer.body);
        assert!(answer.body.contains(pointer), "{path}: {} lacks {pointer}", answer.body);
        // The third case sends the same good span as the second.
        assert_eq!(spans(&intake), before + u64::from(number != 2), "{path} {pointer}");
    }
    let drops = intake.get("/api/ui/drops");
    assert_eq!(drops["intake"]["left_out"], json!({ "spans": 12, "evaluations": 0 }));
    assert_eq!(drops["intake"]["refused"], json!({}));
    let last = drops["intake"]["last_refusal"]["reason"].as_str().unwrap();
    assert!(last.contains("/traces/0/spans/0/meta_struct/_llmobs"), "{last}");
    assert!(last.contains("span \"work\""), "{last}");
}

#[test]
fn the_answer_for_apm_traces_stays_what_every_tracer_can_read() {
    let intake = Intake::start(&[]);
    let body = packed(&json!([[carrier(1, &json!("x")), carrier(2, &held(1))]]));
    let kind = [("Content-Type", "application/msgpack")];
    let answer = intake.ask_with("PUT", "/v0.4/traces", &kind, &body);
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    // dd-trace-java reads a map of maps of numbers, and fails at anything else.
    for member in answer.as_object().unwrap().values() {
        assert!(member.as_object().unwrap().values().all(Value::is_number), "{answer}");
    }
    assert_eq!(answer["rate_by_service"], json!({}));
}

#[test]
fn a_wrong_evaluation_is_left_out_and_named() {
    let intake = Intake::start(&[]);
    let metric = json!({
        "join_on": { "span": { "span_id": "5", "trace_id": "1" } }, "label": "good", "ml_app": "app",
        "metric_type": "score", "score_value": 1, "timestamp_ms": 1_790_000_000_000_u64,
    });
    let wrong = with(metric.clone(), "/score_value", json!("high"));
    let body = |metrics: Value| {
        serde_json::to_vec(&json!({ "data": {
            "type": "evaluation_metric", "attributes": { "metrics": metrics } } }))
        .unwrap()
    };
    let path = "/api/intake/llm-obs/v2/eval-metric";
    let answer = intake.ask("POST", path, &body(json!([wrong, metric])));
    assert_eq!(answer.status, 202, "{}", answer.body);
    let said: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(said["data"]["attributes"]["metrics"].as_array().unwrap().len(), 1);
    assert_eq!(said["errors"][0]["source"]["pointer"], "/data/attributes/metrics/0/score_value");
    assert_eq!(intake.get("/api/ui/status")["evaluations"], 1);
    assert_eq!(intake.get("/api/ui/drops")["intake"]["left_out"]["evaluations"], 1);
    assert_eq!(intake.ask("POST", path, &body(json!([wrong]))).status, 400);
}

#[test]
fn opentelemetry_is_told_by_partial_success() {
    let intake = Intake::start(&[]);
    let send = |kind: &str, body: &[u8]| -> Answer {
        intake.ask_with("POST", "/v1/traces", &[("Content-Type", kind)], body)
    };
    let mut request = batch(4, 10);
    let spans_of = &mut request.resource_spans[0].scope_spans[0].spans;
    spans_of[1].span_id = vec![1, 2, 3];
    spans_of[2].trace_id.clear();
    let answer = send("application/x-protobuf", &request.encode_to_vec());
    assert_eq!(answer.status, 200, "{}", answer.body);
    let partial = ExportTraceServiceResponse::decode(&answer.bytes[..]).unwrap();
    let partial = partial.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 2);
    assert!(partial.error_message.contains("/resourceSpans/0/scopeSpans/0/spans/1/spanId"));
    assert!(partial.error_message.contains("spans/2/traceId"), "{}", partial.error_message);
    assert_eq!(spans(&intake), 2);

    // A span whose own bytes are broken, between two that are whole.
    let whole = batch(2, 10);
    let span = |number: usize| whole.resource_spans[0].scope_spans[0].spans[number].encode_to_vec();
    let field = |number: u8, bytes: &[u8]| {
        let mut out = vec![number << 3 | 2];
        prost::encoding::encode_varint(bytes.len() as u64, &mut out);
        out.extend(bytes);
        out
    };
    let (mut first, mut second) = (span(0), span(1));
    let at = |span: &[u8]| span.windows(8).position(|id| id[..7] == [0; 7] && id[7] > 0).unwrap();
    let place = at(&first[18..]) + 18 + 7;
    first[place] = 77;
    let place = at(&second[18..]) + 18 + 7;
    second[place] = 78;
    let scope =
        [field(2, &first), field(2, b"\x0a\xff\xff\xff\xff\x0f"), field(2, &second)].concat();
    let answer = send("application/x-protobuf", &field(1, &field(2, &scope)));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("/resourceSpans/0/scopeSpans/0/spans/1"), "{}", answer.body);
    assert_eq!(spans(&intake), 4);

    let mut text = serde_json::to_value(&whole).unwrap();
    let list = "/resourceSpans/0/scopeSpans/0/spans";
    text.pointer_mut(list).unwrap()[0]["spanId"] = json!("00000000000000ff");
    text.pointer_mut(list).unwrap()[1]["startTimeUnixNano"] = json!({});
    let answer = send("application/json", &serde_json::to_vec(&text).unwrap());
    assert_eq!(answer.status, 200, "{}", answer.body);
    let said: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(said["partialSuccess"]["rejectedSpans"], "1");
    let message = said["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(message.contains(&format!("{list}/1")), "{message}");
    assert_eq!(spans(&intake), 5);
    // All of it well: nothing is said.
    assert_eq!(send("application/x-protobuf", &whole.encode_to_vec()).body, "");
}

#[test]
fn a_request_of_which_nothing_is_usable_is_refused() {
    let intake = Intake::start(&[]);
    let wrong = with(event(9, 9, None, "x"), "/spans/0/duration", json!("long"));
    assert_eq!(intake.send(&[wrong.clone(), wrong]).status, 400);
    let mut request = batch(1, 10);
    request.resource_spans[0].scope_spans[0].spans[0].span_id.clear();
    let kind = [("Content-Type", "application/x-protobuf")];
    let body = request.encode_to_vec();
    assert_eq!(intake.ask_with("POST", "/v1/traces", &kind, &body).status, 400);
    let kind = [("Content-Type", "application/msgpack")];
    let body = packed(&json!([[carrier(1, &json!("x"))]]));
    assert_eq!(intake.ask_with("PUT", "/v0.4/traces", &kind, &body).status, 400);
    assert_eq!(spans(&intake), 0);
    assert_eq!(intake.get("/api/ui/drops")["intake"]["refused"]["400"], 3);
}

#[test]
fn the_sdks_envelope_speaks_for_spans_that_say_nothing() {
    let intake = Intake::start(&[]);
    let mut envelope = event(1, 1, None, "x");
    envelope["spans"][0].as_object_mut().unwrap().remove("tags");
    envelope["ml_app"] = json!("of the envelope");
    envelope["tags"] = json!(["env:e", "team:t"]);
    assert_eq!(intake.send(&[envelope]).status, 202);
    let span = intake.get(&format!("/api/ui/spans/{:032x}/1", 1));
    assert_eq!((&span["app"], &span["env"]), (&json!("of the envelope"), &json!("e")));
    assert_eq!(span["tags"], json!(["env:e", "team:t"]));
}
