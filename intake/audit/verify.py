"""Checks a bundle offline, trusting only the keys and certificates it is given. The format is docs/verification.md.

A tree of hashes alone proves nothing against one who holds the log's key: they can write another log. So a witness's
cosignature, a timestamp and an older checkpoint are demanded, not checked when they happen to be there.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509

from intake.audit import bag
from intake.audit.notes import COSIGNATURE, ED25519, BadNote, Checkpoint, VerifierKey, by, opened, signed_at
from intake.audit.timestamps import BadTimestamp, Stamp, verified
from intake.audit.tree import HASH_SIZE, commitment, extends, includes, leaf_hash

FORMAT = "testigo-bundle/1"


@dataclass(frozen=True)
class Trust:
    """What the reader brings: keys of the log and its witnesses, roots of authorities, old checkpoints of their own.

    witnesses_needed and timestamps_needed: how many of each a head must have, at least 1.
    """

    log: tuple[VerifierKey, ...]
    witnesses: tuple[VerifierKey, ...]
    roots: tuple[x509.Certificate, ...]
    older: tuple[str, ...] = ()
    witnesses_needed: int = 1
    timestamps_needed: int = 1

    @classmethod
    def parse(cls, text: str, **more: Any) -> Trust:  # noqa: ANN401
        """Read a trust file. Raises BadNote or ValueError when it is none."""
        values = json.loads(text)
        if not isinstance(values, dict):
            raise BadNote("This is no trust file.")
        log = tuple(VerifierKey.parse(key) for key in values.get("log", []))
        witnesses = tuple(VerifierKey.parse(key) for key in values.get("witnesses", []))
        if any(key.kind != ED25519 for key in log) or any(key.kind != COSIGNATURE for key in witnesses):
            raise BadNote("A log's key stands among the witnesses', or the other way round.")
        pems = values.get("timestamp_roots", [])
        roots = tuple(root for pem in pems for root in x509.load_pem_x509_certificates(pem.encode()))
        return cls(log, witnesses, roots, **more)


@dataclass
class Report:
    """What was found. refused: why it is not accepted; proven and not_proven: sentences for the reader."""

    refused: list[str] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    not_proven: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Nothing was refused."""
        return not self.refused


def verify(folder: Path, trust: Trust) -> Report:
    """Check the bundle in `folder`. Never raises for what the bundle holds: that is refused."""
    report = Report()
    try:
        payload = bag.checked(folder)
        proof = _proof(folder)
        head = _Head.read(folder, "checkpoint.txt", proof["timestamps"], payload)
        _Checks(folder, trust, payload, report, head).run(proof)
    except (bag.BadBag, BadNote, _Malformed) as wrong:
        report.refused.append(str(wrong))
    except (KeyError, TypeError, AttributeError, ValueError, OSError, RecursionError) as wrong:
        report.refused.append(f"The bundle is malformed ({type(wrong).__name__}).")
    return report


class _Malformed(ValueError):
    pass


@dataclass(frozen=True)
class _Head:
    checkpoint: Checkpoint
    text: str
    note: str
    tokens: tuple[bytes, ...]

    @classmethod
    def read(cls, folder: Path, name: str, stamps: list[str], payload: Mapping[str, str]) -> _Head:
        if any(f"data/{path}" not in payload for path in (name, *stamps)):
            raise _Malformed("proof.json names a file that the bag does not list.")
        note = (folder / "data" / name).read_bytes().decode("utf-8")
        checkpoint, text, _signatures = opened(note)
        return cls(checkpoint, text, note, tuple((folder / "data" / stamp).read_bytes() for stamp in stamps))

    def witnesses(self, keys: Sequence[VerifierKey]) -> Iterator[tuple[str, int]]:
        for key, signature in by(list(keys), self.text, opened(self.note)[2]):
            yield key.name, signed_at(signature)

    def stamps(self, roots: tuple[x509.Certificate, ...]) -> Iterator[Stamp]:
        for token in self.tokens:
            try:
                yield verified(token, self.text, roots)
            except BadTimestamp:
                continue  # of an authority that the reader does not trust, or wrong: it does not count


