"""What guards the vault's tables and the pseudonyms beyond row policies: rights, and rules that hold for everyone."""

from __future__ import annotations

from intake.access.rows import INDEXER, KEEPER, ROTATOR, VAULT

# Tables whose rows carry a data key wrapped by an organisation's key, with the column that names the row.
WRAPPED = {"vault.identity": "person_id", "vault.protected": "id", "authenticator": "id"}

_TAKE = """CREATE FUNCTION access.take_pseudonym() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE matter int; holder uuid;
BEGIN
  SELECT c.matter_id INTO matter FROM compartment c WHERE c.id = NEW.compartment_id;
  INSERT INTO used_pseudonym (matter_id, pseudonym, compartment_id, opened_by_id, person_id)
    VALUES (matter, NEW.pseudonym, NEW.compartment_id, NEW.opened_by_id, NEW.id) ON CONFLICT DO NOTHING;
  SELECT u.person_id INTO holder FROM used_pseudonym u WHERE u.matter_id = matter AND u.pseudonym = NEW.pseudonym;
  IF holder <> NEW.id THEN
    RAISE EXCEPTION 'this pseudonym was given before'
      USING ERRCODE = 'unique_violation', CONSTRAINT = 'pk_used_pseudonym';
  END IF;
  RETURN NULL;
END $$"""
_ON_PERSON = """CREATE TRIGGER pseudonym_taken AFTER INSERT OR UPDATE OF pseudonym ON person FOR EACH ROW
WHEN (NEW.pseudonym <> '') EXECUTE FUNCTION access.take_pseudonym()"""
# The program writes who decided; this sees that it was the one who acts, that it was not the one who asked, and that
# nothing is decided twice or opened late. `asker` is the column of who asked.
_TWO_PEOPLE = """CREATE FUNCTION access.two_people() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE asker int := (to_jsonb(NEW) ->> TG_ARGV[0])::int; me int := access.me();
  new_row jsonb := to_jsonb(NEW); old_row jsonb;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF asker IS DISTINCT FROM me OR NEW.decision <> '' THEN
      RAISE EXCEPTION 'row-level security: asked in another name, or decided already'; END IF;
    RETURN NEW;
  END IF;
  old_row := to_jsonb(OLD);
  IF NEW.decision <> OLD.decision AND (OLD.decision <> '' OR NEW.decided_by_id IS DISTINCT FROM me OR asker = me) THEN
    RAISE EXCEPTION 'row-level security: another attorney decides, once'; END IF;
  IF new_row ->> 'opened_at' IS DISTINCT FROM old_row ->> 'opened_at' AND (OLD.decision <> 'approved' OR asker <> me
      OR old_row ->> 'opened_at' IS NOT NULL OR OLD.decided_at < clock_timestamp() - interval '60 minutes') THEN
    RAISE EXCEPTION 'row-level security: opened once, within the hour, by who asked'; END IF;
  RETURN NEW;
END $$"""

_DECIDED = "decided_by_id, decided_at, decision"


def create_guards() -> list[str]:
    """Return SQL for the pseudonyms' register, the two-person rule, and the rights of the vault's role."""
    return [
        _TAKE,
        f"ALTER FUNCTION access.take_pseudonym() OWNER TO {KEEPER}",
        f"GRANT INSERT ON used_pseudonym TO {KEEPER}",
        _ON_PERSON,
        _TWO_PEOPLE,
        *(
            f"CREATE TRIGGER two_people BEFORE INSERT OR UPDATE ON vault.{table} FOR EACH ROW"
            f" EXECUTE FUNCTION access.two_people('{asker}')"
            for table, asker in (("protected", "proposed_by_id"), ("opening", "asked_by_id"))
        ),
        f"GRANT SELECT, INSERT, DELETE ON vault.name_index TO {VAULT}",
        f"GRANT SELECT, INSERT ON vault.protected, vault.opening TO {VAULT}",
        # A refused fact is emptied; nothing else of it may change.
        f"GRANT UPDATE ({_DECIDED}, key_id, wrapped_key, sealed) ON vault.protected TO {VAULT}",
        f"GRANT UPDATE ({_DECIDED}, opened_at) ON vault.opening TO {VAULT}",
        *_rotation(),
    ]


def _rotation() -> list[str]:
    """Who rewraps reads and writes wrapped keys: no ciphertext of a name, no index. Who indexes changes no name."""
    rights = [
        f"GRANT USAGE ON SCHEMA access, public, vault TO {ROTATOR}",
        f"GRANT USAGE ON SCHEMA public, vault TO {INDEXER}",
        f"GRANT SELECT ON vault.identity TO {INDEXER}",
        f"GRANT SELECT, INSERT, DELETE ON vault.name_index TO {INDEXER}",
        f"CREATE POLICY indexed ON vault.identity FOR SELECT TO {INDEXER} USING (true)",
        f"CREATE POLICY indexed ON vault.name_index TO {INDEXER} USING (true) WITH CHECK (true)",
    ]
    for table, row in WRAPPED.items():
        rights += [
            f"GRANT SELECT ({row}, organisation_id, key_id, wrapped_key) ON {table} TO {ROTATOR}",
            f"GRANT UPDATE (key_id, wrapped_key) ON {table} TO {ROTATOR}",
            f"CREATE POLICY rewrapped ON {table} TO {ROTATOR} USING (true) WITH CHECK (true)",
        ]
    return rights
