//! The relay against receivers on loopback that do as they are told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::{Forward, Target, onward};
use crate::decode::{self, Route};
use crate::model::Decoded;
use crate::store::{Onward, Outlet, Retention, Store, now_ns};

type Received = Receiver<(String, Vec<u8>)>;

/// A receiver that answers with these statuses in turn, the last one for ever.
fn receiver(statuses: &'static [u16]) -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    let mut number = 0;
    let received = judging(listener, move |_| {
        number += 1;
        statuses[(number - 1).min(statuses.len() - 1)]
    });
    (url, received)
}

/// A receiver whose answer depends on the body.
fn judging(listener: TcpListener, mut judge: impl FnMut(&str) -> u16 + Send + 'static) -> Received {
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Some(request) = stream.ok().and_then(|stream| answer(stream, &mut judge)) else {
                continue;
            };
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    received
}

fn answer(mut stream: TcpStream, judge: &mut impl FnMut(&str) -> u16) -> Option<(String, Vec<u8>)> {
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
    let status = judge(&String::from_utf8_lossy(&bytes));
    // It repeats what it was sent, as some receivers do.
    let length = head.len();
    let text = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{head}"
    );
    stream.write_all(text.as_bytes()).ok()?;
    Some((head, bytes))
}

fn body(span: u64) -> Value {
    json!([{ "event_type": "span", "spans": [{
        "name": "ask", "span_id": span.to_string(), "trace_id": "6b029e4800000000669908bad7a0d48a",
        "parent_id": "undefined", "start_ns": 1_000_000_000, "duration": 5, "status": "ok",
        "tags": ["ml_app:app"], "metrics": { "input_tokens": 3 },
        "meta": { "span.kind": "llm", "input": { "messages": [{ "role": "user", "content": "hi" }] } }
    }] }])
}

/// An intake's store and its relay, without the HTTP in front.
struct Relay {
    forward: Option<Forward>,
    store: Option<Store>,
    directory: PathBuf,
}

impl Relay {
    fn new(name: &str) -> Self {
        Self::keeping(name, 1 << 20)
    }

    fn keeping(name: &str, keep: u64) -> Self {
        let unique = format!("witspan-forward-{}-{}", std::process::id(), now_ns());
        let directory = std::env::temp_dir().join(unique);
        let mut relay = Self { forward: None, store: None, directory };
        relay.start(Some(name), keep);
        relay
    }

    /// As a start of the intake with that option, or without it.
    fn start(&mut self, name: Option<&str>, keep: u64) {
        self.forward = None;
        self.store = None;
        let key = |name: &str| (name == "DD_API_KEY").then(|| "secret-key".to_owned());
        let target = name.map(|name| Target::parse(name, key).expect("it is understood"));
        let outlet = target.as_ref().map(|target| Outlet { receiver: target.name(), keep });
        let store = Store::open(&self.directory, Retention::default(), outlet);
        let store = self.store.insert(store.expect("it opens"));
        let wait = Duration::from_millis(1);
        self.forward = target.map(|to| Forward::start_with(to, store, wait).expect("it starts"));
    }

    /// Takes a request and acknowledges it.
    fn take(&self, body: &Value) {
        let (body, headers) = (body.to_string(), HeaderMap::new());
        let route = Route::SdkSpans;
        let kind = "application/json";
        let decoded = decode::request(route, kind, &headers, body.as_bytes()).expect("it is taken");
        let onward = self.forward.as_ref().and_then(|forward| {
            onward(forward.target(), route, kind, &headers, body.as_bytes(), &decoded)
        });
        let store = self.store.as_ref().expect("it is open");
        let kept = store.keep(decoded, onward).expect("it is not busy").blocking_recv();
        kept.expect("the writer lives").expect("it is kept");
    }

    fn status(&self) -> Value {
        let store = self.store.as_ref().expect("it is open");
        let forward = self.forward.as_ref().expect("it forwards");
        let status = store.read(|connection| forward.status(store, connection));
        serde_json::to_value(status.expect("the database answers")).expect("it is JSON")
    }

