"""Exports: build one, see what is left out and why, follow it, download it."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake import db
from intake.access.policy import Permission
from intake.errors import Invalid, NotNow
from intake.evidence.custody_words import blocked_words
from intake.exports import bundles, queries, services
from intake.exports.forms import CHOICES, ExportForm
from intake.exports.models import Export
from intake.exports.records import PROFILES
from intake.search.queries import exact_count
from intake.search.services import asked_for, words_of
from intake.web import requires

bp = Blueprint("exports", __name__, url_prefix="/exports")
FILTERS = ("agency", "claim", "place", "state", "month", "from", "to")


@bp.get("")
@requires(Permission.EXPORT_PREPARE)
def index() -> ResponseReturnValue:
    """List own exports and those to approve, newest first."""
    return render_template("exports/index.html", exports=queries.newest(), waits=services.waits)


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.EXPORT_PREPARE, fresh=True)
def new() -> ResponseReturnValue:
    """Say what a search would export, what is left out and why; then prepare it."""
    search_id = _search()
    filters = {name: request.args.getlist(name) for name in FILTERS if name in request.args}
    form = ExportForm()
    form.profile.choices = [choice for choice in CHOICES if services.exportable(choice[0])]
    if form.validate_on_submit():
        export = services.prepare_export(form.format.data, form.profile.data, search_id, filters)
        return redirect(url_for(".show", export_id=export.id), 303)
    count = exact_count(asked_for(words_of(search_id) if search_id else "", filters))
    page = render_template("exports/new.html", form=form, count=count, profiles=PROFILES)
    return page, 422 if form.errors else 200


def _search() -> uuid.UUID | None:
    # A damaged identifier must never widen an export to everything.
    try:
        return uuid.UUID(request.args["search"]) if "search" in request.args else None
    except ValueError:
        abort(404)


@bp.post("/bundle")
@requires(Permission.EXPORT_PREPARE, fresh=True)
def bundle() -> ResponseReturnValue:
    """Prepare a bundle of the chosen files; a red check leads back and says so."""
    items, names = bundles.chosen(request.form.getlist("items")), request.form.get("names") == "y"
    try:
        days = current_app.extensions["settings"].certificate_check_days
        export = bundles.prepare_bundle(items, days, names=names)
    except (NotNow, Invalid) as barred:
        flash(blocked_words(barred))
        ids = [str(item.id) for item in items]
        return redirect(url_for("evidence.certificate", item=ids), 303)
    return redirect(url_for(".show", export_id=export.id), 303)


@bp.get("/<uuid:export_id>")
@requires(Permission.EXPORT_PREPARE)
def show(export_id: uuid.UUID) -> ResponseReturnValue:
    """Show how an export stands: rows, hash, download."""
    export = db.session.get_one(Export, export_id)
    return render_template(
        "exports/show.html",
        export=export,
        may_go_out=services.may_go_out(export),
        may_approve=services.may_approve(export),
        fields=PROFILES.get(export.profile, ()),
    )


@bp.post("/<uuid:export_id>/approve")
@requires(Permission.EXPORT_APPROVE, fresh=True)
def approve(export_id: uuid.UUID) -> ResponseReturnValue:
    """Approve somebody else's export."""
    services.approve(db.session.get_one(Export, export_id))
    flash(_("Approved. It can be downloaded now."))
    return redirect(url_for(".show", export_id=export_id), 303)


@bp.get("/<uuid:export_id>/file")
@requires(Permission.EXPORT_PREPARE, fresh=True)
def download(export_id: uuid.UUID) -> ResponseReturnValue:
    """Log the download and lead to the file in the store."""
    address = services.download(db.session.get_one(Export, export_id), current_app.extensions["storage"])
    return redirect(address, 303)
