//! Forwarding to scripted receivers on loopback. `forms`: the formats of requests by receiver; `answers`:
//! the handling of responses; `waiting`: the forward queue across restarts and limits.

mod answers;
mod forms;
mod waiting;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use serde_json::{Value, json};
use witspan_test_receiver::{Answer, Receiver, free_address};

use super::{Forward, Target, onward};
use crate::decode;
use crate::endpoints::Route;
use crate::store::{Retention, Store, forward_queue, now_ns};

/// A receiver that answers with these statuses in turn, and with the last one from then on. Like some
/// receivers, it repeats what it was sent.
fn receiver(statuses: &[u16]) -> Receiver {
    let last = *statuses.last().expect("a status");
    Receiver::scripted(statuses.iter().copied().map(Answer::echo)).otherwise(Answer::echo(last))
}

/// A receiver that takes everything, at an address where none was until now.
fn receiver_at(address: SocketAddr) -> Receiver {
    Receiver::answering_at(address, |_| Answer::status(202))
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
        let queue = |target: &Target| forward_queue::Target { receiver: target.name(), keep };
        let queue = target.as_ref().map(queue);
        let store = Store::open(&self.directory, Retention::default(), queue);
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

/// The spans that arrive, in order, until so many requests have.
fn spans(receiver: &Receiver, requests: usize) -> Vec<u64> {
    let id = |body: &[u8]| {
        let body: Value = serde_json::from_slice(body).expect("JSON");
        body[0]["spans"][0]["span_id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
    };
    (0..requests).map(|_| id(&receiver.next_request().body)).collect()
}

/// An address without a listener, for a test to listen at later, and its URL.
fn nobody() -> (String, SocketAddr) {
    let address = free_address();
    (format!("http://{address}"), address)
}
