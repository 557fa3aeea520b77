//! What a receiver gets: the form it takes, on paths of its own.

use std::io::Read;

use axum::http::HeaderMap;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::{Relay, body, receiver};
use crate::decode;
use crate::endpoints::Route;
use crate::forward::{Target, onward};
use crate::model::Decoded;
use crate::store::forward_queue::Forwarding;

#[test]
fn an_agent_gets_what_the_sdk_sent_as_it_was() {
    let receiver = receiver(&[202]);
    let relay = Relay::new(receiver.origin());
    relay.take(&body(7));
    let sent = receiver.next_request();
    assert_eq!(sent.path, "/evp_proxy/v2/api/v2/llmobs");
    assert_eq!(sent.header("x-datadog-evp-subdomain"), Some("llmobs-intake"));
    assert!(!format!("{:?}", sent.headers).contains("secret-key"));
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).expect("JSON"), body(7));
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({})));
    assert_eq!(status["delivered_bytes"], sent.body.len());
    assert_eq!((&status["waiting_bytes"], &status["oldest_waiting_s"]), (&json!(0), &Value::Null));
}

#[test]
fn an_agent_gets_traces_without_llm_spans_too_and_datadog_s_intake_does_not() {
    let body = b"\x92\x90\x90";
    for (route, path) in [(Route::ApmTraces, "/v0.4/traces"), (Route::ApmTracesV5, "/v0.5/traces")]
    {
        let receiver = receiver(&[200]);
        let kind = "application/msgpack";
        let decoded = Decoded::default();
        let to = |name: &str| {
            let target = Target::parse(name, |_| Some("key".to_owned())).expect("it is understood");
            onward(&target, route, kind, &HeaderMap::new(), body, &decoded)
        };
        let Some(Forwarding::Requests(requests)) = to(receiver.origin()) else {
            panic!("it goes on")
        };
        let [request] = &requests[..] else { panic!("one request") };
        let agent = Target::parse(receiver.origin(), |_| None).expect("it is understood");
        agent.send(&agent.http(), request, &request.body());
        let sent = receiver.next_request();
        assert_eq!(sent.path, path);
        assert_eq!(sent.body, body);
        assert!(to(&format!("intake:{}", receiver.origin())).is_none());
    }
}

#[test]
fn datadog_s_intake_gets_the_key_and_neither_the_status_nor_the_files_have_it() {
    let receiver = receiver(&[403]);
    let relay = Relay::new(&format!("intake:{}", receiver.origin()));
    relay.take(&body(7));
    let sent = receiver.next_request();
    assert_eq!(sent.path, "/api/v2/llmobs");
    assert_eq!(sent.header("dd-api-key"), Some("secret-key"));
    let status = relay.until(|status| !status["last_error"].is_null());
    assert!(status["last_error"].as_str().expect("a reason").contains("(the API key)"));
    assert!(!status.to_string().contains("secret-key"));
    for file in std::fs::read_dir(&relay.directory).expect("it is there") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("it is read");
        assert!(!bytes.windows(10).any(|part| part == b"secret-key"));
    }
}

#[test]
fn a_collector_gets_the_same_span_in_its_own_protocol() {
    let receiver = receiver(&[200]);
    let relay = Relay::new(&format!("{}/v1/traces", receiver.origin()));
    relay.take(&body(7));
    let sent = receiver.next_request();
    assert_eq!(sent.path, "/v1/traces");
    assert_eq!(sent.header("content-encoding"), Some("gzip"));
    let mut body = Vec::new();
    GzDecoder::new(&sent.body[..]).read_to_end(&mut body).expect("it is packed");
    let headers = HeaderMap::new();
    let back = decode::request(Route::OtlpTraces, "application/x-protobuf", &headers, &body);
    let span = back.expect("it is OTLP").spans.remove(0);
    assert_eq!((span.name.as_str(), span.kind.name()), ("ask", "llm"));
    assert_eq!(span.trace_id, "6b029e4800000000669908bad7a0d48a");
    assert_eq!((span.span_id.as_str(), span.parent_id, span.ml_app.as_str()), ("7", None, "app"));
    assert_eq!((span.start_ns, span.duration_ns), (1_000_000_000, 5));
    assert_eq!(span.metrics, [("input_tokens".to_owned(), 3.0)]);
    assert_eq!(span.meta["input"]["messages"], json!([{ "role": "user", "content": "hi" }]));
}

#[test]
fn a_name_that_is_not_understood_says_what_is_accepted() {
    let none = |_: &str| None;
    let said = Target::parse("somewhere", none).err().expect("it is not understood");
    assert!(said.contains("accepted"), "{said}");
    for wrong in ["http://", "http:// /", "intake:http://", "http://a b", "ftp://host"] {
        let said = Target::parse(wrong, |_| Some("key".to_owned())).err();
        assert!(said.is_some_and(|said| said.contains("accepted")), "{wrong}");
    }
    let said = Target::parse("datadog", none).err().expect("it has no key");
    assert!(said.contains("DD_API_KEY"), "{said}");
    for (name, key, site) in [("DD_API_KEY", "a\nb", "x"), ("DD_SITE", "key", "a b")] {
        let lookup = |wanted: &str| Some(if wanted == "DD_SITE" { site } else { key }.to_owned());
        let said = Target::parse("datadog", lookup).err().expect("it cannot work");
        assert!(said.contains(name), "{said}");
        assert_eq!(Target::parse("intake:http://host", lookup).is_ok(), name == "DD_SITE");
    }
}

#[test]
fn what_would_be_too_long_in_the_other_form_goes_in_parts() {
    let mut long = body(1);
    long[0]["spans"][0]["meta"]["input"]["messages"][0]["content"] = "long ".repeat(300_000).into();
    let events: Vec<Value> = (1..=5)
        .map(|span| {
            let mut event = long[0].clone();
            event["spans"][0]["span_id"] = json!(span.to_string());
            event
        })
        .collect();
    let all = json!(events).to_string();
    let headers = HeaderMap::new();
    let decoded = decode::request(Route::SdkSpans, "application/json", &headers, all.as_bytes());
    let decoded = decoded.expect("it is taken");
    for (name, route) in
        [("intake:http://host", Route::OtlpTraces), ("http://host/v1/traces", Route::SdkSpans)]
    {
        let target = Target::parse(name, |_| Some("key".to_owned())).expect("it is understood");
        let onward = onward(&target, route, "", &headers, all.as_bytes(), &decoded);
        let Some(Forwarding::Requests(requests)) = onward else { panic!("it goes on") };
        let items: Vec<u64> = requests.iter().map(|request| request.items).collect();
        assert_eq!(items, [2, 2, 1], "{name}");
        assert!(requests.iter().all(|request| request.body().len() < 4 << 20));
    }
}
