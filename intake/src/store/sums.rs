//! The rows that hold sums: traffic and operations per minute, sessions, single numbers.

use rusqlite::{Connection, OptionalExtension, params};

use super::measure::{Durations, Measure};
use super::summary::Trace;

/// What is summed up together: one operation in one minute.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Operation {
    pub(crate) minute: i64,
    pub(crate) app: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) model: String,
}

pub(crate) fn set_number(
    connection: &Connection,
    name: &str,
    value: i64,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO numbers VALUES (?1, ?2)")?
        .execute(params![name, value])
}

pub(crate) fn add_traffic(
    connection: &Connection,
    minute: i64,
    app: &str,
    kind: &str,
    measure: &Measure,
) -> rusqlite::Result<()> {
    let old: Option<Vec<u8>> = connection
        .prepare_cached(
            "SELECT durations FROM traffic WHERE minute = ?1 AND app = ?2 AND kind = ?3",
        )?
        .query_row(params![minute, app, kind], |row| row.get(0))
        .optional()?;
    let mut durations = Durations::from_bytes(&old.unwrap_or_default());
    durations.merge(&measure.durations);
    connection
        .prepare_cached(
            "INSERT INTO traffic VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT DO UPDATE SET traces = traces + ?4, errors = errors + ?5,
                 input_tokens = input_tokens + ?6, output_tokens = output_tokens + ?7,
                 cost = cost + ?8, total_tokens = total_tokens + ?9, durations = ?10",
        )?
        .execute(params![
            minute,
            app,
            kind,
            measure.count,
            measure.errors,
            measure.input_tokens,
            measure.output_tokens,
            measure.cost,
            measure.total_tokens,
            durations.to_bytes(),
        ])?;
    Ok(())
}

pub(crate) fn add_operation(
    connection: &Connection,
    operation: &Operation,
    measure: &Measure,
) -> rusqlite::Result<()> {
    let Operation { minute, app, name, kind, model } = operation;
    let old: Option<Vec<u8>> = connection
        .prepare_cached(
            "SELECT durations FROM operations
             WHERE minute = ?1 AND app = ?2 AND name = ?3 AND kind = ?4 AND model = ?5",
        )?
        .query_row(params![minute, app, name, kind, model], |row| row.get(0))
        .optional()?;
    let mut durations = Durations::from_bytes(&old.unwrap_or_default());
    durations.merge(&measure.durations);
    connection
        .prepare_cached(
            "INSERT INTO operations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT DO UPDATE SET calls = calls + ?6, errors = errors + ?7,
                 input_tokens = input_tokens + ?8, output_tokens = output_tokens + ?9,
                 cost = cost + ?10, durations = ?11",
        )?
        .execute(params![
            minute,
            app,
            name,
            kind,
            model,
            measure.count,
            measure.errors,
            measure.input_tokens,
            measure.output_tokens,
            measure.cost,
            durations.to_bytes(),
        ])?;
    Ok(())
}

pub(crate) fn add_session(
    connection: &Connection,
    session: &str,
    trace: &Trace,
    measure: &Measure,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET last = max(last, ?3), traces = traces + ?4,
                 errors = errors + ?5, total_tokens = total_tokens + ?6, cost = cost + ?7,
                 preview = CASE WHEN preview = '' OR (?4 > 0 AND ?3 >= last) THEN ?8 ELSE preview END",
        )?
        .execute(params![
            session,
            trace.app,
            trace.start,
            measure.count,
            measure.errors,
            measure.total_tokens,
            measure.cost,
            trace.input_preview,
        ])?;
    if measure.count < 0 {
        connection
            .prepare_cached("DELETE FROM sessions WHERE session = ?1 AND traces <= 0")?
            .execute([session])?;
    }
    Ok(())
}
