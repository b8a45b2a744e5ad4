"""Declarations of the demonstration, in every state that this release works with."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.declarations import gates, services
from intake.declarations.models import Declaration, Paragraph
from intake.demo import progress
from intake.demo.facts import Facts
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Account

PARALEGAL, ATTORNEY = "paralegal@harbor.example", "attorney@harbor.example"
_MOTION = "Plaintiffs' motion for a preliminary injunction"
# incident: the states in turn, after DS.DRAFT
PATHS: dict[int, tuple[str, ...]] = {
    0: ("DS.REVIEW", "DS.READBACK", "DS.LOCKED"),
    1: ("DS.REVIEW", "DS.READBACK", "DS.LOCKED"),
    2: ("DS.REVIEW", "DS.READBACK"),
    4: ("DS.REVIEW",),
    5: ("DS.REVIEW", "DS.TRANSLATED", "DS.READBACK", "DS.LOCKED"),
    7: ("DS.REVIEW", "DS.READBACK"),
    10: ("DS.REVIEW", "DS.WITHDRAWN"),
    11: (),
    14: ("DS.REVIEW", "DS.TRANSLATED"),
    17: ("DS.REVIEW",),
    20: ("DS.REVIEW",),
    25: (),
    31: ("DS.REVIEW", "DS.READBACK", "DS.LOCKED", "DS.WITHDRAWN"),
    38: (),
}
_HEADINGS = ("Where I was", "What was said", "What was done", "Afterwards")
_BASES = ("KB.SAW", "KB.HEARD", "KB.FELT", "KB.SAW")
_OPENINGS = {"en": 1, "es": 2}
_QUESTIONS = (
    "How does the declarant know how many men there were: counted, or guessed?",
    "Who said this, and in which language? Please ask again and use the exact words.",
    "Was the declarant told at any moment that they could leave?",
)
_CERTIFICATE = {
    "interpreter": "Inés Intérprete Ficticia",
    "languages": "Spanish and English",
    "qualification": "California court interpreter, certificate no. 000000 (fictional)",
    "employer": "Harbor Legal Aid (fictional); no relation to the declarant",
    "mode": "in person",
    "place": "Los Angeles, California",
    "present": "the declarant and the interpreter",
    "read_back": "the whole text, paragraph by paragraph",
}


def write(facts: Facts, incident_id: uuid.UUID, users: dict[str, int]) -> None:
    """Write the declaration of the incident's first account, and take it through its states. One transaction."""
    with db.transaction():
        sessions.act_for(users[PARALEGAL])
        account = db.session.scalars(
            sa.select(Account).where(Account.incident_id == incident_id).order_by(Account.created_at).limit(1)
        ).one()
        declaration = services.start_declaration(account, _MOTION)
        _fill(facts, declaration)
        path = PATHS[facts.number]
        if path:
            gates.move(declaration, path[0])
        sessions.act_for(users[ATTORNEY])
        if path == ("DS.REVIEW",):
            _ask(facts, declaration)
        for state in path[1:]:
            gates.move(declaration, state)
            if state == "DS.READBACK":
                _read_back(declaration, whole=path[-1] != "DS.READBACK")
        progress.done(f"declaration {facts.number}", declaration.id)


def _fill(facts: Facts, declaration: Declaration) -> None:
    told = facts.told[0]
    opening = _OPENINGS[told.story.language]
    paragraphs = list(declaration.paragraphs)[opening:]
    english = services.split_words(told.english.words)
    for turn, (paragraph, text) in enumerate(zip(paragraphs, english, strict=True)):
        if facts.number == 38 and turn > 1:  # noqa: PLR2004
            break  # one draft is still being translated
        services.edit_paragraph(paragraph, text=text, basis=_BASES[turn], heading=_HEADINGS[turn])
    _tie(declaration, paragraphs[2])
    services.describe(declaration, due_on=dt.date(2026, 1, 9) + dt.timedelta(days=facts.number))
    if told.story.language != "en" and len(PATHS[facts.number]) > 1:
        services.describe(declaration, certificate={**_CERTIFICATE, "held_on": "2025-12-04"})


def _tie(declaration: Declaration, paragraph: Paragraph) -> None:
    items = db.session.scalars(
        sa.select(EvidenceItem).where(EvidenceItem.incident_id == declaration.incident_id).order_by(EvidenceItem.id)
    )
    for item in items:
        services.tie_source(paragraph, item.id, "0:01-0:03" if item.media_type.startswith(("video/", "audio/")) else "")


def _read_back(declaration: Declaration, *, whole: bool) -> None:
    paragraphs = list(declaration.paragraphs)
    for paragraph in paragraphs if whole else paragraphs[: len(paragraphs) // 2]:
        services.confirm_paragraph(paragraph)


def _ask(facts: Facts, declaration: Declaration) -> None:
    paragraphs = list(declaration.paragraphs)
    for turn in range(1 + facts.number % 2):
        services.comment(declaration, _QUESTIONS[(facts.number + turn) % 3], paragraphs[-3 + turn].id)
    answered = services.comment(declaration, "Is the day certain? Yes: confirmed on a second call.", paragraphs[-4].id)
    services.resolve(answered)
