"""Setting a record's tier."""

from __future__ import annotations

import uuid

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake import db
from intake.access.policy import Permission
from intake.errors import Invalid
from intake.incidents import tiers
from intake.incidents.forms import TierForm
from intake.incidents.models import Incident
from intake.incidents.views import bp
from intake.web import requires


@bp.post("/incidents/<uuid:incident_id>/tier")
@requires(Permission.TIER_SET, fresh=True)
def set_tier(incident_id: uuid.UUID) -> ResponseReturnValue:
    """Say who may see this record."""
    incident, form = db.session.get_one(Incident, incident_id), TierForm()
    if not form.validate():
        raise Invalid({"tier": "unknown"})
    tiers.set_tier(incident, int(form.tier.data))
    flash(_("Saved. It holds from everybody's next page."))
    return redirect(url_for(".show", incident_id=incident.id, _anchor="tier"), 303)
