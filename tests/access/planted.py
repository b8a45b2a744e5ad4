"""One record of every kind that has an address, each holding a word that no stranger may ever be sent."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.access.actor import current
from intake.access.fields import FieldClass
from intake.access.models import BreakGlass, Compartment, Grant, Notice, Organisation, Session, Share, Wall
from intake.access.proofs import Passkey
from intake.copies.models import WorkingCopy
from intake.declarations import services as declarations
from intake.deidentified.models import Project
from intake.evidence import batches
from intake.evidence.batch_models import EvidenceBatch
from intake.evidence.custody_models import Destruction, ItemOrigin, LegalHold
from intake.evidence.models import EvidenceItem
from intake.evidence.uploads import open_row
from intake.exports.models import Export
from intake.incidents import claims, services, sharing
from intake.incidents.models import Account, Incident
from intake.people import protected
from intake.people.models import Person
from intake.people.services import describe_person, record_consent
from intake.people.vault import seal_identity
from intake.preservation import services as preservation
from intake.search.services import keep_words
from intake.settings import Settings
from intake.viewing import services as viewing
from tests.world import World

# A word for each field class. All hold the stem, which no page says by itself.
CANARIES = {
    FieldClass.CONFIDENTIAL: "zorzalcanario",
    FieldClass.WORK_PRODUCT: "mirlocanario",
    FieldClass.OPINION: "tordocanario",
    FieldClass.SEALED: "jilguerocanario",
    FieldClass.MEDIA: "pardillocanario",
}
CANARY, STEM = CANARIES[FieldClass.CONFIDENTIAL], "canario"
_NOTED, _LEGAL = CANARIES[FieldClass.WORK_PRODUCT], CANARIES[FieldClass.OPINION]
_NAMED, _FILED = CANARIES[FieldClass.SEALED], CANARIES[FieldClass.MEDIA]

Ids = dict[str, Any]


def plant(world: World, owner: sa.Connection) -> Ids:
    """Write the records of the owning organisation; returns {name: identifier}."""
    with db.transaction():
        sessions.act_for(world.users["intake"])
        ids = plant_record()
    ids["third"] = _third_organisation(world, owner)
    with db.transaction():
        me = sessions.act_for(world.users["attorney"])
        incident = db.session.get_one(Incident, ids["incident"])
        ids["share"] = sharing.share_incident(incident, ids["third"]).id
        search = keep_words(f"{CANARY} tires")
        search.name = CANARY
        export = Export(user_id=me.user_id, format="csv", search_id=search.id, filters={"month": [CANARY]})
        db.session.add(export)
        db.session.flush()
        ids |= _locked(incident, ids["person"])
        ids |= {"search": search.id, "export": export.id, "user": world.users["stranger"]} | _kept(
            incident, ids["item"]
        )
    # A project of somebody who opens none.
    theirs = {"user_id": world.users["auditor"], "matter_id": world.matter, "title": CANARY}
    ids["project"] = owner.execute(sa.insert(Project).values(**theirs).returning(Project.id)).scalar_one()
    ids |= _ways_in(world, owner) | _reach(world, owner, ids["incident"])
    assert owner.execute(sa.select(sa.func.count()).select_from(Share.__table__)).scalar_one() == 1
    return ids


def _locked(incident: Incident, person_id: uuid.UUID) -> Ids:
    """Write a protected fact, and a request to read words that were masked."""
    entry = protected.propose(db.session.get_one(Person, person_id), "PX.VISA", _NAMED, "safety")
    place = {"compartment_id": incident.compartment_id, "opened_by_id": incident.opened_by_id}
    words = protected.put("masked", {"value": _NAMED}, marker=1, incident_id=incident.id, person_id=person_id, **place)
    return {"entry": entry, "opening": protected.ask(words, "advise_client")}


def _ways_in(world: World, owner: sa.Connection) -> Ids:
    """Write a passkey and a session of the paralegal."""
    key = {"credential_id": b"k", "public_key": b"k", "sign_count": 0, "backed_up": False, "transports": []}
    theirs = {"user_id": world.users["paralegal"], "name": CANARY, **key}
    passkey = owner.execute(sa.insert(Passkey).values(**theirs).returning(Passkey.id)).scalar_one()
    with db.transaction():
        sessions.open_session(world.users["paralegal"], sessions.PASSKEY, CANARY)
    session = sa.select(Session.id).where(Session.agent == CANARY)
    return {"passkey": passkey, "session": owner.execute(session).scalar_one()}


def plant_record() -> Ids:
    """Write one incident with everything on it, as the acting intake worker; returns {name: identifier}."""
    ids = _told()
    return ids | _written(db.session.get_one(Account, ids["account"]))


def _told() -> Ids:
    account = services.open_intake("field", "en")
    incident = db.session.get_one(Incident, account.incident_id)
    person = db.session.get_one(Person, account.person_id)
    services.name_incident(incident, f"{CANARY} at the lot")
    services.save_story(account, f"They took him. He said {CANARY}.", "en")
    services.save_where(incident, f"{CANARY} street", site_name=CANARY)
    describe_person(person, city=CANARY, variant_town=CANARY)
    seal_identity(person, {"legal_name": _NAMED, "phone": _NAMED})
    for scope in ("CN.INTAKE", "CN.COCOUNSEL"):
        consent = record_consent(person, incident.id, scope, "yes", "en")
    return {"incident": incident.id, "account": account.id, "person": person.id, "consent": consent.id}


def _written(account: Account) -> Ids:
    incident = db.session.get_one(Incident, account.incident_id)
    tag = claims.suggest_claim(incident, "CL.4A.STOP", f"because {_LEGAL}")
    note = claims.write_note(incident, f"ask about {_NOTED}", "en")
    item, _new = open_row(
        incident, account=account, filename=f"{_FILED}.jpg", size=9, media_type="image/jpeg", once_key=uuid.uuid4()
    )
    item.description = CANARY
    file = _sealed_file(incident, account)
    batch = _batch_of(incident, item)
    declaration = declarations.start_declaration(account, f"motion {CANARY}")
    paragraph = declaration.paragraphs[-1]
    declarations.edit_paragraph(paragraph, text=f"I said {CANARY}.", basis="KB.DID", heading=CANARY)
    source = declarations.tie_source(paragraph, item.id, CANARY)
    comment = declarations.comment(declaration, f"which {_NOTED}?", paragraph.id)
    recording = preservation.suspect(incident, "PS.STORE", what=CANARY, quote=CANARY)
    return {
        "tag": tag.id,
        "file": file.id,
        "note": note.id,
        "item": item.id,
        "batch": batch.id,
        "declaration": declaration.id,
        "paragraph": paragraph.id,
        "source": source.id,
        "comment": comment.id,
        "recording": recording.id,
        "copy": _copy(item).id,
        "media_note": viewing.write_note(item, viewing.Remark(CANARY, at=1)).id,
        "transcript": viewing.keep_transcript(item, CANARY, "en", translation=False).id,
    }


def _sealed_file(incident: Incident, account: Account) -> EvidenceItem:
    # Its bytes are nowhere: an address of the store is signed without asking the store.
    key = uuid.uuid4()
    item, _new = open_row(
        incident, account=account, filename=f"{_FILED}.png", size=9, media_type="image/png", once_key=key
    )
    item.sealed_at = db.session.scalar(sa.select(sa.func.now()))
    item.state, item.sha256, item.version_id, item.scan = "sealed", "ab" * 32, "1", "clean"
    item.description, item.content_type = CANARY, "image/png"
    db.session.flush()
    return item


def _batch_of(incident: Incident, item: EvidenceItem) -> EvidenceBatch:
    settings = Settings.load(profile="test")
    batch = batches.open_batch(incident, account=None, files=1, size=9, once_key=uuid.uuid4(), settings=settings)
    batches.declare(batch, [batches.Line(1, f"{_FILED}.jpg", f"{_FILED}/{_FILED}.jpg", 9, item.once_key)])
    return batch


def _copy(item: EvidenceItem) -> WorkingCopy:
    place = {"incident_id": item.incident_id, "compartment_id": item.compartment_id}
    copy = WorkingCopy(
        item_id=item.id, kind="stripped", parent_sha256="0" * 64, opened_by_id=item.opened_by_id, **place
    )
    db.session.add(copy)
    db.session.flush()
    return copy


def _kept(incident: Incident, item_id: uuid.UUID) -> Ids:
    item, me = db.session.get_one(EvidenceItem, item_id), current().user_id
    place = {
        "incident_id": incident.id,
        "compartment_id": incident.compartment_id,
        "opened_by_id": incident.opened_by_id,
    }
    origin = ItemOrigin(item_id=item.id, device_model=_FILED, **place)
    hold = LegalHold(reason="HC.LIT", reference=_NOTED, placed_by_id=me, **place)
    order = Destruction(
        item_id=item.id, authority=_FILED, ordered_on=dt.date(2026, 1, 2), asked_by_id=me, sha256="0" * 64, size=9, **place
    )  # fmt: skip
    db.session.add_all([origin, hold, order])
    db.session.flush()
    return {"hold": hold.id, "order": order.id}


def _reach(world: World, owner: sa.Connection, incident_id: uuid.UUID) -> Ids:
    """A grant and a wall of another organisation's person, a colleague's broken glass, an attorney's notice."""
    theirs = {"user_id": world.users["stranger"], "compartment_id": world.other_compartment}
    asked = {
        "asked_by_id": world.users["paralegal"],
        "compartment_id": world.compartment,
        "incident_id": incident_id,
        "number": 1,
        "reason": CANARY,
    }
    add = lambda model, **values: owner.execute(sa.insert(model).values(**values).returning(model.id)).scalar_one()  # noqa: E731
    return {
        "grant": owner.execute(sa.select(Grant.id).where(Grant.user_id == world.users["stranger"])).scalar_one(),
        "wall": add(Wall, incident_id=incident_id, reason=CANARY, **theirs),
        "glass": add(BreakGlass, **asked),
        "notice": add(Notice, user_id=world.users["attorney"], code="glass.asked"),
    }


def _third_organisation(world: World, owner: sa.Connection) -> int:
    # So that a share stands which neither the stranger's organisation nor co-counsel's is part of.
    made = owner.execute(
        sa.insert(Organisation).values(name="Third Aid", short_name="Third").returning(Organisation.id)
    )
    third = int(made.scalar_one())
    values = {"matter_id": world.matter, "organisation_id": third, "agreement_no": "CI-1"}
    owner.execute(sa.insert(Compartment).values(**values))
    return third
