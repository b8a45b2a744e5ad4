"""The first paragraphs of a declaration: identity and competence, personal knowledge, language and read-back.

Own wording, from the order of domain page section 7.1; an attorney edits it like any other paragraph.
"""

from __future__ import annotations

from intake.taxonomy import label

_COMPETENCE = "I am over 18 years of age. I make this declaration from my own personal knowledge. If I were called as a witness, I could and would testify to the facts below."
_LANGUAGE = (
    "I told what happened in {language}. This English text was prepared from what I said. Before I signed it, all of it was "
    "read back to me in {language}, and I confirmed that it is right."
)


def opening_paragraphs(language: str) -> list[str]:
    """Return the opening paragraphs for a person who told in `language` (a code of the set language)."""
    if language == "en":
        return [_COMPETENCE]
    return [_COMPETENCE, _LANGUAGE.format(language=label(language, "en"))]
