"""What tests of pages share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import expect

from intake.access.actor import Actor
from tests.factories import an_account

expect.set_options(timeout=30_000)
Acting = Callable[[str], AbstractContextManager[Actor]]


@pytest.fixture
def step(acting: Acting) -> str:
    """The address of the files' step of an intake that the intake worker opened."""
    with acting("intake"):
        return f"/incidents/{an_account().incident_id}/intake/files"
