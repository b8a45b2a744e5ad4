"""Exports: exactly the rows found, by allow-list, as their asker, and nothing half-done."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db, jobs, worker
from intake import storage as stores
from intake.access import sessions
from intake.access.actor import Actor
from intake.errors import NotAllowed, NotNow, StoreUnavailable
from intake.exports import jobs as making
from intake.exports import records, services
from intake.exports.models import Export
from intake.exports.records import CONFIDENTIAL, WORK_PRODUCT
from intake.incidents import claims
from intake.incidents import services as incidents
from intake.people import vault
from intake.people.models import Person
from intake.search.queries import exact_count
from intake.search.services import asked_for, keep_words
from intake.settings import Settings
from intake.storage import Storage
from tests.browser import Browser
from tests.exports.test_files import READ
from tests.factories import an_account
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent.parent
Acting = Callable[[str], AbstractContextManager[Actor]]
SEALED = "Zoraida Ejemplo Canaria"


@pytest.fixture(scope="module")
def told(app: Flask, world: World) -> None:
    """Three accounts of two incidents that hold the word, one incident that does not; a sealed name, a note, a claim."""
    with db.transaction():
        sessions.act_for(world.users["intake"])
        first = an_account(narrative="=They showed no warrant. Él dijo: «¡alto!»")
        an_account(incident=first.incident, narrative="I saw no warrant either.")
        an_account(narrative="A warrant was read from a phone.")
        an_account(narrative="The corner was quiet.")
        incidents.observe(first, "agency", [incidents.Seen("AG.DHS.CBP.USBP")])
        claims.suggest_claim(first.incident, "CL.4A.STOP", "canary of the attorney's mind")
        claims.write_note(first.incident, "canary in a working note", "en")
        vault.seal_identity(db.session.get_one(Person, first.person_id), {"legal_name": SEALED})


@pytest.fixture
def store(app: Flask, told: None, owner: sa.Connection) -> Storage:
    """The store as the program reaches it, and an empty queue."""
    owner.execute(sa.text("set search_path = public, jobs"))
    owner.execute(sa.text("delete from procrastinate_jobs"))
    store: Storage = app.extensions["storage"]
    stores.use(store)
    return store


def ask(
    acting: Acting, who: str = "attorney", form: str = "json", profile: str = "records", words: str = "warrant"
) -> uuid.UUID:
    """Ask for an export of a search and return its id."""
    with acting(who):
        search = keep_words(words).id if words else None
        return services.prepare_export(form, profile, search, {}).id


def made(acting: Acting, world: World, store: Storage, export: uuid.UUID, who: str = "attorney") -> Export:
    """Make it as its asker and return how it stands."""
    making.make(world.users[who], export, store)
    with acting(who):
        found: Export = db.session.get_one(Export, export)
        db.session.expunge(found)
    return found


def fetched(address: str) -> bytes:
    """Open an address as a browser does."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        body: bytes = answer.read()
    return body


def rows_of(
    acting: Acting, store: Storage, export: Export, tmp_path: Path, who: str = "attorney"
) -> list[dict[str, str]]:
    """Download as `who` and return the rows."""
    with acting(who):
        address = services.download(db.session.get_one(Export, export.id), store)
    path = tmp_path / f"{export.id}.{export.format}"
    path.write_bytes(fetched(address))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == export.sha256
    assert path.stat().st_size == export.size
    return READ[export.format](path)


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_exactly_the_rows_found_are_in_the_file(
    acting: Acting, world: World, store: Storage, tmp_path: Path, form: str
) -> None:
    export = made(acting, world, store, ask(acting, form=form))
    rows = rows_of(acting, store, export, tmp_path)
    assert export.rows == len(rows) == 3
    assert [row["account"] for row in rows] == ["1", "1", "2"]  # newest incident first, its accounts in order
    assert {row["narrative"] for row in rows} == {
        "=They showed no warrant. Él dijo: «¡alto!»",
        "I saw no warrant either.",
        "A warrant was read from a phone.",
    }


def test_all_formats_hold_the_same(acting: Acting, world: World, store: Storage, tmp_path: Path) -> None:
    forms = [made(acting, world, store, ask(acting, form=f, words="")) for f in ("csv", "xlsx", "json")]
    first, second, third = (rows_of(acting, store, export, tmp_path) for export in forms)
    assert first == second == third
    with acting("attorney"):
        assert len({row["number"] for row in first}) == exact_count(asked_for("", {}))


