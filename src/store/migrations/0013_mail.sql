-- Mails that wait to be sent, and what became of the last ones; bounded by the writer.

CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY,
    recipient   TEXT NOT NULL,
    subject     TEXT NOT NULL,
    sealed_body TEXT NOT NULL,                          -- emptied when it is sent or given up
    created_at  INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'given_up')),
    tries       INTEGER NOT NULL DEFAULT 0,
    next_try_at INTEGER NOT NULL,
    last_error  TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_due ON outbox (next_try_at) WHERE state = 'waiting';
CREATE INDEX outbox_recipient ON outbox (recipient, created_at);
