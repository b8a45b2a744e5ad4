"""Signing in and out."""

from __future__ import annotations

import sqlalchemy as sa

from tests.browser import Browser
from tests.world import PASSWORD, World


def test_a_user_signs_in_and_sees_today(as_intake: Browser) -> None:
    assert as_intake.get("/").status_code == 200


def test_wrong_unknown_and_disabled_answer_alike(client: Browser, world: World, owner: sa.Connection) -> None:
    owner.execute(sa.text("update app_user set active = false where email = 'second_intake@example.org'"))
    tries = [
        (world.emails["intake"], "wrong password here"),
        ("nobody@example.org", PASSWORD),
        (world.emails["second_intake"], PASSWORD),
    ]
    answers = []
    for email, password in tries:
        client.get("/sign-in")
        answer = client.post("/sign-in", {"email": email, "password": password})
        body = answer.get_data(as_text=True).replace(email, "")
        answers.append((answer.status_code, len(body)))
    assert {status for status, _ in answers} == {422}
    lengths = [length for _, length in answers]
    assert max(lengths) - min(lengths) < 40


def test_nobody_signed_in_is_sent_to_the_sign_in_page(client: Browser) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in")


def test_after_signing_out_the_old_cookie_opens_nothing(as_intake: Browser) -> None:
    cookie = as_intake.client.get_cookie("testigo")
    assert cookie is not None
    answer = as_intake.post("/sign-out", once=None)
    assert "Clear-Site-Data" in answer.headers
    as_intake.client.set_cookie("testigo", cookie.value)
    assert as_intake.get("/").status_code == 302


def test_a_post_without_the_token_is_refused(as_intake: Browser) -> None:
    as_intake.token = "forged"
    assert as_intake.post("/account", {"language": "es"}).status_code == 400


def test_a_page_of_another_site_cannot_post_here(as_intake: Browser) -> None:
    answer = as_intake.post("/account", {"language": "es"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_eleven_failures_from_one_network_are_asked_to_wait(client: Browser) -> None:
    for _ in range(10):
        client.get("/sign-in")
        assert client.post("/sign-in", {"email": "guess@example.org", "password": "x"}).status_code == 422
    assert client.post("/sign-in", {"email": "guess@example.org", "password": "x"}).status_code == 429


def test_the_database_keeps_no_token_that_signs_in(as_intake: Browser, owner: sa.Connection) -> None:
    with as_intake.client.session_transaction() as kept:
        token = kept["_user_id"]
    hashes = owner.execute(sa.text("select token_hash from user_session")).scalars().all()
    assert hashes
    assert token.encode() not in hashes


def test_an_idle_session_ends_after_thirty_minutes(as_intake: Browser, owner: sa.Connection) -> None:
    owner.execute(sa.text("update user_session set seen_at = now() - interval '31 minutes'"))
    assert as_intake.get("/").status_code == 302


def test_a_disabled_user_is_out_at_the_next_request(as_paralegal: Browser, world: World, owner: sa.Connection) -> None:
    owner.execute(sa.text("update app_user set active = false where id = :id"), {"id": world.users["paralegal"]})
    assert as_paralegal.get("/").status_code == 302
    owner.execute(sa.text("update app_user set active = true where id = :id"), {"id": world.users["paralegal"]})


def test_every_answer_carries_the_headers(client: Browser) -> None:
    headers = client.get("/sign-in").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_the_next_address_never_leads_to_another_site(client: Browser, world: World) -> None:
    client.get("/sign-in?next=//evil.example/")
    answer = client.post("/sign-in?next=//evil.example/", {"email": world.emails["intake"], "password": PASSWORD})
    assert answer.location == "/sign-in/code"
