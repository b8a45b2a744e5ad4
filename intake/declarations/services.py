"""Declarations: begun from an account, written in numbered paragraphs, each tied to what it rests on."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission, Role
from intake.declarations import queries
from intake.declarations.models import Declaration, Paragraph, ParagraphSource, ReviewComment
from intake.declarations.openings import opening_paragraphs
from intake.errors import Invalid, NotAllowed, NotNow, StaleVersion
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Account
from intake.people.models import Person
from intake.taxonomy import taxonomy

EDITABLE = ("DS.DRAFT", "DS.REVIEW", "DS.TRANSLATED", "DS.READBACK")
_SENTENCES = re.compile(r"(?<=[.!?»”])\s+(?=[A-ZÁÉÍÓÚÑ«“¿¡])")
_ADULT = ("18_24", "25_44", "45_64", "65_up")
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
    declaration = Declaration(
        account_id=account.id,
        person_id=account.person_id,
        original_language=language,
        in_support_of=in_support_of.strip(),
        **_place(account),
    )
    db.session.add(declaration)
    db.session.flush()
    person = db.session.get_one(Person, account.person_id)
    opening = [(text, "", "KB.DID") for text in opening_paragraphs(language, adult=person.age_band in _ADULT)]
    told = [("", words, "") if language != "en" else (words, "", "") for words in split_words(account.narrative)]
    for position, (text, original, basis) in enumerate(opening + told, 1):
        declaration.paragraphs.append(
            Paragraph(
                position=position,
                text=text,
                original=original,
                original_language=language if original else "",
                basis=basis,
                **_place(account),
            )
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


def edit_paragraph(
    paragraph: Paragraph,
    *,
    text: str,
    basis: str,
    heading: str = "",
    original: str | None = None,
    version: int | None = None,
) -> None:
    """Change a paragraph. Once it was approved or read back, it has to be read to the person again.

    Raises StaleVersion with the other's text, NotNow when the text is locked, Invalid for an unknown basis.
    """
    declaration, paragraph = _held(paragraph)
    if version is not None and version != paragraph.version:
        raise StaleVersion({"text": paragraph.text, "basis": paragraph.basis, "heading": paragraph.heading})
    if basis:
        taxonomy("knowledge_basis").term(basis)
    before = (paragraph.text, paragraph.heading, paragraph.original)
    paragraph.text, paragraph.basis, paragraph.heading = text, basis, heading.strip()
    if original is not None:
        paragraph.original = original
    if (paragraph.text, paragraph.heading, paragraph.original) != before:
        _changed(declaration, paragraph)
    db.session.flush()


def add_paragraph(declaration: Declaration, after: int | None = None, text: str = "") -> Paragraph:
    """Add a paragraph after position `after`, at the end by default; the others move on."""
    declaration = hold(declaration)
    place = len(declaration.paragraphs) if after is None else max(0, min(after, len(declaration.paragraphs)))
    paragraph = Paragraph(declaration_id=declaration.id, position=place + 1, text=text, **_place(declaration))
    declaration.paragraphs.insert(place, paragraph)
    _changed(declaration)
    _renumber(declaration)
    return paragraph


def move_paragraph(paragraph: Paragraph, by: int) -> None:
    """Move a paragraph up (-1) or down (+1)."""
    declaration, paragraph = _held(paragraph)
    order = list(declaration.paragraphs)
    here = order.index(paragraph)
    there = max(0, min(here + by, len(order) - 1))
    order.insert(there, order.pop(here))
    _changed(declaration)
    _renumber(declaration, order)


def split_paragraph(paragraph: Paragraph, at: int) -> Paragraph:
    """Split a paragraph's text at a character; the second part has the same basis, sources stay with the first."""
    declaration, paragraph = _held(paragraph)
    rest, kept = paragraph.text[at:].strip(), paragraph.text[: max(at, 0)].strip()
    if not (rest and kept):
        raise Invalid({"at": "outside"})
    paragraph.text = kept
    _changed(declaration, paragraph)
    added = add_paragraph(declaration, paragraph.position, rest)
    added.basis = paragraph.basis
    db.session.flush()
    return added


def remove_paragraph(paragraph: Paragraph) -> None:
    """Take a paragraph out; its last text stays in the log and in the kept versions."""
    declaration, paragraph = _held(paragraph)
    declaration.paragraphs.remove(paragraph)
    _changed(declaration)
    _renumber(declaration)


