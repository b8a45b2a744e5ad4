"""The record: what it shows, what each role may do on it, and what a stranger gets."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.incidents import claims, services
from intake.incidents.models import Incident
from intake.incidents.services import Seen
from intake.people.models import Person
from intake.people.services import record_consent
from tests.browser import Browser
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


@pytest.fixture
def told(acting: Acting) -> dict[str, str]:
    """Identifiers of an incident with an account, a claim and a sharing permission."""
    with acting("intake"):
        account = an_account()
        incident = db.session.get_one(Incident, account.incident_id)
        tag = claims.suggest_claim(incident, "CL.4A.STOP", "boxed in")
        record_consent(db.session.get_one(Person, account.person_id), incident.id, "CN.COCOUNSEL", "yes", "es")
        return {
            "incident": str(incident.id),
            "person": str(account.person_id),
            "account": str(account.id),
            "tag": str(tag.id),
        }


ROUTES = [
    ("post", "/incidents/{incident}/accounts", {"language": "es"}),
    ("post", "/incidents/{incident}/claims", {"code": "CL.4A.ARREST"}),
    ("post", "/claims/{tag}", {"decision": "confirm"}),
    ("post", "/incidents/{incident}/notes", {"text": "x", "language": "en"}),
    ("post", "/incidents/{incident}/share", {"organisation": "1"}),
    ("post", "/incidents/{incident}/intake/story", {"narrative": "mine"}),
    ("post", "/incidents/{incident}/intake/consent", {"cn_intake": "no"}),
    ("post", "/people/{person}/withdraw", {"scope": "CN.COCOUNSEL"}),
    ("post", "/people/{person}/name", {"reason": "curious"}),
    ("get", "/people/{person}/name", {}),
    ("get", "/incidents/{incident}", {}),
    ("get", "/incidents/{incident}/intake/check", {}),
]


@pytest.mark.parametrize(
    "who", ["stranger", "other_attorney", "cocounsel", "second_intake", "analyst", "auditor", "admin"]
)
def test_who_may_not_see_a_record_reaches_none_of_its_routes(
    told: dict[str, str], browser_of: Callable[[str], Browser], who: str
) -> None:
    browser = browser_of(who)
    for method, url, data in ROUTES:
        path = url.format(**told)
        answer = browser.get(path) if method == "get" else browser.post(path, {**data, "incident": told["incident"]})
        assert answer.status_code in {403, 404}, (path, answer.status_code)


def test_a_record_that_is_not_there_and_one_not_for_me_look_alike(told: dict[str, str], as_stranger: Browser) -> None:
    hidden = as_stranger.get(f"/incidents/{told['incident']}")
    absent = as_stranger.get(f"/incidents/{uuid.uuid4()}")
    assert (hidden.status_code, len(hidden.data)) == (absent.status_code, len(absent.data))


def test_two_accounts_stand_side_by_side_and_say_where_they_differ(acting: Acting, as_attorney: Browser) -> None:
    with acting("intake"):
        first = services.open_intake("field", "es")
        second = services.add_account(db.session.get_one(Incident, first.incident_id), "en")
        services.save_story(first, "Eran «cuatro».", "es")
        services.save_story(second, "There were ten.", "en")
        services.answer(first, {}, agents_low=3, agents_high=4)
        services.answer(second, {}, agents_low=9, agents_high=10)
        services.observe(first, "agency", [Seen("AG.DHS.ICE")])
        incident_id = first.incident_id
    page = as_attorney.get(f"/incidents/{incident_id}").get_data(as_text=True)
    assert 'lang="es"' in page
    assert "Eran «cuatro»." in page
    assert "There were ten." in page
    assert "how many agents" in page
    # The second person named no agency: silence is not disagreement.
    assert "which agency" not in page


def test_a_claim_is_suggested_with_its_reason_and_the_attorney_decides_on_the_page(
    told: dict[str, str], as_intake: Browser, as_attorney: Browser, owner: sa.Connection
) -> None:
    url = f"/incidents/{told['incident']}"
    as_intake.get(url)
    assert as_intake.post(f"{url}/claims", {"code": "CL.4A.ARREST", "reason": "no warrant"}).status_code == 303
    assert as_intake.post(f"/claims/{told['tag']}", {"decision": "confirm"}).status_code == 403
    assert "no warrant" in as_attorney.get(url).get_data(as_text=True)
    assert as_attorney.post(f"/claims/{told['tag']}", {"decision": "perhaps"}, once=None).status_code == 422
    assert as_attorney.post(f"/claims/{told['tag']}", {"decision": "reject"}, once=None).status_code == 303
    kept = owner.execute(sa.text("select status from claim_tag where id = :t"), {"t": told["tag"]}).scalar_one()
    assert kept == "rejected"


def test_an_unknown_claim_is_refused(told: dict[str, str], as_intake: Browser) -> None:
    as_intake.get(f"/incidents/{told['incident']}")
    assert as_intake.post(f"/incidents/{told['incident']}/claims", {"code": "CL.INVENTED"}).status_code == 422


def test_the_same_note_sent_twice_is_one_note(told: dict[str, str], as_intake: Browser, owner: sa.Connection) -> None:
    url, key = f"/incidents/{told['incident']}", str(uuid.uuid4())
    as_intake.get(url)
    for _again in range(2):
        assert as_intake.post(f"{url}/notes", {"text": "call at five", "language": "en"}, once=key).status_code == 303
    assert (
        owner.execute(sa.text("select count(*) from note where incident_id = :i"), {"i": told["incident"]}).scalar_one()
        == 1
    )


def test_hostile_text_is_shown_as_text(told: dict[str, str], as_intake: Browser) -> None:
    url = f"/incidents/{told['incident']}"
    as_intake.get(url)
    hostile = "<script>alert(1)</script>{{ 7*7 }}\u202e"
    as_intake.post(f"{url}/notes", {"text": hostile, "language": "en"})
    as_intake.post(f"{url}/intake/story", {"narrative": hostile, "title": hostile}, once=None)
    page = as_intake.get(url).get_data(as_text=True)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7*7 }}" in page


def test_a_permission_taken_back_on_the_page_adds_a_row_and_ends_the_share(
    told: dict[str, str],
    browser_of: Callable[[str], Browser],
    world: World,
    owner: sa.Connection,
) -> None:
    url = f"/incidents/{told['incident']}"
    as_intake, as_attorney, as_cocounsel = (browser_of(who) for who in ("intake", "attorney", "cocounsel"))
    as_attorney.get(url)
    as_attorney.post(f"{url}/share", {"organisation": str(world.other_organisation)}, once=None)
    assert as_cocounsel.get(url).status_code == 200
    as_intake.get(url)
    data = {"scope": "CN.COCOUNSEL", "incident": told["incident"]}
    assert as_intake.post(f"/people/{told['person']}/withdraw", data, once=None).status_code == 303
    assert as_cocounsel.get(url).status_code == 404
    rows = owner.execute(
        sa.text("select answer from consent where person_id = :p order by answered_at"), {"p": told["person"]}
    ).scalars()
    assert list(rows) == ["yes", "withdrawn"]
    assert as_intake.post(f"/people/{told['person']}/withdraw", data, once=None).status_code == 422


def test_a_permission_is_not_taken_back_in_another_incidents_name(
    told: dict[str, str], as_intake: Browser, acting: Acting
) -> None:
    with acting("intake"):
        other = str(an_account().incident_id)
    as_intake.get("/")
    answer = as_intake.post(
        f"/people/{told['person']}/withdraw", {"scope": "CN.COCOUNSEL", "incident": other}, once=None
    )
    assert answer.status_code == 404


def test_without_the_persons_yes_nothing_is_shared(
    acting: Acting, as_attorney: Browser, as_cocounsel: Browser, world: World
) -> None:
    with acting("intake"):
        incident_id = an_account().incident_id
    as_attorney.get(f"/incidents/{incident_id}")
    answer = as_attorney.post(
        f"/incidents/{incident_id}/share", {"organisation": str(world.other_organisation)}, once=None
    )
    assert "has not agreed" in as_attorney.get(answer.location).get_data(as_text=True)
    assert as_cocounsel.get(f"/incidents/{incident_id}").status_code == 404


def test_a_share_ends_when_the_attorney_ends_it(
    told: dict[str, str], as_attorney: Browser, as_cocounsel: Browser, world: World, owner: sa.Connection
) -> None:
    url = f"/incidents/{told['incident']}"
    as_attorney.get(url)
    as_attorney.post(f"{url}/share", {"organisation": str(world.other_organisation)}, once=None)
    share = owner.execute(sa.text("select id from share where incident_id = :i"), {"i": told["incident"]}).scalar_one()
    assert as_cocounsel.post(f"/shares/{share}/end", once=None).status_code in {400, 403, 404}
    assert as_attorney.post(f"/shares/{share}/end", once=None).status_code == 303
    assert as_cocounsel.get(url).status_code == 404


def test_history_names_fields_and_never_a_value(told: dict[str, str], as_attorney: Browser) -> None:
    url = f"/incidents/{told['incident']}"
    as_attorney.get(url)
    as_attorney.post(f"{url}/intake/story", {"narrative": "first words", "title": "A label"}, once=None)
    as_attorney.post(f"{url}/intake/story", {"narrative": "second words", "title": "A label"}, once=None)
    page = as_attorney.get(url).get_data(as_text=True)
    history = page[page.index('id="history"') :]
    assert "what happened" in history
    assert "first words" not in page


@pytest.mark.parametrize(
    "address",
    ["/incidents?before=99999999999999999999999", "/incidents?before=-1", "/incidents?before=x", "/incidents?before=1"],
)
def test_a_strange_place_in_the_list_is_no_error(as_intake: Browser, address: str) -> None:
    assert as_intake.get(address).status_code == 200


def test_the_list_goes_on_where_the_page_ended(acting: Acting, as_attorney: Browser) -> None:
    with acting("intake"):
        for _each in range(52):
            an_account()
    first = as_attorney.get("/incidents").get_data(as_text=True)
    older = re.search(r'href="(/incidents\?before=\d+)"', first)
    assert older
    second = as_attorney.get(older.group(1)).get_data(as_text=True)
    seen = [set(re.findall(r'href="/incidents/([0-9a-f-]{36})"', page)) for page in (first, second)]
    assert len(seen[0]) == 50
    assert seen[1]
    assert not seen[0] & seen[1]


@pytest.mark.parametrize("who", ["intake", "paralegal", "attorney", "cocounsel"])
def test_today_opens_for_whoever_works_on_records(browser_of: Callable[[str], Browser], who: str) -> None:
    assert browser_of(who).get("/").status_code == 200


def test_asking_for_a_name_that_was_never_given_says_so_and_is_logged(
    told: dict[str, str], as_attorney: Browser, owner: sa.Connection
) -> None:
    as_attorney.get(f"/people/{told['person']}/name")
    answer = as_attorney.post(f"/people/{told['person']}/name", {"reason": "call back"}, once=None)
    assert answer.status_code == 404
    assert "No name or contact was given" in answer.get_data(as_text=True)
    logged = sa.text("select count(*) from audit.event where kind = 'unseal' and record_id = :p")
    assert owner.execute(logged, {"p": told["person"]}).scalar_one() == 1
