"""Recordings that others hold: the clock from the earliest moment, the board, the letter without a name."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import docx
import pytest
import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.errors import Invalid, NotNow, NotThere
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Account, Incident
from intake.people.models import Person
from intake.people.vault import seal_identity
from intake.preservation import letters, queries, services
from intake.preservation.clock import ZONE, Clock, clock, window
from intake.preservation.kinds import kinds, letter_words
from intake.preservation.models import PotentialSource
from tests.browser import Browser
from tests.factories import an_account, an_incident

Acting = Callable[[str], AbstractContextManager[Actor]]
NAME = "Ximena Quetzalcoatl Inventada"


def _source(acting: Acting, who: str = "attorney", code: str = "PS.STORE", **incident: object) -> uuid.UUID:
    with acting(who):
        made = services.suspect(an_incident(**incident), code)
        return made.id


def _days_ago(days: int) -> dt.date:
    return dt.datetime.now(ZONE).date() - dt.timedelta(days=days)


def test_every_kind_says_how_long_it_keeps_and_how_we_know() -> None:
    assert {"PS.STORE", "PS.BUS", "PS.HOME", "PS.BWC", "PS.911", "PS.PHONE"} <= set(kinds())
    for each in kinds().values():
        assert 0 < each.days_low <= each.days_high
        assert each.source
        assert each.label != each.label_es
        assert each.status == "verify"
    assert set(letter_words("en")) == set(letter_words("es"))


@pytest.mark.parametrize(
    ("part", "clock_time", "hours"),
    [(None, None, (0, 24)), ("morning", None, (6, 12)), (None, dt.time(15, 30), (14.5, 16.5))],
    ids=["whole_days", "part_of_day", "clock_time"],
)
def test_the_window_is_as_wide_as_what_is_known(
    part: str | None, clock_time: dt.time | None, hours: tuple[float, float]
) -> None:
    incident = Incident(
        earliest=dt.date(2025, 6, 11), latest=dt.date(2025, 6, 13), part_of_day=part, clock_time=clock_time
    )
    found = window(incident)
    assert found is not None
    first, last = found
    assert first == dt.datetime(2025, 6, 11, tzinfo=ZONE) + dt.timedelta(hours=hours[0])
    assert last == dt.datetime(2025, 6, 13, tzinfo=ZONE) + dt.timedelta(hours=hours[1])


def test_the_clock_counts_from_the_earliest_day_and_turns_red_at_seventy_two_hours() -> None:
    source = PotentialSource(kind="PS.STORE", days_low=7, days_high=30)
    running = clock(source, Incident(earliest=dt.date(2025, 6, 10), latest=dt.date(2025, 6, 20)))
    assert isinstance(running, Clock)
    assert running.may_go == dt.datetime(2025, 6, 17, tzinfo=ZONE)
    assert not running.urgent(running.may_go - dt.timedelta(hours=73))
    assert running.urgent(running.may_go - dt.timedelta(hours=72))
    assert clock(source, Incident()) is None


def test_the_clocks_of_the_night_when_the_clocks_change_are_right() -> None:
    source = PotentialSource(kind="PS.HOME", days_low=3, days_high=60)
    running = clock(source, Incident(earliest=dt.date(2025, 11, 1), latest=dt.date(2025, 11, 1)))
    assert running is not None
    assert running.may_go.astimezone(ZONE).hour == 0
    assert running.hours_left(running.began.astimezone(dt.UTC)) == pytest.approx(73, abs=1.01)


def test_the_board_sorts_by_what_goes_first_and_puts_the_undated_on_top(acting: Acting, as_attorney: Browser) -> None:
    later = _source(acting, earliest=_days_ago(1), latest=_days_ago(1), code="PS.911")
    sooner = _source(acting, earliest=_days_ago(5), latest=_days_ago(1))
    undated = _source(acting)
    with acting("attorney"):
        order = [line.source.id for line in queries.board()]
    assert [i for i in order if i in {later, sooner, undated}] == [undated, sooner, later]
    page = as_attorney.get("/recordings").get_data(as_text=True)
    assert "may be gone within three days" in page


def test_each_ticked_kind_of_the_quick_question_starts_one_clock(acting: Acting, as_intake: Browser) -> None:
    with acting("intake"):
        incident = an_incident(earliest=_days_ago(1), latest=_days_ago(1)).id
    form = {"kinds": ["PS.STORE", "PS.911"], "back": "files"}
    for _ in range(2):
        answer = as_intake.post(f"/incidents/{incident}/recordings", form, once=None)
        assert answer.status_code == 303
        assert answer.location.endswith("/intake/files")
    with acting("intake"):
        assert [line.source.kind for line in queries.of_incident(incident)] == ["PS.STORE", "PS.911"]
    page = as_intake.get(f"/incidents/{incident}/intake/files").get_data(as_text=True)
    assert 'value="PS.STORE" checked disabled' in page
    assert as_intake.post(f"/incidents/{incident}/recordings", {"kinds": ["PS.NONE"]}, once=None).status_code == 422


def test_a_guess_can_be_corrected_and_the_first_editor_is_not_overwritten(
    acting: Acting, as_paralegal: Browser
) -> None:
    source = _source(acting, "paralegal", earliest=_days_ago(1), latest=_days_ago(1))
    told = {"what": "over the exit", "days_low": "3", "days_high": "5", "days_basis": "the manager said so"}
    assert as_paralegal.post(f"/recordings/{source}", told | {"version": "1"}, once=None).status_code == 303
    stale = as_paralegal.post(f"/recordings/{source}", told | {"version": "1", "what": "other"}, once=None)
    assert stale.status_code == 409
    assert "over the exit" in stale.get_data(as_text=True)
    with acting("paralegal"):
        line = queries.line(source)
        assert (line.source.days_low, line.source.days_high) == (3, 5)
        with pytest.raises(Invalid):
            services.describe(line.source, line.source.version, days_low=9, days_high=2)


def test_obtained_needs_a_file_of_the_same_incident(acting: Acting) -> None:
    with acting("attorney"):
        account = an_account()
        source = services.suspect(account.incident, "PS.STORE")
        other = an_account()
        files = [_a_file(account), _a_file(other)]
        with pytest.raises(NotNow):
            services.move(source, "obtained")
        with pytest.raises(NotThere):
            services.move(source, "obtained", item_id=files[1])
        services.move(source, "obtained", item_id=files[0])
        assert source.item_id == files[0]
        services.move(source, "promised", sent_on=dt.date(2025, 6, 20))
        assert source.item_id is None
        assert source.sent_on == dt.date(2025, 6, 20)


def _a_file(account: Account) -> uuid.UUID:
    values = {"incident_id": account.incident_id, "compartment_id": account.compartment_id}
    item = EvidenceItem(
        **values, opened_by_id=account.opened_by_id, filename="a.mp4", size=1, once_key=uuid.uuid4(), object_key=uuid.uuid4().hex
    )  # fmt: skip
    db.session.add(item)
    db.session.flush()
    return item.id


def test_the_letter_names_place_time_and_camera_and_nobody(acting: Acting) -> None:
    with acting("attorney"):
        account = an_account(narrative=f"My name is {NAME} and I sell flowers.")
        incident = account.incident
        incident.earliest, incident.latest = dt.date(2025, 6, 11), dt.date(2025, 6, 13)
        incident.site_name, incident.place = "Example Hardware", "Westlake, Los Angeles"
        seal_identity(db.session.get_one(Person, account.person_id), {"legal_name": NAME, "phone": "555 010 7788"})
        source = services.suspect(incident, "PS.STORE", what="camera over the exit", holder="Example Hardware")
        pdf, word = letters.paper(source, "pdf"), letters.paper(source, "docx", "es")
    text = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()
    told = " ".join(text.split())
    assert "camera over the exit" in told
    assert "from Wednesday, June 11, 2025 through the end of Friday, June 13, 2025" in told
    assert "Westlake, Los Angeles" in told
    assert "The exact time is not known" in told
    spanish = "\n".join(p.text for p in docx.Document(io.BytesIO(word)).paragraphs)
    assert "Por favor conserve toda grabación" in spanish
    for part in (*NAME.split(), "7788", "flowers"):
        assert part.lower() not in (text + spanish).lower()
        assert part.encode() not in pdf


def test_a_letters_hours_say_whose_clock_they_are_and_its_word_file_says_nothing_of_its_making(acting: Acting) -> None:
    with acting("attorney"):
        day = dt.date(2025, 6, 11)
        source = services.suspect(an_incident(earliest=day, latest=day, clock_time=dt.time(15, 30)), "PS.BWC")
        spanish, word = letters.letter(source, "es"), letters.paper(source, "docx", "es")
    assert "Fecha y hora (hora de Los Ángeles): desde el miércoles 11 de junio de 2025, 2:30" in spanish.paragraphs[2]
    assert spanish.paragraphs[2].endswith("p.m.")
    assert ".." not in " ".join(spanish.paragraphs)
    properties = docx.Document(io.BytesIO(word)).core_properties
    assert (properties.author, properties.comments, properties.last_modified_by) == ("", "", "")
    assert properties.created is not None
    assert properties.created.date() == spanish.made


def test_a_letter_in_which_a_name_was_typed_does_not_leave(acting: Acting) -> None:
    with acting("attorney"):
        account = an_account()
        seal_identity(db.session.get_one(Person, account.person_id), {"legal_name": NAME})
        source = services.suspect(account.incident, "PS.HOME", what=f"door of {NAME.title()}")
        assert letters.private_in(letters.letter(source), account.incident_id) == ["name"]
        with pytest.raises(NotNow):
            letters.paper(source, "pdf")
        source.what = "camera of the Quetzalcoatl bakery"
        assert letters.private_in(letters.letter(source), account.incident_id) == ["name_part"]
        assert letters.paper(source, "pdf")
        source.what = "door camera, call (213) 555-0144"
        with pytest.raises(NotNow):
            letters.paper(source, "docx")


def test_a_letter_that_leaves_is_in_the_log(acting: Acting, as_attorney: Browser, owner: sa.Connection) -> None:
    source = _source(acting, earliest=_days_ago(1), latest=_days_ago(1))
    answer = as_attorney.get(f"/recordings/{source}/letter.pdf")
    assert answer.status_code == 200
    assert "preservation-" in answer.headers["Content-Disposition"]
    found = "select count(*) from audit.event where kind = 'export' and record_id = :id"
    assert owner.execute(sa.text(found), {"id": str(source)}).scalar_one() == 1


def test_another_organisation_never_sees_a_source_of_a_shared_record(acting: Acting, owner: sa.Connection) -> None:
    source = _source(acting)
    with acting("cocounsel"):
        assert queries.board() == []
        with pytest.raises(sa.exc.NoResultFound):
            queries.line(source)
