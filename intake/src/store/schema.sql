-- The schema of the intake: layout 1, which `forward_queue.sql` and `by_span.sql` extend. Times are ns
-- since the Unix epoch unless a name says ms.
--
-- The row of a trace is a summary that is updated with each span, so that the list never reads spans.
-- The content of a span (its meta and the event as received) is in `bodies`, so that trees and lists
-- never read it.

CREATE TABLE traces (
    id INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL UNIQUE,
    -- Grows with every change of any trace; what the live list follows.
    seq INTEGER NOT NULL,
    -- When its first span came: what its age is counted from, since clocks of senders may be off.
    received INTEGER NOT NULL,
    -- The span that stands for the trace: its root, or while that is missing the earliest one.
    root_span_id TEXT NOT NULL,
    root_start INTEGER NOT NULL,
    rooted INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    app TEXT NOT NULL,
    session TEXT,
    failed INTEGER NOT NULL,
    error_type TEXT,
    start INTEGER NOT NULL,
    finish INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    spans INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    -- JSON list.
    models TEXT NOT NULL,
    input_tokens REAL,
    output_tokens REAL,
    total_tokens REAL,
    cost REAL,
    language TEXT,
    source TEXT NOT NULL,
    input_preview TEXT NOT NULL,
    output_preview TEXT NOT NULL
) STRICT;
CREATE INDEX traces_by_start ON traces (start);
CREATE INDEX traces_by_app ON traces (app, start);
CREATE INDEX traces_by_kind ON traces (kind, start);
CREATE INDEX traces_by_session ON traces (session, start) WHERE session IS NOT NULL;
CREATE INDEX traces_failed ON traces (start) WHERE failed = 1;

CREATE TABLE spans (
    id INTEGER PRIMARY KEY,
    trace INTEGER NOT NULL,
    span_id TEXT NOT NULL,
    parent_id TEXT,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    failed INTEGER NOT NULL,
    error_type TEXT,
    start INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    app TEXT NOT NULL,
    service TEXT,
    env TEXT,
    version TEXT,
    session TEXT,
    model TEXT,
    provider TEXT,
    language TEXT,
    join_key TEXT,
    source TEXT NOT NULL,
    -- JSON: a list of `key:value`, an object of numbers.
    tags TEXT NOT NULL,
    metrics TEXT NOT NULL,
    input_preview TEXT NOT NULL,
    output_preview TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX spans_by_place ON spans (trace, span_id);
-- Feedback names a span but no trace, and may arrive long after the span.
CREATE INDEX spans_by_id ON spans (span_id);

-- One zstd frame of the meta, a line feed and the event as received. The event repeats the meta, so it
-- adds little to the frame.
CREATE TABLE bodies (id INTEGER PRIMARY KEY, packed BLOB NOT NULL) STRICT;

-- Tags by id. A model is also a tag with the key `@model`, and a join key with `@join`.
CREATE TABLE tags (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    -- How many traces have it.
    traces INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tags_by_text ON tags (key, value);
CREATE INDEX tags_by_use ON tags (key, traces);
CREATE TABLE trace_tags (
    tag INTEGER NOT NULL,
    trace INTEGER NOT NULL,
    PRIMARY KEY (tag, trace)
) STRICT, WITHOUT ROWID;

-- Rollups per minute and per hour (`grain` is 1 or 60), updated with each span, so that the overview
-- reads no spans. `minute` is the first minute of the interval, counted from the epoch.
CREATE TABLE traffic (
    grain INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    app TEXT NOT NULL,
    kind TEXT NOT NULL,
    traces INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    input_tokens REAL NOT NULL,
    output_tokens REAL NOT NULL,
    cost REAL NOT NULL,
    total_tokens REAL NOT NULL,
    durations BLOB NOT NULL,
    PRIMARY KEY (grain, minute, app, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE operations (
    grain INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    app TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    calls INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    input_tokens REAL NOT NULL,
    output_tokens REAL NOT NULL,
    cost REAL NOT NULL,
    durations BLOB NOT NULL,
    PRIMARY KEY (grain, minute, app, name, kind, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    session TEXT PRIMARY KEY,
    app TEXT NOT NULL,
    last INTEGER NOT NULL,
    traces INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    total_tokens REAL NOT NULL,
    cost REAL NOT NULL,
    preview TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_last ON sessions (last);

CREATE TABLE evaluations (
    id TEXT PRIMARY KEY,
    feedback INTEGER NOT NULL,
    scope TEXT NOT NULL,
    trace_id TEXT,
    span_id TEXT,
    session TEXT,
    -- The tag, or join key, by which it finds its span; the ids are filled in when that is there.
    join_key TEXT,
    join_value TEXT,
    app TEXT NOT NULL,
    label TEXT NOT NULL,
    metric_type TEXT NOT NULL,
    -- JSON, as are error, submitter, tags and metadata.
    value TEXT NOT NULL,
    assessment TEXT,
    reasoning TEXT,
    status TEXT,
    error TEXT,
    submitter TEXT,
    tags TEXT NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    metadata TEXT,
    raw TEXT NOT NULL
) STRICT;
CREATE INDEX evaluations_by_trace ON evaluations (trace_id, timestamp_ms) WHERE trace_id IS NOT NULL;
CREATE INDEX evaluations_by_session ON evaluations (session, timestamp_ms) WHERE session IS NOT NULL;
CREATE INDEX evaluations_waiting ON evaluations (join_key, join_value)
    WHERE trace_id IS NULL AND join_key IS NOT NULL;
CREATE INDEX evaluations_by_time ON evaluations (timestamp_ms);

CREATE TABLE drops (
    client TEXT NOT NULL,
    what TEXT NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    app TEXT,
    language TEXT,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (client, what, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX drops_by_time ON drops (at_ms);

-- `seq`, `indexed` (the last span in `search`), `deleted_traces`, `deleted_spans`; for forwarding
-- `forward.delivered`, `forward.delivered_bytes`, and `forward.lost.` with a reason.
CREATE TABLE numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- The words of each span, by its id, without text and positions.
CREATE VIRTUAL TABLE search USING fts5(
    words, content = '', contentless_delete = 1, detail = 'none',
    tokenize = "unicode61 remove_diacritics 2"
);
