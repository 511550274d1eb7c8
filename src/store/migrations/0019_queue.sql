-- Wishes that wait for nodes, in the order of their ids, and what became of the last ones; bounded by the writer.

CREATE TABLE queue (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id        INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    count          INTEGER NOT NULL CHECK (count >= 1),
    model          TEXT,                        -- any if null
    hours          INTEGER NOT NULL CHECK (hours >= 1),
    state          TEXT NOT NULL CHECK (state IN ('waiting', 'served', 'left')),
    reservation_id INTEGER REFERENCES reservations(id) ON DELETE CASCADE,
    created_at     INTEGER NOT NULL,
    CHECK ((state = 'served') = (reservation_id IS NOT NULL))
) STRICT;
CREATE INDEX queue_waiting ON queue(id) WHERE state = 'waiting';
CREATE INDEX queue_by_user ON queue(user_id, id);
CREATE INDEX queue_by_reservation ON queue(reservation_id);
