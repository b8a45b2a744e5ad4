"""From state to state: which steps exist (config/taxonomies), who may take them, and what stands in the way."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.declarations import queries
from intake.declarations.models import Declaration, ReviewComment
from intake.declarations.paper import findings, name_in_text
from intake.declarations.versions import hash_of, keep_version
from intake.documents.lint import Finding
from intake.errors import NotAllowed, NotNow, StaleVersion
from intake.people.models import Person
from intake.people.pseudonyms import fix_pseudonym
from intake.people.queries import consents_of
from intake.taxonomy import transitions

# The states that this release works with; later ones (signing, filing) come with their own gates.
REACHED = ("DS.DRAFT", "DS.REVIEW", "DS.TRANSLATED", "DS.READBACK", "DS.LOCKED", "DS.WITHDRAWN")
_ATTORNEY = frozenset({"DS.READBACK", "DS.LOCKED", "DS.WITHDRAWN", "DS.TRANSLATED"})


# Forward first: a page offers the first as its one main action.
_FORWARD = ("DS.LOCKED", "DS.READBACK", "DS.REVIEW", "DS.TRANSLATED", "DS.DRAFT", "DS.WITHDRAWN")


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way of a step. code: basis, text, consent, consent_court, machine, lint, comments, unread;
    paragraph: its number; asks_once: passed by asking again, never barred.
    """

    code: str
    paragraph: int | None = None
    words: str = ""
    asks_once: bool = False


def next_states(declaration: Declaration) -> tuple[str, ...]:
    """Return the states that a declaration may move to now (config/taxonomies), the way forward first."""
    allowed = transitions().get(declaration.state, ())
    return tuple(state for state in _FORWARD if state in allowed)


def may_move(declaration: Declaration, to: str) -> bool:
    """Tell whether the actor's role may take this step."""
    me = current()
    if to in _ATTORNEY or declaration.state == "DS.LOCKED":
        return me.may(Permission.DECLARATION_REVIEW, declaration.compartment_id)
    return me.may(Permission.DECLARATION_DRAFT, declaration.compartment_id)


def obstacles(
    declaration: Declaration, to: str, language: str = "en", found: list[Finding] | None = None
) -> list[Obstacle]:
    """Return what stands in the way of `to`; going back, or withdrawing, is never barred.

    found: the paper's lint, when the caller has it already.
    """
    if to in {"DS.DRAFT", "DS.WITHDRAWN"}:
        return []
    barring = [Obstacle("basis", p.position) for p in declaration.paragraphs if not p.basis]
    barring += [Obstacle("text", p.position) for p in declaration.paragraphs if not p.text.strip()]
    if not declaration.paragraphs:
        barring.append(Obstacle("empty"))
    if to == "DS.REVIEW":
        return barring
    barring += _consents(declaration, to)
    for each in findings(declaration) if found is None else found:
        if each.level == "block":
            barring.append(Obstacle("lint", each.paragraph, each.message_es if language == "es" else each.message_en))
    if to == "DS.LOCKED":
        barring += _before_locking(declaration)
    if open_comments(declaration):
        barring.append(Obstacle("comments", asks_once=True))
    return barring


def _consents(declaration: Declaration, to: str) -> list[Obstacle]:
    consents, barring = consents_of(declaration.person_id), []
    if not consents.allows("CN.INTAKE"):
        barring.append(Obstacle("consent"))
    if to == "DS.LOCKED" and not (consents.allows("CN.COURT_SEAL") or consents.allows("CN.COURT_PUBLIC")):
        barring.append(Obstacle("consent_court"))
    return barring


def _before_locking(declaration: Declaration) -> list[Obstacle]:
    # A machine's translation is an internal gist: nobody could swear to it (set interpreter_mode, IM.MACHINE).
    barring = [Obstacle("machine")] if declaration.certificate.get("interpreter_kind") == "IM.MACHINE" else []
    unread = any(p.confirmed_at is None for p in declaration.paragraphs)
    return [*barring, *([Obstacle("unread", asks_once=True)] if unread else [])]


def open_comments(declaration: Declaration) -> int:
    """Return how many questions are open."""
    query = sa.select(sa.func.count()).where(
        ReviewComment.declaration_id == declaration.id, ReviewComment.resolved_at.is_(None)
    )
    return int(db.session.scalar(query) or 0)


def move(declaration: Declaration, to: str, *, anyway: bool = False, seen: str | None = None) -> None:
    """Take one step. `anyway` passes what asks once, never what bars; `seen` is the hash of the text that was read.

    Locking fixes the text by its SHA-256 and keeps a version; unlocking keeps the old version and clears the approval.
    Taking the step again changes nothing. Raises NotNow with what stands in the way, NotAllowed for the role,
    StaleVersion when the text changed since it was read.
    """
    if not current().may(Permission.DECLARATION_DRAFT, declaration.compartment_id):
        raise NotAllowed
    declaration = queries.held(declaration)
    if declaration.state == to:
        return
    if not may_move(declaration, to):
        raise NotAllowed
    if seen is not None and seen != hash_of(declaration):
        raise StaleVersion
    _refuse_barred(declaration, to, anyway)
    keep_version(declaration)
    _enter(declaration, to)
    if to == "DS.LOCKED":
        keep_version(declaration)


def _refuse_barred(declaration: Declaration, to: str, anyway: bool) -> None:
    if to not in next_states(declaration):
        raise NotNow("no_such_step")
    barring = [o for o in obstacles(declaration, to) if not (anyway and o.asks_once)]
    if barring:
        raise NotNow(barring[0].code)
    if to == "DS.LOCKED" and name_in_text(declaration):
        raise NotNow("name_in_text")


def _enter(declaration: Declaration, to: str) -> None:
    now = dt.datetime.now(dt.UTC)
    if to in {"DS.READBACK", "DS.TRANSLATED", "DS.LOCKED"} and declaration.approved_at is None:
        declaration.approved_by_id, declaration.approved_at = current().user_id, now
    if to == "DS.READBACK":
        # The whole text is read to the person before they sign, not only what changed since last time.
        for paragraph in declaration.paragraphs:
            paragraph.confirmed_at = None
    if to == "DS.LOCKED":
        declaration.text_hash, declaration.locked_at = hash_of(declaration), now
        fix_pseudonym(db.session.get_one(Person, declaration.person_id))
    elif to == "DS.DRAFT":
        declaration.text_hash = declaration.locked_at = None
        declaration.approved_at = declaration.approved_by_id = None
    declaration.state, declaration.state_changed_at = to, now
    db.session.flush()
