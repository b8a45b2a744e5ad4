"""Evidence: the uploader's addresses, the item's page, the ways to look at it and to copy it."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import escape

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.errors import StaleVersion
from intake.evidence import filenames, queries, services, uploads, words
from intake.evidence.forms import DescriptionForm, PartToSign, UploadStart
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Account, Incident
from intake.media import services as media_services
from intake.media.page import beside
from intake.storage import Storage
from intake.web import requires

bp = Blueprint("evidence", __name__)
bp.add_app_template_filter(filenames.shown, "file_name")
bp.add_app_template_filter(words.size_words, "file_size")
bp.add_app_template_filter(words.short_hash, "short_hash")
bp.add_app_template_filter(words.state_label, "evidence_label")
bp.add_app_template_filter(words.state_look, "evidence_look")
bp.add_app_template_filter(words.failure, "evidence_failure")


@bp.url_value_preprocessor
def _name_item(_endpoint: str | None, values: dict[str, uuid.UUID] | None) -> None:
    # Addresses say `id` as in every slice; a Python argument of that name would hide the built-in.
    if values and "id" in values:
        values["item_id"] = values.pop("id")


@bp.post("/incidents/<uuid:incident_id>/evidence/start")
@requires(Permission.EVIDENCE_ADD)
def start(incident_id: uuid.UUID) -> ResponseReturnValue:
    """Open an upload, or find the one that the same file began."""
    told = UploadStart.read(request.get_json())
    incident = db.session.get_one(Incident, incident_id)
    account = db.session.get_one(Account, told.account_id) if told.account_id else None
    item = uploads.start_upload(
        incident, account=account, filename=told.name, size=told.size, media_type=told.media_type,
        once_key=told.once_key, storage=opened_storage(),
    )  # fmt: skip
    addresses = {name: url_for(f".{name.removesuffix('_url')}", id=item.id) for name in _ADDRESSES}
    told_back = {"id": item.id, "key": item.object_key, "upload_id": item.upload_id, "part_size": item.part_size}
    return jsonify(**told_back, **addresses, state=item.state, received=bool(item.version_id)), 201


_ADDRESSES = ("sign_url", "complete_url", "abort_url", "state_url")


@bp.post("/evidence/<uuid:id>/sign")
@requires(Permission.EVIDENCE_ADD)
def sign(item_id: uuid.UUID) -> ResponseReturnValue:
    """Sign the sending of one part, or the listing of those that arrived. The right is checked each time."""
    part = PartToSign.read(request.get_json())
    if part is None:
        return jsonify(url=url_for(".parts", id=uploads.being_received(item_id).id), headers={})
    signed = uploads.sign_part(item_id, part.number, part.size, part.sha256, opened_storage())
    return jsonify(url=signed.url, headers=signed.headers)


@bp.get("/evidence/<uuid:id>/parts")
@requires(Permission.EVIDENCE_ADD)
def parts(item_id: uuid.UUID) -> ResponseReturnValue:
    """List the parts that arrived as S3 does, but all of them: S3 itself names a thousand at a time."""
    listed = "".join(
        f"<Part><PartNumber>{part.number}</PartNumber><ETag>{escape(part.etag)}</ETag><Size>{part.size}</Size></Part>"
        for part in uploads.arrived(item_id, opened_storage())
    )
    return Response(f"<ListPartsResult>{listed}</ListPartsResult>", mimetype="application/xml")


@bp.post("/evidence/<uuid:id>/complete")
@requires(Permission.EVIDENCE_ADD)
def complete(item_id: uuid.UUID) -> ResponseReturnValue:
    """Join the parts. What the browser says about them is not read: the store and our own rows know better."""
    item = uploads.complete(item_id, request.headers.get("X-Device-Sha256") or None, opened_storage())
    # The uploader speaks S3 and expects S3's answer.
    xml = (
        "<CompleteMultipartUploadResult><Location>about:blank</Location><Bucket>evidence</Bucket>"
        f'<Key>{item.object_key}</Key><ETag>"{item.id.hex}"</ETag></CompleteMultipartUploadResult>'
    )
    return Response(xml, mimetype="application/xml")


@bp.route("/evidence/<uuid:id>/abort", methods=["POST", "DELETE"])
@requires(Permission.EVIDENCE_ADD)
def abort(item_id: uuid.UUID) -> ResponseReturnValue:
    """Take a file off the list while it is being sent."""
    uploads.abort(item_id, opened_storage())
    return "", 204


@bp.get("/evidence/<uuid:id>/state")
@requires(Permission.EVIDENCE_READ)
def state(item_id: uuid.UUID) -> ResponseReturnValue:
    """Say how far the item is, in the reader's language."""
    item = db.session.get_one(EvidenceItem, item_id)
    return jsonify(
        state=item.state, label=words.state_label(item), detail=words.failure(item), sha256=item.sha256,
        received=bool(item.version_id),
    )  # fmt: skip


