//! Full-text search: the list of traces that contain certain words.
//!
//! The text index returns spans in order of arrival, newest first. Pages follow this order, and the
//! cursor is a span, so a word that is in every span costs no more than one page. The position of a
//! trace is that of its newest matching span.

use std::collections::HashSet;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::filter::{Filter, Page};
use super::summary::Summary;
use crate::store::search_index::Query;

/// The most matching spans that are checked for one page. With a filter that few traces match, the page
/// ends early and its `next` continues.
const HITS: usize = 20_000;

pub(super) fn search(
    connection: &Connection,
    query: &Query,
    (conditions, values): (String, Vec<Sql>),
    filter: &Filter,
) -> rusqlite::Result<Page> {
    let conditions = &(conditions, values);
    // The letter of a cursor tells which of the two queries it continues.
    let cursor =
        |letter| filter.before.as_deref().and_then(|text| text.strip_prefix(letter)?.parse().ok());
    if let (Some(unfinished), Some(before)) = (&query.unfinished, cursor('u')) {
        return hits(connection, unfinished, 'u', before, conditions, filter.limit);
    }
    let before = cursor('w');
    let exact =
        hits(connection, &query.exact, 'w', before.unwrap_or(i64::MAX), conditions, filter.limit)?;
    match &query.unfinished {
        Some(unfinished) if before.is_none() && exact.traces.is_empty() && exact.next.is_none() => {
            hits(connection, unfinished, 'u', i64::MAX, conditions, filter.limit)
        }
        _ => Ok(exact),
    }
}

/// The number of spans that are not in the text index yet.
pub(super) fn behind(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT max(0, coalesce((SELECT max(id) FROM spans), 0)
        - coalesce((SELECT value FROM numbers WHERE name = 'indexed'), 0))";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

fn hits(
    connection: &Connection,
    query: &str,
    letter: char,
    before: i64,
    (conditions, values): &(String, Vec<Sql>),
    limit: usize,
) -> rusqlite::Result<Page> {
    let mut hits = connection.prepare_cached(
        "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC",
    )?;
    let mut trace_of = connection.prepare_cached("SELECT trace FROM spans WHERE id = ?1")?;
    let sql = format!("SELECT traces.* FROM traces WHERE {conditions} AND id = ?");
    let mut passes = connection.prepare_cached(&sql)?;

    let mut seen = HashSet::new();
    let mut found: Vec<Summary> = Vec::new();
    let mut next = None;
    let mut rows = hits.query(params![query, before])?;
    let mut looked = 0;
    while let Some(row) = rows.next()? {
        let span: i64 = row.get(0)?;
        if found.len() == limit || looked == HITS {
            next = Some(format!("{letter}{}", span + 1));
            break;
        }
        looked += 1;
        let trace: Option<i64> = trace_of.query_row([span], |row| row.get(0)).optional()?;
        let Some(trace) = trace.filter(|trace| seen.insert(*trace)) else { continue };
        let parameters = values.iter().cloned().chain([Sql::from(trace)]);
        let row = passes.query_row(params_from_iter(parameters), Summary::from_row).optional()?;
        if let Some(summary) = row {
            found.push(summary.with_evaluations(connection)?);
        }
    }
    found.sort_by_key(|trace| std::cmp::Reverse(trace.order()));
    Ok(Page { traces: found, next, unsearched_spans: None })
}
