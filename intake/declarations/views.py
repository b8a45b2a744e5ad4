"""Declarations: the list, the review page, the papers."""

from __future__ import annotations

import io
import uuid

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.declarations import gates, paper, queries, services
from intake.declarations.forms import (
    CertificateForm,
    CommentForm,
    DetailsForm,
    MoveForm,
    ParagraphForm,
    ShapeForm,
    SourceForm,
    StartForm,
)
from intake.declarations.models import Declaration, ReviewComment
from intake.errors import Invalid, NotNow
from intake.evidence import queries as evidence
from intake.incidents.models import Account, Incident
from intake.people.models import Person
from intake.taxonomy import taxonomy
from intake.web import requires

bp = Blueprint("declarations", __name__, url_prefix="/declarations")
PAGE = 50
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@bp.get("")
@requires(Permission.DECLARATION_READ)
def index() -> ResponseReturnValue:
    """List declarations, newest first, by state."""
    states = [s for s in request.args.getlist("state") if s in taxonomy("declaration_state").codes]
    found = queries.listed(states, request.args.get("before", type=int), PAGE + 1)
    titles = {d.id: db.session.get(Incident, d.incident_id) for d in found}
    people = {d.id: db.session.get(Person, d.person_id) for d in found}
    return render_template("declarations/index.html", declarations=found[:PAGE], more=len(found) > PAGE, titles=titles,
                           people=people, states=states, reached=gates.REACHED)  # fmt: skip


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.DECLARATION_DRAFT)
def new() -> ResponseReturnValue:
    """Begin a declaration from an account's words."""
    account = db.session.get_one(Account, request.args.get("account", type=uuid.UUID))
    form = StartForm()
    if form.validate_on_submit():
        try:
            declaration = services.start_declaration(account, form.in_support_of.data or "")
        except Invalid:
            form.form_errors.append(_("This account has no words yet. Write down what happened first."))
        else:
            return redirect(url_for(".show", declaration_id=declaration.id), 303)
    page = render_template("declarations/new.html", form=form, account=account, incident=db.session.get_one(Incident, account.incident_id))
    return page, 422 if form.errors or form.form_errors else 200


