"""What the database itself keeps of evidence: a sealed file's facts stand still, a hold bars destruction, and the
re-reading goes through all compartments without seeing more than identifiers and hashes.
"""

# ruff: noqa: S608  (no value of anybody is in these strings)
from __future__ import annotations

KEEPER, APP = "testigo_keeper", "testigo_app"
_PATH = "SECURITY DEFINER SET search_path = public, pg_temp"

# Own share of the matter or another's: a hold on the matter binds every organisation in it (FRCP 37(e)).
_HELD = f"""CREATE FUNCTION access.held(incident uuid, compartment int) RETURNS boolean
LANGUAGE sql STABLE {_PATH} AS $$
SELECT EXISTS (SELECT 1 FROM legal_hold h WHERE h.lifted_at IS NULL AND (h.incident_id = incident
  OR (h.incident_id IS NULL AND h.compartment_id IN (SELECT c.id FROM compartment c WHERE c.matter_id
    = (SELECT m.matter_id FROM compartment m WHERE m.id = compartment))))) $$"""
_KEEP = f"""CREATE FUNCTION access.keep_evidence() RETURNS trigger LANGUAGE plpgsql {_PATH} AS $$
BEGIN
  IF (OLD.sha256, OLD.version_id, OLD.object_key, OLD.size, OLD.sealed_at)
    IS DISTINCT FROM (NEW.sha256, NEW.version_id, NEW.object_key, NEW.size, NEW.sealed_at)
    OR OLD.state = 'destroyed' OR NEW.state NOT IN ('sealed', 'quarantined', 'destroyed') THEN
    RAISE EXCEPTION 'a sealed item does not change';
  END IF;
  IF NEW.state = 'destroyed' THEN
    IF access.held(OLD.incident_id, OLD.compartment_id) THEN RAISE EXCEPTION 'the item is under a legal hold'; END IF;
    IF NOT EXISTS (SELECT 1 FROM destruction d WHERE d.item_id = OLD.id AND d.state = 'approved'
      AND d.decided_by_id <> d.asked_by_id) THEN
      RAISE EXCEPTION 'no order of destruction was approved by a second person';
    END IF;
  END IF;
  RETURN NEW;
END $$"""
_KEPT = """CREATE TRIGGER keep_evidence BEFORE UPDATE ON evidence_item FOR EACH ROW
WHEN (OLD.sealed_at IS NOT NULL AND (OLD.sha256, OLD.version_id, OLD.object_key, OLD.size, OLD.sealed_at, OLD.state)
  IS DISTINCT FROM (NEW.sha256, NEW.version_id, NEW.object_key, NEW.size, NEW.sealed_at, NEW.state))
EXECUTE FUNCTION access.keep_evidence()"""
_DUE = f"""CREATE FUNCTION access.fixity_due(older interval, most int)
RETURNS TABLE (item_id uuid, object_key text, version_id text) LANGUAGE sql STABLE {_PATH} AS $$
SELECT e.id, e.object_key, e.version_id FROM evidence_item e
WHERE e.sealed_at IS NOT NULL AND e.state <> 'destroyed' AND e.checked_at <= clock_timestamp() - older
ORDER BY e.checked_at LIMIT most $$"""
# Compared here, with the row's own hash: whoever calls this can report what was read and nothing else.
_FOUND = f"""CREATE FUNCTION access.fixity_found(item uuid, found_sha256 text, found_size bigint)
RETURNS TABLE (same boolean, same_before boolean, compartment_id int) LANGUAGE plpgsql {_PATH} AS $$
#variable_conflict use_column
DECLARE e evidence_item%ROWTYPE; good boolean;
BEGIN
  SELECT * INTO e FROM evidence_item WHERE id = item AND state <> 'destroyed' AND sealed_at IS NOT NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  good := e.sha256 = found_sha256 AND e.size = found_size;
  UPDATE evidence_item SET checked_at = clock_timestamp(), check_ok = good WHERE id = item;
  INSERT INTO custody_event (item_id, incident_id, compartment_id, opened_by_id, kind, detail)
  VALUES (item, e.incident_id, e.compartment_id, e.opened_by_id, 'checked',
    jsonb_build_object('same', good, 'sha256', found_sha256, 'in_turn', true));
  RETURN QUERY SELECT good, e.check_ok IS DISTINCT FROM false, e.compartment_id;
END $$"""
# Counts for the administrator and the doctor, who see no item.
_STATE = f"""CREATE FUNCTION access.fixity_state()
RETURNS TABLE (held bigint, differing bigint, oldest timestamptz) LANGUAGE sql STABLE {_PATH} AS $$
SELECT count(*), count(*) FILTER (WHERE e.check_ok = false), min(e.checked_at) FROM evidence_item e
WHERE e.sealed_at IS NOT NULL AND e.state <> 'destroyed' $$"""
_NAMES = (
    "held(uuid, int)",
    "keep_evidence()",
    "fixity_due(interval, int)",
    "fixity_found(uuid, text, bigint)",
    "fixity_state()",
)


def create_functions() -> list[str]:
    """Return SQL that makes the functions, owned by the role that sees every row, and the trigger that keeps."""
    return [
        _HELD,
        _KEEP,
        _DUE,
        _FOUND,
        _STATE,
        *(f"ALTER FUNCTION access.{name} OWNER TO {KEEPER}" for name in _NAMES),
        f"GRANT UPDATE (checked_at, check_ok) ON evidence_item TO {KEEPER}",
        f"GRANT INSERT ON custody_event TO {KEEPER}",
        _KEPT,
    ]