    /// The status once it is so; fails if that takes too long.
    fn until(&self, so: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let status = self.status();
            if so(&status) {
                return status;
            }
            assert!(Instant::now() < end, "it did not become so: {status}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The status once nothing waits.
    fn settled(&self) -> Value {
        self.until(|status| status["waiting"] == 0)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.forward = None;
        self.store = None;
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn next(received: &Received) -> (String, Vec<u8>) {
    received.recv_timeout(Duration::from_secs(20)).expect("a request")
}

/// The spans that arrive, in order, until so many requests have.
fn spans(received: &Received, requests: usize) -> Vec<u64> {
    let id = |body: Vec<u8>| {
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        body[0]["spans"][0]["span_id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
    };
    (0..requests).map(|_| id(next(received).1)).collect()
}

/// An address where nobody listens, until somebody does.
fn nobody() -> (String, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    (format!("http://{address}"), address)
}

#[test]
fn an_agent_gets_what_the_sdk_sent_as_it_was() {
    let (url, received) = receiver(&[202]);
    let relay = Relay::new(&url);
    relay.take(&body(7));
    let (head, sent) = next(&received);
    assert!(head.starts_with("post /evp_proxy/v2/api/v2/llmobs"), "{head}");
    assert!(head.contains("x-datadog-evp-subdomain: llmobs-intake"));
    assert!(!head.contains("secret-key"));
    assert_eq!(serde_json::from_slice::<Value>(&sent).expect("JSON"), body(7));
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({})));
    assert_eq!(status["delivered_bytes"], sent.len());
    assert_eq!((&status["waiting_bytes"], &status["oldest_waiting_s"]), (&json!(0), &Value::Null));
}

#[test]
fn an_agent_gets_traces_without_llm_spans_too_and_datadog_s_intake_does_not() {
    let body = b"\x92\x90\x90";
    for (route, path) in [(Route::ApmTraces, "/v0.4/traces"), (Route::ApmTracesV5, "/v0.5/traces")]
    {
        let (url, received) = receiver(&[200]);
        let kind = "application/msgpack";
        let decoded = Decoded::default();
        let to = |name: &str| {
            let target = Target::parse(name, |_| Some("key".to_owned())).expect("it is understood");
            onward(&target, route, kind, &HeaderMap::new(), body, &decoded)
        };
        let Some(Onward::Parcel(parcel)) = to(&url) else { panic!("it goes on") };
        let agent = Target::parse(&url, |_| None).expect("it is understood");
        agent.send(&super::target::http(), &parcel, &parcel.body());
        let (head, sent) = next(&received);
        assert!(head.starts_with(&format!("post {path} ")), "{head}");
        assert_eq!(sent, body);
        assert!(to(&format!("intake:{url}")).is_none());
    }
}

#[test]
fn datadog_s_intake_gets_the_key_and_neither_the_status_nor_the_files_have_it() {
    let (url, received) = receiver(&[403]);
    let relay = Relay::new(&format!("intake:{url}"));
    relay.take(&body(7));
    let (head, _) = next(&received);
    assert!(head.starts_with("post /api/v2/llmobs"), "{head}");
    assert!(head.contains("dd-api-key: secret-key"));
    let status = relay.until(|status| !status["last_error"].is_null());
    assert!(status["last_error"].as_str().expect("a reason").contains("(the API key)"));
    assert!(!status.to_string().contains("secret-key"));
    for file in std::fs::read_dir(&relay.directory).expect("it is there") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("it is read");
        assert!(!bytes.windows(10).any(|part| part == b"secret-key"));
    }
}

#[test]
fn a_wrong_key_loses_nothing_and_the_right_one_after_a_restart_delivers_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let name = format!("intake:http://{}", listener.local_addr().expect("it has an address"));
    let right = Arc::new(AtomicBool::new(false));
    let asked = right.clone();
    let received =
        judging(listener, move |_| if asked.load(Ordering::Relaxed) { 202 } else { 403 });
    let mut relay = Relay::new(&name);
    relay.take(&body(1));
    relay.take(&body(2));
    let tries = u64::from(super::PATIENT_TRIES) + 1;
    let status = relay.until(|status| status["failed_tries"].as_u64() > Some(tries));
    assert_eq!((&status["waiting"], &status["lost"]), (&json!(2), &json!({})));
    right.store(true, Ordering::Relaxed);
    relay.start(Some(&name), 1 << 20);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(2), &json!({})));
    assert!(received.try_iter().count() > 2);
}

