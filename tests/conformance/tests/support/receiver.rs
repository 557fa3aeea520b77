//! An HTTP receiver that gives a case's answers and remembers what it got.

use anyhow::Result;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use witspan_conformance::{Answer, Sent};

/// The headers that the core names; the host's own are not the suite's business.
const NAMED: [&str; 2] = ["content-type", "x-datadog-evp-subdomain"];

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    sent: Vec<Sent>,
}

/// The receiver; it lives as long as the test program.
pub(crate) struct Receiver {
    pub(crate) origin: String,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    /// Gives these answers, then 202.
    pub(crate) fn start(answers: &[Answer]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let state = State { answers: answers.iter().cloned().collect(), sent: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                // A connection that ends is the sender's business.
                std::thread::spawn(move || converse(&stream, &state));
            }
        });
        Ok(Receiver { origin, state })
    }

    /// All requests so far.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.state.lock().unwrap().sent.clone()
    }
}

fn converse(mut stream: &TcpStream, state: &Mutex<State>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(sent) = receive(&mut reader)? {
        let answer = {
            let mut state = state.lock().unwrap();
            state.sent.push(sent);
            state.answers.pop_front()
        };
        let answer = answer.unwrap_or(Answer { status: 202, headers: Default::default() });
        if answer.status == 0 {
            return Ok(());
        }
        let mut text = format!("HTTP/1.1 {} Answer\r\ncontent-length: 0\r\n", answer.status);
        for (name, value) in &answer.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all((text + "\r\n").as_bytes())?;
    }
    Ok(())
}

/// One request of a connection; `None` at its end.
fn receive(reader: &mut impl BufRead) -> Result<Option<Sent>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut sent = Sent { path, headers: Default::default(), body: String::new() };
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        let name = name.to_ascii_lowercase();
        if name == "content-length" {
            length = value.parse()?;
        } else if NAMED.contains(&name.as_str()) {
            sent.headers.insert(name, value.to_owned());
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    sent.body = String::from_utf8(body)?;
    Ok(Some(sent))
}
