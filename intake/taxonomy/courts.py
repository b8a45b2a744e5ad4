"""A court as data: paper, caption, oaths, redactions; each rule with its source and the day it was checked."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from intake.errors import Invalid
from intake.settings import project_file


@dataclass(frozen=True)
class Rule:
    """One rule: typed value, plain text, where it comes from, and whether the filing check blocks, warns or informs."""

    id: str
    value: Any
    text: str
    source: str
    status: str
    enforce: str
    checked_on: dt.date


@dataclass(frozen=True)
class CourtProfile:
    """Everything the program knows of a court."""

    id: str
    name: str
    rules: dict[str, Rule]
    oaths: dict[str, dict[str, Any]]
    redactions: tuple[dict[str, Any], ...]
    seal_documents: tuple[dict[str, Any], ...]

    def value(self, rule: str) -> Any:  # noqa: ANN401
        """Return the value of a rule by its id. Raises KeyError: a missing rule is a fault of the file."""
        return self.rules[rule].value

    def blocks(self, rule: str) -> bool:
        """Tell whether a breach blocks; what a lawyer has still to verify warns and never blocks."""
        known = self.rules[rule]
        return known.enforce == "block" and known.status != "verify"


@cache
def court(name: str) -> CourtProfile:
    """Return the profile in config/courts/<name>.toml, chambers' overrides applied. Raises Invalid when absent."""
    path = project_file("config/courts") / f"{name}.toml"
    if not name.isidentifier() or not path.exists():
        raise Invalid({"court": "unknown"})
    data = tomllib.loads(path.read_text())
    overrides = {entry["id"]: entry["value"] for entry in data.get("override", [])}
    rules = {
        entry["id"]: Rule(
            id=entry["id"],
            value=overrides.get(entry["id"], entry["value"]),
            text=entry["text"],
            source=entry["source"],
            status=entry["status"],
            enforce=entry["enforce"],
            checked_on=entry["checked_on"],
        )
        for entry in data["rule"]
    }
    return CourtProfile(
        id=data["meta"]["id"],
        name=data["meta"]["name"],
        rules=rules,
        oaths={entry.get("code", entry.get("id")): entry for entry in data["oath"]},
        redactions=tuple(data["redaction"]),
        seal_documents=tuple(data.get("seal_document", ())),
    )
