-- Nodes that administrators keep from being reserved, and why.

ALTER TABLE nodes ADD COLUMN quarantine TEXT;
ALTER TABLE nodes ADD COLUMN quarantined_at INTEGER;
