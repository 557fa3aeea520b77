//! The facets of the filter: values to choose from, with the number of traces of each.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use serde::Serialize;

use super::columns::ns;
use crate::store::rollups::ranges;
use crate::store::summary::MINUTE;

/// The most tag keys, and the most values of each.
const KEYS: usize = 20;
const VALUES: usize = 10;
/// The most apps, kinds and models.
const LISTED: usize = 50;
/// Keys that have a filter of their own, or that describe the tracer rather than the application.
const HIDDEN: [&str; 9] = [
    "@join",
    "@model",
    "agent_service",
    "ddtrace.version",
    "error",
    "error_type",
    "ml_app",
    "session_id",
    "source",
];

/// A value, and the number of traces or calls that have it.
#[derive(Serialize)]
struct Count {
    value: String,
    count: i64,
}

#[derive(Serialize)]
struct Key {
    key: String,
    values: Vec<Count>,
}

/// All facets. Tags are counted over all traces, the others over the chosen minutes.
#[derive(Serialize)]
pub(crate) struct Facets {
    apps: Vec<Count>,
    kinds: Vec<Count>,
    models: Vec<Count>,
    statuses: Vec<Count>,
    tags: Vec<Key>,
    sessions_count: i64,
}

/// The facets between two times, in ms since the Unix epoch.
pub(crate) fn facets(
    connection: &Connection,
    from: Option<f64>,
    to: Option<f64>,
) -> rusqlite::Result<Facets> {
    let (first, last) = minutes(from, to);
    let ranges = ranges(first, last);
    let count = |sql: &str| -> rusqlite::Result<Vec<Count>> {
        let mut sums = HashMap::<String, i64>::new();
        let mut statement = connection.prepare_cached(sql)?;
        for (grain, first, last) in &ranges {
            let mut rows = statement.query([grain, first, last])?;
            while let Some(row) = rows.next()? {
                let sum = sums.entry(row.get(0)?).or_default();
                *sum = sum.saturating_add(row.get(1)?);
            }
        }
        let sums = sums.into_iter().filter(|(_, count)| *count > 0);
        let mut counts: Vec<Count> = sums.map(|(value, count)| Count { value, count }).collect();
        counts.sort_by(|one, other| (other.count, &one.value).cmp(&(one.count, &other.value)));
        counts.truncate(LISTED);
        Ok(counts)
    };
    let in_range = "grain = ?1 AND minute BETWEEN ?2 AND ?3";
    Ok(Facets {
        apps: count(&format!(
            "SELECT app, CAST(total(traces) AS INTEGER) FROM traffic WHERE {in_range} GROUP BY app"
        ))?,
        kinds: count(&format!(
            "SELECT kind, CAST(total(traces) AS INTEGER) FROM traffic WHERE {in_range} GROUP BY kind"
        ))?,
        models: count(&format!(
            "SELECT model, CAST(total(calls) AS INTEGER) FROM operations WHERE {in_range} AND model <> '' GROUP BY model"
        ))?,
        statuses: count(&format!(
            "SELECT 'ok', CAST(total(traces - errors) AS INTEGER) FROM traffic WHERE {in_range}
             UNION ALL SELECT 'error', CAST(total(errors) AS INTEGER) FROM traffic WHERE {in_range}"
        ))?,
        tags: tags(connection)?,
        sessions_count: connection
            .query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))?,
    })
}

/// The first and the last minute of a range of time. The last minute is included as a whole.
pub(super) fn minutes(from: Option<f64>, to: Option<f64>) -> (i64, i64) {
    (
        from.map_or(i64::MIN, |from| ns(from).div_euclid(MINUTE)),
        to.map_or(i64::MAX, |to| ns(to).div_euclid(MINUTE)),
    )
}

/// The tag keys with their most used values. The query jumps from key to key (a loose index scan),
/// because a key may have as many values as there are traces.
fn tags(connection: &Connection) -> rusqlite::Result<Vec<Key>> {
    let mut next = connection.prepare_cached("SELECT min(key) FROM tags WHERE key > ?1")?;
    let mut values = connection.prepare_cached(
        "SELECT value, traces FROM tags WHERE key = ?1 AND traces > 0
         ORDER BY traces DESC LIMIT ?2",
    )?;
    let mut keys: Vec<Key> = Vec::new();
    let mut last = String::new();
    // Reads ten times as many keys as it returns, and keeps the most used ones.
    while keys.len() < 10 * KEYS {
        let key: Option<String> = next.query_row([&last], |row| row.get(0))?;
        let Some(key) = key else { break };
        if !HIDDEN.contains(&key.as_str()) {
            let values: Vec<Count> = values
                .query_map(params![key, VALUES as i64], |row| {
                    Ok(Count { value: row.get(0)?, count: row.get(1)? })
                })?
                .collect::<Result<_, _>>()?;
            if !values.is_empty() {
                keys.push(Key { key: key.clone(), values });
            }
        }
        last = key;
    }
    keys.sort_by_key(|key| -key.values.iter().map(|value| value.count).sum::<i64>());
    keys.truncate(KEYS);
    Ok(keys)
}
