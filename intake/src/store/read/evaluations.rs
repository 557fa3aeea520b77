//! Evaluations of a trace, a span or a session, page by page, with the newest page first.

use std::collections::HashMap;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params, params_from_iter};
use serde::Serialize;
use serde_json::value::RawValue;

use super::columns::json;
use super::cursor::cursor;
use super::summary::Summary;
use crate::store::ids;

/// The most evaluations of one page.
pub(crate) const EVALUATIONS: usize = 1_000;
/// The bytes of values, reasoning and metadata after which a page ends.
const CONTENT: usize = 16 * 1024 * 1024;

/// Which page of the evaluations.
#[derive(Clone, Debug)]
pub(crate) struct EvaluationPage {
    /// The `evaluations_next` of the previous page.
    pub(crate) after: Option<String>,
    pub(crate) limit: usize,
}

impl EvaluationPage {
    /// The first page, as long as possible: the newest evaluations.
    pub(crate) fn first() -> Self {
        Self { after: None, limit: EVALUATIONS }
    }

    /// An empty page, only for the total.
    pub(super) fn none() -> Self {
        Self { after: None, limit: 0 }
    }
}

/// A page of evaluations, in order of time. The first page has the newest.
#[derive(Serialize)]
pub(crate) struct Evaluations {
    evaluations: Vec<Evaluation>,
    /// On all pages.
    evaluations_total: i64,
    /// The `after` of the next page, which is older; none if this page is the oldest.
    evaluations_next: Option<String>,
}

/// An evaluation or feedback, with all fields.
#[derive(Serialize)]
pub(crate) struct Evaluation {
    id: String,
    kind: &'static str,
    scope: String,
    span_id: Option<String>,
    trace_id: Option<String>,
    session: Option<String>,
    label: String,
    metric_type: String,
    value: Box<RawValue>,
    assessment: Option<String>,
    reasoning: Option<String>,
    status: Option<String>,
    error: Option<Box<RawValue>>,
    submitter: Option<Box<RawValue>>,
    timestamp_ms: i64,
    tags: Box<RawValue>,
    metadata: Option<Box<RawValue>>,
}

impl Evaluation {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let optional = |name| row.get::<_, Option<String>>(name).map(|text| text.map(json));
        let feedback: bool = row.get("feedback")?;
        Ok(Self {
            id: row.get("id")?,
            kind: if feedback { "feedback" } else { "evaluation" },
            scope: row.get("scope")?,
            span_id: row.get("span_id")?,
            trace_id: row.get("trace_id")?,
            session: row.get("session")?,
            label: row.get("label")?,
            metric_type: row.get("metric_type")?,
            value: json(row.get("value")?),
            assessment: row.get("assessment")?,
            reasoning: row.get("reasoning")?,
            status: row.get("status")?,
            error: optional("error")?,
            submitter: optional("submitter")?,
            timestamp_ms: row.get("timestamp_ms")?,
            tags: json(row.get("tags")?),
            metadata: optional("metadata")?,
        })
    }

    /// The bytes of the fields that may be long.
    fn size(&self) -> usize {
        let parts = [&self.error, &self.submitter, &self.metadata];
        let parts = parts.into_iter().flatten().map(|part| part.get().len()).sum::<usize>();
        let reasoning = self.reasoning.as_deref().map_or(0, str::len);
        self.value.get().len() + self.tags.get().len() + reasoning + parts
    }
}

/// The evaluations of a trace and its spans. With `trace_level_only`, only those of the trace as a whole
/// and of spans that the trace does not have.
pub(super) fn of_trace(
    connection: &Connection,
    trace: &Summary,
    trace_level_only: bool,
    page: &EvaluationPage,
) -> rusqlite::Result<Evaluations> {
    let mut span_ids = SpanIds { connection, trace: trace.id, known: HashMap::new() };
    let traces = ids::spellings_of_trace(trace.trace_id());
    let mut found = if trace_level_only {
        let mut selection = Selection {
            sql: "trace_id = ? AND (scope <> 'span' OR span_id IS NULL
                      OR span_id IN (SELECT value FROM json_each(?)))",
            // Usually few of many match: it is faster to scan the narrow index by span, and then sort.
            time: "+timestamp_ms",
            keys: Vec::new(),
        };
        for spelling in traces {
            let missing = serde_json::json!(missing(&mut span_ids, &spelling)?).to_string();
            selection.keys.push(vec![spelling.into(), missing.into()]);
        }
        selection.page(connection, page)?
    } else {
        let keys = traces.into_iter().map(|spelling| vec![spelling.into()]).collect();
        Selection { sql: "trace_id = ?", time: "timestamp_ms", keys }.page(connection, page)?
    };
    for evaluation in &mut found.evaluations {
        let Some(id) = &evaluation.span_id else { continue };
        if let Some(name) = span_ids.of(id)? {
            evaluation.span_id = Some(name);
        }
    }
    Ok(found)
}

