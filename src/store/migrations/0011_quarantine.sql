-- Nodes that administrators keep from being reserved, and why.

ALTER TABLE nodes ADD COLUMN quarantine TEXT;
ALTER TABLE nodes ADD COLUMN quarantined_at INTEGER;

-- Nodes that left the rack: their rows stay, for the history speaks of them.
ALTER TABLE nodes ADD COLUMN retired_at INTEGER;

-- What an administrator asked of a port, until a worker has done it; and why it could not be done.
ALTER TABLE ports ADD COLUMN asked TEXT CHECK (asked IN ('on', 'off'));
ALTER TABLE ports ADD COLUMN problem TEXT;
CREATE INDEX ports_asked ON ports(switch_id) WHERE asked IS NOT NULL;
