"""What must not stand in a public paper: FRCP 5.2(a), C.D. Cal. L.R. 5.2-1, and the house's rule for A-numbers.

Patterns only point; a person decides each hit. They prefer a false alarm to a number that leaves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
    "|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
_FULL_DATE = (
    rf"(?:(?:{_MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?,? (?:of |de )?\d{{4}}"
    rf"|\d{{1,2}} (?:of |de )?(?:{_MONTHS}),? (?:de )?\d{{4}}"
    r"|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d{2}-\d{2})"
)
_WAYS = (
    r"(?:street|st|avenue|ave|boulevard|blvd|road|rd|drive|dr|lane|ln|way|place|pl|court|ct|terrace|circle|highway)\b"
)
_NUMBERED_WAY = rf"\d{{1,6}} (?:[NSEW]\.? |north |south |east |west )?(?:[\w’'.-]+ ){{1,4}}?{_WAYS}"
_CALLE = r"(?:calle|avenida|av\.) (?:[\w’'.-]+ ){1,4}?(?:n[uú]m(?:ero|\.)? |# ?|no\. )?\d{1,6}"


@dataclass(frozen=True)
class PrivateKind:
    """A kind of private detail. code: RR.* of the set redaction_reason; certain: a hit blocks, else it warns."""

    code: str
    name_en: str
    name_es: str
    rule: str
    pattern: re.Pattern[str]
    certain: bool = True


def _kind(code: str, names: tuple[str, str], rule: str, pattern: str, *, certain: bool = True) -> PrivateKind:
    return PrivateKind(code, names[0], names[1], rule, re.compile(pattern, re.IGNORECASE), certain)


KINDS = (
    _kind("RR.ANUM", ("an A-number", "un número A"), "house rule; FRCP 5.2(e)",
          r"\bA[- ]?#?\s?\d{2,3}[- ]?\d{3}[- ]?\d{3}\b|\balien (?:registration )?(?:number|no\.?)[^.]{0,15}\d{7,9}\b"),
    _kind("RR.SSN", ("a Social Security number", "un número de Seguro Social"), "FRCP 5.2(a)(1)",
          r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"
          r"|\b(?:social security|seguro social|ssn|itin)\b.{0,25}?\d{3}[ -]?\d{2}[ -]?\d{4}\b"),
    _kind("RR.ACCT", ("an account or card number", "un número de cuenta o tarjeta"), "FRCP 5.2(a)(4)",
          r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)|\b(?:account|cuenta)\b.{0,25}?\d{6,}"),
    _kind("RR.DL", ("a driver license number", "un número de licencia de conducir"), "C.D. Cal. L.R. 5.2-1",
          r"\b[A-Z]\d{7}\b|\b(?:licen[cs]e|licencia)\b.{0,25}?\b[A-Z]?\d{6,9}\b"),
    _kind("RR.PASSPORT", ("a passport number", "un número de pasaporte"), "C.D. Cal. L.R. 5.2-1",
          r"\bpas(?:sport|aporte)\b.{0,30}?\b[A-Z]{0,2}\d{6,9}\b"),
    _kind("RR.DOB", ("a full birth date (only the year may stand)", "una fecha de nacimiento completa (solo el año)"),
          "FRCP 5.2(a)(2)",
          rf"\b(?:born|birth ?date|birthday|date of birth|dob|nac[ií](?:do|da|miento|ó)?)\b[^.]{{0,30}}?{_FULL_DATE}"),
    _kind("RR.HOMEADDR", ("a home address (only city and state may stand)", "un domicilio (solo ciudad y estado)"),
          "C.D. Cal. L.R. 5.2-1",
          rf"\b(?:lived?|living|reside[ds]?|residing|home|house|apartment|address|vivo|vivía|viv[ei]|casa|domicilio)\b"
          rf"[^.]{{0,40}}?(?:{_NUMBERED_WAY}|{_CALLE}|\b(?:at|is|en) \d{{1,6}} \w+)"),
    _kind("RR.HOMEADDR", ("a street address: if somebody lives there, take it out",
                      "una dirección de calle: si alguien vive allí, quítela"), "C.D. Cal. L.R. 5.2-1",
          rf"\b(?:{_NUMBERED_WAY}|{_CALLE})", certain=False),
    _kind("RR.CONTACT", ("a phone number", "un número de teléfono"), "house rule",
          r"(?<![\w-])(?:\+?\d{1,3}[ .-]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"),
    _kind("RR.CONTACT", ("an e-mail address", "un correo electrónico"), "house rule", r"\b[\w.+-]+@[\w-]+\.[\w.-]*\w"),
)  # fmt: skip


def private_details(text: str) -> Iterator[PrivateKind]:
    """Yield each kind of private detail that `text` seems to hold. A home address is not told again as an address."""
    seen: set[str] = set()
    for kind in KINDS:
        if kind.pattern.search(text) and not (kind.code in seen and not kind.certain):
            seen.add(kind.code)
            yield kind


def names_in(text: str, names: Iterable[str]) -> bool:
    """Tell whether a name stands in `text` as whole words, in either order; case and accents do not matter."""
    folded = _folded(text)
    for name in names:
        words = _folded(name).split()
        orders = (words, words[-1:] + words[:-1]) if words else ()
        patterns = (r"[\s,]+".join(map(re.escape, order)) for order in orders)
        if any(re.search(rf"\b{pattern}\b", folded) for pattern in patterns):
            return True
    return False


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
