//! The rollups: traffic and operations per minute and per hour, and totals per session.
//!
//! Counts stop at the largest integer of SQLite, which would turn a larger sum into a float and reject
//! the row.

use rusqlite::{Connection, OptionalExtension, params};

use super::aggregate::{Aggregate, Durations};
use super::summary::Trace;

/// The lengths of the intervals that are rolled up, in minutes.
pub(crate) const GRAINS: [i64; 2] = [1, 60];

/// Splits a range of minutes, with both ends included, into whole hours and the minutes around them.
/// Each part is its grain, its first and its last minute.
pub(crate) fn ranges(first: i64, last: i64) -> Vec<(i64, i64, i64)> {
    let hour = 60;
    let begin = first.saturating_add(hour - 1).div_euclid(hour).saturating_mul(hour);
    let end = last.saturating_add(1).div_euclid(hour).saturating_mul(hour);
    if begin >= end {
        return vec![(1, first, last)];
    }
    let all = [(1, first, begin - 1), (hour, begin, end - 1), (1, end, last)];
    all.into_iter().filter(|(_, first, last)| first <= last).collect()
}

/// The key of a rollup of spans: one operation in one minute or hour.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Operation {
    pub(crate) grain: i64,
    pub(crate) minute: i64,
    pub(crate) app: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) model: String,
}

pub(crate) fn add_traffic(
    connection: &Connection,
    (grain, minute): (i64, i64),
    app: &str,
    kind: &str,
    aggregate: &Aggregate,
) -> rusqlite::Result<()> {
    let old: Option<Vec<u8>> = connection
        .prepare_cached(
            "SELECT durations FROM traffic
             WHERE grain = ?1 AND minute = ?2 AND app = ?3 AND kind = ?4",
        )?
        .query_row(params![grain, minute, app, kind], |row| row.get(0))
        .optional()?;
    let mut durations = Durations::from_bytes(&old.unwrap_or_default());
    durations.merge(&aggregate.durations);
    connection
        .prepare_cached(
            "INSERT INTO traffic VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT DO UPDATE SET traces = traces + min(?5, 9223372036854775807 - max(traces, 0)),
                 errors = errors + min(?6, 9223372036854775807 - max(errors, 0)),
                 input_tokens = input_tokens + ?7, output_tokens = output_tokens + ?8,
                 cost = cost + ?9, total_tokens = total_tokens + ?10, durations = ?11",
        )?
        .execute(params![
            grain,
            minute,
            app,
            kind,
            aggregate.count,
            aggregate.errors,
            aggregate.input_tokens,
            aggregate.output_tokens,
            aggregate.cost,
            aggregate.total_tokens,
            durations.to_bytes(),
        ])?;
    Ok(())
}

pub(crate) fn add_operation(
    connection: &Connection,
    operation: &Operation,
    aggregate: &Aggregate,
) -> rusqlite::Result<()> {
    let Operation { grain, minute, app, name, kind, model } = operation;
    let old: Option<Vec<u8>> = connection
        .prepare_cached(
            "SELECT durations FROM operations
             WHERE grain = ?1 AND minute = ?2 AND app = ?3 AND name = ?4 AND kind = ?5
                 AND model = ?6",
        )?
        .query_row(params![grain, minute, app, name, kind, model], |row| row.get(0))
        .optional()?;
    let mut durations = Durations::from_bytes(&old.unwrap_or_default());
    durations.merge(&aggregate.durations);
    connection
        .prepare_cached(
            "INSERT INTO operations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT DO UPDATE SET calls = calls + min(?7, 9223372036854775807 - max(calls, 0)),
                 errors = errors + min(?8, 9223372036854775807 - max(errors, 0)),
                 input_tokens = input_tokens + ?9, output_tokens = output_tokens + ?10,
                 cost = cost + ?11, durations = ?12",
        )?
        .execute(params![
            grain,
            minute,
            app,
            name,
            kind,
            model,
            aggregate.count,
            aggregate.errors,
            aggregate.input_tokens,
            aggregate.output_tokens,
            aggregate.cost,
            durations.to_bytes(),
        ])?;
    Ok(())
}

pub(crate) fn add_session(
    connection: &Connection,
    session: &str,
    trace: &Trace,
    aggregate: &Aggregate,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET last = max(last, ?3),
                 traces = traces + min(?4, 9223372036854775807 - max(traces, 0)),
                 errors = errors + min(?5, 9223372036854775807 - max(errors, 0)), total_tokens = total_tokens + ?6, cost = cost + ?7,
                 preview = CASE WHEN preview = '' OR (?4 > 0 AND ?3 >= last) THEN ?8 ELSE preview END",
        )?
        .execute(params![
            session,
            trace.app,
            trace.start,
            aggregate.count,
            aggregate.errors,
            aggregate.total_tokens,
            aggregate.cost,
            trace.input_preview,
        ])?;
    if aggregate.count < 0 {
        connection
            .prepare_cached("DELETE FROM sessions WHERE session = ?1 AND traces <= 0")?
            .execute([session])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_split_into_whole_hours_and_the_minutes_around_them() {
        assert_eq!(ranges(10, 50), [(1, 10, 50)]);
        assert_eq!(ranges(0, 59), [(60, 0, 59)]);
        assert_eq!(ranges(59, 181), [(1, 59, 59), (60, 60, 179), (1, 180, 181)]);
        assert_eq!(ranges(-60, -1), [(60, -60, -1)]);
        for (grain, first, last) in ranges(i64::MIN, i64::MAX) {
            assert!(first <= last, "{grain} {first} {last}");
        }
    }
}
