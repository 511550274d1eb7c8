-- Nodes that administrators keep from being reserved, and why.

ALTER TABLE nodes ADD COLUMN quarantine TEXT;
ALTER TABLE nodes ADD COLUMN quarantined_at INTEGER;

-- Nodes that left the rack: their rows stay, for the history speaks of them.
ALTER TABLE nodes ADD COLUMN retired_at INTEGER;
