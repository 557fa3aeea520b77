-- What was said about one span of a trace, and which spans of a trace something was said about: both
-- without reading what was said.
CREATE INDEX evaluations_by_span ON evaluations (trace_id, span_id, scope, timestamp_ms)
    WHERE trace_id IS NOT NULL;
