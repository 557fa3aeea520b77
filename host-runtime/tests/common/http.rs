//! A small HTTP/1.1 server on loopback or on a unix socket: it answers by a script and remembers
//! every request.

use super::spans::{Sent, in_body};
use serde_json::Value;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// An origin where nobody listens: a port that no program takes by chance.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";
/// Long enough that no request ends by it while a test runs.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// What a receiver does with one request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    Answer,
    /// Answers when the receiver is told to; never, if it ends first.
    Hold,
    /// Closes the connection without an answer.
    Drop,
    /// Answers with what it was sent, headers and all.
    Echo,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), body: "{}".to_owned(), then: Then::Answer }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: &str) -> Answer {
        body.clone_into(&mut self.body);
        self
    }

    /// This answer, but not before [`Receiver::release`].
    pub(crate) fn held(mut self) -> Answer {
        self.then = Then::Hold;
        self
    }

    /// No answer: the connection is closed.
    pub(crate) fn closed_connection() -> Answer {
        Answer { then: Then::Drop, ..Answer::status(0) }
    }

    /// An answer whose body repeats the request, as some proxies' error pages do.
    pub(crate) fn echo(status: u16) -> Answer {
        Answer { then: Then::Echo, ..Answer::status(status) }
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn spans(&self) -> Vec<Sent> {
        if self.is_of_evaluations() { Vec::new() } else { in_body(&self.body) }
    }

    fn is_of_evaluations(&self) -> bool {
        self.path.ends_with("/api/intake/llm-obs/v2/eval-metric")
    }

    fn evaluations(&self) -> Vec<Value> {
        if !self.is_of_evaluations() {
            return Vec::new();
        }
        let body: Value = serde_json::from_slice(&self.body).expect("a body is JSON");
        body["data"]["attributes"]["metrics"].as_array().expect("metrics").clone()
    }
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    /// How many of `received` have their answer.
    answered: usize,
    script: VecDeque<Answer>,
    /// What follows when the script is over.
    otherwise: Option<Answer>,
    /// What `GET /info` answers; it stands outside the script.
    info: Option<Answer>,
    released: bool,
    ended: bool,
}

type Shared = Arc<(Mutex<State>, Condvar)>;

/// The receiver. It ends, and closes what it holds, when it is dropped.
pub(crate) struct Receiver {
    origin: String,
    shared: Shared,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Receiver {
    /// Answers 202 to everything.
    pub(crate) fn start() -> Receiver {
        Receiver::scripted([])
    }

    /// Answers by the script, then with 202.
    pub(crate) fn scripted<const N: usize>(script: [Answer; N]) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of loopback");
        let address = listener.local_addr().expect("an address");
        let shared = prepared(script);
        serve(shared.clone(), move || Ok(Box::new(listener.accept()?.0) as Box<dyn Stream>));
        let wake = move || drop(TcpStream::connect(address));
        Receiver { origin: format!("http://{address}"), shared, wake: Box::new(wake) }
    }

    /// The same on a unix socket.
    #[cfg(unix)]
    pub(crate) fn on_socket<const N: usize>(
        path: &std::path::Path,
        script: [Answer; N],
    ) -> Receiver {
        use std::os::unix::net::{UnixListener, UnixStream};
        let listener = UnixListener::bind(path).expect("a socket");
        let shared = prepared(script);
        serve(shared.clone(), move || Ok(Box::new(listener.accept()?.0) as Box<dyn Stream>));
        let origin = format!("unix://{}", path.display());
        let path = path.to_owned();
        let wake = move || drop(UnixStream::connect(&path));
        Receiver { origin, shared, wake: Box::new(wake) }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Answers `GET /info` with this from now on.
    pub(crate) fn info(self, answer: Answer) -> Receiver {
        self.state().info = Some(answer);
        self
    }

    /// Answers with this when the script is over.
    pub(crate) fn otherwise(self, answer: Answer) -> Receiver {
        self.state().otherwise = Some(answer);
        self
    }

    /// Gives the answers that are held, and holds none any more.
    pub(crate) fn release(&self) {
        self.state().released = true;
        self.shared.1.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().expect("the receiver's threads do not panic")
    }

    /// The POST requests so far.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.state().received.iter().filter(|r| r.method == "POST").cloned().collect()
    }

