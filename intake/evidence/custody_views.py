"""Custody: how an item came, its report, certificates, holds, and destruction by order of a court."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.audit.state import state
from intake.errors import Invalid, NotNow, StaleVersion
from intake.evidence import certificates, custody_report, holds, origins, services
from intake.evidence import custody_queries as queries
from intake.evidence import custody_words as words
from intake.evidence.custody_forms import CertificateForm, DestructionForm, HoldForm, LiftForm, OriginForm
from intake.evidence.custody_models import Destruction, LegalHold
from intake.evidence.models import EvidenceItem
from intake.evidence.views import bp
from intake.incidents.models import Incident
from intake.settings import Settings
from intake.web import requires

bp.add_app_template_filter(words.step_words, "step_words")
bp.add_app_template_filter(words.step_detail, "step_detail")


@bp.app_template_global("custody_beside")
def _beside(item: EvidenceItem) -> dict[str, Any]:
    """Return what the item's own page says of its custody."""
    kept = origins.origin_of(item)
    return {
        "form": OriginForm(formdata=None, obj=kept, prefix=""),
        "rows": custody_report.origin_rows(kept, _language()),
        "order": queries.destruction_of(item),
        "held": bool(queries.holds_on(item.incident_id, item.compartment_id)),
    }


@bp.get("/evidence/<uuid:id>/custody")
@requires(Permission.EVIDENCE_READ)
def custody(item_id: uuid.UUID) -> ResponseReturnValue:
    """Show the custody report: the file, how it came, every step, holds and orders."""
    return _custody_page(db.session.get_one(EvidenceItem, item_id))


@bp.get("/evidence/<uuid:id>/custody.pdf")
@requires(Permission.EVIDENCE_READ)
def custody_pdf(item_id: uuid.UUID) -> ResponseReturnValue:
    """Send the custody report as PDF."""
    item = db.session.get_one(EvidenceItem, item_id)
    body = custody_report.pdf(custody_report.report_of(item))
    return _file(body, "application/pdf", f"custody-{str(item.id)[-12:]}.pdf")


@bp.post("/evidence/<uuid:id>/origin")
@requires(Permission.EVIDENCE_ADD)
def origin(item_id: uuid.UUID) -> ResponseReturnValue:
    """Save how the item came; when somebody else saved first, show both."""
    item = db.session.get_one(EvidenceItem, item_id)
    form = OriginForm()
    if not form.validate():
        return _custody_page(item, origin_form=form), 422
    try:
        told = {name: text or "" for name, text in form.values.items() if name != "got_on"}
        origins.tell_origin(item, form.seen_version, form.got_on.data, **told)
    except StaleVersion as stale:
        kept = origins.origin_of(item)
        form.version.data = str(kept.version) if kept else ""
        return _custody_page(item, origin_form=form, theirs=stale.theirs), 409
    except Invalid as invalid:
        return _custody_page(item, origin_form=_marked(form, invalid)), 422
    flash(_("Saved."))
    return redirect(url_for(".custody", id=item.id), code=303)


@bp.get("/evidence/certificate")
@requires(Permission.EVIDENCE_CERTIFY)
def certificate() -> ResponseReturnValue:
    """Choose files: of one incident (?incident=), these (?item=), or the newest of all."""
    return _certificate_page(CertificateForm(formdata=None, items=request.args.getlist("item")))


@bp.post("/evidence/certificate")
@requires(Permission.EVIDENCE_CERTIFY)
def draft_certificate() -> ResponseReturnValue:
    """Send the draft of the FRE 902(14) certificate, or say which check is in the way."""
    form = CertificateForm()
    chosen = queries.chosen(_ids(form.items.data or []))
    try:
        days = _settings().certificate_check_days
        draft = certificates.files_certificate(chosen, form.form.data, form.oath.data, days)
    except NotNow as barred:
        return _certificate_page(form, barred.why), 409
    except Invalid as invalid:
        return _certificate_page(form, invalid.fields.get("items", "none")), 422
    return _file(draft.body, draft.media_type, draft.filename)


