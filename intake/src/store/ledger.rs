//! The writer's side of the outbox: every change of the table, inside the writer's transactions.
//!
//! What went and what was lost is counted in `numbers`, in the same transaction as the rows, and a
//! loss is logged once for each reason.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::clock::now_ns;
use super::outbox::{Board, Fate, Onward, Outlet, Parcel, Tally};

/// Rows for other receivers that are deleted for their age in one transaction.
const AGED: i64 = 500;
/// Names in `numbers`: requests, bytes, and before the reason of a loss.
pub(super) const DELIVERED: &str = "forward.delivered";
pub(super) const DELIVERED_BYTES: &str = "forward.delivered_bytes";
pub(super) const LOST: &str = "forward.lost.";

/// What one transaction did to the outbox; told to people once it is committed.
#[derive(Default)]
pub(crate) struct Moved {
    delivered: i64,
    delivered_bytes: i64,
    lost: BTreeMap<&'static str, (i64, Option<String>)>,
}

impl Moved {
    fn lose(&mut self, reason: &'static str, items: i64, why: Option<&str>) {
        let (count, text) = self.lost.entry(reason).or_default();
        *count = count.saturating_add(items);
        if let Some(why) = why {
            *text = Some(why.to_owned());
        }
    }

    fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut add = connection.prepare_cached(
            // Sums end at what SQLite holds as an integer: one beyond it would be refused.
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

/// The writer's side: every change of the table, inside its transactions.
pub(crate) struct Ledger {
    outlet: Option<Outlet>,
    /// What the relay reported and no transaction has taken yet.
    settled: Vec<(i64, Fate)>,
    /// Reasons that were logged.
    said: BTreeSet<&'static str>,
}

/// A row that was deleted.
struct Gone {
    items: i64,
    bytes: i64,
    mine: bool,
}

impl Ledger {
    /// The ledger, and what waits already.
    pub(crate) fn open(
        connection: &Connection,
        outlet: Option<Outlet>,
    ) -> rusqlite::Result<(Self, Tally)> {
        let ledger = Self { outlet, settled: Vec::new(), said: BTreeSet::new() };
        let mut tally = Tally::default();
        let mut statement =
            connection.prepare("SELECT receiver, count(*), sum(bytes) FROM outbox GROUP BY 1")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (receiver, count): (String, i64) = (row.get(0)?, row.get(1)?);
            tally.bytes += row.get::<_, i64>(2)?;
            if ledger.receiver() == receiver {
                tally.waiting += count;
            } else {
                tally.others += count;
                crate::terminal::note!(
                    "witspan intake: {count} requests wait for `{receiver}` until --forward names it \
                     again"
                );
            }
        }
        Ok((ledger, tally))
    }

    /// Empty if nothing is forwarded.
    fn receiver(&self) -> &str {
        self.outlet.as_ref().map_or("", |outlet| &outlet.receiver)
    }

    /// Takes what the relay reports; the next transaction acts on it.
    pub(crate) fn settle(&mut self, row: i64, fate: Fate) {
        self.settled.push((row, fate));
    }

    /// Whether something reported waits for a transaction.
    pub(crate) fn has_settled(&self) -> bool {
        !self.settled.is_empty()
    }

    /// Whether more waits than may.
    pub(crate) fn is_overfull(&self, tally: &Tally) -> bool {
        self.outlet.as_ref().is_some_and(|outlet| tally.bytes > number(outlet.keep))
    }

    /// A transaction's part: deletes what has been settled, adds what came, and makes room.
    pub(crate) fn write<'a>(
        &self,
        connection: &Connection,
        tally: &mut Tally,
        onward: impl Iterator<Item = &'a Onward>,
        board: &Board,
    ) -> rusqlite::Result<Moved> {
        let mut moved = Moved::default();
        for (row, fate) in &self.settled {
            // A row that is gone was counted when it went.
            let Some(gone) = self.delete(connection, tally, "id = ?1", *row)? else { continue };
            match fate {
                Fate::Delivered(bytes) => {
                    moved.delivered += 1;
                    moved.delivered_bytes = moved.delivered_bytes.saturating_add(number(*bytes));
                }
                Fate::Refused(why) => moved.lose("refused", gone.items, Some(why)),
            }
        }
        if let Some(outlet) = &self.outlet {
            let mut parcels = Vec::new();
            for each in onward {
                match each {
                    Onward::Lost(reason, items) => moved.lose(reason, number(*items), None),
                    Onward::Parcels(several) => parcels.extend(several),
                }
            }
            for parcel in parcels {
                let bytes = number(parcel.bytes() as u64);
                if bytes > number(outlet.keep) {
                    moved.lose("queue_full", number(parcel.items), None);
                } else {
                    add(connection, &outlet.receiver, parcel)?;
                    tally.waiting += 1;
                    tally.bytes += bytes;
                }
            }
            let oldest = "id = (SELECT id FROM outbox WHERE id <> ?1 ORDER BY id LIMIT 1)";
            while self.is_overfull(tally)
                && let Some(gone) = self.delete(connection, tally, oldest, board.sending())?
            {
                moved.lose("queue_full", gone.items, None);
            }
        }
        moved.save(connection)?;
        Ok(moved)
    }

