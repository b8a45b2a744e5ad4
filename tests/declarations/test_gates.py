"""From state to state, and what bars each step."""

from __future__ import annotations

import json
import threading
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import NoResultFound

from intake import db
from intake.access import sessions
from intake.declarations import gates, services
from intake.declarations.models import DeclarationVersion
from intake.declarations.versions import hash_of, text_of
from intake.errors import NotAllowed, NotNow, StaleVersion
from tests.declarations.conftest import Acting, a_declaration, answer, load, lock, paragraph, walk
from tests.world import World


def _codes(declaration_id: uuid.UUID, to: str) -> set[str]:
    return {o.code for o in gates.obstacles(load(declaration_id), to)}


def test_the_way_to_a_locked_text_keeps_every_version(acting: Acting, owner: sa.Connection) -> None:
    declaration_id = a_declaration(acting)
    text_hash = lock(acting, declaration_id)
    kept = owner.execute(
        sa.text("select number, state, text_hash from declaration_version where declaration_id = :id order by number"),
        {"id": declaration_id},
    ).all()
    assert [(row.number, row.state) for row in kept] == [
        (1, "DS.DRAFT"),
        (2, "DS.REVIEW"),
        (3, "DS.READBACK"),
        (4, "DS.LOCKED"),
    ]
    assert kept[-1].text_hash == text_hash


