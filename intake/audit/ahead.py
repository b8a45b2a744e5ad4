"""An act written to the log and committed before it is done: reads of what is sealed.

The transaction of the request commits after its page is made; a failure in between would roll back the entry of a
read that took place. So this entry has a transaction of its own, first; when it fails, nothing is read.
"""

from __future__ import annotations

import json

import sqlalchemy as sa

from intake import db


def record_ahead(
    kind: str, *, user_id: int, subject: str, record_id: str, compartment_id: int | None, **detail: object
) -> None:
    """Write and commit one entry of the log, as the user. detail: JSON values without names or words of a person.

    Raises DBAPIError when it cannot be written. Source: OWASP ASVS 5.0.0, 16.5.3 (fail closed).
    """
    engine = db.session().get_bind().engine
    with engine.connect() as connection, connection.begin():
        connection.execute(
            sa.text(
                "select audit.note(:kind, :subject, :record_id, :compartment_id, :detail)"
                " from (select set_config('app.user_id', :user_id, true)) as acting"
            ),
            {
                "user_id": str(user_id),
                "kind": kind,
                "subject": subject,
                "record_id": record_id,
                "compartment_id": compartment_id,
                "detail": json.dumps(detail, sort_keys=True),
            },
        )
