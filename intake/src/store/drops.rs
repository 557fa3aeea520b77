//! What tracers report as dropped, by process and reason.

use rusqlite::{Connection, params};

use crate::model::DropReport;

/// Adds a report. Counts never go down, because reports may overtake each other. They stop at the largest
/// integer of SQLite, which would turn a larger sum into a float and reject the row.
pub(crate) fn add(connection: &Connection, report: &DropReport) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO drops VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET count = CASE ?8 WHEN 1
             THEN count + min(?4, 9223372036854775807 - count) ELSE max(count, ?4) END,
             app = coalesce(?5, app), language = coalesce(?6, language), at_ms = max(at_ms, ?7)",
    )?;
    for (reason, count) in &report.counts {
        statement.execute(params![
            report.client,
            report.what.name(),
            reason,
            i64::try_from(*count).unwrap_or(i64::MAX),
            report.ml_app,
            report.language,
            report.at_ms,
            report.delta,
        ])?;
    }
    Ok(())
}
