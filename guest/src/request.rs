//! Requests as data: what the worker polls for, what it gets, and what it reports.

use witspan_propagation::Header;
use witspan_setup::{Credential, DropReason};

/// What a poll is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollMode {
    /// Hand out what is due.
    Due,
    /// Hand out everything that has finished.
    Everything,
}

/// One HTTP POST for the host to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Names it when it is completed.
    pub id: u64,
    /// The id of the target it is for.
    pub target: String,
    /// The complete URL.
    pub url: String,
    /// The unix socket to connect to in place of the URL's host.
    pub socket: Option<String>,
    /// All headers but those with secrets.
    pub headers: Vec<Header>,
    /// Headers that only the host can write.
    pub credentials: Vec<Credential>,
    /// In the target's format.
    pub body: Vec<u8>,
    /// How many spans it holds.
    pub spans: u32,
    /// How many evaluations and feedbacks it holds.
    pub evaluations: u32,
}

/// What the worker should do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send this, then complete it.
    Send(Request),
    /// Poll again after this number of nanoseconds.
    Wait(u64),
    /// Do nothing until a span finishes.
    Idle,
}

/// An intake's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// At least those that say when to retry.
    pub headers: Vec<Header>,
}

/// The outcome of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer.
    Response(Response),
    /// No answer.
    TransportError,
    /// Not sent, and it will not be.
    NotSent(DropReason),
}

/// What happens to a request next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It arrived.
    Delivered,
    /// Send it again after this number of nanoseconds.
    Retry(u64),
    /// It is not sent again.
    Dropped(DropReason),
}
