"""Notes, transcripts, flags and counters beside a file: who writes, who reads, who is told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.declarations.models import ParagraphSource
from intake.declarations.services import start_declaration
from intake.errors import Invalid, NotAllowed, StaleVersion
from intake.evidence import custody
from intake.evidence.models import EvidenceItem
from intake.viewing import queries, services
from intake.viewing.models import MediaNote, Transcript
from intake.viewing.services import Remark
from tests.browser import Browser
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


def _item(acting: Acting, who: str = "attorney") -> uuid.UUID:
    with acting(who):
        account = an_account()
        place = {"incident_id": account.incident_id, "compartment_id": account.compartment_id}
        item = EvidenceItem(
            **place, opened_by_id=account.opened_by_id, filename="a.mp4", size=1, once_key=uuid.uuid4(), object_key=uuid.uuid4().hex
        )  # fmt: skip
        db.session.add(item)
        db.session.flush()
        return item.id


def _of(item_id: uuid.UUID) -> EvidenceItem:
    return db.session.get_one(EvidenceItem, item_id)


def test_a_note_stands_at_its_moment_with_its_claims_and_is_cited_by_its_span(acting: Acting) -> None:
    item_id = _item(acting)
    with acting("attorney"):
        services.write_note(_of(item_id), Remark("page", page=3))
        note = services.write_note(_of(item_id), Remark("they pull him", at=8000, until=31500, codes=("CL.4A.ARREST",)))
        assert services.locator(note) == "0:08-0:31.5"
        assert [services.locator(n) for n, _who in queries.notes_of(item_id)] == ["0:08-0:31.5", "p. 3"]


@pytest.mark.parametrize(
    "told",
    [{"text": " "}, {"text": "x", "at": 5, "until": 4}, {"text": "x", "until": 4}, {"text": "x", "at": 1, "page": 1}, {"text": "x", "codes": ("CL.NONE",)}],
    ids=["wordless", "backwards", "endless", "both", "claim"],
)  # fmt: skip
def test_a_note_that_cannot_be_is_refused(acting: Acting, told: dict[str, object]) -> None:
    item_id = _item(acting)
    with acting("attorney"), pytest.raises(Invalid):
        services.write_note(_of(item_id), Remark(**told))  # type: ignore[arg-type]


def test_only_its_author_changes_a_note_and_the_second_of_two_editors_is_told(acting: Acting) -> None:
    item_id = _item(acting)
    with acting("attorney"):
        note_id = services.write_note(_of(item_id), Remark("first", at=1)).id
    with acting("paralegal"), pytest.raises(NotAllowed):
        services.change_note(db.session.get_one(MediaNote, note_id), 1, Remark("mine", at=1))
    with acting("attorney"):
        note = db.session.get_one(MediaNote, note_id)
        services.change_note(note, 1, Remark("second", at=1))
        with pytest.raises(StaleVersion):
            services.change_note(note, 1, Remark("third", at=1))
        services.take_note_off(note)
        assert queries.notes_of(item_id) == []


def test_a_paralegal_writes_notes_but_puts_no_claim_on_a_moment(acting: Acting) -> None:
    item_id = _item(acting)
    with acting("paralegal"):
        services.write_note(_of(item_id), Remark("clear face at 0:12", at=12000))
        with pytest.raises(NotAllowed):
            services.write_note(_of(item_id), Remark("stop", at=1, codes=("CL.4A.STOP",)))


def test_notes_of_a_shared_record_stay_with_their_organisation_and_transcripts_go_along(
    acting: Acting, owner: sa.Connection, world: World
) -> None:
    item_id = _item(acting)
    with acting("attorney"):
        services.write_note(_of(item_id), Remark("our theory", at=1))
        services.keep_transcript(_of(item_id), "no papers", "en", translation=False)
    share = "insert into share (incident_id, compartment_id, opened_by_id, to_compartment_id) select incident_id, compartment_id, opened_by_id, :to from evidence_item where id = :id"
    owner.execute(sa.text(share), {"to": world.other_compartment, "id": item_id})
    with acting("cocounsel"):
        assert queries.notes_of(item_id) == []
        assert [t.cues[0]["text"] for t in queries.transcripts_of(item_id)] == ["no papers"]
        with pytest.raises(NotAllowed):
            services.write_note(_of(item_id), Remark("x"))
        with pytest.raises(NotAllowed):
            services.flag(_of(item_id), ["injury"])


def test_there_is_one_transcript_for_each_language_and_an_older_screen_does_not_overwrite_it(acting: Acting) -> None:
    item_id = _item(acting)
    with acting("paralegal"):
        services.keep_transcript(_of(item_id), "uno", "es", translation=False)
        services.keep_transcript(_of(item_id), "one", "en", translation=True)
        with pytest.raises(StaleVersion) as stale:
            services.keep_transcript(_of(item_id), "dos", "es", translation=False)
        assert stale.value.theirs == {"text": "uno"}
        services.keep_transcript(_of(item_id), "dos", "es", translation=False, version=1)
        assert [(t.language, t.cues[0]["text"]) for t in queries.transcripts_of(item_id)] == [
            ("es", "dos"),
            ("en", "one"),
        ]


def test_captions_are_served_only_while_the_file_may_be_opened(
    acting: Acting, as_attorney: Browser, owner: sa.Connection
) -> None:
    item_id = _item(acting)
    with acting("attorney"):
        text = "WEBVTT\n\n00:01.000 --> 00:02.000\nno papers"
        transcript: Transcript = services.keep_transcript(_of(item_id), text, "en", translation=False)
        address = f"/transcripts/{transcript.id}.vtt"
    assert as_attorney.get(address).status_code == 409
    sealed = "update evidence_item set state = 'sealed', sha256 = 'a', version_id = 'v', sealed_at = now(), check_ok = true, scan = 'clean' where id = :id"
    owner.execute(sa.text(sealed), {"id": item_id})
    answer = as_attorney.get(address)
    assert answer.content_type == "text/vtt; charset=utf-8"
    assert "no papers" in answer.get_data(as_text=True)


def test_the_counter_counts_files_not_looks_and_only_ones_own(acting: Acting) -> None:
    first, second = _item(acting), _item(acting)
    with acting("attorney"):
        before = queries.opened_today()
        for item_id in (first, first, second):
            custody.note(_of(item_id), "viewed")
        assert queries.opened_today() == before + 2
    with acting("paralegal"):
        assert queries.opened_today() == 0


def test_each_person_says_how_hard_files_begin_and_a_flag_says_why(acting: Acting) -> None:
    item_id = _item(acting)
    with acting("attorney"):
        services.flag(_of(item_id), ["injury", "child"])
        services.flag(_of(item_id), ["violence"])
        assert queries.flags_of(item_id) == ["violence"]
        with pytest.raises(Invalid):
            services.flag(_of(item_id), ["boring"])
        services.prefer("transcript")
        assert queries.starts() == "transcript"
    with acting("paralegal"):
        assert queries.starts() == "covered"


def test_a_note_is_cited_in_a_paragraph_by_its_place(acting: Acting, as_attorney: Browser) -> None:
    with acting("attorney"):
        account = an_account()
        place = {"incident_id": account.incident_id, "compartment_id": account.compartment_id}
        item = EvidenceItem(**place, opened_by_id=account.opened_by_id, filename="b.mp4", size=1, once_key=uuid.uuid4(), object_key=uuid.uuid4().hex)  # fmt: skip
        db.session.add(item)
        db.session.flush()
        note_id = services.write_note(item, Remark("the door", at=8000)).id
        paragraph = start_declaration(account, "motion").paragraphs[-1].id
    answer = as_attorney.post(f"/media-notes/{note_id}/cite", {"paragraph": str(paragraph)})
    assert answer.status_code == 303
    with acting("attorney"):
        source = db.session.scalars(sa.select(ParagraphSource).where(ParagraphSource.paragraph_id == paragraph)).one()
        assert source.locator == "0:08"
    assert as_attorney.post(f"/media-notes/{note_id}/cite", {"paragraph": "no"}).status_code == 404
