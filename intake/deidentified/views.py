"""The analyst's pages: projects, counts by two dimensions, extracts; and the attorney's rule for claims."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from babel.dates import format_skeleton
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from intake import db
from intake.access.models import Compartment
from intake.access.policy import Permission
from intake.deidentified import queries, services
from intake.deidentified.forms import ProjectForm, RuleForm
from intake.deidentified.suppression import SMALLEST_CELL, SMALLEST_LEAVING
from intake.errors import Invalid
from intake.incidents.forms import AGES
from intake.matters.models import Matter
from intake.web import requires

bp = Blueprint("deidentified", __name__, url_prefix="/counts")


def _names() -> dict[str, str]:
    return {
        "month": _("Month"), "county": _("County"), "site": _("Kind of place"), "age_band": _("Age"),
        "agency": _("Agency"), "vehicle": _("Vehicles"), "identification": _("How agents named themselves"),
        "tro_factor": _("Reasons given or seen"), "force": _("Force"), "question_asked": _("Questions asked"),
        "outcome": _("What happened next"), "claim": _("Confirmed claims"),
    }  # fmt: skip


def _month_name(month: str) -> str:
    return format_skeleton("yMMMM", dt.date.fromisoformat(f"{month}-01"), locale=get_locale() or "en")


@bp.route("", methods=["GET", "POST"])
@requires(Permission.DEIDENTIFIED_READ)
def index() -> ResponseReturnValue:
    """List the analyst's projects and open another."""
    form = ProjectForm()
    form.matter.choices = [(matter.id, matter.short_title) for matter in queries.matters()]
    if form.validate_on_submit():
        project = services.open_project(form.matter.data, form.title.data or "")
        return redirect(url_for(".show", project_id=project.id), 303)
    page = render_template("deidentified/index.html", form=form, projects=queries.projects())
    return page, 422 if form.errors else 200


@bp.get("/<uuid:project_id>")
@requires(Permission.DEIDENTIFIED_READ)
def show(project_id: uuid.UUID) -> ResponseReturnValue:
    """Count the project's incidents by one or two dimensions of the address."""
    project = services.project_of(project_id)
    one, other = request.args.get("rows", "month"), request.args.get("columns", "")
    counted = services.count(project, one, "" if other == one else other)
    return render_template(
        "deidentified/show.html", project=project, counted=counted, names=_names(), ages=AGES, coded=queries.CODED,
        month_name=_month_name, dimensions=queries.dimensions(project.id),
        smallest=SMALLEST_CELL, leaving=SMALLEST_LEAVING,
    )  # fmt: skip


@bp.post("/<uuid:project_id>/extract")
@requires(Permission.DEIDENTIFIED_READ, fresh=True)
def extract(project_id: uuid.UUID) -> ResponseReturnValue:
    """Send the project's rows as a file: each like at least ten others, with pseudonyms of this file alone."""
    _taken, body = services.take_extract(services.project_of(project_id))
    named = {"Content-Disposition": 'attachment; filename="extract.csv"'}
    return Response(body, mimetype="text/csv", headers=named)


@bp.post("/<uuid:project_id>/close")
@requires(Permission.DEIDENTIFIED_READ)
def close(project_id: uuid.UUID) -> ResponseReturnValue:
    """Close a project."""
    services.close_project(services.project_of(project_id))
    flash(_("Closed. Its pseudonyms are not used again."))
    return redirect(url_for(".index"), 303)


@bp.route("/rules", methods=["GET", "POST"])
@requires(Permission.DEIDENTIFIED_RULE)
def rules() -> ResponseReturnValue:
    """Show and change what analysts may count of the attorney's organisation."""
    form, mine = RuleForm(), services.supervised()
    if request.method == "POST":
        if not form.validate() or (form.compartment.data or "") not in {str(each) for each in mine}:
            raise Invalid({"claims": "unknown"})
        services.let_claims_be_counted(int(form.compartment.data or 0), allowed=form.claims.data == "yes")
        flash(_("Saved. It holds from the analysts' next page."))
        return redirect(url_for(".rules"), 303)
    query = sa.select(Compartment.id, Matter.short_title).join(Matter, Matter.id == Compartment.matter_id)
    titles = {row[0]: row[1] for row in db.session.execute(query.where(Compartment.id.in_(mine)))}
    return render_template("deidentified/rules.html", form=form, rules=queries.rules(mine), titles=titles)
