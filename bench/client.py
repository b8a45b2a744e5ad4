"""A signed-in client of the real program, in this process or over HTTP."""

from __future__ import annotations

import http.client
import re
import uuid
from typing import Self
from urllib.parse import urlencode, urlsplit

from flask import Flask

from intake.demo.people import described

_TOKEN = re.compile(rb'name="csrf-token" content="([^"]+)"')


def demonstration_code(page: bytes) -> str:
    """Return the code that the second step's page shows to the demonstration's users."""
    found = re.search(rb"data-demonstration-code>(\d{6})<", page)
    assert found is not None, "this is no demonstration"
    return found[1].decode()


class Local:
    """Calls the program in this process, through its WSGI interface."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.token = ""

    def sign_in(self, email: str) -> Self:
        """Sign in with the demonstration's password."""
        self.get("/sign-in")
        self.post("/sign-in", {"email": email, "password": described()["sign_in"]["password"]})
        self.post("/sign-in/code", {"code": demonstration_code(self.get("/sign-in/code"))})
        self.get("/account")
        return self

    def get(self, path: str) -> bytes:
        """Return the page. Raises AssertionError for anything but 200."""
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        self._see(answer.data)
        return answer.data

    def post(self, path: str, fields: dict[str, str]) -> str:
        """Send a form; returns where it leads."""
        answer = self.client.post(path, data={"csrf_token": self.token, "once_key": str(uuid.uuid4()), **fields})
        assert answer.status_code in {302, 303}, (path, answer.status_code, answer.data[-600:])
        return answer.location

    def _see(self, page: bytes) -> None:
        if found := _TOKEN.search(page):
            self.token = found.group(1).decode()


class Remote:
    """Calls a server over one kept-alive connection, as a browser does."""

    def __init__(self, base: str) -> None:
        self.host = urlsplit(base).netloc
        self.connection = http.client.HTTPConnection(self.host, timeout=30)
        self.cookie = ""
        self.token = ""

    def sign_in(self, email: str) -> Self:
        """Sign in with the demonstration's password."""
        self.get("/sign-in")
        self.post("/sign-in", {"email": email, "password": described()["sign_in"]["password"]})
        self.post("/sign-in/code", {"code": demonstration_code(self.get("/sign-in/code"))})
        self.get("/account")
        return self

    def get(self, path: str) -> bytes:
        """Return the page. Raises AssertionError for anything but 200."""
        status, _place, body = self._ask("GET", path, None)
        assert status == 200, (path, status)
        if found := _TOKEN.search(body):
            self.token = found.group(1).decode()
        return body

    def post(self, path: str, fields: dict[str, str]) -> str:
        """Send a form; returns where it leads, or the body of a plain answer."""
        form = {"csrf_token": self.token, "once_key": str(uuid.uuid4()), **fields}
        status, place, body = self._ask("POST", path, urlencode(form).encode())
        assert status in {200, 302, 303}, (path, status, body[-600:])
        return place or body.decode()

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, str, bytes]:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # The server closed an idle connection, as servers do: open another and ask again.
            self.connection.close()
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        if kept := answer.getheader("Set-Cookie"):
            self.cookie = kept.partition(";")[0]
        return answer.status, answer.getheader("Location") or "", answer.read()
