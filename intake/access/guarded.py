"""Whether the database guards its rows, read from its own catalogue: what start and readiness ask (requirement 74)."""

from __future__ import annotations

import sqlalchemy as sa

from intake.access import rows

# Who may see, not what is seen.
NOT_GUARDED = frozenset({"public.access_grant", "public.ethical_wall"})
# Columns that only the rows of a matter have.
_MATTER_COLUMNS = ("compartment_id", "incident_id", "opened_by_id")
_FORGOTTEN = """SELECT DISTINCT n.nspname || '.' || c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('public', 'vault') AND c.relkind IN ('r', 'p') AND a.attname = ANY(:columns)"""
# A view reads with its owner's rights unless it says otherwise. The log's and the analysts' views filter by themselves.
_LEAKING = """SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
AND NOT coalesce(c.reloptions && ARRAY['security_invoker=true', 'security_invoker=on'], false)
AND NOT (n.nspname IN ('audit', 'deidentified') AND coalesce(c.reloptions && ARRAY['security_barrier=true'], false))"""
_ROLE = """SELECT rolsuper, rolbypassrls, EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN ('public', 'vault') AND c.relkind = 'r' AND pg_has_role(r.oid, c.relowner, 'MEMBER')),
  pg_has_role(r.oid, :keeper, 'MEMBER') FROM pg_roles r WHERE rolname = current_user"""
_FAULTS = ("is a superuser", "bypasses row security", "owns tables", "may become the keeper of every row")


def findings(connection: sa.Connection) -> list[str]:
    """Return what leaves rows unguarded for the role of this connection, one sentence each; empty when all is well."""
    found = [f"{table} does not force row security" for table in rows.unprotected(connection)]
    known = {f"public.{table}" for table in rows.MATTER_TABLES} | set(rows.VAULT_TABLES) | NOT_GUARDED
    having = connection.execute(sa.text(_FORGOTTEN), {"columns": list(_MATTER_COLUMNS)}).scalars()
    found += [f"{table} holds matter data without a policy" for table in sorted(set(having) - known)]
    found += [f"view {view} passes row security" for view in sorted(connection.execute(sa.text(_LEAKING)).scalars())]
    role = connection.execute(sa.text(_ROLE), {"keeper": rows.KEEPER}).one()
    return found + [f"the program's role {fault}" for has, fault in zip(role, _FAULTS, strict=True) if has]
