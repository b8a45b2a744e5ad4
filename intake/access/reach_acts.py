"""What changes who reaches what, as SQL: grants and walls are weighed by triggers, break-glass by functions.

The services ask the same questions beforehand and say no in words; here the database says no to whatever comes past
them, so that a forged form or an injected statement gives nobody more than the page would have.
"""

from __future__ import annotations

from intake.access.reach import KEEPER, READERS

_ACT = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp"
_WEIGH = "LANGUAGE plpgsql SET search_path = public, pg_temp"
# The same words as PostgreSQL's own refusal: db.transaction turns both into NotAllowed.
_NO = "RAISE EXCEPTION 'refused by row-level security: %', {why} USING ERRCODE = 'insufficient_privilege';"
# The owner's own tools (first administrators, the demonstration) are not weighed; who may act as owner could alter this.
_OWNER = "pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')"

# Requirements 30 and 33: nobody grants to themselves; administrators hold no other role; what reads records waits for
# a supervising attorney of the owning organisation who did not give it. Less is always allowed, and at once.
_WEIGH_GRANT = f"""CREATE FUNCTION access.weigh_grant() RETURNS trigger {_WEIGH} AS $$
DECLARE me int := access.me(); wider boolean;
BEGIN
  IF {_OWNER} THEN RETURN NEW; END IF;
  IF me IS NULL OR NEW.user_id = me THEN {_NO.format(why="'nobody grants to themselves'")} END IF;
  wider := TG_OP = 'INSERT';
  IF NOT wider THEN
    wider := (NEW.user_id, NEW.compartment_id, NEW.role) IS DISTINCT FROM (OLD.user_id, OLD.compartment_id, OLD.role)
      OR NEW.tier > OLD.tier OR coalesce(NEW.expires_at, 'infinity') > coalesce(OLD.expires_at, 'infinity');
  END IF;
  IF wider THEN
    PERFORM 1 FROM app_user u JOIN compartment c ON c.organisation_id = u.organisation_id
      WHERE u.id = NEW.user_id AND c.id = NEW.compartment_id AND c.id = ANY(access.managing()) FOR UPDATE OF u;
    IF NOT FOUND THEN {_NO.format(why="'not an administrator of this organisation'")} END IF;
    IF EXISTS (SELECT 1 FROM access_grant g WHERE g.user_id = NEW.user_id AND g.id <> NEW.id
      AND (g.expires_at IS NULL OR g.expires_at > now()) AND (g.role = 'RO.ADMIN') <> (NEW.role = 'RO.ADMIN'))
    THEN {_NO.format(why="'an administrator holds no other role'")} END IF;
    NEW.granted_by_id := me;
    NEW.awaits_confirmation := NEW.role NOT IN ('RO.ADMIN', 'RO.AUDITOR');
    NEW.confirmed_by_id := NULL;
    NEW.confirmed_at := NULL;
  ELSIF OLD.awaits_confirmation AND NOT NEW.awaits_confirmation THEN
    IF NEW.granted_by_id = me OR NOT NEW.compartment_id = ANY(access.approving())
    THEN {_NO.format(why="'not an approver of this grant'")} END IF;
    NEW.confirmed_by_id := me;
    NEW.confirmed_at := clock_timestamp();
  ELSIF NOT (NEW.compartment_id = ANY(access.managing() || access.approving()))
  THEN {_NO.format(why="'not an administrator of this organisation'")}
  ELSE
    NEW.granted_by_id := OLD.granted_by_id;
    NEW.confirmed_by_id := OLD.confirmed_by_id;
    NEW.confirmed_at := OLD.confirmed_at;
  END IF;
  RETURN NEW;
END $$"""
# A wall is put up and taken down, never moved or rewritten, by an administrator of the walled person's organisation.
_WEIGH_WALL = f"""CREATE FUNCTION access.weigh_wall() RETURNS trigger {_WEIGH} AS $$
DECLARE me int := access.me();
BEGIN
  IF {_OWNER} THEN RETURN NEW; END IF;
  PERFORM 1 FROM app_user u JOIN compartment c ON c.organisation_id = u.organisation_id
    WHERE u.id = NEW.user_id AND u.id <> me AND c.id = ANY(access.managing());
  IF NOT FOUND THEN {_NO.format(why="'not an administrator of this organisation'")} END IF;
  IF TG_OP = 'INSERT' THEN NEW.built_by_id := me; NEW.ended_at := NULL; RETURN NEW; END IF;
  IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR (NEW.id, NEW.user_id, NEW.compartment_id, NEW.incident_id, NEW.reason,
    NEW.built_by_id, NEW.built_at) IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.compartment_id, OLD.incident_id, OLD.reason,
    OLD.built_by_id, OLD.built_at)
  THEN {_NO.format(why="'a wall is only put up and taken down'")} END IF;
  NEW.ended_by_id := me;
  NEW.ended_at := clock_timestamp();
  RETURN NEW;
END $$"""
# A supervising attorney sets the tier, as far as their own grant reaches: nobody shuts themselves out, or reaches in.
_WEIGH_TIER = f"""CREATE FUNCTION access.weigh_tier() RETURNS trigger {_WEIGH} AS $$
BEGIN
  IF NOT {_OWNER} AND NOT EXISTS (SELECT 1 FROM access.granted(ARRAY['RO.SUPATT']) h
    WHERE h.compartment_id = NEW.compartment_id AND h.tier >= greatest(OLD.tier, NEW.tier))
  THEN {_NO.format(why="'the tier is not theirs to set'")} END IF;
  RETURN NEW;
END $$"""
_TRIGGERS = (
    "CREATE TRIGGER weigh_grant BEFORE INSERT OR UPDATE ON access_grant FOR EACH ROW EXECUTE FUNCTION access.weigh_grant()",
    "CREATE TRIGGER weigh_wall BEFORE INSERT OR UPDATE ON ethical_wall FOR EACH ROW EXECUTE FUNCTION access.weigh_wall()",
    "CREATE TRIGGER weigh_tier BEFORE UPDATE ON incident FOR EACH ROW WHEN (OLD.tier IS DISTINCT FROM NEW.tier)"
    " EXECUTE FUNCTION access.weigh_tier()",
)

