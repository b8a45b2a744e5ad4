"""What the reconciler and quotas may learn past row security, as SQL of schema access: identifiers and sizes only."""

# ruff: noqa: S608  (no value of anybody is in these strings)
from __future__ import annotations

KEEPER = "testigo_keeper"
_DEFINER = "LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp"

# The reconciler acts for nobody: it learns which uploads were left, how long ago, and who may finish each. That is
# the one who opened the intake or, when they have left, a supervising attorney of the same compartment.
_LEFTOVERS = f"""CREATE FUNCTION access.leftovers(quiet interval)
RETURNS TABLE (item_id uuid, actor_id int, idle interval) {_DEFINER} AS $$
SELECT e.id, access.minder(e.incident_id), clock_timestamp() - a.active_at
FROM evidence_item e CROSS JOIN LATERAL (SELECT greatest(e.created_at, max(p.signed_at)) AS active_at
  FROM upload_part p WHERE p.item_id = e.id) a
WHERE e.state = 'receiving' AND a.active_at <= clock_timestamp() - quiet
AND (e.version_id IS NOT NULL
  OR NOT EXISTS (SELECT 1 FROM upload_lease l WHERE l.item_id = e.id AND l.until > clock_timestamp()))
ORDER BY e.id $$"""
# Random keys and versions only, in the store's own order, to lay beside its listing.
_EVIDENCE_OBJECTS = f"""CREATE FUNCTION access.evidence_objects(after text, most int)
RETURNS TABLE (object_key text, version_id text, rejected text[], state text) {_DEFINER} AS $$
SELECT e.object_key, e.version_id,
  array(SELECT r.version_id FROM rejected_version r WHERE r.item_id = e.id), e.state
FROM evidence_item e WHERE e.object_key COLLATE "C" > after
ORDER BY e.object_key COLLATE "C" LIMIT most $$"""
# Of the store's unfinished uploads, those that a row still waits for.
_AWAITED = f"""CREATE FUNCTION access.awaited(uploads text[]) RETURNS TABLE (upload_id text) {_DEFINER} AS $$
SELECT e.upload_id FROM evidence_item e
WHERE e.upload_id = ANY(uploads) AND e.state = 'receiving' AND e.version_id IS NULL $$"""
# Bytes held by the one who acts, and by the organisation of a compartment; what failed takes no part.
_HELD = f"""CREATE FUNCTION access.held_bytes(of_compartment int)
RETURNS TABLE (mine bigint, organisation bigint) {_DEFINER} AS $$
SELECT coalesce(sum(e.size) FILTER (WHERE e.added_by_id = access.me()), 0)::bigint, coalesce(sum(e.size), 0)::bigint
FROM evidence_item e WHERE e.state <> 'failed' AND e.compartment_id IN (SELECT c.id FROM compartment c
  WHERE c.organisation_id = (SELECT o.organisation_id FROM compartment o WHERE o.id = of_compartment)) $$"""
_NAMES = ("leftovers(interval)", "evidence_objects(text, int)", "awaited(text[])", "held_bytes(int)")


def create_functions() -> list[str]:
    """Return SQL that makes the functions, owned by the role that sees every row."""
    owned = [f"ALTER FUNCTION access.{name} OWNER TO {KEEPER}" for name in _NAMES]
    return [_LEFTOVERS, _EVIDENCE_OBJECTS, _AWAITED, _HELD, *owned]