    /// How often the agent's features were asked for.
    pub(crate) fn probes(&self) -> usize {
        self.state().received.iter().filter(|r| r.path == "/info").count()
    }

    /// How many requests have their answer.
    pub(crate) fn answered(&self) -> usize {
        self.state().answered
    }

    /// All spans so far, once for each time they were sent.
    pub(crate) fn spans(&self) -> Vec<Sent> {
        self.requests().iter().flat_map(Received::spans).collect()
    }

    /// All evaluations so far, once for each time they were sent.
    pub(crate) fn evaluations(&self) -> Vec<Value> {
        self.requests().iter().flat_map(Received::evaluations).collect()
    }

    /// Waits for so many POST requests.
    #[track_caller]
    pub(crate) fn wait_for(&self, requests: usize) -> Vec<Received> {
        super::wait_until("the requests come", || self.requests().len() >= requests);
        self.requests()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Ok(mut state) = self.shared.0.lock() {
            state.ended = true;
        }
        self.shared.1.notify_all();
        (self.wake)();
    }
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

fn prepared<const N: usize>(script: [Answer; N]) -> Shared {
    let shared = Shared::default();
    if let Ok(mut state) = shared.0.lock() {
        state.script = script.into();
    }
    shared
}

fn serve(shared: Shared, accept: impl Fn() -> std::io::Result<Box<dyn Stream>> + Send + 'static) {
    std::thread::spawn(move || {
        while let Ok(stream) = accept() {
            if shared.0.lock().is_ok_and(|state| state.ended) {
                return;
            }
            let shared = shared.clone();
            // A connection that breaks off is the client's affair.
            std::thread::spawn(move || converse(&shared, BufReader::new(stream)));
        }
    });
}

/// Serves one connection until it ends.
fn converse(shared: &Shared, mut stream: BufReader<Box<dyn Stream>>) -> std::io::Result<()> {
    while let Some(received) = read_request(&mut stream)? {
        let Some(mut answer) = take_answer(shared, &received) else { return Ok(()) };
        if answer.then == Then::Echo {
            for (name, value) in &received.headers {
                answer.body.push_str(&format!("{name}: {value}\n"));
            }
        }
        let mut text = format!("HTTP/1.1 {} Scripted\r\n", answer.status);
        for (name, value) in &answer.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n{}", answer.body.len(), answer.body));
        stream.get_mut().write_all(text.as_bytes())?;
        stream.get_mut().flush()?;
        shared.0.lock().map(|mut state| state.answered += 1).unwrap_or_default();
    }
    Ok(())
}

/// The answer to a request, when its time has come; `None` if there is to be none.
fn take_answer(shared: &Shared, received: &Received) -> Option<Answer> {
    let (state, changed) = &**shared;
    let mut state = state.lock().ok()?;
    state.received.push(received.clone());
    let answer = if received.path == "/info" {
        state.info.clone().unwrap_or_else(|| Answer::status(404))
    } else {
        let next = state.script.pop_front().or_else(|| state.otherwise.clone());
        next.unwrap_or_else(|| Answer::status(202))
    };
    if answer.then == Then::Hold {
        let waited = changed.wait_while(state, |state| !state.released && !state.ended);
        state = waited.ok()?;
        if !state.released {
            return None;
        }
    }
    drop(state);
    (answer.then != Then::Drop).then_some(answer)
}

fn read_request(stream: &mut BufReader<Box<dyn Stream>>) -> std::io::Result<Option<Received>> {
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
    let mut received = Received { method, path, headers, body: Vec::new(), at: Instant::now() };
    let length = received.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    received.body.resize(length, 0);
    stream.read_exact(&mut received.body)?;
    Ok(Some(received))
}

/// A folder of its own for a test's socket; removed at the end.
pub(crate) struct Folder(pub(crate) std::path::PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("witspan-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
