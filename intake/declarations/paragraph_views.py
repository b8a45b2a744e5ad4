"""Changing paragraphs and their sources."""

from __future__ import annotations

import uuid

from flask import flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_time
from flask_babel import gettext as _

from intake import db
from intake.access.policy import Permission
from intake.declarations import services
from intake.declarations.forms import ParagraphForm, ShapeForm, SourceForm
from intake.declarations.models import Declaration, Paragraph, ParagraphSource
from intake.declarations.views import bp, review_page
from intake.errors import Invalid, StaleVersion
from intake.web import requires


@bp.post("/paragraphs/<uuid:paragraph_id>")
@requires(Permission.DECLARATION_DRAFT)
def edit_paragraph(paragraph_id: uuid.UUID) -> ResponseReturnValue:
    """Keep a paragraph; of two editors the second sees both texts. X-Autosave answers JSON."""
    paragraph, form = db.session.get_one(Paragraph, paragraph_id), ParagraphForm()
    automatic = "X-Autosave" in request.headers
    if not form.validate():
        if automatic:
            return jsonify(fields=form.errors), 422
        raise Invalid(dict.fromkeys(form.errors, "wrong"))
    try:
        services.edit_paragraph(
            paragraph,
            text=form.text.data or "",
            basis=form.basis.data or "",
            heading=form.heading.data or "",
            original=form.original.data if "original" in request.form else None,
            version=form.seen_version,
        )
    except StaleVersion as stale:
        if automatic:
            return jsonify(theirs=stale.theirs), 409
        declaration = db.session.get_one(Declaration, paragraph.declaration_id)
        return review_page(declaration, stale.theirs, paragraph.id, form), 409
    if automatic:
        return jsonify(saved_at=format_time(format="short"), version=paragraph.version)
    flash(_("Saved."))
    return _back(paragraph)


@bp.post("/<uuid:declaration_id>/paragraphs")
@requires(Permission.DECLARATION_DRAFT)
def add_first(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Add a paragraph at the end; the way back when all were taken out."""
    return _back(services.add_paragraph(db.session.get_one(Declaration, declaration_id)))


@bp.post("/paragraphs/<uuid:paragraph_id>/shape")
@requires(Permission.DECLARATION_DRAFT)
def shape(paragraph_id: uuid.UUID) -> ResponseReturnValue:
    """Add a paragraph after this one, move it, split it or take it out."""
    paragraph, form = db.session.get_one(Paragraph, paragraph_id), ShapeForm()
    if not form.validate():
        raise Invalid({"act": "unknown"})
    act, declaration_id = form.act.data, paragraph.declaration_id
    declaration = db.session.get_one(Declaration, declaration_id)
    if act == "add":
        paragraph = services.add_paragraph(declaration, paragraph.position)
    elif act in {"up", "down"}:
        services.move_paragraph(paragraph, -1 if act == "up" else 1)
    elif act == "split":
        services.split_paragraph(paragraph, _middle(paragraph.text, form.at.data or ""))
    else:
        services.remove_paragraph(paragraph)
        return redirect(url_for(".show", declaration_id=declaration_id), 303)
    return _back(paragraph)


@bp.post("/paragraphs/<uuid:paragraph_id>/sources")
@requires(Permission.DECLARATION_DRAFT)
def tie(paragraph_id: uuid.UUID) -> ResponseReturnValue:
    """Tie a paragraph to a file of its incident."""
    paragraph, form = db.session.get_one(Paragraph, paragraph_id), SourceForm()
    try:
        item = uuid.UUID(form.item.data or "")
    except ValueError as wrong:
        raise Invalid({"item": "wrong"}) from wrong
    if not form.validate():
        raise Invalid(dict.fromkeys(form.errors, "wrong"))
    services.tie_source(paragraph, item, form.locator.data or "")
    return _back(paragraph)


@bp.post("/sources/<uuid:source_id>/untie")
@requires(Permission.DECLARATION_DRAFT)
def untie(source_id: uuid.UUID) -> ResponseReturnValue:
    """Take a source off its paragraph."""
    source = db.session.get_one(ParagraphSource, source_id)
    paragraph = db.session.get_one(Paragraph, source.paragraph_id)
    services.untie_source(source)
    return _back(paragraph)


def _back(paragraph: Paragraph) -> ResponseReturnValue:
    return redirect(url_for(".show", declaration_id=paragraph.declaration_id, _anchor=f"p{paragraph.position}"), 303)


def _middle(text: str, at: str) -> int:
    """Return where to split: where the cursor was, else after the sentence nearest the middle."""
    if at.isascii() and at.isdigit():
        return int(at)
    ends = [n + 1 for n, c in enumerate(text[:-1]) if c in ".!?»”" and text[n + 1] == " "]
    return min(ends, key=lambda n: abs(n - len(text) // 2)) if ends else len(text) // 2
