//! The table `numbers`: single values by name, such as how far the text index is.

use rusqlite::{Connection, OptionalExtension, params};

/// The number with this name; 0 if it was never set.
pub(super) fn number(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT value FROM numbers WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
        .map(Option::unwrap_or_default)
}

pub(super) fn set_number(
    connection: &Connection,
    name: &str,
    value: i64,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO numbers VALUES (?1, ?2)")?
        .execute(params![name, value])
}
