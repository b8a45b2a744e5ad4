"""A log with its sequencer, two witnesses of partners and two timestamp authorities, on this module's database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask

from intake import db
from intake.access import sessions
from intake.audit import bundle, identity
from intake.audit.anchors import Anchors
from intake.audit.bundle import BundledFile
from intake.audit.identity import Outside
from intake.audit.notes import COSIGNATURE, LocalSigner
from intake.audit.sequencer import Sequencer
from intake.audit.timestamps import Authority
from intake.audit.verify import Trust
from intake.audit.witnesses import WitnessFile
from intake.log_commands import conninfo
from intake.settings import Settings
from intake.storage import Storage
from tests.audit.authority import LocalAuthority, make_authority, serving
from tests.factories import an_incident
from tests.world import World

ORIGIN = "log.example/testigo"


@dataclass
class Log:
    """Folds and sends when told, so that a test decides which heads there are."""

    settings: Settings
    key: LocalSigner
    folders: list[WitnessFile]
    authorities: list[LocalAuthority]

    @property
    def outside(self) -> Outside:
        """Who keeps heads."""
        asked = tuple(Authority(a.root.subject.rfc4514_string().lower(), a.url, (a.root,)) for a in self.authorities)
        return Outside(tuple(self.folders), tuple(replace(a, name=f"authority-{n}") for n, a in enumerate(asked)))

    @property
    def trust(self) -> Trust:
        """What a stranger got from partners and authorities."""
        witnesses = tuple(folder.key for folder in self.folders)
        return Trust((self.key.verifier,), witnesses, tuple(a.root for a in self.authorities))

    def fold(self) -> int:
        """Fold everything that waits."""
        sequencer = Sequencer(conninfo(self.settings), self.key)
        assert sequencer.lead()
        folded = 0
        while step := sequencer.step():
            folded += step
        sequencer.close()
        return folded

    def send(self) -> list[str]:
        """Send the newest head everywhere; return the troubles."""
        storage = Storage(self.settings)
        return Anchors(conninfo(self.settings), self.key.name, self.outside, storage).send()

    def minute(self) -> None:
        """What a minute of the sequencer does."""
        self.fold()
        assert self.send() == []


@pytest.fixture(scope="module")
def log(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """The log of this module's database."""
    folder = tmp_path_factory.mktemp("log")
    settings = settings.with_(key_file_path=str(folder / "keys.json"))
    key = LocalSigner.new(ORIGIN, 1)
    witnesses = []
    for name in ("west", "east"):
        identity.make_key(folder / name / "witness.key", f"witness.example/{name}", COSIGNATURE)
        witnesses.append(WitnessFile.open(folder / name / "witness.key", folder / name))
        witnesses[-1].trust(key.verifier)
    with ExitStack() as stack:
        authorities = [stack.enter_context(serving(make_authority(folder / n, n))) for n in ("first", "second")]
        yield Log(settings, key, witnesses, authorities)


def as_file(trust: Trust) -> dict[str, list[str]]:
    """Return a trust file's content."""
    pems = [root.public_bytes(Encoding.PEM).decode() for root in trust.roots]
    keys = {"log": [k.text for k in trust.log], "witnesses": [k.text for k in trust.witnesses]}
    return {**keys, "timestamp_roots": pems}


def events_of(owner: sa.Connection, record_id: str) -> list[int]:
    """Return the numbers of a record's events."""
    query = sa.text("select id from audit.event where record_id = :id order by id")
    return list(owner.execute(query, {"id": record_id}).scalars())


def write_bundle(user_id: int, folder: Path, events: list[int], **more: Any) -> bundle.Written:
    """Write a bundle as that user."""
    with db.transaction():
        sessions.act_for(user_id)
        return bundle.write(folder, events, **more)


@dataclass(frozen=True)
class Made:
    """A good bundle: of one record, with one file, over a log that had a head before."""

    folder: Path
    record_id: str
    events: list[int]
    content: bytes
    older: tuple[int, str]


@pytest.fixture(scope="module")
def good(app: Flask, world: World, settings: Settings, log: Log, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Written by the supervising attorney; nobody changes it, tests copy it."""
    content = b"frames of a camera" * 1000
    with db.transaction():
        sessions.act_for(world.users["intake"])
        # Any logged field that names the hash ties a file to its event; evidence items do it in column sha256.
        record_id = str(an_incident(title=hashlib.sha256(content).hexdigest()).id)
    log.minute()
    with db.transaction():
        sessions.act_for(world.users["intake"])
        db.session.execute(sa.text("update incident set stage = 'SG1' where id = :id"), {"id": record_id})
        an_incident(title="Another one")
    log.minute()
    engine = sa.create_engine(settings.database_url, poolclass=sa.pool.NullPool)
    with engine.connect() as owner:
        events = events_of(owner, record_id)
    file = BundledFile("TG-0001.mp4", lambda: iter([content]), events[0])
    folder = tmp_path_factory.mktemp("good") / "bag"
    written = write_bundle(world.users["attorney"], folder, events, files=[file])
    assert written.lacks == ()
    with engine.connect() as owner:
        oldest = owner.execute(sa.text("select size, note from audit.checkpoint order by size limit 1")).one()
    return Made(folder, record_id, events, content, (oldest.size, oldest.note))
