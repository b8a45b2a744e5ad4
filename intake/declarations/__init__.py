"""Declarations under 28 U.S.C. 1746: paragraphs, review, versions, papers."""
