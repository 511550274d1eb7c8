-- Whose a deployment is, so that a person's past ones are found from the newest on. A reservation never changes hands.

ALTER TABLE deployments ADD COLUMN owner_id INTEGER REFERENCES users(id);
UPDATE deployments SET owner_id = (SELECT owner_id FROM reservations r WHERE r.id = reservation_id);
CREATE INDEX deployments_by_owner ON deployments(owner_id);
