"""What a paper is made of: plain frozen data, so that the same content gives the same bytes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

# A file's properties must name a day. One that nobody can take for the day of an event says that none was given.
UNDATED = dt.date(1980, 1, 1)


@dataclass(frozen=True)
class PaperParagraph:
    """One numbered paragraph in the court's language; under it the person's own words when told in another."""

    text: str
    heading: str = ""
    language: str = "en"
    quote: str = ""
    quote_language: str = ""
    basis: str = ""
    exhibits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Certificate:
    """What an interpreter certifies (FRE 604), with their own oath; fields of domain page section 1."""

    interpreter: str
    languages: str = ""
    qualification: str = ""
    employer: str = ""
    mode: str = ""
    held_on: str = ""
    place: str = ""
    present: str = ""
    corrections: str = ""
    read_back: str = ""


@dataclass(frozen=True)
class DeclarationPaper:
    """A declaration under 28 U.S.C. 1746 on a court's paper. Dates and places left empty are blanks to fill by hand.

    made: the day of this text, for the file's own properties; mark: what a draft says of itself, if not the usual.
    """

    court: str
    counsel: list[list[str]]
    plaintiffs: str
    defendants: str
    docket_no: str
    title: str
    declarant: str
    paragraphs: list[PaperParagraph]
    hearing: list[str] = field(default_factory=list)
    language: str = "en"
    oath_form: str = "OA.UNIVERSAL"
    executed_on: dt.date | None = None
    executed_city: str = ""
    executed_state: str = ""
    executed_country: str = ""
    certificate: Certificate | None = None
    declarant_language: str = "en"
    document_id: str = ""
    text_hash: str = ""
    draft: bool = True
    in_support_of: str = ""
    known_names: tuple[str, ...] = ()
    made: dt.date = UNDATED
    mark: str = ""
