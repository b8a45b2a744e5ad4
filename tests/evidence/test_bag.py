"""The bundle: a valid BagIt bag of originals, custody, certificate and proofs, which no name and no vault word enters."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import tracemalloc
import uuid
import zipfile
from pathlib import Path

import bagit
import pytest
import sqlalchemy as sa

from intake import db
from intake.audit.verify import verify
from intake.errors import Invalid, NotAllowed, NotNow
from intake.evidence.custody_queries import chosen
from intake.exports import bundles, jobs
from intake.exports.models import Export
from intake.people.models import Person
from intake.people.vault import seal_identity
from intake.storage import Storage
from tests.audit.conftest import Log
from tests.audit.conftest import log as log_of_partners
from tests.browser import Browser
from tests.evidence.conftest import Acting
from tests.evidence.kept import CANARY, incident_of, sealed
from tests.world import World

log = log_of_partners  # the fixture of the log's own tests
BODIES = (b"\xff\xd8\xff first photo " + os.urandom(3000), b"second, a text")
DAYS = 30


@pytest.fixture(scope="module")
def items(world: World, app: object) -> list[uuid.UUID]:
    """Two sealed files with a telling name, of a person with a name in the vault."""
    store: Storage = app.extensions["storage"]  # type: ignore[attr-defined]
    made = sealed(world.users["intake"], store, *BODIES, name=f"{CANARY}.{CANARY[:7]}", kind="image/jpeg")
    with db.transaction(world.users["intake"]):
        pass
    return made


def ask(acting: Acting, items: list[uuid.UUID], who: str = "attorney", *, names: bool = False) -> uuid.UUID:
    with acting(who):
        return bundles.prepare_bundle(chosen(items), DAYS, names=names).id


def make(export: uuid.UUID, user_id: int, store: Storage, folder: Path) -> Path:
    """Make the bundle and unpack it; returns the bag's folder."""
    jobs.make(user_id, export, store)
    with db.transaction(user_id):
        row = db.session.get_one(Export, export)
        assert (row.state, row.failure) == ("ready", "")
        key = row.object_key
    body = b"".join(store.open(key, bucket=store.exports_bucket))
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        assert {info.compress_type for info in packed.infolist()} == {zipfile.ZIP_STORED}
        packed.extractall(folder)
    (bag,) = folder.iterdir()
    return bag


@pytest.fixture
def bag(acting: Acting, items: list[uuid.UUID], world: World, store: Storage, log: Log, tmp_path: Path) -> Path:
    """A bundle of both files, made by the supervising attorney while witnesses and authorities keep the log."""
    log.minute()
    with acting("attorney"):  # something happens, so that there is an older head
        pass
    log.minute()
    return make(ask(acting, items), world.users["attorney"], store, tmp_path)


def test_it_is_a_valid_bag_that_the_reference_library_accepts(bag: Path, items: list[uuid.UUID]) -> None:
    assert bagit.Bag(str(bag)).validate()
    assert re.fullmatch(r"testigo-bundle-[0-9a-f]{8}", bag.name)
    names = sorted(path.name for path in (bag / "data/files").iterdir())
    assert names == sorted(
        [
            *(f"{item}.bin" for item in items),
            "certificate-902-14.docx",
            "certificate-902-14.pdf",
            "custody.csv",
            "custody.json",
        ]
    )
    for item, body in zip(items, BODIES, strict=True):
        assert (bag / f"data/files/{item}.bin").read_bytes() == body
    assert not (bag / "fetch.txt").exists()


def test_a_stranger_verifies_it_offline_and_a_changed_file_fails(bag: Path, log: Log, items: list[uuid.UUID]) -> None:
    good = verify(bag, log.trust)
    assert good.accepted, good
    assert (bag / "verifier.html").exists()
    tied = {entry["name"]: entry["event"] for entry in json.loads((bag / "data/proof.json").read_text())["files"]}
    assert all(tied[f"{item}.bin"] is not None for item in items)
    changed = bag / f"data/files/{items[0]}.bin"
    changed.write_bytes(changed.read_bytes()[:-1] + b"\x00")
    assert not verify(bag, log.trust).accepted
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(bag)).validate()


