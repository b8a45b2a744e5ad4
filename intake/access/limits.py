"""Limits on guessing, counted in PostgreSQL so that every worker shares them. ASVS 5.0, 6.3.1.

A try is counted before it is looked at, and given back when it was right: many tries at once cannot slip through.
Tries over the limit are not counted, so nobody is shut out for longer than a quarter of an hour by somebody else.
"""

from __future__ import annotations

import hashlib
import ipaddress

import sqlalchemy as sa

from intake import db
from intake.errors import TooManyAttempts

TRIES = 10  # in a quarter of an hour: on one account, one code, one invitation
TRIES_OF_NETWORK = 100  # a whole office may sit behind one address
_COUNT = """WITH counted AS (
  INSERT INTO sign_in_attempt (subject, window_start, failures) VALUES (:s, date_trunc('minute', now()), 1)
  ON CONFLICT (subject, window_start) DO UPDATE SET failures = sign_in_attempt.failures + 1 RETURNING failures)
SELECT (SELECT failures FROM counted) + coalesce(sum(failures), 0) FROM sign_in_attempt
WHERE subject = :s AND window_start > now() - interval '15 minutes' AND window_start < date_trunc('minute', now())"""
_GIVE_BACK = """UPDATE sign_in_attempt SET failures = greatest(failures - 1, 0)
WHERE subject = :s AND window_start = date_trunc('minute', now())"""


class Try:
    """One try at something, counted under its subjects; right() takes it back."""

    def __init__(self) -> None:
        """Count nothing yet."""
        self._subjects: list[bytes] = []

    def count(self, kind: str, *what: object, most: int = TRIES) -> None:
        """Count this try. Raises TooManyAttempts when there were `most` in the last quarter of an hour."""
        subject = hashlib.sha256(repr((kind, *what)).encode()).digest()
        if db.session.execute(sa.text(_COUNT), {"s": subject}).scalar_one() > most:
            raise TooManyAttempts
        self._subjects.append(subject)

    def right(self) -> None:
        """Give the try back: what was right is no guess."""
        for subject in self._subjects:
            db.session.execute(sa.text(_GIVE_BACK), {"s": subject})


def network_of(address: str) -> str:
    """Return the network of an address: /24 of IPv4, /48 of IPv6, as providers give them out; '' when unknown."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network(f"{parsed}/{24 if parsed.version == 4 else 48}", strict=False))  # noqa: PLR2004
