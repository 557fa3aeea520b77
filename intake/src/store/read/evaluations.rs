//! What was said about traces, spans and sessions.

use rusqlite::{Connection, Row, params};
use serde::Serialize;
use serde_json::value::RawValue;

use super::json;
use crate::store::ids;

/// Verdicts a line of the list shows.
const SHOWN: i64 = 5;
/// Evaluations a trace or a session shows; the newest.
const LISTED: i64 = 1_000;

/// An evaluation in short.
#[derive(Serialize)]
pub(crate) struct Verdict {
    label: String,
    value: Box<RawValue>,
    assessment: Option<String>,
}

/// An evaluation, or feedback, whole.
#[derive(Serialize)]
pub(crate) struct Judgement {
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

impl Judgement {
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

    pub(super) fn span_id(&self) -> Option<&str> {
        self.span_id.as_deref()
    }

    /// Names its span as the span names itself.
    pub(super) fn set_span_id(&mut self, span_id: &str) {
        self.span_id = Some(span_id.to_owned());
    }
}

pub(super) fn verdicts(connection: &Connection, trace_id: &str) -> rusqlite::Result<Vec<Verdict>> {
    let mut statement = connection.prepare_cached(
        "SELECT label, value, assessment FROM evaluations WHERE trace_id = ?1
         ORDER BY timestamp_ms DESC LIMIT ?2",
    )?;
    let mut verdicts = Vec::new();
    for spelling in ids::spellings_of_trace(trace_id) {
        let rows = statement.query_map(params![spelling, SHOWN], |row| {
            Ok(Verdict { label: row.get(0)?, value: json(row.get(1)?), assessment: row.get(2)? })
        })?;
        for verdict in rows {
            verdicts.push(verdict?);
        }
    }
    verdicts.truncate(SHOWN as usize);
    Ok(verdicts)
}

/// Those of a trace, oldest first.
pub(super) fn of_trace(
    connection: &Connection,
    trace_id: &str,
) -> rusqlite::Result<Vec<Judgement>> {
    let mut all = Vec::new();
    for spelling in ids::spellings_of_trace(trace_id) {
        all.extend(ask(connection, "trace_id", &spelling)?);
    }
    all.sort_by_key(|judgement| judgement.timestamp_ms);
    Ok(all)
}

/// Those of a session as a whole, oldest first.
pub(super) fn of_session(
    connection: &Connection,
    session: &str,
) -> rusqlite::Result<Vec<Judgement>> {
    let mut all = ask(connection, "session", session)?;
    all.reverse();
    Ok(all)
}

fn ask(connection: &Connection, column: &str, value: &str) -> rusqlite::Result<Vec<Judgement>> {
    let sql = format!(
        "SELECT * FROM evaluations WHERE {column} = ?1 ORDER BY timestamp_ms DESC LIMIT {LISTED}"
    );
    connection.prepare_cached(&sql)?.query_map([value], Judgement::from_row)?.collect()
}
