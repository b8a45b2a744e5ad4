"""Declarations: the list, the review page, the papers."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
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
    StartForm,
)
from intake.declarations.models import Declaration, ReviewComment
from intake.declarations.sources import media_fragment
from intake.declarations.versions import hash_of
from intake.errors import Invalid, NotNow, NotThere, StaleVersion
from intake.evidence import queries as evidence
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Account, Incident
from intake.media.services import viewable
from intake.people.models import Person
from intake.taxonomy import taxonomy
from intake.web import requires

bp = Blueprint("declarations", __name__, url_prefix="/declarations")
PAGE = 50


@bp.get("")
@requires(Permission.DECLARATION_READ)
def index() -> ResponseReturnValue:
    """List declarations by state, owner and due date."""
    states = [s for s in request.args.getlist("state") if s in taxonomy("declaration_state").codes]
    mine, by_due = request.args.get("mine") == "1", request.args.get("order") == "due"
    owner, start = current().user_id if mine else None, _number("start", 0)
    if by_due:
        found = queries.due(states, start or 0, PAGE + 1, owner)
    else:
        found = queries.listed(states, _number("before", None), PAGE + 1, owner)
    shown = found[:PAGE]
    older: dict[str, Any] = {"state": states, "mine": "1" if mine else None, "order": "due" if by_due else None}
    older |= {"start": (start or 0) + PAGE} if by_due else {"before": shown[-1].number if shown else 0}
    return render_template(
        "declarations/index.html", declarations=shown, more=len(found) > PAGE, older=url_for(".index", **older),
        titles=_by_id(Incident, [d.incident_id for d in shown]), people=_by_id(Person, [d.person_id for d in shown]),
        lengths=queries.lengths_of(shown), states=states, mine=mine, by_due=by_due, reached=gates.REACHED,
    )  # fmt: skip


def _number(name: str, otherwise: int | None) -> int | None:
    # What PostgreSQL's bigint cannot hold is no number of ours.
    given = request.args.get(name, type=int)
    return otherwise if given is None else max(0, min(given, 2**62))


def _by_id(model: Any, ids: list[uuid.UUID]) -> dict[uuid.UUID, Any]:  # noqa: ANN401
    return {row.id: row for row in db.session.scalars(sa.select(model).where(model.id.in_(ids)))}


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.DECLARATION_DRAFT)
def new() -> ResponseReturnValue:
    """Begin a declaration from an account's words."""
    wanted = request.args.get("account", type=uuid.UUID)
    if wanted is None:
        raise NotThere
    account = db.session.get_one(Account, wanted)
    form = StartForm()
    if form.validate_on_submit():
        try:
            declaration = services.start_declaration(account, form.in_support_of.data or "")
        except Invalid:
            form.form_errors.append(_("This account has no words yet. Write down what happened first."))
        else:
            return redirect(url_for(".show", declaration_id=declaration.id), 303)
    incident = db.session.get_one(Incident, account.incident_id)
    page = render_template("declarations/new.html", form=form, account=account, incident=incident)
    return page, 422 if form.errors or form.form_errors else 200


@bp.get("/<uuid:declaration_id>")
@requires(Permission.DECLARATION_READ)
def show(declaration_id: uuid.UUID) -> ResponseReturnValue:
    """Show a declaration for review: paragraphs as on paper, their sources, the next step and what bars it."""
    return review_page(db.session.get_one(Declaration, declaration_id))


def review_page(
    declaration: Declaration,
    theirs: dict[str, str] | None = None,
    stale: uuid.UUID | None = None,
    typed: ParagraphForm | None = None,
) -> str:
    """Return the review page; after a conflict with both texts at the paragraph."""
    language = str(get_locale() or "en")
    found = paper.findings(declaration)
    steps = [s for s in gates.next_states(declaration) if gates.may_move(declaration, s)]
    items = evidence.items_of(declaration.incident_id)
    return render_template(
        "declarations/show.html",
        declaration=declaration,
        incident=db.session.get_one(Incident, declaration.incident_id),
        person=db.session.get_one(Person, declaration.person_id),
        editable=services.may_edit(declaration),
        may_export=current().may(Permission.DECLARATION_EXPORT, declaration.compartment_id),
        may_ask=current().may(Permission.DECLARATION_DRAFT, declaration.compartment_id),
        stale=stale,
        theirs=theirs or {},
        typed=typed,
        steps={to: gates.obstacles(declaration, to, language, found) for to in steps},
        seen=hash_of(declaration),
        findings=found,
        items=items,
        beside=_beside(declaration, items),
        comments=queries.comments_of(declaration.id),
        versions=queries.versions_of(declaration.id),
        bases=taxonomy("knowledge_basis").choices(language, plain=True),
        view=request.args.get("view", "both"),
        court_name=paper.court_of(declaration).name,
        oath=paper.oath_words(declaration),
        details=DetailsForm(formdata=None, obj=declaration),
        certificate=CertificateForm(formdata=None, data=declaration.certificate),
        comment_form=CommentForm(formdata=None),
        once_key=lambda: str(uuid.uuid4()),
        move_form=MoveForm(formdata=None),
        flow=_flow(declaration),
    )


def _beside(declaration: Declaration, items: list[EvidenceItem]) -> dict[str, Any] | None:
    """Return the file that a source's chip opens beside the text: the item, where in it, and how it can be shown."""
    wanted, named = request.args.get("source"), {item.id: item for item in items}
    for paragraph in declaration.paragraphs:
        for source in paragraph.sources:
            if str(source.id) == wanted and source.item_id in named:
                item = named[source.item_id]
                return {"item": item, "locator": source.locator, "fragment": media_fragment(source.locator),
                        "kind": viewable(item), "position": paragraph.position}  # fmt: skip
    return None


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
        gates.move(declaration, form.to.data or "", anyway=form.anyway.data == "yes", seen=form.seen.data or None)
    except NotNow as not_now:
        if not_now.why == "name_in_text":
            flash(_("Not locked: the true name stands in the text. Take it out, or put the true name on the paper."))
        else:
            flash(_("Not yet: see what is in the way."))
    except StaleVersion:
        flash(_("Not done: the text changed after you opened it. Read it again, then take the step."))
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
        services.describe(declaration, form.seen_version, **form.values)
    except Invalid:
        flash(_("The inside-US oath needs a reason. The wording valid everywhere is kept."))
    except StaleVersion:
        flash(_("Not saved: somebody else changed this meanwhile. It is shown as it stands now."))
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
    kept = {name: text or "" for name, text in form.values.items()}
    try:
        services.describe(declaration, form.seen_version, certificate=kept)
    except StaleVersion:
        flash(_("Not saved: somebody else changed this meanwhile. It is shown as it stands now."))
    else:
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


from intake.declarations import paper_views, paragraph_views  # noqa: E402, F401  (further addresses of this blueprint)
