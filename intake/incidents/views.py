"""Today, the list, the record, and what can be done on it."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake import db
from intake.access import notices
from intake.access.actor import current
from intake.access.models import Share
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.declarations import queries as declared
from intake.errors import Invalid
from intake.evidence import queries as evidence
from intake.incidents import claims, queries, services, sharing, tiers
from intake.incidents.forms import AccountForm, ClaimForm, DecisionForm, NoteForm, OpenForm, TierForm
from intake.incidents.models import ClaimTag, Incident
from intake.incidents.steps import STEPS
from intake.people.queries import consents_of
from intake.taxonomy import taxonomy
from intake.web import requires

bp = Blueprint("incidents", __name__)
PAGE = 50
_NUMBERS, _IDS = 2**63, 2**31  # what PostgreSQL's bigint and int hold


@bp.get("/")
@requires(Permission.SELF)
def today() -> ResponseReturnValue:
    """Show what waits for this user; whoever has another first page is sent there."""
    for permission, endpoint in (
        (Permission.INCIDENT_READ, ""), (Permission.AUDIT_READ, "admin.log"),
        (Permission.DEIDENTIFIED_READ, "deidentified.index"), (Permission.PEOPLE_MANAGE, "admin.people"),
    ):  # fmt: skip
        if current().may(permission):
            if endpoint:
                return redirect(url_for(endpoint))
            break
    waiting = declared.waiting_for(current())
    told = notices.waiting()
    return render_template("incidents/today.html", drafts=queries.unfinished(), waiting=waiting, notices=told)


@bp.get("/incidents")
@requires(Permission.INCIDENT_READ)
def index() -> ResponseReturnValue:
    """List incidents, newest first, 50 at a time."""
    before = request.args.get("before", type=int)
    lines = queries.newest(before if before is not None and 0 <= before < _NUMBERS else None, PAGE + 1)
    return render_template("incidents/index.html", lines=lines[:PAGE], more=len(lines) > PAGE)


@bp.route("/intakes/new", methods=["GET", "POST"])
@requires(Permission.INTAKE_OPEN)
def start() -> ResponseReturnValue:
    """Open an intake."""
    form = OpenForm()
    if form.validate_on_submit():
        account = services.open_intake(form.mode.data, form.language.data, form.interpreter.data)
        return redirect(url_for(".step", incident_id=account.incident_id, step=STEPS[0]), 303)
    return render_template("incidents/start.html", form=form), 422 if form.errors else 200


@bp.get("/incidents/<uuid:incident_id>")
@requires(Permission.INCIDENT_READ)
def show(incident_id: uuid.UUID) -> ResponseReturnValue:
    """Show a record: accounts side by side, evidence, declarations, claims, notes, history."""
    incident = db.session.get_one(Incident, incident_id)
    if incident.id in current().glass:
        record("glass_read", subject="incident", record_id=str(incident.id), compartment_id=incident.compartment_id)
    accounts = queries.accounts_of(incident.id)
    items, declarations = evidence.items_of(incident.id), declared.of_incident(incident.id)
    return render_template(
        "incidents/show.html",
        incident=incident,
        accounts=accounts,
        seen={account.id: queries.seen_of(account.id) for account, _person in accounts},
        consents={person.id: consents_of(person.id) for _account, person in accounts},
        scopes=taxonomy("consent_scope").terms,
        differing=queries.differences(accounts),
        items=items,
        declarations=declarations,
        claims=queries.claims_of(incident.id),
        notes=queries.notes_of(incident.id),
        shares=queries.shares_of(incident.id),
        partners=queries.partners_of(incident),
        history=queries.history_of(incident, [each.id for each in (*items, *declarations)]),
        claim_form=ClaimForm(), note_form=NoteForm(), account_form=AccountForm(), decision_form=DecisionForm(),
        tiers=tiers.reachable(incident), tier_form=TierForm(tier=str(incident.tier)),
        may_change=current().may_change(incident),
    )  # fmt: skip


@bp.post("/incidents/<uuid:incident_id>/accounts")
@requires(Permission.INCIDENT_EDIT)
def add_account(incident_id: uuid.UUID) -> ResponseReturnValue:
    """Begin another person's account of the same incident."""
    incident, form = db.session.get_one(Incident, incident_id), AccountForm()
    if not form.validate():
        raise Invalid(dict.fromkeys(form.errors, "wrong"))
    account = services.add_account(incident, form.language.data, form.role.data)
    return redirect(url_for(".step", incident_id=incident.id, step=STEPS[0], account=account.id), 303)


@bp.post("/incidents/<uuid:incident_id>/claims")
@requires(Permission.CLAIM_SUGGEST)
def suggest_claim(incident_id: uuid.UUID) -> ResponseReturnValue:
    """Suggest a claim on an incident."""
    incident, form = db.session.get_one(Incident, incident_id), ClaimForm()
    if not form.validate():
        raise Invalid(dict.fromkeys(form.errors, "wrong"))
    claims.suggest_claim(incident, form.code.data, form.reason.data or "")
    flash(_("The claim is suggested. An attorney decides."))
    return redirect(url_for(".show", incident_id=incident.id, _anchor="claims"), 303)


@bp.post("/claims/<uuid:tag_id>")
@requires(Permission.CLAIM_CONFIRM)
def decide_claim(tag_id: uuid.UUID) -> ResponseReturnValue:
    """Confirm or reject a suggested claim."""
    tag, form = db.session.get_one(ClaimTag, tag_id), DecisionForm()
    if not form.validate():
        raise Invalid({"decision": "unknown"})
    claims.decide_claim(tag, confirm=form.decision.data == "confirm")
    flash(_("Saved."))
    return redirect(url_for(".show", incident_id=tag.incident_id, _anchor="claims"), 303)


@bp.post("/incidents/<uuid:incident_id>/notes")
@requires(Permission.NOTE_WRITE)
def write_note(incident_id: uuid.UUID) -> ResponseReturnValue:
    """Add a working note."""
    incident, form = db.session.get_one(Incident, incident_id), NoteForm()
    if not form.validate():
        raise Invalid(dict.fromkeys(form.errors, "wrong"))
    claims.write_note(incident, form.text.data or "", form.language.data or "en")
    flash(_("Saved."))
    return redirect(url_for(".show", incident_id=incident.id, _anchor="notes"), 303)


@bp.post("/incidents/<uuid:incident_id>/share")
@requires(Permission.SHARE, fresh=True)
def share(incident_id: uuid.UUID) -> ResponseReturnValue:
    """Show the incident to another organisation of the matter, when every person agreed."""
    incident = db.session.get_one(Incident, incident_id)
    try:
        organisation = request.form.get("organisation", 0, type=int)
        sharing.share_incident(incident, organisation if 0 <= organisation < _IDS else 0)
    except Invalid:
        flash(_("This cannot be shared: a person in it has not agreed to share with co-counsel."))
    else:
        flash(_("Shared, read-only. You can end it at any time."))
    return redirect(url_for(".show", incident_id=incident.id, _anchor="shares"), 303)


@bp.post("/shares/<int(max=2147483647):share_id>/end")
@requires(Permission.SHARE)
def end_share(share_id: int) -> ResponseReturnValue:
    """End a share from the next request on."""
    shared = db.session.get_one(Share, share_id)
    sharing.revoke_share(shared)
    flash(_("Ended. They can no longer open it."))
    return redirect(url_for(".show", incident_id=shared.incident_id, _anchor="shares"), 303)


from intake.incidents import intake_views, masking_views, tier_views  # noqa: E402, F401  (their pages belong to the same blueprint)
