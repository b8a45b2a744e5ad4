"""The trail: a trigger on every table, and record() for acts that change no row.

Payloads of sealed columns are salted commitments: an event can be proved while its content is withheld. Their salts
lie in audit.opening, which the program cannot read: with the salt a value can be proved, without it never again.
The leaf is RFC 9162's: SHA-256(0x00 || SHA-256(salt || payload)).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from intake import db

KEEPER, APP = "testigo_keeper", "testigo_app"

# Derived or fleeting rows: the search index repeats logged text; sessions, keys and counters log acts instead.
NOT_LOGGED = frozenset(
    {
        "search_entry",
        "derivative",  # made from what is logged; each making is in the item's custody, which is
        "likeness",
        "vault.name_index",  # made from sealed names, whose change is logged
        "export_content",  # which records a file holds; the export and its download are logged
        "upload_part",
        "upload_lease",
        "batch_file",
        "once_key",
        "passkey_challenge",
        "known_network",
        "user_session",
        "sign_in_attempt",
        "alembic_version",
    }
)
# Columns whose values never enter the log in clear. '*' seals all of a table's columns but its keys.
SEALED_COLUMNS: dict[str, tuple[str, ...]] = {
    # Words that are masked afterwards must not stand in the log, which cannot be changed.
    "account": ("narrative",),
    "note": ("text",),
    "app_user": ("password_hash",),
    "break_glass": ("reason", "review"),
    "ethical_wall": ("reason", "end_reason"),
    "authenticator": ("wrapped_key", "sealed"),
    "recovery_code": ("code_hash",),
    "invitation": ("secret_hash", "claim_hash", "password_hash"),
    "saved_search": ("words", "name"),
    "vault.identity": ("wrapped_key", "sealed"),
    "vault.protected": ("wrapped_key", "sealed"),
}


def create_log() -> list[str]:
    """Return SQL for the functions that write events; the program gets EXECUTE on acts and nothing else."""
    return [
        _WRITE_EVENT,
        _CAPTURE,
        _NOTE,
        _VIEW,
        f"GRANT USAGE, CREATE ON SCHEMA audit TO {KEEPER}",
        f"GRANT SELECT, INSERT ON audit.event TO {KEEPER}",
        f"GRANT INSERT ON audit.pending, audit.opening TO {KEEPER}",
        *(
            f"ALTER FUNCTION {f} OWNER TO {KEEPER}"
            for f in (
                "audit.write_event(text, text, text, int, text[], text)",
                "audit.capture()",
                "audit.note(text, text, text, int, text)",
            )
        ),
        f"ALTER VIEW audit.trail OWNER TO {KEEPER}",
        "REVOKE ALL ON FUNCTION audit.write_event(text, text, text, int, text[], text) FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA audit TO {APP}, testigo_vault",
        f"GRANT SELECT ON audit.trail TO {APP}",
    ]


def log_changes(table: str, key: Sequence[str] = ("id",)) -> list[str]:
    """Return SQL that puts the audit trigger on `table`. key: the columns of its primary key, which name the record."""
    arguments = ", ".join(f"'{argument}'" for argument in ("/".join(key), *SEALED_COLUMNS.get(table, ())))
    return [
        f"CREATE TRIGGER audit_changes AFTER INSERT OR UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION audit.capture({arguments})"
    ]


def record(kind: str, *, subject: str, record_id: str = "", compartment_id: int | None = None, **detail: Any) -> None:  # noqa: ANN401
    """Log an act that changes no row: a sealed read, a download, an export, a search, a refusal, a sign-in.

    detail: JSON values without names, narratives or search words.
    """
    db.session.execute(
        sa.text("select audit.note(:kind, :subject, :record_id, :compartment_id, :detail)"),
        {
            "kind": kind,
            "subject": subject,
            "record_id": record_id,
            "compartment_id": compartment_id,
            "detail": json.dumps(detail, sort_keys=True, default=str),
        },
    )


_WRITE_EVENT = r"""CREATE FUNCTION audit.write_event(kind text, subject text, record_id text, compartment int,
  fields text[], body text) RETURNS bigint LANGUAGE plpgsql SET search_path = audit, pg_temp AS $$
DECLARE salt bytea := uuid_send(gen_random_uuid()); event bigint; actor int := NULLIF(current_setting('app.user_id', true), '')::int;
BEGIN
  INSERT INTO audit.event (actor_id, compartment_id, kind, subject, record_id, fields, payload, salt, leaf)
  VALUES (actor, compartment, kind, subject, coalesce(record_id, ''), fields, body, salt,
    sha256('\x00'::bytea || sha256(salt || convert_to(body, 'UTF8')))) RETURNING id INTO event;
  INSERT INTO audit.pending (event_id) VALUES (event);
  RETURN event;
