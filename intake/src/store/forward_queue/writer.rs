//! The writer's side of the queue: every change of the table, inside the writer's transactions.
//!
//! Deliveries and losses are counted in `numbers`, in the same transaction as the rows. A loss is logged
//! once for each reason.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::state::QueueState;
use super::types::{Forwarding, Outcome, QueueCounters, QueuedRequest, Target};
use crate::store::clock::now_ns;
use crate::words::plural;

/// Rows for other receivers that are deleted for their age in one transaction.
const AGED: i64 = 500;
/// Names in `numbers`: delivered requests, delivered bytes, and the prefix of a reason of loss.
pub(crate) const DELIVERED: &str = "forward.delivered";
pub(crate) const DELIVERED_BYTES: &str = "forward.delivered_bytes";
pub(crate) const LOST: &str = "forward.lost.";

/// What one transaction adds to the counters; logged once the transaction is committed.
#[derive(Default)]
pub(crate) struct Delta {
    delivered: i64,
    delivered_bytes: i64,
    lost: BTreeMap<&'static str, (i64, Option<String>)>,
}

impl Delta {
    fn lose(&mut self, reason: &'static str, items: i64, why: Option<&str>) {
        let (count, text) = self.lost.entry(reason).or_default();
        *count = count.saturating_add(items);
        if let Some(why) = why {
            *text = Some(why.to_owned());
        }
    }

    fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut add = connection.prepare_cached(
            // Counts stop at the largest integer of SQLite, which would reject a larger one.
            "INSERT INTO numbers VALUES (?1, ?2) ON CONFLICT DO UPDATE
             SET value = value + min(?2, 9223372036854775807 - value)",
        )?;
        if self.delivered > 0 {
            add.execute(params![DELIVERED, self.delivered])?;
            add.execute(params![DELIVERED_BYTES, self.delivered_bytes])?;
        }
        for (reason, (items, _)) in &self.lost {
            add.execute(params![format!("{LOST}{reason}"), items])?;
        }
        Ok(())
    }
}

pub(crate) struct Writer {
    target: Option<Target>,
    /// Outcomes that were reported and that no transaction has handled yet.
    settled: Vec<(i64, Outcome)>,
    /// Reasons that were logged already.
    logged: BTreeSet<&'static str>,
}

/// A row that was deleted.
struct Deleted {
    items: i64,
    bytes: i64,
    for_target: bool,
}