/// The evaluations of one span, all with its own spelling of the span id.
pub(super) fn of_span(
    connection: &Connection,
    trace: &Summary,
    span_id: &str,
    page: &EvaluationPage,
) -> rusqlite::Result<Evaluations> {
    let mut keys = Vec::new();
    for trace in ids::spellings_of_trace(trace.trace_id()) {
        for span in ids::spellings_of_span(span_id) {
            keys.push(vec![trace.clone().into(), span.into()]);
        }
    }
    let selection = Selection {
        sql: "trace_id = ? AND span_id = ? AND scope = 'span'",
        time: "timestamp_ms",
        keys,
    };
    let mut found = selection.page(connection, page)?;
    for evaluation in &mut found.evaluations {
        evaluation.span_id = Some(span_id.to_owned());
    }
    Ok(found)
}

/// The evaluations of a session.
pub(super) fn of_session(
    connection: &Connection,
    session: &str,
    page: &EvaluationPage,
) -> rusqlite::Result<Evaluations> {
    let keys = vec![vec![session.to_owned().into()]];
    Selection { sql: "session = ?", time: "timestamp_ms", keys }.page(connection, page)
}

/// Span ids that evaluations of a trace name, for one spelling of the trace id, and that the trace lacks.
fn missing(span_ids: &mut SpanIds<'_>, trace_id: &str) -> rusqlite::Result<Vec<String>> {
    let mut named = span_ids.connection.prepare_cached(
        "SELECT DISTINCT span_id FROM evaluations
         WHERE trace_id = ?1 AND span_id IS NOT NULL AND scope = 'span'",
    )?;
    let mut rows = named.query([trace_id])?;
    let mut missing = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        if span_ids.of(&id)?.is_none() {
            missing.push(id);
        }
    }
    Ok(missing)
}

/// The span ids of a trace, in the spans' own spelling.
struct SpanIds<'a> {
    connection: &'a Connection,
    trace: i64,
    known: HashMap<String, Option<String>>,
}

impl SpanIds<'_> {
    /// The span's own spelling of an id; `None` if the trace has no such span.
    fn of(&mut self, id: &str) -> rusqlite::Result<Option<String>> {
        if let Some(known) = self.known.get(id) {
            return Ok(known.clone());
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM spans WHERE trace = ?1 AND span_id = ?2")?;
        let mut name = None;
        for spelling in ids::spellings_of_span(id) {
            if statement.exists(params![self.trace, spelling])? {
                name = Some(spelling);
                break;
            }
        }
        self.known.insert(id.to_owned(), name.clone());
        Ok(name)
    }
}

/// The evaluations that match a condition with one of several lists of values, one list per spelling.
struct Selection {
    sql: &'static str,
    /// The column of the order; a `+` prevents SQLite from choosing an index by it.
    time: &'static str,
    keys: Vec<Vec<Sql>>,
}

impl Selection {
    fn page(self, connection: &Connection, page: &EvaluationPage) -> rusqlite::Result<Evaluations> {
        let after = page.after.as_deref().and_then(cursor);
        let (time, row) = after.unwrap_or((i64::MAX, i64::MAX));
        let (condition, order) = (self.sql, self.time);
        let mut count = connection
            .prepare_cached(&format!("SELECT count(*) FROM evaluations WHERE {condition}"))?;
        // Only narrow rows are sorted; whole rows are read for the page alone.
        let mut newest = connection.prepare_cached(&format!(
            "SELECT timestamp_ms, rowid FROM evaluations
             WHERE {condition} AND ({order}, rowid) < (?, ?)
             ORDER BY {order} DESC, rowid DESC LIMIT ?"
        ))?;
        let mut total = 0;
        let mut found: Vec<(i64, i64)> = Vec::new();
        for values in self.keys {
            total += count.query_row(params_from_iter(&values), |row| row.get::<_, i64>(0))?;
            let end = [time, row, page.limit as i64 + 1].map(Sql::from);
            let rows = newest
                .query_map(params_from_iter(values.into_iter().chain(end)), |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            for key in rows {
                found.push(key?);
            }
        }
        found.sort_unstable();
        let mut whole = connection.prepare_cached("SELECT * FROM evaluations WHERE rowid = ?1")?;
        let mut evaluations: Vec<Evaluation> = Vec::new();
        let mut content = 0;
        let mut last = None;
        let mut next = None;
        for (time, row) in found.into_iter().rev() {
            if evaluations.len() == page.limit || content > CONTENT {
                next = last;
                break;
            }
            last = Some(format!("{time}.{row}"));
            let evaluation = whole.query_row([row], Evaluation::from_row)?;
            content += evaluation.size();
            evaluations.push(evaluation);
        }
        evaluations.reverse();
        Ok(Evaluations { evaluations, evaluations_total: total, evaluations_next: next })
    }
}
