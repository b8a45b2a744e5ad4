"""The interview's fixed words and the claim packs, as they stand in config/."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from intake.settings import project_file


@cache
def interview() -> dict[str, Any]:
    """Return the interview script: lists opening, step, interrupt, consent, closing, readback, emergency, number.

    Entries carry both languages in keys that end in _en and _es, or are named en and es.
    """
    return tomllib.loads(project_file("config/interview.toml").read_text())


@cache
def claim_packs() -> list[dict[str, Any]]:
    """Return the claim packs: opinion work product for attorneys, never exported with a production."""
    packs: list[dict[str, Any]] = tomllib.loads(project_file("config/claim_packs.toml").read_text())["pack"]
    return packs
