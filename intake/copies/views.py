"""The page where a copy is asked for, and the way to have it."""

from __future__ import annotations

import uuid

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from intake import db
from intake.access.policy import Permission
from intake.copies import services
from intake.copies.forms import CopyForm
from intake.copies.models import WorkingCopy
from intake.errors import Invalid
from intake.evidence.models import EvidenceItem
from intake.evidence.opening import closed
from intake.media.queries import derivatives_of
from intake.storage import Storage
from intake.taxonomy import taxonomy
from intake.web import requires

bp = Blueprint("copies", __name__)


@bp.route("/evidence/<uuid:item_id>/copies", methods=["GET", "POST"])
@requires(Permission.EVIDENCE_ADD)
def index(item_id: uuid.UUID) -> ResponseReturnValue:
    """Show the file's copies and draw the next one."""
    item = db.session.get_one(EvidenceItem, item_id)
    form = CopyForm()
    if not form.is_submitted():
        return _page(item, form)
    if not form.validate():
        return _page(item, form), 422
    try:
        services.ask_copy(item, form.drawn)
    except Invalid:
        form.form_errors.append(_("A box lies outside the page, or has no reason. Nothing was made."))
        return _page(item, form), 422
    flash(_("The copy is being made and checked. It appears below."))
    return redirect(url_for(".index", item_id=item.id), 303)


@bp.get("/copies/<uuid:copy_id>/file")
@requires(Permission.EVIDENCE_ADD)
def download(copy_id: uuid.UUID) -> ResponseReturnValue:
    """Send the reader to the copy in the store, for five minutes."""
    storage: Storage = current_app.extensions["storage"]
    return redirect(services.address(db.session.get_one(WorkingCopy, copy_id), storage))


def _page(item: EvidenceItem, form: CopyForm) -> str:
    shown = {"picture": "preview", "paper": "page"}.get(services.form_of(item), "")
    numbers = [d.number for d in derivatives_of(item) if d.kind == shown and d.state == "made"]
    pictures = [(n, url_for("media.made", item_id=item.id, kind=shown, page=n or None)) for n in numbers]
    language = str(get_locale() or "en")
    reasons = [(term.code, term.label(language, plain=True)) for term in taxonomy("redaction_reason").terms]
    return render_template(
        "copies/index.html", item=item, form=form, kind=services.form_of(item), closed=closed(item),
        copies=services.copies_of(item.id), pictures=pictures, reasons=reasons,
    )  # fmt: skip
