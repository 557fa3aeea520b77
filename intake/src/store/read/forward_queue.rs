//! The status of forwarding: deliveries, losses, and the age of the queue.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

use crate::store::forward_queue::{DELIVERED, DELIVERED_BYTES, LOST};
use crate::store::numbers::number;

/// Counted since the database was created.
pub(crate) struct Forwarded {
    /// Requests that a receiver accepted.
    pub(crate) delivered: i64,
    pub(crate) delivered_bytes: i64,
    /// Spans and evaluations that were lost, by reason.
    pub(crate) lost: BTreeMap<String, i64>,
    /// When the oldest queued request for this receiver was acknowledged.
    pub(crate) oldest_ms: Option<i64>,
}

/// The status of forwarding to this receiver.
pub(crate) fn forwarded(connection: &Connection, receiver: &str) -> rusqlite::Result<Forwarded> {
    let lost = connection
        .prepare_cached(
            "SELECT substr(name, length(?1) + 1), value FROM numbers WHERE name GLOB ?1 || '*'",
        )?
        .query_map([LOST], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let oldest_ms = connection
        .prepare_cached("SELECT at_ms FROM outbox WHERE receiver = ?1 ORDER BY id LIMIT 1")?
        .query_row([receiver], |row| row.get(0))
        .optional()?;
    Ok(Forwarded {
        delivered: number(connection, DELIVERED)?,
        delivered_bytes: number(connection, DELIVERED_BYTES)?,
        lost,
        oldest_ms,
    })
}
