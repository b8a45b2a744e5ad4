"""Grants: given by one person, confirmed by another, never to oneself, for a time; and felt on the next request."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from intake import db
from intake.access import sessions
from intake.access.models import Grant, User
from intake.errors import NotAllowed, TestigoError
from tests.access.planted import CANARY, Ids
from tests.access.reaching import Acting, a_record, change, granted
from tests.browser import Browser
from tests.world import World

TODAY = dt.datetime.now(dt.UTC).date()
NEW = {"name": "Nadia Ruiz", "language": "es", "tier": "1", "until": (TODAY + dt.timedelta(days=90)).isoformat()}


@pytest.fixture(scope="module")
def planted() -> dict[str, Ids]:
    return {}


@pytest.fixture
def ids(acting: Acting, planted: dict[str, Ids]) -> Ids:
    if not planted:
        planted["ids"] = a_record(acting)
    return planted["ids"]


@pytest.fixture
def person(owner: sa.Connection, world: World, request: pytest.FixtureRequest) -> int:
    """A colleague who holds nothing yet; returns the user's id."""
    email = f"{abs(hash(request.node.nodeid))}@example.org"
    values = {"organisation_id": world.organisation, "email": email, "display_name": "P", "password_hash": ""}
    return int(owner.execute(sa.insert(User).values(**values).returning(User.id)).scalar_one())


def give(browser: Browser, user_id: int, **form: str) -> TestResponse:
    browser.get("/people-and-roles")
    return browser.post(f"/people-and-roles/{user_id}/role", {"role": "RO.PARALEGAL", **form}, once=None)


def held(user_id: int) -> list[str]:
    """The roles that count for the user now."""
    with db.transaction():
        return sorted(sessions.act_for(user_id).roles)


def grant_id(owner: sa.Connection, user_id: int) -> int:
    newest = "select max(id) from access_grant where user_id = :id"
    return int(owner.execute(sa.text(newest), {"id": user_id}).scalar_one())


def confirm(browser: Browser, number: int, act: str = "confirm") -> int:
    browser.get("/grants")
    return browser.post(f"/grants/{number}/{act}", {}, once=None).status_code


def test_a_new_colleague_opens_nothing_until_a_supervising_attorney_confirms(
    owner: sa.Connection, world: World, ids: Ids, acting: Acting, as_admin: Browser, as_attorney: Browser
) -> None:
    as_admin.get("/people-and-roles/new")
    sent = NEW | {"email": "Nadia.Ruiz@example.org ", "role": "RO.PARALEGAL"}
    answer = as_admin.post("/people-and-roles/new", sent)
    assert answer.status_code == 303
    found = owner.execute(sa.select(User).where(User.email == "nadia.ruiz@example.org")).mappings().one()
    user = found["id"]
    assert (found["password_hash"], found["organisation_id"]) == ("", world.organisation)
    assert "waits for an attorney" in as_admin.get(answer.location).get_data(as_text=True)
    assert held(user) == []
    assert "access waits for your word" in as_attorney.get("/").get_data(as_text=True)
    assert "Nadia Ruiz" in as_attorney.get("/grants").get_data(as_text=True)
    assert confirm(as_attorney, grant_id(owner, user)) == 303
    assert held(user) == ["RO.PARALEGAL"]
    kept = owner.execute(sa.select(Grant.granted_by_id, Grant.confirmed_by_id, Grant.tier).where(Grant.user_id == user))
    assert kept.one() == (world.users["admin"], world.users["attorney"], 1)
    with db.transaction():
        sessions.act_for(user)
        seen = sa.text("select count(*) from incident where id = :id")
        assert db.session.execute(seen, {"id": ids["incident"]}).scalar_one() == 1


@pytest.mark.parametrize("role", ["RO.INTAKE", "RO.PARALEGAL", "RO.SUPATT", "RO.COCOUNSEL", "RO.ANALYST"])
def test_every_role_that_reads_waits_for_the_second_person(
    owner: sa.Connection, person: int, as_admin: Browser, role: str
) -> None:
    assert give(as_admin, person, role=role).status_code == 302
    assert held(person) == []
    assert confirm(as_admin, grant_id(owner, person)) == 403
    assert held(person) == []


