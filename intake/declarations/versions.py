"""The text as it counts, its hash, and the versions that are kept of it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.declarations.models import Declaration, DeclarationVersion


def text_of(declaration: Declaration) -> dict[str, Any]:
    """Return the whole text as it counts: what the hash binds the signature page to."""
    return {
        "number": declaration.label,
        "language": declaration.language,
        "original_language": declaration.original_language,
        "in_support_of": declaration.in_support_of,
        "name_style": declaration.name_style,
        "oath_form": declaration.oath_form,
        "paragraphs": [
            {
                "n": p.position,
                "heading": p.heading,
                "text": p.text,
                "original": p.original,
                "basis": p.basis,
                "sources": sorted([str(s.item_id), s.locator] for s in p.sources),
            }
            for p in declaration.paragraphs
        ],
        "certificate": declaration.certificate,
    }


def hash_of(declaration: Declaration) -> str:
    """Return the hex SHA-256 of the text in canonical JSON (sorted keys, no blanks, UTF-8)."""
    body = json.dumps(text_of(declaration), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()


def keep_version(declaration: Declaration) -> DeclarationVersion:
    """Keep the text as it stands now; kept versions are never changed."""
    newest = db.session.scalar(
        sa.select(sa.func.max(DeclarationVersion.number)).where(DeclarationVersion.declaration_id == declaration.id)
    )
    version = DeclarationVersion(
        declaration_id=declaration.id,
        number=(newest or 0) + 1,
        state=declaration.state,
        text=text_of(declaration),
        text_hash=hash_of(declaration),
        by_id=current().user_id,
        incident_id=declaration.incident_id,
        compartment_id=declaration.compartment_id,
        opened_by_id=declaration.opened_by_id,
    )
    db.session.add(version)
    db.session.flush()
    return version
