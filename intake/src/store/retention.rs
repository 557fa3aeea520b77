//! Retention by age, by size, or both. The oldest traces are deleted first, and the file shrinks.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::aggregate::Aggregate;
use super::clock::now_ns;
use super::ids;
use super::numbers::{number, set_number};
use super::rollups::{GRAINS, add_session};
use super::summary::{MINUTE, Trace};

/// Spans deleted in one transaction, so that requests do not wait long for it.
const STEP_SPANS: i64 = 2_000;
/// Evaluations deleted in one transaction.
const STEP_EVALUATIONS: i64 = 2_000;
/// Pages returned to the file system at a time.
const SHRINK_PAGES: u32 = 2_000;
/// Drop reports that are kept; each is one reason of one tracer process.
const DROPS: i64 = 10_000;

/// The value of `--retention`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention {
    pub(crate) age: Option<Duration>,
    /// In bytes of the database.
    pub(crate) size: Option<u64>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { age: Some(Duration::from_secs(7 * 86_400)), size: Some(2_000_000_000) }
    }
}

impl std::str::FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut retention = Self { age: None, size: None };
        if text.trim() == "forever" {
            return Ok(retention);
        }
        for part in text.split(',') {
            let part = part.trim();
            let wrong = || {
                format!(
                    "`{part}` is neither an age nor a size: give 90m, 12h, 7d, 500MB, 2GB, two of \
                     them with a comma between, or `forever`"
                )
            };
            let (number, unit) = amount(part).ok_or_else(wrong)?;
            let seconds = match unit {
                "s" => Some(1.0),
                "m" | "min" => Some(60.0),
                "h" => Some(3_600.0),
                "d" => Some(86_400.0),
                "w" => Some(604_800.0),
                _ => None,
            };
            match (seconds, bytes_of(unit)) {
                (Some(seconds), _) if number * seconds >= 1.0 && retention.age.is_none() => {
                    let age = Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
                    retention.age = Some(age);
                }
                (None, Some(bytes)) if number * bytes >= 1e6 && retention.size.is_none() => {
                    retention.size = Some((number * bytes) as u64);
                }
                (None, Some(_)) if retention.size.is_none() => {
                    return Err(format!(
                        "`{part}` is less than an empty database: give 1MB or more"
                    ));
                }
                _ => return Err(wrong()),
            }
        }
        Ok(retention)
    }
}

/// Splits a text into a number and the unit after it.
fn amount(text: &str) -> Option<(f64, &str)> {
    let unit = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (number, unit) = text.split_at(unit);
    Some((number.parse().ok()?, unit.trim()))
}

/// The bytes of a unit such as `MB`.
fn bytes_of(unit: &str) -> Option<f64> {
    match unit.to_ascii_uppercase().as_str() {
        "KB" => Some(1e3),
        "MB" => Some(1e6),
        "GB" => Some(1e9),
        "TB" => Some(1e12),
        "KIB" => Some(1_024.0),
        "MIB" => Some(1_048_576.0),
        "GIB" => Some(1_073_741_824.0),
        _ => None,
    }
}

/// The value of `--forward-keep`, in bytes; at least a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = amount(text).and_then(|(number, unit)| Some(number * bytes_of(unit)?));
        match bytes {
            Some(bytes) if bytes >= 1e6 => Ok(Self(bytes as u64)),
            _ => Err(format!("`{text}` is not a size of 1MB or more: give 200MB, 2GB or 1.5GiB")),
        }
    }
}

/// What one step has deleted.
#[derive(Default)]
pub(crate) struct Deleted {
    pub(crate) traces: i64,
    pub(crate) spans: i64,
    /// Evaluations that belong to no stored trace.
    pub(crate) evaluations: usize,
}

