"""What would fail, or invite a motion to strike, judged from the paper itself. What a lawyer must verify only warns.

Sources stand with each check: 28 U.S.C. 1746, FRCP 5.2(a), 56(c)(4), FRE 602, 604; C.D. Cal. L.R. 5.2-1, 7-7.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from intake.documents.papers import DeclarationPaper

_US = {"", "us", "usa", "u.s.", "u.s.a.", "united states", "united states of america"}
_STATES = frozenset(
    "alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois indiana iowa kansas"
    " kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada ohio oklahoma"
    " oregon pennsylvania tennessee texas utah vermont virginia washington wisconsin wyoming ca az nv tx ny".split()
) | {"new york", "new mexico", "new jersey", "new hampshire", "north carolina", "south carolina", "north dakota", "south dakota",
     "rhode island", "west virginia", "district of columbia"}
_HEDGES = re.compile(r"to the best of my (?:knowledge|belief|recollection)|(?:up)?on information and belief|as far as I know", re.IGNORECASE)
_BARRED_BASES = {"KB.HEARD3": "FRE 602, 802", "KB.MEDIA": "FRE 602", "KB.BELIEF": "FRCP 56(c)(4)", "KB.UNK": "FRE 602"}
# FRCP 5.2(a), L.R. 5.2-1 and the house rule for A-numbers; a hit blocks until a person redacts or rewrites it.
_PRIVATE = (
    ("anumber", "A-number", "A-Number", re.compile(r"\bA[- ]?#?\s?\d{2,3}[- ]?\d{3}[- ]?\d{3}\b")),
    ("ssn", "Social Security number", "número de Seguro Social", re.compile(r"\b\d{3}-\d{2}-\d{4}\b")),
    ("account", "account or card number", "número de cuenta o tarjeta", re.compile(r"\b(?:\d[ -]?){13,19}\b")),
    ("licence", "driver license number", "número de licencia", re.compile(r"\b[A-Z]\d{7}\b")),
    ("passport", "passport number", "número de pasaporte", re.compile(r"\bpas(?:sport|aporte)\b[^.]{0,30}?\b[A-Z]?\d{8,9}\b", re.IGNORECASE)),
    ("phone", "phone number", "número de teléfono", re.compile(r"(?<![\w-])(?:\+?1[ .-]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b")),
    ("email", "e-mail address", "correo electrónico", re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b")),
    ("birth", "full birth date", "fecha de nacimiento completa",
     re.compile(r"\b(?:born on|birth ?date|nac[ií] el)\b[^.]{0,12}?\d{1,4}", re.IGNORECASE)),
    ("street", "street address", "dirección de calle",
     re.compile(r"\b(?:live[sd]? at|vivo en|home (?:is )?at)\s+\d{1,5}\s+\w+", re.IGNORECASE)),
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """level: block or warn; paragraph: its number, or None for the whole paper; rule: the source."""

    code: str
    level: str
    message_en: str
    message_es: str
    rule: str
    paragraph: int | None = None


def lint(paper: DeclarationPaper, today: dt.date | None = None) -> list[Finding]:
    """Return everything found, blocks first."""
    found = [*_oath(paper, today or dt.datetime.now(dt.UTC).date()), *_interpreted(paper), *_paragraphs(paper)]
    return sorted(found, key=lambda f: (f.level != "block", f.paragraph or 0))


def _oath(paper: DeclarationPaper, today: dt.date) -> Iterator[Finding]:
    country, state = paper.executed_country.strip().lower(), paper.executed_state.strip().lower()
    abroad = country not in _US or (bool(state) and not country and state not in _STATES)
    if paper.oath_form == "OA.US" and abroad:
        yield Finding("oath_abroad", "block", "Signed abroad, the oath must name the laws of the United States of America.",
                      "Firmada fuera del país, el juramento debe nombrar las leyes de los Estados Unidos de América.", "28 U.S.C. 1746(1)")
    if paper.executed_on and paper.executed_on > today:
        yield Finding("date_future", "block", "The date of signing lies in the future.", "La fecha de la firma está en el futuro.",
                      "28 U.S.C. 1746")


def _interpreted(paper: DeclarationPaper) -> Iterator[Finding]:
    certificate = paper.certificate
    if paper.declarant_language != "en" and (certificate is None or not certificate.interpreter.strip()):
        yield Finding("certificate_missing", "block", "The person told this in another language: the interpreter's certificate is missing.",
                      "La persona lo contó en otro idioma: falta el certificado del intérprete.", "FRE 604")
    elif certificate and not (certificate.qualification and certificate.languages):
        yield Finding("certificate_thin", "warn", "The certificate does not say the interpreter's languages and qualification.",
                      "El certificado no dice los idiomas ni la preparación del intérprete.", "FRE 604 (verify)")


def _paragraphs(paper: DeclarationPaper) -> Iterator[Finding]:
    for number, paragraph in enumerate(paper.paragraphs, 1):
        if paragraph.basis in _BARRED_BASES:
            yield Finding("not_first_hand", "block", "The person did not see, hear or do this: take it out, or say how they know.",
                          "La persona no lo vio, oyó ni hizo: quítelo o diga cómo lo sabe.", _BARRED_BASES[paragraph.basis], number)
        if _HEDGES.search(paragraph.text):
            yield Finding("hedged", "warn", "“To the best of my knowledge” and the like weaken the oath.",
                          "«Hasta donde sé» y frases parecidas debilitan el juramento.", "28 U.S.C. 1746", number)
        for text in (paragraph.text, paragraph.quote):
            yield from _private(text, number)
            for name in paper.known_names:
                if name and name.casefold() in text.casefold():
                    yield Finding("name", "block", "A protected name stands in the text.", "Hay un nombre protegido en el texto.",
                                  "FRCP 5.2(a)(3)", number)


def _private(text: str, number: int) -> Iterator[Finding]:
    for code, english, spanish, pattern in _PRIVATE:
        if pattern.search(text):
            yield Finding(f"private_{code}", "block", f"This looks like a {english}: take it out before filing.",
                          f"Esto parece un {spanish}: quítelo antes de presentar.", "FRCP 5.2(a), L.R. 5.2-1", number)
