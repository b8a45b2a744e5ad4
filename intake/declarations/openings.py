"""The first paragraphs of a declaration: identity and competence, personal knowledge, language and read-back.

Own wording, from the order of domain page section 7.1; an attorney edits it like any other paragraph.
"""

from __future__ import annotations

from intake.taxonomy import label

_ADULT = "I am over 18 years of age. "
_KNOWLEDGE = (
    "I make this declaration from my own personal knowledge. If I were called as a witness, "
    "I could and would testify to the facts below."
)
_LANGUAGE = (
    "I told what happened in {language}. This English text was prepared from what I said. Before I signed it, "
    "all of it was read back to me in {language}, and I confirmed that it is right."
)
_ADULT_ES = "Soy mayor de 18 años. "
_KNOWLEDGE_ES = (
    "Hago esta declaración con base en mi propio conocimiento personal. Si me llamaran como testigo, "
    "podría declarar, y declararía, sobre los hechos que siguen."
)
_LANGUAGE_ES = (
    "Conté lo que pasó en español. Este texto en inglés se preparó a partir de lo que dije. Antes de firmarlo, "
    "me lo leyeron completo en español y confirmé que está bien."
)


def opening_paragraphs(language: str, *, adult: bool) -> list[str]:
    """Return the opening paragraphs for a person who told in `language` (a code of the set language).

    adult: whether the person said that they are; nobody is made to swear to an age that was not asked.
    """
    first = (_ADULT if adult else "") + _KNOWLEDGE
    if language == "en":
        return [first]
    return [first, _LANGUAGE.format(language=label(language, "en"))]


def in_spanish(text: str) -> str:
    """Return an opening paragraph in Spanish, for reading it back; empty once somebody changed its words."""
    standing = {
        _ADULT + _KNOWLEDGE: _ADULT_ES + _KNOWLEDGE_ES,
        _KNOWLEDGE: _KNOWLEDGE_ES,
        _LANGUAGE.format(language=label("es", "en")): _LANGUAGE_ES,
    }
    return standing.get(text, "")
