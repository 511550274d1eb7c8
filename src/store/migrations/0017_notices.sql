-- What a person wants to be told, and the digest of the secret address of their calendar feed.
ALTER TABLE users ADD COLUMN notifications TEXT NOT NULL DEFAULT '{}';   -- JSON of model::notification::Notifications
ALTER TABLE users ADD COLUMN feed_hash BLOB;
CREATE UNIQUE INDEX users_by_feed ON users(feed_hash) WHERE feed_hash IS NOT NULL;

-- What people were told of a reservation, once each.
CREATE TABLE notices (
    reservation_id INTEGER NOT NULL REFERENCES reservations(id) ON DELETE CASCADE,
    kind           TEXT NOT NULL CHECK (kind IN ('before_end', 'outcome', 'turn', 'given_back')),
    of_at          INTEGER NOT NULL,            -- the end that it spoke of; 0 for what is told once
    outbox_id      INTEGER,                     -- its mail, if one was written: rows of the outbox go
    told_at        INTEGER NOT NULL,
    PRIMARY KEY (reservation_id, kind, of_at)
) STRICT, WITHOUT ROWID;
-- What was deployed before this was kept is not told now.
INSERT INTO notices (reservation_id, kind, of_at, told_at)
    SELECT id, 'outcome', 0, created_at FROM reservations WHERE state IN ('active', 'ending', 'ended');

-- Mails that pimaster writes by itself are counted apart from those that anybody can ask for.
ALTER TABLE outbox ADD COLUMN own INTEGER NOT NULL DEFAULT 0 CHECK (own IN (0, 1));

-- How often a reservation's time changed, and when last: calendar programs want to know (RFC 5545, 3.8.7.4).
ALTER TABLE reservations ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reservations ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
UPDATE reservations SET changed_at = max(created_at, coalesce(ended_at, 0));
CREATE INDEX reservations_by_owner ON reservations(owner_id, end_at);
