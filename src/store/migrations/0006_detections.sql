-- Finding the boards at the ports of a switch: one at a time for each switch.

CREATE TABLE detections (
    id         INTEGER PRIMARY KEY,
    switch_id  INTEGER NOT NULL REFERENCES switches(id) ON DELETE CASCADE,
    state      TEXT NOT NULL CHECK (state IN ('running', 'done', 'cancelled', 'failed')),
    step       TEXT NOT NULL,                   -- JSON of model::detection::Step
    step_since INTEGER NOT NULL,
    ports      TEXT NOT NULL,                   -- JSON of model::detection::DetectedPort
    cancel     INTEGER NOT NULL DEFAULT 0,      -- somebody asked for it to stop
    started_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX detections_running ON detections(switch_id) WHERE state = 'running';

CREATE TABLE detection_events (
    id           INTEGER PRIMARY KEY,
    detection_id INTEGER NOT NULL REFERENCES detections(id) ON DELETE CASCADE,
    at           INTEGER NOT NULL,
    text         TEXT NOT NULL
) STRICT;
CREATE INDEX detection_events_by_detection ON detection_events(detection_id, id);