def test_an_auditor_and_an_administrator_read_no_record_and_wait_for_nobody(person: int, as_admin: Browser) -> None:
    assert give(as_admin, person, role="RO.AUDITOR").status_code == 302
    assert held(person) == ["RO.AUDITOR"]


def test_nobody_grants_to_themselves_and_nobody_confirms_their_own(
    owner: sa.Connection, world: World, person: int, as_admin: Browser, as_attorney: Browser
) -> None:
    for role in ("RO.SUPATT", "RO.ADMIN"):
        assert give(as_admin, world.users["admin"], role=role).status_code == 403
    assert give(as_admin, world.users["attorney"], tier="3", role="RO.SUPATT").status_code == 302
    assert confirm(as_attorney, grant_id(owner, world.users["attorney"])) == 403
    assert as_attorney.post(f"/people-and-roles/{person}/role", {"role": "RO.SUPATT"}, once=None).status_code == 403
    change(owner, "delete from access_grant where id = :id", id=grant_id(owner, world.users["attorney"]))


def test_a_second_account_of_an_administrator_gives_them_nothing(
    owner: sa.Connection, person: int, as_admin: Browser, as_attorney: Browser
) -> None:
    give(as_admin, person, role="RO.SUPATT")
    second = grant_id(owner, person)
    assert held(person) == []
    # Neither the administrator nor the second account itself can say the second word.
    assert confirm(as_admin, second) == 403
    with pytest.raises(NotAllowed), db.transaction():
        sessions.act_for(person)
        freed = sa.text("update access_grant set awaits_confirmation = false where id = :id")
        db.session.execute(freed, {"id": second})
    assert confirm(as_attorney, second, "refuse") == 303
    assert held(person) == []
    assert confirm(as_attorney, second) == 404


def test_an_administrator_holds_no_other_role(owner: sa.Connection, person: int, as_admin: Browser) -> None:
    assert give(as_admin, person, role="RO.ADMIN").status_code == 302
    assert give(as_admin, person, role="RO.PARALEGAL").status_code == 422
    assert held(person) == ["RO.ADMIN"]
    assert as_admin.post(f"/grants/{grant_id(owner, person)}/end", {}, once=None).status_code == 303
    assert held(person) == []
    assert give(as_admin, person, role="RO.PARALEGAL").status_code == 302


def test_two_administrators_at_once_do_not_make_somebody_both(
    app: Flask, owner: sa.Connection, world: World, person: int
) -> None:
    second = int(
        owner.execute(
            sa.insert(User)
            .values(organisation_id=world.organisation, email="a2@example.org", display_name="A", password_hash="")
            .returning(User.id)
        ).scalar_one()
    )
    given = {"compartment_id": world.compartment, "tier": 1}
    owner.execute(sa.insert(Grant).values(user_id=second, role="RO.ADMIN", **given))
    together, refused = threading.Barrier(2), []

    def ask(actor: int, role: str) -> None:
        try:
            with db.transaction():
                sessions.act_for(actor)
                together.wait(10)
                db.session.execute(sa.insert(Grant).values(user_id=person, role=role, **given))
        except TestigoError as no:
            refused.append(type(no))

    asks = ((world.users["admin"], "RO.ADMIN"), (second, "RO.AUDITOR"))
    threads = [threading.Thread(target=ask, args=each) for each in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == [NotAllowed]
    assert len(held(person)) == 1


def test_less_holds_at_once_more_waits_and_what_is_held_stays_meanwhile(
    owner: sa.Connection, person: int, as_admin: Browser, as_attorney: Browser
) -> None:
    give(as_admin, person, role="RO.SUPATT", tier="2", until=NEW["until"])
    confirm(as_attorney, grant_id(owner, person))
    first = grant_id(owner, person)
    tiers = sa.text("select tier from access.live where user_id = :id")
    live = lambda: sorted(owner.execute(tiers, {"id": person}).scalars())  # noqa: E731
    give(as_admin, person, role="RO.SUPATT", tier="1", until=NEW["until"])
    assert (live(), grant_id(owner, person)) == ([1], first)
    give(as_admin, person, role="RO.SUPATT", tier="3", until=NEW["until"])
    assert live() == [1]
    assert confirm(as_attorney, grant_id(owner, person)) == 303
    assert live() == [3]
    give(as_admin, person, role="RO.PARALEGAL")
    assert live() == []


def test_a_grant_ends_by_its_date_without_anybody_doing_anything(
    owner: sa.Connection, world: World, ids: Ids, as_paralegal: Browser
) -> None:
    page = f"/incidents/{ids['incident']}"
    past = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    with granted(owner, world.users["paralegal"], expires_at=past + dt.timedelta(hours=1)):
        assert as_paralegal.get(page).status_code == 200
        change(
            owner, "update access_grant set expires_at = :at where user_id = :id", at=past, id=world.users["paralegal"]
        )
        assert as_paralegal.get(page).status_code == 403
    assert as_paralegal.get(page).status_code == 200


def test_the_end_of_a_grant_is_told_fourteen_days_before_to_both(
    owner: sa.Connection, world: World, as_admin: Browser, as_paralegal: Browser
) -> None:
    for days, warned in ((20, False), (10, True)):
        ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        with granted(owner, world.users["paralegal"], expires_at=ends):
            assert ("Your access as" in as_paralegal.get("/").get_data(as_text=True)) is warned, days
            people = as_admin.get("/people-and-roles").get_data(as_text=True)
            assert ("1 person" in people) is warned, days


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"role": "RO.EMPEROR"}, "There is no such role"),
        ({"tier": "2"}, "only attorneys read"),
        ({"until": (TODAY + dt.timedelta(days=400)).isoformat()}, "a year from now"),
        ({"until": (TODAY - dt.timedelta(days=2)).isoformat()}, "a year from now"),
    ],
    ids=["role", "tier", "too long", "past"],
)
def test_what_cannot_be_granted_is_said_beside_its_field(
    person: int, as_admin: Browser, wrong: dict[str, str], words: str
) -> None:
    answer = give(as_admin, person, **wrong)
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert held(person) == []