def test_the_custody_list_is_in_it_twice_and_alike(bag: Path, items: list[uuid.UUID]) -> None:
    told = json.loads((bag / "data/files/custody.json").read_text())
    rows = list(csv.DictReader((bag / "data/files/custody.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row["step"] for row in rows] == [step["step"] for step in told["custody"]]
    assert {"receiving", "received", "verified"} <= {row["step"] for row in rows}
    assert [file["sha256"] for file in told["files"]] == [hashlib.sha256(body).hexdigest() for body in BODIES]


def test_no_vault_word_and_no_files_own_name_is_anywhere_in_it(
    acting: Acting,
    items: list[uuid.UUID],
    world: World,
    store: Storage,
    log: Log,
    owner: sa.Connection,
    tmp_path: Path,
) -> None:
    found = sa.text("select person_id from account where incident_id = :i")
    person = owner.execute(found, {"i": incident_of(owner, items[0])}).scalar_one()
    with acting("intake"):
        seal_identity(db.session.get_one(Person, person), {"legal_name": CANARY, "phone": CANARY})
    log.minute()
    bag = make(ask(acting, items), world.users["attorney"], store, tmp_path)
    for path in bag.rglob("*"):
        assert CANARY[:7] not in str(path.relative_to(bag))
        if path.is_file():
            assert CANARY[:7].encode() not in path.read_bytes().lower(), path


def test_the_files_own_names_come_only_when_asked_for_by_whoever_may_read_names(
    acting: Acting,
    items: list[uuid.UUID],
    world: World,
    store: Storage,
    log: Log,
    tmp_path: Path,
) -> None:
    log.minute()
    bag = make(ask(acting, items, names=True), world.users["attorney"], store, tmp_path)
    told = json.loads((bag / "data/files/custody.json").read_text())
    assert {file["own_name"] for file in told["files"]} == {f"{CANARY}.{CANARY[:7]}"}
    others = [path for path in bag.rglob("*") if path.is_file() and not path.name.startswith("custody.")]
    assert not [path for path in others if CANARY[:7].encode() in path.read_bytes().lower()]


def test_it_is_written_into_each_files_custody_once(
    acting: Acting,
    items: list[uuid.UUID],
    world: World,
    store: Storage,
    log: Log,
    owner: sa.Connection,
    tmp_path: Path,
) -> None:
    log.minute()
    export = ask(acting, items)
    make(export, world.users["attorney"], store, tmp_path)
    jobs.make(world.users["attorney"], export, store)
    kept = sa.text("select item_id from custody_event where kind = 'exported' and detail ->> 'export' = :e")
    assert sorted(owner.execute(kept, {"e": export.hex}).scalars()) == sorted(items)


def test_a_red_check_bars_it_and_a_changed_file_refuses_it_and_is_told(
    acting: Acting,
    world: World,
    store: Storage,
    log: Log,
    owner: sa.Connection,
    as_attorney: Browser,
    tmp_path: Path,
) -> None:
    (item,) = sealed(world.users["intake"], store, b"to be changed")
    log.minute()
    export = ask(acting, [item])
    # As if the stored bytes were others: what is read no longer has the size that was sealed.
    owner.execute(sa.text("set session_replication_role = replica"))
    owner.execute(sa.text("update evidence_item set sha256 = repeat('0', 64) where id = :id"), {"id": item})
    owner.execute(sa.text("set session_replication_role = origin"))
    jobs.make(world.users["attorney"], export, store)
    row = owner.execute(sa.text("select state, failure, object_key from export where id = :id"), {"id": export}).one()
    assert tuple(row) == ("failed", "changed", "")
    assert "a file is not what was sealed" in as_attorney.get(f"/exports/{export}").get_data(as_text=True)
    assert (
        owner.execute(sa.text("select check_ok from evidence_item where id = :id"), {"id": item}).scalar_one() is False
    )
    with pytest.raises(NotNow, match="checks"):
        ask(acting, [item])
    barred = as_attorney.post("/exports/bundle", {"items": [str(item)]})
    assert barred.status_code == 303
    assert "a check of at least one file is red" in as_attorney.get(barred.location).get_data(as_text=True)


def test_an_export_is_for_whoever_may_and_a_paralegals_waits_for_an_attorney(
    acting: Acting, items: list[uuid.UUID], world: World, store: Storage, log: Log, tmp_path: Path,
    as_paralegal: Browser, as_attorney: Browser,
) -> None:  # fmt: skip
    for who, error in (("intake", NotAllowed), ("cocounsel", sa.exc.NoResultFound), ("analyst", sa.exc.NoResultFound)):
        with pytest.raises((error, sa.exc.NoResultFound)):
            ask(acting, items, who)
    with pytest.raises(Invalid):
        ask(acting, [])
    log.minute()
    as_paralegal.get("/evidence/certificate")
    answer = as_paralegal.post("/exports/bundle", {"items": [str(item) for item in items]})
    export = uuid.UUID(answer.location.rpartition("/")[2])
    bag = make(export, world.users["paralegal"], store, tmp_path)
    assert bagit.Bag(str(bag)).validate()
    assert "Waits for approval" in as_paralegal.get(f"/exports/{export}").get_data(as_text=True)
    assert as_paralegal.get(f"/exports/{export}/file").status_code == 403
    as_attorney.get("/exports")
    assert as_attorney.post(f"/exports/{export}/approve", {}).status_code == 303
    assert as_paralegal.get(f"/exports/{export}/file").status_code == 303


def test_memory_stays_flat_for_a_large_file(
    acting: Acting,
    world: World,
    store: Storage,
    log: Log,
    tmp_path: Path,
) -> None:
    (item,) = sealed(world.users["intake"], store, os.urandom(1 << 20) * 64)
    log.minute()
    export = ask(acting, [item])
    tracemalloc.start()
    jobs.make(world.users["attorney"], export, store)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * 2**20
