"""The real program in a real browser: a served app, Chromium, and a page that fails the test on what it refuses."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from tests.browser import Browser as Plain
from tests.world import World

AXE = Path(__file__).resolve().parent / "vendor/axe-core-4.14.1/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, PHONE, NARROWEST = (1440, 900), (390, 844), (320, 640)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium: Playwright's own downloads are not needed."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-quic", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    """The program's address on this machine, served by threads."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


OpenPage = Callable[..., Page]
# The language each user reads now, and the cookies of their session.
Sessions = tuple[dict[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def kept_cookies() -> Sessions:
    """Whoever signed in once stays signed in for the module: most tests are about what comes after."""
    return {}, {}


def session_cookie(app: Flask, email: str, language: str, address: str) -> list[Any]:
    """Return the cookie of a session as if a passkey had just been shown; tests/access walk through the real pages."""
    visitor = Plain(app).sign_in(email)
    with visitor.client.session_transaction() as kept:
        kept["language"] = language
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = visitor.client.get_cookie(name)
    assert cookie is not None
    return [{"name": name, "value": cookie.value, "url": address, "httpOnly": True, "sameSite": "Lax"}]


@pytest.fixture
def open_page(chromium: Browser, app: Flask, address: str, world: World, kept_cookies: Sessions) -> Iterator[OpenPage]:
    """`open_page("/search", who="attorney")`: a page of somebody who is signed in.

    Ends with a failure when the browser refused something (content security policy) or a script broke.
    """
    contexts, troubles = [], []
    signed_in, cookies = kept_cookies

    def open_(
        path: str, who: str | None = None, size: tuple[int, int] = WIDE, language: str = "en", **options: Any
    ) -> Page:
        width, height = size
        context = chromium.new_context(
            base_url=address, viewport={"width": width, "height": height}, locale="en-US", **options
        )
        contexts.append(context)
        context.on("request", lambda asked: troubles.append(asked.url) if _leaves(asked.url) else None)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
        if who and signed_in.get(who) != language:
            signed_in[who], cookies[who] = language, session_cookie(app, world.emails[who], language, address)
        if who:
            context.add_cookies(cookies[who])
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert troubles == []


def _leaves(url: str) -> bool:
    """Tell whether an address is another machine's: no page may load anything from elsewhere."""
    return urlsplit(url).hostname not in {None, "127.0.0.1", "localhost"}


def violations(page: Page) -> list[str]:
    """Return what axe finds, each with its places. Passed by `evaluate`: the policy forbids a script tag."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(RULES)}}})")["violations"]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found]


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
