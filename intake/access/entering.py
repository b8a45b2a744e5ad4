"""Letting a session in, in PostgreSQL: one call looks the token up, sets who acts, and says what they hold."""

from __future__ import annotations

from intake.access.policy import PASSKEY_ROLES
from intake.access.reach import DEFINER

DESCRIBE = f"""CREATE FUNCTION access.describe(who int) RETURNS TABLE (user_id int, display_name text, email text,
organisation_id int, language text, single_key_shortcuts boolean, grants jsonb) {DEFINER} AS $$
SELECT u.id, u.display_name, u.email, u.organisation_id, u.language, u.single_key_shortcuts,
coalesce((SELECT jsonb_agg(jsonb_build_object('compartment_id', g.compartment_id, 'matter_id', g.matter_id,
  'organisation_id', g.organisation_id, 'role', g.role, 'tier', g.tier, 'days_left', (g.expires_at::date - current_date))
  ORDER BY g.id) FROM access.live g WHERE g.user_id = u.id), '[]')
FROM app_user u WHERE u.id = who AND u.active $$"""
_PASSKEY = ", ".join(f"'{role}'" for role in sorted(PASSKEY_ROLES))
ENTER = f"""CREATE FUNCTION access.enter(token bytea, idle interval, absolute interval) RETURNS TABLE (user_id int,
display_name text, email text, organisation_id int, language text, single_key_shortcuts boolean, grants jsonb,
session_id uuid, method text, complete boolean, proved interval, quiet interval, open_for interval)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE who int; last timestamptz; here user_session; whole boolean;
BEGIN
  SELECT s.user_id, s.seen_at INTO who, last FROM user_session s JOIN app_user u ON u.id = s.user_id AND u.active
  WHERE s.token_hash = token AND s.ended_at IS NULL AND s.seen_at > now() - idle AND s.started_at > now() - absolute
    AND (s.method <> 'password' OR s.started_at > now() - interval '15 minutes');
  IF who IS NULL THEN RETURN; END IF;
  -- Written at most twice a minute: every request is activity, not every request is a write.
  IF last < now() - interval '30 seconds' THEN
    UPDATE user_session SET seen_at = clock_timestamp() WHERE token_hash = token;
  END IF;
  SELECT * INTO here FROM user_session WHERE token_hash = token;
  -- A password alone, or a code where the role asks for a passkey, is nobody yet: row security shows no row.
  whole := here.method IN ('passkey', 'demonstration') OR (here.method <> 'password' AND NOT EXISTS (
    SELECT 1 FROM access_grant g WHERE g.user_id = who AND g.role IN ({_PASSKEY}) AND NOT g.awaits_confirmation
    AND (g.expires_at IS NULL OR g.expires_at > now())));
  IF whole THEN PERFORM set_config('app.user_id', who::text, true); END IF;
  RETURN QUERY SELECT d.*, here.id, here.method, whole, now() - here.proved_at, now() - last, now() - here.started_at
    FROM access.describe(who) d;
END $$"""
