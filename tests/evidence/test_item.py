"""The item's page: what it is, is it unchanged, who had it; and the ways to look at it and to copy it."""

from __future__ import annotations

import hashlib
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
import sqlalchemy as sa

from intake.demo import media
from intake.evidence.sealing import seal
from intake.media import derive, scanner, scans
from intake.settings import Settings
from intake.storage import Storage
from tests.browser import Browser
from tests.evidence.conftest import Sender, custody, row
from tests.world import World

PHOTO = media.photo(1)


@pytest.fixture
def item(sender: Sender, store: Storage, world: World, settings: Settings) -> dict[str, Any]:
    """A sealed, scanned and prepared photo of the intake worker."""
    sent = sender.send(PHOTO, "Juan Pérez at the lot.jpg")
    prepare(uuid.UUID(sent["id"]), world, store, settings)
    return sent


def prepare(item: uuid.UUID, world: World, store: Storage, settings: Settings) -> None:
    """Seal, scan and derive as the worker does."""
    seal(item, world.users["intake"], store)
    scans.scan(item, world.users["intake"], store, scanner.Scanner.of(settings))
    derive.derive(item, world.users["intake"], store)


@pytest.fixture
def shared(item: dict[str, Any], sender: Sender, world: World, owner: sa.Connection) -> dict[str, Any]:
    """The same photo, its incident shared with the other organisation."""
    owner.execute(
        sa.text(
            "insert into share (incident_id, compartment_id, opened_by_id, to_compartment_id) values (:i, :c, :u, :to)"
        ),
        {"i": sender.incident, "c": world.compartment, "u": world.users["intake"], "to": world.other_compartment},
    )
    return item


def test_the_page_says_that_it_is_unchanged_and_who_had_it(sender: Sender, item: dict[str, Any]) -> None:
    page = sender.browser.get(f"/evidence/{item['id']}").get_data(as_text=True)
    assert "Unchanged since upload" in page
    assert "The device and the server made the same hash." in page
    assert hashlib.sha256(PHOTO).hexdigest() in page
    assert "Juan Pérez at the lot.jpg" in page
    assert "Juan" not in page.split("</title>", maxsplit=1)[0]
    for step in ("Sending began", "Received whole", "Read back and sealed"):
        assert step in page


def test_the_page_speaks_spanish(sender: Sender, item: dict[str, Any]) -> None:
    sender.browser.post("/language", {"language": "es"}, once=None)
    answer = sender.browser.get(f"/evidence/{item['id']}")
    assert '<html lang="es"' in answer.get_data(as_text=True)


def test_the_original_is_handed_out_as_a_file_without_the_uploaders_name_and_the_copy_is_logged(
    sender: Sender, item: dict[str, Any], owner: sa.Connection
) -> None:
    answer = sender.browser.get(f"/evidence/{item['id']}/file")
    assert answer.status_code == 302
    address = unquote(answer.location)
    assert "Juan" not in address
    with urllib.request.urlopen(answer.location, timeout=30) as file:
        assert file.read() == PHOTO
        assert file.headers["Content-Disposition"].startswith("attachment")
        assert file.headers["Content-Type"] == "application/octet-stream"
    assert custody(owner, item)[-1] == "copied"
    logged = "select count(*) from audit.event where kind = 'download' and record_id = :id"
    assert owner.execute(sa.text(logged), {"id": item["id"]}).scalar_one() == 1


