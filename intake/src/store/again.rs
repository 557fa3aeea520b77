//! A span that came before: the new one takes its place, in every sum that counted the first.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};

use super::batch::Batch;
use super::prepare::PreparedSpan;
use super::summary::Trace;
use crate::model::{Kind, Source, Span, Status};

impl Batch<'_> {
    /// Puts a span in the place of the one with its id. One that is the same changes nothing.
    pub(super) fn replace_span(
        &mut self,
        trace: i64,
        prepared: &PreparedSpan,
    ) -> rusqlite::Result<()> {
        let (old, id, packed) = self
            .connection
            .prepare_cached(
                "SELECT spans.*, packed FROM spans JOIN bodies USING (id)
                 WHERE trace = ?1 AND span_id = ?2",
            )?
            .query_row(params![trace, prepared.span.span_id], |row| {
                Ok((stored(row)?, row.get::<_, i64>("id")?, row.get::<_, Vec<u8>>("packed")?))
            })?;
        if packed == prepared.packed {
            return Ok(());
        }
        self.count(&old, -1);
        self.connection.prepare_cached("DELETE FROM spans WHERE id = ?1")?.execute([id])?;
        self.insert_span(id, trace, prepared)?;
        self.connection
            .prepare_cached("UPDATE bodies SET packed = ?2 WHERE id = ?1")?
            .execute(params![id, prepared.packed])?;
        self.count(prepared, 1);
        if id <= self.counters.indexed {
            self.reindex.push(id);
        }
        if let Some(changed) = self.change(&prepared.span.trace_id)? {
            changed.rebuild = true;
        }
        self.tag(trace, &prepared.span)
    }
}

/// The same trace, made anew of the spans it has.
pub(super) fn rebuilt(connection: &Connection, trace: Trace) -> rusqlite::Result<Trace> {
    let mut statement = connection.prepare_cached("SELECT * FROM spans WHERE trace = ?1")?;
    let mut spans = statement.query_map([trace.id], stored)?;
    let Some(first) = spans.next().transpose()? else { return Ok(trace) };
    let mut new = Trace::new(trace.id, trace.received, &first);
    new.trace_id = trace.trace_id;
    for span in spans {
        new.add(&span?);
    }
    Ok(new)
}

/// What is kept of a span beside its body, as it was when it came.
fn stored(row: &Row<'_>) -> rusqlite::Result<PreparedSpan> {
    let metrics: String = row.get("metrics")?;
    let metrics: HashMap<String, f64> = serde_json::from_str(&metrics).unwrap_or_default();
    let failed: bool = row.get("failed")?;
    let kind: String = row.get("kind")?;
    let source: String = row.get("source")?;
    Ok(PreparedSpan {
        span: Span {
            trace_id: String::new(),
            span_id: row.get("span_id")?,
            parent_id: row.get("parent_id")?,
            name: row.get("name")?,
            kind: Kind::named(&kind),
            start_ns: row.get("start")?,
            duration_ns: row.get("duration")?,
            status: if failed { Status::Error } else { Status::Ok },
            ml_app: row.get("app")?,
            service: None,
            env: None,
            version: None,
            session_id: row.get("session")?,
            model: row.get("model")?,
            provider: None,
            language: row.get("language")?,
            feedback_join_key: None,
            tags: Vec::new(),
            metrics: metrics.into_iter().collect(),
            meta: serde_json::Value::Null,
            source: Source::named(&source),
            raw: String::new(),
        },
        packed: Vec::new(),
        tags: String::new(),
        metrics: String::new(),
        error_type: row.get("error_type")?,
        input_preview: row.get("input_preview")?,
        output_preview: row.get("output_preview")?,
    })
}
