-- The first schema. Times are milliseconds since 1970 (UTC). Closed sets are checked here as well as in Rust.

CREATE TABLE switches (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    driver         TEXT NOT NULL,               -- JSON of model::rack::PowerDriver
    ports          INTEGER NOT NULL CHECK (ports BETWEEN 1 AND 512),
    protected_port INTEGER CHECK (protected_port BETWEEN 1 AND 512)
) STRICT;

CREATE TABLE ports (
    switch_id   INTEGER NOT NULL REFERENCES switches(id) ON DELETE CASCADE,
    port        INTEGER NOT NULL CHECK (port BETWEEN 1 AND 512),
    wanted      TEXT CHECK (wanted IN ('on', 'off')),       -- what was asked for last
    wanted_at   INTEGER,
    seen        TEXT CHECK (seen IN ('on', 'off')),         -- what the switch said last
    seen_at     INTEGER,
    PRIMARY KEY (switch_id, port)
) STRICT, WITHOUT ROWID;

CREATE TABLE nodes (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    mac         TEXT NOT NULL UNIQUE,
    address     TEXT NOT NULL UNIQUE,
    model       TEXT NOT NULL,
    revision    INTEGER,
    serial      INTEGER UNIQUE,
    switch_id   INTEGER REFERENCES switches(id),
    port        INTEGER,
    boot_target TEXT NOT NULL DEFAULT 'local' CHECK (boot_target IN ('installer', 'local', 'environment')),
    cmdline     TEXT,                           -- of the deployed environment, for boot target environment
    environment_id INTEGER REFERENCES environments(id) ON DELETE SET NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (switch_id, port),
    CHECK ((switch_id IS NULL) = (port IS NULL))
) STRICT;

CREATE TABLE environments (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    description  TEXT NOT NULL,
    family       TEXT NOT NULL CHECK (family IN ('raspberry_pi_os', 'ubuntu', 'pi_core', 'debian')),
    ssh_user     TEXT NOT NULL,
    layout       TEXT NOT NULL,                 -- JSON of model::image::Layout
    disk_bytes   INTEGER NOT NULL,
    used_bytes   INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    digest       TEXT NOT NULL,
    imported_at  INTEGER NOT NULL,
    removed_at   INTEGER                        -- removed ones stay: the history speaks of them
) STRICT;
CREATE UNIQUE INDEX environments_by_name ON environments(name) WHERE removed_at IS NULL;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    role          TEXT NOT NULL CHECK (role IN ('pending', 'user', 'admin')),
    password_hash TEXT,
    ssh_keys      TEXT NOT NULL DEFAULT '[]',   -- JSON array of key lines
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE links (                            -- one-time links: set or reset a password
    hash       BLOB PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    purpose    TEXT NOT NULL CHECK (purpose IN ('set_password', 'sign_in')),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    hash       BLOB PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    csrf       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY,
    hash       BLOB NOT NULL UNIQUE,
    user_id    INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
) STRICT;

CREATE TABLE reservations (
    id            INTEGER PRIMARY KEY,
    owner_id      INTEGER NOT NULL REFERENCES users(id),
    name          TEXT NOT NULL,
    start_at      INTEGER NOT NULL,
    end_at        INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('held', 'configured', 'active', 'ending', 'ended')),
    configuration TEXT,                         -- JSON of model::reservation::Configuration
    created_at    INTEGER NOT NULL,
    CHECK (end_at > start_at)
) STRICT;

CREATE INDEX reservations_unfinished ON reservations(start_at) WHERE state <> 'ended';

CREATE TABLE reservation_nodes (
    reservation_id INTEGER NOT NULL REFERENCES reservations(id) ON DELETE CASCADE,
    node_id        INTEGER NOT NULL REFERENCES nodes(id),
    PRIMARY KEY (reservation_id, node_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_nodes_by_node ON reservation_nodes(node_id);

CREATE TABLE deployments (
    id             INTEGER PRIMARY KEY,
    reservation_id INTEGER NOT NULL REFERENCES reservations(id),
    node_id        INTEGER NOT NULL REFERENCES nodes(id),
    environment_id INTEGER NOT NULL REFERENCES environments(id),
    state          TEXT NOT NULL,
    state_since    INTEGER NOT NULL,
    progress_at    INTEGER NOT NULL,
    progress       TEXT,                        -- JSON of model::deployment::Progress
    saved_state    TEXT,
    power_cycles   INTEGER NOT NULL DEFAULT 0,
    retries        INTEGER NOT NULL DEFAULT 0,
    request        TEXT CHECK (request IN ('hard_reboot', 'deploy_again', 'destroy')),
    problem        TEXT,                        -- JSON of model::problem::Problem
    image_token    BLOB,                        -- digest of the token that opens the image; none when closed
    boot_id        TEXT,                        -- of the installer's boot that was connected to last
    created_at     INTEGER NOT NULL,
    UNIQUE (reservation_id, node_id)
) STRICT;
CREATE INDEX deployments_unfinished ON deployments(id) WHERE state <> 'destroyed';
CREATE INDEX deployments_by_node ON deployments(node_id);
CREATE INDEX deployments_by_image_token ON deployments(image_token) WHERE image_token IS NOT NULL;

CREATE TABLE step_events (
    id            INTEGER PRIMARY KEY,
    deployment_id INTEGER NOT NULL REFERENCES deployments(id) ON DELETE CASCADE,
    at            INTEGER NOT NULL,
    state         TEXT NOT NULL,
    text          TEXT NOT NULL
) STRICT;
CREATE INDEX step_events_by_deployment ON step_events(deployment_id, id);

CREATE TABLE leases (
    mac        TEXT PRIMARY KEY,
    address    TEXT NOT NULL UNIQUE,            -- an address belongs to one board at a time
    node_id    INTEGER REFERENCES nodes(id) ON DELETE CASCADE,
    state      TEXT NOT NULL CHECK (state IN ('offered', 'bound', 'released', 'declined')),
    since      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sightings (                        -- machines that asked and are not nodes
    mac        TEXT PRIMARY KEY,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    requests   INTEGER NOT NULL,
    observation TEXT NOT NULL                   -- JSON: what the packet tells
) STRICT, WITHOUT ROWID;

CREATE TABLE boot_events (                      -- what nodes did on the wire; bounded by the writer
    id      INTEGER PRIMARY KEY,
    node_id INTEGER REFERENCES nodes(id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('dhcp', 'tftp', 'power', 'ssh')),
    text    TEXT NOT NULL,
    bytes   INTEGER,
    millis  INTEGER,
    outcome TEXT
) STRICT;
CREATE INDEX boot_events_by_node ON boot_events(node_id, id);
