"""A browser with a virtual authenticator in it, at an address that passkeys know: http://localhost with a port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, CDPSession, Page, expect
from werkzeug.serving import make_server

from intake.app import create_app
from intake.settings import Settings
from tests.chromium import session_cookie
from tests.world import World


@dataclass
class Site:
    """The program on an address that passkeys know, http://localhost with a port."""

    app: Flask
    url: str

    @property
    def settings(self) -> Settings:
        found: Settings = self.app.extensions["settings"]
        return found


@pytest.fixture(scope="module")
def site(settings: Settings, world: World) -> Iterator[Site]:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = create_app(settings.with_(port=port))
    server = make_server("127.0.0.1", port, app, threaded=True, fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Site(app, f"http://localhost:{port}")
    server.shutdown()
    thread.join()
    listener.close()


@dataclass
class Device:
    """A page and the virtual authenticator of its browser."""

    page: Page
    cdp: CDPSession
    key: str

    def verified(self, *, user: bool) -> None:
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.key, "isUserVerified": user})

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.key})[
            "credentials"
        ]
        return found

    def put_back(self, credential: dict[str, Any], **changed: Any) -> None:
        """Take a credential out and put a changed copy in, as somebody who copied the key would have it."""
        asked = {"authenticatorId": self.key, "credentialId": credential["credentialId"]}
        self.cdp.send("WebAuthn.removeCredential", asked)
        self.cdp.send("WebAuthn.addCredential", {"authenticatorId": self.key, "credential": credential | changed})

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()


OpenDevice = Callable[..., Device]


@pytest.fixture
def device(chromium: Browser, site: Site) -> Iterator[OpenDevice]:
    """`device()`: a browser with an authenticator in it, at the program's address."""
    contexts = []

    def open_(email: str = "", **options: Any) -> Device:
        context = chromium.new_context(base_url=site.url, locale="en-US", **options)
        contexts.append(context)
        if email:
            context.add_cookies(session_cookie(site.app, email, "en", site.url))
        page = context.new_page()
        cdp = context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        kind = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        key = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": kind})["authenticatorId"]
        return Device(page, cdp, key)

    yield open_
    for context in contexts:
        context.close()


def with_passkey(device: OpenDevice, email: str, name: str = "blue key") -> Device:
    """Return a device on which the signed-in user made a passkey, and then signed out."""
    made = device(email)
    made.page.goto("/account/passkeys/new")
    made.page.fill("[name=name]", name)
    made.press("Make a passkey")
    made.page.wait_for_url("**/account/sign-in")
    expect(made.page.locator(".things b", has_text=name)).to_be_visible()
    made.page.context.clear_cookies()
    made.page.goto("/sign-in")
    return made
