"""The letter that asks a holder to keep a recording: place, time with its uncertainty, the camera, and no person."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from babel.dates import format_datetime

from intake import db
from intake.access.actor import current
from intake.access.models import Compartment
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.documents.letter import Letter, render_letter, render_letter_word
from intake.documents.private import private_details
from intake.errors import NotAllowed, NotNow
from intake.incidents.models import Account, Incident
from intake.matters.models import Matter
from intake.people.name_search import standing_in
from intake.preservation.clock import ZONE, window
from intake.preservation.kinds import kind, letter_words
from intake.preservation.models import PotentialSource
from intake.taxonomy import court

_LOCALES = {"en": "en_US", "es": "es_US"}


def letter(source: PotentialSource, language: str = "en") -> Letter:
    """Return the letter's paragraphs. Nothing in it comes from an account, a person or the vault."""
    incident = db.session.get_one(Incident, source.incident_id)
    matter = db.session.get_one(Matter, db.session.get_one(Compartment, source.compartment_id).matter_id)
    words, public = letter_words(language), kind(source.kind).public
    holder = f", {source.holder}" if source.holder else ""
    when = window(incident)
    place = ", ".join(p for p in (incident.site_name, incident.cross_streets, incident.place) if p) or "____"
    before = court(matter.court).name
    case = f"{matter.title}, {words['number']} {matter.docket_no}, {before}" if matter.docket_no else words["no_case"]
    body = [
        words["ask"].format(what=source.what or kind(source.kind).name(language)),
        words["where"].format(place=place),
        # A Spanish afternoon ends in "p.m.": no second full stop after it.
        words["window"].format(window=_span(when, language) if when else words["unknown_time"]).replace("..", "."),
        *([words["window_note"]] if when is None or when[1] - when[0] > dt.timedelta(hours=2) else []),
        words["keep"],
        words["why_public" if public else "why"].format(case=case),
        words["answer"],
    ]
    counsel = matter.caption.get("counsel") or [[]]
    return Letter(
        title=words["title"],
        language=language if language in _LOCALES else "en",
        sender=tuple(counsel[0]),
        recipient=tuple(line for line in (source.holder, *source.holder_address.splitlines()) if line),
        greeting=words["greeting_public" if public else "greeting"].format(holder=holder),
        paragraphs=tuple(body),
        signature=words["signature"],
        draft=words["draft"],
        date=words["date"],
        made=dt.datetime.now(dt.UTC).date(),
    )


def _span(when: tuple[dt.datetime, dt.datetime], language: str) -> str:
    locale, words = _LOCALES.get(language, "en_US"), letter_words(language)
    day = "EEEE d 'de' MMMM 'de' y" if locale == "es_US" else "EEEE, MMMM d, y"
    first, last = (moment.astimezone(ZONE) for moment in when)
    whole = first.time() == last.time() == dt.time()
    if whole:
        last -= dt.timedelta(days=1)  # the window ends as the next day begins
    told = [format_datetime(each, day if whole else f"{day}, h:mm a", locale=locale) for each in (first, last)]
    form = ("day" if told[0] == told[1] else "days") if whole else "between"
    return words[form].format(first=told[0], last=told[1])


def private_in(made: Letter, incident_id: uuid.UUID) -> list[str]:
    """Return what private things seem to stand in the letter: kinds of numbers (RR.*), "name", or "name_part".

    Sealed names of the incident's people are compared as blind tokens; nothing is opened. One word of a name alone
    ("name_part") may be a shop's or a street's: that is only said. The letter's place is meant to be there.
    """
    found = {detail.code for detail in private_details(_text(made)) if detail.code != "RR.HOMEADDR"}
    people = set(db.session.scalars(sa.select(Account.person_id).where(Account.incident_id == incident_id)))
    (standing,) = standing_in([_text(made)], people)
    found |= {{"whole": "name", "part": "name_part"}[standing]} if standing else set()
    return sorted(found)


def _text(made: Letter) -> str:
    return "\n".join((*made.recipient, made.greeting, *made.paragraphs))


def paper(source: PotentialSource, form: str, language: str = "en") -> bytes:
    """Return the letter as "pdf" or "docx" and log that it left.

    Raises NotAllowed, NotNow when a sealed name of the incident or a private number stands in it.
    """
    if not current().may(Permission.EVIDENCE_ADD, source.compartment_id):
        raise NotAllowed
    made = letter(source, language)
    if set(private_in(made, source.incident_id)) - {"name_part"}:
        raise NotNow("private_detail")
    body = render_letter(made) if form == "pdf" else render_letter_word(made)
    record(
        "export",
        subject="potential_source",
        record_id=str(source.id),
        compartment_id=source.compartment_id,
        format=form,
        size=len(body),
    )
    return body
