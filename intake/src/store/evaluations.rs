//! Evaluations and feedback: how they are stored and joined to their spans.

use rusqlite::{OptionalExtension, named_params, params};

use super::batch::{Batch, SPAN_KEY};
use super::ids;
use super::prepare::PreparedEvaluation;

/// Upserts an evaluation by its id.
pub(crate) fn add(batch: &mut Batch<'_>, prepared: &PreparedEvaluation) -> rusqlite::Result<()> {
    let evaluation = &prepared.evaluation;
    let join = match (&evaluation.join_tag, &evaluation.join_key) {
        (Some((key, value)), _) => Some((key.as_str(), value.as_str())),
        (None, Some(key)) => Some(("@join", key.as_str())),
        (None, None) if evaluation.trace_id.is_none() => {
            evaluation.span_id.as_deref().map(|span| (SPAN_KEY, span))
        }
        (None, None) => None,
    };
    let mut found = evaluation.trace_id.clone().map(|trace| (trace, evaluation.span_id.clone()));
    if let (None, Some((key, value))) = (&found, join) {
        found = match key {
            SPAN_KEY => find_span(batch, value)?,
            _ => find(batch, key, value)?,
        };
        if found.is_none() {
            batch.counters.waiting += 1;
        }
    }
    let (trace_id, span_id) = found.map_or((None, None), |(trace, span)| (Some(trace), span));
    batch.connection.prepare_cached(INSERT_EVALUATION)?.execute(named_params! {
        ":id": evaluation.id,
        ":feedback": evaluation.feedback,
        ":scope": evaluation.scope.name(),
        ":trace_id": trace_id,
        ":span_id": span_id,
        ":session": evaluation.session_id,
        ":join_key": join.map(|(key, _)| key),
        ":join_value": join.map(|(_, value)| value),
        ":app": evaluation.ml_app,
        ":label": evaluation.label,
        ":metric_type": evaluation.metric_type,
        ":value": prepared.value,
        ":assessment": evaluation.assessment,
        ":reasoning": evaluation.reasoning,
        ":status": evaluation.status,
        ":error": prepared.error,
        ":submitter": prepared.submitter,
        ":tags": prepared.tags,
        ":timestamp_ms": evaluation.timestamp_ms,
        ":metadata": prepared.metadata,
        ":raw": evaluation.raw,
    })?;
    for trace_id in ids::spellings_of_trace(&trace_id.unwrap_or_default()) {
        batch.touch(&trace_id)?;
    }
    Ok(())
}

/// The newest span with this id, in any trace.
fn find_span(
    batch: &Batch<'_>,
    span_id: &str,
) -> rusqlite::Result<Option<(String, Option<String>)>> {
    for spelling in ids::spellings_of_span(span_id) {
        let newest = batch
            .connection
            .prepare_cached("SELECT trace FROM spans WHERE span_id = ?1 ORDER BY id DESC LIMIT 1")?
            .query_row([&spelling], |row| row.get::<_, i64>(0))
            .optional()?;
        let trace_id = newest.map(|trace| batch.trace_id_of(trace)).transpose()?.flatten();
        if let Some(trace_id) = trace_id {
            return Ok(Some((trace_id, Some(spelling))));
        }
    }
    Ok(None)
}

/// The newest trace with this tag or join key, and its span that has it.
fn find(
    batch: &Batch<'_>,
    key: &str,
    value: &str,
) -> rusqlite::Result<Option<(String, Option<String>)>> {
    let connection = batch.connection;
    let newest: Option<i64> = connection
        .prepare_cached(
            "SELECT trace FROM tags JOIN trace_tags ON tag = tags.id
             WHERE key = ?1 AND value = ?2 ORDER BY trace DESC LIMIT 1",
        )?
        .query_row([key, value], |row| row.get(0))
        .optional()?;
    let Some(trace) = newest else { return Ok(None) };
    // A trace that this transaction has created has no row yet, but the batch knows it.
    let Some(trace_id) = batch.trace_id_of(trace)? else { return Ok(None) };
    let tag = format!("{key}:{value}");
    let span = connection
        .prepare_cached(
            "SELECT span_id FROM spans WHERE trace = ?1 AND CASE ?2 WHEN '@join' THEN join_key = ?3
                 ELSE EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?4) END
             ORDER BY parent_id IS NOT NULL, start LIMIT 1",
        )?
        .query_row(params![trace, key, value, tag], |row| row.get(0))
        .optional()?;
    Ok(Some((trace_id, span)))
}

const INSERT_EVALUATION: &str = "
    INSERT OR REPLACE INTO evaluations VALUES (:id, :feedback, :scope, :trace_id, :span_id,
        :session, :join_key, :join_value, :app, :label, :metric_type, :value, :assessment,
        :reasoning, :status, :error, :submitter, :tags, :timestamp_ms, :metadata, :raw)";
