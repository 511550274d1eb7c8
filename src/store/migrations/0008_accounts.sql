-- People sign up by themselves, accounts end, and what was done is kept.

ALTER TABLE users ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN confirmed_at INTEGER;      -- when the e-mail address was shown to be theirs
ALTER TABLE users ADD COLUMN seen_at INTEGER;           -- the last sign-in
ALTER TABLE users ADD COLUMN removed_at INTEGER;        -- removed ones stay: the history speaks of them

ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';   -- from where it was begun
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';   -- what its browser calls itself

CREATE TABLE links_next (                               -- a further purpose
    hash       BLOB PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    purpose    TEXT NOT NULL CHECK (purpose IN ('set_password', 'sign_in', 'confirm_email')),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO links_next SELECT hash, user_id, purpose, expires_at FROM links;
DROP TABLE links;
ALTER TABLE links_next RENAME TO links;

CREATE TABLE site_settings (                            -- what administrators set on pages
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL                                 -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (                                    -- who did what; bounded by the writer
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    who     TEXT NOT NULL,                              -- e-mail address; empty for nobody who signed in
    address TEXT NOT NULL,                              -- from where; empty if it was not the network
    action  TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;
