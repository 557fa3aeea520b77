//! One trace with its spans, one span, and the event a span came as.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::evaluations::{Judgement, of_trace};
use super::list::Summary;
use super::{json, ms};
use crate::store::ids;
use crate::store::prepare::unpack;

/// Spans a trace shows at most; the first ones.
const SPANS: i64 = 20_000;
/// Bytes of inputs, outputs and metadata of one answer; the spans after that are lean.
const CONTENT: usize = 48 * 1024 * 1024;

/// A trace, its spans in order of their start.
#[derive(Serialize)]
pub(crate) struct Whole {
    trace: Summary,
    spans: Vec<WholeSpan>,
    evaluations: Vec<Judgement>,
}

/// A span; a lean one has no input, output and metadata.
#[derive(Serialize)]
pub(crate) struct WholeSpan {
    span_id: String,
    parent_id: Option<String>,
    name: String,
    kind: String,
    status: &'static str,
    start_ms: f64,
    duration_ms: f64,
    app: String,
    service: Option<String>,
    env: Option<String>,
    version: Option<String>,
    session: Option<String>,
    model: Option<String>,
    provider: Option<String>,
    language: Option<String>,
    source: String,
    tags: Box<RawValue>,
    metrics: Box<RawValue>,
    /// Its content is left out, and there at the span's own address.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    lean: bool,
    #[serde(flatten)]
    meta: Meta,
}

/// The parts of a span's meta, not read further.
#[derive(Default, Deserialize, Serialize)]
struct Meta {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tool_definitions: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    links: Option<Box<RawValue>>,
}

impl WholeSpan {
    fn from_row(row: &Row<'_>, lean: bool) -> rusqlite::Result<Self> {
        let (meta, _) = unpack(row.get_ref("packed")?.as_blob()?);
        let mut meta: Meta = serde_json::from_str(&meta).unwrap_or_default();
        if lean {
            meta.input = None;
            meta.output = None;
            meta.metadata = None;
        }
        let failed: bool = row.get("failed")?;
        Ok(Self {
            span_id: row.get("span_id")?,
            parent_id: row.get("parent_id")?,
            name: row.get("name")?,
            kind: row.get("kind")?,
            status: if failed { "error" } else { "ok" },
            start_ms: ms(row.get("start")?),
            duration_ms: ms(row.get("duration")?),
            app: row.get("app")?,
            service: row.get("service")?,
            env: row.get("env")?,
            version: row.get("version")?,
            session: row.get("session")?,
            model: row.get("model")?,
            provider: row.get("provider")?,
            language: row.get("language")?,
            source: row.get("source")?,
            tags: json(row.get("tags")?),
            metrics: json(row.get("metrics")?),
            lean,
            meta,
        })
    }

    /// Bytes of its content.
    fn size(&self) -> usize {
        let parts = [&self.meta.input, &self.meta.output, &self.meta.metadata];
        parts.into_iter().flatten().map(|part| part.get().len()).sum()
    }

    /// What went in and what came out.
    pub(super) fn into_content(self) -> (Option<Box<RawValue>>, Option<Box<RawValue>>) {
        (self.meta.input, self.meta.output)
    }
}

/// The trace, in either spelling of its id.
pub(crate) fn trace(
    connection: &Connection,
    trace_id: &str,
    lean: bool,
) -> rusqlite::Result<Option<Whole>> {
    let Some(summary) = find(connection, trace_id)? else { return Ok(None) };
    let mut content = 0;
    let spans: Vec<WholeSpan> = connection
        .prepare_cached(
            "SELECT * FROM spans JOIN bodies USING (id) WHERE trace = ?1 ORDER BY start, id LIMIT ?2",
        )?
        .query_map([summary.id, SPANS], |row| {
            let span = WholeSpan::from_row(row, lean || content > CONTENT)?;
            content += span.size();
            Ok(span)
        })?
        .collect::<Result<_, _>>()?;
    let mut evaluations = of_trace(connection, summary.trace_id())?;
    let known: HashSet<&str> = spans.iter().map(|span| span.span_id.as_str()).collect();
    let mut names = HashMap::new();
    for judgement in &evaluations {
        if let Some(id) = judgement.span_id()
            && !known.contains(id)
            && let Some(name) =
                ids::spellings_of_span(id).into_iter().find(|id| known.contains(id.as_str()))
        {
            names.insert(id.to_owned(), name);
        }
    }
    for judgement in &mut evaluations {
        if let Some(name) = judgement.span_id().and_then(|id| names.get(id)) {
            judgement.set_span_id(name);
        }
    }
    let trace = summary.judged(connection)?;
    Ok(Some(Whole { trace, spans, evaluations }))
}

fn find(connection: &Connection, trace_id: &str) -> rusqlite::Result<Option<Summary>> {
    let mut statement = connection.prepare_cached("SELECT * FROM traces WHERE trace_id = ?1")?;
    for spelling in ids::spellings_of_trace(trace_id) {
        if let Some(found) = statement.query_row([spelling], Summary::from_row).optional()? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// One span, whole.
pub(crate) fn span(
    connection: &Connection,
    trace_id: &str,
    span_id: &str,
) -> rusqlite::Result<Option<WholeSpan>> {
    let Some(trace) = find(connection, trace_id)? else { return Ok(None) };
    one(connection, trace.id, span_id, |row| WholeSpan::from_row(row, false))
}

/// The root of a trace, whole.
pub(super) fn root(
    connection: &Connection,
    trace: &Summary,
) -> rusqlite::Result<Option<WholeSpan>> {
    one(connection, trace.id, trace.root_span_id(), |row| WholeSpan::from_row(row, false))
}

/// The event as it was received: JSON text.
pub(crate) fn raw(
    connection: &Connection,
    trace_id: &str,
    span_id: &str,
) -> rusqlite::Result<Option<String>> {
    let Some(trace) = find(connection, trace_id)? else { return Ok(None) };
    one(connection, trace.id, span_id, |row| Ok(unpack(row.get_ref("packed")?.as_blob()?).1))
}

fn one<T>(
    connection: &Connection,
    trace: i64,
    span_id: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM spans JOIN bodies USING (id) WHERE trace = ?1 AND span_id = ?2",
    )?;
    for spelling in ids::spellings_of_span(span_id) {
        let found = statement.query_row(params![trace, spelling], &read).optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
