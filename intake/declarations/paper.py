"""The declaration as a court paper: caption from the matter, name by the chosen style, consent looked at again."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from intake import db
from intake.access.actor import current
from intake.access.models import Compartment
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.declarations.models import Declaration
from intake.declarations.sealed_words import sealed_words
from intake.documents.lint import Finding, lint
from intake.documents.papers import Certificate, DeclarationPaper, PaperParagraph
from intake.documents.pleading import render_declaration
from intake.documents.private import names_in
from intake.documents.word import render_word
from intake.errors import NotAllowed, NotNow
from intake.evidence.models import EvidenceItem
from intake.matters.models import Matter
from intake.people.models import Person
from intake.people.pseudonyms import initials
from intake.people.queries import consents_of
from intake.people.vault import sealed_fields, unseal_identity
from intake.taxonomy import CourtProfile, court


def findings(declaration: Declaration) -> list[Finding]:
    """Return what the paper's lint finds, with the protected name in place of the true one."""
    return [*lint(_paper(declaration, _protected_name(declaration))), *sealed_words(declaration)]


def paper(declaration: Declaration, reason: str) -> DeclarationPaper:
    """Return the paper. A true name, or its initials, is unsealed for `reason` and logged before it is used.

    Raises NotNow when the person's permission does not stand at this moment, NotAllowed without the right.
    """
    if not current().may(Permission.DECLARATION_EXPORT, declaration.compartment_id):
        raise NotAllowed
    consents = consents_of(declaration.person_id)
    if declaration.state == "DS.WITHDRAWN" or not consents.allows("CN.INTAKE"):
        raise NotNow("consent")
    if declaration.text_hash and not (consents.allows("CN.COURT_SEAL") or consents.allows("CN.COURT_PUBLIC")):
        raise NotNow("consent_court")
    name = _protected_name(declaration)
    if declaration.name_style in {"true_name", "initials"}:
        person = db.session.get_one(Person, declaration.person_id)
        if "legal_name" not in sealed_fields(person.id):
            raise NotNow("no_name")
        true = unseal_identity(person, reason).get("legal_name", "")
        name = (initials(true) if declaration.name_style == "initials" else true) or name
    return _paper(declaration, name)


def name_in_text(declaration: Declaration) -> bool:
    """Tell whether the true name stands in a text that goes under another; the vault logs that it was read."""
    if declaration.name_style == "true_name":
        return False
    person = db.session.get_one(Person, declaration.person_id)
    if "legal_name" not in sealed_fields(person.id):
        return False
    true = unseal_identity(person, "locking: the text must not carry the name").get("legal_name", "")
    texts = [f"{p.heading} {p.text} {p.original}" for p in declaration.paragraphs]
    return names_in("\n".join([*texts, declaration.in_support_of]), [true])


def court_of(declaration: Declaration) -> CourtProfile:
    """Return the profile of the court that the declaration is for."""
    return court(_matter(declaration).court)


def oath_words(declaration: Declaration) -> str:
    """Return the oath's sentence as the court's profile has it, without date and place."""
    oath = court_of(declaration).oaths[declaration.oath_form]
    return str(oath["form_text"]).partition(" Executed on")[0]


def _matter(declaration: Declaration) -> Matter:
    return db.session.get_one(Matter, db.session.get_one(Compartment, declaration.compartment_id).matter_id)


def pdf(declaration: Declaration) -> bytes:
    """Return the PDF and log that it left. Raises UnsupportedGlyph naming the character, NotNow, NotAllowed."""
    body = render_declaration(paper(declaration, "court paper, PDF"))
    _left(declaration, "pdf", body)
    return body


def word(declaration: Declaration) -> bytes:
    """Return the Word file and log that it left. Raises NotNow, NotAllowed."""
    body = render_word(paper(declaration, "court paper, Word"))
    _left(declaration, "docx", body)
    return body


def _left(declaration: Declaration, form: str, body: bytes) -> None:
    record(
        "export",
        subject="declaration",
        record_id=str(declaration.id),
        compartment_id=declaration.compartment_id,
        format=form,
        size=len(body),
        state=declaration.state,
    )


def _protected_name(declaration: Declaration) -> str:
    person = db.session.get_one(Person, declaration.person_id)
    return person.pseudonym


def _paper(declaration: Declaration, name: str) -> DeclarationPaper:
    matter = _matter(declaration)
    caption = matter.caption
    support = f" in support of {declaration.in_support_of}" if declaration.in_support_of else ""
    city, state, country = _executed(declaration.executed_place)
    return DeclarationPaper(
        court=matter.court,
        counsel=caption["counsel"],
        plaintiffs=caption["plaintiffs"],
        defendants=caption["defendants"],
        docket_no=matter.docket_no,
        title=f"Declaration of {name}{support}",
        hearing=caption.get("hearing", []),
        declarant=name,
        language=declaration.language,
        paragraphs=[_paragraph(p) for p in declaration.paragraphs],
        oath_form=declaration.oath_form,
        executed_on=declaration.executed_on,
        executed_city=city,
        executed_state=state,
        executed_country=country,
        certificate=_certificate(declaration.certificate),
        declarant_language=declaration.original_language,
        document_id=declaration.label,
        text_hash=declaration.text_hash or "",
        draft=declaration.text_hash is None,
        in_support_of=declaration.in_support_of,
        made=(declaration.locked_at or dt.datetime.now(dt.UTC)).astimezone(dt.UTC).date(),
    )


def _paragraph(paragraph: Any) -> PaperParagraph:  # noqa: ANN401
    exhibits = [_exhibit(source) for source in paragraph.sources if source.item_id]
    return PaperParagraph(
        heading=paragraph.heading,
        text=paragraph.text or "[to be translated]",
        language="en",
        quote=paragraph.original,
        quote_language=paragraph.original_language,
        basis=paragraph.basis,
        exhibits=tuple(exhibits),
    )


def _exhibit(source: Any) -> str:  # noqa: ANN401
    item = db.session.get_one(EvidenceItem, source.item_id)
    kind = item.media_type.partition("/")[0]
    named = {"image": "photograph", "video": "video", "audio": "recording"}.get(kind, "document")
    at = f", at {source.locator}" if source.locator else ""
    return f"{named} (SHA-256 {(item.sha256 or '')[:12]}){at}"


def _certificate(kept: dict[str, Any]) -> Certificate | None:
    # What kind of interpreter it was decides whether the text may be locked; the paper says it in words.
    said = {name: text for name, text in kept.items() if name != "interpreter_kind"}
    return Certificate(**said) if said.get("interpreter") else None


def _executed(place: str) -> tuple[str, str, str]:
    parts = [part.strip() for part in re.split(r",", place) if part.strip()]
    padded = [*parts, "", "", ""][:3]
    return padded[0], padded[1], padded[2]
