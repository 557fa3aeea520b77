//! The row of a trace: its summary, updated with each span, and what it adds to the rollups.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, named_params};

use super::aggregate::Aggregate;
use super::prepare::{PreparedSpan, counts};
use super::span_row;
use crate::model::{Kind, Status};

pub(crate) const MINUTE: i64 = 60_000_000_000;

/// The largest number of tokens or dollars that is counted, so that all totals stay finite.
const MOST: f64 = 1e15;

/// Models that a summary lists at most. The filter finds all of them.
const MODELS: usize = 20;

/// The summary of one trace.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) id: i64,
    pub(crate) trace_id: String,
    /// When its first span arrived, in ns.
    pub(crate) received: i64,
    pub(crate) root_span_id: String,
    root_start: i64,
    rooted: bool,
    name: String,
    pub(crate) kind: String,
    pub(crate) app: String,
    pub(crate) session: Option<String>,
    error_type: Option<String>,
    pub(crate) start: i64,
    pub(crate) finish: i64,
    duration: i64,
    pub(crate) spans: i64,
    errors: i64,
    models: Vec<String>,
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    total_tokens: Option<f64>,
    cost: Option<f64>,
    language: Option<String>,
    source: String,
    pub(crate) input_preview: String,
    output_preview: String,
}

impl Trace {
    /// A trace that consists of this span.
    pub(crate) fn new(id: i64, received: i64, first: &PreparedSpan) -> Self {
        let span = &first.span;
        let mut trace = Self {
            id,
            trace_id: span.trace_id.clone(),
            received,
            root_span_id: String::new(),
            root_start: i64::MAX,
            rooted: false,
            name: String::new(),
            kind: String::new(),
            app: String::new(),
            session: None,
            error_type: None,
            start: span.start_ns,
            finish: i64::MIN,
            duration: 0,
            spans: 0,
            errors: 0,
            models: Vec::new(),
            input_tokens: None,
            output_tokens: None,
            total_tokens: None,
            cost: None,
            language: None,
            source: String::new(),
            input_preview: String::new(),
            output_preview: String::new(),
        };
        trace.add(first);
        trace
    }

    /// Adds a span that the trace does not have yet.
    pub(crate) fn add(&mut self, prepared: &PreparedSpan) {
        let span = &prepared.span;
        let is_root = span.parent_id.is_none();
        let first = self.spans == 0;
        self.spans += 1;
        self.finish = self.finish.max(span.start_ns.saturating_add(span.duration_ns));
        // The root represents the trace; if it is missing, the earliest span does.
        let stands = if is_root == self.rooted { span.start_ns < self.root_start } else { is_root };
        if stands || first {
            self.root_span_id.clone_from(&span.span_id);
            self.root_start = span.start_ns;
            self.rooted = is_root;
            self.name.clone_from(&span.name);
            span.kind.name().clone_into(&mut self.kind);
            self.app.clone_from(&span.ml_app);
            self.session = span.session_id.clone().or(self.session.take());
            self.language = span.language.clone().or(self.language.take());
            span.source.name().clone_into(&mut self.source);
            self.input_preview.clone_from(&prepared.input_preview);
            self.output_preview.clone_from(&prepared.output_preview);
            self.duration = span.duration_ns;
        }
        self.start = if self.rooted { self.root_start } else { self.start.min(span.start_ns) };
        if !self.rooted {
            self.duration = self.finish.saturating_sub(self.start);
        }
        if self.session.is_none() {
            self.session.clone_from(&span.session_id);
        }
        if span.status == Status::Error {
            self.errors += 1;
            if stands || self.error_type.is_none() {
                self.error_type = prepared.error_type.clone().or(self.error_type.take());
            }
        }
        if let Some(model) = &span.model
            && self.models.len() < MODELS
            && !self.models.contains(model)
        {
            self.models.push(model.clone());
        }
        if prepared.counts() {
            let add = |sum: &mut Option<f64>, more: Option<f64>| {
                if let Some(more) = more {
                    *sum = Some((sum.unwrap_or(0.0) + more).clamp(-MOST, MOST));
                }
            };
            add(&mut self.input_tokens, span.metric("input_tokens"));
            add(&mut self.output_tokens, span.metric("output_tokens"));
            add(&mut self.total_tokens, span.total_tokens());
            add(&mut self.cost, span.cost());
        }
    }

    /// The same trace, computed from the spans that are stored.
    pub(crate) fn rebuilt(self, connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare_cached("SELECT * FROM spans WHERE trace = ?1")?;
        let mut spans = statement.query_map([self.id], span_row::read)?;
        let Some(first) = spans.next().transpose()? else { return Ok(self) };
        let mut new = Self::new(self.id, self.received, &first);
        new.trace_id = self.trace_id;
        for span in spans {
            new.add(&span?);
        }
        Ok(new)
    }