#[test]
fn a_collector_gets_the_same_span_in_its_own_protocol() {
    let (url, received) = receiver(&[200]);
    let relay = Relay::new(&format!("{url}/v1/traces"));
    relay.take(&body(7));
    let (head, sent) = next(&received);
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
    let (url, received) = receiver(&[503, 429, 500, 502, 503, 408, 429, 500, 503, 202]);
    let relay = Relay::new(&url);
    relay.take(&body(7));
    assert_eq!(spans(&received, 10), [7; 10]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({})));
    assert_eq!(status["failed_tries"], 0);
}

#[test]
fn what_waits_survives_a_restart_and_goes_on_in_order() {
    let (url, address) = nobody();
    let mut relay = Relay::new(&url);
    (1..=5).for_each(|span| relay.take(&body(span)));
    let status = relay.until(|status| status["failed_tries"].as_u64() > Some(1));
    assert_eq!((&status["waiting"], &status["lost"]), (&json!(5), &json!({})));
    assert!(status["last_error"].as_str().expect("a reason").contains("does not answer"));
    assert!(status["waiting_bytes"].as_i64() > Some(5 * 100));
    assert!(status["oldest_waiting_s"].is_i64());
    relay.start(Some(&url), 1 << 20);
    relay.take(&body(6));
    let received = judging(TcpListener::bind(address).expect("the port is free"), |_| 202);
    assert_eq!(spans(&received, 6), [1, 2, 3, 4, 5, 6]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(6), &json!({})));
    // What was delivered is gone for good, and the counts go on.
    relay.start(Some(&url), 1 << 20);
    relay.take(&body(7));
    assert_eq!(spans(&received, 1), [7]);
    assert_eq!(relay.settled()["delivered"], 7);
}

#[test]
fn what_is_refused_is_counted_and_the_rest_goes_on() {
    let (url, received) = receiver(&[400, 202]);
    let mut relay = Relay::new(&url);
    relay.take(&body(1));
    relay.take(&body(2));
    assert_eq!(spans(&received, 2), [1, 2]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({ "refused": 1 })));
    assert!(status["last_error"].as_str().expect("a reason").contains("400"));
    relay.start(Some(&url), 1 << 20);
    assert_eq!(relay.status()["lost"], json!({ "refused": 1 }));
}

/// Six spans that wait, and then a receiver that fails so many times on the second: the spans of the
/// requests that it gets, but for the first tries of the second, and what became of all.
fn with_one_that_fails(failures: usize, requests: usize) -> (Vec<u64>, Value) {
    let (url, address) = nobody();
    let relay = Relay::new(&url);
    (1..=6).for_each(|span| relay.take(&body(span)));
    let mut left = failures;
    let received = judging(TcpListener::bind(address).expect("the port is free"), move |body| {
        let fails = left > 0 && body.contains("\"span_id\":\"2\"");
        left -= usize::from(fails);
        if fails { 500 } else { 202 }
    });
    let mut arrived = spans(&received, super::PATIENT_TRIES as usize + requests);
    let patient: Vec<u64> = arrived.drain(1..=super::PATIENT_TRIES as usize).collect();
    assert_eq!(patient, [2; super::PATIENT_TRIES as usize]);
    (arrived, relay.settled())
}

#[test]
fn one_request_that_makes_a_receiver_fail_holds_up_the_others_for_a_while_only() {
    let (arrived, status) = with_one_that_fails(usize::MAX, 8);
    assert_eq!(arrived, [1, 2, 3, 2, 4, 2, 5, 6]);
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(5), &json!({ "refused": 1 })));
}

#[test]
fn a_request_that_comes_through_after_others_were_tried_is_delivered() {
    let failures = super::PATIENT_TRIES as usize + 2;
    let (arrived, status) = with_one_that_fails(failures, 8);
    assert_eq!(arrived, [1, 2, 3, 2, 4, 2, 5, 6]);
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(6), &json!({})));
}

