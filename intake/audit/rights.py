"""What the sequencer, the keeper and the program may do with the log; and what the program may ask of it, as SQL.

The program adds events through functions alone and reads heads, proofs and its own trail; payloads go out only by
audit.disclose(), to those who may read the records themselves.
"""

from __future__ import annotations

KEEPER, APP, SEQUENCER = "testigo_keeper", "testigo_app", "testigo_sequencer"


def create_roles() -> list[str]:
    """Return SQL that makes the sequencer's role where it is missing: it folds leaves and reads no payload."""
    return [
        f"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{SEQUENCER}') THEN "
        f"CREATE ROLE {SEQUENCER} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS; END IF; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    ]


def give_rights() -> list[str]:
    """Return SQL for functions and rights on the log's tables."""
    public = "audit.leaf, audit.tile, audit.checkpoint, audit.anchor, audit.post, audit.comparison"
    return [
        f"GRANT USAGE ON SCHEMA audit TO {SEQUENCER}",
        f"GRANT SELECT (id, at, leaf) ON audit.event TO {SEQUENCER}",
        f"GRANT SELECT, DELETE ON audit.pending TO {SEQUENCER}",
        f"GRANT SELECT, INSERT ON audit.leaf, audit.tile, audit.checkpoint, audit.anchor TO {SEQUENCER}",
        f"GRANT SELECT, INSERT, UPDATE ON audit.post TO {SEQUENCER}",
        f"GRANT SELECT ON {public}, audit.pending TO {KEEPER}",
        f"GRANT SELECT, INSERT ON audit.opening TO {KEEPER}",
        f"GRANT INSERT ON audit.comparison TO {KEEPER}",
        f"GRANT SELECT ON {public} TO {APP}",
        _STATE,
        _DISCLOSE,
        _RECORDS_OF,
        _NUMBERS,
        _ALARM,
        f"ALTER FUNCTION audit.alarm() OWNER TO {KEEPER}",
        f"ALTER FUNCTION audit.state() OWNER TO {KEEPER}",
        f"ALTER FUNCTION audit.records_of(bigint) OWNER TO {KEEPER}",
        f"ALTER FUNCTION audit.numbers(text[]) OWNER TO {KEEPER}",
        f"ALTER FUNCTION audit.disclose(bigint[]) OWNER TO {KEEPER}",
    ]


# Heads and times only: everybody signed in may know how the log stands.
_STATE = """CREATE FUNCTION audit.state() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = audit, pg_temp AS $$
SELECT jsonb_build_object(
  'size', coalesce((SELECT max(size) FROM checkpoint), 0),
  'root', (SELECT encode(root, 'hex') FROM checkpoint ORDER BY size DESC LIMIT 1),
  'at', (SELECT at FROM checkpoint ORDER BY size DESC LIMIT 1),
  'unsent_since', (SELECT c.at FROM checkpoint c WHERE c.size > coalesce((SELECT max(size) FROM anchor), 0)
    ORDER BY c.size LIMIT 1),
  'waiting_since', (SELECT e.at FROM event e WHERE e.id = (SELECT min(event_id) FROM pending)),
  'anchors', (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', a.kind, 'name', a.name, 'size', a.size, 'at', a.at)
    ORDER BY a.kind, a.name), '[]') FROM (SELECT p.kind, p.name, n.size, n.at FROM post p CROSS JOIN LATERAL
    (SELECT o.size, o.at FROM anchor o WHERE o.kind = p.kind AND o.name = p.name ORDER BY o.size DESC LIMIT 1) n) a),
  'failing', (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'name', name, 'since', failing_since,
    'trouble', trouble) ORDER BY kind, name), '[]') FROM post WHERE failing_since IS NOT NULL),
  'comparison', (SELECT jsonb_build_object('at', at, 'rows', rows, 'findings', findings) FROM comparison
    ORDER BY id DESC LIMIT 1)) $$"""
# A payload is a record's content: who may approve what leaves a compartment may see it, unless the record's tier or a
# wall hides it; who may audit gets the bare commitment, which proves that the event happened and says nothing of it.
# An update names only what changed, so whose row it was stands in the event that added the row.
_DISCLOSE = r"""CREATE FUNCTION audit.disclose(ids bigint[]) RETURNS TABLE (id bigint, seq bigint, commitment bytea,
payload text, salt bytea) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = audit, pg_temp AS $$
WITH asked AS (SELECT e.*, l.seq, e.compartment_id = ANY((SELECT access.approving())::int[]) AS read,
    e.payload::jsonb AS body FROM event e JOIN leaf l ON l.event_id = e.id
  WHERE e.id = ANY(ids) AND (e.compartment_id = ANY((SELECT access.audited())::int[])
    OR (e.compartment_id IS NULL AND e.actor_id = ANY((SELECT access.audited_users())::int[])))),
placed AS (SELECT a.*, added.body AS first FROM asked a LEFT JOIN LATERAL (SELECT f.payload::jsonb AS body FROM event f
  WHERE f.record_id = a.record_id AND f.subject = a.subject AND f.kind = 'insert' ORDER BY f.id LIMIT 1) added ON a.read),
named AS (SELECT p.*,
  coalesce(CASE WHEN p.subject = 'incident' THEN p.record_id END, p.body #>> '{new,incident_id}',
    p.body #>> '{old,incident_id}', p.first #>> '{new,incident_id}') AS incident,
  coalesce(CASE WHEN p.subject IN ('person', 'identity') THEN p.record_id END, p.body #>> '{new,person_id}',
    p.body #>> '{old,person_id}', p.first #>> '{new,person_id}') AS person FROM placed p),
shown AS (SELECT n.*, n.read
  AND NOT coalesce(n.incident IN (SELECT unnest(access.above())::text), false)
  AND NOT coalesce(n.person IN (SELECT unnest(access.above_people() || access.walled_people())::text), false) AS open
  FROM named n)
SELECT s.id, s.seq, sha256(s.salt || convert_to(s.payload, 'UTF8')), CASE WHEN s.open THEN s.payload END,
  CASE WHEN s.open THEN s.salt END FROM shown s ORDER BY s.seq $$"""
# An auditor reads no record, but must find one's events by its number: identifiers only.
_RECORDS_OF = """CREATE FUNCTION audit.records_of(wanted bigint) RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE incident_id uuid; tab regclass; found text[]; more text[];
BEGIN
  SELECT i.id INTO incident_id FROM incident i
    WHERE i.number = wanted AND i.compartment_id = ANY((SELECT access.audited())::int[]);
  IF incident_id IS NULL THEN RETURN '{}'; END IF;
  found := ARRAY[incident_id::text];
  FOR tab IN SELECT a.attrelid::regclass FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
    WHERE a.attname = 'incident_id' AND a.atttypid = 'uuid'::regtype
    AND EXISTS (SELECT 1 FROM pg_attribute k WHERE k.attrelid = a.attrelid AND k.attname = 'id') LOOP
    EXECUTE format('SELECT array_agg(id::text) FROM %s WHERE incident_id = $1', tab) INTO more USING incident_id;
    found := found || more;
  END LOOP;
  RETURN found;
END $$"""
_NUMBERS = """CREATE FUNCTION audit.numbers(ids text[]) RETURNS TABLE (record_id uuid, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT i.id, i.number FROM incident i WHERE i.id = ANY(ids::uuid[])
AND i.compartment_id = ANY((SELECT access.audited())::int[]) $$"""
# Told once: who has not put the last notice away gets no second one.
_ALARM = """CREATE FUNCTION audit.alarm() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO notice (user_id, compartment_id, code) SELECT DISTINCT ON (g.user_id) g.user_id, g.compartment_id,
    'log.alarm' FROM access.live g WHERE g.role IN ('RO.AUDITOR', 'RO.ADMIN') AND NOT EXISTS (SELECT 1 FROM notice n
    WHERE n.user_id = g.user_id AND n.code = 'log.alarm' AND n.seen_at IS NULL) ORDER BY g.user_id, g.compartment_id;
END $$"""
