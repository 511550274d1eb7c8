-- What the kernel forwarded before pimaster set up routing for the nodes; the row is there until that is undone.

CREATE TABLE routing_before (
    id               INTEGER PRIMARY KEY CHECK (id = 1),
    boot             TEXT NOT NULL,             -- the kernel's boot_id
    nodes            TEXT NOT NULL,             -- interfaces
    uplink           TEXT NOT NULL,
    nodes_forward    INTEGER NOT NULL CHECK (nodes_forward IN (0, 1)),
    uplink_forward   INTEGER NOT NULL CHECK (uplink_forward IN (0, 1)),
    machine_forwards INTEGER NOT NULL CHECK (machine_forwards IN (0, 1))
) STRICT;