@pytest.mark.parametrize("form", ["csv", "json"])
def test_no_sealed_name_note_or_opinion_is_in_a_table_of_records(
    acting: Acting, world: World, store: Storage, form: str
) -> None:
    export = made(acting, world, store, ask(acting, form=form))
    text = b"".join(store.open(export.object_key, bucket=store.exports_bucket)).decode()
    assert "Declarant" in text
    for canary in (SEALED, "canary", "CL.", "Stop", *WORK_PRODUCT):
        assert canary not in text


def test_fields_are_an_allow_list(acting: Acting, world: World, store: Storage, tmp_path: Path) -> None:
    rows = rows_of(acting, store, made(acting, world, store, ask(acting)), tmp_path)
    assert {tuple(row) for row in rows} == {CONFIDENTIAL}
    wide = made(acting, world, store, ask(acting, profile="records_with_claims"))
    assert [r["claims_suggested"] != "" for r in rows_of(acting, store, wide, tmp_path)] == [False, True, True]


def test_a_paralegal_may_not_take_claims_out(acting: Acting, store: Storage, as_paralegal: Browser) -> None:
    with pytest.raises(NotAllowed):
        ask(acting, "paralegal", profile="records_with_claims")
    page = as_paralegal.get("/exports/new").get_data(as_text=True)
    assert "records_with_claims" not in page
    answer = as_paralegal.post("/exports/new", {"format": "csv", "profile": "records_with_claims"})
    assert answer.status_code == 422


def test_a_paralegals_export_waits_for_an_attorney_and_an_attorneys_own_does_not(
    acting: Acting, world: World, store: Storage, as_paralegal: Browser, as_attorney: Browser
) -> None:
    export = made(acting, world, store, ask(acting, "paralegal"), "paralegal")
    address = f"/exports/{export.id}"
    assert as_paralegal.get(f"{address}/file").status_code == 403
    assert as_paralegal.post(f"{address}/approve", once=None).status_code == 403
    assert "Waits for approval" in as_attorney.get("/exports").get_data(as_text=True)
    as_attorney.get(address)
    assert as_attorney.post(f"{address}/approve", once=None).status_code == 303
    answer = as_paralegal.get(f"{address}/file")
    assert answer.status_code == 303
    assert len(json.loads(fetched(answer.location))["records"]) == 3
    own = made(acting, world, store, ask(acting))
    assert as_attorney.get(f"/exports/{own.id}/file").status_code == 303
    with acting("attorney"), pytest.raises(NotAllowed):
        services.approve(db.session.get_one(Export, own.id))


def test_what_is_not_made_is_neither_approved_nor_downloaded(acting: Acting, store: Storage) -> None:
    export = ask(acting, "paralegal")
    with acting("attorney"):
        waiting = db.session.get_one(Export, export)
        with pytest.raises(NotNow):
            services.approve(waiting)
        with pytest.raises(NotNow):
            services.download(waiting, store)


def test_every_download_is_in_the_log(acting: Acting, world: World, store: Storage, owner: sa.Connection) -> None:
    export = made(acting, world, store, ask(acting))
    with acting("attorney"):
        services.download(db.session.get_one(Export, export.id), store)
    kinds = "select kind from audit.event where record_id = :id and kind like 'export_%' order by id"
    assert list(owner.execute(sa.text(kinds), {"id": str(export.id)}).scalars()) == [
        "export_asked",
        "export_downloaded",
    ]


def test_a_stranger_gets_the_same_answer_as_for_no_export_at_all(
    acting: Acting, world: World, store: Storage, browser_of: Callable[[str], Browser]
) -> None:
    export = made(acting, world, store, ask(acting))
    other = browser_of("other_attorney")
    for tail in ("", "/file"):
        assert other.get(f"/exports/{export.id}{tail}").status_code == 404
        assert other.get(f"/exports/{uuid.uuid4()}{tail}").status_code == 404
    assert str(export.id) not in other.get("/exports").get_data(as_text=True)
    for who in ("intake", "cocounsel", "analyst", "auditor", "admin"):
        assert browser_of(who).get(f"/exports/{export.id}").status_code == 403


