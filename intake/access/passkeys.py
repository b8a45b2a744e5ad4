"""Passkeys (WebAuthn Level 3): the user is always verified, each challenge is answered once, within five minutes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

import sqlalchemy as sa
import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from intake import db
from intake.access.models import User
from intake.access.proofs import Passkey, PasskeyChallenge
from intake.audit.trail import record
from intake.settings import Settings

LIFETIME = dt.timedelta(minutes=5)
ENROL, SIGN_IN, AGAIN = "enrol", "sign in", "again"
_TRANSPORTS = {"usb", "nfc", "ble", "smart-card", "hybrid", "internal"}
_NAME = 60  # characters


def enrol_options(user: User, settings: Settings) -> dict[str, Any]:
    """Return what navigator.credentials.create() takes; passkeys the user has already are left out."""
    options = webauthn.generate_registration_options(
        rp_id=settings.rp_id,
        rp_name="Testigo",
        user_id=f"testigo {user.id}".encode(),
        user_name=user.email,
        user_display_name=user.display_name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_described(user.id),
    )
    _wait_for(options.challenge, ENROL, user.id)
    return _plain(options)


def enrol(user: User, challenge: str, credential: dict[str, Any], name: str, settings: Settings) -> Passkey | None:
    """Keep a new passkey of this user, or return None for one made for another challenge, site or user."""
    if not _answered(challenge, ENROL, user.id):
        return None
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=settings.rp_id,
            expected_origin=settings.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as wrong:
        record("passkey_refused", subject="passkey", step=ENROL, error=type(wrong).__name__)
        return None
    if db.session.scalar(sa.select(Passkey.id).where(Passkey.credential_id == made.credential_id)) is not None:
        return None
    offered = credential.get("response", {}).get("transports") or []
    passkey = Passkey(
        user_id=user.id,
        name=" ".join(name.split())[:_NAME] or "Passkey",
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        backed_up=made.credential_backed_up,
        transports=sorted(_TRANSPORTS.intersection(str(each) for each in offered)),
    )
    db.session.add(passkey)
    db.session.flush()
    return passkey


def sign_in_options(settings: Settings, user_id: int | None = None) -> dict[str, Any]:
    """Return what navigator.credentials.get() takes. Without a user the passkey itself says whose it is."""
    options = webauthn.generate_authentication_options(
        rp_id=settings.rp_id,
        user_verification=UserVerificationRequirement.REQUIRED,
        allow_credentials=_described(user_id) if user_id else None,
    )
    _wait_for(options.challenge, AGAIN if user_id else SIGN_IN, user_id)
    return _plain(options)


def shown(challenge: str, credential: dict[str, Any], settings: Settings, user_id: int | None = None) -> int | None:
    """Return whose passkey answered the challenge, or None: replayed, unverified user, another site, a clone.

    A synced passkey counts nothing and stays at 0; a counter that goes back tells of a copied key (WebAuthn 6.1.1).
    """
    if not _answered(challenge, AGAIN if user_id else SIGN_IN, user_id):
        return None
    passkey = _held(credential)
    if passkey is None or user_id not in {None, passkey.user_id}:
        record("passkey_refused", subject="passkey", step=SIGN_IN, error="unknown")
        return None
    try:
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=settings.rp_id,
            expected_origin=settings.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as wrong:
        record(
            "passkey_refused", subject="passkey", record_id=str(passkey.id), step=SIGN_IN, error=type(wrong).__name__
        )
        return None
    passkey.sign_count, passkey.backed_up = verified.new_sign_count, verified.credential_backed_up
    passkey.used_at = sa.func.clock_timestamp()
    db.session.flush()
    return passkey.user_id


def of(user_id: int) -> list[Passkey]:
    """Return the user's passkeys, the oldest first."""
    held = sa.select(Passkey).where(Passkey.user_id == user_id, Passkey.removed_at.is_(None))
    return list(db.session.scalars(held.order_by(Passkey.id)))


def _held(credential: dict[str, Any]) -> Passkey | None:
    """Return the passkey of an answer, locked: two answers at once cannot both pass the counter."""
    try:
        raw = base64url_to_bytes(str(credential["rawId"]))
    except (ValueError, KeyError, TypeError):
        return None
    query = sa.select(Passkey).join(User, User.id == Passkey.user_id)
    query = query.where(Passkey.credential_id == raw, Passkey.removed_at.is_(None), User.active)
    return db.session.scalars(query.with_for_update(of=Passkey)).one_or_none()


def _described(user_id: int) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in of(user_id)]


def _plain(options: Any) -> dict[str, Any]:  # noqa: ANN401
    plain: dict[str, Any] = json.loads(options_to_json(options))
    return plain


def _wait_for(challenge: bytes, purpose: str, user_id: int | None) -> None:
    db.session.execute(sa.delete(PasskeyChallenge).where(PasskeyChallenge.expires_at < sa.func.now()))
    waits = PasskeyChallenge(
        challenge_hash=_hash(bytes_to_base64url(challenge)),
        purpose=purpose,
        user_id=user_id,
        expires_at=sa.func.now() + LIFETIME,
    )
    db.session.add(waits)
    db.session.flush()


def _answered(challenge: str, purpose: str, user_id: int | None) -> bool:
    """Take the challenge out; False when it was answered before, is too old, or was given for something else."""
    mine = sa.delete(PasskeyChallenge).where(
        PasskeyChallenge.challenge_hash == _hash(challenge),
        PasskeyChallenge.purpose == purpose,
        PasskeyChallenge.user_id.is_not_distinct_from(user_id),
        PasskeyChallenge.expires_at > sa.func.now(),
    )
    return db.session.execute(mine.returning(PasskeyChallenge.challenge_hash)).scalar_one_or_none() is not None


def _hash(challenge: str) -> bytes:
    return hashlib.sha256(challenge.encode()).digest()