    /// What the trace adds to its rollups.
    pub(crate) fn aggregate(&self) -> Aggregate {
        let mut aggregate = Aggregate {
            count: 1,
            errors: i64::from(self.errors > 0),
            input_tokens: self.input_tokens.unwrap_or(0.0),
            output_tokens: self.output_tokens.unwrap_or(0.0),
            total_tokens: self.total_tokens.unwrap_or(0.0),
            cost: self.cost.unwrap_or(0.0),
            ..Aggregate::default()
        };
        aggregate.durations.add(self.duration, 1);
        aggregate
    }

    /// The minute it started in.
    pub(crate) fn minute(&self) -> i64 {
        self.start.div_euclid(MINUTE)
    }

    pub(crate) fn load(connection: &Connection, trace_id: &str) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached("SELECT * FROM traces WHERE trace_id = ?1")?
            .query_row([trace_id], Self::from_row)
            .optional()
    }

    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            trace_id: row.get("trace_id")?,
            received: row.get("received")?,
            root_span_id: row.get("root_span_id")?,
            root_start: row.get("root_start")?,
            rooted: row.get("rooted")?,
            name: row.get("name")?,
            kind: row.get("kind")?,
            app: row.get("app")?,
            session: row.get("session")?,
            error_type: row.get("error_type")?,
            start: row.get("start")?,
            finish: row.get("finish")?,
            duration: row.get("duration")?,
            spans: row.get("spans")?,
            errors: row.get("errors")?,
            models: serde_json::from_str(&row.get::<_, String>("models")?).unwrap_or_default(),
            input_tokens: row.get("input_tokens")?,
            output_tokens: row.get("output_tokens")?,
            total_tokens: row.get("total_tokens")?,
            cost: row.get("cost")?,
            language: row.get("language")?,
            source: row.get("source")?,
            input_preview: row.get("input_preview")?,
            output_preview: row.get("output_preview")?,
        })
    }

    /// Upserts the row.
    pub(crate) fn save(&self, connection: &Connection, seq: i64) -> rusqlite::Result<()> {
        let mut statement: CachedStatement<'_> = connection.prepare_cached(SAVE)?;
        statement.execute(named_params! {
            ":id": self.id,
            ":trace_id": self.trace_id,
            ":seq": seq,
            ":received": self.received,
            ":root_span_id": self.root_span_id,
            ":root_start": self.root_start,
            ":rooted": self.rooted,
            ":name": self.name,
            ":kind": self.kind,
            ":app": self.app,
            ":session": self.session,
            ":failed": self.errors > 0,
            ":error_type": self.error_type,
            ":start": self.start,
            ":finish": self.finish,
            ":duration": self.duration,
            ":spans": self.spans,
            ":errors": self.errors,
            ":models": serde_json::Value::from(self.models.clone()).to_string(),
            ":input_tokens": self.input_tokens,
            ":output_tokens": self.output_tokens,
            ":total_tokens": self.total_tokens,
            ":cost": self.cost,
            ":language": self.language,
            ":source": self.source,
            ":input_preview": self.input_preview,
            ":output_preview": self.output_preview,
        })?;
        Ok(())
    }
}

/// An update never changes id, trace_id and received.
const SAVE: &str = "
    INSERT INTO traces VALUES (:id, :trace_id, :seq, :received, :root_span_id, :root_start, :rooted,
        :name, :kind, :app, :session, :failed, :error_type, :start, :finish, :duration, :spans, :errors,
        :models, :input_tokens, :output_tokens, :total_tokens, :cost, :language, :source,
        :input_preview, :output_preview)
    ON CONFLICT (id) DO UPDATE SET seq = :seq, root_span_id = :root_span_id,
        root_start = :root_start, rooted = :rooted, name = :name, kind = :kind, app = :app,
        session = :session, failed = :failed, error_type = :error_type, start = :start,
        finish = :finish, duration = :duration, spans = :spans, errors = :errors, models = :models,
        input_tokens = :input_tokens, output_tokens = :output_tokens, total_tokens = :total_tokens,
        cost = :cost, language = :language, source = :source, input_preview = :input_preview,
        output_preview = :output_preview";

/// What one span adds to the rollups of its operation.
pub(crate) fn aggregate_of_span(
    kind: &Kind,
    failed: bool,
    duration: i64,
    metric: impl Fn(&str) -> Option<f64>,
    cost: Option<f64>,
) -> Aggregate {
    let mut aggregate = Aggregate { count: 1, errors: i64::from(failed), ..Aggregate::default() };
    aggregate.durations.add(duration, 1);
    if counts(kind) {
        let counted = |value: Option<f64>| value.unwrap_or(0.0).clamp(-MOST, MOST);
        aggregate.input_tokens = counted(metric("input_tokens"));
        aggregate.output_tokens = counted(metric("output_tokens"));
        aggregate.cost = counted(cost);
    }
    aggregate
}
