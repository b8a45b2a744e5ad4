"""Forms of sign-in and the own account."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, RadioField, StringField
from wtforms.validators import InputRequired, Length

from intake.web import CaseForm


class SignInForm(CaseForm):
    """E-mail and password. Paste and password managers work (WCAG 3.3.8)."""

    email = EmailField(_("E-mail"), [InputRequired(_("Type your e-mail.")), Length(max=254)])
    password = PasswordField(_("Password"), [InputRequired(_("Type your password.")), Length(max=512)])


class CodeForm(CaseForm):
    """The second step: six digits of an app, or a recovery code."""

    code = StringField(_("Code"), [InputRequired(_("Type the code.")), Length(max=40)])


class AgainForm(CodeForm):
    """The code once more; `to` and `kept` are what the page was about to do, and go on with afterwards."""

    to = HiddenField()
    kept = HiddenField()


class NameForm(CaseForm):
    """The name of a passkey, for its owner's list."""

    name = StringField(_("Name of the passkey"), [Length(max=60)], description=_("For example: my phone, blue key."))


class AuthenticatorForm(CodeForm):
    """The first code of a new authenticator app, and the offer that it answers."""

    offer = HiddenField()


class PasswordForm(CaseForm):
    """The password now, and the one to be."""

    also = frozenset({"username"})  # for password managers
    password = PasswordField(_("Password now"), [InputRequired(_("Type your password.")), Length(max=512)])
    new_password = PasswordField(
        _("New password"),
        [InputRequired(_("Type a new password.")), Length(max=512)],
        description=_("At least 15 characters. A few words that only you would put together are good."),
    )


class InvitationForm(CaseForm):
    """The code of an invitation."""

    code = StringField(_("Code of the invitation"), [InputRequired(_("Type the code.")), Length(max=40)])


class InvitedPasswordForm(CaseForm):
    """A new account's password, or the one that stays."""

    also = frozenset({"username"})  # for password managers
    password = PasswordField(_("Password"), [InputRequired(_("Type a password.")), Length(max=512)])


class InviteForm(CaseForm):
    """What a colleague lost: the second step (nothing said), the password, or both."""

    password_lost = HiddenField()
    start_over = HiddenField()


class AccountForm(CaseForm):
    """The user's own language and shortcuts (WCAG 2.1.4: single keys can be turned off)."""

    language = RadioField(_("Language"), choices=[("en", "English"), ("es", "Español")])
    single_key_shortcuts = BooleanField(_("Single-letter keyboard shortcuts"))
