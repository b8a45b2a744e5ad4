"""The journeys use the browser of the pages' tests."""

from tests.pages.conftest import address, chromium, open_page, sessions

__all__ = ["address", "chromium", "open_page", "sessions"]
