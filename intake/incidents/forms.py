"""What may be typed into the steps of an intake. Every question may be left blank; only consent blocks."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import IntegerField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField, TimeField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional

from intake.incidents.fields import NOT_ANSWERED, StateField, TermField, TermsField
from intake.incidents.services import MODES
from intake.incidents.steps import FACTORS, factor_field
from intake.incidents.uncertain import KINDS, PARTS
from intake.people.services import AGE_BANDS
from intake.web import CaseForm

LONG = 200_000  # characters; a narrative of a hundred pages still fits
URGENT = {
    "held": _("Someone is held right now"),
    "medical": _("Someone needs a doctor"),
    "child": _("A child is missing or alone"),
    "transfer": _("A move to another place is near"),
    "hearing": _("A hearing within 3 days"),
    "none": _("None of these"),
}
# Shown first; the others are one press away.
COMMON_AGENCIES = frozenset(
    {
        "AG.DHS",
        "AG.DHS.ICE",
        "AG.DHS.ICE.HSI",
        "AG.DHS.CBP",
        "AG.DHS.CBP.USBP",
        "AG.DOJ.FBI",
        "AG.DOJ.USMS",
        "AG.MIL.NG",
        "AG.LOC.LAPD",
        "AG.LOC.LASD",
        "AG.UNK.FED",
        "AG.UNK.MASKED",
        "AG.UNK.IMPERSON",
        "AG.UNK",
    }
)
SEALED = {
    "legal_name": _("Full name"),
    "safe_name": _("Name to use when we call"),
    "phone": _("Phone"),
    "safe_hours": _("Safe hours"),
    "trusted_person": _("A person they trust, and what that person may know"),
}
_MODES = {
    "hotline": _("Phone or hotline"),
    "clinic": _("Clinic"),
    "field": _("In the field"),
    "detention": _("Visit in detention"),
    "video": _("Video call"),
}
_KINDS = {
    "exact": _("Exact day"),
    "about": _("About this day"),
    "month": _("Month only"),
    "range": _("Between two days"),
    "year": _("Year only"),
    "unknown": _("Not known"),
}
_PARTS = {
    "before_dawn": _("Before dawn"),
    "morning": _("Morning"),
    "midday": _("Midday"),
    "afternoon": _("Afternoon"),
    "evening": _("Evening"),
    "night": _("Night"),
}
AGES = {
    "under_12": _("Under 12"),
    "12_17": _("12 to 17"),
    "18_24": _("18 to 24"),
    "25_44": _("25 to 44"),
    "45_64": _("45 to 64"),
    "65_up": _("65 or older"),
    "declined": _("Declined to say"),
    "unknown": _("Not known"),
    "not_asked": _("Not asked"),
}


_HOW = [("stated", _("An agent said it")), ("seen", _("They saw it")), ("inferred", _("They understood it so"))]
_YES_NO = [("yes", _("Yes")), ("no", _("No"))]


def _as_typed(text: str | None) -> str:
    # A form travels with CR LF at each line's end; what was typed and shown has LF.
    return (text or "").replace("\r\n", "\n")


class TierForm(CaseForm):
    """Who may see a record (tiers.py)."""

    tier = SelectField(
        _("Who may see it"),
        choices=[
            ("0", _("0, open to the matter")),
            ("1", _("1, confidential")),
            ("2", _("2, attorneys' eyes only")),
            ("3", _("3, sealed by a court")),
        ],
    )


class OpenForm(CaseForm):
    """A new intake."""

    mode = RadioField(
        _("How are you talking?"),
        [InputRequired(_("Choose how you are talking."))],
        choices=[(m, _MODES[m]) for m in MODES],
    )
    language = TermField(
        _("Language of the interview"),
        "language",
        validators=[InputRequired(_("Choose the language of the interview."))],
    )
    interpreter = RadioField(
        _("Is an interpreter helping?"), choices=[*_YES_NO, ("not_asked", _("Not asked"))], default="not_asked"
    )


class ConsentForm(CaseForm):
    """Safety and permissions. One field `cn_<code>` for each scope is added per request (steps.py)."""

    safe_now = RadioField(_("Is it safe to talk now?"), choices=[*_YES_NO, *NOT_ANSWERED], default="not_asked")
    safe_contact = TermsField(_("Safe ways to reach the person"), "safe_contact")
    urgent = SelectMultipleField(
        _("Is anything urgent?"),
        choices=list(URGENT.items()),
        description=_("Choose every one that fits. “None of these” is a full answer."),
    )
    criminal_case = RadioField(
        _("Is there an open criminal case?"), choices=[*_YES_NO, *NOT_ANSWERED], default="not_asked"
    )
    represented = TermField(_("Is there already a lawyer for this?"), "representation", reasons=True)


class PersonForm(CaseForm):
    """Who the person is. The first fields go to the vault and are never shown again without a reason."""

    legal_name = StringField(
        SEALED["legal_name"],
        [Length(max=200)],
        description=_("Kept sealed. Elsewhere only the protected name is shown."),
    )
    safe_name = StringField(SEALED["safe_name"], [Length(max=200)])
    phone = StringField(SEALED["phone"], [Length(max=200)])
    safe_hours = StringField(SEALED["safe_hours"], [Length(max=200)])
    trusted_person = StringField(SEALED["trusted_person"], [Length(max=500)])
    remove = SelectMultipleField(_("Remove what is sealed"), choices=list(SEALED.items()))
    age_band = SelectField(_("Age"), choices=[(a, AGES[a]) for a in AGE_BANDS], default="not_asked")
    city = StringField(_("City where the person lives"), [Length(max=120)], description=_("City only, no street."))
    city_state = StateField()
    language = TermField(_("Language the person speaks best"), "language")
    reads_language = SelectField(
        _("Do they read that language?"),
        choices=[("yes", _("Yes")), ("some", _("Some")), ("no", _("No")), *NOT_ANSWERED],
        default="not_asked",
    )
    variant_town = StringField(_("Town or variant of the language"), [Length(max=120)])
    role_in_incident = TermField(_("Their part in what happened"), "role_in_incident")


class StoryForm(CaseForm):
    """The person's own words, uninterrupted."""

    narrative_language = TermField(_("Language of these words"), "language")
    narrative = TextAreaField(
        _("What happened, in their own words"),
        [Length(max=LONG, message=_("This is longer than one account can hold. Please put the rest in a note."))],
        description=_("Write it as said. Do not tidy."),
        filters=[_as_typed],
    )
    title = StringField(
        _("Short neutral label for lists"),
        [Length(max=120)],
        description=_("For example: Car wash, two workers taken. No names."),
    )


