//! The forward queue: acknowledged requests that the receiver of `--forward` has not yet accepted.
//!
//! A request is written in the same transaction as its spans and deleted once the receiver has accepted
//! it. This is at-least-once delivery: neither a kill nor an outage loses a request. Only the store's
//! writer changes the table (`writer`). The forwarding thread reads it on a connection of its own
//! (`reader`) and reports the outcome of each row to the writer.

mod notifier;
mod reader;
mod state;
#[cfg(test)]
mod tests;
mod types;
mod writer;

pub(crate) use notifier::Notifier;
pub(crate) use reader::Reader;
pub(crate) use state::QueueState;
pub(crate) use types::{Forwarding, Outcome, QueueCounters, QueuedRequest, Target};
pub(crate) use writer::{DELIVERED, DELIVERED_BYTES, LOST, Writer};