/// Deletes some of the oldest traces if they exceed the retention. The `waiting` bytes of the forward
/// queue have a limit of their own and do not count here.
pub(crate) fn step(
    connection: &Connection,
    retention: Retention,
    waiting: u64,
) -> rusqlite::Result<Deleted> {
    let mut deleted = Deleted::default();
    let cutoff = retention
        .age
        .map(|age| now_ns().saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX)));
    let is_too_big = || -> rusqlite::Result<bool> {
        match retention.size {
            Some(size) => Ok(used_bytes(connection)?.saturating_sub(waiting) > size),
            None => Ok(false),
        }
    };
    while deleted.spans < STEP_SPANS {
        let oldest = connection
            .prepare_cached("SELECT * FROM traces ORDER BY id LIMIT 1")?
            .query_map([], Trace::from_row)?
            .next()
            .transpose()?;
        // Checked before each trace, because one trace may be most of the database.
        let too_big = is_too_big()?;
        let Some(oldest) = oldest else {
            if too_big {
                // Only evaluations of traces that never arrived are left.
                deleted.evaluations = connection
                    .prepare_cached(
                        "DELETE FROM evaluations WHERE rowid IN
                             (SELECT rowid FROM evaluations ORDER BY timestamp_ms LIMIT ?1)",
                    )?
                    .execute([STEP_EVALUATIONS])?;
            }
            break;
        };
        if !too_big && cutoff.is_none_or(|cutoff| oldest.received >= cutoff) {
            break;
        }
        delete(connection, &oldest)?;
        deleted.traces += 1;
        deleted.spans += oldest.spans;
    }
    if deleted.traces > 0 {
        for (name, more) in [("deleted_traces", deleted.traces), ("deleted_spans", deleted.spans)] {
            let before = number(connection, name)?;
            set_number(connection, name, before + more)?;
        }
        forget_minutes(connection)?;
    }
    if let Some(cutoff) = cutoff {
        let cutoff = cutoff / 1_000_000;
        deleted.evaluations += forget_evaluations(connection, cutoff)?;
        connection.prepare_cached("DELETE FROM drops WHERE at_ms < ?1")?.execute([cutoff])?;
    }
    connection
        .prepare_cached(
            "DELETE FROM drops WHERE at_ms < (SELECT at_ms FROM drops ORDER BY at_ms DESC
                 LIMIT 1 OFFSET ?1)",
        )?
        .execute([DROPS])?;
    Ok(deleted)
}

