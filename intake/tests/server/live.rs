//! Traces appear by themselves.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::client::{Intake, event};

/// Follows the live list.
struct Follower(BufReader<TcpStream>);

impl Follower {
    fn new(intake: &Intake, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(&intake.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        write!(stream, "GET /api/ui/live HTTP/1.1\r\nHost: localhost\r\n{last}\r\n").unwrap();
        let mut follower = Self(BufReader::new(stream));
        assert_eq!(follower.next().0, "hello");
        follower
    }

    /// The next event: its name, its data, its id.
    fn next(&mut self) -> (String, Value, String) {
        let (mut name, mut data, mut id) = (String::new(), Value::Null, String::new());
        loop {
            let mut line = String::new();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "the stream ended");
            let line = line.trim_end();
            if let Some(text) = line.strip_prefix("event: ") {
                text.clone_into(&mut name);
            } else if let Some(text) = line.strip_prefix("data: ") {
                data = serde_json::from_str(text).unwrap();
            } else if let Some(text) = line.strip_prefix("id: ") {
                text.clone_into(&mut id);
            } else if line.is_empty() && !name.is_empty() {
                return (name, data, id);
            }
        }
    }
}

#[test]
fn a_trace_is_told_when_it_comes_and_when_it_grows() {
    let intake = Intake::start(&[]);
    let mut follower = Follower::new(&intake, None);
    intake.send(&[event(1, 2, Some(1), "child")]);
    let (name, first, id) = follower.next();
    assert_eq!((name.as_str(), &first["spans"]), ("trace", &Value::from(1)));
    intake.send(&[event(1, 1, None, "root")]);
    let (_, second, _) = follower.next();
    assert_eq!(second["spans"], 2);
    assert_eq!(second["input_preview"], "root");
    assert!(second["seq"].as_i64() > first["seq"].as_i64());
    // A client that reconnects gets the events that it missed.
    let mut back = Follower::new(&intake, Some(&id));
    assert_eq!(back.next().1["spans"], 2);
}

#[test]
fn who_cannot_keep_up_is_told_to_read_the_list_again() {
    let intake = Intake::start(&[]);
    let mut follower = Follower::new(&intake, None);
    let many: Vec<_> = (0..500).map(|number| event(number, 1, None, "x")).collect();
    assert_eq!(intake.send(&many).status, 202);
    assert_eq!(follower.next().0, "gap");
    intake.send(&[event(9_999, 1, None, "after")]);
    assert_eq!(follower.next().1["input_preview"], "after");
}

#[test]
fn so_many_may_follow_and_one_more_is_told_why_not() {
    let intake = Intake::start(&[]);
    let followers: Vec<_> = (0..64).map(|_| Follower::new(&intake, None)).collect();
    let refused = intake.ask("GET", "/api/ui/live", b"");
    assert_eq!(refused.status, 503);
    assert!(refused.body.contains("64"), "{}", refused.body);
    drop(followers);
    crate::client::soon(|| {
        // A stream that opens has no length to read an answer by; it is enough that it is no 503.
        let mut stream = TcpStream::connect(&intake.address).unwrap();
        write!(stream, "GET /api/ui/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        intake.send(&[event(1, 1, None, "x")]);
        line.contains("200")
    });
}
