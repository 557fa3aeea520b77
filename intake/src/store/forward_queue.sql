-- The forward queue: requests for the receiver of `--forward`, in the order of their acknowledgement. A
-- row is deleted once the receiver has accepted it. AUTOINCREMENT never uses an id twice, so that a late
-- outcome of a deleted row never affects a new one.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The kind and the address of the receiver it was made for.
    receiver TEXT NOT NULL,
    -- The path at the receiver.
    place TEXT NOT NULL,
    content_type TEXT NOT NULL,
    -- JSON: a list of pairs.
    headers TEXT NOT NULL,
    -- Spans and evaluations in it.
    items INTEGER NOT NULL,
    -- About what the row takes of the file.
    bytes INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    -- zstd of the body.
    packed BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_by_receiver ON outbox (receiver);
