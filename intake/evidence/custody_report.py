"""The custody report of an item: the same facts for the page and the PDF."""

from __future__ import annotations

import datetime as dt
import textwrap
from dataclasses import dataclass

from flask_babel import get_locale, gettext

from intake import db
from intake.access.models import Compartment
from intake.audit.trail import record
from intake.documents.custody import CustodyPaper, Section, render_custody
from intake.evidence import custody_queries as queries
from intake.evidence.custody_models import Destruction, ItemOrigin, LegalHold
from intake.evidence.custody_words import ORDERS, step_detail, step_words
from intake.evidence.models import EvidenceItem
from intake.evidence.origins import origin_of, said
from intake.evidence.words import short_hash, size_words, state_label
from intake.matters.models import Matter
from intake.taxonomy import label


@dataclass(frozen=True)
class Report:
    """What is known of an item's custody, for its reader."""

    item: EvidenceItem
    origin: ItemOrigin | None
    steps: list[queries.Step]
    access: queries.Access
    holds: list[LegalHold]
    order: Destruction | None
    names: dict[int, str]


def report_of(item: EvidenceItem) -> Report:
    """Read everything that the custody report says."""
    holds, order = queries.holds_on(item.incident_id, item.compartment_id), queries.destruction_of(item)
    people = [hold.placed_by_id for hold in holds] + ([order.asked_by_id, order.decided_by_id] if order else [])
    return Report(
        item=item,
        origin=origin_of(item),
        steps=queries.ledger_of(item),
        access=queries.accesses([item.id]).get(item.id, queries.Access()),
        holds=holds,
        order=order,
        names=queries.names_of(people),
    )


def pdf(report: Report) -> bytes:
    """Return the report as PDF in the reader's language, and log that it left."""
    item, language, now = report.item, str(get_locale() or "en"), dt.datetime.now(dt.UTC)
    steps = tuple(
        (_when(step.at), step_words(step.kind), step.who or _("the program"), _rests_on(step, item))
        for step in report.steps
    )
    paper = CustodyPaper(
        title=_("Custody report"),
        lang=language,
        footer=_("File %(id)s, as of %(when)s", id=item.id, when=_utc(now)),
        sections=tuple(_sections(report, language)),
        columns=(_("When (UTC)"), _("What was done"), _("By whom"), _("What it rests on")),
        steps=steps,
        words={"fact": _("Fact"), "record": _("What is recorded"), "steps": _("Every recorded step, oldest first")},
        made=now.date(),
    )
    record("export", subject="custody", record_id=str(item.id), compartment_id=item.compartment_id, format="pdf")
    return render_custody(paper)


def origin_rows(origin: ItemOrigin | None, language: str) -> list[tuple[str, str]]:
    """Return (question, answer in words) of how an item came; unanswered ones say so."""
    asked = (
        (_("From whom we have it"), "from_whom"),
        (_("How it came"), "method"),
        (_("What made it"), "device_kind"),
        (_("Who has the original now"), "held_by"),
    )
    rows = [
        (words, said(name, getattr(origin, name, "") or "", language) or _("Not asked yet")) for words, name in asked
    ]
    if origin and origin.device_model:
        rows.insert(3, (_("Make and model"), origin.device_model))
    if origin and origin.got_on:
        rows.append((_("Day we got it, if before it was added here"), origin.got_on.isoformat()))
    return rows


def _sections(report: Report, language: str) -> list[Section]:
    item = report.item
    matter = db.session.get_one(Matter, db.session.get_one(Compartment, item.compartment_id).matter_id)
    facts = [
        (_("Matter"), ", ".join(part for part in (matter.title, matter.docket_no) if part)),
        (_("Identifier"), str(item.id)),
        (_("Kind and size"), f"{item.content_type or item.media_type}, {item.size:,} bytes ({size_words(item.size)})"),
        ("SHA-256", item.sha256 or _("not known yet")),
        (_("State"), _state(item)),
        (_("Last read again"), _utc(item.checked_at) if item.checked_at else _("not yet")),
        (_("Opened, copied, exported"), f"{report.access.viewed}, {report.access.copied}, {report.access.exported}"),
    ]
    found = [
        Section(_("The file"), tuple(facts)),
        Section(_("How it came to us"), tuple(origin_rows(report.origin, language))),
    ]
    if report.holds:
        rows = [(label(h.reason, language), _utc(h.created_at)) for h in report.holds]
        found.append(Section(_("Legal holds"), tuple(rows)))
    if report.order:
        found.append(Section(_("Order of a court"), tuple(_order(report.order, report.names))))
    return found


def _order(order: Destruction, names: dict[int, str]) -> list[tuple[str, str]]:
    rows = [
        (_("State"), str(ORDERS[order.state])),
        (_("The court's order"), f"{order.authority}, {order.ordered_on.isoformat()}"),
        (_("Asked by"), f"{names.get(order.asked_by_id, '')}, {_utc(order.created_at)}"),
    ]
    if order.decided_by_id and order.decided_at:
        rows.append((_("Decided by"), f"{names.get(order.decided_by_id, '')}, {_utc(order.decided_at)}"))
    return rows


def _when(moment: dt.datetime) -> str:
    # In a record that may come before a court: UTC, to the second, not the reader's clock.
    return str(moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S"))


def _state(item: EvidenceItem) -> str:
    # A screen says "unchanged"; a paper says no more than what was seen, and the next row says when.
    same = item.state == "sealed" and item.check_ok
    return _("Sealed; when last read, the same bytes as were sealed") if same else state_label(item)


def _utc(moment: dt.datetime) -> str:
    return f"{_when(moment)} UTC"


def _rests_on(step: queries.Step, item: EvidenceItem) -> str:
    """Return what a step rests on, for paper: hashes are whole, or said to be the file's own."""
    words = step_detail(step)
    for name in ("sha256", "device_sha256", "parent_sha256"):
        value = step.detail.get(name)
        if isinstance(value, str) and value:
            # In groups, so that 64 digits break over lines.
            whole = _("the SHA-256 above") if value == item.sha256 else " ".join(textwrap.wrap(value, 16))
            words = words.replace(f"SHA-256 {short_hash(value)}", whole).replace(short_hash(value), whole)
    return words


def _(text: str, **values: object) -> str:
    return str(gettext(text, **values))
