"""Declarations: begun from an account, written in numbered paragraphs, moved from state to state through their gates."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import uuid
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.declarations.models import Declaration, DeclarationVersion, Paragraph, ParagraphSource, ReviewComment
from intake.declarations.openings import opening_paragraphs
from intake.errors import Invalid, NotAllowed, NotNow, StaleVersion
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Account
from intake.taxonomy import taxonomy

EDITABLE = ("DS.DRAFT", "DS.REVIEW", "DS.TRANSLATED", "DS.READBACK")
_SENTENCES = re.compile(r"(?<=[.!?»”])\s+(?=[A-ZÁÉÍÓÚÑ«“¿¡])")
_LONG = 700  # characters: a paragraph of a declaration states one thing


def start_declaration(account: Account, in_support_of: str = "") -> Declaration:
    """Begin a declaration from what a person told. Their words are copied beside it and stay untouched there.

    English words become the text; other languages stand as the original, with the text to be translated.
    Raises NotAllowed, Invalid when the account has no words yet.
    """
    me = current()
    if not me.may(Permission.DECLARATION_DRAFT, account.compartment_id):
        raise NotAllowed
    if not account.narrative.strip():
        raise Invalid({"account": "no_words"})
    language = account.narrative_language or "en"
    declaration = Declaration(account_id=account.id, person_id=account.person_id, original_language=language,
                              in_support_of=in_support_of.strip(), **_place(account))
    db.session.add(declaration)
    db.session.flush()
    opening = [(text, "", "KB.DID") for text in opening_paragraphs(language)]
    told = [("", words, "") if language != "en" else (words, "", "") for words in split_words(account.narrative)]
    for position, (text, original, basis) in enumerate(opening + told, 1):
        declaration.paragraphs.append(
            Paragraph(position=position, text=text, original=original, original_language=language if original else "",
                      basis=basis, **_place(account))
        )
    db.session.flush()
    return declaration


def split_words(narrative: str) -> list[str]:
    """Return the words in paragraphs: by blank lines, long ones by sentences. No word is lost or added."""
    paragraphs: list[str] = []
    for block in re.split(r"\n\s*\n", narrative.replace("\r\n", "\n")):
        current_text = ""
        for sentence in _SENTENCES.split(block.strip()):
            if current_text and len(current_text) + len(sentence) > _LONG:
                paragraphs.append(current_text)
                current_text = sentence
            else:
                current_text = f"{current_text} {sentence}".strip()
        if current_text:
            paragraphs.append(current_text)
    return paragraphs


def edit_paragraph(paragraph: Paragraph, *, text: str, basis: str, heading: str = "", original: str | None = None,
                   version: int | None = None) -> None:  # fmt: skip
    """Change a paragraph. Once it was read back or approved, the declaration goes back to be read again.

    Raises StaleVersion with the other's text, NotNow when the text is locked, Invalid for an unknown basis.
    """
    declaration = _editable(paragraph.declaration_id)
    if version is not None and version != paragraph.version:
        raise StaleVersion({"text": paragraph.text, "basis": paragraph.basis, "heading": paragraph.heading})
    if basis:
        taxonomy("knowledge_basis").term(basis)
    changed = text != paragraph.text
    paragraph.text, paragraph.basis, paragraph.heading = text, basis, heading.strip()
    if original is not None:
        paragraph.original = original
    if changed and declaration.approved_at is not None:
        declaration.approved_at, declaration.approved_by_id = None, None
    db.session.flush()


def add_paragraph(declaration: Declaration, after: int | None = None, text: str = "") -> Paragraph:
    """Add a paragraph after position `after`, at the end by default; the others move on."""
    _editable(declaration.id)
    place = len(declaration.paragraphs) if after is None else max(0, min(after, len(declaration.paragraphs)))
    paragraph = Paragraph(declaration_id=declaration.id, position=place + 1, text=text, **_place(declaration))
    declaration.paragraphs.insert(place, paragraph)
    _renumber(declaration)
    return paragraph


def move_paragraph(paragraph: Paragraph, by: int) -> None:
    """Move a paragraph up (-1) or down (+1)."""
    declaration = _editable(paragraph.declaration_id)
    order = list(declaration.paragraphs)
    here = order.index(paragraph)
    there = max(0, min(here + by, len(order) - 1))
    order.insert(there, order.pop(here))
    _renumber(declaration, order)


def split_paragraph(paragraph: Paragraph, at: int) -> Paragraph:
    """Split a paragraph's text at a character; the second part keeps basis and sources stay with the first."""
    declaration = _editable(paragraph.declaration_id)
    if not 0 < at < len(paragraph.text):
        raise Invalid({"at": "outside"})
    rest = paragraph.text[at:].strip()
    paragraph.text = paragraph.text[:at].strip()
    added = add_paragraph(declaration, paragraph.position, rest)
    added.basis = paragraph.basis
    db.session.flush()
    return added


