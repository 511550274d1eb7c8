-- Where an unknown machine was found, and the addresses that a switch's ports give to their nodes.

ALTER TABLE switches ADD COLUMN first_address TEXT;     -- of the node at port 1; the others follow

ALTER TABLE sightings ADD COLUMN switch_id INTEGER REFERENCES switches(id) ON DELETE SET NULL;
ALTER TABLE sightings ADD COLUMN port INTEGER;