@bp.post("/evidence/certificate/check")
@requires(Permission.EVIDENCE_CERTIFY)
def check_chosen() -> ResponseReturnValue:
    """Read the chosen files back again, in the background."""
    form = CertificateForm()
    chosen = queries.chosen(_ids(form.items.data or []))
    for item in chosen:
        services.ask_for_check(item)
    flash(_("The files are being read again. Load this page again in a minute."))
    ids = [str(item.id) for item in chosen]
    return redirect(url_for(".certificate", item=ids, incident=request.args.get("incident")), code=303)


@bp.post("/evidence/certificate/log")
@requires(Permission.EVIDENCE_CERTIFY)
def draft_log_certificate() -> ResponseReturnValue:
    """Send the draft of the FRE 902(13) certificate of the log."""
    form = CertificateForm()
    compartment_id = current().compartment_for(Permission.EVIDENCE_CERTIFY)
    try:
        draft = certificates.log_certificate(state(), form.form.data, form.oath.data, compartment_id)
    except NotNow as barred:
        return _certificate_page(CertificateForm(formdata=None), barred.why), 409
    return _file(draft.body, draft.media_type, draft.filename)


@bp.get("/holds")
@requires(Permission.EVIDENCE_HOLD)
def all_holds() -> ResponseReturnValue:
    """List the holds that stand, and place one on the whole matter."""
    return _holds_page(HoldForm(formdata=None))


@bp.post("/holds")
@requires(Permission.EVIDENCE_HOLD)
def hold_matter() -> ResponseReturnValue:
    """Place a hold on the whole matter."""
    form = HoldForm()
    if not form.validate():
        return _holds_page(form), 422
    holds.place_hold(None, form.reason.data, form.reference.data or "")
    flash(_("The hold stands. Nothing of the matter can be destroyed."))
    return redirect(url_for(".all_holds"), code=303)


@bp.route("/incidents/<uuid:incident_id>/hold", methods=["GET", "POST"])
@requires(Permission.EVIDENCE_HOLD)
def hold_incident(incident_id: uuid.UUID) -> ResponseReturnValue:
    """Place a hold on one incident."""
    incident, form = db.session.get_one(Incident, incident_id), HoldForm()
    if form.validate_on_submit():
        holds.place_hold(incident, form.reason.data, form.reference.data or "")
        flash(_("The hold stands. Nothing of this record can be destroyed."))
        return redirect(url_for("incidents.show", incident_id=incident.id), code=303)
    return _holds_page(form, incident), 422 if form.errors else 200


@bp.post("/holds/<uuid:hold_id>/lift")
@requires(Permission.EVIDENCE_HOLD, fresh=True)
def lift_hold(hold_id: uuid.UUID) -> ResponseReturnValue:
    """Lift a hold, with a reason and a fresh sign-in."""
    hold, form = db.session.get_one(LegalHold, hold_id), LiftForm()
    if not form.validate():
        flash(_("Please say why the hold ends."))
        return redirect(url_for(".all_holds"), code=303)
    holds.lift_hold(hold, form.why.data or "")
    flash(_("The hold is lifted."))
    return redirect(url_for(".all_holds"), code=303)


@bp.post("/evidence/<uuid:id>/destruction")
@requires(Permission.EVIDENCE_DESTROY, fresh=True)
def ask_destruction(item_id: uuid.UUID) -> ResponseReturnValue:
    """Ask for the item's destruction by order of a court."""
    item, form = db.session.get_one(EvidenceItem, item_id), DestructionForm()
    if not form.validate() or form.ordered_on.data is None:
        return _custody_page(item, destruction_form=form), 422
    try:
        mode = _settings().s3_lock_mode
        holds.ask_destruction(item, form.authority.data or "", form.ordered_on.data, lock_mode=mode)
    except Invalid as invalid:
        return _custody_page(item, destruction_form=_marked(form, invalid)), 422
    except NotNow as barred:
        return _custody_page(item, destruction_form=form, barred=barred.why), 409
    flash(_("Asked. A second supervising attorney decides."))
    return redirect(url_for(".custody", id=item.id), code=303)


