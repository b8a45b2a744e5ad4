"""Sealed files to certify, bundle, hold and destroy; and a store of a test's own whose disk it may touch."""

from __future__ import annotations

import uuid
from pathlib import Path

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.evidence.models import EvidenceItem
from intake.evidence.sealing import keep
from intake.storage import Storage
from tests.factories import an_account

CANARY = "tecolotecanario"


def sealed(
    user_id: int, store: Storage, *bodies: bytes, name: str = "lot.jpg", kind: str = "image/jpeg"
) -> list[uuid.UUID]:
    """Seal these bodies as files of one new account of the user; returns their items' ids."""
    with db.transaction():
        sessions.act_for(user_id)
        account = an_account()
        incident_id, account_id = account.incident_id, account.id
    return [
        keep(incident_id, account_id, user_id, filename=name, media_type=kind, body=body, store=store, made_here=True)
        for body in bodies
    ]


def incident_of(owner: sa.Connection, item_id: uuid.UUID) -> uuid.UUID:
    """Return the item's incident."""
    found: uuid.UUID = owner.execute(sa.select(EvidenceItem.incident_id).where(EvidenceItem.id == item_id)).scalar_one()
    return found


def flip_on_disk(data: Path, body: bytes, at: int, *, as_if_whole: bool = True) -> None:
    """Flip one bit of the stored `body` in the store's own volume file; fails where it is in none.

    as_if_whole: with the block's checksum made right again, so that the store gives the changed bytes out.
    """
    for file in data.rglob("*.dat"):
        content = file.read_bytes()
        if (start := content.find(body)) >= 0:
            changed = bytearray(body)
            changed[at] ^= 1
            with file.open("r+b") as volume:
                volume.seek(start)
                volume.write(changed)
                if as_if_whole:
                    # SeaweedFS's needle: cookie 4, id 8, size 4, length of data 4, data, ... and after `size` its CRC.
                    size = int.from_bytes(content[start - 8 : start - 4], "big")
                    volume.seek(start - 4 + size)
                    volume.write(crc32c(bytes(changed)).to_bytes(4, "big"))
            return
    raise AssertionError("these bytes are in no volume")


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of bytes; reflected polynomial 0x82F63B78."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
