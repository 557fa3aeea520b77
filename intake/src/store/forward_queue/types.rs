//! What the forward queue holds: requests, the target they are for, and the outcome of each.

use crate::store::compression::{compress, decompress};

/// Bytes of a database page, and of a row besides its texts.
const PAGE: usize = 8_192;
const ROW: usize = 120;

/// Where a store's spans are forwarded to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The kind and the address; never a key or a password.
    pub(crate) receiver: String,
    /// Bytes of the database that the queue may take, for all receivers together.
    pub(crate) keep: u64,
}

/// A request as the receiver will get it.
#[derive(Debug)]
pub(crate) struct QueuedRequest {
    /// The path at the receiver.
    pub(crate) path: String,
    pub(crate) content_type: String,
    pub(crate) headers: Vec<(String, String)>,
    /// Spans and evaluations in it.
    pub(crate) items: u64,
    pub(super) packed: Vec<u8>,
}

impl QueuedRequest {
    pub(crate) fn new(
        path: &str,
        content_type: &str,
        headers: Vec<(String, String)>,
        items: u64,
        body: &[u8],
    ) -> Self {
        let (path, content_type) = (path.to_owned(), content_type.to_owned());
        Self { path, content_type, headers, items, packed: compress(body) }
    }

    /// The body, decompressed.
    pub(crate) fn body(&self) -> Vec<u8> {
        decompress(&self.packed)
    }

    /// About how many bytes of the database it takes. A row over half a page gets a page of its own.
    pub(super) fn bytes(&self) -> usize {
        let headers: usize =
            self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let row = ROW + self.path.len() + self.content_type.len() + headers + self.packed.len();
        if (PAGE / 2..PAGE).contains(&row) { PAGE } else { row }
    }
}

/// What is forwarded of one request that the intake accepted.
#[derive(Debug)]
pub(crate) enum Forwarding {
    /// More than one if the spans were re-encoded and are too long for one body.
    Requests(Vec<QueuedRequest>),
    /// The receiver has no format for it: the reason, and the number of spans and evaluations.
    Lost(&'static str, u64),
}

impl Forwarding {
    /// About how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Requests(requests) => requests.iter().map(QueuedRequest::bytes).sum(),
            Self::Lost(..) => 0,
        }
    }
}

/// How the delivery of a queued request ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The receiver accepted it; the bytes of its body.
    Delivered(u64),
    /// The receiver will never accept it; the reason it gave.
    Refused(String),
}

/// The length of the queue, as the writer counts it.
#[derive(Clone, Copy, Default)]
pub(crate) struct QueueCounters {
    /// Rows for the current receiver.
    pub(crate) waiting: i64,
    /// Rows for earlier receivers.
    pub(crate) others: i64,
    /// Bytes of all rows.
    pub(crate) bytes: i64,
}
