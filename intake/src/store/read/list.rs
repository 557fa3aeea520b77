//! The list of traces, newest first, filtered.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde::Serialize;
use serde_json::value::RawValue;

use super::evaluations::{Verdict, verdicts};
use super::{json, ms, ns, search};
use crate::store::search_index;

/// A tag of fewer traces than this is asked first, and its traces are sorted; one of more is met
/// often enough on the way down the list.
const RARE: i64 = 10_000;

/// Which traces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) app: Option<String>,
    pub(crate) session: Option<String>,
    /// Of the root.
    pub(crate) kind: Option<String>,
    /// Whether any span failed.
    pub(crate) failed: Option<bool>,
    /// `key:value`; each must be at some span.
    pub(crate) tags: Vec<String>,
    pub(crate) model: Option<String>,
    /// Words that some span holds.
    pub(crate) text: Option<String>,
    /// ms since the Unix epoch, of the start.
    pub(crate) from: Option<f64>,
    pub(crate) to: Option<f64>,
    /// What the page before gave as `next`.
    pub(crate) before: Option<String>,
    pub(crate) limit: usize,
}

/// One line of the list.
#[derive(Serialize)]
pub(crate) struct Summary {
    #[serde(skip)]
    pub(crate) id: i64,
    #[serde(skip)]
    start: i64,
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
    /// The newest; `evaluations_total` is how many there are.
    evaluations: Vec<Verdict>,
    evaluations_total: i64,
    input_preview: String,
    output_preview: String,
    seq: i64,
}

/// A page of the list.
#[derive(Serialize)]
pub(crate) struct Page {
    pub(crate) traces: Vec<Summary>,
    pub(crate) next: Option<String>,
    /// Of a search: spans that it did not look through, because they came a moment ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unsearched_spans: Option<i64>,
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

    /// Adds what was said about the trace.
    pub(super) fn judged(mut self, connection: &Connection) -> rusqlite::Result<Self> {
        (self.evaluations, self.evaluations_total) = verdicts(connection, &self.trace_id)?;
        Ok(self)
    }

    /// What the list is ordered by.
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

/// Conditions on rows of `traces`, and their values.
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

/// A page of the traces that pass.
pub(crate) fn traces(connection: &Connection, filter: &Filter) -> rusqlite::Result<Page> {
    let typed = filter.text.as_deref().filter(|text| !text.trim().is_empty());
    // Asked first, so that none means that the page is whole.
    let unsearched_spans = typed.map(|_| search::behind(connection)).transpose()?;
    let nothing = Ok(Page { traces: Vec::new(), next: None, unsearched_spans });
    let mut conditions = Conditions::default();
    // The rarest tag, if it is rare.
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
        // The literal lets the index of failed traces be used.
        conditions.text.push(format!("failed = {}", i64::from(failed)));
    }
    // Only the first of these may choose the index: nearly all traces may have the same kind.
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
    // What must be sorted is narrow; rows are read whole only for the page.
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
    let traces = found.into_iter().map(|trace| trace.judged(connection));
    Ok(Page { traces: traces.collect::<Result<_, _>>()?, next, unsearched_spans: None })
}

/// A place in an ordered list: what it is ordered by, and the row.
pub(crate) fn cursor(text: &str) -> Option<(i64, i64)> {
    let (order, id) = text.split_once('.')?;
    Some((order.parse().ok()?, id.parse().ok()?))
}

/// The traces with these numbers, in no order.
pub(crate) fn summaries(connection: &Connection, ids: &[i64]) -> rusqlite::Result<Vec<Summary>> {
    let mut statement = connection.prepare_cached("SELECT * FROM traces WHERE id = ?1")?;
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(trace) = statement.query_row([id], Summary::from_row).optional()? {
            all.push(trace.judged(connection)?);
        }
    }
    Ok(all)
}
