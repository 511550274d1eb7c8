-- When a reservation was really over, for calendars that look back, and the way to what lies in a period.

ALTER TABLE reservations ADD COLUMN ended_at INTEGER;
UPDATE reservations SET ended_at = end_at WHERE state = 'ended';
CREATE INDEX reservations_by_end ON reservations(end_at);
