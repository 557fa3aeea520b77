//! The summary of a trace: its entry in a list, with its newest evaluations.

use rusqlite::{Connection, Row, params};
use serde::Serialize;
use serde_json::value::RawValue;

use super::columns::{json, ms};
use crate::store::ids;

/// The most evaluations of one summary.
const SHOWN: i64 = 5;

/// The part of an evaluation that a list shows.
#[derive(Serialize)]
pub(crate) struct EvaluationSummary {
    label: String,
    value: Box<RawValue>,
    assessment: Option<String>,
}

/// One trace of the list.
#[derive(Serialize)]
pub(crate) struct Summary {
    #[serde(skip)]
    pub(crate) id: i64,
    #[serde(skip)]
    pub(super) start: i64,
    trace_id: String,
    root_span_id: String,
    name: String,
    kind: String,
    app: String,
    session: Option<String>,
    status: &'static str,
    error_type: Option<String>,
    start_ms: f64,
    duration_ms: f64,
    spans: i64,
    errors: i64,
    models: Box<RawValue>,
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    total_tokens: Option<f64>,
    cost: Option<f64>,
    language: Option<String>,
    source: String,
    /// The newest; `evaluations_total` counts all.
    evaluations: Vec<EvaluationSummary>,
    evaluations_total: i64,
    input_preview: String,
    output_preview: String,
    seq: i64,
}

impl Summary {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let failed: bool = row.get("failed")?;
        let start: i64 = row.get("start")?;
        Ok(Self {
            id: row.get("id")?,
            start,
            trace_id: row.get("trace_id")?,
            root_span_id: row.get("root_span_id")?,
            name: row.get("name")?,
            kind: row.get("kind")?,
            app: row.get("app")?,
            session: row.get("session")?,
            status: if failed { "error" } else { "ok" },
            error_type: row.get("error_type")?,
            start_ms: ms(start),
            duration_ms: ms(row.get("duration")?),
            spans: row.get("spans")?,
            errors: row.get("errors")?,
            models: json(row.get("models")?),
            input_tokens: row.get("input_tokens")?,
            output_tokens: row.get("output_tokens")?,
            total_tokens: row.get("total_tokens")?,
            cost: row.get("cost")?,
            language: row.get("language")?,
            source: row.get("source")?,
            evaluations: Vec::new(),
            evaluations_total: 0,
            input_preview: row.get("input_preview")?,
            output_preview: row.get("output_preview")?,
            seq: row.get("seq")?,
        })
    }

    /// Adds the evaluations of the trace.
    pub(super) fn with_evaluations(mut self, connection: &Connection) -> rusqlite::Result<Self> {
        (self.evaluations, self.evaluations_total) = evaluations(connection, &self.trace_id)?;
        Ok(self)
    }

    /// The key of the list's order.
    pub(crate) fn order(&self) -> (i64, i64) {
        (self.start, self.id)
    }

    pub(super) fn trace_id(&self) -> &str {
        &self.trace_id
    }

    pub(super) fn root_span_id(&self) -> &str {
        &self.root_span_id
    }
}

/// The newest evaluations of a trace, and the number of all.
fn evaluations(
    connection: &Connection,
    trace_id: &str,
) -> rusqlite::Result<(Vec<EvaluationSummary>, i64)> {
    let mut newest = connection.prepare_cached(
        "SELECT label, value, assessment FROM evaluations WHERE trace_id = ?1
         ORDER BY timestamp_ms DESC, rowid DESC LIMIT ?2",
    )?;
    let mut count =
        connection.prepare_cached("SELECT count(*) FROM evaluations WHERE trace_id = ?1")?;
    let mut evaluations = Vec::new();
    let mut total = 0;
    for spelling in ids::spellings_of_trace(trace_id) {
        let before = evaluations.len();
        let rows = newest.query_map(params![spelling, SHOWN], |row| {
            Ok(EvaluationSummary {
                label: row.get(0)?,
                value: json(row.get(1)?),
                assessment: row.get(2)?,
            })
        })?;
        for evaluation in rows {
            evaluations.push(evaluation?);
        }
        // Counting is needed only if there may be more than these.
        let found = (evaluations.len() - before) as i64;
        total += if found < SHOWN {
            found
        } else {
            count.query_row([spelling], |row| row.get::<_, i64>(0))?
        };
    }
    evaluations.truncate(SHOWN as usize);
    Ok((evaluations, total))
}