def test_a_matter_that_one_does_not_manage_is_refused(world: World, person: int, as_admin: Browser) -> None:
    assert give(as_admin, person, compartment=str(world.other_compartment)).status_code == 403


@pytest.mark.parametrize(
    ("act", "form"),
    [("role", {"role": "RO.AUDITOR"}), ("active", {"active": "no"}), ("sessions/end", {}), ("walls", {"reason": "x"})],
    ids=["role", "active", "sessions", "walls"],
)
def test_granting_asks_for_a_fresh_sign_in(
    owner: sa.Connection, world: World, person: int, as_admin: Browser, act: str, form: dict[str, str]
) -> None:
    as_admin.get("/people-and-roles")
    stale = "update user_session set proved_at = now() - interval '6 minutes' where user_id = :id"
    change(owner, stale, id=world.users["admin"])
    answer = as_admin.post(f"/people-and-roles/{person}/{act}", form, once=None)
    assert answer.status_code == 403
    assert "Please show again that it is you" in answer.get_data(as_text=True)
    assert held(person) == []


@pytest.mark.parametrize("how", ["disable", "role", "end", "sessions"])
def test_what_an_administrator_takes_away_is_gone_on_the_next_request(
    owner: sa.Connection, world: World, ids: Ids, as_admin: Browser, browser_of: Callable[[str], Browser], how: str
) -> None:
    theirs, who = browser_of("paralegal"), world.users["paralegal"]
    page = f"/incidents/{ids['incident']}"
    assert CANARY in theirs.get(page).get_data(as_text=True)
    as_admin.get(f"/people-and-roles/{who}")
    address, form = {
        "disable": (f"/people-and-roles/{who}/active", {"active": "no"}),
        "role": (f"/people-and-roles/{who}/role", {"role": "RO.AUDITOR"}),
        "end": (f"/grants/{grant_id(owner, who)}/end", {}),
        "sessions": (f"/people-and-roles/{who}/sessions/end", {}),
    }[how]
    assert as_admin.post(address, form, once=None).status_code in {302, 303}
    answer = theirs.get(page)
    assert answer.status_code in {302, 403}
    assert CANARY not in answer.get_data(as_text=True)
    change(owner, "update app_user set active = true where id = :id", id=who)
    change(owner, "delete from access_grant where user_id = :id", id=who)
    owner.execute(sa.insert(Grant).values(user_id=who, compartment_id=world.compartment, role="RO.PARALEGAL", tier=1))


