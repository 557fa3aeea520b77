//! The list of traces, filtered, with the newest first.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::columns::ns;
use super::cursor::cursor;
use super::filter::{Filter, Page};
use super::search;
use super::summary::Summary;
use crate::store::search_index;

/// A tag with fewer traces than this drives the query, and its traces are sorted. A more frequent tag is
/// cheaper to check while scanning the list.
const RARE: i64 = 10_000;

/// SQL conditions on rows of `traces`, and their values.
#[derive(Default)]
struct Conditions {
    text: Vec<String>,
    values: Vec<Sql>,
}

impl Conditions {
    fn add(&mut self, condition: &str, value: impl Into<Sql>) {
        self.text.push(condition.to_owned());
        self.values.push(value.into());
    }

    fn sql(&self) -> String {
        if self.text.is_empty() { "1".to_owned() } else { self.text.join(" AND ") }
    }
}

/// A page of the traces that match the filter.
pub(crate) fn traces(connection: &Connection, filter: &Filter) -> rusqlite::Result<Page> {
    let typed = filter.text.as_deref().filter(|text| !text.trim().is_empty());
    // Counted before the search, so that 0 means that the search was complete.
    let unsearched_spans = typed.map(|_| search::behind(connection)).transpose()?;
    let nothing = Ok(Page { traces: Vec::new(), next: None, unsearched_spans });
    let mut conditions = Conditions::default();
    // The rarest tag, if it is rare, and its number of traces.
    let mut first: Option<(i64, i64)> = None;
    let model = filter.model.as_deref().map(|model| ("@model", model));
    let tags = filter.tags.iter().map(|tag| tag.split_once(':').unwrap_or((tag, "")));
    for (key, value) in tags.chain(model) {
        let tag = connection
            .prepare_cached("SELECT id, traces FROM tags WHERE key = ?1 AND value = ?2")?
            .query_row([key, value], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((tag, uses)) = tag else { return nothing };
        let has = "EXISTS (SELECT 1 FROM trace_tags WHERE tag = ? AND trace = traces.id)";
        conditions.add(has, tag);
        if uses < RARE && first.is_none_or(|(_, least)| uses < least) {
            first = Some((tag, uses));
        }
    }
    if let Some(failed) = filter.failed {
        // A literal, because SQLite uses the partial index of failed traces only then.
        conditions.text.push(format!("failed = {}", i64::from(failed)));
    }
    // Only the first of these may select the index, because nearly all traces may have the same kind.
    let mut chosen = "";
    for (column, value) in
        [("session", &filter.session), ("app", &filter.app), ("kind", &filter.kind)]
    {
        if let Some(value) = value {
            conditions.add(&format!("{chosen}{column} = ?"), value.clone());
            chosen = "+";
        }
    }
    if let Some(from) = filter.from {
        conditions.add("start >= ?", ns(from));
    }
    if let Some(to) = filter.to {
        conditions.add("start < ?", ns(to));
    }
    if let Some(typed) = typed {
        let Some(query) = search_index::query(typed) else { return nothing };
        let conditions = (conditions.sql(), conditions.values);
        let page = search::search(connection, &query, conditions, filter)?;
        return Ok(Page { unsearched_spans, ..page });
    }
    if let Some((start, id)) = filter.before.as_deref().and_then(cursor) {
        conditions.text.push("(start, id) < (?, ?)".to_owned());
        conditions.values.extend([Sql::from(start), Sql::from(id)]);
    }
    let from = match first {
        Some((tag, _)) => {
            conditions.values.insert(0, tag.into());
            "(SELECT trace FROM trace_tags WHERE tag = ?) CROSS JOIN traces ON traces.id = trace"
        }
        None => "traces",
    };
    // Only narrow rows are sorted; whole rows are read for the page alone.
    let sql = format!(
        "SELECT traces.* FROM (SELECT traces.id AS chosen FROM {from} WHERE {}
             ORDER BY start DESC, id DESC LIMIT {})
         JOIN traces ON id = chosen ORDER BY start DESC, id DESC",
        conditions.sql(),
        filter.limit + 1
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(params_from_iter(conditions.values), Summary::from_row)?;
    let mut found: Vec<Summary> = found.collect::<Result<_, _>>()?;
    let more = found.len() > filter.limit;
    found.truncate(filter.limit);
    let next = found.last().filter(|_| more).map(|last| format!("{}.{}", last.start, last.id));
    let traces = found.into_iter().map(|trace| trace.with_evaluations(connection));
    Ok(Page { traces: traces.collect::<Result<_, _>>()?, next, unsearched_spans: None })
}

/// The summaries of the traces with these row ids, in no particular order.
pub(crate) fn summaries(connection: &Connection, ids: &[i64]) -> rusqlite::Result<Vec<Summary>> {
    let mut statement = connection.prepare_cached("SELECT * FROM traces WHERE id = ?1")?;
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(trace) = statement.query_row([id], Summary::from_row).optional()? {
            all.push(trace.with_evaluations(connection)?);
        }
    }
    Ok(all)
}
