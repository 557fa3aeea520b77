//! The receiver's side of its connections: HTTP/1.1 with bodies of known length.

use crate::answer::{Answer, Then};
use crate::{Received, Shared};
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

pub(crate) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// Gives the next connection.
pub(crate) type Accept = Box<dyn Fn() -> Result<Box<dyn Stream>> + Send>;

/// Serves each connection in a thread of its own, until the receiver ends.
pub(crate) fn serve(shared: Arc<Shared>, accept: Accept) {
    thread::spawn(move || {
        let mut number = 0;
        while let Ok(stream) = accept() {
            if shared.state().ended {
                return;
            }
            let shared = shared.clone();
            // A connection that breaks off is the client's affair.
            thread::spawn(move || converse(&shared, BufReader::new(stream), number));
            number += 1;
        }
    });
}

/// Serves one connection until it ends.
fn converse(shared: &Shared, mut stream: BufReader<Box<dyn Stream>>, number: usize) -> Result<()> {
    while let Some(received) = read_request(&mut stream, number)? {
        let Some(mut answer) = take_answer(shared, &received) else { return Ok(()) };
        if answer.then == Then::Echo {
            answer.body =
                received.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        }
        let mut text = format!("HTTP/1.1 {} Scripted\r\n", answer.status);
        for (name, value) in &answer.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n{}", answer.body.len(), answer.body));
        stream.get_mut().write_all(text.as_bytes())?;
        stream.get_mut().flush()?;
        shared.state().answered += 1;
    }
    Ok(())
}

/// The answer to a request, when its time has come; `None` if there is to be none.
fn take_answer(shared: &Shared, received: &Received) -> Option<Answer> {
    let mut state = shared.state();
    let answer = if received.path == "/info" {
        state.info.clone()
    } else if let Some(next) = state.script.pop_front() {
        next
    } else {
        (state.judge)(received)
    };
    state.received.push(received.clone());
    shared.changed.notify_all();
    if answer.then == Then::Hold {
        let held = |state: &mut crate::State| !state.released && !state.ended;
        let waited = shared.changed.wait_while(state, held).ok()?;
        if !waited.released {
            return None;
        }
    }
    (answer.then != Then::Drop).then_some(answer)
}

fn read_request(
    stream: &mut BufReader<Box<dyn Stream>>,
    connection: usize,
) -> Result<Option<Received>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let at = Instant::now();
    let mut received = Received { method, path, headers, body: Vec::new(), at, connection };
    let length = received.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    received.body.resize(length, 0);
    stream.read_exact(&mut received.body)?;
    Ok(Some(received))
}
