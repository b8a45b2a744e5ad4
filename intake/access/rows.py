"""Row access, once: roles, functions and policies in PostgreSQL, as SQL that migrations run.

Policies compare a row's compartment with an array that is computed once per statement (array form); a function
called for each row costs a thousand times more.
"""

from __future__ import annotations

import sqlalchemy as sa

from intake.access import entering, reach, reach_acts

APP, VAULT, KEEPER = "testigo_app", "testigo_vault", "testigo_keeper"
ROTATOR = "testigo_rotator"  # puts wrapped keys under a new key, and reads nothing else
INDEXER = "testigo_indexer"  # makes the index of names anew

_ME = "(SELECT access.me())"


def _where(array: str, column: str = "incident_id", hidden: str = "above") -> str:
    """Rows of the compartments in `array` whose incident (or person) is not hidden: by tier, by a wall."""
    # NOT IN a subquery is hashed: its cost per row does not grow with the list, as `<> ALL` of an array does.
    return (
        f"(compartment_id = ANY((SELECT access.{array}())::int[])"
        f" AND {column} NOT IN (SELECT unnest(access.{hidden}())))"
    )


def _opened(column: str = "incident_id", hidden: str = "closed") -> str:
    return f"(opened_by_id = {_ME} AND {_where('own', column, hidden)})"


_READ, _WRITE, _DRAFT, _OWN = _where("readable"), _where("writable"), _where("drafting"), _opened()
_MINE = f"user_id = {_ME}"
_COUNTING = "matter_id IN (SELECT c.matter_id FROM compartment c WHERE c.id = ANY((SELECT access.counted())::int[]))"
_APPROVE = "compartment_id = ANY((SELECT access.approving())::int[])"
# An approver who could not read every row of an export must not get them by approving it.
_SUPERVISED = "user_id = ANY((SELECT access.supervised())::int[]) AND compartments <@ (SELECT access.readable())::int[]"


def _shared(column: str) -> str:
    """Records of others that are shown to the reader: by a share, or for an hour by break-glass."""
    return f"{column} = ANY((SELECT access.shown())::uuid[])"


def _narrative(incident: str = "incident_id") -> tuple[str, str, str]:
    changed = f"{_where('writable', incident)} OR {_opened(incident)}"
    return f"{_where('readable', incident)} OR {_opened(incident)} OR {_shared(incident)}", changed, changed


def _drafted(incident: str) -> tuple[str, str, str]:
    changed = f"{_DRAFT} OR {_OWN}"
    return f"{_READ} OR {_OWN} OR {_shared(incident)}", changed, changed


def _authored(author: str) -> tuple[str, str, str]:
    """Work product of the organisation; who only opened the intake sees and changes what they wrote themselves."""
    own = f"({_OWN} AND {author} = {_ME})"
    return f"{_READ} OR {own}", f"{_DRAFT} OR {own}", f"{_DRAFT} OR {own}"


_WORK_PRODUCT = (f"{_READ} OR {_OWN}", f"{_DRAFT} OR {_OWN}", f"{_DRAFT} OR {_OWN}")
_AUTHORED = f"(opened_by_id = {_ME} AND incident_id = ANY((SELECT access.shared())::uuid[]))"
_SUGGESTED = f"({_OWN} AND suggested_by_id = {_ME})"
_TOLD = f"{_where('writable', 'id', 'above_people')} OR {_opened('id', 'closed_people')}"
_SEALED = f"{_where('writable', 'person_id', 'above_people')} OR {_opened('person_id', 'closed_people')}"

# Protected facts and masked words: attorneys alone, whoever opened the intake.
_LOCKED = (
    f"({_APPROVE} AND (person_id IS NULL OR person_id NOT IN (SELECT unnest(access.above_people() || access.walled_people())))"
    " AND (incident_id IS NULL OR incident_id NOT IN (SELECT unnest(access.above()))))"
)
_OF_LOCKED = f"{_APPROVE} AND protected_id IN (SELECT p.id FROM vault.protected p)"

