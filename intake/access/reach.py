"""How far a user reaches, as SQL functions of schema access: arrays that row policies compare with, once a statement.

Access = active account, organisation in the matter, a grant (role, tier, expiry) that needs no confirmation any more,
tier at most the grant's, no ethical wall (security page section 5). A wall stands above everything else here: above
shares, one's own intakes, break-glass and approval.
"""

from __future__ import annotations

KEEPER = "testigo_keeper"
DEFINER = "LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp"
ATTORNEYS = "'RO.SUPATT', 'RO.COCOUNSEL'"
READERS = f"'RO.PARALEGAL', {ATTORNEYS}"

_ME = """CREATE FUNCTION access.me() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT NULLIF(current_setting('app.user_id', true), '')::int $$"""
# Every grant that counts now, whoever's: the one place that knows when a grant does.
_LIVE = """CREATE VIEW access.live AS
SELECT g.id, g.user_id, g.compartment_id, g.role, g.tier, g.expires_at, c.matter_id, c.organisation_id
FROM access_grant g JOIN app_user u ON u.id = g.user_id AND u.active
JOIN compartment c ON c.id = g.compartment_id AND (c.left_on IS NULL OR c.left_on > current_date)
WHERE NOT g.awaits_confirmation AND (g.expires_at IS NULL OR g.expires_at > now())
AND NOT EXISTS (SELECT 1 FROM ethical_wall w WHERE w.user_id = g.user_id AND w.compartment_id = g.compartment_id
  AND w.incident_id IS NULL AND w.ended_at IS NULL)"""
_ARRAYS = {
    "readable": READERS,
    "writable": "'RO.SUPATT'",
    "drafting": "'RO.PARALEGAL', 'RO.SUPATT'",
    "own": "'RO.INTAKE', 'RO.PARALEGAL', 'RO.SUPATT'",
    "identifying": "'RO.PARALEGAL', 'RO.SUPATT'",
    "audited": "'RO.AUDITOR', 'RO.SUPATT'",
    "counted": "'RO.ANALYST'",
    "approving": "'RO.SUPATT'",
    "managing": "'RO.ADMIN'",
}


def _granted(roles: str) -> str:
    """Compartment and highest tier of my live grants in these roles.

    Tier 2 is attorneys' eyes only: whatever a grant says, no other role reaches above 1.
    """
    return f"""SELECT g.compartment_id, max(CASE WHEN g.role IN ({ATTORNEYS}) THEN g.tier ELSE least(g.tier, 1) END) AS tier
FROM access.live g WHERE g.user_id = access.me() AND g.role IN ({roles}) GROUP BY 1"""


def _above(roles: str) -> str:
    # Few by nature: hence the partial index, and hence tiers 0 and 1 apart. Only a grant of tier 0 makes a long list.
    return f"""WITH h AS MATERIALIZED ({_granted(roles)})
SELECT ARRAY(SELECT i.id FROM h JOIN incident i ON i.compartment_id = h.compartment_id AND i.tier > 1 AND i.tier > h.tier)
|| CASE WHEN EXISTS (SELECT 1 FROM h WHERE h.tier < 1)
  THEN ARRAY(SELECT i.id FROM h JOIN incident i ON i.compartment_id = h.compartment_id AND i.tier = 1 WHERE h.tier < 1)
  ELSE '{{}}'::uuid[] END || ARRAY({_WALLED})"""


def _unwalled(compartment: str, incident: str) -> str:
    return f"""NOT EXISTS (SELECT 1 FROM ethical_wall w WHERE w.user_id = access.me() AND w.ended_at IS NULL
  AND (w.incident_id = {incident} OR (w.incident_id IS NULL AND w.compartment_id = {compartment})))"""


