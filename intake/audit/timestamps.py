"""Timestamps of checkpoints by authorities outside: RFC 3161, with what RFC 5816 changed.

What is stamped is the SHA-256 of the checkpoint's text (three lines). A token proves that the log's head existed at
that time, to anybody who trusts the authority's certificate, without trusting us.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import rfc3161_client
from cryptography import x509

from intake.audit.posting import post

TIMEOUT = 15  # seconds
MOST_ANSWER = 1 << 17  # bytes; tokens with their certificates have some 6,000
GRANTED = 0


class TimestampAway(Exception):
    """The authority does not answer, or answers what does not verify."""


class BadTimestamp(ValueError):
    """A token is not of a trusted authority, or stamps something else."""


@dataclass(frozen=True)
class Stamp:
    """A verified timestamp. issuer: who issued the authority's certificate, which tells independent ones apart."""

    at: dt.datetime
    issuer: str


@dataclass(frozen=True)
class Authority:
    """A timestamp authority. roots: the certificates that its answers must lead to."""

    name: str
    url: str
    roots: tuple[x509.Certificate, ...]

    def stamp(self, text: str) -> tuple[bytes, dt.datetime]:
        """Ask for a timestamp of `text`; return the response (DER) and its time. Raises TimestampAway."""
        query = (
            rfc3161_client.TimestampRequestBuilder()
            .data(text.encode())
            .hash_algorithm(rfc3161_client.HashAlgorithm.SHA256)
            .nonce(nonce=True)
            .cert_request(cert_request=True)
            .build()
        )
        try:
            response = post(
                self.url, query.as_bytes(), "application/timestamp-query", seconds=TIMEOUT, most=MOST_ANSWER
            )
            nonce = rfc3161_client.decode_timestamp_response(response).tst_info.nonce
            if nonce != query.nonce:
                raise TimestampAway("the answer is to another question")
            return response, verified(response, text, self.roots).at
        except (OSError, ValueError) as trouble:
            raise TimestampAway(f"{type(trouble).__name__}") from trouble


def verified(response: bytes, text: str, roots: tuple[x509.Certificate, ...]) -> Stamp:
    """Return when an authority under `roots` stamped `text`. Raises BadTimestamp.

    response: a TimeStampResp in DER. Signature, chain at the stamped time, the certificate's only purpose
    (timestamping, RFC 3161 section 2.3) and the hash are checked.
    """
    if not roots:
        raise BadTimestamp("No certificate is trusted.")
    builder = rfc3161_client.VerifierBuilder()
    for root in dict.fromkeys(roots):
        builder = builder.add_root_certificate(root)
    try:
        parsed = rfc3161_client.decode_timestamp_response(response)
        builder.build().verify_message(parsed, text.encode())
    except (ValueError, rfc3161_client.VerificationError) as wrong:
        raise BadTimestamp(f"The timestamp does not verify: {wrong}") from wrong
    (signer,) = parsed.signed_data.signer_infos
    return Stamp(parsed.tst_info.gen_time, signer.issuer.rfc4514_string())


def certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Read every certificate of a PEM file. Raises ValueError when there is none."""
    return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