    /// What waits for a receiver of earlier goes when it is as old as traces may get.
    pub(crate) fn age(
        &self,
        connection: &Connection,
        tally: &mut Tally,
        age: Option<Duration>,
    ) -> rusqlite::Result<Moved> {
        let mut moved = Moved::default();
        let Some(age) = age.filter(|_| tally.others > 0) else { return Ok(moved) };
        let cutoff = now_ns() / 1_000_000 - i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let old: Vec<i64> = connection
            .prepare_cached("SELECT id FROM outbox WHERE receiver <> ?1 AND at_ms < ?2 LIMIT ?3")?
            .query_map(params![self.receiver(), cutoff, AGED], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for row in old {
            if let Some(gone) = self.delete(connection, tally, "id = ?1", row)? {
                moved.lose("receiver_changed", gone.items, None);
            }
        }
        moved.save(connection)?;
        Ok(moved)
    }

    /// Empties the outbox with everything else.
    pub(crate) fn clear(
        &self,
        connection: &Connection,
        tally: &mut Tally,
    ) -> rusqlite::Result<Moved> {
        let mut moved = Moved::default();
        if tally.waiting + tally.others > 0 {
            let items = "SELECT total(items) FROM outbox";
            let items: f64 = connection.query_row(items, [], |row| row.get(0))?;
            moved.lose("cleared", items as i64, None);
            connection.execute("DELETE FROM outbox", [])?;
            *tally = Tally::default();
        }
        moved.save(connection)?;
        Ok(moved)
    }

    fn delete(
        &self,
        connection: &Connection,
        tally: &mut Tally,
        which: &str,
        value: i64,
    ) -> rusqlite::Result<Option<Gone>> {
        let gone = connection
            .prepare_cached(&format!(
                "DELETE FROM outbox WHERE {which} RETURNING items, bytes, receiver = ?2"
            ))?
            .query_row(params![value, self.receiver()], |row| {
                Ok(Gone { items: row.get(0)?, bytes: row.get(1)?, mine: row.get(2)? })
            })
            .optional()?;
        if let Some(gone) = &gone {
            tally.bytes -= gone.bytes;
            *(if gone.mine { &mut tally.waiting } else { &mut tally.others }) -= 1;
        }
        Ok(gone)
    }

    /// After the commit of what `write` did: nothing of it must be done again.
    pub(crate) fn written(&mut self, moved: Moved) {
        self.settled.clear();
        self.say(moved);
    }

    /// Logs what was lost, once a reason.
    pub(crate) fn say(&mut self, moved: Moved) {
        for (reason, (items, why)) in moved.lost {
            if self.said.insert(reason) {
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                crate::terminal::note!(
                    "witspan intake: {items} spans or evaluations will not be forwarded \
                     ({reason}{why}); more of these are counted, see /drops"
                );
            }
        }
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn add(connection: &Connection, receiver: &str, parcel: &Parcel) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO outbox (receiver, place, content_type, headers, items, bytes, at_ms, packed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            receiver,
            parcel.place,
            parcel.content_type,
            serde_json::to_string(&parcel.headers).unwrap_or_default(),
            number(parcel.items),
            number(parcel.bytes() as u64),
            now_ns() / 1_000_000,
            parcel.packed,
        ])?;
    Ok(())
}
