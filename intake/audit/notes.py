"""Checkpoints as signed notes, and witnesses' cosignatures on them.

Sources: C2SP signed-note, tlog-checkpoint and tlog-cosignature (c2sp.org), Ed25519 of RFC 8032. A note is text, an
empty line, and signature lines: em dash, key name, base64(4 bytes of key id || signature).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519, COSIGNATURE = 0x01, 0x04  # signature types of C2SP signed-note
MOST_BYTES = 1 << 16  # a note of ours has well under a kilobyte
_DASH = "\u2014 "
_TIME = 8  # bytes of a cosignature's POSIX time, big-endian


class BadNote(ValueError):
    """A text is no signed note, a key no verifier key, or a known key's signature is wrong."""


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: its origin, how many leaves, and the root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note's text, which is signed and timestamped: three lines, each ending with a newline."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class Signature:
    """One signature line. blob: what follows the four bytes of key id."""

    name: str
    key_id: bytes
    blob: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.blob).decode()}\n"


@dataclass(frozen=True)
class VerifierKey:
    """A public Ed25519 key by its name. kind: ED25519 (a log's) or COSIGNATURE (a witness's)."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name || newline || kind || public key)."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """The key as text to hand out: name+key id+base64(kind || key)."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `text`. Raises BadNote when it is no key of a known kind, or its id does not fit."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        blob = _decode(encoded)
        if len(blob) != 33 or blob[0] not in {ED25519, COSIGNATURE}:  # noqa: PLR2004 (one byte of kind, 32 of key)
            raise BadNote("This is no Ed25519 verifier key.")
        key = cls(_named(name), blob[0], blob[1:])
        if key.key_id.hex() != key_id:
            raise BadNote("The verifier key does not match its own id.")
        return key

    def signs(self, text: str, signature: Signature) -> bool:
        """Tell whether this key made `signature` on a note's text; for a cosignature its time is signed too."""
        blob, message = signature.blob, text.encode()
        if self.kind == COSIGNATURE:
            if len(blob) <= _TIME:
                return False
            message, blob = cosigned(text, signed_at(signature)), blob[_TIME:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, message)
        except InvalidSignature:
            return False
        return True


class Signer(Protocol):
    """Whatever holds a signing key: a file of this machine, or a key service that never gives the key out."""

    @property
    def verifier(self) -> VerifierKey:
        """The public key under which others know the signer."""

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature (64 bytes). Raises KeyUnavailable."""


@dataclass(frozen=True)
class LocalSigner:
    """An Ed25519 key in this process's memory. kind: ED25519 for a log, COSIGNATURE for a witness."""

    name: str
    kind: int
    secret: bytes

    @classmethod
    def new(cls, name: str, kind: int) -> LocalSigner:
        """Make a random key. Raises BadNote for a name with spaces or a plus sign."""
        return cls(_named(name), kind, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> LocalSigner:
        """Read what `text` gave. Raises BadNote."""
        parts = text.strip().split("+", 4)  # base64 may have plus signs of its own
        blob = _decode(parts[-1])
        if parts[:2] != ["PRIVATE", "KEY"] or len(parts) != 5 or len(blob) != 33:  # noqa: PLR2004
            raise BadNote("This is no signing key.")
        return cls(_named(parts[2]), blob[0], blob[1:])

    @property
    def text(self) -> str:
        """The secret key as one line, in the form of Go's note package."""
        encoded = base64.b64encode(bytes([self.kind]) + self.secret).decode()
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{encoded}"

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()
        return VerifierKey(self.name, self.kind, public)

    def sign(self, message: bytes) -> bytes:
        """Sign."""
        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(message)


def signed(checkpoint: Checkpoint, signer: Signer) -> str:
    """Return the log's signed note of a checkpoint."""
    key = signer.verifier
    return f"{checkpoint.text}\n{Signature(key.name, key.key_id, signer.sign(checkpoint.text.encode())).line}"


def cosign(checkpoint: Checkpoint, signer: Signer, at: int) -> Signature:
    """Return a witness's cosignature. at: POSIX time in seconds."""
    key = signer.verifier
    return Signature(key.name, key.key_id, at.to_bytes(_TIME) + signer.sign(cosigned(checkpoint.text, at)))


def cosigned(text: str, at: int) -> bytes:
    """Return the message of a cosignature (C2SP tlog-cosignature, "cosignature/v1")."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def signed_at(signature: Signature) -> int:
    """Return the POSIX time that a cosignature carries."""
    return int.from_bytes(signature.blob[:_TIME])


def opened(note: str) -> tuple[Checkpoint, str, list[Signature]]:
    """Take a note apart: checkpoint, its exact text, signatures. Nothing is verified yet. Raises BadNote."""
    if len(note) > MOST_BYTES or any(ord(letter) < 0x20 and letter != "\n" for letter in note):  # noqa: PLR2004
        raise BadNote("The note is too long or has control characters.")
    text, divided, tail = note.rpartition("\n\n")
    if not divided or not tail.endswith("\n"):
        raise BadNote("The note has no signatures.")
    text += "\n"
    lines = text.split("\n")
    if len(lines) < 4 or "" in lines[:-1] or not _plain_number(lines[1]):  # noqa: PLR2004
        raise BadNote("The note is no checkpoint: origin, size, root.")
    root = _decode(lines[2])
    if len(root) != hashlib.sha256().digest_size:
        raise BadNote("The root is no SHA-256.")
    return Checkpoint(lines[0], int(lines[1]), root), text, [_line(line) for line in tail[:-1].split("\n")]


def by(keys: list[VerifierKey], text: str, signatures: list[Signature]) -> list[tuple[VerifierKey, Signature]]:
    """Return which of `keys` signed `text`. Signatures of unknown keys are ignored, as C2SP asks.

    Raises BadNote when a line bears a known key's name and id and does not verify.
    """
    known = {(key.name, key.key_id): key for key in keys}
    found: dict[tuple[str, bytes], tuple[VerifierKey, Signature]] = {}
    for signature in signatures:
        named = (signature.name, signature.key_id)
        if named not in known or named in found:
            continue
        if not known[named].signs(text, signature):
            raise BadNote(f"The signature of {signature.name} is wrong.")
        found[named] = known[named], signature
    return list(found.values())


def _line(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    blob = _decode(encoded)
    if not line.startswith(_DASH) or not space or len(blob) <= 4:  # noqa: PLR2004 (four bytes of key id)
        raise BadNote("A signature line is malformed.")
    return Signature(_named(name), blob[:4], blob[4:])


def parse_signatures(lines: str) -> list[Signature]:
    """Read signature lines as a witness answers them. Raises BadNote."""
    return [_line(line) for line in lines.rstrip("\n").split("\n")]


def _named(name: str) -> str:
    if not name or "+" in name or any(letter.isspace() for letter in name):
        raise BadNote("A key's name has no spaces and no plus sign.")
    return name


def _plain_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and (text == "0" or not text.startswith("0"))


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise BadNote("This is no base64.") from wrong
