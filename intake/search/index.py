"""The search index as SQL: folding, stemming in both languages, and the triggers that keep it true.

Accents are folded on both sides; each text is stemmed as English and as Spanish, so either language's query finds it.
"""

from __future__ import annotations

KEEPER, APP = "testigo_keeper", "testigo_app"

_FOLD = r"""CREATE FUNCTION search.fold(body text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT lower(regexp_replace(normalize(body, NFD), '[\u0300-\u036f]', '', 'g')) $$"""
# Every word is indexed, also those that languages treat as empty: in "no warrant" the small word decides.
_DICTIONARIES = tuple(
    statement
    for language in ("english", "spanish")
    for statement in (
        f"CREATE TEXT SEARCH DICTIONARY search.{language}_stems (TEMPLATE = pg_catalog.snowball, Language = {language})",
        f"CREATE TEXT SEARCH CONFIGURATION search.{language} (COPY = pg_catalog.{language})",
        f"ALTER TEXT SEARCH CONFIGURATION search.{language} ALTER MAPPING FOR asciihword, asciiword, hword, hword_asciipart,"
        f" hword_part, word WITH search.{language}_stems",
    )
)
_LEXEMES = """CREATE FUNCTION search.lexemes(body text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT to_tsvector('search.english', f) || to_tsvector('search.spanish', f) FROM search.fold(body) f $$"""
# The planner takes a match for as cheap as a comparison, though it unpacks a whole account: then it reads every row
# where the index would have answered (70 ms for 4, and 1,400 ms for 4 where nothing matches). Needs a superuser.
_COST = """DO $$ BEGIN ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) COST 200;
EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE 'searches are planned badly: no superuser'; END $$"""
# Without quotes empty words ask for nothing; with quotes every word counts, in its place.
_EITHER = """CREATE FUNCTION search.either(one tsquery, other tsquery) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN one = other THEN one ELSE one || other END $$"""
_ASKED = """CREATE FUNCTION search.asked(query text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN query LIKE '%"%'
  THEN search.either(websearch_to_tsquery('search.english', f), websearch_to_tsquery('search.spanish', f))
  ELSE search.either(websearch_to_tsquery('pg_catalog.english', f), websearch_to_tsquery('pg_catalog.spanish', f)) END
FROM search.fold(query) f $$"""

