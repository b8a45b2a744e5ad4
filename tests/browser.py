"""A browser without JavaScript: Flask's test client that fills in the hidden fields of the forms it was shown."""

from __future__ import annotations

import re
import uuid
from typing import Any, Self

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from intake import db
from intake.access import sessions
from intake.access.models import User

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"|name="csrf-token" content="([^"]+)"')


class Browser:
    """Keeps cookies and the last CSRF token seen."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.token = ""

    def sign_in(self, email: str, method: str = sessions.PASSKEY) -> Self:
        """Open a session as if `method` had just been shown; tests/access walk through the real pages."""
        with db.transaction():
            user_id = db.session.execute(sa.select(User.id).where(User.email == email)).scalar_one()
            token = sessions.open_session(user_id, method)
        with self.client.session_transaction() as kept:
            kept["_user_id"] = token
        self.get("/account")
        return self

    def get(self, url: str, **options: Any) -> TestResponse:
        """Get a page and remember its token."""
        return self._seen(self.client.get(url, **options))

    def post(
        self, url: str, data: dict[str, Any] | None = None, *, once: str | None = "new", **options: Any
    ) -> TestResponse:
        """Send a form with CSRF token and once key (`once=None` leaves the key out, as edit forms do)."""
        fields: dict[str, Any] = {"csrf_token": self.token, **(data or {})}
        if once is not None:
            fields.setdefault("once_key", str(uuid.uuid4()) if once == "new" else once)
        return self._seen(self.client.post(url, data=fields, **options))

    def send(self, url: str, body: Any, **options: Any) -> TestResponse:
        """Post JSON as the page's script does."""
        headers = {"X-CSRFToken": self.token, "Accept": "application/json", **options.pop("headers", {})}
        return self.client.post(url, json=body, headers=headers, **options)

    def _seen(self, answer: TestResponse) -> TestResponse:
        if answer.mimetype == "text/html" and (found := _TOKEN.search(answer.get_data(as_text=True))):
            self.token = found.group(1) or found.group(2)
        return answer
