//! The relay against receivers on loopback that do as they are told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::{Forward, Outgoing, Target};
use crate::decode::{self, Route};

/// A receiver that answers with these statuses in turn, the last one for ever.
fn receiver(statuses: &'static [u16]) -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let status = statuses[number.min(statuses.len() - 1)];
            let Some(request) = stream.ok().and_then(|stream| answer(stream, status)) else {
                continue;
            };
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (url, received)
}

fn answer(mut stream: TcpStream, status: u16) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let (head, length) = loop {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend(&piece[..read]);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length =
                head.split("content-length:").nth(1)?.lines().next()?.trim().parse().ok()?;
            bytes.drain(..end + 4);
            break (head, length);
        }
    };
    while bytes.len() < length {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend(&piece[..read]);
    }
    // It repeats what it was sent, as some receivers do.
    let length = head.len();
    let text = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{head}"
    );
    stream.write_all(text.as_bytes()).ok()?;
    Some((head, bytes))
}

fn body() -> Value {
    json!([{ "event_type": "span", "spans": [{
        "name": "ask", "span_id": "7", "trace_id": "6b029e4800000000669908bad7a0d48a",
        "parent_id": "undefined", "start_ns": 1_000_000_000, "duration": 5, "status": "ok",
        "tags": ["ml_app:app"], "metrics": { "input_tokens": 3 },
        "meta": { "span.kind": "llm", "input": { "messages": [{ "role": "user", "content": "hi" }] } }
    }] }])
}

fn outgoing(target: &Target) -> Outgoing {
    let body = body().to_string();
    let headers = HeaderMap::new();
    let decoded = decode::request(Route::SdkSpans, "application/json", &headers, body.as_bytes());
    let decoded = decoded.expect("it is taken");
    Outgoing::new(target, Route::SdkSpans, "application/json", &headers, body.as_bytes(), &decoded)
}

fn forward(name: &str, room: usize) -> Forward {
    let key = |name: &str| (name == "DD_API_KEY").then(|| "secret-key".to_owned());
    let target = Target::parse(name, key).expect("it is understood");
    Forward::with_room(target, room, Duration::from_millis(1))
}

/// Waits until nothing waits.
fn settled(forward: &Forward) -> Value {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let status = serde_json::to_value(forward.status()).expect("it is JSON");
        if status["waiting"] == 0 || Instant::now() > end {
            return status;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_agent_gets_what_the_sdk_sent_as_it_was() {
    let (url, received) = receiver(&[202]);
    let forward = forward(&url, 1 << 20);
    forward.offer(outgoing(forward.target()));
    let (head, sent) = received.recv_timeout(Duration::from_secs(20)).expect("a request");
    assert!(head.starts_with("post /evp_proxy/v2/api/v2/llmobs"), "{head}");
    assert!(head.contains("x-datadog-evp-subdomain: llmobs-intake"));
    assert!(!head.contains("secret-key"));
    assert_eq!(serde_json::from_slice::<Value>(&sent).expect("JSON"), body());
    let status = settled(&forward);
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({})));
}

#[test]
fn datadog_s_intake_gets_the_key_and_the_status_never_shows_it() {
    let (url, received) = receiver(&[403]);
    let forward = forward(&format!("intake:{url}"), 1 << 20);
    forward.offer(outgoing(forward.target()));
    let (head, _) = received.recv_timeout(Duration::from_secs(20)).expect("a request");
    assert!(head.starts_with("post /api/v2/llmobs"), "{head}");
    assert!(head.contains("dd-api-key: secret-key"));
    let status = settled(&forward);
    assert!(status["last_error"].as_str().expect("a reason").contains("(the API key)"));
    assert!(!status.to_string().contains("secret-key"));
}

#[test]
fn a_collector_gets_the_same_span_in_its_own_protocol() {
    let (url, received) = receiver(&[200]);
    let forward = forward(&format!("{url}/v1/traces"), 1 << 20);
    forward.offer(outgoing(forward.target()));
    let (head, sent) = received.recv_timeout(Duration::from_secs(20)).expect("a request");
    assert!(head.starts_with("post /v1/traces"), "{head}");
    let headers = HeaderMap::new();
    let back = decode::request(Route::OtlpTraces, "application/x-protobuf", &headers, &sent);
    let span = back.expect("it is OTLP").spans.remove(0);
    assert_eq!((span.name.as_str(), span.kind.name()), ("ask", "llm"));
    assert_eq!(span.trace_id, "6b029e4800000000669908bad7a0d48a");
    assert_eq!((span.span_id.as_str(), span.parent_id, span.ml_app.as_str()), ("7", None, "app"));
    assert_eq!((span.start_ns, span.duration_ns), (1_000_000_000, 5));
    assert_eq!(span.metrics, [("input_tokens".to_owned(), 3.0)]);
    assert_eq!(span.meta["input"]["messages"], json!([{ "role": "user", "content": "hi" }]));
}

#[test]
fn a_receiver_that_is_busy_gets_it_again_until_it_takes_it() {
    let (url, received) = receiver(&[503, 429, 202]);
    let forward = forward(&url, 1 << 20);
    forward.offer(outgoing(forward.target()));
    for _ in 0..3 {
        received.recv_timeout(Duration::from_secs(20)).expect("a try");
    }
    let status = settled(&forward);
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({})));
}

#[test]
fn what_is_refused_or_never_taken_is_counted_by_reason() {
    let (url, _received) = receiver(&[400]);
    let refused = forward(&url, 1 << 20);
    refused.offer(outgoing(refused.target()));
    assert_eq!(settled(&refused)["lost"], json!({ "refused": 1 }));

    let (url, received) = receiver(&[500]);
    let failing = forward(&url, 1 << 20);
    failing.offer(outgoing(failing.target()));
    let status = settled(&failing);
    assert_eq!(status["lost"], json!({ "not_delivered": 1 }));
    assert!(status["last_error"].as_str().expect("a reason").contains("500"));
    assert_eq!(received.try_iter().count(), super::ATTEMPTS as usize);
}

#[test]
fn what_finds_no_room_is_counted_and_the_rest_goes_on() {
    let (url, _received) = receiver(&[202]);
    let small = forward(&url, 10);
    small.offer(outgoing(small.target()));
    assert_eq!(settled(&small)["lost"], json!({ "queue_full": 1 }));
}

#[test]
fn a_name_that_is_not_understood_says_what_is_accepted() {
    let none = |_: &str| None;
    let said = Target::parse("somewhere", none).err().expect("it is not understood");
    assert!(said.contains("accepted"), "{said}");
    let said = Target::parse("datadog", none).err().expect("it has no key");
    assert!(said.contains("DD_API_KEY"), "{said}");
}
