"""Forms of the people page."""

from __future__ import annotations

from wtforms import HiddenField, StringField
from wtforms.validators import AnyOf, InputRequired

from intake.access.policy import Role
from intake.web import CaseForm


class RoleForm(CaseForm):
    """Another role for a colleague."""

    role = StringField(validators=[InputRequired(), AnyOf([role.value for role in Role])])


class ActiveForm(CaseForm):
    """Enable ("yes") or disable ("no") a colleague."""

    active = HiddenField(validators=[AnyOf(["yes", "no"])])