def remove_paragraph(paragraph: Paragraph) -> None:
    """Take a paragraph out; its last text stays in the log and in the kept versions."""
    declaration = _editable(paragraph.declaration_id)
    declaration.paragraphs.remove(paragraph)
    _renumber(declaration)


def tie_source(paragraph: Paragraph, item_id: uuid.UUID, locator: str = "") -> ParagraphSource:
    """Tie a paragraph to a file of the same incident, at a second (0:08-0:31) or page. Raises Invalid for another's."""
    _editable(paragraph.declaration_id)
    item = db.session.get_one(EvidenceItem, item_id)
    if item.incident_id != paragraph.incident_id:
        raise Invalid({"item": "other_incident"})
    source = ParagraphSource(paragraph_id=paragraph.id, item_id=item.id, locator=locator.strip()[:60], **_place(paragraph))
    paragraph.sources.append(source)
    db.session.flush()
    return source


def untie_source(source: ParagraphSource) -> None:
    """Take a source off its paragraph; the file stays."""
    paragraph = db.session.get_one(Paragraph, source.paragraph_id)
    _editable(paragraph.declaration_id)
    paragraph.sources.remove(source)
    db.session.flush()


def describe(declaration: Declaration, **values: Any) -> None:  # noqa: ANN401
    """Change what stands around the text: name_style, oath_form, oath_reason, in_support_of, executed_place,
    executed_on, due_on, certificate. The inside-US oath needs a reason. Raises Invalid, NotNow.
    """
    _editable(declaration.id)
    form = values.get("oath_form", declaration.oath_form)
    taxonomy("oath_form").term(form)
    if form == "OA.US" and not values.get("oath_reason", declaration.oath_reason).strip():
        raise Invalid({"oath_reason": "missing"})
    for name, value in values.items():
        setattr(declaration, name, value)
    db.session.flush()


def comment(declaration: Declaration, text: str, paragraph_id: uuid.UUID | None = None) -> ReviewComment:
    """Put a question to a paragraph, or to the whole. Work product."""
    if not current().may(Permission.DECLARATION_DRAFT, declaration.compartment_id):
        raise NotAllowed
    note = ReviewComment(declaration_id=declaration.id, paragraph_id=paragraph_id, text=text.strip(), by_id=current().user_id,
                         **_place(declaration))  # fmt: skip
    db.session.add(note)
    db.session.flush()
    return note


def resolve(note: ReviewComment) -> None:
    """Close a question."""
    note.resolved_at = dt.datetime.now(dt.UTC)
    db.session.flush()


def text_of(declaration: Declaration) -> dict[str, Any]:
    """Return the whole text as it counts: what the hash binds the signature page to."""
    return {
        "number": declaration.label,
        "language": declaration.language,
        "original_language": declaration.original_language,
        "oath_form": declaration.oath_form,
        "paragraphs": [
            {"n": p.position, "heading": p.heading, "text": p.text, "original": p.original, "basis": p.basis}
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
    version = DeclarationVersion(declaration_id=declaration.id, number=(newest or 0) + 1, state=declaration.state,
                                 text=text_of(declaration), text_hash=hash_of(declaration), by_id=current().user_id,
                                 **_place(declaration))  # fmt: skip
    db.session.add(version)
    db.session.flush()
    return version


def _editable(declaration_id: uuid.UUID) -> Declaration:
    declaration = db.session.get_one(Declaration, declaration_id)
    if declaration.state not in EDITABLE:
        raise NotNow("locked")
    me = current()
    if not (me.may_change(declaration) or _drafts(declaration)):
        raise NotAllowed
    return declaration


def _drafts(declaration: Declaration) -> bool:
    held = {g.role for g in current().grants if g.compartment_id == declaration.compartment_id}
    return bool(held & {"RO.PARALEGAL", "RO.SUPATT"})


def _renumber(declaration: Declaration, order: list[Paragraph] | None = None) -> None:
    for position, paragraph in enumerate(order or declaration.paragraphs, 1):
        paragraph.position = position
    db.session.flush()
    db.session.expire(declaration, ["paragraphs"])


def _place(record: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"incident_id": record.incident_id, "compartment_id": record.compartment_id, "opened_by_id": record.opened_by_id}
