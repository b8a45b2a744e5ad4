"""One record of every kind that has an address, each holding a word that no stranger may ever be sent."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.access.models import Compartment, Organisation, Share
from intake.declarations import services as declarations
from intake.deidentified.models import Project
from intake.evidence.uploads import open_row
from intake.exports.models import Export
from intake.incidents import claims, services, sharing
from intake.incidents.models import Account, Incident
from intake.people.models import Person
from intake.people.services import describe_person, record_consent
from intake.people.vault import seal_identity
from intake.preservation import services as preservation
from intake.search.services import keep_words
from tests.world import World

CANARY = "zorzalcanario"

Ids = dict[str, Any]


def plant(world: World, owner: sa.Connection) -> Ids:
    """Write the records of the owning organisation; returns {name: identifier}."""
    with db.transaction():
        sessions.act_for(world.users["intake"])
        ids = _told() | _written()
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
        ids |= {"search": search.id, "export": export.id, "user": world.users["stranger"]}
    # A project of somebody who opens none.
    theirs = {"user_id": world.users["auditor"], "matter_id": world.matter, "title": CANARY}
    ids["project"] = owner.execute(sa.insert(Project).values(**theirs).returning(Project.id)).scalar_one()
    assert owner.execute(sa.select(sa.func.count()).select_from(Share.__table__)).scalar_one() == 1
    return ids


def _told() -> Ids:
    account = services.open_intake("field", "en")
    incident = db.session.get_one(Incident, account.incident_id)
    person = db.session.get_one(Person, account.person_id)
    services.name_incident(incident, f"{CANARY} at the lot")
    services.save_story(account, f"They took him. He said {CANARY}.", "en")
    services.save_where(incident, f"{CANARY} street", site_name=CANARY)
    describe_person(person, city=CANARY, variant_town=CANARY)
    seal_identity(person, {"legal_name": CANARY, "phone": CANARY})
    for scope in ("CN.INTAKE", "CN.COCOUNSEL"):
        consent = record_consent(person, incident.id, scope, "yes", "en")
    return {"incident": incident.id, "account": account.id, "person": person.id, "consent": consent.id}


def _written() -> Ids:
    account = db.session.scalars(sa.select(Account)).one()
    incident = db.session.get_one(Incident, account.incident_id)
    tag = claims.suggest_claim(incident, "CL.4A.STOP", f"because {CANARY}")
    note = claims.write_note(incident, f"ask about {CANARY}", "en")
    item, _new = open_row(
        incident, account=account, filename=f"{CANARY}.jpg", size=9, media_type="image/jpeg", once_key=uuid.uuid4()
    )
    item.description = CANARY
    declaration = declarations.start_declaration(account, f"motion {CANARY}")
    paragraph = declaration.paragraphs[-1]
    declarations.edit_paragraph(paragraph, text=f"I said {CANARY}.", basis="KB.DID", heading=CANARY)
    source = declarations.tie_source(paragraph, item.id, CANARY)
    comment = declarations.comment(declaration, f"which {CANARY}?", paragraph.id)
    recording = preservation.suspect(incident, "PS.STORE", what=CANARY, quote=CANARY)
    return {
        "tag": tag.id,
        "note": note.id,
        "item": item.id,
        "declaration": declaration.id,
        "paragraph": paragraph.id,
        "source": source.id,
        "comment": comment.id,
        "recording": recording.id,
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