# table: (who sees a row, who may add it, who may change it)
MATTER_TABLES: dict[str, tuple[str, str, str]] = {
    "incident": _narrative("id"),
    "account": _narrative(),
    "observation": _narrative(),
    "consent": (f"{_READ} OR {_OWN}", f"{_WRITE} OR {_OWN} OR {_DRAFT}", f"{_WRITE} OR {_OWN}"),
    "person": (
        f"{_where('readable', 'id', 'above_people')} OR {_opened('id', 'closed_people')}"
        " OR id = ANY((SELECT access.shared_people() || access.broken_people())::uuid[])",
        _TOLD,
        _TOLD,
    ),
    "used_pseudonym": ("person_id IN (SELECT p.id FROM person p)", "false", "false"),
    "evidence_item": _drafted("incident_id"),
    "upload_part": _drafted("incident_id"),
    "derivative": _drafted("incident_id"),
    "media_note": _authored("author_id"),
    "transcript": _drafted("incident_id"),
    "item_care": _drafted("incident_id"),
    "viewing_preference": (_MINE, _MINE, _MINE),
    "working_copy": (f"{_READ} OR {_OWN}", f"{_DRAFT} OR {_OWN}", f"{_DRAFT} OR {_OWN}"),
    "likeness": _drafted("incident_id"),
    "scan_release": (f"{_READ} OR {_OWN}", _WRITE, _WRITE),
    "evidence_batch": _drafted("incident_id"),
    "batch_file": _drafted("incident_id"),
    "upload_lease": _drafted("incident_id"),
    "rejected_version": (f"{_READ} OR {_OWN}", f"{_DRAFT} OR {_OWN}", "false"),
    "custody_event": (
        f"{_READ} OR {_OWN} OR {_shared('incident_id')}",
        f"{_READ} OR {_OWN} OR {_shared('incident_id')}",
        "false",
    ),
    "item_origin": _drafted("incident_id"),
    # A hold on the whole matter names no incident.
    "legal_hold": (
        f"{_READ} OR {_OWN} OR (incident_id IS NULL AND compartment_id = ANY((SELECT access.readable())::int[]))",
        f"{_WRITE} OR (incident_id IS NULL AND compartment_id = ANY((SELECT access.writable())::int[]))",
        f"{_WRITE} OR (incident_id IS NULL AND compartment_id = ANY((SELECT access.writable())::int[]))",
    ),
    "destruction": (f"{_READ} OR {_OWN} OR {_shared('incident_id')}", f"{_WRITE}", f"{_WRITE}"),
    "declaration": _drafted("incident_id"),
    "paragraph": _drafted("incident_id"),
    "paragraph_source": _drafted("incident_id"),
    "declaration_version": (f"{_READ} OR {_OWN}", f"{_DRAFT} OR {_OWN}", "false"),
    "review_comment": _authored("by_id"),
    "note": _authored("author_id"),
    "potential_source": _WORK_PRODUCT,
    # Co-counsel propose claims on what is shared with them, and see their own proposals only.
    "claim_tag": (
        f"{_READ} OR {_SUGGESTED} OR {_AUTHORED}",
        f"{_WRITE} OR {_SUGGESTED} OR {_AUTHORED}",
        f"{_WRITE} OR {_SUGGESTED}",
    ),
    "share": (f"{_READ}", f"{_WRITE}", f"{_WRITE}"),
    "search_entry": (
        # Who only opened the intake does not find it by what others noted or claim there.
        f"(layer = 'own' AND ({_READ} OR ({_OWN} AND incident_id NOT IN (SELECT unnest(access.noted()))))) OR"
        f" (layer = 'opened' AND {_OWN} AND NOT {_READ}) OR"
        " (layer = 'shared' AND incident_id = ANY((SELECT access.shared())::uuid[]))",
        "false",
        "false",
    ),
    "saved_search": (_MINE, _MINE, _MINE),
    "analysis_project": (_MINE, f"{_MINE} AND {_COUNTING}", _MINE),
    "analysis_rule": (_APPROVE, _APPROVE, _APPROVE),
    "export": (f"{_MINE} OR ({_SUPERVISED})", _MINE, f"{_MINE} OR ({_SUPERVISED})"),
    # What a file holds is read by whoever sees the export, also where they no longer see the incident itself.
    "export_content": (
        "export_id IN (SELECT e.id FROM export e)",
        f"export_id IN (SELECT e.id FROM export e WHERE e.user_id = {_ME})",
        "false",
    ),
    # Written by functions of schema access alone (reach_acts.py), which hold the two-person rule.
    "break_glass": (f"asked_by_id = {_ME} OR {_where('approving')}", "false", "false"),
    "notice": (_MINE, "false", _MINE),
}
VAULT_TABLES: dict[str, tuple[str, str, str]] = {
    "vault.identity": (
        f"(person_id NOT IN (SELECT unnest(access.walled_people())) AND ({_where('identifying', 'person_id', 'above_people')}"
        f" OR {_opened('person_id', 'closed_people')} OR person_id = ANY((SELECT access.broken_people())::uuid[])))",
        _SEALED,
        _SEALED,
    ),
    "vault.protected": (_LOCKED, f"{_LOCKED} OR (kind = 'masked' AND ({_WRITE} OR {_DRAFT} OR {_OWN}))", _LOCKED),
    "vault.opening": (_OF_LOCKED, _OF_LOCKED, _OF_LOCKED),
}
# Whose name may be opened, may be found by it.
VAULT_TABLES["vault.name_index"] = VAULT_TABLES["vault.identity"]
# Rows that may go: texts under work keep their old state in the log.
DELETABLE = (
    "media_note",
    "paragraph",
    "paragraph_source",
    "observation",
    "once_key",
    "review_comment",
    "saved_search",
    "passkey_challenge",
)


