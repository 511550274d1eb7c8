-- Boot events carry all they know as JSON (model::boot_event). The older rows were one line of text each, which
-- explains no boot: they go.
DROP TABLE boot_events;
CREATE TABLE boot_events (                      -- what nodes did on their way up; bounded by the writer
    id      INTEGER PRIMARY KEY,
    node_id INTEGER NOT NULL REFERENCES nodes(id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('power', 'dhcp', 'file', 'nfs', 'ssh', 'console')),
    detail  TEXT NOT NULL                       -- JSON
) STRICT;
CREATE INDEX boot_events_by_node ON boot_events(node_id, id);
CREATE INDEX boot_events_of_mounts ON boot_events(id) WHERE kind = 'nfs';
