"""The page that follows one export, as it waits, is ready for approval, and failed."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from intake.access.actor import Actor
from intake.exports import jobs, services
from tests.chromium import PHONE, WIDE, OpenPage, overflow, violations
from tests.factories import an_incident
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
STATES = {"waiting": "Being made", "ready": "Approve", "failed": "Not made"}


@pytest.mark.parametrize(("state", "words"), STATES.items(), ids=list(STATES))
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_an_export_says_how_it_stands(
    open_page: OpenPage, acting: Acting, app: Flask, world: World, state: str, words: str, size: tuple[int, int]
) -> None:
    with acting("intake"):
        an_incident(title="Parking lot")
    with acting("paralegal"):
        export = services.prepare_export("xlsx", "records", None, {}).id
    if state == "ready":
        jobs.make(world.users["paralegal"], export, app.extensions["storage"])
    elif state == "failed":
        jobs.give_up(export, world.users["paralegal"], "store")
    page = open_page(f"/exports/{export}", who="attorney", size=size)
    expect(page.locator("#export-state")).to_contain_text(words)
    if folder := os.environ.get("TESTIGO_PICTURES"):
        page.screenshot(path=Path(folder) / f"export_{state}_{size[0]}.png", full_page=True)
    assert overflow(page) <= 0
    assert violations(page) == []