@dataclass
class _Checks:
    folder: Path
    trust: Trust
    payload: Mapping[str, str]
    report: Report
    head: _Head

    def run(self, proof: Mapping[str, Any]) -> None:
        self._signed(self.head, "The checkpoint")
        self._witnessed()
        self._stamped()
        self._continues(proof["older"])
        disclosed = self._events(proof["events"])
        self._files(proof["files"], disclosed)

    def _signed(self, head: _Head, what: str) -> bool:
        keys = [key for key in self.trust.log if key.name == head.checkpoint.origin]
        if by(keys, head.text, opened(head.note)[2]):
            return True
        self.report.refused.append(f"{what} is not signed by a log key that you trust.")
        return False

    def _witnessed(self) -> None:
        found = list(self.head.witnesses(self.trust.witnesses))
        if len({name for name, _at in found}) < max(1, self.trust.witnesses_needed):
            self.report.refused.append("Too few witnesses that you trust cosigned the checkpoint.")
        for name, at in found:
            when = dt.datetime.fromtimestamp(min(at, 2**33), dt.UTC)
            self.report.proven.append(
                f"Witness {name} saw the log grow up to this checkpoint without a change of what stood before"
                f" ({when:%Y-%m-%d %H:%M:%S} UTC)."
            )

    def _stamped(self) -> None:
        stamps = list(self.head.stamps(self.trust.roots))
        if len({stamp.issuer for stamp in stamps}) < max(1, self.trust.timestamps_needed):
            self.report.refused.append("The checkpoint has too few timestamps of authorities that you trust.")
        if stamps:
            first = min(stamp.at for stamp in stamps)
            self.report.proven.append(f"Everything below stood in the log at {first:%Y-%m-%d %H:%M:%S} UTC or before.")

    def _continues(self, older: list[dict[str, Any]]) -> None:
        """Demand an older head that the log's own key could not make up: the reader's, or one anchored outside."""
        paths: dict[int, list[bytes]] = {}
        anchored: list[Checkpoint] = []
        for entry in older:
            old = _Head.read(self.folder, entry["checkpoint"], entry["timestamps"], self.payload)
            size = old.checkpoint.size
            path = paths[size] = [_hash(step) for step in entry["consistency"]]
            if not self._signed(old, "An older checkpoint"):
                continue
            if size == self.head.checkpoint.size or not self._extends(old.checkpoint, path):
                self.report.refused.append(f"The log was rewritten since size {size}.")
            elif [*old.witnesses(self.trust.witnesses), *old.stamps(self.trust.roots)]:
                anchored.append(old.checkpoint)
        anchored += self._readers_own(paths)
        if not anchored:
            self.report.refused.append("There is no older checkpoint that a witness, an authority or you kept.")
            return
        first, new = min(head.size for head in anchored), self.head.checkpoint.size
        self.report.proven.append(f"The log of size {new} begins with all that it held at size {first}.")

    def _readers_own(self, paths: Mapping[int, list[bytes]]) -> Iterator[Checkpoint]:
        for note in self.trust.older:
            checkpoint, text, _signatures = opened(note)
            old = _Head(checkpoint, text, note, ())
            if not self._signed(old, "Your older checkpoint"):
                continue
            if checkpoint.size != self.head.checkpoint.size and checkpoint.size not in paths:
                self.report.refused.append(f"The bundle has no proof from your checkpoint of size {checkpoint.size}.")
            elif not self._extends(checkpoint, paths.get(checkpoint.size, [])):
                self.report.refused.append(f"The log was rewritten since your checkpoint of size {checkpoint.size}.")
            else:
                yield checkpoint

    def _extends(self, old: Checkpoint, path: list[bytes]) -> bool:
        new = self.head.checkpoint
        return (
            old.origin == new.origin and old.size <= new.size and extends(old.size, new.size, path, old.root, new.root)
        )

    def _events(self, events: list[dict[str, Any]]) -> dict[int, str]:
        """Check each event's place; return the disclosed payloads by place."""
        disclosed: dict[int, str] = {}
        seen: set[int] = set()
        for event in events:
            index = event["index"]
            if type(index) is not int or index in seen:
                raise _Malformed("An event's place is no number, or stands twice.")
            seen.add(index)
            if "payload" in event:
                disclosed[index] = event["payload"]
                content = commitment(_bytes(event["salt"]), event["payload"])
            else:
                content = _hash(event["commitment"])
            path = [_hash(step) for step in event["proof"]]
            if not includes(leaf_hash(content), index, self.head.checkpoint.size, path, self.head.checkpoint.root):
                self.report.refused.append(f"Event {index} is not in the log as the bundle shows it.")
            self._openings(event)
        self.report.proven.append(
            f"Events that read exactly so in the log {self.head.checkpoint.origin}: {len(disclosed)}."
            f" Events proved to be in it, and no more: {len(seen) - len(disclosed)}."
        )
        self.report.not_proven.append(
            "That what people recorded is true; and nothing about events outside this bundle."
        )
        return disclosed

    def _openings(self, event: dict[str, Any]) -> None:
        for opening in event.get("openings", []):
            told = json.loads(event["payload"])[opening["side"]][opening["field"]]["commitment"]
            if hashlib.sha256(_bytes(opening["salt"]) + opening["value"].encode()).hexdigest() != told:
                self.report.refused.append(f"A sealed value of event {event['index']} is not what was committed to.")

    def _files(self, files: list[dict[str, Any]], disclosed: Mapping[int, str]) -> None:
        tied = 0
        listed = {f"data/files/{file['name']}" for file in files}
        if listed != {path for path in self.payload if path.startswith("data/files/")} or len(listed) != len(files):
            raise _Malformed("proof.json and the bag name different files.")
        for file in files:
            if self.payload[f"data/files/{file['name']}"] != file["sha256"]:
                self.report.refused.append(f"A file is not the one that proof.json names: {file['name']}")
            if file["event"] is None:
                continue
            tied += 1
            if file["sha256"] not in set(_strings(json.loads(disclosed.get(file["event"], "null")))):
                self.report.refused.append(f"No disclosed event names this file by its hash: {file['name']}")
        if tied:
            self.report.proven.append(f"Files that are byte for byte those whose SHA-256 the events name: {tied}.")
        if tied < len(files):
            self.report.not_proven.append(f"Where files come from that no event names: {len(files) - tied}.")


def _proof(folder: Path) -> dict[str, Any]:
    proof = json.loads((folder / "data" / "proof.json").read_bytes())
    if proof.get("format") != FORMAT:
        raise _Malformed("proof.json is of another format.")
    return dict(proof)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as wrong:
        raise _Malformed("Something is no base64.") from wrong


def _hash(text: str) -> bytes:
    raw = _bytes(text)
    if len(raw) != HASH_SIZE:
        raise _Malformed("A hash has another length than SHA-256.")
    return raw