@bp.post("/destructions/<uuid:order_id>")
@requires(Permission.EVIDENCE_DESTROY, fresh=True)
def decide_destruction(order_id: uuid.UUID) -> ResponseReturnValue:
    """Approve or refuse somebody else's order."""
    order = db.session.get_one(Destruction, order_id)
    approve = request.form.get("decision") == "approve"
    try:
        holds.decide_destruction(order, approve=approve, lock_mode=_settings().s3_lock_mode)
    except NotNow as barred:
        item = db.session.get_one(EvidenceItem, order.item_id)
        return _custody_page(item, barred=barred.why), 409
    flash(_("Approved. It is being destroyed.") if approve else _("Refused. The file stays."))
    return redirect(url_for(".custody", id=order.item_id), code=303)


def _custody_page(item: EvidenceItem, **forms: Any) -> str:  # noqa: ANN401
    report = custody_report.report_of(item)
    kept = report.origin
    known = {"origin_form": OriginForm(formdata=None, obj=kept), "destruction_form": DestructionForm(formdata=None)}
    return render_template(
        "evidence/custody.html",
        report=report,
        item=item,
        origin_rows=custody_report.origin_rows(kept, _language()),
        orders=words.ORDERS,
        barred=str(words.NOT_DESTROYED.get(forms.pop("barred", ""), "")),
        theirs=forms.pop("theirs", {}),
        may_add=current().may(Permission.EVIDENCE_ADD, item.compartment_id) and item.state != "destroyed",
        may_destroy=current().may(Permission.EVIDENCE_DESTROY, item.compartment_id),
        **(known | forms),
    )


def _certificate_page(form: CertificateForm, why: str = "") -> str:
    incident = _incident_asked()
    items = queries.choosable(incident.id if incident else None)
    listed = {item.id for item in items}
    items += [item for item in queries.chosen(_ids(form.items.data or [])) if item.id not in listed]
    compartment = items[0].compartment_id if items else current().compartment_for(Permission.EVIDENCE_CERTIFY)
    form.oath.choices = [(code, words.OATHS.get(code, code)) for code in certificates.oaths(compartment)]
    days = _settings().certificate_check_days
    red = {item.id: words.RED[code] for item in items if (code := certificates.why_red(item, days))}
    return render_template(
        "evidence/certificate.html",
        form=form,
        items=items,
        chosen=set(form.items.data or []),
        red=red,
        incident=incident,
        blocked=str(words.BLOCKED[why]) if why else "",
        once_key=str(uuid.uuid4()),
        rules=[rule for rule in origins.rules()["rule"] if rule["id"] in {"902_14", "notice", "oath"}],
    )


def _holds_page(form: HoldForm, incident: Incident | None = None) -> str:
    standing = queries.standing_holds()
    return render_template(
        "evidence/holds.html",
        form=form,
        lift=LiftForm(formdata=None),
        incident=incident,
        holds=standing,
        incidents={i.id: i for i in queries.incidents_of(standing)},
        names=queries.names_of(hold.placed_by_id for hold in standing),
    )


def _incident_asked() -> Incident | None:
    if "incident" not in request.args:
        return None
    found: Incident = db.session.get_one(Incident, _ids([request.args["incident"]])[0])
    return found


def _ids(texts: list[str]) -> list[uuid.UUID]:
    # What is no identifier is not there, like an identifier that nobody has.
    try:
        return [uuid.UUID(text) for text in texts]
    except ValueError as wrong:
        raise NotFound from wrong


def _marked(form: Any, invalid: Invalid) -> Any:  # noqa: ANN401
    said = {"private": _("This looks like a private number. Leave it out."), "future": _("This day is still to come.")}
    for name, code in invalid.fields.items():
        form[name].errors = [*form[name].errors, said.get(code, _("Please look at this again."))]
    return form


def _file(body: bytes, media_type: str, name: str) -> Response:
    return Response(body, mimetype=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _language() -> str:
    return str(get_locale() or "en")


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
