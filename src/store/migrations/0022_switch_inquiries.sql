-- Questions to switches: settings that are tried before they are saved, and ports that are read again.

CREATE TABLE inquiries (
    id          INTEGER PRIMARY KEY,
    switch_id   INTEGER REFERENCES switches(id) ON DELETE CASCADE,
    draft       TEXT,                           -- JSON of model::switch::SwitchSettings; its community is sealed
    asked_at    INTEGER NOT NULL,
    answered_at INTEGER,
    answer      TEXT,                           -- JSON of model::switch::SwitchAnswer
    CHECK (switch_id IS NOT NULL OR draft IS NOT NULL),
    CHECK ((answered_at IS NULL) = (answer IS NULL))
) STRICT;
CREATE INDEX inquiries_by_switch ON inquiries(switch_id, id);
CREATE INDEX inquiries_open ON inquiries(id) WHERE answered_at IS NULL;

-- What a port took when its switch was last asked, of switches that measure it.
ALTER TABLE ports ADD COLUMN milliwatts INTEGER;
ALTER TABLE ports ADD COLUMN measured_at INTEGER;
