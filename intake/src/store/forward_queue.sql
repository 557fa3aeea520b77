-- What waits for the receiver of `--forward`, in the order in which it was acknowledged. A row is
-- gone once the receiver has it. No number is given twice, so that the end of an old try never meets
-- a new row.
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
