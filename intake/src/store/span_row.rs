//! The row of a span: how it is written, and how it is read back.

use std::collections::HashMap;

use rusqlite::{Connection, Row, named_params};

use super::prepare::PreparedSpan;
use crate::model::{Kind, Source, Span, Status};

/// Inserts a span; false if the trace already has a span with this id.
pub(super) fn insert(
    connection: &Connection,
    id: i64,
    trace: i64,
    prepared: &PreparedSpan,
) -> rusqlite::Result<bool> {
    let span = &prepared.span;
    let inserted = connection.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":trace": trace,
        ":span_id": span.span_id,
        ":parent_id": span.parent_id,
        ":name": span.name,
        ":kind": span.kind.name(),
        ":failed": span.status == Status::Error,
        ":error_type": prepared.error_type,
        ":start": span.start_ns,
        ":duration": span.duration_ns,
        ":app": span.ml_app,
        ":service": span.service,
        ":env": span.env,
        ":version": span.version,
        ":session": span.session_id,
        ":model": span.model,
        ":provider": span.provider,
        ":language": span.language,
        ":join_key": span.feedback_join_key,
        ":source": span.source.name(),
        ":tags": prepared.tags,
        ":metrics": prepared.metrics,
        ":input_preview": prepared.input_preview,
        ":output_preview": prepared.output_preview,
    })?;
    Ok(inserted == 1)
}

/// The span of a row, without its body.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<PreparedSpan> {
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

const INSERT: &str = "
    INSERT INTO spans VALUES (:id, :trace, :span_id, :parent_id, :name, :kind, :failed, :error_type,
        :start, :duration, :app, :service, :env, :version, :session, :model, :provider, :language,
        :join_key, :source, :tags, :metrics, :input_preview, :output_preview)
    ON CONFLICT (trace, span_id) DO NOTHING";
