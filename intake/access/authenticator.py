"""Codes from an authenticator app (TOTP, RFC 6238) and ten recovery codes on paper; every code works once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import secrets
import time

import pyotp
import segno
import sqlalchemy as sa
from itsdangerous import BadSignature, URLSafeTimedSerializer

from intake import db, keys
from intake.access.models import User
from intake.access.proofs import Authenticator, RecoveryCode
from intake.settings import Settings

STEP = 30  # seconds
_DRIFT = (-1, 0, 1)  # steps by which the phone's clock may differ (RFC 6238, 5.2)
CODES = 10
_OFFER = 1800  # seconds
_service: dict[str, keys.KeyService] = {}


def use(service: keys.KeyService) -> None:
    """Tell which key service seals the secrets; the application does this once at its start."""
    _service["current"] = service


def new_secret() -> str:
    """Return 160 random bits in base32, as apps take them."""
    return pyotp.random_base32()


def picture(secret: str, email: str) -> str:
    """Return the QR code that apps scan, as a data: address of an SVG."""
    drawn = io.BytesIO()
    address = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Testigo")
    segno.make(address, error="m").save(drawn, kind="svg", scale=5, border=3, xmldecl=False, svgns=True)
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()


def offer(secret: str, user: User, settings: Settings) -> str:
    """Return the secret signed for this user, to come back with the first code: nothing is kept before it works."""
    return str(URLSafeTimedSerializer(settings.secret_key, salt="authenticator").dumps([user.id, secret]))


def offered(signed: str, user: User, settings: Settings) -> str | None:
    """Return the secret that was offered to this user within half an hour, or None."""
    try:
        owner, secret = URLSafeTimedSerializer(settings.secret_key, salt="authenticator").loads(signed, _OFFER)
    except BadSignature:
        return None
    return str(secret) if owner == user.id else None


def enrol(user: User, secret: str, code: str) -> bool:
    """Keep the app of `secret` as the user's one, when `code` shows that it works; False when it does not."""
    counter = _counter_of(secret, code, after=0)
    if counter is None:
        return False
    remove(user.id)
    row = Authenticator(
        user_id=user.id,
        organisation_id=user.organisation_id,
        key_id="",
        wrapped_key=b"",
        sealed={},
        last_counter=counter,
    )
    # The row's id is bound into the seal, so it is made before the seal.
    row.id = db.session.execute(sa.select(sa.func.uuidv7())).scalar_one()
    sealed = keys.seal(_service["current"], user.organisation_id, f"authenticator|{row.id}", {"secret": secret})
    row.key_id, row.wrapped_key, row.sealed = sealed.key_id, sealed.wrapped_key, sealed.fields
    db.session.add(row)
    db.session.flush()
    return True


def remove(user_id: int) -> None:
    """End the user's app, if there is one."""
    ended = sa.update(Authenticator).where(Authenticator.user_id == user_id, Authenticator.removed_at.is_(None))
    db.session.execute(ended.values(removed_at=sa.func.clock_timestamp()))


def of(user_id: int, *, lock: bool = False) -> Authenticator | None:
    """Return the user's app."""
    query = sa.select(Authenticator).where(Authenticator.user_id == user_id, Authenticator.removed_at.is_(None))
    return db.session.scalars(query.with_for_update() if lock else query).one_or_none()


def take(user_id: int, code: str) -> bool:
    """Take a code of the user's app; False for a wrong, late or used one. Raises KeyUnavailable without the key."""
    row = of(user_id, lock=True)
    if row is None:
        return False
    sealed = keys.SealedFields(row.key_id, row.wrapped_key, row.sealed)
    secret = keys.unseal(_service["current"], row.organisation_id, f"authenticator|{row.id}", sealed)["secret"]
    counter = _counter_of(secret, code, after=row.last_counter)
    if counter is None:
        return False
    row.last_counter = counter
    db.session.flush()
    return True


def _counter_of(secret: str, code: str, *, after: int) -> int | None:
    """Return the time step of a right code later than `after`: pyotp alone accepts the same code twice."""
    app, now = pyotp.TOTP(secret, interval=STEP), int(time.time()) // STEP
    right = [
        now + step
        for step in _DRIFT
        if hmac.compare_digest(app.generate_otp(now + step).encode(), code.strip().encode())
    ]
    late = [counter for counter in right if counter > after]
    return late[0] if late else None


def new_recovery_codes(user_id: int) -> list[str]:
    """Return ten new recovery codes, to be shown this once; the old ones open nothing any more."""
    void_recovery_codes(user_id)
    codes = [_grouped(base64.b32encode(secrets.token_bytes(10)).decode()) for _ in range(CODES)]
    db.session.add_all(RecoveryCode(user_id=user_id, code_hash=_hash(user_id, code)) for code in codes)
    db.session.flush()
    return codes


def void_recovery_codes(user_id: int) -> None:
    """End all recovery codes of the user."""
    left = sa.update(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    db.session.execute(left.values(used_at=sa.func.clock_timestamp()))


def take_recovery_code(user_id: int, code: str) -> bool:
    """Take one recovery code; it opens nothing a second time."""
    mine = sa.update(RecoveryCode).where(
        RecoveryCode.user_id == user_id, RecoveryCode.code_hash == _hash(user_id, code), RecoveryCode.used_at.is_(None)
    )
    taken = db.session.execute(mine.values(used_at=sa.func.clock_timestamp()).returning(RecoveryCode.id))
    return taken.scalar_one_or_none() is not None


def recovery_codes_left(user_id: int) -> int:
    """Return how many recovery codes are unused."""
    left = sa.select(sa.func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return int(db.session.execute(left).scalar_one())


def _grouped(code: str) -> str:
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def _hash(user_id: int, code: str) -> bytes:
    letters = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(f"{user_id}|{letters}".encode()).digest()
