"""Spanish is whole: every string has its words, the placeholders agree, and a page in Spanish shows them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from tests.browser import Browser

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "intake/translations/es/LC_MESSAGES/messages.po"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]")


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    """Every entry of the Spanish catalogue, without its header."""
    with CATALOGUE.open("rb") as file:
        return [message for message in read_po(file, locale="es") if message.id]


def pairs(message: Message) -> Iterator[tuple[str, str]]:
    """Each English form beside its Spanish form: singular, and plural where there is one."""
    english = [message.id] if isinstance(message.id, str) else list(message.id)
    spanish = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return zip(english, spanish, strict=True)


def test_no_string_of_the_program_lacks_spanish() -> None:
    checked = subprocess.run(
        [sys.executable, ".ci/check_translations.py"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


def test_nothing_waits_for_somebody_to_confirm_it(messages: list[Message]) -> None:
    assert [message.id for message in messages if message.fuzzy] == []


def test_the_same_placeholders_stand_in_both_languages(messages: list[Message]) -> None:
    differing = [
        english
        for message in messages
        for english, spanish in pairs(message)
        if sorted(PLACEHOLDER.findall(english)) != sorted(PLACEHOLDER.findall(spanish))
    ]
    assert differing == []


def test_both_languages_begin_and_end_with_the_same_spaces(messages: list[Message]) -> None:
    def edges(text: str) -> tuple[int, int]:
        return len(text) - len(text.lstrip()), len(text) - len(text.rstrip())

    assert [e for message in messages for e, s in pairs(message) if edges(e) != edges(s)] == []


def test_a_person_is_spoken_to_as_usted(messages: list[Message]) -> None:
    familiar = re.compile(r"\b(tú|tu|tus|puedes|tienes|quieres|vosotros|tuyo|contigo|haz)\b", re.IGNORECASE)
    assert [message.id for message in messages for _, spanish in pairs(message) if familiar.search(spanish)] == []


def test_the_sign_in_page_is_spanish_for_a_browser_that_asks_for_it(client: Browser) -> None:
    page = client.get("/sign-in", headers={"Accept-Language": "es-MX,es;q=0.9"}).get_data(as_text=True)
    assert '<html lang="es"' in page
    assert "Contraseña" in page
    assert "Use la cuenta que le dio su oficina." in page
    assert "Password" not in page


def test_a_language_chosen_once_stays_on_the_next_page(browser_of: Callable[[str], Browser]) -> None:
    browser = browser_of("second_intake")
    assert "New intake" in browser.get("/intakes/new").get_data(as_text=True)
    browser.post("/language", {"language": "es"})
    page = browser.get("/intakes/new").get_data(as_text=True)
    assert '<html lang="es"' in page
    assert "Nueva entrevista" in page
    assert "New intake" not in page