class WhenWhereForm(CaseForm):
    """How sure comes first; the boxes follow it."""

    kind = RadioField(_("How sure is the date?"), choices=[(k, _KINDS[k]) for k in KINDS], default="unknown")
    day = StringField(_("Day"), [Length(max=4)])
    month = StringField(_("Month"), [Length(max=4)])
    year = StringField(_("Year"), [Length(max=6)])
    to_day = StringField(_("To day"), [Length(max=4)])
    to_month = StringField(_("To month"), [Length(max=4)])
    to_year = StringField(_("To year"), [Length(max=6)])
    part_of_day = SelectField(
        _("Part of the day"), choices=[("", _("Leave blank")), *((p, _PARTS[p]) for p in PARTS)], default=""
    )
    clock = TimeField(_("Or the time by the clock"), [Optional()])
    when_words = StringField(
        _("How they said it"), [Length(max=500)], description=_("For example: the day after payday, before lunch.")
    )
    place = StringField(_("Place"), [Length(max=200)], description=_("Type a neighborhood or a city."))
    site_name = StringField(_("Name of the place, such as a store or bus stop"), [Length(max=200)])
    cross_streets = StringField(_("Streets nearby"), [Length(max=200)])
    location_type = TermField(_("Kind of place"), "location_type")


class WhoForm(CaseForm):
    """Who was there, as seen. What counsel attributes is another matter."""

    agency = TermsField(
        _("What agencies did they seem to be?"),
        "agency",
        description=_("Masked, unmarked and not known are full answers."),
    )
    agency_told = StringField(_("What told them so?"), [Length(max=500)])
    agency_told_state = StateField()
    text_on_clothing = StringField(_("Words on clothing or vehicles"), [Length(max=500)])
    text_on_clothing_state = StateField()
    agents_low = IntegerField(_("At least how many"), [Optional(), NumberRange(0, 999)])
    agents_high = IntegerField(_("At most how many"), [Optional(), NumberRange(0, 999)])
    agents_state = StateField()
    appearance = TermsField(_("How they looked"), "appearance")
    identification = TermsField(_("Did they say or show who they were?"), "identification")
    identification_state = StateField()
    vehicle = TermsField(_("Vehicles"), "vehicle")
    question_asked = TermsField(_("What did they ask?"), "question_asked")
    first_words = StringField(_("Their first words, as said"), [Length(max=500)])
    first_words_state = StateField()
    tro_factor = TermsField(
        _("What did they go by?"), "tro_factor", description=_("What agents said or did that showed it.")
    )
    tro_factor_state = StateField()
    force = TermsField(_("Was force used?"), "force")
    force_state = StateField()


for _stem in map(factor_field, FACTORS):
    setattr(WhoForm, f"{_stem}_how", SelectField(_("How do they know?"), choices=_HOW, default="stated"))
    setattr(WhoForm, f"{_stem}_words", StringField(_("The words or the act"), [Length(max=500)]))


class InjuriesForm(CaseForm):
    """What came after. Only as far as the person wishes."""

    outcome = TermsField(_("What happened then?"), "outcome")
    outcome_state = StateField()
    minutes_held = IntegerField(_("About how many minutes were they held?"), [Optional(), NumberRange(0, 100_000)])
    minutes_held_state = StateField()
    warrant = TermsField(_("Was a paper shown?"), "warrant")
    warrant_state = StateField()
    harm = TextAreaField(_("Injuries or other harm, in their words"), [Length(max=20_000)], filters=[_as_typed])
    harm_state = StateField()
    losses = TextAreaField(_("Losses: wages, money, property"), [Length(max=20_000)], filters=[_as_typed])
    losses_state = StateField()


class ClaimForm(CaseForm):
    """A suggested claim, with why."""

    code = TermField(_("Claim"), "claim", validators=[InputRequired(_("Choose a claim."))])
    reason = TextAreaField(_("Why"), [Length(max=2000)])


class NoteForm(CaseForm):
    """A working note."""

    text = TextAreaField(_("Note"), [InputRequired(_("Write the note.")), Length(max=LONG)])
    language = RadioField(_("Language"), choices=[("en", "English"), ("es", "Español")], default="en")


class DecisionForm(CaseForm):
    """An attorney's decision on a claim."""

    decision = StringField(validators=[AnyOf(["confirm", "reject"])])


class AccountForm(CaseForm):
    """Another person's account of the same incident."""

    language = TermField(
        _("Language of this account"), "language", validators=[InputRequired(_("Choose the language."))]
    )
    role = TermField(_("Their part in what happened"), "role_in_incident")
