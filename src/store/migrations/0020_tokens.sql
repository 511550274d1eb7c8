-- API tokens have a scope, and their owner sees when they were last used. Those that were there may do what they could.

ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read reserve account admin';
ALTER TABLE tokens ADD COLUMN last_used_at INTEGER;
ALTER TABLE tokens ADD COLUMN last_used_from TEXT NOT NULL DEFAULT '';
