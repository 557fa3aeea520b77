//! A scripted HTTP/1.1 receiver, on loopback or at a unix socket: it gives the answers that a test
//! wants, and keeps the requests.

mod answer;
mod connection;

pub use answer::Answer;

use connection::{Accept, serve};
use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long a test waits for a request that must come; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method, in capitals.
    pub method: String,
    /// The path and the query; the host and port of a `CONNECT`.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// When its head had come.
    pub at: Instant,
    /// The number of its connection, in order of their beginnings, from 0.
    pub connection: usize,
}

impl Received {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

type Judge = Box<dyn FnMut(&Received) -> Answer + Send>;

struct State {
    received: Vec<Received>,
    /// How many of `received` have their answer.
    answered: usize,
    /// How many POST requests `next_request` has given.
    taken: usize,
    script: VecDeque<Answer>,
    /// What follows when the script is over.
    judge: Judge,
    /// What `GET /info` answers; it stands outside the script.
    info: Answer,
    released: bool,
    ended: bool,
}

impl State {
    fn posts(&self) -> impl Iterator<Item = &Received> {
        self.received.iter().filter(|received| received.method == "POST")
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the receiver's threads do not panic")
    }
}

/// The receiver. It ends, and closes the connections that wait for an answer, when it is dropped.
pub struct Receiver {
    origin: String,
    shared: Arc<Shared>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Receiver {
    /// Answers 202 to everything.
    pub fn start() -> Receiver {
        Receiver::scripted([])
    }

    /// Answers by the script, then with 202.
    pub fn scripted(script: impl IntoIterator<Item = Answer>) -> Receiver {
        Receiver::on_tcp(any_port(), script, Box::new(|_| Answer::status(202)))
    }

    /// Answers each request as `judge` says.
    pub fn answering(judge: impl FnMut(&Received) -> Answer + Send + 'static) -> Receiver {
        Receiver::answering_at(any_port(), judge)
    }

    /// The same at an address, where nobody may listen.
    pub fn answering_at(
        address: SocketAddr,
        judge: impl FnMut(&Received) -> Answer + Send + 'static,
    ) -> Receiver {
        Receiver::on_tcp(address, [], Box::new(judge))
    }

    fn on_tcp(
        address: SocketAddr,
        script: impl IntoIterator<Item = Answer>,
        judge: Judge,
    ) -> Receiver {
        let listener = TcpListener::bind(address).expect("the port is free");
        let address = listener.local_addr().expect("an address");
        let wake = Box::new(move || drop(TcpStream::connect(address)));
        let accept: Accept = Box::new(move || Ok(Box::new(listener.accept()?.0)));
        Receiver::serving(format!("http://{address}"), accept, wake, script, judge)
    }

    /// Like [`Receiver::scripted`], at a unix socket.
    #[cfg(unix)]
    pub fn on_socket(path: &std::path::Path, script: impl IntoIterator<Item = Answer>) -> Receiver {
        use std::os::unix::net::{UnixListener, UnixStream};
        let listener = UnixListener::bind(path).expect("a socket");
        let origin = format!("unix://{}", path.display());
        let path = path.to_owned();
        let wake = Box::new(move || drop(UnixStream::connect(&path)));
        let accept: Accept = Box::new(move || Ok(Box::new(listener.accept()?.0)));
        Receiver::serving(origin, accept, wake, script, Box::new(|_| Answer::status(202)))
    }

    fn serving(
        origin: String,
        accept: Accept,
        wake: Box<dyn Fn() + Send + Sync>,
        script: impl IntoIterator<Item = Answer>,
        judge: Judge,
    ) -> Receiver {
        let state = State {
            received: Vec::new(),
            answered: 0,
            taken: 0,
            script: script.into_iter().collect(),
            judge,
            info: Answer::status(404),
            released: false,
            ended: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        serve(shared.clone(), accept);
        Receiver { origin, shared, wake }
    }

    /// Answers `GET /info` with this from now on, not with 404.
    pub fn info(self, answer: Answer) -> Receiver {
        self.shared.state().info = answer;
        self
    }

    /// Answers with this when the script is over.
    pub fn otherwise(self, answer: Answer) -> Receiver {
        self.shared.state().judge = Box::new(move |_| answer.clone());
        self
    }

    /// Gives the answers that are held, and holds none from now on.
    pub fn release(&self) {
        self.shared.state().released = true;
        self.shared.changed.notify_all();
    }

    /// Its URL, without a path.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// All requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// The POST requests so far.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.state().posts().cloned().collect()
    }

    /// How often the agent's features were asked for.
    pub fn probes(&self) -> usize {
        self.shared.state().received.iter().filter(|received| received.path == "/info").count()
    }

    /// How many requests have their answer.
    pub fn answered(&self) -> usize {
        self.shared.state().answered
    }

    /// Waits until so many POST requests have come, and gives them all.
    #[track_caller]
    pub fn wait_for(&self, requests: usize) -> Vec<Received> {
        let missing = |state: &mut State| state.posts().count() < requests;
        let waited = self.shared.changed.wait_timeout_while(self.shared.state(), PATIENCE, missing);
        let (state, _) = waited.expect("the receiver's threads do not panic");
        let came = state.posts().count();
        assert!(came >= requests, "{came} requests came, not {requests}");
        state.posts().cloned().collect()
    }

    /// The first POST request that no call of this has given; waits for it.
    #[track_caller]
    pub fn next_request(&self) -> Received {
        let taken = self.shared.state().taken;
        let next = self.wait_for(taken + 1).swap_remove(taken);
        self.shared.state().taken += 1;
        next
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Ok(mut state) = self.shared.state.lock() {
            state.ended = true;
        }
        self.shared.changed.notify_all();
        (self.wake)();
    }
}

/// An address where nobody listens, for a test to listen at later.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(any_port()).expect("a port of loopback");
    listener.local_addr().expect("an address")
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