# Codes and identifiers only: the words stand in the page of whoever may read what they point to.
_ALERT = f"""CREATE FUNCTION access.alert(of_compartment int, what text, record text,
  roles text[] DEFAULT ARRAY['RO.SUPATT', 'RO.ADMIN']) RETURNS bigint {_ACT} AS $$
DECLARE told bigint;
BEGIN
  INSERT INTO notice (user_id, compartment_id, code, record_id)
  SELECT DISTINCT g.user_id, g.compartment_id, what, record FROM access.live g
  WHERE g.compartment_id = of_compartment AND g.role = ANY(roles);
  GET DIAGNOSTICS told = ROW_COUNT;
  RETURN told;
END $$"""
# The record of a number, for a wall that an administrator builds: they learn that it exists and nothing more.
_NUMBERED = """CREATE FUNCTION access.numbered(of_compartment int, wanted bigint) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT i.id FROM incident i JOIN compartment c ON c.id = i.compartment_id WHERE i.compartment_id = of_compartment AND i.number = wanted
AND c.matter_id IN (SELECT m.matter_id FROM compartment m WHERE m.id = ANY(access.managing())) $$"""
# A number that does not exist, that is sealed by a court or stands behind the asker's wall is taken like any other:
# the asker learns nothing from asking, and nobody can open it.
_ASK = f"""CREATE FUNCTION access.ask_glass(wanted bigint, why text) RETURNS uuid {_ACT} AS $$
DECLARE me int := access.me(); named uuid; theirs int; made uuid;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM access.live g WHERE g.user_id = me AND g.role IN ('RO.INTAKE', {READERS}))
  THEN {_NO.format(why="'no role that reads records'")} END IF;
  SELECT i.id, i.compartment_id INTO named, theirs FROM incident i JOIN compartment c ON c.id = i.compartment_id
  WHERE i.number = wanted AND i.tier < 3 AND (c.left_on IS NULL OR c.left_on > current_date)
  AND c.matter_id IN (SELECT g.matter_id FROM access.live g WHERE g.user_id = me AND g.role IN ('RO.INTAKE', {READERS}))
  AND NOT EXISTS (SELECT 1 FROM ethical_wall w WHERE w.user_id = me AND w.ended_at IS NULL
    AND (w.incident_id = i.id OR (w.incident_id IS NULL AND w.compartment_id = i.compartment_id)));
  INSERT INTO break_glass (compartment_id, incident_id, number, asked_by_id, reason)
  VALUES (theirs, named, wanted, me, why) RETURNING id INTO made;
  IF theirs IS NOT NULL THEN PERFORM access.alert(theirs, 'glass.asked', made::text); END IF;
  RETURN made;
END $$"""


