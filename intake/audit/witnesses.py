"""Witnesses: a partner organisation keeps the last head of our log, demands proof that the next one only adds to it,
and cosigns. It refuses a log that was rolled back, forked or rewritten, even by one who holds the log's key.

Source: C2SP tlog-witness (the call add-checkpoint) and tlog-cosignature. A witness is a folder of that organisation
(WitnessFile), reached as a program, or through `testigo witness serve` over HTTP.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import http.server
import json
import os
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from intake.audit.notes import (
    BadNote,
    Checkpoint,
    LocalSigner,
    Signature,
    Signer,
    VerifierKey,
    by,
    cosign,
    opened,
    parse_signatures,
)
from intake.audit.posting import post
from intake.audit.tree import extends

MOST_PROOF = 63  # lines of a consistency proof (C2SP tlog-witness)
MOST_REQUEST = 1 << 16  # bytes
TIMEOUT = 10  # seconds


class WitnessRefused(Exception):
    """The witness answered, and does not cosign. status: 403, 404, 409, 422 of C2SP tlog-witness."""

    def __init__(self, status: int, body: str = "") -> None:
        super().__init__(f"{status} {body}".strip())
        self.status, self.body = status, body


class WitnessAway(Exception):
    """The witness does not answer."""


class Witness(Protocol):
    """Something that takes checkpoints and cosigns them."""

    @property
    def key(self) -> VerifierKey:
        """The key that its cosignatures bear."""

    def add(self, request: str) -> str:
        """Answer signature lines. Raises WitnessRefused, WitnessAway."""


def request_body(old: int, proof: list[bytes], note: str) -> str:
    """Return the body of add-checkpoint. old: the size that the witness has; note: the signed checkpoint."""
    lines = "".join(f"{base64.b64encode(step).decode()}\n" for step in proof)
    return f"old {old}\n{lines}\n{note}"


def parse_request(body: str) -> tuple[int, list[bytes], str]:
    """Take a request apart: (old size, proof, note). Raises WitnessRefused(400)."""
    head, divided, note = body.partition("\n\n")
    first, *lines = head.split("\n")
    word, _, number = first.partition(" ")
    plain = number.isascii() and number.isdigit() and (number == "0" or number[0] != "0")
    if not divided or word != "old" or not plain or len(lines) > MOST_PROOF:
        raise WitnessRefused(400, "malformed")
    try:
        proof = [base64.b64decode(line, validate=True) for line in lines]
    except binascii.Error as wrong:
        raise WitnessRefused(400, "malformed proof") from wrong
    if any(len(step) != hashlib.sha256().digest_size for step in proof):
        raise WitnessRefused(400, "malformed proof")
    return int(number), proof, note


@dataclass(frozen=True)
class WitnessFile:
    """A witness as a folder: `logs.json` names the logs' keys it knows, one file per log the last head it cosigned."""

    signer: Signer
    folder: Path

    @classmethod
    def open(cls, key_file: Path, folder: Path) -> WitnessFile:
        """Open an existing witness. Raises BadNote for a bad key, OSError for a missing one."""
        return cls(LocalSigner.parse(key_file.read_text()), folder)

    @property
    def key(self) -> VerifierKey:
        """Its public key."""
        return self.signer.verifier

    def trust(self, log_key: VerifierKey) -> None:
        """Watch a log from now on. A log's key is added once; another key of the same origin is another log's word."""
        with self._alone():
            known = self._logs()
            if log_key.text not in known:
                _write(self.folder / "logs.json", json.dumps([*known, log_key.text], indent=1))

    def head(self, origin: str) -> tuple[int, bytes]:
        """Return size and root of the last head it cosigned; (0, b"") before the first."""
        kept = self._of(origin)
        if not kept.exists():
            return 0, b""
        checkpoint, _text, _signatures = opened(kept.read_text())
        return checkpoint.size, checkpoint.root

    def add(self, request: str) -> str:
        """Check a checkpoint against the last one, keep it, cosign it; the answer is its signature line."""
        old, proof, note = parse_request(request)
        try:
            checkpoint, text, signatures = opened(note)
        except BadNote as wrong:
            raise WitnessRefused(400, str(wrong)) from wrong
        keys = [key for key in map(VerifierKey.parse, self._logs()) if key.name == checkpoint.origin]
        if not keys:
            raise WitnessRefused(404, "unknown log")
        try:
            ours = by(keys, text, signatures)
        except BadNote as wrong:
            raise WitnessRefused(403, "no trusted signature") from wrong
        if not ours:
            raise WitnessRefused(403, "no trusted signature")
        if old > checkpoint.size:
            raise WitnessRefused(400, "old size above the checkpoint's")
        # One at a time: between the look at the last head and keeping the next nobody else may come.
        with self._alone():
            self._check(old, proof, checkpoint)
            line = cosign(checkpoint, self.signer, int(time.time())).line
            _write(self._of(checkpoint.origin), note + line)
        return line

    def _check(self, old: int, proof: list[bytes], checkpoint: Checkpoint) -> None:
        size, root = self.head(checkpoint.origin)
        if old != size or (size == checkpoint.size and size and root != checkpoint.root):
            raise WitnessRefused(409, f"{size}\n")
        fits = not proof if old == 0 else extends(old, checkpoint.size, proof, root, checkpoint.root)
        if not fits:
            raise WitnessRefused(422, "the log does not continue what it was")

    def _logs(self) -> list[str]:
        kept = self.folder / "logs.json"
        return list(json.loads(kept.read_text())) if kept.exists() else []

    def _of(self, origin: str) -> Path:
        return self.folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.note"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


@dataclass(frozen=True)
class WitnessAddress:
    """A witness that answers over HTTP. url: its submission prefix."""

    key: VerifierKey
    url: str

    def add(self, request: str) -> str:
        """Post a checkpoint."""
        url = f"{self.url.rstrip('/')}/add-checkpoint"
        try:
            return post(url, request.encode(), "text/plain", seconds=TIMEOUT, most=MOST_REQUEST).decode()
        except urllib.error.HTTPError as refusal:
            raise WitnessRefused(refusal.code, refusal.read(200).decode(errors="replace")) from refusal
        except (OSError, UnicodeDecodeError) as silence:
            raise WitnessAway(type(silence).__name__) from silence


def cosignature(witness: Witness, checkpoint: Checkpoint, answer: str) -> Signature:
    """Return the witness's own signature out of its answer. Raises WitnessAway when there is none that verifies."""
    try:
        found = by([witness.key], checkpoint.text, parse_signatures(answer))
    except BadNote as wrong:
        raise WitnessAway("its signature is wrong") from wrong
    if not found:
        raise WitnessAway("it answered without its signature")
    return found[0][1]


def serve(witness: WitnessFile, port: int, host: str = "127.0.0.1") -> http.server.ThreadingHTTPServer:
    """Return a server of add-checkpoint for this witness, ready for serve_forever(); behind a proxy for HTTPS."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if self.path != "/add-checkpoint" or not 0 < length <= MOST_REQUEST:
                self._say(404, "")
                return
            try:
                self._say(200, witness.add(self.rfile.read(length).decode(errors="replace")))
            except WitnessRefused as refusal:
                self._say(refusal.status, refusal.body)

        def _say(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/x.tlog.size" if status == 409 else "text/plain; charset=utf-8")  # noqa: PLR2004
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: the state file tells."""

    return http.server.ThreadingHTTPServer((host, port), Answer)


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