def test_somebody_elses_search_cannot_be_exported(acting: Acting, as_paralegal: Browser, store: Storage) -> None:
    with acting("attorney"):
        search = keep_words("warrant").id
    as_paralegal.get("/exports/new")
    answer = as_paralegal.post(f"/exports/new?search={search}", {"format": "csv", "profile": "records"})
    assert answer.status_code == 404


def test_sending_the_form_twice_makes_one_export(as_attorney: Browser, store: Storage, owner: sa.Connection) -> None:
    as_attorney.get("/exports/new")
    key, form = str(uuid.uuid4()), {"format": "json", "profile": "records"}
    answers = [as_attorney.post("/exports/new", form, once=key) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1
    queued = "select count(*) from procrastinate_jobs where task_name = 'make_export'"
    assert owner.execute(sa.text(queued)).scalar_one() == 1


def test_filters_are_kept_as_codes_and_dates_only(acting: Acting, store: Storage, owner: sa.Connection) -> None:
    with acting("attorney"):
        strange = {"agency": ["AG.DHS.CBP.USBP", "Juan"], "from": ["soon"], "to": ["2025-06-30"], "note": ["x"]}
        export = services.prepare_export("csv", "records", None, strange)
        assert export.filters == {"agency": ["AG.DHS.CBP.USBP"], "to": ["2025-06-30"]}
    args = owner.execute(sa.text("select args from procrastinate_jobs where task_name = 'make_export'")).scalar_one()
    assert set(args) == {"user_id", "export_id"}


@pytest.fixture
def grants(owner: sa.Connection, world: World) -> Iterator[Callable[[str], None]]:
    """End a user's grant; it stands again after the test."""
    ended = []

    def end(who: str) -> None:
        ended.append(who)
        owner.execute(sa.text("update access_grant set expires_at = now() where user_id = :u"), {"u": world.users[who]})

    yield end
    for who in ended:
        owner.execute(sa.text("update access_grant set expires_at = null where user_id = :u"), {"u": world.users[who]})


def test_a_right_that_ends_before_the_run_stops_it(
    acting: Acting, world: World, store: Storage, owner: sa.Connection, grants: Callable[[str], None]
) -> None:
    export = ask(acting)
    grants("attorney")
    making.make(world.users["attorney"], export, store)
    row = owner.execute(sa.text("select * from export where id = :id"), {"id": export}).one()
    assert (row.state, row.failure, row.object_key) == ("failed", "not_allowed", "")


def test_a_disabled_user_gets_no_export(acting: Acting, world: World, store: Storage, owner: sa.Connection) -> None:
    export, me = ask(acting, "paralegal"), {"u": world.users["paralegal"]}
    owner.execute(sa.text("update app_user set active = false where id = :u"), me)
    try:
        making.make(me["u"], export, store)
        state = owner.execute(sa.text("select state from export where id = :id"), {"id": export}).scalar_one()
        assert state == "failed"
    finally:
        owner.execute(sa.text("update app_user set active = true where id = :u"), me)


def test_a_right_that_ends_during_the_run_stops_it_at_the_next_batch(  # noqa: PLR0917
    acting: Acting,
    world: World,
    store: Storage,
    monkeypatch: pytest.MonkeyPatch,
    owner: sa.Connection,
    grants: Callable[[str], None],
) -> None:
    export, real = ask(acting), records.rows_of

    def end_after_the_first(ids: list[uuid.UUID], profile: str, lang: str) -> Iterator[dict[str, Any]]:
        yield from real(ids, profile, lang)
        grants("attorney")

    monkeypatch.setattr(making, "every_hit", lambda asked: ([i] for b in _all(asked) for i in b))
    monkeypatch.setattr(making, "rows_of", end_after_the_first)
    making.make(world.users["attorney"], export, store)
    row = owner.execute(sa.text("select * from export where id = :id"), {"id": export}).one()
    assert (row.state, row.failure, row.object_key) == ("failed", "not_allowed", "")


def _all(asked: Any) -> Iterator[list[uuid.UUID]]:
    from intake.search.queries import every_hit  # noqa: PLC0415

    return iter(every_hit(asked))


def test_a_file_made_before_the_right_ended_is_not_downloaded_after(
    acting: Acting, world: World, store: Storage, as_attorney: Browser, grants: Callable[[str], None]
) -> None:
    export = made(acting, world, store, ask(acting))
    grants("attorney")
    assert as_attorney.get(f"/exports/{export.id}/file").status_code == 403


def test_an_attorney_of_a_part_neither_sees_nor_approves_an_export_of_more(
    acting: Acting, world: World, store: Storage, owner: sa.Connection, browser_of: Callable[[str], Browser]
) -> None:
    also = {"u": world.users["paralegal"], "c": world.other_compartment}
    add = "insert into access_grant (user_id, compartment_id, role, tier) values (:u, :c, 'RO.PARALEGAL', 1)"
    owner.execute(sa.text(add), also)
    try:
        export = made(acting, world, store, ask(acting, "paralegal"), "paralegal")
    finally:
        owner.execute(sa.text("delete from access_grant where user_id = :u and compartment_id = :c"), also)
    assert (export.state, len(export.compartments)) == ("ready", 2)
    for who in ("attorney", "other_attorney"):
        assert browser_of(who).get(f"/exports/{export.id}").status_code == 404


def test_a_store_that_does_not_answer_leaves_nothing_and_the_job_is_tried_again(
    acting: Acting, world: World, store: Storage, monkeypatch: pytest.MonkeyPatch, owner: sa.Connection
) -> None:
    export = ask(acting)
    with monkeypatch.context() as broken:
        broken.setattr(store, "hash_stored", _silent)
        with pytest.raises(StoreUnavailable):
            making.make(world.users["attorney"], export, store)
    state = sa.text("select state from export where id = :id")
    assert owner.execute(state, {"id": export}).scalar_one() == "running"
    assert made(acting, world, store, export).state == "ready"


def _silent(*_arguments: Any, **_options: Any) -> None:
    raise StoreUnavailable


def test_running_again_keeps_the_first_file(acting: Acting, world: World, store: Storage) -> None:
    export = ask(acting)
    first, second = (made(acting, world, store, export) for _ in range(2))
    assert first.object_key == second.object_key


def test_a_worker_killed_at_the_last_moment_leaves_no_half_done_file_and_the_next_one_makes_it(
    acting: Acting, world: World, store: Storage, settings: Settings, owner: sa.Connection
) -> None:
    export = ask(acting)
    given = {name: value for name, value in dataclasses.asdict(settings).items() if isinstance(value, str | Path)}
    given["key_file_path"] = str(settings.key_file)
    command = [sys.executable, "-m", "tests.exports.killed_export"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdin
        assert killed.stdout
        killed.stdin.write(json.dumps(given, default=str))
        killed.stdin.close()
        assert killed.stdout.readline() == "stored\n"
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    with acting("attorney"), pytest.raises(NotNow):
        services.download(db.session.get_one(Export, export), store)
    # As if its heartbeats had stopped long ago; the revival itself is the real one.
    owner.execute(sa.text("update jobs.procrastinate_workers set last_heartbeat = now() - interval '1 hour'"))
    with acting("attorney"):
        jobs.defer("revive_stalled", timestamp=0)
    for _ in range(2):
        worker.prepare(settings).run_worker(wait=False, install_signal_handlers=False)
    with acting("attorney"):
        assert db.session.get_one(Export, export).rows == 3


def test_the_screens_follow_an_export_from_the_search_to_the_file(
    as_attorney: Browser, acting: Acting, world: World, store: Storage
) -> None:
    as_attorney.get("/search")
    found = as_attorney.get(as_attorney.post("/search", {"words": "warrant"}, once=None).location)
    assert "/exports/new?search=" in found.get_data(as_text=True)
    with acting("attorney"):
        search = keep_words("warrant").id
    asked = as_attorney.get(f"/exports/new?search={search}")
    assert "2 records are found now" in asked.get_data(as_text=True)
    page = as_attorney.post(f"/exports/new?search={search}", {"format": "xlsx", "profile": "records"})
    assert "warrant" not in page.location
    assert "Being made" in as_attorney.get(page.location).get_data(as_text=True)
    made(acting, world, store, uuid.UUID(page.location.rsplit("/", 1)[1]))
    ready = as_attorney.get(page.location).get_data(as_text=True)
    assert "Download" in ready
    file = as_attorney.get(f"{page.location}/file")
    assert file.status_code == 303
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(file.location.split("?")[0], timeout=30)