impl Writer {
    /// The writer, and the counters of the rows that are queued already.
    pub(crate) fn open(
        connection: &Connection,
        target: Option<Target>,
    ) -> rusqlite::Result<(Self, QueueCounters)> {
        let writer = Self { target, settled: Vec::new(), logged: BTreeSet::new() };
        let mut counters = QueueCounters::default();
        let mut statement =
            connection.prepare("SELECT receiver, count(*), sum(bytes) FROM outbox GROUP BY 1")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (receiver, count): (String, i64) = (row.get(0)?, row.get(1)?);
            counters.bytes += row.get::<_, i64>(2)?;
            if writer.receiver() == receiver {
                counters.waiting += count;
            } else {
                counters.others += count;
                crate::terminal::note!(
                    "witspan intake: {} for `{receiver}` in the forward queue, kept until --forward \
                     names it again",
                    plural(count, "request")
                );
            }
        }
        Ok((writer, counters))
    }

    /// Empty if nothing is forwarded.
    fn receiver(&self) -> &str {
        self.target.as_ref().map_or("", |target| &target.receiver)
    }

    /// Takes a reported outcome; the next transaction handles it.
    pub(crate) fn settle(&mut self, row: i64, outcome: Outcome) {
        self.settled.push((row, outcome));
    }

    /// Whether a reported outcome needs a transaction.
    pub(crate) fn has_settled(&self) -> bool {
        !self.settled.is_empty()
    }

    /// Whether the queue is larger than `--forward-keep` allows.
    pub(crate) fn is_overfull(&self, counters: &QueueCounters) -> bool {
        self.target.as_ref().is_some_and(|target| counters.bytes > number(target.keep))
    }

    /// The queue's part of a transaction: deletes settled rows, adds new ones, and makes room.
    pub(crate) fn write<'a>(
        &self,
        connection: &Connection,
        counters: &mut QueueCounters,
        forwarding: impl Iterator<Item = &'a Forwarding>,
        state: &QueueState,
    ) -> rusqlite::Result<Delta> {
        let mut delta = Delta::default();
        for (row, outcome) in &self.settled {
            // A row that is missing was counted when it was deleted.
            let Some(deleted) = self.delete(connection, counters, "id = ?1", *row)? else {
                continue;
            };
            match outcome {
                Outcome::Delivered(bytes) => {
                    delta.delivered += 1;
                    delta.delivered_bytes = delta.delivered_bytes.saturating_add(number(*bytes));
                }
                Outcome::Refused(why) => delta.lose("refused", deleted.items, Some(why)),
            }
        }
        if let Some(target) = &self.target {
            let mut requests = Vec::new();
            for each in forwarding {
                match each {
                    Forwarding::Lost(reason, items) => delta.lose(reason, number(*items), None),
                    Forwarding::Requests(several) => requests.extend(several),
                }
            }
            for request in requests {
                let bytes = number(request.bytes() as u64);
                if bytes > number(target.keep) {
                    delta.lose("queue_full", number(request.items), None);
                } else {
                    add(connection, &target.receiver, request)?;
                    counters.waiting += 1;
                    counters.bytes += bytes;
                }
            }
            let oldest = "id = (SELECT id FROM outbox WHERE id <> ?1 ORDER BY id LIMIT 1)";
            while self.is_overfull(counters)
                && let Some(deleted) = self.delete(connection, counters, oldest, state.sending())?
            {
                delta.lose("queue_full", deleted.items, None);
            }
        }
        delta.save(connection)?;
        Ok(delta)
    }

    /// Deletes rows for earlier receivers that are older than traces may get.
    pub(crate) fn age(
        &self,
        connection: &Connection,
        counters: &mut QueueCounters,
        age: Option<Duration>,
    ) -> rusqlite::Result<Delta> {
        let mut delta = Delta::default();
        let Some(age) = age.filter(|_| counters.others > 0) else { return Ok(delta) };
        let cutoff = now_ns() / 1_000_000 - i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let old: Vec<i64> = connection
            .prepare_cached("SELECT id FROM outbox WHERE receiver <> ?1 AND at_ms < ?2 LIMIT ?3")?
            .query_map(params![self.receiver(), cutoff, AGED], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for row in old {
            if let Some(deleted) = self.delete(connection, counters, "id = ?1", row)? {
                delta.lose("receiver_changed", deleted.items, None);
            }
        }
        delta.save(connection)?;
        Ok(delta)
    }

    /// Empties the queue, as part of deleting everything.
    pub(crate) fn clear(
        &self,
        connection: &Connection,
        counters: &mut QueueCounters,
    ) -> rusqlite::Result<Delta> {
        let mut delta = Delta::default();
        if counters.waiting + counters.others > 0 {
            let items = "SELECT total(items) FROM outbox";
            let items: f64 = connection.query_row(items, [], |row| row.get(0))?;
            delta.lose("cleared", items as i64, None);
            connection.execute("DELETE FROM outbox", [])?;
            *counters = QueueCounters::default();
        }
        delta.save(connection)?;
        Ok(delta)
    }

    fn delete(
        &self,
        connection: &Connection,
        counters: &mut QueueCounters,
        which: &str,
        value: i64,
    ) -> rusqlite::Result<Option<Deleted>> {
        let deleted = connection
            .prepare_cached(&format!(
                "DELETE FROM outbox WHERE {which} RETURNING items, bytes, receiver = ?2"
            ))?
            .query_row(params![value, self.receiver()], |row| {
                Ok(Deleted { items: row.get(0)?, bytes: row.get(1)?, for_target: row.get(2)? })
            })
            .optional()?;
        if let Some(deleted) = &deleted {
            counters.bytes -= deleted.bytes;
            *(if deleted.for_target { &mut counters.waiting } else { &mut counters.others }) -= 1;
        }
        Ok(deleted)
    }

    /// Call after the commit of a `write`, so that its outcomes are not handled twice.
    pub(crate) fn written(&mut self, delta: Delta) {
        self.settled.clear();
        self.log(delta);
    }

    /// Logs losses, once per reason.
    pub(crate) fn log(&mut self, delta: Delta) {
        for (reason, (items, why)) in delta.lost {
            if self.logged.insert(reason) {
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                let what = if items == 1 { "span or evaluation" } else { "spans or evaluations" };
                crate::terminal::note!(
                    "witspan intake: {items} {what} will not be forwarded ({reason}{why}); later ones \
                     are counted, see /drops"
                );
            }
        }
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn add(connection: &Connection, receiver: &str, request: &QueuedRequest) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO outbox (receiver, place, content_type, headers, items, bytes, at_ms, packed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            receiver,
            request.path,
            request.content_type,
            serde_json::to_string(&request.headers).unwrap_or_default(),
            number(request.items),
            number(request.bytes() as u64),
            now_ns() / 1_000_000,
            request.packed,
        ])?;
    Ok(())
}
