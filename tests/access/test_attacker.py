"""What an attacker with an account of the program tried: each way that once told something stays closed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db, guards
from intake.access.actor import Actor
from intake.errors import Invalid
from intake.incidents import claims, services, sharing
from intake.incidents.models import ClaimTag, Incident
from intake.people.models import Person
from intake.people.services import record_consent
from intake.search.queries import capped_count, every_hit, figures
from intake.search.services import asked_for
from tests.browser import Browser
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
_THEORY, _OTHER, _DOUBT = "CL.4A.STOP", "CL.4A.ARREST", "xylofonote"


@pytest.fixture
def weighed(acting: Acting, world: World) -> uuid.UUID:
    """An intake that its attorney noted a doubt and a theory on, and shares with the other organisation."""
    with acting("intake"):
        incident_id = an_account(narrative="They stopped the truck.").incident_id
    with acting("attorney"):
        incident = db.session.get_one(Incident, incident_id)
        claims.write_note(incident, f"{_DOUBT}: a weak witness", "en")
        claims.suggest_claim(incident, _THEORY, "because")
        for account in incident.accounts:
            record_consent(db.session.get_one(Person, account.person_id), incident_id, "CN.COCOUNSEL", "yes", "en")
        sharing.share_incident(incident, world.other_organisation)
    return incident_id


def _finds(incident_id: uuid.UUID, words: str, **filters: list[str]) -> bool:
    return any(incident_id in ids for ids in every_hit(asked_for(words, filters)))


def test_who_opened_an_intake_does_not_find_it_by_what_others_noted_or_claim(
    acting: Acting, weighed: uuid.UUID
) -> None:
    with acting("intake"):
        assert capped_count(asked_for(_DOUBT, {})) == 0
        assert not _finds(weighed, "", claim=[_THEORY])
        found = figures(asked_for("", {}))
        assert found is not None
        assert _THEORY not in dict(found.facets["claim"])
        # What they wrote themselves, and what was told, they find; once each.
        incident = db.session.get_one(Incident, weighed)
        claims.write_note(incident, "ask about zanahoria", "en")
        claims.suggest_claim(incident, _OTHER)
        assert capped_count(asked_for("zanahoria", {})) == 1
        assert _finds(weighed, "truck", claim=[_OTHER])
        services.name_incident(incident, "berenjena lot")
        assert capped_count(asked_for("berenjena", {})) == 1
    with acting("attorney"):
        for words in (_DOUBT, "zanahoria", "berenjena"):
            assert capped_count(asked_for(words, {})) == 1
        assert _finds(weighed, "", claim=[_THEORY])


@pytest.mark.parametrize("who", ["intake", "other_attorney", "cocounsel"])
def test_suggesting_a_claim_does_not_tell_whether_somebody_else_did(
    weighed: uuid.UUID, acting: Acting, browser_of: Callable[[str], Browser], who: str
) -> None:
    browser = browser_of(who)
    browser.get(f"/incidents/{weighed}")
    told = [browser.post(f"/incidents/{weighed}/claims", {"code": c, "reason": ""}) for c in (_THEORY, _OTHER, _OTHER)]
    assert [answer.status_code for answer in told] == [303, 303, 303]
    with acting(who):
        mine = sa.select(ClaimTag.code, ClaimTag.suggested_by_id).where(ClaimTag.incident_id == weighed)
        assert {code for code, _by in db.session.execute(mine)} == {_THEORY, _OTHER}
        assert len({by for _code, by in db.session.execute(mine)}) == 1


@pytest.mark.parametrize(
    "endpoint",
    ["declarations.pdf", "declarations.word", "incidents.share", "incidents.set_tier", "exports.download",
     "exports.bundle", "people.unseal", "people.pseudonym", "people.protect", "evidence.lift_hold"],
)  # fmt: skip
def test_what_opens_a_name_sends_out_or_shows_to_more_people_asks_for_a_fresh_sign_in(
    app: Flask, endpoint: str
) -> None:
    assert getattr(app.view_functions[endpoint], "fresh", False)


def test_a_stale_sign_in_shares_nothing_and_lowers_no_tier(
    weighed: uuid.UUID, world: World, owner: sa.Connection, as_attorney: Browser
) -> None:
    as_attorney.get(f"/incidents/{weighed}")
    stale = "update user_session set proved_at = now() - interval '6 minutes' where user_id = :id"
    owner.execute(sa.text(stale), {"id": world.users["attorney"]})
    for act, form in (("share", {"organisation": str(world.other_organisation)}), ("tier", {"tier": "0"})):
        answer = as_attorney.post(f"/incidents/{weighed}/{act}", form, once=None)
        assert answer.status_code == 403
        assert "Please show again that it is you" in answer.get_data(as_text=True)
    tier = owner.execute(sa.text("select tier from incident where id = :id"), {"id": weighed}).scalar_one()
    assert tier == 1


def test_a_person_who_joins_a_shared_incident_is_not_shown_before_they_agree(
    weighed: uuid.UUID, acting: Acting, world: World, browser_of: Callable[[str], Browser]
) -> None:
    theirs = browser_of("cocounsel")
    assert theirs.get(f"/incidents/{weighed}").status_code == 200
    with acting("intake"):
        incident = db.session.get_one(Incident, weighed)
        account = services.add_account(incident, "en")
        services.save_story(account, "I saw it too: coliflor.", "en")
        person_id = account.person_id
    assert theirs.get(f"/incidents/{weighed}").status_code == 404
    with acting("cocounsel"):
        assert capped_count(asked_for("coliflor", {})) == 0
    with acting("attorney"):
        incident = db.session.get_one(Incident, weighed)
        with pytest.raises(Invalid):
            sharing.share_incident(incident, world.other_organisation)
        record_consent(db.session.get_one(Person, person_id), weighed, "CN.COCOUNSEL", "yes", "en")
        sharing.share_incident(incident, world.other_organisation)
    assert "coliflor" in theirs.get(f"/incidents/{weighed}").get_data(as_text=True)


def test_an_upgrade_gives_an_older_database_the_layer_that_it_lacks(weighed: uuid.UUID, owner: sa.Connection) -> None:
    layer = sa.text("select count(*) from search_entry where incident_id = :id and layer = 'opened'")
    owner.execute(sa.text("delete from search_entry where incident_id = :id and layer = 'opened'"), {"id": weighed})
    assert owner.execute(layer, {"id": weighed}).scalar_one() == 0
    guards.lay(owner)
    assert owner.execute(layer, {"id": weighed}).scalar_one() == 1
