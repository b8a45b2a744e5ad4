"""One made-up declaration, with what a test wants changed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from intake.documents.papers import Certificate, DeclarationPaper, PaperParagraph

ATTORNEY = [
    "Ana Example (SBN 000001)",
    "ana@example.org",
    "100 Example Street",
    "Los Angeles, CA 90012",
    "Telephone: (213) 555-0100",
    "Attorneys for Plaintiffs",
]
CERTIFICATE = Certificate(
    interpreter="José Peña",
    languages="Spanish",
    qualification="California court interpreter no. 000000",
    employer="Example Interpreters; none",
    mode="in person",
    held_on="November 20, 2026, 10:00 to 11:30",
    place="Los Angeles, California",
    present="the declarant, counsel and I",
    corrections="2",
)
SIGNED = dt.date(2026, 11, 20)
TODAY = dt.date(2026, 11, 25)


def paper(**changes: Any) -> DeclarationPaper:
    """Return the declaration, signed in Los Angeles on a day that is past."""
    plain = DeclarationPaper(
        court="cacd",
        counsel=[ATTORNEY],
        plaintiffs="PEDRO VASQUEZ PERDOMO, et al.",
        defendants="KRISTI NOEM, et al.",
        docket_no="2:25-cv-05605",
        title="Declaration of M.G. in support of plaintiffs’ motion",
        declarant="M.G.",
        hearing=["Date: January 15, 2027", "Time: 10:00 a.m."],
        paragraphs=[
            PaperParagraph(heading="Background", text="I am over eighteen years old.", basis="KB.DID"),
            PaperParagraph(text="A white van stopped in front of the car wash.", basis="KB.SAW"),
        ],
        executed_on=SIGNED,
        executed_city="Los Angeles",
        executed_state="California",
        document_id="D-0001",
        text_hash="0123456789abcdef" * 4,
        draft=False,
    )
    return dataclasses.replace(plain, **changes)


def told(text: str, **changes: Any) -> DeclarationPaper:
    """Return the declaration with one paragraph of `text`."""
    return paper(paragraphs=[PaperParagraph(text=text, basis=changes.pop("basis", "KB.SAW"))], **changes)
