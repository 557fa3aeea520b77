//! Many connections: those that say nothing make room for those that do.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::client::{Answer, Intake, event};

/// More than the intake serves at a time.
const MANY: usize = 600;

fn connect(intake: &Intake) -> TcpStream {
    let stream = TcpStream::connect(&intake.address).unwrap();
    // Far less than the minute for which a silent connection once kept its place.
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn ask(stream: &mut BufReader<TcpStream>, path: &str) -> Option<u16> {
    write!(stream.get_mut(), "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
    Answer::read(stream).map(|answer| answer.status)
}

#[test]
fn connections_that_say_nothing_make_room_and_those_in_use_stay() {
    let intake = Intake::start(&[]);
    let mut kept: Vec<BufReader<TcpStream>> =
        (0..20).map(|_| BufReader::new(connect(&intake))).collect();
    for stream in &mut kept {
        assert_eq!(ask(stream, "/info"), Some(200));
    }
    let mut live = connect(&intake);
    live.write_all(b"GET /api/ui/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    // One that is in the middle of its body.
    let mut sender = BufReader::new(connect(&intake));
    let body = serde_json::to_vec(&[event(1, 1, None, "x")]).unwrap();
    let (begin, end) = body.split_at(10);
    let head = format!(
        "POST /api/v2/llmobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    sender.get_mut().write_all(head.as_bytes()).unwrap();
    sender.get_mut().write_all(begin).unwrap();

    let mut silent: Vec<TcpStream> = (0..MANY).map(|_| connect(&intake)).collect();
    for (number, stream) in silent.iter_mut().enumerate() {
        // Some begin a head and do not end it; one that was closed already may not be written to.
        if number % 3 == 0 {
            let _ = stream.write_all(b"POST /api/v2/llmobs HTTP/1.1\r\nHost: local");
        }
    }
    let mut other = BufReader::new(connect(&intake));
    assert_eq!(ask(&mut other, "/info"), Some(200), "with {MANY} silent connections");
    // The one that was silent longest went first.
    assert!(matches!(silent[0].read(&mut [0; 1]), Ok(0) | Err(_)));

    sender.get_mut().write_all(end).unwrap();
    assert_eq!(Answer::read(&mut sender).map(|answer| answer.status), Some(202));
    for stream in &mut kept {
        assert_eq!(ask(stream, "/info"), Some(200), "a connection that was in use is closed");
    }
    let mut told = String::new();
    let mut piece = [0; 4_096];
    while !told.contains("event: trace") {
        let length = live.read(&mut piece).expect("the live list goes on");
        assert_ne!(length, 0, "the live list ended");
        told.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
}

#[test]
fn idle_connections_make_room_where_all_have_asked_something() {
    let intake = Intake::start(&[]);
    let mut idle: Vec<BufReader<TcpStream>> =
        (0..512).map(|_| BufReader::new(connect(&intake))).collect();
    for stream in &mut idle {
        assert_eq!(ask(stream, "/info"), Some(200));
    }
    let mut other = BufReader::new(connect(&intake));
    assert_eq!(ask(&mut other, "/info"), Some(200));
    assert_eq!(ask(&mut idle[511], "/info"), Some(200), "the last one used is closed");
    assert_eq!(ask(&mut idle[0], "/info"), None, "the longest idle one is kept");
}
