"""Bundles: chosen events and files with everything a stranger needs to check them, offline and without trusting us.

The format is docs/verification.md. write() runs in the transaction of its asker: what audit.disclose() gives them is
what the bundle holds. Payloads go to those who may read the record, bare commitments to those who may only audit it.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.audit.bag import BagWriter
from intake.audit.stored import StoredTree
from intake.audit.tree import consistency_path, inclusion_path
from intake.errors import NotAllowed, TestigoError
from intake.settings import project_file

FORMAT = "testigo-bundle/1"
VERIFIER = Path(__file__).resolve().parent / "verifier.html"


# After a restore the log goes on under a new origin: heads of the old one prove nothing about the new.
_OF_THIS_ORIGIN = (
    "split_part(c.note, chr(10), 1)"
    " = (select split_part(note, chr(10), 1) from audit.checkpoint order by size desc limit 1)"
)


class NotYetSealed(TestigoError):
    """The newest of the events is not yet under a head that somebody outside keeps: a minute more."""

    status = 409


@dataclass(frozen=True)
class BundledFile:
    """A file to go along. name: neutral, under data/files/; event_id: the event whose payload names its hash, or None.

    chunks: gives its bytes, once.
    """

    name: str
    chunks: Callable[[], Iterator[bytes]]
    event_id: int | None = None


@dataclass(frozen=True)
class Opening:
    """A sealed value and the salt of its commitment. side: old or new; value: its JSON text."""

    side: str
    field: str
    salt: bytes
    value: str


@dataclass(frozen=True)
class Written:
    """What a bundle holds. lacks: of witness, timestamp, older checkpoint, what it lacks, so that verifying refuses."""

    size: int
    events: int
    withheld: int
    files: int
    lacks: tuple[str, ...] = ()


@dataclass
class _Head:
    size: int
    note: str
    cosignatures: list[str] = field(default_factory=list)
    timestamps: dict[str, bytes] = field(default_factory=dict)


def write(
    folder: Path,
    events: Sequence[int],
    files: Sequence[BundledFile] = (),
    *,
    from_sizes: Sequence[int] = (),
    openings: Mapping[int, Sequence[Opening]] | None = None,
    info: Mapping[str, str] | None = None,
) -> Written:
    """Write a bundle of `events` (numbers of the log) and `files` into the empty `folder`.

    from_sizes: sizes of older checkpoints that the reader holds, to prove that nothing before changed since.
    openings: sealed values to show, by event; only where the event's payload is shown too.
    info: more lines for bag-info.txt. Raises NotAllowed when the asker may see none or not all of the events,
    NotYetSealed, FileExistsError; ValueError for sizes that no checkpoint has.
    """
    found = db.session.execute(
        sa.text("select id, seq, commitment, payload, salt from audit.disclose(:ids)"), {"ids": list(events)}
    ).all()
    if len(found) != len(set(events)):
        raise NotYetSealed if _may_see_all(events) else NotAllowed
    head = _newest_over(found[-1].seq if found else 0)
    tree = StoredTree(_Reader())
    older = _older(head, from_sizes)
    bag = BagWriter(folder)
    places = {row.id: row.seq for row in found}
    listed = [_bundled(bag, file, places) for file in files]
    _add_head(bag, head, "checkpoint.txt", "timestamps/")
    proof = {
        "format": FORMAT,
        "timestamps": [f"timestamps/{name}.tsr" for name in sorted(head.timestamps)],
        "older": [_consistency(bag, old, head, tree) for old in older],
        "events": [_event(row, head.size, tree, (openings or {}).get(row.id, ())) for row in found],
        "files": listed,
    }
    bag.add("proof.json", [json.dumps(proof, ensure_ascii=False, indent=1).encode()])
    _seal(bag, head, info or {})
    has = {"witness": head.cosignatures, "timestamp": head.timestamps, "older checkpoint": older}
    lacks = [name for name, there in has.items() if not there]
    return Written(head.size, len(found), sum(row.payload is None for row in found), len(files), tuple(lacks))


class _Reader:
    """The request's own connection, as StoredTree reads it."""

    def execute(self, query: Any, params: Sequence[Any] | None = None, /) -> Any:  # noqa: ANN401
        return db.session.connection().exec_driver_sql(query, tuple(params or ()))


def _may_see_all(events: Sequence[int]) -> bool:
    trail = sa.table("trail", sa.column("id"), schema="audit")
    seen = db.session.scalar(sa.select(sa.func.count()).select_from(trail).where(trail.c.id.in_(list(events))))
    return bool(seen == len(set(events)))


