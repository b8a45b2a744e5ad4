"""What the scan's job may learn past row security: which items wait, and who may finish each. No content."""

from __future__ import annotations

from intake.access.rows import KEEPER

_DEFINER = "LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp"
# Items that a scanner could not look at when they came; the actor is chosen as for left-over uploads.
_UNSCANNED = f"""CREATE FUNCTION access.unscanned(most int) RETURNS TABLE (item_id uuid, actor_id int) {_DEFINER} AS $$
SELECT e.id, a.user_id FROM evidence_item e CROSS JOIN LATERAL (
  SELECT g.user_id FROM access_grant g JOIN app_user u ON u.id = g.user_id AND u.active
  WHERE g.compartment_id = e.compartment_id AND (g.expires_at IS NULL OR g.expires_at > now())
  AND (g.role = 'RO.SUPATT' OR (g.user_id = e.opened_by_id AND g.role IN ('RO.INTAKE', 'RO.PARALEGAL')))
  AND NOT EXISTS (SELECT 1 FROM ethical_wall w WHERE w.user_id = g.user_id AND w.compartment_id = g.compartment_id)
  ORDER BY g.user_id = e.opened_by_id DESC, g.id LIMIT 1) a
WHERE e.scan IN ('waiting', 'held') AND e.state = 'sealed'
AND coalesce(e.scanned_at, '-infinity') < clock_timestamp() - interval '10 minutes'
ORDER BY e.scanned_at NULLS FIRST, e.id LIMIT most $$"""


def create_functions() -> list[str]:
    """Return SQL that makes the function, owned by the role that sees every row."""
    return [_UNSCANNED, f"ALTER FUNCTION access.unscanned(int) OWNER TO {KEEPER}"]
