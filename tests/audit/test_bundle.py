"""Bundles: what a stranger can check, and what a verifier must refuse."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import bagit
import pytest
import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.access.actor import Actor
from intake.admin import proof
from intake.audit.bundle import NotYetSealed
from intake.audit.notes import LocalSigner
from intake.audit.verify import Trust, verify
from intake.errors import NotAllowed
from intake.people.models import Person
from intake.people.vault import seal_identity
from tests.audit.conftest import Log, Made, as_file, events_of, write_bundle
from tests.audit.forging import CHANGES, flip, reseal
from tests.audit.third_verifier import check
from tests.factories import an_account, an_incident
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


@pytest.fixture
def copy(good: Made, tmp_path: Path) -> Path:
    """A copy of the good bundle, to be broken."""
    return Path(shutil.copytree(good.folder, tmp_path / "bag"))


def test_a_good_bundle_is_accepted_and_says_what_it_proves_and_what_not(good: Made, log: Log) -> None:
    report = verify(good.folder, log.trust)
    assert report.refused == []
    said = " ".join(report.proven)
    assert "witness.example/east" in said
    assert "SHA-256 the events name: 1." in said
    assert "That what people recorded is true" in " ".join(report.not_proven)


def test_a_bundle_is_a_valid_bag_for_the_library_of_congress_validator(good: Made) -> None:
    assert bagit.Bag(str(good.folder)).validate()


@pytest.mark.parametrize("lacking", ["log", "witnesses", "roots"])
def test_without_a_trusted_key_of_each_kind_the_bundle_is_refused(good: Made, log: Log, lacking: str) -> None:
    nobody: Any = {lacking: ()}
    assert not verify(good.folder, replace(log.trust, **nobody)).accepted


def test_more_witnesses_or_authorities_than_there_are_can_be_demanded(good: Made, log: Log) -> None:
    assert verify(good.folder, replace(log.trust, witnesses_needed=2, timestamps_needed=2)).accepted
    assert not verify(good.folder, replace(log.trust, witnesses_needed=3)).accepted
    assert not verify(good.folder, replace(log.trust, timestamps_needed=3)).accepted


def test_keys_of_the_same_name_by_somebody_else_are_not_trusted(good: Made, log: Log) -> None:
    impostor = LocalSigner.new(log.key.name, 1).verifier
    assert not verify(good.folder, replace(log.trust, log=(impostor,))).accepted


@pytest.mark.parametrize("change", CHANGES, ids=[c.__name__ for c in CHANGES])
def test_a_forged_bundle_with_fresh_manifests_is_refused(
    copy: Path, log: Log, change: Callable[[dict[str, Any]], None]
) -> None:
    before = json.loads((copy / "data/proof.json").read_text())
    reseal(copy, change)
    assert json.loads((copy / "data/proof.json").read_text()) != before
    assert not verify(copy, log.trust).accepted


def test_resealing_alone_changes_nothing(copy: Path, log: Log) -> None:
    reseal(copy)
    assert verify(copy, log.trust).accepted


def test_one_flipped_bit_of_a_file_is_refused_with_old_and_with_fresh_manifests(copy: Path, log: Log) -> None:
    flip(copy / "data/files/TG-0001.mp4")
    assert not verify(copy, log.trust).accepted
    reseal(copy)
    assert not verify(copy, log.trust).accepted


def test_a_head_of_another_size_is_refused(copy: Path, log: Log) -> None:
    note = (copy / "data/checkpoint.txt").read_text().split("\n")
    note[1] = str(int(note[1]) + 1)
    reseal(copy, None, **{"checkpoint.txt": "\n".join(note).encode()})
    assert not verify(copy, log.trust).accepted


def test_a_head_without_cosignatures_is_refused(copy: Path, log: Log) -> None:
    note = (copy / "data/checkpoint.txt").read_text()
    bare = "".join(line for line in note.splitlines(keepends=True) if "witness.example" not in line)
    assert bare != note
    reseal(copy, None, **{"checkpoint.txt": bare.encode()})
    assert "Too few witnesses that you trust cosigned the checkpoint." in verify(copy, log.trust).refused


def test_an_auditor_gets_commitments_and_no_payload(good: Made, log: Log, world: World, tmp_path: Path) -> None:
    written = write_bundle(world.users["auditor"], tmp_path / "bag", good.events)
    assert written.withheld == written.events == len(good.events)
    text = (tmp_path / "bag/data/proof.json").read_text()
    assert '"payload"' not in text
    assert '"salt"' not in text
    assert verify(tmp_path / "bag", log.trust).accepted


def test_co_counsel_and_a_stranger_get_no_bundle_of_anothers_record(good: Made, world: World, tmp_path: Path) -> None:
    for who in ("cocounsel", "stranger", "intake"):
        with pytest.raises(NotAllowed):
            write_bundle(world.users[who], tmp_path / who, good.events)


def test_events_that_no_head_covers_yet_are_named(
    acting: Acting, log: Log, owner: sa.Connection, world: World, tmp_path: Path
) -> None:
    with acting("intake"):
        record_id = str(an_incident().id)
    with pytest.raises(NotYetSealed):
        write_bundle(world.users["attorney"], tmp_path / "bag", events_of(owner, record_id))


def test_the_readers_own_old_head_is_checked_and_is_enough_of_an_old_head(
    good: Made, log: Log, world: World, owner: sa.Connection, tmp_path: Path
) -> None:
    size, note = owner.execute(sa.text("select size, note from audit.checkpoint order by size limit 1")).one()
    folder = tmp_path / "bag"
    write_bundle(world.users["attorney"], folder, good.events, from_sizes=[size])
    assert verify(folder, replace(log.trust, older=(note,))).accepted
    other = LocalSigner.parse(log.key.text)
    from intake.audit.notes import Checkpoint, signed  # noqa: PLC0415

    forked = signed(Checkpoint(log.key.name, size, b"\x01" * 32), other)
    refused = verify(folder, replace(log.trust, older=(forked,))).refused
    assert refused == [f"The log was rewritten since your checkpoint of size {size}."]


def test_a_trust_file_reads_back_and_nonsense_is_refused(log: Log) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    trust = log.trust
    text = json.dumps(
        {
            "log": [key.text for key in trust.log],
            "witnesses": [key.text for key in trust.witnesses],
            "timestamp_roots": [root.public_bytes(Encoding.PEM).decode() for root in trust.roots],
        }
    )
    assert Trust.parse(text) == trust
    for nonsense in ("[]", '{"log": ["a+b+c"]}', json.dumps({"witnesses": [trust.log[0].text]})):
        with pytest.raises(ValueError):
            Trust.parse(nonsense)


def test_a_sealed_value_is_proved_by_its_salt_and_a_wrong_one_is_refused(
    acting: Acting, log: Log, world: World, owner: sa.Connection, tmp_path: Path
) -> None:
    with acting("intake"):
        person = db.session.get_one(Person, an_account().person_id)
        seal_identity(person, {"legal_name": "Nombre Sellado"})
        person_id = str(person.id)
    log.minute()
    openings = proof.openings_of(owner, [person_id])
    assert {o.field for each in openings.values() for o in each} >= {"sealed", "wrapped_key"}
    with db.transaction():
        sessions.act_for(world.users["attorney"])
        proof.write(tmp_path / "bag", [person_id], openings=openings)
    assert '"openings"' in (tmp_path / "bag/data/proof.json").read_text()
    assert verify(tmp_path / "bag", log.trust).accepted
    check(tmp_path / "bag", as_file(log.trust))

    def other_value(told: dict[str, Any]) -> None:
        opened = next(event["openings"] for event in told["events"] if "openings" in event)
        opened[0]["value"] += " "

    reseal(tmp_path / "bag", other_value)
    assert "is not what was committed to" in verify(tmp_path / "bag", log.trust).refused[0]
    with pytest.raises(ValueError):
        check(tmp_path / "bag", as_file(log.trust))
    owner.execute(sa.text("delete from audit.opening where event_id = any(:ids)"), {"ids": list(openings)})
    assert proof.openings_of(owner, [person_id]) == {}


def test_a_record_above_the_attorneys_tier_or_behind_a_wall_is_proved_and_not_shown(
    acting: Acting, log: Log, world: World, owner: sa.Connection, tmp_path: Path
) -> None:
    with acting("intake"):
        an_incident()
    log.minute()
    with acting("intake"):
        account = an_account(role_in_incident="RI.CANARIO")
        record_ids = [str(account.id), str(account.incident_id), str(account.person_id)]
        db.session.flush()
        db.session.execute(
            sa.text("update incident set title = 'Canario otra vez' where id = :id"), {"id": account.incident_id}
        )
    log.minute()
    attorney = world.users["attorney"]

    def told(name: str) -> str:
        with db.transaction():
            sessions.act_for(attorney)
            proof.write(tmp_path / name, record_ids)
        assert verify(tmp_path / name, log.trust).accepted
        return (tmp_path / name / "data/proof.json").read_text()

    assert "Canario otra vez" in told("open")
    before = owner.execute(sa.text("select tier from access_grant where user_id = :u"), {"u": attorney}).scalar_one()
    owner.execute(sa.text("update access_grant set tier = 1 where user_id = :u"), {"u": attorney})
    owner.execute(sa.text("update incident set tier = 3 where id = :id"), {"id": record_ids[1]})
    log.minute()
    try:
        assert "canario" not in told("sealed").lower()
    finally:
        owner.execute(sa.text("update access_grant set tier = :t where user_id = :u"), {"t": before, "u": attorney})
    owner.execute(sa.text("update incident set tier = 1 where id = :id"), {"id": record_ids[1]})
    log.minute()
    assert "Canario otra vez" in told("again")
