"""What would fail, or invite a motion to strike, judged from the paper itself. What a lawyer must verify only warns.

Sources stand with each check: 28 U.S.C. 1746, FRCP 5.2(a), 56(c)(4), FRE 602, 604; C.D. Cal. L.R. 5.2-1.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from intake.documents.papers import DeclarationPaper, PaperParagraph
from intake.documents.private import names_in, private_details
from intake.taxonomy import court

_COUNTRY = frozenset({"us", "usa", "united states", "united states of america", "estados unidos", "eeuu", "ee uu"})
_STATE_NAMES = """
alabama; alaska; arizona; arkansas; california; colorado; connecticut; delaware; district of columbia; florida;
georgia; hawaii; idaho; illinois; indiana; iowa; kansas; kentucky; louisiana; maine; maryland; massachusetts;
michigan; minnesota; mississippi; missouri; montana; nebraska; nevada; new hampshire; new jersey; new mexico;
new york; north carolina; north dakota; ohio; oklahoma; oregon; pennsylvania; puerto rico; rhode island;
south carolina; south dakota; tennessee; texas; utah; vermont; virginia; washington; west virginia; wisconsin;
wyoming; al; ak; az; ar; ca; co; ct; de; dc; fl; ga; hi; id; il; in; ia; ks; ky; la; me; md; ma; mi; mn; ms; mo;
mt; ne; nv; nh; nj; nm; ny; nc; nd; oh; ok; or; pa; pr; ri; sc; sd; tn; tx; ut; vt; va; wa; wv; wi; wy; calif
"""
_STATES = frozenset(name.strip() for name in _STATE_NAMES.split(";"))
_BARRED_BASES = {
    "KB.HEARD3": "FRE 602, 802",
    "KB.MEDIA": "FRE 602",
    "KB.BELIEF": "FRCP 56(c)(4)",
    "KB.UNK": "FRE 602",
}
_HEDGES = re.compile(
    r"to the best of my (?:knowledge|belief|recollection|memory)|(?:up)?on information and belief|as far as I know"
    r"|\bhasta donde (?:yo )?s[eé]\b|a mi leal saber|seg[uú]n mi (?:leal saber|informaci[oó]n)",
    re.IGNORECASE,
)


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
    """Return everything found, blocks first. `today` is the last day a signature may bear; default: the day it is."""
    # The latest day anywhere on earth: who signs this evening in Los Angeles or this morning in Seoul is not early.
    latest = today or dt.datetime.now(dt.timezone(dt.timedelta(hours=14))).date()
    found = [*_executed(paper, latest), *_interpreted(paper), *_title(paper)]
    for number, paragraph in enumerate(paper.paragraphs, 1):
        found += [*_basis(paragraph, number), *_private(paper, paragraph, number)]
    return sorted(found, key=lambda f: (f.level != "block", f.paragraph or 0))


def signed_abroad(paper: DeclarationPaper) -> bool:
    """Tell whether the place of signing lies outside the United States; an empty place does not say so."""
    country, state = _place(paper.executed_country), _place(paper.executed_state)
    if country:
        return country not in _COUNTRY
    return bool(state) and state not in _STATES | _COUNTRY


def _place(name: str) -> str:
    return " ".join(name.replace(".", "").casefold().split())


def _executed(paper: DeclarationPaper, latest: dt.date) -> Iterator[Finding]:
    if paper.oath_form == "OA.US" and signed_abroad(paper):
        yield Finding(
            "oath_abroad", "block",
            "Signed abroad, the oath must name the laws of the United States of America: choose the other wording.",
            "Firmada fuera del país, el juramento debe nombrar las leyes de los Estados Unidos: elija la otra forma.",
            "28 U.S.C. 1746(1)",
        )  # fmt: skip
    if paper.executed_on and paper.executed_on > latest:
        yield Finding(
            "date_future", "block", "The date of signing lies in the future.",
            "La fecha de la firma está en el futuro.", "28 U.S.C. 1746",
        )  # fmt: skip
    if paper.executed_on and not (paper.executed_city and (paper.executed_state or paper.executed_country)):
        yield Finding(
            "place_missing", "block", "The place of signing is missing: it shows which oath applies.",
            "Falta el lugar de la firma: muestra qué juramento corresponde.", "house rule; 28 U.S.C. 1746",
        )  # fmt: skip
    if paper.language == "es":
        yield Finding(
            "oath_spanish", "warn", "A certified court interpreter has still to confirm the Spanish words of the oath.",
            "Falta que un intérprete judicial certificado confirme las palabras del juramento en español.",
            "28 U.S.C. 1746 (verify)",
        )  # fmt: skip


def _interpreted(paper: DeclarationPaper) -> Iterator[Finding]:
    certificate = paper.certificate
    if paper.language != "en" or paper.declarant_language in {"", "en"}:
        return
    if certificate is None or not certificate.interpreter.strip():
        yield Finding(
            "certificate_missing", "block",
            "The person told this in another language: the interpreter's certificate is missing.",
            "La persona lo contó en otro idioma: falta el certificado del intérprete.", "FRE 604",
        )  # fmt: skip
        return
    if not (certificate.qualification.strip() and certificate.languages.strip()):
        level = "block" if court(paper.court).blocks("interpreter.certificate_fields") else "warn"
        yield Finding(
            "certificate_thin", level, "The certificate does not say the interpreter's languages and qualification.",
            "El certificado no dice los idiomas ni la preparación del intérprete.", "FRE 604",
        )  # fmt: skip
    if not all((certificate.mode, certificate.held_on, certificate.place, certificate.employer)):
        yield Finding(
            "certificate_blanks", "warn",
            "The certificate has blanks to fill by hand: employer and relation, how, when, or where.",
            "El certificado tiene espacios por llenar a mano: empleador y relación, modo, fecha o lugar.", "FRE 604",
        )  # fmt: skip


def _title(paper: DeclarationPaper) -> Iterator[Finding]:
    if names_in(f"{paper.title} {paper.declarant}", paper.known_names):
        yield _named(None)


def _basis(paragraph: PaperParagraph, number: int) -> Iterator[Finding]:
    if paragraph.basis in _BARRED_BASES:
        yield Finding(
            "not_first_hand", "block",
            "The person did not see, hear or do this: take it out, or say how they know.",
            "La persona no lo vio, oyó ni hizo: quítelo o diga cómo lo sabe.", _BARRED_BASES[paragraph.basis], number,
        )  # fmt: skip
    elif paragraph.basis == "KB.RECORD":
        yield Finding(
            "records", "warn", "Known from records: say who keeps them and how, or attach them.",
            "Lo sabe por registros: diga quién los guarda y cómo, o adjúntelos.", "FRE 803(6), 902(11)", number,
        )  # fmt: skip
    if _HEDGES.search(paragraph.text):
        yield Finding(
            "hedged", "warn", "“To the best of my knowledge” and the like weaken the oath.",
            "«Hasta donde sé» y frases parecidas debilitan el juramento.", "28 U.S.C. 1746", number,
        )  # fmt: skip


def _private(paper: DeclarationPaper, paragraph: PaperParagraph, number: int) -> Iterator[Finding]:
    text = "\n".join((paragraph.heading, paragraph.text, paragraph.quote, *paragraph.exhibits))
    for kind in private_details(text):
        yield Finding(
            f"private_{kind.code}", "block" if kind.certain else "warn",
            f"This looks like {kind.name_en}. Take it out before filing.",
            f"Esto parece {kind.name_es}. Quítelo antes de presentar.", kind.rule, number,
        )  # fmt: skip
    if names_in(text, paper.known_names):
        yield _named(number)


def _named(paragraph: int | None) -> Finding:
    return Finding(
        "name", "block", "A protected name stands in the text: use initials or the chosen name.",
        "Hay un nombre protegido en el texto: use iniciales o el nombre elegido.", "FRCP 5.2(a)(3)", paragraph,
    )  # fmt: skip
