"""Passkeys in a real browser with a virtual authenticator: made, shown, and everything that must be refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import webauthn
from playwright.sync_api import Route, expect

from intake import db
from intake.access import invitations, sessions
from intake.access.models import User
from tests.access.devices import Device, OpenDevice, Site, with_passkey
from tests.access.steps import forget_tries
from tests.chromium import PHONE, overflow, session_cookie, violations
from tests.world import PASSWORD, World


@pytest.fixture(autouse=True)
def calm(owner: sa.Connection) -> Iterator[None]:
    forget_tries(owner)
    yield
    owner.execute(sa.text("update passkey set removed_at = now() where removed_at is null"))


def here(device: Device) -> None:
    """Assert that the device is signed in."""
    device.page.wait_for_url(lambda url: "/sign-in" not in url)
    expect(device.page.locator("details.account")).to_be_attached()


def refused(device: Device) -> None:
    """Assert that the page says no, and that no session came of it."""
    expect(device.page.get_by_text("The passkey was not taken")).to_be_visible()
    assert device.page.request.get("/account", max_redirects=0).status == 302


def test_a_passkey_signs_in_without_a_password(device: OpenDevice, world: World, owner: sa.Connection) -> None:
    made = with_passkey(device, world.emails["attorney"])
    made.press("Use a passkey")
    here(made)
    row = owner.execute(sa.text("select method, agent from user_session order by started_at desc limit 1")).one()
    assert row.method == sessions.PASSKEY
    assert row.agent == "Chrome, Linux"


def test_after_a_password_the_passkey_is_the_second_step(device: OpenDevice, world: World) -> None:
    made = with_passkey(device, world.emails["attorney"])
    made.page.fill("[name=email]", world.emails["attorney"])
    made.page.fill("[name=password]", PASSWORD)
    made.page.get_by_role("button", name="Sign in", exact=True).click()
    made.page.wait_for_url("**/sign-in/code")
    made.press("Use a passkey")
    here(made)


def test_a_user_who_was_not_verified_is_refused(device: OpenDevice, world: World) -> None:
    made = with_passkey(device, world.emails["attorney"])
    made.verified(user=False)
    made.press("Use a passkey")
    refused(made)


_ANSWER = """async (how) => {
  const bytes = (t) => Uint8Array.from(atob(t.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const ask = (url, body) => fetch(url, {method: 'POST', body: JSON.stringify(body), headers: {
    'Content-Type': 'application/json', 'X-CSRFToken': document.querySelector('meta[name=csrf-token]').content}});
  const options = await (await ask('/sign-in/passkey/options', {})).json();
  const publicKey = {...options, challenge: bytes(options.challenge), userVerification: how.verification || 'required'};
  const credential = (await navigator.credentials.get({publicKey})).toJSON();
  const late = how.replaced ? await ask('/sign-in/passkey/options', {}) : null;
  const first = await ask('/sign-in/passkey', {credential});
  const again = how.twice ? await ask('/sign-in/passkey', {credential}) : null;
  return [first.status, again && again.status];
}"""


def test_an_answer_is_taken_once(device: OpenDevice, world: World, owner: sa.Connection) -> None:
    made = with_passkey(device, world.emails["attorney"])
    before = owner.execute(sa.text("select count(*) from user_session")).scalar_one()
    first, again = made.page.evaluate(_ANSWER, {"twice": True})
    assert first == 200
    assert again in {400, 422}, "the session's token changed, and the challenge is gone"
    assert owner.execute(sa.text("select count(*) from user_session")).scalar_one() == before + 1


def test_an_answer_sent_again_from_the_cookie_of_before_is_refused(device: OpenDevice, world: World) -> None:
    made = with_passkey(device, world.emails["attorney"])
    page = made.page
    sent: list[tuple[str, str, dict[str, str]]] = []
    page.on(
        "request",
        lambda asked: (
            sent.append((asked.url, asked.post_data or "", asked.all_headers()))
            if asked.url.endswith("/sign-in/passkey")
            else None
        ),
    )
    made.press("Use a passkey")
    here(made)
    url, body, headers = sent[0]
    page.context.clear_cookies()
    kept = {name: text for name, text in headers.items() if name in {"cookie", "content-type", "x-csrftoken"}}
    assert page.request.post(url, data=body, headers=kept).status == 422


def test_an_answer_to_a_challenge_that_was_replaced_is_refused(device: OpenDevice, world: World) -> None:
    made = with_passkey(device, world.emails["attorney"])
    assert made.page.evaluate(_ANSWER, {"replaced": True})[0] == 422


def test_an_answer_that_came_too_late_is_refused(device: OpenDevice, world: World, owner: sa.Connection) -> None:
    made = with_passkey(device, world.emails["attorney"])
    made.page.route("**/sign-in/passkey", lambda route: _late(owner, route))
    made.press("Use a passkey")
    refused(made)


def _late(owner: sa.Connection, route: Route) -> None:
    aged = "update passkey_challenge set expires_at = now() - interval '1 second' returning purpose"
    assert owner.execute(sa.text(aged)).all()
    route.continue_()


def test_a_page_that_asks_for_no_verification_gets_nobody_in(device: OpenDevice, world: World) -> None:
    made = with_passkey(device, world.emails["attorney"])
    made.verified(user=False)
    assert made.page.evaluate(_ANSWER, {"verification": "discouraged"})[0] == 422


def test_another_origin_is_refused_though_the_site_is_the_same(
    device: OpenDevice, world: World, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = with_passkey(device, world.emails["attorney"])
    moved = site.settings.with_(public_url="http://localhost:1")
    monkeypatch.setitem(site.app.extensions, "settings", moved)
    made.press("Use a passkey")
    refused(made)


def test_a_false_site_cannot_ask_for_the_passkey_at_all(device: OpenDevice, world: World, site: Site) -> None:
    made = with_passkey(device, world.emails["attorney"])
    made.page.goto(site.url.replace("localhost", "127.0.0.1") + "/sign-in")
    made.press("Use a passkey")
    expect(made.page.get_by_text("The passkey was not taken")).to_be_visible()


def test_a_copied_key_is_refused_when_its_counter_goes_back(
    device: OpenDevice, world: World, owner: sa.Connection
) -> None:
    made = with_passkey(device, world.emails["attorney"])
    made.press("Use a passkey")
    here(made)
    credential = made.credentials()[0]
    assert owner.execute(sa.text("select max(sign_count) from passkey")).scalar_one() == credential["signCount"] > 0
    made.page.context.clear_cookies()
    made.put_back(credential, signCount=0)
    made.page.goto("/sign-in")
    made.press("Use a passkey")
    refused(made)
    kinds = owner.execute(sa.text("select kind from audit.event order by id desc limit 3")).scalars().all()
    assert "passkey_refused" in kinds


def test_a_synced_passkey_that_counts_nothing_signs_in_again_and_again(
    device: OpenDevice, world: World, site: Site, owner: sa.Connection
) -> None:
    made = with_passkey(device, world.emails["attorney"])
    owner.execute(sa.text("update passkey set sign_count = 0"))
    key = sa.text("select id, public_key from passkey where removed_at is null")
    assert owner.execute(key).one()
    # A virtual authenticator always counts: what a synced one sends is put in place of the verified answer.
    real = webauthn.verify_authentication_response

    def uncounted(**given: Any) -> Any:
        assert given["credential_current_sign_count"] == 0
        verified = real(**given)
        verified.new_sign_count = 0
        return verified

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webauthn, "verify_authentication_response", uncounted)
        for _ in range(2):
            made.page.context.clear_cookies()
            made.page.goto("/sign-in")
            made.press("Use a passkey")
            here(made)


def test_a_removed_passkey_and_one_of_a_closed_account_are_refused(
    device: OpenDevice, world: World, owner: sa.Connection
) -> None:
    made = with_passkey(device, world.emails["attorney"])
    active = sa.text("update app_user set active = :active where id = :id")
    owner.execute(active, {"active": False, "id": world.users["attorney"]})
    made.press("Use a passkey")
    refused(made)
    owner.execute(active, {"active": True, "id": world.users["attorney"]})
    owner.execute(sa.text("update passkey set removed_at = now()"))
    made.page.goto("/sign-in")
    made.press("Use a passkey")
    refused(made)


def test_a_passkey_of_another_does_not_show_again_that_it_is_you(device: OpenDevice, world: World, site: Site) -> None:
    made = with_passkey(device, world.emails["attorney"])
    made.page.context.add_cookies(session_cookie(site.app, world.emails["admin"], "en", site.url))
    made.page.goto("/sign-in/again")
    status = made.page.evaluate(
        _ANSWER.replace("/sign-in/passkey/options", "/sign-in/again/options").replace(
            "'/sign-in/passkey'", "'/sign-in/again/passkey'"
        ),
        {},
    )
    assert status[0] == 422


def test_showing_the_passkey_again_goes_on_with_the_form_that_was_sent(
    device: OpenDevice, world: World, owner: sa.Connection
) -> None:
    made = with_passkey(device, world.emails["attorney"])
    made.press("Use a passkey")
    here(made)
    before = made.page.context.cookies()[0]["value"]
    made.page.goto("/account/sign-in")
    made.page.get_by_text("Rename").click()
    made.page.fill("[name=name]", "green key")
    owner.execute(sa.text("update user_session set proved_at = now() - interval '6 minutes'"))
    made.press("Save")
    expect(made.page.get_by_role("heading", name="Please show again that it is you")).to_be_visible()
    assert violations(made.page) == []
    made.press("Use a passkey")
    made.page.wait_for_url("**/account/sign-in")
    expect(made.page.locator(".things b", has_text="green key")).to_be_visible()
    assert made.page.context.cookies()[0]["value"] != before


@pytest.mark.parametrize("size", [None, PHONE], ids=["wide", "phone"])
def test_a_new_attorney_enrols_a_passkey_by_invitation_alone(
    device: OpenDevice, world: World, site: Site, owner: sa.Connection, size: tuple[int, int] | None
) -> None:
    name = "new.phone" if size else "new.wide"
    user_id = owner.execute(
        sa.text(
            "insert into app_user (organisation_id, email, display_name, password_hash)"
            " values (:o, :e, 'Noor Example', '') returning id"
        ),
        {"o": world.organisation, "e": f"{name}@example.org"},
    ).scalar_one()
    grant = "insert into access_grant (user_id, compartment_id, role, tier) values (:u, :c, 'RO.SUPATT', 1)"
    owner.execute(sa.text(grant), {"u": user_id, "c": world.compartment})
    with site.app.app_context(), db.transaction():
        sessions.act_for(world.users["admin"])
        handed = invitations.invite(db.session.get_one(User, user_id), site.settings, by=world.users["admin"])
    made = device(**({"viewport": {"width": size[0], "height": size[1]}} if size else {}))
    page = made.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(handed.link)
    expect(page.locator("[name=code]")).to_have_value(handed.code)
    assert "#" not in page.url
    assert not any(handed.code in url.partition("#")[0] for url in asked)
    assert violations(page) == []
    made.press("Continue")
    page.fill("[name=password]", "seven grey herons nest")
    assert violations(page) == []
    made.press("Continue")
    expect(page.get_by_text("Your role opens much")).to_be_visible()
    assert page.get_by_text("authenticator app").count() == 0
    assert violations(page) == []
    assert overflow(page) <= 0
    made.press("Make a passkey")
    page.wait_for_url("**/account/sign-in")
    expect(page.locator(".things b", has_text="My first passkey")).to_be_visible()
    assert violations(page) == []
    assert overflow(page) <= 0
