"""An intake, step by step, without JavaScript."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.errors import NotAllowed
from intake.incidents import claims, services, sharing
from intake.incidents.models import Account, ClaimTag, Incident
from intake.people.models import Person
from intake.people.services import record_consent
from tests.browser import Browser
from tests.factories import an_account, an_incident
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
STEPS = ("consent", "person", "story", "when-where", "who", "injuries", "files", "check")


def _opened(browser: Browser) -> str:
    browser.get("/intakes/new")
    answer = browser.post("/intakes/new", {"mode": "hotline", "language": "es", "interpreter": "no"})
    assert answer.status_code == 303
    return re.sub(r"/intake/.*", "", answer.location)


def _version(browser: Browser, url: str) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', browser.get(url).get_data(as_text=True))
    assert found
    return found.group(1)


def test_a_whole_intake_is_kept_step_by_step(as_intake: Browser, owner: sa.Connection) -> None:
    record = _opened(as_intake)
    said = "Estaba en el autolavado.\n\n  Vinieron cuatro hombres «enmascarados»."
    as_intake.post(f"{record}/intake/consent", {"safe_now": "yes", "cn_intake": "yes", "cn_press": "no"}, once=None)
    as_intake.post(
        f"{record}/intake/person",
        {"legal_name": "Nombre Secreto", "age_band": "25_44", "city": "Long Beach"},
        once=None,
    )
    as_intake.post(
        f"{record}/intake/story", {"narrative": said, "narrative_language": "es", "title": "Car wash"}, once=None
    )
    as_intake.post(
        f"{record}/intake/when-where",
        {
            "kind": "about",
            "day": "12",
            "month": "6",
            "year": "2025",
            "part_of_day": "morning",
            "place": "Westlake",
            "location_type": "LT.CARWASH",
        },
        once=None,
    )
    as_intake.post(
        f"{record}/intake/who",
        {
            "agency": ["AG.DHS.CBP.USBP", "AG.UNK.MASKED"],
            "agents_low": "4",
            "agents_high": "6",
            "tro_factor": ["TF.LANG", "TF.WORK"],
            "tf_lang_how": "inferred",
            "tf_lang_words": "«hábleme en inglés»",
            "force_state": "declined",
        },
        once=None,
    )
    as_intake.post(
        f"{record}/intake/injuries", {"outcome": ["OC.RELEASED"], "minutes_held_state": "declined"}, once=None
    )
    page = as_intake.get(f"{record}/intake/check").get_data(as_text=True)
    assert "about June 12, 2025, in the morning" in page
    assert "Nombre Secreto" not in page
    assert as_intake.post(f"{record}/intake/check", once=None).status_code == 303
    row = owner.execute(
        sa.text(
            "select a.narrative, a.answers, i.earliest, i.latest, i.city, i.stage from account a join incident i"
            " on i.id = a.incident_id where a.incident_id = :id"
        ),
        {"id": record.rsplit("/", 1)[1]},
    ).one()
    assert row.narrative.replace("\r\n", "\n") == said
    assert row.answers["minutes_held"] == {"state": "declined", "value": None}
    assert row.answers["harm"] == {"state": "not_asked", "value": None}
    assert (row.latest - row.earliest).days == 6
    assert (row.city, row.stage) == ("Los Angeles", "SG1")


def test_without_permission_to_keep_it_an_intake_is_not_handed_on(as_intake: Browser) -> None:
    record = _opened(as_intake)
    answer = as_intake.post(f"{record}/intake/check", once=None)
    assert answer.status_code == 422


def test_sending_the_first_form_twice_opens_one_intake(as_intake: Browser, owner: sa.Connection) -> None:
    as_intake.get("/intakes/new")
    key, form = str(uuid.uuid4()), {"mode": "clinic", "language": "en", "interpreter": "no"}
    first = as_intake.post("/intakes/new", form, once=key)
    again = as_intake.post("/intakes/new", form, once=key)
    assert first.location == again.location
    other = as_intake.post("/intakes/new", {**form, "mode": "field"}, once=key)
    assert other.status_code == 409
    assert owner.execute(sa.text("select count(*) from once_key where key = :k"), {"k": key}).scalar_one() == 1


def test_of_two_editors_the_second_sees_both_texts(as_intake: Browser, as_attorney: Browser) -> None:
    record = _opened(as_intake)
    url = f"{record}/intake/story"
    mine, theirs = _version(as_intake, url), _version(as_attorney, url)
    assert as_attorney.post(url, {"narrative": "the attorney's words", "version": theirs}, once=None).status_code == 303
    answer = as_intake.post(url, {"narrative": "the worker's words", "version": mine}, once=None)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "the attorney&#39;s words" in page
    assert "the worker&#39;s words" in page


def test_autosave_answers_the_time_and_the_new_version(as_intake: Browser) -> None:
    record = _opened(as_intake)
    url = f"{record}/intake/story"
    answer = as_intake.post(
        url, {"narrative": "half a", "version": _version(as_intake, url)}, once=None, headers={"X-Autosave": "1"}
    )
    assert answer.status_code == 200
    assert set(answer.get_json()) == {"saved_at", "version"}


@pytest.mark.parametrize(
    ("step", "fields"),
    [
        ("story", {"narrative": "nul \x00 here"}),
        ("story", {"narrative": "x" * 200_001}),
        ("when-where", {"kind": "exact", "day": "31", "month": "6", "year": "2025"}),
        ("when-where", {"kind": "whenever"}),
        ("who", {"agency": ["AG.NOT.THERE"]}),
        ("who", {"agents_low": "nine"}),
        ("who", {"agents_low": "9", "agents_high": "2"}),
        ("injuries", {"minutes_held": "-5"}),
        ("person", {"age_band": "ancient"}),
    ],
)
def test_bad_input_is_named_beside_its_field_and_nothing_typed_is_lost(
    as_intake: Browser, step: str, fields: dict[str, object]
) -> None:
    record = _opened(as_intake)
    answer = as_intake.post(
        f"{record}/intake/{step}",
        {**fields, "tro_factor": ["TF.LANG"], "tf_lang_words": "kept words"} if step == "who" else dict(fields),
        once=None,
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'class="errors"' in page
    if step == "who":
        assert "kept words" in page


@pytest.mark.parametrize("who", ["as_stranger", "as_cocounsel", "as_analyst", "as_auditor", "as_admin"])
def test_a_stranger_finds_nothing_at_any_step(as_intake: Browser, who: str, request: pytest.FixtureRequest) -> None:
    record = _opened(as_intake)
    other: Browser = request.getfixturevalue(who)
    for url in (record, *(f"{record}/intake/{step}" for step in STEPS)):
        assert other.get(url).status_code in {403, 404}, url
    unknown = other.get(f"/incidents/{uuid.uuid4()}")
    assert unknown.status_code == other.get(record).status_code
    assert len(unknown.data) == len(other.get(record).data)


def test_another_intake_worker_of_the_same_organisation_does_not_see_it(
    as_intake: Browser, browser_of: Callable[[str], Browser]
) -> None:
    record = _opened(as_intake)
    assert browser_of("second_intake").get(record).status_code == 404


def test_a_paralegal_reads_but_does_not_change_anothers_words(as_intake: Browser, as_paralegal: Browser) -> None:
    record = _opened(as_intake)
    assert as_paralegal.get(record).status_code == 200
    as_paralegal.get(f"{record}/intake/story")
    assert as_paralegal.post(f"{record}/intake/story", {"narrative": "changed"}, once=None).status_code == 403


def test_an_intake_worker_suggests_and_only_the_attorney_confirms(acting: Acting) -> None:
    with acting("intake"):
        incident = an_incident()
        tag = claims.suggest_claim(incident, "CL.4A.STOP", "no reason given")
        ids = incident.id, tag.id
        with pytest.raises(NotAllowed):
            claims.decide_claim(tag, confirm=True)
    with acting("paralegal"), pytest.raises(NotAllowed):
        claims.suggest_claim(db.session.get_one(Incident, ids[0]), "CL.4A.ARREST")
    with acting("attorney") as attorney:
        tag = db.session.get_one(ClaimTag, ids[1])
        claims.decide_claim(tag, confirm=True)
        assert (tag.status, tag.decided_by_id) == ("confirmed", attorney.user_id)


def test_accounts_that_disagree_are_both_kept_and_the_incident_holds_their_hull(acting: Acting) -> None:
    from intake.incidents import queries, uncertain  # noqa: PLC0415

    with acting("intake"):
        first = services.open_intake("field", "es")
        incident = db.session.get_one(Incident, first.incident_id)
        second = services.add_account(incident, "en")
        services.save_when(first, uncertain.from_edtf("2025-06-12"))
        services.save_when(second, uncertain.from_edtf("2025-06-14"))
        services.answer(first, {}, agents_low=3, agents_high=4)
        services.answer(second, {}, agents_low=8, agents_high=10)
        assert (str(incident.earliest), str(incident.latest)) == ("2025-06-12", "2025-06-14")
        assert queries.differences(queries.accounts_of(incident.id)) == {"agents", "when"}


def test_an_incident_is_shared_only_with_consent_and_withdrawal_ends_it_at_once(
    acting: Acting, as_cocounsel: Browser, world: World
) -> None:
    with acting("intake"):
        account = an_account()
        incident_id, person_id = account.incident_id, account.person_id
        record_consent(db.session.get_one(Person, person_id), incident_id, "CN.COCOUNSEL", "yes", "es")
        claims.write_note(db.session.get_one(Incident, incident_id), "a private thought", "en")
    assert as_cocounsel.get(f"/incidents/{incident_id}").status_code == 404
    with acting("attorney"):
        sharing.share_incident(db.session.get_one(Incident, incident_id), world.other_organisation)
    page = as_cocounsel.get(f"/incidents/{incident_id}")
    assert page.status_code == 200
    assert "a private thought" not in page.get_data(as_text=True)
    with acting("intake"):
        record_consent(db.session.get_one(Person, person_id), incident_id, "CN.COCOUNSEL", "withdrawn", "es")
    assert as_cocounsel.get(f"/incidents/{incident_id}").status_code == 404


def test_a_name_is_shown_only_after_a_reason_and_is_logged(
    as_intake: Browser, as_paralegal: Browser, owner: sa.Connection
) -> None:
    record = _opened(as_intake)
    as_intake.post(f"{record}/intake/person", {"legal_name": "Nombre Guardado", "age_band": "25_44"}, once=None)
    person = owner.execute(
        sa.text("select person_id from account where incident_id = :id"), {"id": record.rsplit("/", 1)[1]}
    ).scalar_one()
    as_paralegal.get(f"/people/{person}/name")
    assert as_paralegal.post(f"/people/{person}/name", {"reason": ""}, once=None).status_code == 422
    shown = as_paralegal.post(f"/people/{person}/name", {"reason": "call back"}, once=None)
    assert "Nombre Guardado" in shown.get_data(as_text=True)
    assert (
        owner.execute(
            sa.text("select count(*) from audit.event where kind = 'unseal' and record_id = :p"), {"p": str(person)}
        ).scalar_one()
        == 1
    )


def test_the_account_rows_of_an_unseen_incident_do_not_load(acting: Acting) -> None:
    with acting("intake"):
        account_id = an_account().id
    with acting("stranger"):
        assert db.session.get(Account, account_id) is None