def create_roles() -> list[str]:
    """Return SQL that makes the database roles where they are missing. Needs CREATEROLE."""
    attributes = {APP: "LOGIN", VAULT: "NOLOGIN", KEEPER: "NOLOGIN", ROTATOR: "NOLOGIN", INDEXER: "NOLOGIN"}
    made = [
        f"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{name}') THEN "
        f"CREATE ROLE {name} {login} NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS; END IF; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        for name, login in attributes.items()
    ]
    # The program may step into the vault's role for a moment; it does not inherit it.
    return [
        *made,
        f"GRANT {VAULT} TO {APP} WITH INHERIT FALSE, SET TRUE",
        f"GRANT {KEEPER}, {ROTATOR}, {INDEXER} TO CURRENT_USER",
    ]


def create_functions() -> list[str]:
    """Return SQL for schema access: who acts, and the arrays that policies compare with."""
    return [
        *reach.create_functions(),
        *reach_acts.create_functions(),
        _END_SHARES,
        entering.DESCRIBE,
        entering.ENTER,
        *_owned_by_keeper(),
        *_SHARES_END,
    ]


# Permission taken back ends what stood on it in the same transaction, whoever writes the withdrawal.
_END_SHARES = """CREATE FUNCTION access.end_shares() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE share SET revoked_at = clock_timestamp() WHERE incident_id = NEW.incident_id AND revoked_at IS NULL;
  RETURN NULL;
END $$"""
_SHARES_END = (
    """CREATE TRIGGER consent_withdrawn AFTER INSERT ON consent FOR EACH ROW
WHEN (NEW.scope = 'CN.COCOUNSEL' AND NEW.answer <> 'yes') EXECUTE FUNCTION access.end_shares()""",
    # What another person tells of a shared incident is not shown before they agree: whoever shares it asks them first.
    "CREATE TRIGGER account_added AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION access.end_shares()",
)


def _owned_by_keeper() -> list[str]:
    names = ("end_shares()", "describe(int)", "enter(bytea, interval, interval)")
    return [
        *(f"ALTER FUNCTION access.{name} OWNER TO {KEEPER}" for name in names),
        f"GRANT USAGE ON SCHEMA access TO {APP}, {VAULT}",
    ]


def protect(table: str) -> list[str]:
    """Return SQL that forces row security on `table` with its policies of MATTER_TABLES or VAULT_TABLES."""
    seen, added, changed = (MATTER_TABLES | VAULT_TABLES)[table]
    role = VAULT if table in VAULT_TABLES else APP
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY seen ON {table} FOR SELECT TO {role} USING ({seen})",
        f"CREATE POLICY added ON {table} FOR INSERT TO {role} WITH CHECK ({added})",
        f"CREATE POLICY changed ON {table} FOR UPDATE TO {role} USING ({changed}) WITH CHECK ({changed})",
        f"CREATE POLICY removed ON {table} FOR DELETE TO {role} USING ({changed})",
        # The database's own triggers (search index, access arrays) must see every row.
        f"CREATE POLICY kept ON {table} TO {KEEPER} USING (true) WITH CHECK (true)",
    ]


def give_rights() -> list[str]:
    """Return SQL that gives each role what it needs and no more."""
    return [
        f"GRANT USAGE ON SCHEMA public TO {APP}, {VAULT}, {KEEPER}",
        f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {APP}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP}",
        f"GRANT DELETE ON {', '.join(DELETABLE)} TO {APP}",
        # Who belongs to the demonstration only the owner says: its second step shows its code on the screen.
        f"REVOKE INSERT, UPDATE ON demonstration_user FROM {APP}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {KEEPER}",
        f"GRANT UPDATE ON user_session, share, break_glass TO {KEEPER}",
        f"GRANT INSERT ON break_glass, notice TO {KEEPER}",
        f"GRANT INSERT, UPDATE, DELETE ON search_entry TO {KEEPER}",
        f"REVOKE INSERT, UPDATE ON search_entry FROM {APP}",
        f"GRANT USAGE ON SCHEMA vault TO {VAULT}",
        f"GRANT SELECT, INSERT, UPDATE ON vault.identity TO {VAULT}",
        # Without this, row security keeps the planner from using the word index: a policy must run before any
        # operator that could tell of rows it hides. These three raise no error and tell nothing. Needs a superuser.
        """DO $$ BEGIN
ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF;
ALTER FUNCTION pg_catalog.arrayoverlap(anyarray, anyarray) LEAKPROOF;
ALTER FUNCTION pg_catalog.arraycontains(anyarray, anyarray) LEAKPROOF;
EXCEPTION WHEN insufficient_privilege THEN RAISE NOTICE 'search works without its word index: no superuser'; END $$""",
    ]


def unprotected(connection: sa.Connection) -> list[str]:
    """Return matter tables that lack forced row security or a policy; readiness fails closed on any."""
    found = connection.execute(
        sa.text(
            "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND c.relrowsecurity AND c.relforcerowsecurity"
            " AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)"
        )
    )
    guarded = set(found.scalars())
    wanted = {f"public.{t}" for t in MATTER_TABLES} | set(VAULT_TABLES)
    return sorted(wanted - guarded)
