"""Addresses of what was made of an item, and an attorney's decision on what no scanner cleared."""

from __future__ import annotations

import uuid

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake import db
from intake.access.policy import Permission
from intake.errors import Invalid
from intake.evidence.models import EvidenceItem
from intake.media import queries, releases, services, words
from intake.media.forms import ReleaseForm
from intake.web import requires

bp = Blueprint("media", __name__)
MOST_PAGES = 10**6
bp.add_app_template_global(queries.thumbnails, "thumbnails")
bp.add_app_template_filter(words.scan_label, "scan_label")
bp.add_app_template_filter(words.held, "scan_held")
bp.add_app_template_filter(words.reason, "alike_reason")
bp.add_app_template_filter(words.claimed, "claimed")
bp.add_app_template_filter(words.problem, "media_problem")
bp.add_app_template_filter(words.kind_label, "made_label")


@bp.get("/evidence/<uuid:item_id>/thumbnail", defaults={"kind": "thumbnail"})
@bp.get("/evidence/<uuid:item_id>/preview", defaults={"kind": "preview"})
@bp.get("/evidence/<uuid:item_id>/poster", defaults={"kind": "poster"})
@bp.get("/evidence/<uuid:item_id>/page", defaults={"kind": "page"})
@requires(Permission.EVIDENCE_READ)
def made(item_id: uuid.UUID, kind: str) -> ResponseReturnValue:
    """Send the browser to a picture made of the item in the store, for five minutes; of a PDF the one of `?page=`."""
    item = db.session.get_one(EvidenceItem, item_id)
    number = min(max(request.args.get("page", 1, type=int), 0), MOST_PAGES) if kind == "page" else 0
    return redirect(services.made_address(item, kind, number, current_app.extensions["storage"]))


@bp.post("/evidence/<uuid:item_id>/release")
@requires(Permission.EVIDENCE_RELEASE, fresh=True)
def release(item_id: uuid.UUID) -> ResponseReturnValue:
    """Open what no scanner cleared; an infected file needs a second attorney."""
    item = db.session.get_one(EvidenceItem, item_id)
    form = ReleaseForm()
    if not form.validate():
        raise Invalid({"reason": "missing"})
    if releases.release(item, form.reason.data or ""):
        flash(_("The file is open. Your reason is in its custody list."))
    else:
        flash(_("Your reason is written down. A second attorney must agree before the file opens."))
    return redirect(url_for("evidence.show", id=item.id), code=303)