def test_nothing_opens_by_itself_and_a_viewing_is_noted_once(
    sender: Sender, item: dict[str, Any], owner: sa.Connection
) -> None:
    page = sender.browser.get(f"/evidence/{item['id']}").get_data(as_text=True)
    assert 'id="v1" checked' in page
    assert "viewed" not in custody(owner, item)
    for _ in range(3):
        answer = sender.browser.get(f"/evidence/{item['id']}/media")
        with urllib.request.urlopen(answer.location, timeout=30) as file:
            assert file.headers["Content-Type"] == "image/jpeg"
            assert file.headers["Content-Disposition"].startswith("inline")
    assert custody(owner, item).count("viewed") == 1


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "application/xhtml+xml", "application/pdf", "text/xml"])
def test_what_could_run_is_never_shown(
    sender: Sender, store: Storage, world: World, settings: Settings, kind: str
) -> None:
    sent = sender.send(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.svg", type=kind)
    prepare(uuid.UUID(sent["id"]), world, store, settings)
    assert sender.browser.get(f"/evidence/{sent['id']}/media").status_code == 409
    assert f"{sent['id']}/media" not in sender.browser.get(f"/evidence/{sent['id']}").get_data(as_text=True)
    with urllib.request.urlopen(sender.browser.get(f"/evidence/{sent['id']}/file").location, timeout=30) as file:
        assert file.headers["Content-Type"] == "application/octet-stream"


def test_nothing_is_shown_or_copied_before_it_was_read_back(sender: Sender) -> None:
    sent = sender.send(PHOTO)
    assert sender.browser.get(f"/evidence/{sent['id']}/media").status_code == 409
    assert sender.browser.get(f"/evidence/{sent['id']}/file").status_code == 409


def described(**values: str) -> dict[str, str]:
    return {"description": "Two men by a van.", "evidence_type": "EV.PHOTO", "made_by": "the_person",
            "may_be_shown": "yes", **values}  # fmt: skip


def test_a_description_is_saved_and_noted(sender: Sender, item: dict[str, Any], owner: sa.Connection) -> None:
    version = str(row(owner, item).version)
    answer = sender.browser.post(f"/evidence/{item['id']}", described(version=version), once=None)
    assert answer.status_code == 303
    assert "Two men by a van." in sender.browser.get(f"/evidence/{item['id']}").get_data(as_text=True)
    assert custody(owner, item)[-1] == "described"
    assert row(owner, item).made_by == "the_person"


def test_the_second_of_two_editors_sees_both_texts(
    sender: Sender, item: dict[str, Any], as_attorney: Browser, owner: sa.Connection
) -> None:
    version = str(row(owner, item).version)
    as_attorney.get(f"/evidence/{item['id']}")
    first = as_attorney.post(f"/evidence/{item['id']}", described(description="Three men.", version=version), once=None)
    assert first.status_code == 303
    second = sender.browser.post(f"/evidence/{item['id']}", described(version=version), once=None)
    assert second.status_code == 409
    page = second.get_data(as_text=True)
    assert "Two men by a van." in page
    assert "Three men." in page
    assert row(owner, item).description == "Three men."


def test_sealing_does_not_make_an_open_description_stale(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    sent = sender.start(PHOTO).get_json()
    version = str(row(owner, sent).version)
    sender.put_parts(sent, PHOTO)
    sender.complete(sent)
    seal(uuid.UUID(sent["id"]), world.users["intake"], store)
    assert sender.browser.post(f"/evidence/{sent['id']}", described(version=version), once=None).status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [{"made_by": "nobody"}, {"may_be_shown": "maybe"}, {"evidence_type": "XX"}, {"description": "x" * 20_001},
     {"description": "a\x00b"}, {"made_by": ""}],
)  # fmt: skip
def test_an_answer_that_does_not_exist_is_refused_and_the_text_kept(
    sender: Sender, item: dict[str, Any], owner: sa.Connection, wrong: dict[str, str]
) -> None:
    version = str(row(owner, item).version)
    answer = sender.browser.post(f"/evidence/{item['id']}", described(version=version, **wrong), once=None)
    assert answer.status_code == 422
    assert row(owner, item).description == ""


ADDRESSES: list[tuple[str, str]] = [
    ("GET", ""), ("GET", "/state"), ("GET", "/file"), ("GET", "/media"), ("POST", ""), ("POST", "/sign"),
    ("POST", "/complete"), ("POST", "/abort"), ("DELETE", "/abort"),
]  # fmt: skip


def ask(browser: Browser, method: str, url: str) -> int:
    headers = {"X-CSRFToken": browser.token}
    body = {"action": "list"} if url.endswith("/sign") else None
    return browser.client.open(url, method=method, json=body, headers=headers).status_code


@pytest.mark.parametrize(
    ("who", "status"),
    [("stranger", {404}), ("second_intake", {404}), ("other_attorney", {404}), ("cocounsel", {404, 403}),
     ("analyst", {403}), ("auditor", {403}), ("admin", {403})],
)  # fmt: skip
def test_whoever_may_not_see_the_incident_cannot_reach_its_files(
    item: dict[str, Any], browser_of: Callable[[str], Browser], who: str, status: set[int]
) -> None:
    browser = browser_of(who)
    for method, tail in ADDRESSES:
        there = ask(browser, method, f"/evidence/{item['id']}{tail}")
        assert there in status
        assert there == ask(browser, method, f"/evidence/{uuid.uuid4()}{tail}")


def test_co_counsel_read_what_is_shared_and_change_nothing(shared: dict[str, Any], as_cocounsel: Browser) -> None:
    page = as_cocounsel.get(f"/evidence/{shared['id']}")
    assert page.status_code == 200
    assert "<textarea" not in page.get_data(as_text=True)
    assert as_cocounsel.get(f"/evidence/{shared['id']}/file").status_code == 302
    assert ask(as_cocounsel, "POST", f"/evidence/{shared['id']}") == 403


def test_the_attorney_of_the_other_organisation_adds_nothing_to_a_shared_incident(
    shared: dict[str, Any], sender: Sender, browser_of: Callable[[str], Browser], owner: sa.Connection
) -> None:
    other = Sender(browser_of("other_attorney"), sender.incident, None)
    assert other.browser.get(f"/evidence/{shared['id']}").status_code == 200
    assert other.start(PHOTO).status_code == 403
    assert ask(other.browser, "POST", f"/evidence/{shared['id']}/sign") == 403
    version = str(row(owner, shared).version)
    assert other.browser.post(f"/evidence/{shared['id']}", described(version=version), once=None).status_code == 403


def test_a_paralegal_adds_to_an_intake_of_the_own_organisation(
    sender: Sender, as_paralegal: Browser, store: Storage, world: World
) -> None:
    colleague = Sender(as_paralegal, sender.incident, sender.account)
    sent = colleague.send(PHOTO)
    assert seal(uuid.UUID(sent["id"]), world.users["paralegal"], store) == "sealed"


def test_a_right_that_was_taken_away_stops_the_next_signature(
    sender: Sender, world: World, owner: sa.Connection
) -> None:
    sent = sender.start(PHOTO).get_json()
    grant = {"id": world.users["intake"]}
    owner.execute(sa.text("update access_grant set expires_at = now() where user_id = :id"), grant)
    try:
        assert sender.sign(sent, 1, PHOTO).status_code in {403, 404}
    finally:
        owner.execute(sa.text("update access_grant set expires_at = null where user_id = :id"), grant)
