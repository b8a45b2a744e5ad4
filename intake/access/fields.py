"""Field classes, and the one place that says which role reads which class of a record it can see.

Row security decides which rows a reader gets; this decides which columns of them may leave the program, whatever
carries them: a page (pages.py asks here at every attribute), JSON, an export, a document, a job. Source of the
table: security page section 5 and domain page section 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import object_session

from intake.access.actor import Actor, current
from intake.access.policy import Permission, Role
from intake.db import Base
from intake.errors import NotAllowed


class FieldClass(StrEnum):
    """What a column may tell. Every column of a matter table has one of these (declared with `classes`)."""

    PUBLIC = "public"  # keys, numbers, states, codes of the office: no more than that the record exists
    CONFIDENTIAL = "confidential"  # what a person told
    WORK_PRODUCT = "work product"  # FRCP 26(b)(3)(A): notes and comments of the owning organisation
    OPINION = "opinion work product"  # FRCP 26(b)(3)(B): legal theories; narrower than notes
    SEALED = "sealed identity"  # leaves only through people/vault.py, by reason and fresh sign-in
    MEDIA = "media"  # files: names, hashes, custody


class Reach(StrEnum):
    """How a reader comes to a record: as its opener, through its organisation, or because it was shared."""

    OWN = "own"
    ORGANISATION = "own organisation"
    SHARED = "shared"


_P, _C, _W, _O, _M = (
    FieldClass.PUBLIC,
    FieldClass.CONFIDENTIAL,
    FieldClass.WORK_PRODUCT,
    FieldClass.OPINION,
    FieldClass.MEDIA,
)
_Table = dict[Role, dict[Reach, frozenset[FieldClass]]]
# A role or reach that is not here reads nothing. SEALED is in no line: the vault is its only door.
READS: _Table = {
    Role.INTAKE: {Reach.OWN: frozenset({_P, _C, _W, _O, _M})},
    Role.PARALEGAL: {
        Reach.OWN: frozenset({_P, _C, _W, _M}),
        Reach.ORGANISATION: frozenset({_P, _C, _W, _M}),
        Reach.SHARED: frozenset({_P, _C, _M}),
    },
    Role.SUPERVISING_ATTORNEY: {
        Reach.OWN: frozenset({_P, _C, _W, _O, _M}),
        Reach.ORGANISATION: frozenset({_P, _C, _W, _O, _M}),
        Reach.SHARED: frozenset({_P, _C, _M}),
    },
    Role.CO_COUNSEL: {
        Reach.OWN: frozenset({_P, _C, _W, _O, _M}),
        Reach.ORGANISATION: frozenset({_P, _C, _W, _O, _M}),
        Reach.SHARED: frozenset({_P, _C, _M}),
    },
    # Their own projects and notices; they open no intake.
    **{role: {Reach.OWN: frozenset({_P})} for role in (Role.ANALYST, Role.AUDITOR, Role.ADMINISTRATOR)},
}
_GLASS = frozenset({_P, _C, _M})
# Where a row stands and whose it is: told to whoever sees the row at all.
KEYS = frozenset({"id", "created_at", "version", "compartment_id", "opened_by_id", "incident_id"})


def classes(**names: str) -> dict[str, FieldClass]:
    """Return {column: class} from classes(public="number state", confidential="title"), for `__field_classes__`.

    Raises KeyError for a class that does not exist, ValueError for a column named twice.
    """
    found: dict[str, FieldClass] = {}
    for name, columns in names.items():
        for column in columns.split():
            if column in found:
                raise ValueError(f"{column} has two classes")
            found[column] = FieldClass[name.upper()]
    return found


def classes_of(model: type[Any]) -> dict[str, FieldClass]:
    """Return the classes that a model and its mixins declare, with its keys; empty for a model without any."""
    declared: dict[str, FieldClass] = {}
    for part in reversed(model.__mro__):
        declared |= cast("Mapping[str, FieldClass]", vars(part).get("__field_classes__", {}))
    return dict.fromkeys(KEYS, FieldClass.PUBLIC) | declared if declared else {}


_known: dict[type[Any], dict[str, FieldClass]] = {}


def _classes(model: type[Any]) -> dict[str, FieldClass]:
    if model not in _known:
        mapped = {attribute.key for attribute in sa.inspect(model).column_attrs}
        # A column that a model with classes does not name is nobody's to read (tests name such a column).
        found = classes_of(model)
        _known[model] = {name: found.get(name, FieldClass.SEALED) for name in mapped} if found else {}
    return _known[model]


def readable_classes(actor: Actor, record: Any) -> frozenset[FieldClass]:  # noqa: ANN401
    """Return which classes of this record the actor may read; none for whoever has no role that reaches it."""
    owner = getattr(record, "opened_by_id", None) or getattr(record, "user_id", None)
    found = _reached(actor, getattr(record, "compartment_id", None), own=owner == actor.user_id)
    # What break-glass shows is read as if it were shared; row security has let in that one record and no other.
    # Only for a row that came from the database does anybody ask.
    if found >= _GLASS or not actor.may(Permission.GLASS_ASK) or object_session(record) is None:
        return found
    return found | _GLASS if actor.glass else found


def _reached(actor: Actor, compartment_id: int | None, *, own: bool) -> frozenset[FieldClass]:
    # An actor is of one request: what their grants reach is worked out once, not for each attribute of a page.
    known: dict[tuple[int | None, bool], frozenset[FieldClass]] = actor.__dict__.setdefault("_reached", {})
    if (compartment_id, own) not in known:
        known[compartment_id, own] = _work_out(actor, compartment_id, own=own)
    return known[compartment_id, own]


def _work_out(actor: Actor, compartment_id: int | None, *, own: bool) -> frozenset[FieldClass]:
    roles = {g.role for g in actor.grants if g.compartment_id == compartment_id}
    reach = Reach.OWN if own else Reach.ORGANISATION if roles or compartment_id is None else Reach.SHARED
    found: frozenset[FieldClass] = frozenset()
    for role in roles or actor.roles:
        if role in set(Role):
            found |= READS.get(Role(role), {}).get(reach, frozenset())
    return found


def may_read(record: Base, name: str, actor: Actor | None = None) -> bool:
    """Tell whether the actor (the current one by default) may read this attribute; always for what is no column."""
    wanted = _classes(type(record)).get(name)
    if wanted is None:
        return True
    try:
        reader = actor or current()
    except NotAllowed:
        return False
    return wanted in readable_classes(reader, record)


def readable(record: Base, actor: Actor | None = None) -> dict[str, Any]:
    """Return {column: value} of exactly those columns that the actor (the current one by default) may read.

    Raises TypeError for a model without classes: nothing leaves unclassed.
    """
    declared = _classes(type(record))
    if not declared:
        raise TypeError(f"{type(record).__name__} declares no field classes")
    allowed = readable_classes(actor or current(), record)
    return {name: getattr(record, name) for name in sorted(declared) if declared[name] in allowed}


def demand(record: Base, *wanted: FieldClass) -> None:
    """Raise NotAllowed unless the current actor may read all these classes of the record: for papers, whole texts."""
    if not set(wanted) <= readable_classes(current(), record):
        raise NotAllowed


def leaving(sources: Mapping[str, Any], allowed: Iterable[FieldClass]) -> tuple[str, ...]:
    """Return those names of an export whose source columns are all of the allowed classes, in their order.

    sources: {name: one mapped attribute, or several}. Raises KeyError for a source without a class.
    """
    may = frozenset(allowed)
    return tuple(
        name
        for name, told in sources.items()
        if all(_classes(each.class_)[each.key] in may for each in (told if isinstance(told, tuple) else (told,)))
    )
