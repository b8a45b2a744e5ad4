"""What the scan's job may learn past row security: which items wait, and who may finish each. No content."""

from __future__ import annotations

from intake.access.rows import KEEPER

_DEFINER = "LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp"
# Items that a scanner could not look at when they came; the actor is chosen as for left-over uploads.
_UNSCANNED = f"""CREATE FUNCTION access.unscanned(most int) RETURNS TABLE (item_id uuid, actor_id int) {_DEFINER} AS $$
SELECT e.id, a.actor_id FROM evidence_item e CROSS JOIN LATERAL (SELECT access.minder(e.incident_id) AS actor_id) a
WHERE e.scan IN ('waiting', 'held') AND e.state = 'sealed' AND a.actor_id IS NOT NULL
AND coalesce(e.scanned_at, '-infinity') < clock_timestamp() - interval '10 minutes'
ORDER BY e.scanned_at NULLS FIRST, e.id LIMIT most $$"""

# Items that may be opened and that nobody looked into: who asked lost the record before the job ran. For two days;
# what is of no known kind stays so.
_UNDERIVED = f"""CREATE FUNCTION access.underived(most int) RETURNS TABLE (item_id uuid, actor_id int) {_DEFINER} AS $$
SELECT e.id, a.actor_id FROM evidence_item e CROSS JOIN LATERAL (SELECT access.minder(e.incident_id) AS actor_id) a
WHERE e.scan IN ('clean', 'released', 'made_here') AND e.state = 'sealed' AND a.actor_id IS NOT NULL
AND e.content_type = '' AND e.sealed_at BETWEEN clock_timestamp() - interval '2 days' AND clock_timestamp() - interval '20 minutes'
AND NOT EXISTS (SELECT 1 FROM derivative d WHERE d.item_id = e.id) ORDER BY e.id LIMIT most $$"""


def create_functions() -> list[str]:
    """Return SQL that makes the functions, owned by the role that sees every row."""
    owned = [f"ALTER FUNCTION access.{name}(int) OWNER TO {KEEPER}" for name in ("unscanned", "underived")]
    return [_UNSCANNED, _UNDERIVED, *owned]