fn delete(connection: &Connection, trace: &Trace) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM search WHERE rowid IN
                 (SELECT id FROM spans WHERE trace = ?1 AND id <=
                     (SELECT value FROM numbers WHERE name = 'indexed'))",
        )?
        .execute([trace.id])?;
    // The tags of the trace are found through its spans, because no index leads from trace to tag.
    let tags: Vec<i64> = connection
        .prepare_cached(
            "SELECT DISTINCT tags.id FROM spans, json_each(spans.tags) AS tag, tags
             WHERE spans.trace = ?1
                 AND tags.key = CASE instr(tag.value, ':') WHEN 0 THEN tag.value
                     ELSE substr(tag.value, 1, instr(tag.value, ':') - 1) END
                 AND tags.value = CASE instr(tag.value, ':') WHEN 0 THEN ''
                     ELSE substr(tag.value, instr(tag.value, ':') + 1) END
             UNION SELECT tags.id FROM spans JOIN tags ON key = '@model' AND value = model
             WHERE trace = ?1
             UNION SELECT tags.id FROM spans JOIN tags ON key = '@join' AND value = join_key
             WHERE trace = ?1",
        )?
        .query_map([trace.id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for tag in tags {
        let gone = connection
            .prepare_cached("DELETE FROM trace_tags WHERE tag = ?1 AND trace = ?2")?
            .execute([tag, trace.id])?;
        connection
            .prepare_cached("UPDATE tags SET traces = traces - ?2 WHERE id = ?1")?
            .execute(params![tag, gone as i64])?;
        connection
            .prepare_cached("DELETE FROM tags WHERE id = ?1 AND traces <= 0")?
            .execute([tag])?;
    }
    for sql in [
        "DELETE FROM bodies WHERE id IN (SELECT id FROM spans WHERE trace = ?1)",
        "DELETE FROM spans WHERE trace = ?1",
        "DELETE FROM traces WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([trace.id])?;
    }
    for spelling in ids::spellings_of_trace(&trace.trace_id) {
        connection
            .prepare_cached("DELETE FROM evaluations WHERE trace_id = ?1")?
            .execute([spelling])?;
    }
    if let Some(session) = &trace.session {
        let mut aggregate: Aggregate = trace.aggregate();
        aggregate.negate();
        add_session(connection, session, trace, &aggregate)?;
    }
    Ok(())
}

/// Deletes evaluations before the cutoff that belong to no stored trace: those of a session, of a span
/// that was never found, or of a trace that never arrived.
fn forget_evaluations(connection: &Connection, cutoff_ms: i64) -> rusqlite::Result<usize> {
    let mut gone = connection
        .prepare_cached("DELETE FROM evaluations WHERE timestamp_ms < ?1 AND trace_id IS NULL")?
        .execute([cutoff_ms])?;
    let mut old = connection.prepare_cached(
        "SELECT rowid, trace_id, timestamp_ms FROM evaluations
         WHERE timestamp_ms < ?1 AND (timestamp_ms, rowid) > (?2, ?3)
             AND NOT EXISTS (SELECT 1 FROM traces WHERE traces.trace_id = evaluations.trace_id)
         ORDER BY timestamp_ms, rowid LIMIT ?4",
    )?;
    let mut trace = connection.prepare_cached("SELECT 1 FROM traces WHERE trace_id = ?1")?;
    // In order of time, which has an index, because most evaluations are not old.
    let mut last = (i64::MIN, i64::MIN);
    loop {
        let found: Vec<(i64, String, i64)> = old
            .query_map(params![cutoff_ms, last.0, last.1, STEP_EVALUATIONS], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
        let Some((rowid, _, timestamp_ms)) = found.last() else { return Ok(gone) };
        last = (*timestamp_ms, *rowid);
        for (rowid, trace_id, _) in found {
            let mut is_there = false;
            for spelling in ids::spellings_of_trace(&trace_id) {
                is_there |= trace.exists([spelling])?;
            }
            if !is_there {
                gone += connection
                    .prepare_cached("DELETE FROM evaluations WHERE rowid = ?1")?
                    .execute([rowid])?;
            }
        }
        // One page at a time. The rest is left for the next step, unless all of this page stays.
        if gone > 0 {
            return Ok(gone);
        }
    }
}

/// Deletes the rollups of minutes before the oldest trace.
fn forget_minutes(connection: &Connection) -> rusqlite::Result<()> {
    let oldest: Option<i64> =
        connection.query_row("SELECT min(start) FROM traces", [], |row| row.get(0))?;
    let minute = oldest.map_or(i64::MAX, |start| start.div_euclid(MINUTE));
    for (table, grain) in
        ["traffic", "operations"].into_iter().flat_map(|it| GRAINS.map(|g| (it, g)))
    {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE grain = ?1 AND minute <= ?2"))?
            .execute([grain, minute.saturating_sub(grain)])?;
    }
    Ok(())
}

/// The bytes of the database's pages that are in use.
pub(crate) fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name: &str| {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
    };
    let pages = pragma("page_count")? - pragma("freelist_count")?;
    Ok((pages * pragma("page_size")?).unsigned_abs())
}

/// Returns some of the free pages to the file system.
pub(crate) fn shrink(connection: &Connection) {
    // Pages that cannot be returned now are returned by a later step.
    let _ = connection.execute_batch(&format!("PRAGMA incremental_vacuum({SHRINK_PAGES})"));
}

/// Deletes everything that tracers sent, but not the counters that must not restart.
pub(crate) fn clear(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "INSERT INTO search (search) VALUES ('delete-all');
         INSERT OR REPLACE INTO numbers
             VALUES ('indexed', (SELECT max(value, coalesce((SELECT max(id) FROM spans), 0))
                 FROM (SELECT coalesce(max(value), 0) AS value FROM numbers
                     WHERE name = 'indexed')));
         DELETE FROM traces; DELETE FROM spans; DELETE FROM bodies; DELETE FROM tags;
         DELETE FROM trace_tags; DELETE FROM traffic; DELETE FROM operations; DELETE FROM sessions;
         DELETE FROM evaluations; DELETE FROM drops;",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_alone_is_understood() {
        assert_eq!("512MB".parse::<Size>(), Ok(Size(512_000_000)));
        assert_eq!("1.5 GiB".parse::<Size>(), Ok(Size(1_610_612_736)));
        for wrong in ["", "512", "MB", "7d", "-1MB", "500KB", "forever", "1MB,2MB"] {
            wrong.parse::<Size>().unwrap_err();
        }
    }

    #[test]
    fn an_age_and_a_size_are_understood() {
        let retention: Retention = "7d,2GB".parse().unwrap();
        assert_eq!(retention, Retention::default());
        assert_eq!("90m".parse::<Retention>().unwrap().age, Some(Duration::from_secs(5_400)));
        assert_eq!("1.5GiB".parse::<Retention>().unwrap().size, Some(1_610_612_736));
        assert_eq!("forever".parse::<Retention>().unwrap().age, None);
        for wrong in ["", "7", "d", "7x", "7d,8d", "-1d", "1KB", "1e999d"] {
            wrong.parse::<Retention>().unwrap_err();
        }
    }
}
