-- The first answers to requests that carry an Idempotency-Key, for a day.

CREATE TABLE first_answers (
    id             INTEGER PRIMARY KEY,
    user_id        INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    key            TEXT NOT NULL,
    request        BLOB NOT NULL CHECK (length(request) = 32),   -- BLAKE3 of what was asked
    reservation_id INTEGER REFERENCES reservations(id) ON DELETE CASCADE,
    status         INTEGER CHECK (status BETWEEN 100 AND 599),   -- null until the answer was rendered
    body           TEXT,
    created_at     INTEGER NOT NULL,
    CHECK ((status IS NULL) = (body IS NULL)),
    UNIQUE (user_id, key)
) STRICT;
CREATE INDEX first_answers_by_time ON first_answers(created_at);
CREATE INDEX first_answers_by_reservation ON first_answers(reservation_id);
