//! What there is to filter by, and how much of it.

use rusqlite::{Connection, params};
use serde::Serialize;

use super::ns;
use crate::store::summary::MINUTE;

/// Keys of tags, and values of each, that are offered.
const KEYS: usize = 20;
const VALUES: usize = 10;
/// Keys that have a filter of their own, or tell of the tracer and not of the application.
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

/// One value and how many traces, or calls, have it.
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

/// Everything to filter by. Tags are counted over all traces, the rest over the chosen minutes.
#[derive(Serialize)]
pub(crate) struct Facets {
    apps: Vec<Count>,
    kinds: Vec<Count>,
    models: Vec<Count>,
    statuses: Vec<Count>,
    tags: Vec<Key>,
    sessions_count: i64,
}

/// What there is between two times, in ms since the Unix epoch.
pub(crate) fn facets(
    connection: &Connection,
    from: Option<f64>,
    to: Option<f64>,
) -> rusqlite::Result<Facets> {
    let minutes = minutes(from, to);
    let count = |sql: &str| {
        connection
            .prepare_cached(sql)?
            .query_map(params![minutes.0, minutes.1], |row| {
                Ok(Count { value: row.get(0)?, count: row.get(1)? })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    let (traces, errors): (i64, i64) = connection
        .prepare_cached(
            "SELECT coalesce(sum(traces), 0), coalesce(sum(errors), 0) FROM traffic
             WHERE minute BETWEEN ?1 AND ?2",
        )?
        .query_row([minutes.0, minutes.1], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Facets {
        apps: count(
            "SELECT app, sum(traces) AS n FROM traffic WHERE minute BETWEEN ?1 AND ?2
             GROUP BY app HAVING n > 0 ORDER BY n DESC LIMIT 50",
        )?,
        kinds: count(
            "SELECT kind, sum(traces) AS n FROM traffic WHERE minute BETWEEN ?1 AND ?2
             GROUP BY kind HAVING n > 0 ORDER BY n DESC LIMIT 50",
        )?,
        models: count(
            "SELECT model, sum(calls) AS n FROM operations
             WHERE minute BETWEEN ?1 AND ?2 AND model <> ''
             GROUP BY model HAVING n > 0 ORDER BY n DESC LIMIT 50",
        )?,
        statuses: [("ok", traces - errors), ("error", errors)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(value, count)| Count { value: value.to_owned(), count })
            .collect(),
        tags: tags(connection)?,
        sessions_count: connection
            .query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))?,
    })
}

/// The first and the last minute of a time; the last is whole.
pub(super) fn minutes(from: Option<f64>, to: Option<f64>) -> (i64, i64) {
    (
        from.map_or(i64::MIN, |from| ns(from).div_euclid(MINUTE)),
        to.map_or(i64::MAX, |to| ns(to).div_euclid(MINUTE)),
    )
}

/// By leaps from key to key: an application that tags every trace with an id of its own has as many
/// values as traces.
fn tags(connection: &Connection) -> rusqlite::Result<Vec<Key>> {
    let mut next = connection.prepare_cached("SELECT min(key) FROM tags WHERE key > ?1")?;
    let mut values = connection.prepare_cached(
        "SELECT value, traces FROM tags WHERE key = ?1 AND traces > 0
         ORDER BY traces DESC LIMIT ?2",
    )?;
    let mut keys: Vec<Key> = Vec::new();
    let mut last = String::new();
    // Ten times as many as shown: the most used of them are.
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
