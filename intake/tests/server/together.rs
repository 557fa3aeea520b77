//! Requests that are written together: what the database will not have costs its sender alone.

use std::io::BufReader;
use std::net::TcpStream;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::client::{Answer, Directory, Intake, event};

/// What ddtrace's telemetry says of so many dropped events.
fn report(client: &str, count: u64) -> Vec<u8> {
    serde_json::to_vec(&json!({
        "request_type": "generate-metrics", "runtime_id": client,
        "application": { "service_name": "svc", "language_name": "python" },
        "payload": { "namespace": "mlobs", "series": [
            { "metric": "dropped_span_events", "points": [[1, count]], "tags": ["error:full"] }] },
    }))
    .unwrap()
}

#[test]
fn counts_beyond_all_sense_are_taken_and_end_at_the_largest() {
    let intake = Intake::start(&[]);
    let path = "/telemetry/proxy/api/v2/apmtelemetry";
    for client in ["one", "other"] {
        for _ in 0..4 {
            let answer = intake.ask("POST", path, &report(client, 1 << 62));
            assert_eq!(answer.status, 202, "{}", answer.body);
        }
    }
    let drops = intake.get("/api/ui/drops");
    assert_eq!(drops["totals"]["full"], i64::MAX);
    assert_eq!(drops["clients"][0]["spans"]["full"], i64::MAX);
    // The header of losses counts as well.
    let body = serde_json::to_vec(&[event(1, 1, None, "x")]).unwrap();
    for _ in 0..2 {
        let lost = format!("client=c;queue_full={}", u64::MAX);
        let headers = [("Content-Type", "application/json"), ("witspan-dropped", lost.as_str())];
        assert_eq!(intake.ask_with("POST", "/api/v2/llmobs", &headers, &body).status, 202);
    }
    assert_eq!(intake.get("/api/ui/drops")["totals"]["queue_full"], i64::MAX);
}

#[test]
fn a_request_that_can_never_be_kept_is_refused_for_good_and_costs_no_other() {
    let directory = Directory::new();
    let intake = Intake::start_with(&directory.0, &[]);
    // A rule of the tables, as any that a row may break.
    let database = Connection::open(directory.0.join("traces.sqlite")).unwrap();
    database
        .execute_batch(
            "CREATE TRIGGER strict BEFORE INSERT ON spans WHEN new.name = 'poison'
             BEGIN SELECT raise(ABORT, 'no poison'); END",
        )
        .unwrap();
    // While the database is somebody else's, requests gather; then they are written together.
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let send = |event: &Value| {
        use std::io::Write;
        let body = serde_json::to_vec(&[event]).unwrap();
        let mut stream = TcpStream::connect(&intake.address).unwrap();
        let head = format!(
            "POST /api/v2/llmobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        BufReader::new(stream)
    };
    let events: Vec<Value> = (0..30)
        .map(|number| {
            let mut event = event(number, 1, None, "x");
            if number % 10 == 5 {
                event["spans"][0]["name"] = json!("poison");
            }
            event
        })
        .collect();
    let mut senders: Vec<BufReader<TcpStream>> = events.iter().map(send).collect();
    crate::client::soon(|| intake.ask("GET", "/info", b"").status == 200);
    database.execute_batch("COMMIT").unwrap();
    for (number, sender) in senders.iter_mut().enumerate() {
        let answer = Answer::read(sender).expect("an answer");
        let expected = if number % 10 == 5 { 400 } else { 202 };
        assert_eq!(answer.status, expected, "{number}: {}", answer.body);
        if expected == 400 {
            assert!(answer.body.contains("no poison"), "{}", answer.body);
        }
    }
    assert_eq!(intake.get("/api/ui/status")["spans"], 27);
    let traces = intake.get("/api/ui/traces");
    assert_eq!(traces["traces"].as_array().unwrap().len(), 27);
}