@bp.get("/<uuid:declaration_id>")
@requires(Permission.DECLARATION_READ)
def show(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Show a declaration for review: paragraphs as on paper, sources beside them, the next step and what is in its way."""
    return review_page(db.session.get_one(Declaration, declaration_id))


def review_page(declaration: Declaration, theirs: dict[str, str] | None = None, stale: uuid.UUID | None = None,
                typed: ParagraphForm | None = None) -> str:  # fmt: skip
    """Return the review page; after a conflict with both texts at the paragraph."""
    language = str(get_locale() or "en")
    editable = declaration.state in services.EDITABLE and current().may(Permission.DECLARATION_DRAFT, declaration.compartment_id)
    steps = [s for s in gates.next_states(declaration) if gates.may_move(declaration, s)]
    return render_template(
        "declarations/show.html",
        declaration=declaration, incident=db.session.get_one(Incident, declaration.incident_id),
        person=db.session.get_one(Person, declaration.person_id), editable=editable, stale=stale, theirs=theirs or {}, typed=typed,
        steps={to: gates.obstacles(declaration, to, language) for to in steps},
        findings=paper.findings(declaration), items=evidence.items_of(declaration.incident_id),
        comments=queries.comments_of(declaration.id), versions=queries.versions_of(declaration.id),
        bases=taxonomy("knowledge_basis").choices(language, plain=True), view=request.args.get("view", "both"),
        details=DetailsForm(obj=declaration), certificate=CertificateForm(data=declaration.certificate),
        comment_form=CommentForm(), shape=ShapeForm(), source_form=SourceForm(), move_form=MoveForm(), flow=_flow(declaration),
    )  # fmt: skip


def _flow(declaration: Declaration) -> list[tuple[str, str]]:
    """Return the main line of states with done, now or todo."""
    line = ["DS.DRAFT", "DS.REVIEW", "DS.READBACK", "DS.LOCKED", "DS.SIGNED"]
    here = line.index(declaration.state) if declaration.state in line else 1
    return [(state, "done" if n < here else "now" if n == here else "todo") for n, state in enumerate(line)]


@bp.post("/<uuid:declaration_id>/move")
@requires(Permission.DECLARATION_DRAFT)
def move(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Take one step, when nothing bars it."""
    declaration, form = db.session.get_one(Declaration, declaration_id), MoveForm()
    if not form.validate():
        raise Invalid({"to": "missing"})
    try:
        gates.move(declaration, form.to.data or "", anyway=form.anyway.data == "yes")
    except NotNow:
        flash(_("Not yet: see what is in the way."))
    else:
        flash(_("Done. The step is kept with its text."))
    return redirect(url_for(".show", declaration_id=declaration.id), 303)


@bp.post("/<uuid:declaration_id>/details")
@requires(Permission.DECLARATION_DRAFT)
def details(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Keep name style, oath, place, dates."""
    declaration, form = db.session.get_one(Declaration, declaration_id), DetailsForm()
    if not form.validate():
        raise Invalid(dict.fromkeys(form.errors, "wrong"))
    try:
        services.describe(declaration, **form.values)
    except Invalid:
        flash(_("The inside-US oath needs a reason. The wording valid everywhere is kept."))
        db.session.expire_all()
    else:
        flash(_("Saved."))
    return redirect(url_for(".show", declaration_id=declaration.id), 303)


@bp.post("/<uuid:declaration_id>/certificate")
@requires(Permission.DECLARATION_DRAFT)
def certificate(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Keep what the interpreter certifies."""
    declaration, form = db.session.get_one(Declaration, declaration_id), CertificateForm()
    if not form.validate():
        raise Invalid(dict.fromkeys(form.errors, "wrong"))
    services.describe(declaration, certificate={k: v or "" for k, v in form.values.items()})
    flash(_("Saved."))
    return redirect(url_for(".show", declaration_id=declaration.id), 303)


@bp.post("/<uuid:declaration_id>/comments")
@requires(Permission.DECLARATION_DRAFT)
def add_comment(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Put a question."""
    declaration, form = db.session.get_one(Declaration, declaration_id), CommentForm()
    if not form.validate():
        raise Invalid(dict.fromkeys(form.errors, "wrong"))
    known = {str(p.id): p.id for p in declaration.paragraphs}
    services.comment(declaration, form.text.data or "", known.get(form.paragraph.data or ""))
    return redirect(url_for(".show", declaration_id=declaration.id, _anchor="comments"), 303)


@bp.post("/comments/<uuid:comment_id>/resolve")
@requires(Permission.DECLARATION_DRAFT)
def resolve(comment_id: uuid.UUID) -> ResponseReturnValue:
    """Close a question."""
    note = db.session.get_one(ReviewComment, comment_id)
    services.resolve(note)
    return redirect(url_for(".show", declaration_id=note.declaration_id, _anchor="comments"), 303)


@bp.get("/<uuid:declaration_id>/read-back")
@requires(Permission.DECLARATION_DRAFT)
def read_back(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Show one paragraph at a time in large type, to be read to the person."""
    declaration = db.session.get_one(Declaration, declaration_id)
    number = min(max(request.args.get("n", 1, type=int), 1), max(len(declaration.paragraphs), 1))
    return render_template("declarations/read_back.html", declaration=declaration, n=number, paragraph=declaration.paragraphs[number - 1])


@bp.get("/<uuid:declaration_id>/pdf")
@requires(Permission.DECLARATION_EXPORT)
def pdf(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Hand out the court paper as PDF. Raises UnsupportedGlyph naming the character."""
    declaration = db.session.get_one(Declaration, declaration_id)
    return _file(paper.pdf(declaration), "application/pdf", f"declaration-{declaration.label}.pdf")


@bp.get("/<uuid:declaration_id>/word")
@requires(Permission.DECLARATION_EXPORT)
def word(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Hand out the paper as a Word file."""
    declaration = db.session.get_one(Declaration, declaration_id)
    return _file(paper.word(declaration), _DOCX, f"declaration-{declaration.label}.docx")


def _file(body: bytes, media_type: str, name: str) -> ResponseReturnValue:
    # The file's name carries the declaration's number, never a person's.
    return send_file(io.BytesIO(body), mimetype=media_type, as_attachment=True, download_name=name, max_age=0)


from intake.declarations import paragraph_views  # noqa: E402, F401  (the paragraphs' addresses belong to this blueprint)