def _newest_over(seq: int) -> _Head:
    """Return the head over leaf `seq` that most places outside keep; the newest of those."""
    # The last few days of heads are enough to look through: there is one each minute.
    best = db.session.scalar(
        sa.text(
            "select size from (select a.size, a.kind from audit.anchor a join audit.checkpoint c on c.size = a.size"
            f" where a.size > :seq and {_OF_THIS_ORIGIN} order by a.size desc limit 9000) a"
            " group by size order by bool_or(kind = 'witness')::int + bool_or(kind = 'timestamp')::int desc, size desc"
            " limit 1"
        ),
        {"seq": seq},
    )
    best = best or db.session.scalar(sa.text("select max(size) from audit.checkpoint where size > :seq"), {"seq": seq})
    if best is None:
        raise NotYetSealed
    return _head(best)


def _head(size: int) -> _Head:
    note = db.session.scalar(sa.text("select note from audit.checkpoint where size = :size"), {"size": size})
    if note is None:
        raise ValueError("The log never had a head of that size.")
    head = _Head(size, note)
    anchors = sa.text("select kind, name, content from audit.anchor where size = :size order by kind, name")
    for row in db.session.execute(anchors, {"size": size}):
        if row.kind == "witness":
            head.cosignatures.append(bytes(row.content).decode())
        elif row.kind == "timestamp":
            head.timestamps[row.name] = bytes(row.content)
    return head


def _older(head: _Head, asked: Sequence[int]) -> list[_Head]:
    """Return the first head that somebody outside keeps, the last before this one, and those asked for."""
    kept = (
        "select a.size from audit.anchor a join audit.checkpoint c on c.size = a.size"
        f" where a.size < :size and a.kind in ('witness', 'timestamp') and {_OF_THIS_ORIGIN} order by a.size"
    )
    ends = [db.session.scalar(sa.text(f"{kept} {way} limit 1"), {"size": head.size}) for way in ("asc", "desc")]
    sizes = {size for size in (*ends, *asked) if size is not None}
    return [_head(size) for size in sorted(sizes) if size < head.size]


def _add_head(bag: BagWriter, head: _Head, name: str, stamps: str) -> None:
    bag.add(name, [(head.note + "".join(head.cosignatures)).encode()])
    for authority, token in head.timestamps.items():
        bag.add(f"{stamps}{authority}.tsr", [token])


def _consistency(bag: BagWriter, old: _Head, head: _Head, tree: StoredTree) -> dict[str, Any]:
    _add_head(bag, old, f"older/{old.size}.txt", f"older/{old.size}-")
    return {
        "checkpoint": f"older/{old.size}.txt",
        "timestamps": [f"older/{old.size}-{name}.tsr" for name in sorted(old.timestamps)],
        "consistency": [_b64(step) for step in consistency_path(old.size, head.size, tree.node)],
    }


def _event(row: Any, size: int, tree: StoredTree, shown: Sequence[Opening]) -> dict[str, Any]:  # noqa: ANN401 (a row of audit.disclose)
    told: dict[str, Any] = (
        {"commitment": _b64(bytes(row.commitment))}
        if row.payload is None
        else {"payload": row.payload, "salt": _b64(bytes(row.salt))}
    )
    if shown and row.payload is not None:
        told["openings"] = [{"side": o.side, "field": o.field, "salt": _b64(o.salt), "value": o.value} for o in shown]
    return {"index": row.seq, **told, "proof": [_b64(step) for step in inclusion_path(row.seq, size, tree.node)]}


def _bundled(bag: BagWriter, file: BundledFile, places: Mapping[int, int]) -> dict[str, Any]:
    digest = bag.add(f"files/{file.name}", file.chunks())
    event = None if file.event_id is None else places[file.event_id]
    return {"name": file.name, "sha256": digest, "event": event}


def _seal(bag: BagWriter, head: _Head, info: Mapping[str, str]) -> None:
    today = dt.datetime.now(dt.UTC).date().isoformat()
    described = {
        "Bagging-Date": today,
        "Bag-Software-Agent": "Testigo",
        "External-Description": f"Proof bundle of the log {head.note.partition(chr(10))[0]} at size {head.size}",
        **info,
    }
    tags = {
        "verification.md": project_file("docs/verification.md").read_bytes(),
        "verifier.html": VERIFIER.read_bytes(),
    }
    bag.seal(described, tags)


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
