"""Holds beat destruction; destruction takes a court's order and two people, and leaves a tombstone that proves."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db, schema
from intake.access import sessions
from intake.access.actor import Actor
from intake.access.models import Grant, User
from intake.copies.models import WorkingCopy
from intake.errors import Invalid, NotAllowed, NotNow, NotThere
from intake.evidence import batches, holds
from intake.evidence.batch_models import BatchFile
from intake.evidence.custody_models import Destruction, LegalHold
from intake.evidence.models import EvidenceItem
from intake.exports import ending
from intake.exports.models import Export
from intake.incidents.models import Incident
from intake.media.models import Derivative
from intake.storage import Storage
from intake.viewing.models import Transcript
from tests.browser import Browser
from tests.evidence.conftest import Acting
from tests.evidence.kept import incident_of, sealed
from tests.world import World

ORDER, DAY = "C.D. Cal., 2:25-cv-00000, Dkt. 77", dt.date(2026, 11, 2)
Deciding = Callable[[], AbstractContextManager[Actor]]


@pytest.fixture(scope="module")
def second(settings: object, world: World, app: Flask) -> int:
    """A second supervising attorney of the owning organisation."""
    engine = sa.create_engine(app.extensions["settings"].database_url, poolclass=sa.pool.NullPool)
    with engine.begin() as owner:
        values = {"organisation_id": world.organisation, "email": "second_attorney@example.org", "password_hash": "x"}
        user = owner.execute(sa.insert(User).values(display_name="Second Attorney", **values).returning(User.id))
        user_id: int = user.scalar_one()
        owner.execute(
            sa.insert(Grant).values(user_id=user_id, compartment_id=world.compartment, role="RO.SUPATT", tier=2)
        )
    return user_id


@pytest.fixture
def item(world: World, store: Storage, owner: sa.Connection) -> Iterator[uuid.UUID]:
    """A sealed file; afterwards no hold stands."""
    yield sealed(world.users["intake"], store, os.urandom(2000))[0]
    owner.execute(sa.text("set session_replication_role = replica"))
    owner.execute(sa.text("delete from legal_hold"))
    owner.execute(sa.text("set session_replication_role = origin"))


def asked(acting: Acting, item: uuid.UUID) -> uuid.UUID:
    with acting("attorney"):
        order = holds.ask_destruction(db.session.get_one(EvidenceItem, item), ORDER, DAY, lock_mode="GOVERNANCE")
        return order.id


def approved(order: uuid.UUID, user_id: int) -> None:
    with db.transaction():
        sessions.act_for(user_id)
        holds.decide_destruction(db.session.get_one(Destruction, order), approve=True, lock_mode="GOVERNANCE")


def hold(acting: Acting, owner: sa.Connection, item: uuid.UUID | None, who: str = "attorney") -> uuid.UUID:
    with acting(who):
        incident = db.session.get_one(Incident, incident_of(owner, item)) if item else None
        return holds.place_hold(incident, "HC.LIT", "letter of November 2").id


def stands(owner: sa.Connection, item: uuid.UUID) -> str:
    return str(owner.execute(sa.text("select state from evidence_item where id = :id"), {"id": item}).scalar_one())


def test_two_people_and_an_order_destroy_every_stored_version_and_leave_a_tombstone(
    acting: Acting, item: uuid.UUID, owner: sa.Connection, store: Storage, second: int, world: World
) -> None:
    key, sha256, size = owner.execute(
        sa.text("select object_key, sha256, size from evidence_item where id = :id"), {"id": item}
    ).one()
    store.put_object(store.bucket, key, b"a second version")
    order = asked(acting, item)
    approved(order, second)
    assert holds.destroy(order, second, store) == "done"
    assert store.versions(key) == []
    with pytest.raises(NotThere):
        store.head(key)
    row = owner.execute(sa.text("select * from destruction where id = :id"), {"id": order}).one()
    assert (row.state, row.sha256, row.size, row.authority) == ("done", sha256, size, ORDER)
    assert (row.asked_by_id, row.decided_by_id) == (world.users["attorney"], second)
    kept = owner.execute(
        sa.text("select state, sha256, filename, description from evidence_item where id = :id"), {"id": item}
    )
    assert kept.one() == ("destroyed", sha256, "", "")
    kinds = owner.execute(sa.text("select kind from custody_event where item_id = :id order by id"), {"id": item})
    assert kinds.scalars().all()[-4:] == ["destruction_asked", "destruction_approved", "closed_by_order", "destroyed"]
    assert holds.destroy(order, second, store) == "done"


def test_nobody_approves_their_own_request(acting: Acting, item: uuid.UUID, world: World, owner: sa.Connection) -> None:
    order = asked(acting, item)
    with pytest.raises(NotAllowed):
        approved(order, world.users["attorney"])
    with pytest.raises(sa.exc.IntegrityError, match="two_people"):
        owner.execute(
            sa.text("update destruction set state = 'approved', decided_by_id = asked_by_id where id = :id"),
            {"id": order},
        )


@pytest.mark.parametrize("who", ["intake", "paralegal", "cocounsel"])
def test_who_is_no_supervising_attorney_asks_for_nothing(acting: Acting, item: uuid.UUID, who: str) -> None:
    with acting(who), pytest.raises((NotAllowed, sa.exc.NoResultFound)):
        holds.ask_destruction(db.session.get_one(EvidenceItem, item), ORDER, DAY, lock_mode="GOVERNANCE")


@pytest.mark.parametrize("whole_matter", [False, True])
def test_under_a_hold_nothing_is_asked_for_approved_or_destroyed(
    acting: Acting, item: uuid.UUID, owner: sa.Connection, store: Storage, second: int, whole_matter: bool
) -> None:
    order = asked(acting, item)
    placed = hold(acting, owner, None if whole_matter else item)
    with pytest.raises(NotNow, match="held"):
        approved(order, second)
    with acting("attorney"):
        holds.lift_hold(db.session.get_one(LegalHold, placed), "the appeal is over")
    approved(order, second)
    hold(acting, owner, None if whole_matter else item)
    assert holds.destroy(order, second, store) == "stopped"
    assert stands(owner, item) == "sealed"
    assert (
        owner.execute(sa.text("select state from destruction where id = :id"), {"id": order}).scalar_one() == "stopped"
    )
    with pytest.raises(NotNow, match="held"):
        asked(acting, item)


def test_another_organisations_hold_on_the_matter_binds_too(
    acting: Acting, item: uuid.UUID, owner: sa.Connection
) -> None:
    hold(acting, owner, None, who="other_attorney")
    with pytest.raises(NotNow, match="held"):
        asked(acting, item)


def test_the_database_itself_refuses_destruction_without_order_and_under_a_hold(
    acting: Acting, item: uuid.UUID, owner: sa.Connection, second: int
) -> None:
    end = sa.text("update evidence_item set state = 'destroyed' where id = :id")
    with pytest.raises(sa.exc.DBAPIError, match="approved by a second person"):
        owner.execute(end, {"id": item})
    approved(asked(acting, item), second)
    hold(acting, owner, item)
    with pytest.raises(sa.exc.DBAPIError, match="under a legal hold"):
        owner.execute(end, {"id": item})


def test_in_compliance_mode_the_page_says_that_nobody_can(acting: Acting, item: uuid.UUID, store: Storage) -> None:
    with acting("attorney"), pytest.raises(NotNow, match="compliance"):
        holds.ask_destruction(db.session.get_one(EvidenceItem, item), ORDER, DAY, lock_mode="COMPLIANCE")


def test_a_lock_of_compliance_stops_the_store_and_the_order_stays_open(
    acting: Acting, item: uuid.UUID, owner: sa.Connection, store: Storage, second: int
) -> None:
    key = owner.execute(sa.text("select object_key from evidence_item where id = :id"), {"id": item}).scalar_one()
    version = store.put_object(store.bucket, key, b"put under the stricter lock")
    strict = Storage(store.settings.with_(s3_lock_mode="COMPLIANCE"))
    strict.retain(key, version, dt.datetime.now(dt.UTC) + dt.timedelta(days=4000))
    order = asked(acting, item)
    approved(order, second)
    with pytest.raises(NotNow, match="locked"):
        holds.destroy(order, second, store)
    assert version in {head.version_id for head in store.versions(key)}
    assert (
        owner.execute(sa.text("select state from destruction where id = :id"), {"id": order}).scalar_one() == "approved"
    )
    assert stands(owner, item) == "destroyed"  # closed to everybody here, though the store still keeps it


def test_the_programs_own_identity_destroys_nothing(item: uuid.UUID, owner: sa.Connection, store: Storage) -> None:
    key, version = owner.execute(
        sa.text("select object_key, version_id from evidence_item where id = :id"), {"id": item}
    ).one()
    own = {"s3_destroy_access_key": store.settings.s3_access_key, "s3_destroy_secret_key": store.settings.s3_secret_key}
    for settings in (store.settings.with_(**own), store.settings.with_(s3_destroy_access_key="")):
        with pytest.raises(NotNow, match="locked"):
            Storage(settings).destroy_version(key, version)
    assert store.head(key, version).version_id == version


def test_what_was_made_of_it_and_bundles_that_hold_it_go_too(
    acting: Acting, item: uuid.UUID, store: Storage, second: int, owner: sa.Connection, world: World
) -> None:
    keys = [f"{kind}/{uuid.uuid4().hex}" for kind in ("d", "w", "b")]
    for key in keys:
        store.put_object(store.exports_bucket, key, b"made of it")
    with acting("attorney") as me:
        original = db.session.get_one(EvidenceItem, item)
        place = {"item_id": item, "incident_id": original.incident_id, "compartment_id": original.compartment_id}
        place |= {"opened_by_id": original.opened_by_id, "parent_sha256": original.sha256}
        made = {"sha256": "0" * 64, "size": 10}
        db.session.add(Derivative(kind="text", tool="t", content="words in it", object_key=keys[0], **place, **made))
        db.session.add(WorkingCopy(kind="stripped", state="made", object_key=keys[1], **place, **made))
        said = [{"start": 0, "end": 900, "text": "what is said in it"}]
        del place["parent_sha256"]
        db.session.add(Transcript(language="en", origin="typed", made_by_id=me.user_id, cues=said, **place))
        held = {"profile": "files", "format": "zip", "filters": {"items": [str(item)]}}
        export = Export(user_id=me.user_id, compartments=[world.compartment], state="ready", object_key=keys[2], **held)
        db.session.add(export)
        db.session.flush()
        export_id = export.id
    order = asked(acting, item)
    approved(order, second)
    assert ending.end_what_was_made in holds._ALSO
    assert holds.destroy(order, second, store) == "done"
    for key in keys:
        with pytest.raises(NotThere):
            store.head(key, bucket=store.exports_bucket)
    content = "select content || object_key from derivative where item_id = :id union all"
    copies = sa.text(f"{content} select object_key from working_copy where item_id = :id")
    assert set(owner.execute(copies, {"id": item}).scalars()) == {""}
    cues = owner.execute(sa.text("select cues from transcript where item_id = :id"), {"id": item})
    assert cues.scalar_one() == []
    row = owner.execute(
        sa.text("select state, failure, object_key from export where id = :id"), {"id": export_id}
    ).one()
    assert tuple(row) == ("failed", "destroyed", "")


def test_an_order_is_named_and_no_private_number(acting: Acting, item: uuid.UUID) -> None:
    for authority, day in (("", DAY), ("A 123 456 789", DAY), (ORDER, dt.date(2099, 1, 1)), ("x" * 201, DAY)):
        with acting("attorney"), pytest.raises(Invalid):
            holds.ask_destruction(db.session.get_one(EvidenceItem, item), authority, day, lock_mode="GOVERNANCE")
    asked(acting, item)
    with pytest.raises(NotNow, match="already"):
        asked(acting, item)


def test_pages_place_and_lift_a_hold_and_walk_an_order_to_its_end(
    as_attorney: Browser, browser_of: Callable[[str], Browser], app: Flask, item: uuid.UUID, second: int,
    owner: sa.Connection, store: Storage,
) -> None:  # fmt: skip
    incident = incident_of(owner, item)
    as_attorney.get("/holds")
    assert (
        as_attorney.post(f"/incidents/{incident}/hold", {"reason": "HC.LIT", "reference": "letter"}).status_code == 303
    )
    assert "letter" in as_attorney.get("/holds").get_data(as_text=True)
    form = {"authority": ORDER, "ordered_on": DAY.isoformat()}
    barred = as_attorney.post(f"/evidence/{item}/destruction", form)
    assert barred.status_code == 409
    assert "A legal hold stands on it" in barred.get_data(as_text=True)
    placed = owner.execute(sa.text("select id from legal_hold")).scalar_one()
    assert as_attorney.post(f"/holds/{placed}/lift", {"why": "over"}).status_code == 303
    assert as_attorney.post(f"/evidence/{item}/destruction", form).status_code == 303
    order = owner.execute(sa.text("select id from destruction where item_id = :id"), {"id": item}).scalar_one()
    assert as_attorney.post(f"/destructions/{order}", {"decision": "approve"}).status_code == 403
    other = Browser(app).sign_in("second_attorney@example.org")
    assert "second attorney decides" in other.get("/").get_data(as_text=True)
    assert other.post(f"/destructions/{order}", {"decision": "approve"}, once=None).status_code == 303
    holds.destroy(order, second, store)
    page = as_attorney.get(f"/evidence/{item}").get_data(as_text=True)
    assert "Destroyed by order of a court" in page
    assert ORDER in page
    assert as_attorney.get(f"/evidence/{item}/file").status_code == 409


def test_a_stale_sign_in_is_asked_again_before_anything_is_destroyed(app: Flask) -> None:
    for name in ("ask_destruction", "decide_destruction", "lift_hold"):
        assert getattr(app.view_functions[f"evidence.{name}"], "fresh") is True  # noqa: B009


def test_migration_0008_goes_down_with_a_destroyed_item_and_up_again(
    acting: Acting, item: uuid.UUID, owner: sa.Connection, store: Storage, second: int, app: Flask
) -> None:
    order = asked(acting, item)
    approved(order, second)
    holds.destroy(order, second, store)
    url = app.extensions["settings"].database_url
    db.session.remove()
    schema.downgrade(url, "0007")
    assert stands(owner, item) == "quarantined"
    schema.upgrade(url)
    assert owner.execute(sa.text("select count(*) from destruction")).scalar_one() == 0


def test_the_name_of_a_destroyed_file_stands_in_no_list_of_its_batch(
    acting: Acting, item: uuid.UUID, owner: sa.Connection, store: Storage, second: int, as_intake: Browser
) -> None:
    with acting("intake"):
        file = db.session.get_one(EvidenceItem, item)
        incident = db.session.get_one(Incident, file.incident_id)
        batch = batches.open_batch(
            incident, account=None, files=1, size=file.size, once_key=uuid.uuid4(), settings=store.settings
        )
        batches.declare(batch, [batches.Line(1, "jilguero.jpg", "mirlo/jilguero.jpg", file.size, file.once_key)])
        batch_id = batch.id
        db.session.execute(sa.update(BatchFile).where(BatchFile.batch_id == batch_id).values(item_id=item))
    page = f"/batches/{batch_id}"
    assert "jilguero" in as_intake.get(page).get_data(as_text=True)
    order = asked(acting, item)
    approved(order, second)
    assert holds.destroy(order, second, store) == "done"
    assert "jilguero" not in as_intake.get(page).get_data(as_text=True)
    kept = owner.execute(sa.text("select filename, path from batch_file where item_id = :id"), {"id": item})
    assert kept.one() == ("", "")
