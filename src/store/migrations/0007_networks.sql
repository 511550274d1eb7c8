-- Devices, addresses that other servers gave, and what is noticed in the networks.

CREATE TABLE devices (                          -- machines with a fixed address that are no nodes
    name       TEXT PRIMARY KEY,
    mac        TEXT NOT NULL UNIQUE,
    address    TEXT NOT NULL UNIQUE,
    boot       TEXT,                            -- JSON of model::device::DeviceBoot
    created_at INTEGER NOT NULL,
    seen_at    INTEGER
) STRICT, WITHOUT ROWID;

-- A name, a hardware address and an address belong to one machine, be it a node or a device.
CREATE TRIGGER devices_are_no_nodes BEFORE INSERT ON devices
WHEN EXISTS (SELECT 1 FROM nodes WHERE name = new.name OR mac = new.mac OR address = new.address)
BEGIN SELECT raise(ABORT, 'a node has that name or address'); END;
CREATE TRIGGER nodes_are_no_devices BEFORE INSERT ON nodes
WHEN EXISTS (SELECT 1 FROM devices WHERE name = new.name OR mac = new.mac OR address = new.address)
BEGIN SELECT raise(ABORT, 'a device has that name or address'); END;
CREATE TRIGGER nodes_stay_no_devices BEFORE UPDATE OF name, mac, address ON nodes
WHEN EXISTS (SELECT 1 FROM devices WHERE name = new.name OR mac = new.mac OR address = new.address)
BEGIN SELECT raise(ABORT, 'a device has that name or address'); END;

CREATE TABLE addresses_in_use (                 -- what nodes got from another DHCP server
    node_id INTEGER PRIMARY KEY REFERENCES nodes(id) ON DELETE CASCADE,
    address TEXT NOT NULL UNIQUE,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE foreign_servers (                  -- DHCP servers that are not this pimaster
    address  TEXT PRIMARY KEY,
    mac      TEXT,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    offered  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE network_notices (                  -- what is wrong with the network; bounded by the writer
    kind     TEXT NOT NULL CHECK (kind IN ('duplicate_address', 'hold_off')),
    subject  TEXT NOT NULL,
    seen     TEXT NOT NULL,
    advice   TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    times    INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
