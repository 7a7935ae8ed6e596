-- After pg_restore and before the first start: nobody knows what was sent since the copy was made. Nothing goes out until
-- `wasl outbound resume`, and what had not been sent waits for a person (`wasl outbound list`, `release`).
-- A copy of an SQLite database (`wasl backup`) holds this already.
BEGIN;
INSERT INTO accounts (association, channel, paused, paused_why) VALUES ('*', '*', true, 'restored')
  ON CONFLICT (association, channel) DO UPDATE SET paused = true, paused_why = 'restored';
UPDATE accounts SET lease_by = '', lease_until = 0;
UPDATE messages SET state = 'uncertain', lease_by = NULL, lease_until = NULL WHERE state IN ('queued', 'sending');
COMMIT;
