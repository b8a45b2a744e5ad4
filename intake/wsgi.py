"""What a WSGI server loads: `gunicorn intake.wsgi:app`, with the stores' addresses in the environment."""

from __future__ import annotations

from intake.app import create_app
from intake.settings import Settings

app = create_app(Settings.load())
