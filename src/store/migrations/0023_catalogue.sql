-- Whose environments are and who may use them, and imports that go on while no page is open.

ALTER TABLE environments ADD COLUMN owner_id INTEGER REFERENCES users(id);          -- null: the site's
ALTER TABLE environments ADD COLUMN sharing TEXT NOT NULL DEFAULT 'shared'
    CHECK (sharing IN ('private', 'asked', 'shared', 'default'));
ALTER TABLE environments ADD COLUMN refusal TEXT NOT NULL DEFAULT '';               -- why it was not shared
ALTER TABLE environments ADD COLUMN imported_by TEXT NOT NULL DEFAULT '';           -- e-mail address; empty: the command line

CREATE TABLE imports (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    description    TEXT NOT NULL,
    ssh_user       TEXT,
    owner_id       INTEGER REFERENCES users(id),        -- of the environment; null: the site
    user_id        INTEGER NOT NULL REFERENCES users(id),
    source         TEXT NOT NULL CHECK (source IN ('upload', 'folder')),
    file           TEXT NOT NULL,                       -- its name, for people; in the folder for uploads: the row's number
    state          TEXT NOT NULL
        CHECK (state IN ('receiving', 'waiting', 'unpacking', 'storing', 'done', 'failed', 'cancelled')),
    done_bytes     INTEGER NOT NULL DEFAULT 0,
    total_bytes    INTEGER NOT NULL DEFAULT 0,
    problem        TEXT NOT NULL DEFAULT '',
    environment_id INTEGER REFERENCES environments(id),
    cancel         INTEGER NOT NULL DEFAULT 0,          -- somebody asked for it to stop
    started_at     INTEGER NOT NULL,
    ended_at       INTEGER
) STRICT;
CREATE INDEX imports_open ON imports(id) WHERE ended_at IS NULL;
