//! Jobs on their way to the writer: what they are, how they end, and a bound on their bytes.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::forward_queue::Outcome;
use super::prepare::Prepared;

/// Bytes of requests that may be queued for the writer; further ones are refused as busy.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// How long a request waits for room in the queue.
pub(super) const ROOM: Duration = Duration::from_secs(5);

/// Why a request was not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotKept {
    /// The queue is full; a retry in a moment may succeed.
    Busy,
    /// The database cannot write, for instance because the disk is full. A retry may succeed.
    Failed(String),
    /// The database will never accept this request.
    Never(String),
}

/// Receives the result of a job once its transaction has ended.
pub(crate) type Completion = oneshot::Receiver<Result<(), NotKept>>;
/// Sends the result of a job.
pub(super) type Done = oneshot::Sender<Result<(), NotKept>>;

/// A job for the writer's thread.
pub(crate) enum Job {
    Write {
        prepared: Prepared,
        size: usize,
        done: Done,
    },
    Clear {
        done: Done,
    },
    /// The outcome of a row of the forward queue.
    Settle {
        row: i64,
        outcome: Outcome,
    },
}

/// The bytes of all requests that are queued for the writer.
#[derive(Default)]
pub(super) struct WriteQueue {
    bytes: Mutex<usize>,
    left: Condvar,
}

impl WriteQueue {
    pub(super) fn is_full(&self) -> bool {
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) > QUEUE_BYTES
    }

    /// Waits up to `ROOM` for room; false if there is none. A request larger than the limit enters an empty
    /// queue.
    pub(super) fn enter(&self, size: usize) -> bool {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |bytes: &mut usize| *bytes > 0 && *bytes + size > QUEUE_BYTES;
        let waited = self.left.wait_timeout_while(bytes, ROOM, full);
        let (mut bytes, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && full(&mut bytes) {
            return false;
        }
        *bytes += size;
        true
    }

    pub(super) fn leave(&self, size: usize) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *bytes = bytes.saturating_sub(size);
        self.left.notify_all();
    }
}
