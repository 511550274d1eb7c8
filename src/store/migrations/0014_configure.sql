-- Configuring: on which processors an environment boots, how long its deployments took, saved forms.

ALTER TABLE environments ADD COLUMN boots_on TEXT;   -- JSON array of model::chip::Chip; null: not known, fits all
CREATE INDEX deployments_by_environment ON deployments(environment_id, id);

CREATE TABLE templates (                             -- what a person saved of the configure form, to choose it again
    id         INTEGER PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    contents   TEXT NOT NULL,                        -- JSON of model::template::Contents
    created_at INTEGER NOT NULL,
    UNIQUE (user_id, name)
) STRICT;
