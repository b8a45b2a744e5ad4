"""What a WSGI server loads: `gunicorn intake.wsgi:app`, with the stores' addresses in the environment."""

from __future__ import annotations

import sys

from intake.app import create_app
from intake.errors import KeyUnavailable
from intake.settings import Settings

try:
    app = create_app(Settings.load())
except KeyUnavailable as missing:
    # No key, no start: said in one line, where a traceback would hide it.
    sys.exit(f"testigo: {missing}")
