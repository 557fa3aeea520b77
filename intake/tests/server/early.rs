//! Answers that are given before the request was read: the sender gets them, whatever it does first.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use serde_json::Value;

use crate::client::{Answer, Intake};

const MIB: usize = 1024 * 1024;

struct Sender(BufReader<TcpStream>);

impl Sender {
    fn new(intake: &Intake) -> Self {
        let stream = TcpStream::connect(&intake.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self(BufReader::new(stream))
    }

    fn head(&mut self, path: &str, headers: &str) {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n");
        self.write(head.as_bytes());
    }

    /// As a sender does that reads no answer before it has written its request.
    fn write(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).expect("the intake still listens");
    }

    fn answer(&mut self) -> Answer {
        Answer::read(&mut self.0).expect("an answer")
    }
}

fn chunked(size: usize) -> Vec<u8> {
    let mut body = Vec::new();
    for _ in 0..size / 65_536 {
        body.extend_from_slice(b"10000\r\n");
        body.resize(body.len() + 65_536, b'x');
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    body
}

/// What is refused without its body: the path, a header, the status.
const REFUSED: [(&str, &str, u16); 6] = [
    ("/v1/metrics", "Content-Type: application/x-protobuf", 404),
    ("/v0.7/config", "Content-Type: application/json", 404),
    ("/v1/traces", "Content-Type: text/plain", 415),
    ("/v1/traces", "Content-Encoding: br", 415),
    ("/v1/traces", "Origin: http://evil.example", 403),
    ("/api/ui/status", "Content-Type: application/json", 405),
];

#[test]
fn who_writes_first_hears_the_answer_and_the_connection_goes_on() {
    let intake = Intake::start(&[]);
    for (path, header, status) in REFUSED {
        let mut sender = Sender::new(&intake);
        for round in 0..3 {
            if round == 1 {
                sender.head(path, &format!("{header}\r\nTransfer-Encoding: chunked"));
                sender.write(&chunked(8 * MIB));
            } else {
                sender.head(path, &format!("{header}\r\nContent-Length: {}", 8 * MIB));
                sender.write(&vec![b'x'; 8 * MIB]);
            }
            assert_eq!(sender.answer().status, status, "{path} {header}, request {round}");
        }
    }
}

#[test]
fn what_is_too_large_is_read_on_and_answered() {
    let intake = Intake::start(&[]);
    let mut sender = Sender::new(&intake);
    let size = 100 * MIB;
    sender.head("/v1/traces", &format!("Content-Length: {size}"));
    sender.write(&vec![b'x'; size]);
    let answer = sender.answer();
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("64 MiB"), "{}", answer.body);
    // The same without a length that says so at once, on the same connection.
    sender.head("/v1/traces", "Transfer-Encoding: chunked");
    sender.write(&chunked(size));
    assert_eq!(sender.answer().status, 413);
    sender.head("/api/v2/llmobs", "Content-Type: application/json\r\nContent-Length: 2");
    sender.write(b"[]");
    assert_eq!(sender.answer().status, 202);
}

#[test]
fn what_is_far_too_large_is_answered_at_once_and_closed_gently() {
    let intake = Intake::start(&[]);
    let mut sender = Sender::new(&intake);
    sender.head("/v1/traces", "Content-Length: 100000000000");
    // Its answer is there already, and what is sent on is read for a while.
    sender.write(&vec![b'x'; 64 * MIB]);
    let answer = sender.answer();
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")));
    let mut rest = Vec::new();
    assert_eq!(sender.0.read_to_end(&mut rest).unwrap(), 0);
}

#[test]
fn who_asks_before_sending_is_told_without_having_sent() {
    let intake = Intake::start(&[]);
    let expects = "Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length";
    let mut sender = Sender::new(&intake);
    sender.head("/v1/metrics", &format!("{expects}: 8000000"));
    let answer = sender.answer();
    assert_eq!((answer.status, answer.header("connection")), (404, Some("close")));

    let mut sender = Sender::new(&intake);
    sender.head("/api/v2/llmobs", &format!("{expects}: 2"));
    let mut line = String::new();
    sender.0.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    sender.0.read_line(&mut line).unwrap();
    sender.write(b"[]");
    assert_eq!(sender.answer().status, 202);
}

#[test]
fn who_does_not_know_the_token_hears_so_after_a_large_body() {
    let intake = Intake::start(&["--token", "open sesame"]);
    let mut sender = Sender::new(&intake);
    for _ in 0..2 {
        sender.head("/v1/traces", &format!("Content-Length: {}", 20 * MIB));
        sender.write(&vec![b'x'; 20 * MIB]);
        assert_eq!(sender.answer().status, 401);
    }
}

/// A request as OpenTelemetry's exporters send it, with so long a text in each span.
pub(crate) fn batch(spans: usize, text: usize) -> ExportTraceServiceRequest {
    let word = "all work and no play makes jack a dull boy ";
    let text: String = word.chars().cycle().take(text).collect();
    let spans = (1..=spans as u64).map(|number| Span {
        trace_id: 7_u128.to_be_bytes().to_vec(),
        span_id: number.to_be_bytes().to_vec(),
        name: "ask".to_owned(),
        start_time_unix_nano: 1_790_000_000_000_000_000,
        end_time_unix_nano: 1_790_000_001_000_000_000,
        attributes: vec![KeyValue {
            key: "input.value".to_owned(),
            value: Some(AnyValue { value: Some(Any::StringValue(text.clone())) }),
            ..KeyValue::default()
        }],
        ..Span::default()
    });
    let scope_spans = vec![ScopeSpans { spans: spans.collect(), ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }
}

#[test]
fn opentelemetrys_batch_of_long_spans_fits_in_both_forms() {
    let intake = Intake::start(&[]);
    let request = batch(512, 100_000);
    let kinds = [
        ("application/x-protobuf", request.encode_to_vec()),
        ("application/json", serde_json::to_vec(&request).unwrap()),
    ];
    for (kind, body) in kinds {
        assert!(body.len() > 51_200_000);
        let answer = intake.ask_with("POST", "/v1/traces", &[("Content-Type", kind)], &body);
        assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
        let status: Value = intake.get("/api/ui/status");
        assert_eq!(status["spans"], 512, "{kind}");
    }
}
