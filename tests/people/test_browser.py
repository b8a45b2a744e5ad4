"""Opened names and masked words in Chromium: readable, in the width of a phone, and with the reader's name over them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from intake import db
from intake.access.actor import Actor
from intake.people.models import Person
from intake.people.vault import seal_identity
from tests.chromium import PHONE, WIDE, OpenPage, overflow, violations
from tests.factories import an_account

Acting = Callable[[str], AbstractContextManager[Actor]]


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_an_opened_name_is_readable_and_carries_its_reader(
    open_page: OpenPage, acting: Acting, size: tuple[int, int], language: str
) -> None:
    with acting("intake"):
        person = db.session.get_one(Person, an_account().person_id)
        seal_identity(person, {"legal_name": "María Guadalupe Núñez de la Inmaculada Concepción", "phone": "555 0100"})
        address = f"/people/{person.id}/name"
    page = open_page(address, "attorney", size, language)
    page.select_option("#reason", "call back")
    page.click("main form[method=post] button")
    page.wait_for_selector(".opened")
    assert "María Guadalupe" in page.inner_text(".opened dl")
    assert violations(page) == []
    assert overflow(page) <= 0
    line = page.evaluate("getComputedStyle(document.querySelector('.opened .over p'), '::before').content")
    assert line.count("Attorney ·") == 5
    page.emulate_media(media="print")
    shown = page.evaluate("getComputedStyle(document.querySelector('.opened .over')).display")
    assert shown != "none"


def test_mask_this_takes_the_words_out_of_the_page(open_page: OpenPage, acting: Acting) -> None:
    with acting("intake"):
        account = an_account(narrative="I said my visa had ended. They laughed.", narrative_language="en")
        address = f"/incidents/{account.incident_id}/intake/story"
    page = open_page(address, "intake", PHONE)
    assert page.inner_text(".sensitive mark") == "visa"
    page.click(".sensitive button")
    page.wait_for_url("**/intake/story*")
    page.wait_for_function("document.querySelector('#narrative').value.includes('[masked ')")
    assert page.locator(".sensitive").count() == 0
    assert "visa" not in page.input_value("#narrative")
