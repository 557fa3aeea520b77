//! One trace with its spans, page by page; one span; the event a span was received as; their evaluations.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::columns::{json, ms};
use super::cursor::cursor;
use super::evaluations::{EvaluationPage, Evaluations, of_span, of_trace};
use super::summary::Summary;
use crate::store::compression::unpack;
use crate::store::ids;

/// The most spans of one page.
pub(crate) const SPANS: usize = 20_000;
/// The bytes of inputs, outputs and metadata after which a page ends.
const CONTENT: usize = 48 * 1024 * 1024;

/// Which page of the spans, and how much of each span.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpanPage {
    /// Without input, output and metadata.
    pub(crate) lean: bool,
    /// Only evaluations of the trace as a whole and of spans that it does not have.
    pub(crate) trace_level_only: bool,
    /// The `next` of the previous page.
    pub(crate) after: Option<String>,
    pub(crate) limit: usize,
}

impl SpanPage {
    /// The first page, as long as possible.
    pub(crate) fn first(lean: bool) -> Self {
        Self { lean, trace_level_only: false, after: None, limit: SPANS }
    }
}

/// A trace and a page of its spans, ordered by start.
#[derive(Serialize)]
pub(crate) struct Whole {
    trace: Summary,
    spans: Vec<WholeSpan>,
    /// The newest of the whole trace on the first page; none on later pages.
    #[serde(flatten)]
    evaluations: Evaluations,
    /// Spans on all pages.
    total: i64,
    /// The `after` of the next page; none on the last page.
    next: Option<String>,
}

/// One span with its newest evaluations.
#[derive(Serialize)]
pub(crate) struct SpanWithEvaluations {
    #[serde(flatten)]
    span: WholeSpan,
    #[serde(flatten)]
    evaluations: Evaluations,
}

/// A span. A lean one has no input, output and metadata.
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
    /// The content is omitted; a query of this one span returns it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    lean: bool,
    #[serde(flatten)]
    meta: Meta,
}

/// The parts of a span's meta, as unparsed JSON.
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

    /// The bytes of its content.
    fn size(&self) -> usize {
        let parts = [&self.meta.input, &self.meta.output, &self.meta.metadata];
        parts.into_iter().flatten().map(|part| part.get().len()).sum()
    }

    /// Input and output.
    pub(super) fn into_content(self) -> (Option<Box<RawValue>>, Option<Box<RawValue>>) {
        (self.meta.input, self.meta.output)
    }
}

/// A trace, by either spelling of its id, with a page of its spans.
pub(crate) fn trace(
    connection: &Connection,
    trace_id: &str,
    page: &SpanPage,
) -> rusqlite::Result<Option<Whole>> {
    let Some(summary) = find(connection, trace_id)? else { return Ok(None) };
    let after = page.after.as_deref().and_then(cursor);
    let (spans, next) = spans(connection, summary.id, page, after)?;
    let total = connection
        .prepare_cached("SELECT count(*) FROM spans WHERE trace = ?1")?
        .query_row([summary.id], |row| row.get(0))?;
    // Later pages have no evaluations, but still the total.
    let evaluation_page = match after {
        None => EvaluationPage::first(),
        Some(_) => EvaluationPage::none(),
    };
    let evaluations = of_trace(connection, &summary, page.trace_level_only, &evaluation_page)?;
    let trace = summary.with_evaluations(connection)?;
    Ok(Some(Whole { trace, spans, evaluations, total, next }))
}

/// A page of spans, and the cursor of the next page.
fn spans(
    connection: &Connection,
    trace: i64,
    page: &SpanPage,
    after: Option<(i64, i64)>,
) -> rusqlite::Result<(Vec<WholeSpan>, Option<String>)> {
    let (start, id) = after.unwrap_or((i64::MIN, i64::MIN));
    // Only narrow rows are sorted; whole rows are read for the page alone.
    let mut statement = connection.prepare_cached(
        "SELECT spans.*, packed FROM (
             SELECT id AS chosen FROM spans WHERE trace = ?1 AND (start, id) > (?2, ?3)
             ORDER BY start, id LIMIT ?4)
         JOIN spans ON spans.id = chosen JOIN bodies ON bodies.id = chosen
         ORDER BY spans.start, spans.id",
    )?;
    let mut rows = statement.query(params![trace, start, id, page.limit as i64 + 1])?;
    let mut spans: Vec<WholeSpan> = Vec::new();
    let mut content = 0;
    let mut last = None;
    while let Some(row) = rows.next()? {
        if spans.len() == page.limit || content > CONTENT {
            return Ok((spans, last.map(|(start, id): (i64, i64)| format!("{start}.{id}"))));
        }
        last = Some((row.get("start")?, row.get("id")?));
        let span = WholeSpan::from_row(row, page.lean)?;
        content += span.size();
        spans.push(span);
    }
    Ok((spans, None))
}

/// A page of the evaluations of a trace, by either spelling of its id.
pub(crate) fn trace_evaluations(
    connection: &Connection,
    trace_id: &str,
    trace_level_only: bool,
    page: &EvaluationPage,
) -> rusqlite::Result<Option<Evaluations>> {
    let trace = find(connection, trace_id)?;
    trace.map(|trace| of_trace(connection, &trace, trace_level_only, page)).transpose()
}

/// A page of the evaluations of one span.
pub(crate) fn span_evaluations(
    connection: &Connection,
    trace_id: &str,
    span_id: &str,
    page: &EvaluationPage,
) -> rusqlite::Result<Option<Evaluations>> {
    let Some(trace) = find(connection, trace_id)? else { return Ok(None) };
    let span: Option<String> = one(connection, trace.id, span_id, |row| row.get("span_id"))?;
    span.map(|span| of_span(connection, &trace, &span, page)).transpose()
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

/// One span with its content.
pub(crate) fn span(
    connection: &Connection,
    trace_id: &str,
    span_id: &str,
) -> rusqlite::Result<Option<SpanWithEvaluations>> {
    let Some(trace) = find(connection, trace_id)? else { return Ok(None) };
    let span = one(connection, trace.id, span_id, |row| WholeSpan::from_row(row, false))?;
    let Some(span) = span else { return Ok(None) };
    let evaluations = of_span(connection, &trace, &span.span_id, &EvaluationPage::first())?;
    Ok(Some(SpanWithEvaluations { span, evaluations }))
}

/// The root span of a trace, with its content.
pub(super) fn root(
    connection: &Connection,
    trace: &Summary,
) -> rusqlite::Result<Option<WholeSpan>> {
    one(connection, trace.id, trace.root_span_id(), |row| WholeSpan::from_row(row, false))
}

/// The event of a span as it was received, as JSON text.
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
