"""The declaration as a court paper: caption from the matter, name by the chosen style, consent looked at again."""

from __future__ import annotations

import re
from typing import Any

from intake import db
from intake.access.actor import current
from intake.access.models import Compartment
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.declarations.models import Declaration
from intake.documents.lint import Finding, lint
from intake.documents.papers import Certificate, DeclarationPaper, PaperParagraph
from intake.documents.pleading import render_declaration
from intake.documents.word import render_word
from intake.errors import NotAllowed, NotNow
from intake.evidence.models import EvidenceItem
from intake.matters.models import Matter
from intake.people.models import Person
from intake.people.queries import consents_of
from intake.people.vault import unseal_identity


def findings(declaration: Declaration) -> list[Finding]:
    """Return what the paper's lint finds, with the protected name in place of the true one."""
    return lint(_paper(declaration, _protected_name(declaration)))


def paper(declaration: Declaration, reason: str) -> DeclarationPaper:
    """Return the paper. A true name is unsealed for `reason` and logged before it is used.

    Raises NotNow when the person's permission does not stand at this moment, NotAllowed without the right.
    """
    if not current().may(Permission.DECLARATION_EXPORT):
        raise NotAllowed
    if not consents_of(declaration.person_id).allows("CN.INTAKE"):
        raise NotNow("consent")
    name = _protected_name(declaration)
    if declaration.name_style == "true_name":
        person = db.session.get_one(Person, declaration.person_id)
        name = unseal_identity(person, reason).get("legal_name") or name
    return _paper(declaration, name)


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
    record("export", subject="declaration", record_id=str(declaration.id), compartment_id=declaration.compartment_id,
           format=form, size=len(body), state=declaration.state)


def _protected_name(declaration: Declaration) -> str:
    person = db.session.get_one(Person, declaration.person_id)
    return person.pseudonym


def _paper(declaration: Declaration, name: str) -> DeclarationPaper:
    compartment = db.session.get_one(Compartment, declaration.compartment_id)
    matter = db.session.get_one(Matter, compartment.matter_id)
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
        known_names=(),
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
    return Certificate(**kept) if kept.get("interpreter") else None


def _executed(place: str) -> tuple[str, str, str]:
    parts = [part.strip() for part in re.split(r",", place) if part.strip()]
    padded = [*parts, "", "", ""][:3]
    return padded[0], padded[1], padded[2]
