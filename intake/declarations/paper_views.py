"""The read-back page, and the papers that leave."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable

from flask import flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake import db
from intake.access.policy import Permission
from intake.declarations import paper, services
from intake.declarations.forms import ReadForm
from intake.declarations.models import Declaration, Paragraph
from intake.declarations.openings import in_spanish
from intake.declarations.views import bp
from intake.errors import NotNow, NotThere, StaleVersion
from intake.web import requires

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@bp.get("/<uuid:declaration_id>/read-back")
@requires(Permission.DECLARATION_DRAFT)
def read_back(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Show one paragraph at a time in large type, to be read to the person."""
    declaration = db.session.get_one(Declaration, declaration_id)
    if not declaration.paragraphs:
        raise NotThere
    spanish = declaration.original_language == "es"
    number = min(max(request.args.get("n", 1, type=int), 1), len(declaration.paragraphs))
    paragraph = declaration.paragraphs[number - 1]
    return render_template(
        "declarations/read_back.html", declaration=declaration, n=number, paragraph=paragraph,
        spoken=paragraph.original or (in_spanish(paragraph.text) if spanish else ""),
        kept=declaration.state == "DS.READBACK" and services.may_edit(declaration), form=ReadForm(formdata=None),
    )  # fmt: skip


@bp.post("/paragraphs/<uuid:paragraph_id>/confirm")
@requires(Permission.DECLARATION_DRAFT)
def confirm(paragraph_id: uuid.UUID) -> ResponseReturnValue:
    """Note that the person said this paragraph is right, and go on to the next."""
    paragraph, form = db.session.get_one(Paragraph, paragraph_id), ReadForm()
    declaration_id, number = paragraph.declaration_id, paragraph.position
    try:
        services.confirm_paragraph(paragraph, form.seen_version)
    except StaleVersion:
        flash(_("This paragraph changed while it was read. Read it again."))
        return redirect(url_for(".read_back", declaration_id=declaration_id, n=number), 303)
    except NotNow:
        flash(_("This text is not at its read-back now."))
        return redirect(url_for(".show", declaration_id=declaration_id), 303)
    if number < len(db.session.get_one(Declaration, declaration_id).paragraphs):
        return redirect(url_for(".read_back", declaration_id=declaration_id, n=number + 1), 303)
    flash(_("All was read. What was confirmed is kept."))
    return redirect(url_for(".show", declaration_id=declaration_id), 303)


@bp.get("/<uuid:declaration_id>/pdf")
@requires(Permission.DECLARATION_EXPORT, fresh=True)
def pdf(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Hand out the court paper as PDF. Raises UnsupportedGlyph naming the character."""
    return _handed_out(declaration_id, paper.pdf, "application/pdf", "pdf")


@bp.get("/<uuid:declaration_id>/word")
@requires(Permission.DECLARATION_EXPORT, fresh=True)
def word(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Hand out the paper as a Word file."""
    return _handed_out(declaration_id, paper.word, _DOCX, "docx")


def _handed_out(
    declaration_id: uuid.UUID, make: Callable[[Declaration], bytes], media_type: str, ending: str
) -> ResponseReturnValue:
    declaration = db.session.get_one(Declaration, declaration_id)
    try:
        body = make(declaration)
    except NotNow as not_now:
        if not_now.why == "no_name":
            flash(
                _("No paper: no true name is kept in the vault. Choose the protected name, or fill in the name first.")
            )
        else:
            flash(_("No paper: the person's permission for it does not stand now."))
        return redirect(url_for(".show", declaration_id=declaration_id), 303)
    # The file's name carries the declaration's number, never a person's.
    name = f"declaration-{declaration.label}.{ending}"
    return send_file(io.BytesIO(body), mimetype=media_type, as_attachment=True, download_name=name, max_age=0)