FORGED = {
    "an attorney makes a grant": ("attorney", "insert into access_grant (user_id, compartment_id, role) values (:who, :here, 'RO.SUPATT')"),
    "an intake worker makes a grant": ("intake", "insert into access_grant (user_id, compartment_id, role) values (:who, :here, 'RO.SUPATT')"),
    "an administrator grants to themselves": ("admin", "insert into access_grant (user_id, compartment_id, role) values (:me, :here, 'RO.SUPATT')"),
    "an administrator widens their own": ("admin", "update access_grant set tier = 3 where user_id = :me"),
    "an administrator confirms": ("admin", "update access_grant set awaits_confirmation = false where id = :waiting"),
    "an administrator of another organisation": ("admin", "insert into access_grant (user_id, compartment_id, role) values (:who, :there, 'RO.INTAKE')"),
    "somebody of another organisation gets in": ("admin", "insert into access_grant (user_id, compartment_id, role) values (:stranger, :here, 'RO.AUDITOR')"),
    "an attorney confirms elsewhere": ("other_attorney", "update access_grant set awaits_confirmation = false where id = :waiting"),
    "a grant changes hands": ("admin", "update access_grant set user_id = :me where id = :waiting"),
}  # fmt: skip


@pytest.mark.parametrize("forged", FORGED, ids=str)
def test_the_database_refuses_a_grant_that_comes_past_the_page(
    app: Flask, owner: sa.Connection, world: World, person: int, forged: str
) -> None:
    waiting = sa.insert(Grant).values(
        user_id=person,
        compartment_id=world.compartment,
        role="RO.SUPATT",
        awaits_confirmation=True,
        granted_by_id=world.users["admin"],
    )
    waits = owner.execute(waiting.returning(Grant.id)).scalar_one()
    actor, statement = FORGED[forged]
    values = {"who": person, "me": world.users[actor], "waiting": waits, "stranger": world.users["stranger"]}
    values |= {"here": world.compartment, "there": world.other_compartment}
    with pytest.raises(NotAllowed), db.transaction():
        sessions.act_for(world.users[actor])
        db.session.execute(sa.text(statement), {n: v for n, v in values.items() if f":{n}" in statement})
    assert held(person) == []


def test_an_administrators_statement_never_makes_a_confirmed_grant(
    app: Flask, owner: sa.Connection, world: World, person: int
) -> None:
    with db.transaction():
        sessions.act_for(world.users["admin"])
        values = {"who": person, "here": world.compartment, "by": world.users["attorney"]}
        db.session.execute(
            sa.text(
                "insert into access_grant (user_id, compartment_id, role, awaits_confirmation, confirmed_by_id, granted_by_id)"
                " values (:who, :here, 'RO.SUPATT', false, :by, :by)"
            ),
            values,
        )
    assert held(person) == []
    kept = owner.execute(sa.select(Grant.granted_by_id, Grant.confirmed_by_id).where(Grant.user_id == person)).one()
    assert kept == (world.users["admin"], None)


def test_every_grant_and_its_confirmation_is_in_the_log(
    owner: sa.Connection, world: World, person: int, as_admin: Browser, as_attorney: Browser
) -> None:
    give(as_admin, person)
    number = grant_id(owner, person)
    confirm(as_attorney, number)
    logged = sa.text(
        "select kind, actor_id from audit.event where subject = 'access_grant' and record_id = :id order by id"
    )
    found = owner.execute(logged, {"id": str(number)}).all()
    assert found == [("insert", world.users["admin"]), ("update", world.users["attorney"])]


def test_an_e_mail_that_is_used_already_is_refused_without_saying_where(world: World, as_admin: Browser) -> None:
    as_admin.get("/people-and-roles/new")
    shown = []
    for email in (world.emails["intake"], world.emails["stranger"]):
        answer = as_admin.post("/people-and-roles/new", NEW | {"email": email, "role": "RO.INTAKE"})
        assert answer.status_code == 422
        shown.append(re.findall(r'class="error"[^>]*>.*?</p>', answer.get_data(as_text=True), re.DOTALL))
    assert shown[0] == shown[1] != []