#[test]
fn beyond_the_bound_the_oldest_that_wait_are_lost_and_counted() {
    let (url, address) = nobody();
    let mut relay = Relay::keeping(&url, 2_000);
    (1..=20).for_each(|span| relay.take(&body(span)));
    let status = relay.status();
    let waiting = status["waiting"].as_u64().expect("a number");
    assert!((2..20).contains(&waiting), "{status}");
    assert!(status["waiting_bytes"].as_i64() <= Some(2_000), "{status}");
    assert_eq!(status["lost"], json!({ "queue_full": 20 - waiting }));
    // A smaller bound holds from the next start on, and for what comes then.
    relay.start(Some(&url), 1_000);
    let status = relay.status();
    let left = status["waiting"].as_u64().expect("a number");
    assert!(left < waiting && status["waiting_bytes"].as_i64() <= Some(1_000), "{status}");
    assert_eq!(status["lost"], json!({ "queue_full": 20 - left }));
    relay.take(&body(21));
    let status = relay.status();
    let fewer = status["waiting"].as_u64().expect("a number");
    assert!(fewer < waiting && status["waiting_bytes"].as_i64() <= Some(1_000), "{status}");
    assert_eq!(status["lost"], json!({ "queue_full": 21 - fewer }));
    let received = judging(TcpListener::bind(address).expect("the port is free"), |_| 202);
    let arrived = spans(&received, usize::try_from(fewer).expect("a few"));
    // The first may be an old one that was just being tried when room had to be made.
    let newest: Vec<u64> = (23 - fewer..=21).collect();
    assert_eq!(arrived[1..], newest);
    assert_eq!(relay.settled()["delivered"], fewer);
}

#[test]
fn one_that_is_larger_than_the_bound_pushes_no_other_out() {
    let (url, _) = nobody();
    let relay = Relay::keeping(&url, 2_000);
    relay.take(&body(1));
    let mut large = body(2);
    // Noise, which no compression makes small.
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{state:016x}")
    });
    let noise: String = noise.take(500).collect();
    large[0]["spans"][0]["meta"]["input"]["messages"][0]["content"] = json!(noise);
    relay.take(&large);
    let status = relay.status();
    assert_eq!((&status["waiting"], &status["lost"]), (&json!(1), &json!({ "queue_full": 1 })));
}

#[test]
fn what_waits_for_another_receiver_waits_until_that_is_named_again() {
    let (away, address) = nobody();
    let (other, received_by_other) = receiver(&[202]);
    let mut relay = Relay::new(&away);
    relay.take(&body(1));
    relay.start(Some(&other), 1 << 20);
    relay.take(&body(2));
    let status = relay.settled();
    assert_eq!((&status["waiting_for_others"], &status["lost"]), (&json!(1), &json!({})));
    assert_eq!(spans(&received_by_other, 1), [2]);
    relay.start(None, 1 << 20);
    relay.take(&body(3));
    relay.start(Some(&away), 1 << 20);
    let received = judging(TcpListener::bind(address).expect("the port is free"), |_| 202);
    assert_eq!(spans(&received, 1), [1]);
    let status = relay.settled();
    assert_eq!((&status["waiting_for_others"], &status["lost"]), (&json!(0), &json!({})));
    assert!(received_by_other.try_recv().is_err());
}

#[test]
fn deleting_everything_empties_the_outbox_and_counts_it() {
    let (url, address) = nobody();
    let relay = Relay::new(&url);
    (1..=3).for_each(|span| relay.take(&body(span)));
    let store = relay.store.as_ref().expect("it is open");
    let cleared = store.clear().expect("it is not busy").blocking_recv();
    cleared.expect("the writer lives").expect("it is cleared");
    let status = relay.status();
    assert_eq!((&status["waiting"], &status["waiting_bytes"]), (&json!(0), &json!(0)));
    assert_eq!(status["lost"], json!({ "cleared": 3 }));
    let received = judging(TcpListener::bind(address).expect("the port is free"), |_| 202);
    relay.take(&body(4));
    // The first may be one that was just being tried when it was deleted.
    let first = spans(&received, 1);
    assert!([[4], [1]].iter().any(|span| first == span), "{first:?}");
    if first == [1] {
        assert_eq!(spans(&received, 1), [4]);
    }
}

#[test]
fn a_receiver_that_hangs_does_not_hold_up_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    let relay = Relay::new(&url);
    relay.take(&body(1));
    let (held, _) = listener.accept().expect("it connects");
    let began = Instant::now();
    drop(relay);
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(held);
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
}
