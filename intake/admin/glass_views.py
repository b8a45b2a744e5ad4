"""Break-glass: asking for one record, opening it, ending it, reviewing it."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake.access.policy import Permission
from intake.admin import glass
from intake.admin.forms import GlassForm, ReviewForm
from intake.admin.views import bp
from intake.errors import Invalid
from intake.web import requires

_ONE = "/closed-records/<uuid:glass_id>"


@bp.get("/closed-records")
@requires(Permission.GLASS_ASK)
def closed_records() -> ResponseReturnValue:
    """Show what one asked for, and to attorneys what waits for their word or review."""
    return _page(GlassForm(formdata=None))


@bp.post("/closed-records/ask")
@requires(Permission.GLASS_ASK, fresh=True)
def ask_glass() -> ResponseReturnValue:
    """Ask for one record by its number; the answer is the same whether it exists or not."""
    form = GlassForm()
    if not form.validate():
        return _page(form)
    try:
        seen = glass.ask(form.number.data or "", form.reason.data or "")
    except Invalid as wrong:
        if "number" in wrong.fields:
            form.number.errors = [_("Type the number, such as IN-0142.")]
        if "reason" in wrong.fields:
            form.reason.errors = [_("Say it in a few words.")]
        return _page(form)
    if seen is not None:
        return redirect(url_for("incidents.show", incident_id=seen.id), 303)
    flash(_("Asked. If there is such a record, its attorneys were told just now."))
    return redirect(url_for(".closed_records"), 303)


@bp.post(f"{_ONE}/open")
@requires(Permission.GLASS_DECIDE, fresh=True)
def allow_glass(glass_id: uuid.UUID) -> ResponseReturnValue:
    """Open the record to its asker for 60 minutes."""
    glass.allow(glass_id)
    flash(_("Open for 60 minutes. A review is due within 72 hours after that."))
    return redirect(url_for(".closed_records"), 303)


@bp.post(f"{_ONE}/refuse")
@requires(Permission.GLASS_DECIDE, fresh=True)
def refuse_glass(glass_id: uuid.UUID) -> ResponseReturnValue:
    """Say no."""
    glass.refuse(glass_id)
    flash(_("Refused. Nothing was opened."))
    return redirect(url_for(".closed_records"), 303)


@bp.post(f"{_ONE}/end")
@requires(Permission.GLASS_ASK)
def end_glass(glass_id: uuid.UUID) -> ResponseReturnValue:
    """Close the record before the hour is over."""
    glass.end(glass_id)
    flash(_("Closed again."))
    return redirect(url_for(".closed_records"), 303)


@bp.post(f"{_ONE}/review")
@requires(Permission.GLASS_DECIDE, fresh=True)
def review_glass(glass_id: uuid.UUID) -> ResponseReturnValue:
    """Write down whether it was justified."""
    form = ReviewForm()
    if not form.validate():
        raise Invalid(dict.fromkeys(form.errors, "missing"))
    glass.review(glass_id, justified=form.justified.data == "yes", words=form.words.data or "")
    flash(_("The review is kept."))
    return redirect(url_for(".closed_records"), 303)


def _page(form: GlassForm) -> ResponseReturnValue:
    page = render_template(
        "admin/closed_records.html",
        form=form,
        review_form=ReviewForm(formdata=None),
        mine=glass.mine(),
        to_decide=glass.to_decide(),
        state_of=glass.state_of,
        review_due=glass.review_due,
    )
    return page, 422 if form.errors else 200
