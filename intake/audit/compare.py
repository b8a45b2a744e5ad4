"""Rows against the log: finds what was changed with triggers off, rows without events, events without rows.

Of every table the newest logged value of each column is replayed and laid beside the row. Columns that a migration
added after a row was last logged are compared from their first logged change on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.audit.notes import BadNote, VerifierKey, by, opened
from intake.audit.rights import APP, KEEPER
from intake.audit.trail import NOT_LOGGED
from intake.audit.tree import Frontier
from intake.jobs import tasks

SHOWN = 100  # findings kept with a comparison; the command prints them all


@dataclass(frozen=True)
class Finding:
    """One difference. what: changed, unlogged, missing, unguarded, altered_event, lost_event, unfolded,
    altered_head.
    """

    what: str
    table: str
    record_id: str
    fields: tuple[str, ...] = ()


def create_functions() -> list[str]:
    """Return SQL for audit.differences() (the owner and the keeper) and audit.compare() (the program)."""
    skipped = ", ".join(f"'{table.removeprefix('vault.')}'" for table in sorted(NOT_LOGGED))
    return [
        _TABLE_DIFFERENCES,
        _LOG_DIFFERENCES,
        _DIFFERENCES.replace(":skipped", skipped),
        _COMPARE,
        _ADOPT,
        _OPENINGS,
        "REVOKE ALL ON FUNCTION audit.openings(bigint[]) FROM PUBLIC",
        "REVOKE ALL ON FUNCTION audit.adopt(text[]) FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA vault TO {KEEPER}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA vault TO {KEEPER}",
        *(
            f"ALTER FUNCTION audit.{name} OWNER TO {KEEPER}"
            for name in ("table_differences(regclass, text)", "log_differences()", "differences()", "compare(text[])")
        ),
        *(
            f"REVOKE ALL ON FUNCTION audit.{name} FROM PUBLIC"
            for name in ("table_differences(regclass, text)", "log_differences()", "differences()", "compare(text[])")
        ),
        f"GRANT EXECUTE ON FUNCTION audit.compare(text[]) TO {APP}",
    ]


def compare() -> int:
    """Compare and keep the result; return how many differences there are. It reads the whole log: minutes."""
    db.session.execute(sa.text("set local statement_timeout = 0"))
    heads = [f"{f.what} {f.table} {f.record_id}" for f in altered_heads(db.session.connection())]
    return int(db.session.execute(sa.text("select audit.compare(:heads)"), {"heads": heads}).scalar_one())


def differences(connection: sa.Connection, *keys: VerifierKey) -> list[Finding]:
    """Return every difference, asked as the database's owner. keys: the log's, now and before, to check the heads."""
    rows = connection.execute(sa.text("select what, tab, record, fields from audit.differences()"))
    return [Finding(r.what, r.tab, r.record, tuple(r.fields or ())) for r in rows] + altered_heads(connection, *keys)


def known(connection: sa.Connection) -> list[str] | None:
    """Return what differs before a migration, as adopt() takes it; None on a database that has no comparison yet."""
    there = connection.execute(sa.text("select to_regprocedure('audit.differences()') is not null")).scalar_one()
    if not there:
        return None
    rows = connection.execute(sa.text("select what || ' ' || tab || ' ' || record from audit.differences()"))
    return list(rows.scalars())


def adopt(connection: sa.Connection, before: list[str]) -> int:
    """Log what a migration changed past the triggers, but nothing of `before`; return how many rows."""
    return int(connection.execute(sa.text("select audit.adopt(:known)"), {"known": before}).scalar_one())


def altered_heads(connection: sa.Connection, *keys: VerifierKey) -> list[Finding]:
    """Recompute the root of every head from the leaves; return those that are others, or signed by none of `keys`."""
    heads = connection.execute(sa.text("select size, root, note from audit.checkpoint order by size")).all()
    frontier, found, stream = Frontier(), [], _leaves(connection)
    for size, root, note in heads:
        while frontier.size < size and (leaf := next(stream, None)) is not None:
            frontier.append(leaf)
        if frontier.size != size or frontier.root() != bytes(root) or not _says(note, size, bytes(root), keys):
            found.append(Finding("altered_head", "checkpoint", str(size)))
    return found


def _leaves(connection: sa.Connection) -> Iterator[bytes]:
    query, seq = sa.text("select seq, leaf from audit.leaf where seq > :seq order by seq limit 20000"), -1
    while rows := connection.execute(query, {"seq": seq}).all():
        yield from (bytes(row.leaf) for row in rows)
        seq = rows[-1].seq


def _says(note: str, size: int, root: bytes, keys: Sequence[VerifierKey]) -> bool:
    try:
        checkpoint, text, signatures = opened(note)
        return (checkpoint.size, checkpoint.root) == (size, root) and (
            not keys or bool(by(list(keys), text, signatures))
        )
    except BadNote:
        return False


@tasks.periodic(cron="20 9 * * *", periodic_id="compare_log")  # 1:20 or 2:20 at night in Los Angeles
@tasks.task(name="compare_log", queue="default", queueing_lock="compare_log")
def compare_nightly(timestamp: int) -> None:  # noqa: ARG001
    """Compare once a night; what it finds stands on the log's page and in `testigo doctor`."""
    with db.transaction():
        compare()


