//! One transaction: spans are inserted at once, trace summaries and rollups once at its end.
//!
//! So hundreds of spans of one trace write the trace's row once, and each rollup once.

mod replace;

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::aggregate::Aggregate;
use super::clock::now_ns;
use super::forward_queue::QueueCounters;
use super::numbers::set_number;
use super::prepare::PreparedSpan;
use super::rollups::{GRAINS, Operation, add_operation, add_session, add_traffic};
use super::summary::{MINUTE, Trace, aggregate_of_span};
use super::{ids, span_row};
use crate::model::{Span, Status};

/// The writer's counters, kept from one transaction to the next.
#[derive(Clone, Default)]
pub(crate) struct Counters {
    pub(crate) next_span: i64,
    pub(crate) next_trace: i64,
    pub(crate) seq: i64,
    /// The last span in the text index.
    pub(crate) indexed: i64,
    /// Evaluations whose span has not arrived.
    pub(crate) waiting: i64,
    pub(crate) spans: i64,
    pub(crate) traces: i64,
    /// Of the forward queue.
    pub(crate) queue: QueueCounters,
}

/// Rows that need not be read again. A cache that has grown too large is cleared.
#[derive(Default)]
pub(crate) struct Cache {
    pub(crate) traces: HashMap<String, Trace>,
    pub(crate) tags: HashMap<String, i64>,
}

const CACHED_TRACES: usize = 10_000;
const CACHED_TAGS: usize = 20_000;

pub(super) struct Changed {
    old: Option<Trace>,
    new: Trace,
    /// A span was replaced, so the summary must be computed from the stored spans.
    pub(super) rebuild: bool,
}

