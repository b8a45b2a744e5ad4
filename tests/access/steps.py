"""Walking through the real pages of signing in: a password, a code, an app that ticks."""

from __future__ import annotations

import re
import time
from html import unescape

import pyotp
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from intake import db
from intake.access import authenticator, sessions
from intake.access.models import User
from tests.browser import Browser
from tests.world import PASSWORD

STEP = authenticator.STEP


def code_of(secret: str, steps: int = 0) -> str:
    """Return the app's code now, or some steps later or earlier."""
    return str(pyotp.TOTP(secret).generate_otp(int(time.time()) // STEP + steps))


def give_app(user_id: int) -> str:
    """Give the user an authenticator app and return its secret; the first code used is of the step before."""
    secret = authenticator.new_secret()
    with db.transaction():
        sessions.act_for(user_id)
        assert authenticator.enrol(db.session.get_one(User, user_id), secret, code_of(secret, -1))
    return secret


def give_recovery_codes(user_id: int) -> list[str]:
    """Give the user ten recovery codes."""
    with db.transaction():
        sessions.act_for(user_id)
        return authenticator.new_recovery_codes(user_id)


def show_password(browser: Browser, email: str, password: str = PASSWORD) -> TestResponse:
    """Type e-mail and password."""
    browser.get("/sign-in")
    return browser.post("/sign-in", {"email": email, "password": password})


def show_code(browser: Browser, code: str) -> TestResponse:
    """Type a code on the page of the second step."""
    browser.get("/sign-in/code")
    return browser.post("/sign-in/code", {"code": code})


def hidden(answer: TestResponse, name: str) -> str:
    """Return the value of a hidden field of the page."""
    page = answer.get_data(as_text=True)
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="{name}"', page)
    assert found is not None, name
    return unescape(found[1] or found[2] or "")


def signed_in(browser: Browser) -> bool:
    """Tell whether the browser reaches a page of its user."""
    return browser.client.get("/account").status_code == 200


def forget_tries(owner: sa.Connection) -> None:
    """Let a quarter of an hour pass for all limits."""
    owner.execute(sa.text("delete from sign_in_attempt where window_start < now() - interval '15 minutes'"))
    owner.execute(sa.text("update sign_in_attempt set window_start = window_start - interval '16 minutes'"))


def other_worker(app: Flask) -> Browser:
    """Return a browser that reaches another process of the same program: nothing of it is kept in memory."""
    return Browser(app)