# Layers: own holds everything; shared no work product; opened, where others of the organisation wrote some, that of
# whoever opened the intake alone. Notes and claims are never deleted, so a layer that was needed stays kept.
# A place stands in addresses (filters): only the name that the gazetteer knows, never what else was typed.
# Lock first: of two writers on one incident the second waits here, and then reads what the first committed.
_REFRESH = """CREATE FUNCTION search.refresh(ids uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM search_entry WHERE incident_id = ANY(ids) ORDER BY incident_id, layer FOR UPDATE;
  INSERT INTO search_entry (incident_id, layer, compartment_id, opened_by_id, number, earliest, latest, agencies, claims,
    observed, place, location_type, stage, state, latitude, longitude, words)
  SELECT i.id, l.layer, i.compartment_id, i.opened_by_id, i.number, i.earliest, i.latest,
    coalesce(o.agencies, '{}'), coalesce(CASE l.layer WHEN 'own' THEN c.claims WHEN 'opened' THEN c.claims_own END, '{}'), coalesce(o.observed, '{}'),
    CASE WHEN i.location_precision = 'LP.UNK' THEN '' ELSE coalesce(nullif(btrim(split_part(i.place, ',', 1)), ''), i.city) END,
    i.location_type, i.stage, coalesce(d.state, 'DS.INTAKE'), i.latitude, i.longitude,
    search.lexemes(concat_ws(E'\\n', i.title, i.site_name, i.place, i.city, a.told, p.stated,
      CASE l.layer WHEN 'own' THEN n.noted WHEN 'opened' THEN n.noted_own END))
  FROM incident i
  CROSS JOIN LATERAL (SELECT 'own' AS layer UNION ALL
    SELECT 'shared' WHERE EXISTS (SELECT 1 FROM share s WHERE s.incident_id = i.id AND s.revoked_at IS NULL) UNION ALL
    SELECT 'opened' WHERE EXISTS (SELECT 1 FROM note t WHERE t.incident_id = i.id AND t.author_id <> i.opened_by_id)
      OR EXISTS (SELECT 1 FROM claim_tag t WHERE t.incident_id = i.id AND t.suggested_by_id <> i.opened_by_id)) l
  LEFT JOIN LATERAL (SELECT array_agg(DISTINCT x.code) FILTER (WHERE x.term_set = 'agency') AS agencies,
    array_agg(DISTINCT x.code) AS observed FROM observation x WHERE x.incident_id = i.id) o ON true
  LEFT JOIN LATERAL (SELECT array_agg(DISTINCT t.code) AS claims,
    array_agg(DISTINCT t.code) FILTER (WHERE t.suggested_by_id = i.opened_by_id) AS claims_own FROM claim_tag t
    WHERE t.incident_id = i.id AND t.status <> 'rejected') c ON true
  LEFT JOIN LATERAL (SELECT string_agg(t.narrative, E'\\n') AS told FROM account t WHERE t.incident_id = i.id) a ON true
  LEFT JOIN LATERAL (SELECT string_agg(concat_ws(E'\\n', t.text, t.original), E'\\n') AS stated FROM paragraph t
    WHERE t.incident_id = i.id) p ON true
  LEFT JOIN LATERAL (SELECT string_agg(t.text, E'\\n') AS noted,
    string_agg(t.text, E'\\n') FILTER (WHERE t.author_id = i.opened_by_id) AS noted_own
    FROM note t WHERE t.incident_id = i.id) n ON true
  LEFT JOIN LATERAL (SELECT t.state FROM declaration t WHERE t.incident_id = i.id
    ORDER BY t.state_changed_at DESC LIMIT 1) d ON true
  WHERE i.id = ANY(ids)
  ON CONFLICT (incident_id, layer) DO UPDATE SET compartment_id = excluded.compartment_id, opened_by_id = excluded.opened_by_id,
    earliest = excluded.earliest, latest = excluded.latest, agencies = excluded.agencies, claims = excluded.claims,
    observed = excluded.observed, place = excluded.place, location_type = excluded.location_type, stage = excluded.stage,
    state = excluded.state, latitude = excluded.latitude, longitude = excluded.longitude, words = excluded.words;
END $$"""
# After an upgrade an older database lacks rows of a layer that came since; until then its readers would see too much.
_COMPLETE = """CREATE FUNCTION search.complete() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids uuid[];
BEGIN
  SELECT array_agg(i.id) INTO ids FROM incident i WHERE (
    EXISTS (SELECT 1 FROM note t WHERE t.incident_id = i.id AND t.author_id <> i.opened_by_id)
    OR EXISTS (SELECT 1 FROM claim_tag t WHERE t.incident_id = i.id AND t.suggested_by_id <> i.opened_by_id))
  AND NOT EXISTS (SELECT 1 FROM search_entry s WHERE s.incident_id = i.id AND s.layer = 'opened');
  IF ids IS NOT NULL THEN PERFORM search.refresh(ids); END IF;
END $$"""
_REINDEX = """CREATE FUNCTION search.reindex() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids uuid[];
BEGIN
  EXECUTE format('SELECT array_agg(DISTINCT %I) FROM touched', TG_ARGV[0]) INTO ids;
  IF ids IS NOT NULL THEN PERFORM search.refresh(ids); END IF;
  RETURN NULL;
END $$"""
_INDEXED = {
    "incident": "id",
    "account": "incident_id",
    "observation": "incident_id",
    "claim_tag": "incident_id",
    "note": "incident_id",
    "declaration": "incident_id",
    "paragraph": "incident_id",
    "share": "incident_id",
}


def create_index() -> list[str]:
    """Return SQL for the functions and the statement triggers on every table that can be found by."""
    functions = ("search.refresh(uuid[])", "search.reindex()", "search.complete()")
    return [
        _FOLD,
        *_DICTIONARIES,
        _COST,
        _LEXEMES,
        _EITHER,
        _ASKED,
        _REFRESH,
        _REINDEX,
        _COMPLETE,
        f"GRANT USAGE, CREATE ON SCHEMA search TO {KEEPER}",
        f"GRANT USAGE ON SCHEMA search TO {APP}",
        *(f"ALTER FUNCTION {f} OWNER TO {KEEPER}" for f in functions),
        "REVOKE ALL ON FUNCTION search.refresh(uuid[]), search.complete() FROM PUBLIC",
        *(sql for table, column in _INDEXED.items() for sql in _triggers(table, column)),
    ]


def _triggers(table: str, column: str) -> list[str]:
    # A trigger with a transition table may name one event only.
    tables = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}
    return [
        f"CREATE TRIGGER search_{event.lower()} AFTER {event} ON {table} REFERENCING {which} TABLE AS touched "
        f"FOR EACH STATEMENT EXECUTE FUNCTION search.reindex('{column}')"
        for event, which in tables.items()
    ]