_WALLED = """SELECT w.incident_id FROM ethical_wall w
WHERE w.user_id = access.me() AND w.incident_id IS NOT NULL AND w.ended_at IS NULL"""
# What other organisations show to one of my compartments, as far as my grant there reaches. Both must be in the
# matter still: leaving the coalition ends shares in both directions.
_SHARED = f"""WITH h AS MATERIALIZED ({_granted(READERS)})
SELECT DISTINCT s.incident_id FROM h JOIN share s ON s.to_compartment_id = h.compartment_id AND s.revoked_at IS NULL
JOIN incident i ON i.id = s.incident_id AND i.tier <= h.tier
JOIN compartment c ON c.id = s.compartment_id AND (c.left_on IS NULL OR c.left_on > current_date)
WHERE s.compartment_id NOT IN (SELECT h.compartment_id FROM h) AND {_unwalled("s.compartment_id", "s.incident_id")}"""
# Records that two people opened to me for an hour. A court's seal is not theirs to break.
_BROKEN = f"""SELECT b.incident_id FROM break_glass b JOIN incident i ON i.id = b.incident_id AND i.tier < 3
JOIN compartment c ON c.id = b.compartment_id AND (c.left_on IS NULL OR c.left_on > current_date)
WHERE b.asked_by_id = access.me() AND b.allowed_at IS NOT NULL AND b.ended_at IS NULL AND b.ends_at > clock_timestamp()
AND EXISTS (SELECT 1 FROM access.live g WHERE g.user_id = b.asked_by_id AND g.matter_id = c.matter_id)
AND {_unwalled("b.compartment_id", "b.incident_id")}"""
# Who opened an intake keeps seeing it, whatever its tier, until a declaration on it is locked or a court seals it.
_CLOSED = f"""SELECT d.incident_id FROM declaration d WHERE d.opened_by_id = access.me() AND d.locked_at IS NOT NULL
UNION SELECT i.id FROM incident i WHERE i.opened_by_id = access.me() AND i.tier > 2 UNION {_WALLED}"""
_SETS = {
    "walled": f"SELECT ARRAY({_WALLED})",
    "above": _above(READERS),
    # What an analyst's grant does not reach is not counted either.
    "uncounted": _above("'RO.ANALYST'"),
    "closed": f"SELECT ARRAY({_CLOSED})",
    # Intakes of mine on which others wrote work product: I find them by a layer of the search index of their own.
    "noted": "SELECT ARRAY(SELECT s.incident_id FROM search_entry s WHERE s.layer = 'opened' AND s.opened_by_id = access.me())",
    "shared": f"SELECT ARRAY({_SHARED})",
    "broken": f"SELECT ARRAY({_BROKEN})",
    "shown": f"SELECT ARRAY({_SHARED}) || ARRAY({_BROKEN})",
    "shared_people": "SELECT ARRAY(SELECT DISTINCT a.person_id FROM account a WHERE a.incident_id = ANY(access.shared()))",
    "broken_people": "SELECT ARRAY(SELECT DISTINCT a.person_id FROM account a WHERE a.incident_id = ANY(access.broken()))",
    # People whom I know from incidents out of my reach only.
    **{
        f"{hidden}_people": f"""WITH hidden AS MATERIALIZED (SELECT unnest(access.{hidden}()) AS id)
SELECT ARRAY(SELECT DISTINCT a.person_id FROM account a WHERE a.incident_id IN (SELECT id FROM hidden)
  AND NOT EXISTS (SELECT 1 FROM account o WHERE o.person_id = a.person_id AND o.incident_id NOT IN (SELECT id FROM hidden)))"""
        for hidden in ("above", "closed")
    },
    # A wall round one record also hides the names of everybody in it, wherever else they appear.
    "walled_people": "SELECT ARRAY(SELECT DISTINCT a.person_id FROM account a WHERE a.incident_id = ANY(access.walled()))",
}
_GRANTED = f"""CREATE FUNCTION access.granted(roles text[]) RETURNS TABLE (compartment_id int, tier int) {DEFINER} AS
$$ {_granted("SELECT unnest(roles)")} $$"""
# Who a job of nobody may act for on one incident: its opener or, when they no longer reach it, a supervising attorney.
_MINDER = f"""CREATE FUNCTION access.minder(of_incident uuid) RETURNS int {DEFINER} AS $$
SELECT g.user_id FROM incident i JOIN access.live g ON g.compartment_id = i.compartment_id
WHERE i.id = of_incident AND ((g.role = 'RO.SUPATT' AND g.tier >= i.tier)
  OR (g.user_id = i.opened_by_id AND g.role IN ('RO.INTAKE', 'RO.PARALEGAL') AND i.tier < 3
    AND NOT EXISTS (SELECT 1 FROM declaration d WHERE d.incident_id = i.id AND d.locked_at IS NOT NULL)))
AND NOT EXISTS (SELECT 1 FROM ethical_wall w WHERE w.user_id = g.user_id AND w.incident_id = i.id AND w.ended_at IS NULL)
ORDER BY g.user_id = i.opened_by_id DESC, g.id LIMIT 1 $$"""
_SUPERVISED = f"""CREATE FUNCTION access.supervised() RETURNS int[] {DEFINER} AS $$
SELECT coalesce(array_agg(DISTINCT g.user_id), '{{}}') FROM access_grant g WHERE g.compartment_id = ANY(access.approving()) $$"""
_AUDITED = f"""CREATE FUNCTION access.audited_users() RETURNS int[] {DEFINER} AS $$
SELECT coalesce(array_agg(DISTINCT g.user_id), '{{}}') FROM access_grant g WHERE g.compartment_id = ANY(access.audited()) $$"""


def create_functions() -> list[str]:
    """Return SQL for the view of live grants and the arrays, owned by the role that sees every row."""
    arrays = {
        name: f"SELECT ARRAY(SELECT DISTINCT g.compartment_id FROM access.live g WHERE g.user_id = access.me()"
        f" AND g.role IN ({roles}))"
        for name, roles in _ARRAYS.items()
    }
    made = [(name, "int[]", body) for name, body in arrays.items()]
    made += [(name, "uuid[]", body) for name, body in _SETS.items()]
    names = [f"{name}()" for name in (*_ARRAYS, *_SETS, "supervised", "audited_users")]
    names += ["granted(text[])", "minder(uuid)"]
    return [
        f"GRANT CREATE, USAGE ON SCHEMA access TO {KEEPER}",
        _ME,
        _LIVE,
        # Bound when it is made, a body needs no search path of its own: that would cost more than most of them do.
        *(
            f"CREATE FUNCTION access.{name}() RETURNS {kind} LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER"
            f" BEGIN ATOMIC {body}; END"
            for name, kind, body in made
        ),
        _GRANTED,
        _SUPERVISED,
        _AUDITED,
        _MINDER,
        f"ALTER VIEW access.live OWNER TO {KEEPER}",
        *(f"ALTER FUNCTION access.{name} OWNER TO {KEEPER}" for name in names),
    ]
