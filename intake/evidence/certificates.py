"""Drafts of certificates by one button: FRE 902(14) for chosen files, the 902(13) twin for the log.

Nothing from the vault can come in: a file is called by its identifier, its sender by a code.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from intake import db
from intake.access.actor import current
from intake.access.fields import FieldClass, demand
from intake.access.models import Compartment
from intake.access.policy import Permission
from intake.audit.state import State
from intake.audit.trail import record
from intake.documents.certificate import HASH, CertificatePaper, ScheduleEntry, render_certificate
from intake.documents.certificate import render_certificate_word as word
from intake.documents.pleading import BLANK
from intake.errors import Invalid, NotAllowed, NotNow
from intake.evidence import custody_queries as queries
from intake.evidence.custody import note
from intake.evidence.custody_models import ItemOrigin
from intake.evidence.models import EvidenceItem
from intake.evidence.origins import codes, rules
from intake.matters.models import Matter
from intake.settings import program_version
from intake.taxonomy import court

FORMS = {
    "pdf": ("application/pdf", render_certificate),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", word),
}
MOST = 500  # files of one certificate


@dataclass(frozen=True)
class Draft:
    """A file to hand out: bytes, type and a neutral name."""

    body: bytes
    media_type: str
    filename: str


def why_red(item: EvidenceItem, days: float, now: dt.datetime | None = None) -> str:
    """Return why a certificate may not name the item: not_sealed, differs, not_lately, or '' when it may.

    days: how old the last re-reading may be.
    """
    if item.state not in {"sealed", "quarantined"} or not item.sha256 or item.checked_at is None:
        return "not_sealed"
    if not item.check_ok:
        return "differs"
    late = (now or dt.datetime.now(dt.UTC)) - item.checked_at > dt.timedelta(days=days)
    return "not_lately" if late else ""


def files_certificate(items: Sequence[EvidenceItem], form: str, oath_form: str, days: float) -> Draft:
    """Draft the FRE 902(14) certificate for these items and write it into the custody of each.

    Raises Invalid (none or too many chosen, of several matters, unknown form or oath), NotAllowed, NotNow("checks")
    when any check is red.
    """
    compartment_id = one_compartment(items)
    if any(why_red(item, days) for item in items):
        raise NotNow("checks")
    paper = files_paper(items, oath_form)
    draft = _draft(paper, form, "902-14")
    for item in items:
        note(item, "certified", certificate=paper.document_id, rule="FRE 902(14)", sha256=item.sha256)
    _left("902(14)", paper, draft, compartment_id, files=len(items))
    return draft


def files_paper(items: Sequence[EvidenceItem], oath_form: str) -> CertificatePaper:
    """Return the FRE 902(14) certificate as a paper. Nothing is checked here but the form of oath."""
    ids = [item.id for item in items]
    origins, arrived, accesses = queries.origins(ids), queries.received(ids), queries.accesses(ids)
    rereads = queries.rereads(ids)
    schedule = tuple(
        _entry(
            n,
            item,
            origins.get(item.id),
            arrived.get(item.id),
            accesses.get(item.id, queries.Access()),
            rereads.get(item.id, queries.Rereads()),
        )
        for n, item in enumerate(items, 1)
    )
    filled = {
        "count": f"{len(items)} files" if len(items) > 1 else "1 file",
        "number": str(len(items)),
        "oldest_check": _utc(min(item.checked_at for item in items if item.checked_at)),
    }
    return _paper("902_14", items[0].compartment_id, filled, schedule, oath_form)


def log_certificate(state: State, form: str, oath_form: str, compartment_id: int) -> Draft:
    """Draft the FRE 902(13) certificate for the log as audit.state() has it. Raises Invalid, NotAllowed, NotNow."""
    if not current().may(Permission.EVIDENCE_CERTIFY, compartment_id):
        raise NotAllowed
    if not state.size:
        raise NotNow("no_log")
    server = db.session.connection().dialect.server_version_info or ()
    filled = {
        "size": f"{state.size:,}",
        "signed": _utc(state.at) if state.at else BLANK,
        "root": state.root,
        "anchors": " ".join(_anchored(state)),
        "database": ".".join(str(part) for part in server),
    }
    paper = _paper("902_13", compartment_id, filled, (), oath_form)
    draft = _draft(paper, form, "902-13")
    _left("902(13)", paper, draft, compartment_id, size=state.size)
    return draft


def oaths(compartment_id: int) -> list[str]:
    """Return the codes (OA.*) of the oaths that the court's profile has, the house's own choice first."""
    profile = court(_matter(compartment_id).court)
    house = str(profile.value("declaration.default_oath"))
    return [house, *(code for code in profile.oaths if code != house)]


def one_compartment(items: Sequence[EvidenceItem]) -> int:
    """Return the compartment of all these items. Raises Invalid (none, too many, of several matters), NotAllowed."""
    if not items or len(items) > MOST:
        raise Invalid({"items": "none" if not items else "too_many"})
    if len({item.compartment_id for item in items}) > 1:
        raise Invalid({"items": "several_matters"})
    compartment_id = items[0].compartment_id
    if not current().may(Permission.EVIDENCE_CERTIFY, compartment_id):
        raise NotAllowed
    for item in items:
        demand(item, FieldClass.MEDIA)
    return int(compartment_id)


def _matter(compartment_id: int) -> Matter:
    matter: Matter = db.session.get_one(Matter, db.session.get_one(Compartment, compartment_id).matter_id)
    return matter


def _paper(
    rule: str, compartment_id: int, filled: dict[str, str], schedule: tuple[ScheduleEntry, ...], oath_form: str
) -> CertificatePaper:
    matter, words = _matter(compartment_id), rules()["certificate"][rule]
    if oath_form not in court(matter.court).oaths:
        raise Invalid({"oath": "unknown"})
    now = dt.datetime.now(dt.UTC)
    known = filled | {
        "blank": BLANK,
        "drafted": _utc(now),
        "version": program_version(),
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION.rsplit(" ", 3)[0] if ssl.OPENSSL_VERSION.count(" ") > 2 else ssl.OPENSSL_VERSION,  # noqa: PLR2004
    }
    statements = tuple(statement.format(**known) for statement in words["statements"])
    content = json.dumps([statements, [[e.title, e.rows] for e in schedule]], ensure_ascii=False)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return CertificatePaper(
        court=matter.court,
        counsel=matter.caption["counsel"],
        plaintiffs=matter.caption["plaintiffs"],
        defendants=matter.caption["defendants"],
        docket_no=matter.docket_no,
        title=words["title"],
        statements=statements,
        schedule=schedule,
        oath_form=oath_form,
        document_id=f"C-{rule.replace('_', '-')}-{digest[:8]}",
        text_hash=digest,
        made=now.date(),
    )


def _entry(  # noqa: PLR0917  (one fact each, all from other tables)
    n: int,
    item: EvidenceItem,
    origin: ItemOrigin | None,
    arrived: dt.datetime | None,
    access: queries.Access,
    again: queries.Rereads,
) -> ScheduleEntry:
    rows = (
        ("Kind and size", f"{item.content_type or item.media_type}, {item.size:,} bytes"),
        (HASH, item.sha256 or ""),
        ("Computed also by", _also(item)),
        ("Came to us", _came(origin)),
        ("Original held by", _said(origin, "held_by")),
        ("Received whole", _utc(arrived) if arrived else "not recorded"),
        ("Sealed", _utc(item.sealed_at) if item.sealed_at else ""),
        ("Last read in whole", f"{_utc(item.checked_at)}; the same" if item.checked_at else ""),
        ("Read after sealing", f"{again.times} (with another value: {again.differing})"),
        ("Later access", f"opened {access.viewed}, copied {access.copied}, put into exports {access.exported} times"),
    )
    return ScheduleEntry(f"{n}. File {item.id}", rows)


def _also(item: EvidenceItem) -> str:
    if item.device_sha256 == item.sha256:
        return "the device that sent it to the system; the same"
    return "each part as it was sent, compared on arrival" if item.upload_id else "nobody: computed on arrival alone"


def _came(origin: ItemOrigin | None) -> str:
    if origin is None or not (origin.from_whom or origin.method or origin.device_kind):
        return f"not recorded: {BLANK}"
    parts = [f"from {_said(origin, 'from_whom')}", _said(origin, "method"), f"made with {_said(origin, 'device_kind')}"]
    when = f"; first held by our office on {origin.got_on.isoformat()}" if origin.got_on else ""
    return ", ".join(parts) + when


def _said(origin: ItemOrigin | None, field: str) -> str:
    code = getattr(origin, field, "") if origin else ""
    return codes(field)[code].paper if code else f"not recorded: {BLANK}"


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _anchored(state: State) -> Iterator[str]:
    kinds = {
        "witness": ("signed by the witness", "No witness outside our office has signed a head of this tree yet."),
        "timestamp": ("time-stamped (RFC 3161) by", "No head of this tree was time-stamped by a public authority yet."),
        "store": ("put under the lock of", "No head of this tree was put under a store's lock yet."),
    }
    for kind, (done, never) in kinds.items():
        last = state.last(kind)
        yield f"Its head of {last.size:,} entries was {done} {last.name} at {_utc(last.at)}." if last else never


def _draft(paper: CertificatePaper, form: str, rule: str) -> Draft:
    if form not in FORMS:
        raise Invalid({"form": "unknown"})
    media_type, render = FORMS[form]
    return Draft(render(paper), media_type, f"certificate-{rule}-{paper.text_hash[:8]}.{form}")


def _left(rule: str, paper: CertificatePaper, draft: Draft, compartment_id: int, **detail: Any) -> None:  # noqa: ANN401
    record(
        "certificate",
        subject="certificate",
        record_id=paper.document_id,
        compartment_id=compartment_id,
        rule=rule,
        sha256=hashlib.sha256(draft.body).hexdigest(),
        **detail,
    )