END $$"""
# Times print in UTC whatever the writer's session says: the comparison with the rows reads them as text.
_CAPTURE = r"""CREATE FUNCTION audit.capture() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = audit, pg_temp SET timezone = 'UTC' AS $$
DECLARE old_row jsonb; new_row jsonb; changed text[]; hidden text; whole jsonb; record text; event bigint; salt bytea;
  sides text[] := '{}'; names text[] := '{}'; salts bytea[] := '{}';
BEGIN
  IF TG_OP <> 'INSERT' THEN old_row := to_jsonb(OLD); END IF;
  IF TG_OP <> 'DELETE' THEN new_row := to_jsonb(NEW); END IF;
  whole := coalesce(new_row, old_row);
  IF TG_OP = 'UPDATE' THEN
    SELECT array_agg(n.key ORDER BY n.key) INTO changed FROM jsonb_each(new_row) n WHERE n.value IS DISTINCT FROM old_row -> n.key;
    changed := coalesce(changed, '{}');
    SELECT coalesce(jsonb_object_agg(k, old_row -> k), '{}'), coalesce(jsonb_object_agg(k, new_row -> k), '{}')
      INTO old_row, new_row FROM unnest(changed) k;
  ELSE
    SELECT array_agg(k ORDER BY k) INTO changed FROM jsonb_object_keys(whole) k;
  END IF;
  FOREACH hidden IN ARRAY coalesce(TG_ARGV[1:], '{}'::text[]) LOOP
    -- A salt of its own for each value: without it a short name could be guessed from its hash.
    IF old_row ? hidden THEN
      salt := uuid_send(gen_random_uuid()); sides := sides || 'old'::text; names := names || hidden; salts := salts || salt;
      old_row := jsonb_set(old_row, ARRAY[hidden], jsonb_build_object('commitment',
        encode(sha256(salt || convert_to((old_row -> hidden)::text, 'UTF8')), 'hex')));
    END IF;
    IF new_row ? hidden THEN
      salt := uuid_send(gen_random_uuid()); sides := sides || 'new'::text; names := names || hidden; salts := salts || salt;
      new_row := jsonb_set(new_row, ARRAY[hidden], jsonb_build_object('commitment',
        encode(sha256(salt || convert_to((new_row -> hidden)::text, 'UTF8')), 'hex')));
    END IF;
  END LOOP;
  IF TG_ARGV[0] = 'id' THEN record := whole ->> 'id';
  ELSE SELECT string_agg(whole ->> k, '/' ORDER BY n) INTO record FROM unnest(string_to_array(TG_ARGV[0], '/')) WITH ORDINALITY u(k, n);
  END IF;
  event := audit.write_event(lower(TG_OP), TG_TABLE_NAME, record,
    (whole ->> 'compartment_id')::int, changed, jsonb_build_object('table', TG_TABLE_NAME, 'op', lower(TG_OP),
    'id', record, 'actor', NULLIF(current_setting('app.user_id', true), ''),
    'at', to_char(clock_timestamp() AT TIME ZONE 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'old', old_row, 'new', new_row)::text);
  IF sides <> '{}' THEN
    INSERT INTO audit.opening (event_id, side, field, salt) SELECT event, u.s, u.f, u.v FROM unnest(sides, names, salts) u(s, f, v);
  END IF;
  RETURN NULL;
END $$"""
_NOTE = """CREATE FUNCTION audit.note(kind text, subject text, record_id text, compartment int, detail text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = audit, pg_temp AS $$
BEGIN
  PERFORM audit.write_event(kind, subject, record_id, compartment, '{}', jsonb_build_object('act', kind, 'subject', subject,
    'id', record_id, 'actor', NULLIF(current_setting('app.user_id', true), ''), 'detail', detail::jsonb,
    'at', to_char(clock_timestamp() AT TIME ZONE 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text);
END $$"""
# Owned by the keeper, so it reads audit.event for the reader, who may not; the condition is the reader's access.
_VIEW = """CREATE VIEW audit.trail WITH (security_barrier = true) AS
SELECT e.id, e.at, e.actor_id, e.compartment_id, e.kind, e.subject, e.record_id, e.fields FROM audit.event e
WHERE e.compartment_id = ANY((SELECT access.audited())::int[])
OR (e.compartment_id IS NULL AND e.actor_id = ANY((SELECT access.audited_users())::int[]))"""
