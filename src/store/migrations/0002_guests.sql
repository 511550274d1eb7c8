-- What a node is there for. The simulated board of `pimaster doctor` is answered like a board of the rack, and is
-- never listed, reserved or given the installer's export.

ALTER TABLE nodes ADD COLUMN purpose TEXT NOT NULL DEFAULT 'rack' CHECK (purpose IN ('rack', 'doctor'));