def confirm_paragraph(paragraph: Paragraph, version: int | None = None) -> None:
    """Note that the person heard this paragraph in their language and said that it is right.

    Raises NotNow outside read-back, StaleVersion when the text is no longer the one that was read.
    """
    declaration, paragraph = _held(paragraph)
    if declaration.state != "DS.READBACK":
        raise NotNow("not_in_read_back")
    if version is not None and version != paragraph.version:
        raise StaleVersion({"text": paragraph.text})
    if paragraph.confirmed_at is None:
        paragraph.confirmed_at = dt.datetime.now(dt.UTC)
    db.session.flush()


def tie_source(paragraph: Paragraph, item_id: uuid.UUID, locator: str = "") -> ParagraphSource:
    """Tie a paragraph to a file of the same incident, at a second (0:08-0:31) or page. Raises Invalid for another's."""
    _, paragraph = _held(paragraph)
    item = db.session.get_one(EvidenceItem, item_id)
    if item.incident_id != paragraph.incident_id:
        raise Invalid({"item": "other_incident"})
    at = locator.strip()[:60]
    for known in paragraph.sources:
        if (known.item_id, known.locator) == (item.id, at):
            return known  # the form was sent twice
    source = ParagraphSource(paragraph_id=paragraph.id, item_id=item.id, locator=at, **_place(paragraph))
    paragraph.sources.append(source)
    db.session.flush()
    return source


def untie_source(source: ParagraphSource) -> None:
    """Take a source off its paragraph; the file stays."""
    _, paragraph = _held(db.session.get_one(Paragraph, source.paragraph_id))
    if source in paragraph.sources:
        paragraph.sources.remove(source)
    db.session.flush()


DESCRIBED = frozenset(
    (
        "name_style",
        "oath_form",
        "oath_reason",
        "in_support_of",
        "executed_place",
        "executed_on",
        "due_on",
        "certificate",
    )
)


def describe(declaration: Declaration, version: int | None = None, **values: Any) -> None:  # noqa: ANN401
    """Change what stands around the text: the fields of DESCRIBED. The inside-US oath needs a reason.

    Raises Invalid, NotNow when the text is locked, StaleVersion when somebody else saved first.
    """
    if unknown := set(values) - DESCRIBED:
        raise Invalid(dict.fromkeys(unknown, "unknown"))
    declaration = hold(declaration)
    if version is not None and version != declaration.version:
        raise StaleVersion
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
    note = ReviewComment(
        declaration_id=declaration.id,
        paragraph_id=paragraph_id,
        text=text.strip(),
        by_id=current().user_id,
        **_place(declaration),
    )
    db.session.add(note)
    db.session.flush()
    return note


def resolve(note: ReviewComment) -> None:
    """Close a question. Raises NotAllowed without the right to draft there."""
    if not current().may(Permission.DECLARATION_DRAFT, note.compartment_id):
        raise NotAllowed
    note.resolved_at = note.resolved_at or dt.datetime.now(dt.UTC)
    db.session.flush()


def may_edit(declaration: Declaration) -> bool:
    """Tell whether the actor may change this text now: their own intake, or any as paralegal or attorney."""
    return declaration.state in EDITABLE and _drafts(declaration)


def hold(declaration: Declaration) -> Declaration:
    """Return the declaration as it stands now, held until the transaction ends: nothing changes under a lock being set.

    Raises NotAllowed without the right to draft it, NotNow once it is locked.
    """
    if not _drafts(declaration):
        raise NotAllowed
    held = queries.held(declaration)
    if held.state not in EDITABLE:
        raise NotNow("locked")
    return held


def _held(paragraph: Paragraph) -> tuple[Declaration, Paragraph]:
    declaration = hold(db.session.get_one(Declaration, paragraph.declaration_id))
    # What another saved, or took out, while this one waited.
    return declaration, db.session.get_one(Paragraph, paragraph.id, populate_existing=True)


def _drafts(declaration: Declaration) -> bool:
    held = {g.role for g in current().grants if g.compartment_id == declaration.compartment_id}
    return bool(held & {Role.PARALEGAL, Role.SUPERVISING_ATTORNEY}) or current().may_change(declaration)


def _changed(declaration: Declaration, paragraph: Paragraph | None = None) -> None:
    declaration.approved_at = declaration.approved_by_id = None
    if paragraph is not None:
        paragraph.confirmed_at = None


def _renumber(declaration: Declaration, order: list[Paragraph] | None = None) -> None:
    for position, paragraph in enumerate(order or declaration.paragraphs, 1):
        paragraph.position = position
    db.session.flush()
    db.session.expire(declaration, ["paragraphs"])


def _place(record: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "incident_id": record.incident_id,
        "compartment_id": record.compartment_id,
        "opened_by_id": record.opened_by_id,
    }