_TABLE_DIFFERENCES = """CREATE FUNCTION audit.table_differences(tab regclass, subject text)
RETURNS TABLE (what text, record text, fields text[]) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, audit, pg_temp SET timezone = 'UTC' AS $$
DECLARE key text;
BEGIN
  SELECT string_agg(format('(to_jsonb(t) ->> %L)', a.attname), ' || ''/'' || ' ORDER BY k.n) INTO key FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(num, n)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num WHERE i.indrelid = tab AND i.indisprimary;
  RETURN QUERY EXECUTE format($q$
    WITH event AS MATERIALIZED (SELECT e.id, e.record_id, e.kind, e.payload::jsonb -> 'new' AS new FROM audit.event e
      WHERE e.subject = %1$L AND e.kind IN ('insert', 'update', 'delete') AND e.record_id <> ''),
    last AS (SELECT DISTINCT ON (record_id) record_id, kind FROM event ORDER BY record_id, id DESC),
    value AS (SELECT DISTINCT ON (e.record_id, c.key) e.record_id, c.key, c.value, e.id FROM event e, jsonb_each(
      CASE jsonb_typeof(e.new) WHEN 'object' THEN e.new ELSE '{}' END) c ORDER BY e.record_id, c.key, e.id DESC),
    here AS MATERIALIZED (SELECT %2$s AS record_id, to_jsonb(t) AS row FROM %3$s t),
    told AS (SELECT h.record_id, v.key FROM here h JOIN value v ON v.record_id = h.record_id AND h.row ? v.key
      LEFT JOIN audit.opening o ON o.event_id = v.id AND o.side = 'new' AND o.field = v.key
      WHERE CASE WHEN o.salt IS NOT NULL
        THEN v.value ->> 'commitment' <> encode(sha256(o.salt || convert_to((h.row -> v.key)::text, 'UTF8')), 'hex')
        WHEN jsonb_typeof(v.value) = 'object' AND v.value ? 'commitment' THEN false  -- its salt was destroyed
        ELSE h.row -> v.key IS DISTINCT FROM v.value END)
    SELECT 'changed', record_id, array_agg(key ORDER BY key) FROM told GROUP BY record_id
    UNION ALL SELECT 'unlogged', h.record_id, NULL FROM here h LEFT JOIN last l USING (record_id)
      WHERE l.kind IS NULL OR l.kind = 'delete'
    UNION ALL SELECT 'missing', l.record_id, NULL FROM last l LEFT JOIN here h USING (record_id)
      WHERE l.kind <> 'delete' AND h.record_id IS NULL $q$, subject, key, tab);
END $$"""
# The log against itself: a leaf that is not its event's, an event that vanished, one that is nowhere queued.
_LOG_DIFFERENCES = r"""CREATE FUNCTION audit.log_differences() RETURNS TABLE (what text, record text)
LANGUAGE sql SECURITY DEFINER SET search_path = audit, pg_temp AS $$
SELECT 'altered_event', e.id::text FROM event e LEFT JOIN leaf l ON l.event_id = e.id
  WHERE e.leaf <> sha256('\x00'::bytea || sha256(e.salt || convert_to(e.payload, 'UTF8')))
  OR l.leaf <> e.leaf
UNION ALL SELECT 'lost_event', l.event_id::text FROM leaf l LEFT JOIN event e ON e.id = l.event_id WHERE e.id IS NULL
UNION ALL SELECT 'lost_event', p.event_id::text FROM pending p LEFT JOIN event e ON e.id = p.event_id WHERE e.id IS NULL
UNION ALL SELECT 'unfolded', e.id::text FROM event e WHERE NOT EXISTS (SELECT 1 FROM leaf l WHERE l.event_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM pending p WHERE p.event_id = e.id) $$"""
_DIFFERENCES = """CREATE FUNCTION audit.differences() RETURNS TABLE (what text, tab text, record text, fields text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = audit, pg_temp AS $$
DECLARE found record;
BEGIN
  FOR found IN SELECT c.oid::regclass AS tab, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname IN ('public', 'vault') AND c.relname NOT IN (:skipped) ORDER BY 2 LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = found.tab AND t.tgname = 'audit_changes'
      AND t.tgenabled IN ('O', 'A')) THEN
      RETURN QUERY SELECT 'unguarded', found.relname::text, '', NULL::text[];
    END IF;
    RETURN QUERY SELECT d.what, found.relname::text, d.record, d.fields
      FROM audit.table_differences(found.tab, found.relname) d;
  END LOOP;
  RETURN QUERY SELECT d.what, 'event', d.record, NULL::text[] FROM audit.log_differences() d;
END $$"""
_COMPARE = f"""CREATE FUNCTION audit.compare(heads text[]) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = audit, pg_temp AS $$
DECLARE n int; first text[];
BEGIN
  SELECT count(*), (array_agg(d.what || ' ' || d.tab || ' ' || d.record))[1:{SHOWN}] INTO n, first
    FROM audit.differences() d;
  INSERT INTO audit.comparison (rows, findings, first) VALUES ((SELECT count(*) FROM audit.event),
    n + cardinality(heads), (heads || coalesce(first, '{{}}'))[1:{SHOWN}]);
  RETURN n + cardinality(heads);
END $$"""
# A migration changes rows while no trigger watches. What it changed is logged afterwards, as its doing; what differed
# before it (`known`) stays a difference, so that a new release launders nothing.
_ADOPT = """CREATE FUNCTION audit.adopt(known text[]) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = audit, pg_temp SET timezone = 'UTC' AS $$
DECLARE d record; row jsonb; hidden text[]; tab regclass; key text; act text; n int := 0;
BEGIN
  FOR d IN SELECT * FROM audit.differences() f WHERE f.what IN ('changed', 'unlogged', 'missing')
    AND f.what || ' ' || f.tab || ' ' || f.record <> ALL(known) LOOP
    SELECT c.oid::regclass, string_to_array(rtrim(encode(t.tgargs, 'escape'), '\\000'), '\\000') INTO tab, hidden
      FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace AND s.nspname IN ('public', 'vault')
      JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'audit_changes' WHERE c.relname = d.tab;
    SELECT string_agg(format('(to_jsonb(t) ->> %L)', k), ' || ''/'' || ' ORDER BY o) INTO key
      FROM unnest(string_to_array(hidden[1], '/')) WITH ORDINALITY u(k, o);
    row := NULL;
    EXECUTE format('SELECT to_jsonb(t) FROM %s t WHERE %s = $1', tab, key) INTO row USING d.record;
    act := CASE d.what WHEN 'changed' THEN 'update' WHEN 'unlogged' THEN 'insert' ELSE 'delete' END;
    IF d.what = 'changed' THEN SELECT jsonb_object_agg(f, row -> f) INTO row FROM unnest(d.fields) f; END IF;
    row := row - hidden[2:];
    PERFORM audit.write_event(act, d.tab, d.record, (row ->> 'compartment_id')::int, coalesce(d.fields, '{}'),
      jsonb_build_object('table', d.tab, 'op', act, 'id', d.record, 'actor', NULL, 'by', 'migration', 'old', NULL,
      'at', to_char(clock_timestamp() AT TIME ZONE 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'new', row)::text);
    n := n + 1;
  END LOOP;
  RETURN n;
END $$"""
# Salts of sealed values that still stand in their rows, for the owner of the database to prove them when wanted.
_OPENINGS = """CREATE FUNCTION audit.openings(ids bigint[]) RETURNS TABLE (event_id bigint, side text, field text,
salt bytea, value text) LANGUAGE plpgsql SECURITY INVOKER SET search_path = audit, pg_temp SET timezone = 'UTC' AS $$
DECLARE o record; key text; tab regclass; told text; here text;
BEGIN
  FOR o IN SELECT p.event_id, p.side, p.field, p.salt, e.subject, e.record_id, e.payload FROM audit.opening p
    JOIN audit.event e ON e.id = p.event_id WHERE p.event_id = ANY(ids) ORDER BY 1, 2, 3 LOOP
    SELECT c.oid::regclass, (SELECT string_agg(format('(to_jsonb(t) ->> %L)', k), ' || ''/'' || ' ORDER BY n)
      FROM unnest(string_to_array(split_part(encode(t.tgargs, 'escape'), '\\000', 1), '/')) WITH ORDINALITY u(k, n))
      INTO tab, key FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace AND s.nspname IN ('public', 'vault')
      JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'audit_changes' WHERE c.relname = o.subject;
    EXECUTE format('SELECT (to_jsonb(t) -> %L)::text FROM %s t WHERE %s = $1', o.field, tab, key)
      INTO here USING o.record_id;
    told := o.payload::jsonb -> o.side -> o.field ->> 'commitment';
    IF encode(sha256(o.salt || convert_to(here, 'UTF8')), 'hex') = told THEN
      event_id := o.event_id; side := o.side; field := o.field; salt := o.salt; value := here;
      RETURN NEXT;
    END IF;
  END LOOP;
END $$"""
