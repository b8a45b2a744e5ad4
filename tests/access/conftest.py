"""Fixtures of the tests of access."""

from __future__ import annotations

from tests.access.devices import device, site  # noqa: F401
from tests.access.enrolling import invite, newcomer  # noqa: F401