def test_the_hash_is_that_of_the_text_in_canonical_json(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    text_hash = lock(acting, declaration_id)
    with acting("attorney"):
        declaration = load(declaration_id)
        assert hash_of(declaration) == declaration.text_hash == text_hash
        newest = db.session.scalars(
            sa.select(DeclarationVersion)
            .where(DeclarationVersion.declaration_id == declaration_id)
            .order_by(DeclarationVersion.number.desc())
        ).first()
        assert newest is not None
        assert newest.text == json.loads(json.dumps(text_of(declaration)))


def test_any_change_makes_another_hash(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        seen = {hash_of(load(declaration_id))}
        services.edit_paragraph(paragraph(declaration_id, 2), text="I was at the stores.", basis="KB.SAW")
        seen.add(hash_of(load(declaration_id)))
        services.edit_paragraph(paragraph(declaration_id, 2), text="I was at the stores.", basis="KB.HEARD")
        seen.add(hash_of(load(declaration_id)))
        services.describe(load(declaration_id), oath_form="OA.ABROAD")
        seen.add(hash_of(load(declaration_id)))
        assert len(seen) == 4


def test_unlocking_returns_to_draft_and_the_locked_version_stays(acting: Acting, owner: sa.Connection) -> None:
    declaration_id = a_declaration(acting)
    first = lock(acting, declaration_id)
    with acting("attorney"):
        declaration = walk(declaration_id, "DS.DRAFT")
        assert (declaration.text_hash, declaration.locked_at, declaration.approved_at) == (None, None, None)
        services.edit_paragraph(declaration.paragraphs[1], text="I was by the store.", basis="KB.SAW")
    second = lock(acting, declaration_id)
    assert second != first
    kept = owner.execute(
        sa.text(
            "select text_hash from declaration_version where declaration_id = :id and state = 'DS.LOCKED' order by number"
        ),
        {"id": declaration_id},
    ).scalars()
    # Unlocking keeps the text once more as it stood.
    assert list(kept) == [first, first, second]


def test_kept_versions_are_never_changed(acting: Acting, owner: sa.Connection) -> None:
    declaration_id = a_declaration(acting)
    lock(acting, declaration_id)
    with acting("attorney"):
        changed = sa.text("update declaration_version set state = 'X' where declaration_id = :id returning id")
        assert db.session.execute(changed, {"id": declaration_id}).all() == []


def test_a_paragraph_without_basis_or_text_is_not_sent_to_review(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"):
        services.edit_paragraph(paragraph(declaration_id, 2), text="", basis="")
        assert _codes(declaration_id, "DS.REVIEW") == {"basis", "text"}
        with pytest.raises(NotNow):
            walk(declaration_id, "DS.REVIEW")


@pytest.mark.parametrize("who", ["intake", "paralegal"])
def test_only_an_attorney_approves_and_locks(acting: Acting, who: str) -> None:
    declaration_id = a_declaration(acting)
    with acting(who):
        walk(declaration_id, "DS.REVIEW")
    with acting(who), pytest.raises(NotAllowed):
        walk(declaration_id, "DS.READBACK")
    with acting("attorney"):
        walk(declaration_id, "DS.READBACK")
    with acting(who), pytest.raises(NotAllowed):
        walk(declaration_id, "DS.LOCKED")
    with acting("attorney"):
        walk(declaration_id, "DS.LOCKED")
    # Who only opened the intake no longer reaches what is locked.
    with acting(who), pytest.raises(NoResultFound if who == "intake" else NotAllowed):
        walk(declaration_id, "DS.DRAFT")


def test_no_step_is_skipped(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"), pytest.raises(NotNow):
        walk(declaration_id, "DS.LOCKED")


def test_what_the_person_only_heard_from_others_bars_approval(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        services.edit_paragraph(paragraph(declaration_id, 2), text="Pedro told me.", basis="KB.HEARD3")
        walk(declaration_id, "DS.REVIEW")
        assert _codes(declaration_id, "DS.READBACK") == {"lint"}
        with pytest.raises(NotNow):
            walk(declaration_id, "DS.READBACK")


def test_permission_taken_back_bars_approval_at_once(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        declaration = walk(declaration_id, "DS.REVIEW")
        answer(declaration.person_id, declaration.incident_id, "CN.INTAKE", "withdrawn")
        assert "consent" in _codes(declaration_id, "DS.READBACK")
        with pytest.raises(NotNow):
            walk(declaration_id, "DS.READBACK")
        walk(declaration_id, "DS.WITHDRAWN")


def test_a_text_is_locked_only_with_permission_to_file(acting: Acting) -> None:
    declaration_id = a_declaration(acting, scopes=("CN.INTAKE",))
    with acting("attorney"):
        walk(declaration_id, "DS.REVIEW", "DS.READBACK")
        assert "consent_court" in _codes(declaration_id, "DS.LOCKED")
        with pytest.raises(NotNow):
            walk(declaration_id, "DS.LOCKED")


def test_open_questions_ask_once(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        services.comment(load(declaration_id), "Which arm?")
        walk(declaration_id, "DS.REVIEW")
        with pytest.raises(NotNow):
            walk(declaration_id, "DS.READBACK", anyway=False)
        assert walk(declaration_id, "DS.READBACK", anyway=True).state == "DS.READBACK"


def test_paragraphs_not_read_back_ask_before_locking(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        declaration = walk(declaration_id, "DS.REVIEW", "DS.READBACK")
        with pytest.raises(NotNow):
            walk(declaration_id, "DS.LOCKED", anyway=False)
        for each in declaration.paragraphs:
            services.confirm_paragraph(each)
        assert walk(declaration_id, "DS.LOCKED", anyway=False).state == "DS.LOCKED"


def test_each_read_back_is_of_the_whole_text(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        declaration = walk(declaration_id, "DS.REVIEW", "DS.READBACK")
        services.confirm_paragraph(declaration.paragraphs[0])
        walk(declaration_id, "DS.DRAFT", "DS.REVIEW", "DS.READBACK")
        assert paragraph(declaration_id, 1).confirmed_at is None


def test_a_text_told_in_another_language_needs_its_interpreters_certificate(acting: Acting) -> None:
    declaration_id = a_declaration(acting, narrative="Me agarró del brazo.", narrative_language="es")
    with acting("attorney"):
        services.edit_paragraph(paragraph(declaration_id, 3), text="He took my arm.", basis="KB.DID")
        walk(declaration_id, "DS.REVIEW")
        assert _codes(declaration_id, "DS.READBACK") == {"lint"}
        certificate = {"interpreter": "Eva Modelo", "languages": "Spanish", "qualification": "Federally certified"}
        services.describe(load(declaration_id), certificate=certificate)
        walk(declaration_id, "DS.READBACK")
        services.describe(load(declaration_id), certificate={**certificate, "interpreter_kind": "IM.MACHINE"})
        assert "machine" in _codes(declaration_id, "DS.LOCKED")
        with pytest.raises(NotNow):
            walk(declaration_id, "DS.LOCKED")


def test_a_text_that_carries_the_true_name_is_not_locked_under_another(acting: Acting) -> None:
    declaration_id = a_declaration(acting, name="María Núñez", narrative="They said: Maria Nunez, come here.")
    with acting("attorney"):
        walk(declaration_id, "DS.REVIEW", "DS.READBACK")
    with acting("attorney"), pytest.raises(NotNow, match="name_in_text"):
        walk(declaration_id, "DS.LOCKED")
    with acting("attorney"):
        services.describe(load(declaration_id), name_style="true_name")
        walk(declaration_id, "DS.LOCKED")


def test_taking_a_step_twice_takes_it_once(acting: Acting, owner: sa.Connection) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        walk(declaration_id, "DS.REVIEW", "DS.REVIEW")
    count = sa.text("select count(*) from declaration_version where declaration_id = :id")
    assert owner.execute(count, {"id": declaration_id}).scalar_one() == 1


def test_a_text_that_changed_since_it_was_read_is_not_approved(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        seen = hash_of(walk(declaration_id, "DS.REVIEW"))
    with acting("intake"):
        services.edit_paragraph(paragraph(declaration_id, 2), text="Something else.", basis="KB.SAW")
    with acting("attorney"), pytest.raises(StaleVersion):
        gates.move(load(declaration_id), "DS.READBACK", seen=seen)


def test_an_edit_and_a_lock_at_the_same_time_never_part_text_and_hash(acting: Acting, world: World) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        walk(declaration_id, "DS.REVIEW", "DS.READBACK")
    ready, refused = threading.Barrier(2), []

    def edit() -> None:
        with db.transaction():
            sessions.act_for(world.users["intake"])
            mine = paragraph(declaration_id, 2)
            ready.wait(10)
            try:
                services.edit_paragraph(mine, text="Edited meanwhile.", basis="KB.SAW")
            except NotNow as late:
                refused.append(late.why)

    editor = threading.Thread(target=edit)
    editor.start()
    with acting("attorney"):
        declaration = load(declaration_id)
        ready.wait(10)
        gates.move(declaration, "DS.LOCKED", anyway=True)
    editor.join(20)
    with acting("attorney"):
        declaration = load(declaration_id)
        assert declaration.text_hash == hash_of(declaration)
        edited = declaration.paragraphs[1].text == "Edited meanwhile."
        assert edited != bool(refused)