@bp.get("/evidence/<uuid:id>")
@requires(Permission.EVIDENCE_READ)
def show(item_id: uuid.UUID) -> ResponseReturnValue:
    """Show the item: is it unchanged, what is it, who had it."""
    item = db.session.get_one(EvidenceItem, item_id)
    return _page(item, DescriptionForm(formdata=None, obj=item))


@bp.post("/evidence/<uuid:id>")
@requires(Permission.EVIDENCE_ADD)
def describe(item_id: uuid.UUID) -> ResponseReturnValue:
    """Save the description; when somebody else saved first, show both texts."""
    item = db.session.get_one(EvidenceItem, item_id)
    form = DescriptionForm()
    if not form.validate():
        return _page(item, form), 422
    try:
        services.describe(item, form.seen_version, **form.values)
    except StaleVersion as stale:
        form.version.data = str(item.version)
        return _page(item, form, stale.theirs), 409
    flash(_("Saved."))
    return redirect(url_for(".show", id=item.id), code=303)


@bp.post("/evidence/<uuid:id>/check")
@requires(Permission.EVIDENCE_ADD)
def check(item_id: uuid.UUID) -> ResponseReturnValue:
    """Read the stored bytes back again, in the background."""
    item = db.session.get_one(EvidenceItem, item_id)
    services.ask_for_check(item)
    flash(_("The file is being read back. The custody list will say what was found."))
    return redirect(url_for(".show", id=item.id), code=303)


@bp.get("/evidence/<uuid:id>/media")
@requires(Permission.EVIDENCE_READ)
def media(item_id: uuid.UUID) -> ResponseReturnValue:
    """Send the player or the picture to the store, for five minutes; the viewing is in the custody list."""
    item = db.session.get_one(EvidenceItem, item_id)
    return redirect(media_services.viewing_address(item, opened_storage()))


@bp.get("/evidence/<uuid:id>/file")
@requires(Permission.EVIDENCE_READ)
def download(item_id: uuid.UUID) -> ResponseReturnValue:
    """Send the reader to the original in the store, for five minutes, always as a file to keep."""
    item = db.session.get_one(EvidenceItem, item_id)
    return redirect(services.copying_address(item, opened_storage()))


def _page(item: EvidenceItem, form: DescriptionForm, theirs: dict[str, str] | None = None) -> str:
    return render_template(
        "evidence/item.html",
        item=item,
        incident=db.session.get_one(Incident, item.incident_id),
        form=form,
        theirs=theirs or {},
        steps_words=words.STEPS,
        custody=queries.custody_of(item),
        copies=queries.copies_of(item),
        may_describe=current().may(Permission.EVIDENCE_ADD, item.compartment_id),
        **beside(item),
    )


def opened_storage() -> Storage:
    """Return the store that the program opened."""
    storage: Storage = current_app.extensions["storage"]
    return storage


from intake.evidence import batch_views, custody_views  # noqa: E402, F401  (further addresses of this blueprint)
