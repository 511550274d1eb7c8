-- Who was asked to be told, and is not yet, has told_at 0.
CREATE INDEX notices_asked ON notices(reservation_id) WHERE told_at = 0;

-- Groups of people, and what they may book.
CREATE TABLE user_groups (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
    limits     TEXT NOT NULL,                   -- JSON of model::group::Limits
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE group_members (
    group_id INTEGER NOT NULL REFERENCES user_groups(id) ON DELETE CASCADE,
    user_id  INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_by_user ON group_members(user_id);

-- Times in which nodes are kept for a group, or for nobody.
CREATE TABLE blocks (
    id         INTEGER PRIMARY KEY,
    start_at   INTEGER NOT NULL,
    end_at     INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    scope      TEXT NOT NULL,                   -- JSON of model::block::Scope
    group_id   INTEGER REFERENCES user_groups(id) ON DELETE SET NULL,
    created_at INTEGER NOT NULL,
    CHECK (end_at > start_at)
) STRICT;
CREATE INDEX blocks_by_end ON blocks(end_at);
