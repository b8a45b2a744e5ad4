"""Masking words that may tell of status, and the prompts beside a text."""

from __future__ import annotations

import re
import uuid

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake import db
from intake.access.policy import Permission
from intake.errors import Invalid
from intake.incidents.masking import mask
from intake.incidents.models import Account, Note
from intake.incidents.views import bp
from intake.people import sensitive
from intake.web import CaseForm, requires


class MaskForm(CaseForm):
    """Which characters, of which version of the text: numbers only."""

    also = frozenset({"span", "back"})


@bp.post("/accounts/<uuid:account_id>/mask")
@requires(Permission.INCIDENT_EDIT)
def mask_account(account_id: uuid.UUID) -> ResponseReturnValue:
    """Mask words in what a person told."""
    account = db.session.get_one(Account, account_id)
    _mask(account)
    if request.form.get("back") == "story":
        return redirect(url_for(".step", incident_id=account.incident_id, step="story", account=account.id), 303)
    return redirect(url_for(".show", incident_id=account.incident_id, _anchor="accounts"), 303)


@bp.post("/notes/<uuid:work_note_id>/mask")
@requires(Permission.NOTE_WRITE)
def mask_note(work_note_id: uuid.UUID) -> ResponseReturnValue:
    """Mask words in a note."""
    note = db.session.get_one(Note, work_note_id)
    _mask(note)
    return redirect(url_for(".show", incident_id=note.incident_id, _anchor="notes"), 303)


def _mask(source: Account | Note) -> None:
    form = MaskForm()
    span = re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", request.form.get("span", ""))
    if not form.validate() or span is None:
        raise Invalid({"span": "wrong"})
    mask(source, int(span[1]), int(span[2]), form.seen_version)
    flash(_("The words are masked. They are sealed, and two attorneys must agree to read them."))


@bp.app_template_filter("sensitive")
def _sensitive(text: str) -> list[sensitive.Span]:
    return sensitive.scan(text)


@bp.app_template_filter("sensitive_stamp")
def _stamp(text: str) -> str:
    return sensitive.stamp(text, sensitive.scan(text))
