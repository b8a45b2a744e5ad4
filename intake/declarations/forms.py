"""What may be typed into a declaration."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length, Optional

from intake.incidents.fields import TermField
from intake.web import CaseForm

OATHS = [
    ("OA.UNIVERSAL", _("Valid everywhere: names the laws of the United States")),
    ("OA.US", _("Signed inside the United States: the shorter words")),
    ("OA.ABROAD", _("Signed outside the United States")),
]
LONG = 50_000  # characters of one paragraph


class StartForm(CaseForm):
    """A new declaration from an account."""

    in_support_of = StringField(
        _("In support of"),
        [Length(max=200)],
        description=_("For example: Plaintiffs' motion for a preliminary injunction."),
    )


class ParagraphForm(CaseForm):
    """One paragraph: text for the court, how the person knows it."""

    text = TextAreaField(_("Text for the court, in English"), [Length(max=LONG)], filters=[lambda t: t or ""])
    original = TextAreaField(_("In the person's own words"), [Length(max=LONG)], filters=[lambda t: t or ""])
    basis = TermField(_("How does the person know this?"), "knowledge_basis")
    heading = StringField(_("Heading before it"), [Length(max=200)], filters=[lambda t: t or ""])


class ShapeForm(CaseForm):
    """What to do with a paragraph: add after it, move, split, remove."""

    act = HiddenField(validators=[AnyOf(["add", "up", "down", "split", "remove"])])
    at = HiddenField()


class SourceForm(CaseForm):
    """Tie a paragraph to a file."""

    item = HiddenField(validators=[InputRequired()])
    locator = StringField(_("Second or page, such as 0:08-0:31"), [Length(max=60)])


class DetailsForm(CaseForm):
    """What stands around the text."""

    in_support_of = StringField(_("In support of"), [Length(max=200)], filters=[lambda t: t or ""])
    name_style = RadioField(
        _("Name on the paper"),
        choices=[
            ("pseudonym", _("Protected name")),
            ("initials", _("Initials, from the vault")),
            ("true_name", _("True name, from the vault")),
        ],
        default="pseudonym",
    )
    oath_form = SelectField(_("Oath"), choices=OATHS, default="OA.UNIVERSAL")
    oath_reason = StringField(_("Why the inside-US oath"), [Length(max=300)], filters=[lambda t: t or ""])
    executed_place = StringField(_("Signed at: city, state, country"), [Length(max=200)], filters=[lambda t: t or ""])
    executed_on = DateField(_("Signed on"), [Optional()])
    due_on = DateField(_("Due"), [Optional()])


class CertificateForm(CaseForm):
    """What the interpreter certifies (FRE 604)."""

    interpreter = StringField(_("Interpreter's name"), [Length(max=200)])
    languages = StringField(_("Language"), [Length(max=200)])
    qualification = StringField(_("Certification or experience"), [Length(max=500)])
    employer = StringField(_("Employer and relation to the parties"), [Length(max=300)])
    interpreter_kind = TermField(_("Kind of interpreter"), "interpreter_mode")
    mode = StringField(_("How: in person, by phone, by video"), [Length(max=100)])
    held_on = StringField(_("Day, from when to when"), [Length(max=100)])
    place = StringField(_("Place"), [Length(max=200)])
    present = StringField(_("Who was present"), [Length(max=300)])
    corrections = StringField(_("How many corrections were made"), [Length(max=100)])


class CommentForm(CaseForm):
    """A reviewer's question."""

    text = TextAreaField(_("Question"), [InputRequired(_("Write the question.")), Length(max=4000)])
    paragraph = HiddenField()


class MoveForm(CaseForm):
    """The next step."""

    to = HiddenField(validators=[InputRequired()])
    anyway = HiddenField()
    seen = HiddenField()


class ReadForm(CaseForm):
    """The person said yes to the paragraph of this version."""
