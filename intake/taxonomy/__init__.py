"""The field's words as data: coded sets, the court's rules, the interview's words, claim packs. Read once, pure."""

from intake.taxonomy.courts import CourtProfile, Rule, court
from intake.taxonomy.scripts import claim_packs, interview
from intake.taxonomy.terms import Term, TermSet, codes_for_alias, label, set_of, taxonomy, transitions

__all__ = [
    "CourtProfile",
    "Rule",
    "Term",
    "TermSet",
    "claim_packs",
    "codes_for_alias",
    "court",
    "interview",
    "label",
    "set_of",
    "taxonomy",
    "transitions",
]
