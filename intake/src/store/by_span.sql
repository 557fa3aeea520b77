-- Finds the evaluations of one span, and the spans of a trace that have evaluations, without reading
-- the evaluations.
CREATE INDEX evaluations_by_span ON evaluations (trace_id, span_id, scope, timestamp_ms)
    WHERE trace_id IS NOT NULL;