/// A transaction that is being built.
pub(crate) struct Batch<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) counters: &'a mut Counters,
    cache: &'a mut Cache,
    changed: HashMap<String, Changed>,
    operations: HashMap<Operation, Aggregate>,
    tag_uses: HashMap<i64, i64>,
    tagged: HashSet<(i64, i64)>,
    /// Spans that must be indexed again.
    pub(crate) reindex: Vec<i64>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(
        connection: &'a Connection,
        counters: &'a mut Counters,
        cache: &'a mut Cache,
    ) -> Self {
        if cache.traces.len() > CACHED_TRACES {
            cache.traces.clear();
        }
        if cache.tags.len() > CACHED_TAGS {
            cache.tags.clear();
        }
        Self {
            connection,
            counters,
            cache,
            changed: HashMap::new(),
            operations: HashMap::new(),
            tag_uses: HashMap::new(),
            tagged: HashSet::new(),
            reindex: Vec::new(),
        }
    }

    /// Upserts a span, because senders that got no answer send it again.
    pub(crate) fn add_span(&mut self, prepared: &PreparedSpan) -> rusqlite::Result<()> {
        let span = &prepared.span;
        let known = self.change(&span.trace_id)?.map(|changed| changed.new.id);
        let trace = known.unwrap_or(self.counters.next_trace);
        let id = self.counters.next_span;
        if !span_row::insert(self.connection, id, trace, prepared)? {
            return self.replace_span(trace, prepared);
        }
        self.counters.next_span += 1;
        self.counters.spans += 1;
        if known.is_none() {
            self.counters.next_trace += 1;
            self.counters.traces += 1;
            let new = Trace::new(trace, now_ns(), prepared);
            let changed = Changed { old: None, new, rebuild: false };
            self.changed.insert(span.trace_id.clone(), changed);
        } else if let Some(changed) = self.changed.get_mut(&span.trace_id) {
            changed.new.add(prepared);
        }
        self.connection
            .prepare_cached("INSERT INTO bodies VALUES (?1, ?2)")?
            .execute(params![id, prepared.packed])?;
        self.count(prepared, 1);
        self.tag(trace, span)
    }

    /// The trace as changed by this transaction, loaded if necessary; `None` if there is no such trace.
    pub(super) fn change(&mut self, trace_id: &str) -> rusqlite::Result<Option<&mut Changed>> {
        if !self.changed.contains_key(trace_id) {
            let loaded = match self.cache.traces.remove(trace_id) {
                Some(trace) => Some(trace),
                None => Trace::load(self.connection, trace_id)?,
            };
            if let Some(trace) = loaded {
                let changed = Changed { old: Some(trace.clone()), new: trace, rebuild: false };
                self.changed.insert(trace_id.to_owned(), changed);
            }
        }
        Ok(self.changed.get_mut(trace_id))
    }

    /// Gives the trace a new `seq`, for a change that is not a span; false if there is no such trace.
    pub(crate) fn touch(&mut self, trace_id: &str) -> rusqlite::Result<bool> {
        Ok(self.change(trace_id)?.is_some())
    }

    /// Adds a span to the rollups of its operation, or removes it with `times` -1.
    pub(super) fn count(&mut self, prepared: &PreparedSpan, times: i64) {
        let span = &prepared.span;
        let mut aggregate = aggregate_of_span(
            &span.kind,
            span.status == Status::Error,
            span.duration_ns,
            |name| span.metric(name),
            span.cost(),
        );
        if times < 0 {
            aggregate.negate();
        }
        let minute = span.start_ns.div_euclid(MINUTE);
        for grain in GRAINS {
            let operation = Operation {
                grain,
                minute: minute - minute.rem_euclid(grain),
                app: span.ml_app.clone(),
                name: span.name.clone(),
                kind: span.kind.name().to_owned(),
                model: span.model.clone().unwrap_or_default(),
            };
            self.operations.entry(operation).or_default().merge(&aggregate);
        }
    }

    pub(super) fn tag(&mut self, trace: i64, span: &Span) -> rusqlite::Result<()> {
        let pairs = span.tags.iter().map(|tag| tag.split_once(':').unwrap_or((tag, "")));
        let model = span.model.as_deref().map(|model| ("@model", model));
        let key = span.feedback_join_key.as_deref().map(|key| ("@join", key));
        for (key, value) in pairs.chain(model).chain(key) {
            let tag = self.tag_number(key, value)?;
            if self.tagged.insert((tag, trace)) {
                let new = self
                    .connection
                    .prepare_cached("INSERT OR IGNORE INTO trace_tags VALUES (?1, ?2)")?
                    .execute([tag, trace])?;
                if new == 1 {
                    *self.tag_uses.entry(tag).or_default() += 1;
                }
            }
            self.found(span, key, value)?;
        }
        if self.counters.waiting > 0 {
            for spelling in ids::spellings_of_span(&span.span_id) {
                self.found(span, SPAN_KEY, &spelling)?;
            }
        }
        Ok(())
    }

    /// Joins `span` to the evaluations that wait for a span with this key and value.
    fn found(&mut self, span: &Span, key: &str, value: &str) -> rusqlite::Result<()> {
        if self.counters.waiting > 0 {
            let found = self.connection.prepare_cached(FOUND)?.execute(params![
                span.trace_id,
                span.span_id,
                key,
                value
            ])?;
            self.counters.waiting -= found as i64;
        }
        Ok(())
    }

    /// The trace id of a row id, also if this transaction has created the trace.
    pub(crate) fn trace_id_of(&self, trace: i64) -> rusqlite::Result<Option<String>> {
        let begun = self.changed.iter().find(|(_, changed)| changed.new.id == trace);
        if let Some((id, _)) = begun {
            return Ok(Some(id.clone()));
        }
        self.connection
            .prepare_cached("SELECT trace_id FROM traces WHERE id = ?1")?
            .query_row([trace], |row| row.get(0))
            .optional()
    }

    fn tag_number(&mut self, key: &str, value: &str) -> rusqlite::Result<i64> {
        // The length distinguishes `a` `b:c` from `a:b` `c`.
        let text = format!("{} {key}{value}", key.len());
        if let Some(tag) = self.cache.tags.get(&text) {
            return Ok(*tag);
        }
        let known = self
            .connection
            .prepare_cached("SELECT id FROM tags WHERE key = ?1 AND value = ?2")?
            .query_row([key, value], |row| row.get(0))
            .optional()?;
        let tag = match known {
            Some(tag) => tag,
            None => {
                self.connection
                    .prepare_cached("INSERT INTO tags (key, value, traces) VALUES (?1, ?2, 0)")?
                    .execute([key, value])?;
                self.connection.last_insert_rowid()
            }
        };
        self.cache.tags.insert(text, tag);
        Ok(tag)
    }

    /// Writes the summaries and rollups. Returns the changed traces, each with its new `seq`.
    pub(crate) fn finish(mut self) -> rusqlite::Result<Vec<(i64, i64)>> {
        let mut numbers = Vec::with_capacity(self.changed.len());
        let mut traffic = HashMap::<((i64, i64), String, String), Aggregate>::new();
        let mut sessions = Vec::new();
        for (trace_id, mut changed) in std::mem::take(&mut self.changed) {
            if changed.rebuild {
                changed.new = changed.new.rebuilt(self.connection)?;
            }
            self.counters.seq += 1;
            changed.new.save(self.connection, self.counters.seq)?;
            numbers.push((self.counters.seq, changed.new.id));
            for (trace, sign) in changed.old.iter().map(|old| (old, -1)).chain([(&changed.new, 1)])
            {
                let mut aggregate = trace.aggregate();
                if sign < 0 {
                    aggregate.negate();
                }
                for grain in GRAINS {
                    let minute = trace.minute() - trace.minute().rem_euclid(grain);
                    let key = ((grain, minute), trace.app.clone(), trace.kind.clone());
                    traffic.entry(key).or_default().merge(&aggregate);
                }
                if let Some(session) = &trace.session {
                    sessions.push((session.clone(), trace.clone(), aggregate));
                }
            }
            self.cache.traces.insert(trace_id, changed.new);
        }
        for ((time, app, kind), aggregate) in traffic {
            add_traffic(self.connection, time, &app, &kind, &aggregate)?;
        }
        for (session, trace, aggregate) in sessions {
            add_session(self.connection, &session, &trace, &aggregate)?;
        }
        for (operation, aggregate) in std::mem::take(&mut self.operations) {
            add_operation(self.connection, &operation, &aggregate)?;
        }
        let mut used = self.connection.prepare_cached(
            "UPDATE tags SET traces = traces + min(?2, 9223372036854775807 - max(traces, 0))
             WHERE id = ?1",
        )?;
        for (tag, uses) in &self.tag_uses {
            used.execute([tag, uses])?;
        }
        set_number(self.connection, "seq", self.counters.seq)?;
        Ok(numbers)
    }
}

/// The join key of an evaluation that names a span but no trace, as feedback does.
pub(crate) const SPAN_KEY: &str = "@span";

const FOUND: &str = "
    UPDATE evaluations SET trace_id = ?1, span_id = ?2
    WHERE join_key = ?3 AND join_value = ?4 AND trace_id IS NULL";
