"""Schema `deidentified` as SQL: views in which a record has a pseudonym, a month, a county and codes, and no text.

The views belong to the keeper, who sees every row, and show each reader only their own open projects over the
compartments in which they are analysts now (walls, expiry and departures included: access.counted()). Records above
protective-order tier 1 are in no view.
"""

from __future__ import annotations

KEEPER, APP = "testigo_keeper", "testigo_app"
VIEWS = ("incident", "person", "observation", "claim")

# A kind of its own for incidents and people, so that the two never share a pseudonym.
_PSEUDONYM = """CREATE FUNCTION deidentified.pseudonym(salt bytea, kind text, id uuid) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT kind || '-' || encode(substr(sha256(salt || convert_to(kind, 'UTF8') || uuid_send(id)), 1, 6), 'hex') $$"""
_ON_OPENING = """CREATE FUNCTION deidentified.new_secret() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  -- Two random UUIDs hold 244 random bits.
  INSERT INTO deidentified.secret (project_id, salt)
  VALUES (NEW.id, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
  RETURN NULL;
END $$"""
_OPENING = """CREATE TRIGGER project_secret AFTER INSERT ON analysis_project FOR EACH ROW
EXECUTE FUNCTION deidentified.new_secret()"""
_OF_PROJECT = """FROM analysis_project p JOIN deidentified.secret s ON s.project_id = p.id
JOIN compartment c ON c.matter_id = p.matter_id AND c.id = ANY((SELECT access.counted())::int[])
JOIN incident i ON i.compartment_id = c.id AND i.tier < 2 AND i.id <> ALL((SELECT access.uncounted())::uuid[])"""
_MINE = "WHERE p.user_id = (SELECT access.me()) AND p.closed_at IS NULL"
_INCIDENT = "deidentified.pseudonym(s.salt, 'I', i.id) AS incident"
_PERSON = "deidentified.pseudonym(s.salt, 'P', a.person_id) AS person"
_BODIES = {
    # A month only where the whole interval lies in it; never a day.
    "incident": f"""SELECT p.id AS project_id, {_INCIDENT},
  CASE WHEN date_trunc('month', i.earliest) = date_trunc('month', i.latest) THEN to_char(i.earliest, 'YYYY-MM') ELSE '' END AS month,
  i.county, i.location_type AS site, coalesce(r.claims, false) AS claims_counted
  {_OF_PROJECT} LEFT JOIN analysis_rule r ON r.compartment_id = c.id {_MINE}""",
    "person": f"""SELECT p.id AS project_id, {_INCIDENT}, {_PERSON}, q.age_band
  {_OF_PROJECT} JOIN account a ON a.incident_id = i.id JOIN person q ON q.id = a.person_id {_MINE}""",
    "observation": f"""SELECT p.id AS project_id, {_INCIDENT}, {_PERSON}, o.term_set, o.code
  {_OF_PROJECT} JOIN observation o ON o.incident_id = i.id JOIN account a ON a.id = o.account_id {_MINE}""",
    "claim": f"""SELECT DISTINCT p.id AS project_id, {_INCIDENT}, t.code
  {_OF_PROJECT} JOIN claim_tag t ON t.incident_id = i.id AND t.status = 'confirmed'
  JOIN analysis_rule r ON r.compartment_id = c.id AND r.claims {_MINE}""",
}


def create_views() -> list[str]:
    """Return SQL for the pseudonyms and the views; the program may read the views and never the secrets."""
    made = [
        f"GRANT USAGE, CREATE ON SCHEMA deidentified TO {KEEPER}",
        f"GRANT USAGE ON SCHEMA deidentified TO {APP}",
        f"GRANT SELECT, INSERT ON deidentified.secret TO {KEEPER}",
        _PSEUDONYM,
        _ON_OPENING,
        f"ALTER FUNCTION deidentified.new_secret() OWNER TO {KEEPER}",
        f"ALTER FUNCTION deidentified.pseudonym(bytea, text, uuid) OWNER TO {KEEPER}",
        _OPENING,
    ]
    for name in VIEWS:
        made += [
            f"CREATE VIEW deidentified.{name} WITH (security_barrier) AS {_BODIES[name]}",
            f"ALTER VIEW deidentified.{name} OWNER TO {KEEPER}",
            f"GRANT SELECT ON deidentified.{name} TO {APP}",
        ]
    return made
