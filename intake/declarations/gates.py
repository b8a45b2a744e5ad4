"""From state to state: which steps exist (config/taxonomies), who may take them, and what stands in the way."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.declarations.models import Declaration, ReviewComment
from intake.declarations.paper import findings
from intake.declarations.services import EDITABLE, hash_of, keep_version
from intake.errors import NotAllowed, NotNow
from intake.people.queries import consents_of
from intake.taxonomy import transitions

# The states that this release works with; later ones (signing, filing) come with their own gates.
REACHED = ("DS.DRAFT", "DS.REVIEW", "DS.TRANSLATED", "DS.READBACK", "DS.LOCKED", "DS.WITHDRAWN")
_ATTORNEY = frozenset({"DS.READBACK", "DS.LOCKED", "DS.WITHDRAWN", "DS.TRANSLATED"})


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way of a step. code: basis, text, consent, lint, comments; paragraph: its number."""

    code: str
    paragraph: int | None = None
    words: str = ""
    asks_once: bool = False


def next_states(declaration: Declaration) -> tuple[str, ...]:
    """Return the states that a declaration may move to now, in the taxonomy's order."""
    return tuple(state for state in transitions().get(declaration.state, ()) if state in REACHED)


def may_move(declaration: Declaration, to: str) -> bool:
    """Tell whether the actor's role may take this step."""
    me = current()
    if to in _ATTORNEY or declaration.state == "DS.LOCKED":
        return me.may(Permission.DECLARATION_REVIEW, declaration.compartment_id)
    return me.may(Permission.DECLARATION_DRAFT, declaration.compartment_id)


def obstacles(declaration: Declaration, to: str, language: str = "en") -> list[Obstacle]:
    """Return what stands in the way of `to`; going back, or withdrawing, is never barred."""
    if to in {"DS.DRAFT", "DS.WITHDRAWN"}:
        return []
    found = [Obstacle("basis", p.position) for p in declaration.paragraphs if not p.basis]
    found += [Obstacle("text", p.position) for p in declaration.paragraphs if not p.text.strip()]
    if to != "DS.REVIEW":
        consents = consents_of(declaration.person_id)
        if not consents.allows("CN.INTAKE"):
            found.append(Obstacle("consent"))
        if not (consents.allows("CN.COURT_SEAL") or consents.allows("CN.COURT_PUBLIC")) and to == "DS.LOCKED":
            found.append(Obstacle("consent_court"))
        found += [
            Obstacle("lint", f.paragraph, f.message_es if language == "es" else f.message_en)
            for f in findings(declaration) if f.level == "block"
        ]  # fmt: skip
        if open_comments(declaration):
            found.append(Obstacle("comments", asks_once=True))
    return found


def open_comments(declaration: Declaration) -> int:
    """Return how many questions are open."""
    query = sa.select(sa.func.count()).where(ReviewComment.declaration_id == declaration.id, ReviewComment.resolved_at.is_(None))
    return int(db.session.scalar(query) or 0)


def move(declaration: Declaration, to: str, *, anyway: bool = False) -> None:
    """Take one step. `anyway` passes what asks once (open questions), never what bars.

    Locking fixes the text by its SHA-256 and keeps a version; unlocking keeps the old version and clears the approval.
    Raises NotNow with what stands in the way, NotAllowed for the role.
    """
    if to not in next_states(declaration):
        raise NotNow("no_such_step")
    if not may_move(declaration, to):
        raise NotAllowed
    barring = [o for o in obstacles(declaration, to) if not (anyway and o.asks_once)]
    if barring:
        raise NotNow(barring[0].code)
    keep_version(declaration)
    if declaration.state in EDITABLE and to in {"DS.READBACK", "DS.TRANSLATED"}:
        declaration.approved_by_id, declaration.approved_at = current().user_id, dt.datetime.now(dt.UTC)
    if to == "DS.LOCKED":
        declaration.text_hash, declaration.locked_at = hash_of(declaration), dt.datetime.now(dt.UTC)
    elif declaration.state == "DS.LOCKED" and to == "DS.DRAFT":
        declaration.text_hash = declaration.locked_at = declaration.approved_at = None
        declaration.approved_by_id = None
    declaration.state, declaration.state_changed_at = to, dt.datetime.now(dt.UTC)
    db.session.flush()
    if to == "DS.LOCKED":
        keep_version(declaration)