def _on_glass(name: str, arguments: str, body: str) -> str:
    """A function on one break-glass row that the actor may decide on; answers 'ok' or why not."""
    return f"""CREATE FUNCTION access.{name}(which uuid{arguments}) RETURNS text {_ACT} AS $$
DECLARE me int := access.me(); b break_glass; decides boolean;
BEGIN
  SELECT * INTO b FROM break_glass WHERE id = which FOR UPDATE;
  decides := coalesce(b.compartment_id = ANY(access.approving()) AND b.incident_id <> ALL(access.above()), false);
  IF NOT decides AND b.asked_by_id IS DISTINCT FROM me THEN RETURN 'absent'; END IF;
  {body}
  RETURN 'ok';
END $$"""


_SET = "UPDATE break_glass SET version = version + 1,"
_OPEN = _on_glass(
    "open_glass",
    "",
    f"""IF b.asked_by_id = me THEN RETURN 'own'; END IF;
  IF b.allowed_at IS NOT NULL OR b.refused_at IS NOT NULL OR b.created_at < now() - interval '24 hours' THEN RETURN 'over'; END IF;
  {_SET} allowed_by_id = me, allowed_at = statement_timestamp(), ends_at = statement_timestamp() + interval '60 minutes'
  WHERE id = which;
  PERFORM access.alert(b.compartment_id, 'glass.opened', which::text);
  INSERT INTO notice (user_id, code, record_id) VALUES (b.asked_by_id, 'glass.yours', which::text);""",
)
_REFUSE = _on_glass(
    "refuse_glass",
    "",
    f"""IF b.asked_by_id = me THEN RETURN 'own'; END IF;
  IF b.allowed_at IS NOT NULL OR b.refused_at IS NOT NULL THEN RETURN 'over'; END IF;
  {_SET} refused_at = clock_timestamp() WHERE id = which;""",
)
_END = _on_glass(
    "end_glass",
    "",
    f"""IF b.allowed_at IS NULL OR b.ended_at IS NOT NULL OR b.ends_at < clock_timestamp() THEN RETURN 'over'; END IF;
  {_SET} ended_at = clock_timestamp() WHERE id = which;""",
)
_REVIEW = _on_glass(
    "review_glass",
    ", good boolean, words text",
    f"""IF b.asked_by_id = me THEN RETURN 'own'; END IF;
  IF b.reviewed_at IS NOT NULL OR b.allowed_at IS NULL THEN RETURN 'over'; END IF;
  IF b.ended_at IS NULL AND b.ends_at > clock_timestamp() THEN RETURN 'open'; END IF;
  {_SET} reviewed_by_id = me, reviewed_at = clock_timestamp(), justified = good, review = words WHERE id = which;""",
)
_KEPT = (
    "alert(int, text, text, text[])",
    "numbered(int, bigint)",
    "ask_glass(bigint, text)",
    "open_glass(uuid)",
    "refuse_glass(uuid)",
    "end_glass(uuid)",
    "review_glass(uuid, boolean, text)",
)


def create_functions() -> list[str]:
    """Return SQL for the weighing triggers and the acts of break-glass; the acts belong to the keeper."""
    made = (_WEIGH_GRANT, _WEIGH_WALL, _WEIGH_TIER, *_TRIGGERS, _ALERT, _NUMBERED, _ASK, _OPEN, _REFUSE, _END, _REVIEW)
    return [*made, *(f"ALTER FUNCTION access.{name} OWNER TO {KEEPER}" for name in _KEPT)]
