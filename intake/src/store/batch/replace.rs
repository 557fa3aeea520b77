//! Upsert of a span: a span that is sent again replaces the stored one, also in every rollup.

use rusqlite::params;

use super::Batch;
use crate::store::prepare::PreparedSpan;
use crate::store::span_row;

impl Batch<'_> {
    /// Replaces the stored span with the same id. An identical span changes nothing.
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
                Ok((
                    span_row::read(row)?,
                    row.get::<_, i64>("id")?,
                    row.get::<_, Vec<u8>>("packed")?,
                ))
            })?;
        if packed == prepared.packed {
            return Ok(());
        }
        self.count(&old, -1);
        self.connection.prepare_cached("DELETE FROM spans WHERE id = ?1")?.execute([id])?;
        span_row::insert(self.connection, id, trace, prepared)?;
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
