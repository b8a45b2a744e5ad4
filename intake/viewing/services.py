"""Writing beside a file: notes, transcripts, care flags; and each person's own way to begin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.errors import Invalid, NotAllowed, StaleVersion
from intake.evidence.models import EvidenceItem
from intake.taxonomy import taxonomy
from intake.viewing import subtitles
from intake.viewing.models import FLAGS, STARTS, ItemCare, MediaNote, Transcript, ViewingPreference


@dataclass(frozen=True)
class Remark:
    """What a note says: at a moment or span (at, until: milliseconds), on a page (from 1), or on the whole file."""

    text: str
    at: int | None = None
    until: int | None = None
    page: int | None = None
    codes: tuple[str, ...] = ()


def write_note(item: EvidenceItem, remark: Remark, language: str = "en") -> MediaNote:
    """Write a note beside the file.

    Raises NotAllowed without the right, also for claims; Invalid without words, for a span that ends before it begins.
    """
    place = _place(item)
    note = MediaNote(item_id=item.id, author_id=current().user_id, language=language, **_told(item, remark), **place)
    db.session.add(note)
    db.session.flush()
    return note


def change_note(note: MediaNote, version: int | None, remark: Remark) -> None:
    """Change one's own note. Raises NotAllowed for another's, StaleVersion, and as write_note."""
    if note.author_id != current().user_id:
        raise NotAllowed
    if version != note.version:
        raise StaleVersion({"text": note.text})
    for name, value in _told(db.session.get_one(EvidenceItem, note.item_id), remark).items():
        setattr(note, name, value)
    db.session.flush()


def take_note_off(note: MediaNote) -> None:
    """Take one's own note off; the log keeps what it said. Raises NotAllowed for another's."""
    if note.author_id != current().user_id:
        raise NotAllowed
    db.session.delete(note)
    db.session.flush()


def _told(item: EvidenceItem, remark: Remark) -> dict[str, object]:
    codes, at, until = list(dict.fromkeys(remark.codes)), remark.at, remark.until
    if not current().may(Permission.NOTE_WRITE, item.compartment_id):
        raise NotAllowed
    if codes and not current().may(Permission.CLAIM_SUGGEST, item.compartment_id):
        raise NotAllowed
    if set(codes) - set(taxonomy("claim").codes):
        raise Invalid({"codes": "unknown"})
    if not remark.text.strip():
        raise Invalid({"text": "empty"})
    if (until is not None and (at is None or until < at)) or (remark.page is not None and at is not None):
        raise Invalid({"until": "before"})
    return {"text": remark.text, "at_ms": at, "until_ms": until, "page": remark.page, "codes": codes}


def locator(note: MediaNote) -> str:
    """Return where a paragraph cites the note: 0:08-0:31, p. 3, or nothing for the whole file."""
    if note.page is not None:
        return f"p. {note.page}"
    if note.at_ms is None:
        return ""
    ends = f"-{subtitles.clock(note.until_ms)}" if note.until_ms is not None else ""
    return subtitles.clock(note.at_ms) + ends


def keep_transcript(
    item: EvidenceItem, text: str, language: str, *, translation: bool, version: int | None = None
) -> Transcript:
    """Keep what is said in the file: SRT, WebVTT or plain lines, one for each language, in place of the one before.

    version: of the transcript that was on the screen, None when there was none. Raises NotAllowed, Invalid for times
    that cannot be, StaleVersion when somebody else saved first.
    """
    if not current().may(Permission.EVIDENCE_ADD, item.compartment_id):
        raise NotAllowed
    taxonomy("language").term(language)
    origin, cues = subtitles.read(text)
    known = db.session.scalars(
        sa.select(Transcript).where(
            Transcript.item_id == item.id, Transcript.language == language, Transcript.translation == translation
        )
    ).one_or_none()
    if known is not None and version != known.version:
        raise StaleVersion({"text": subtitles.plain(known.origin, known.cues)})
    if known is None:
        known = Transcript(item_id=item.id, language=language, translation=translation, **_place(item))
        db.session.add(known)
    known.origin, known.cues, known.made_by_id = origin, cues, current().user_id
    db.session.flush()
    return known


def flag(item: EvidenceItem, flags: Iterable[str]) -> None:
    """Say why the file is hard to see or hear; none takes the flag off. Raises NotAllowed, Invalid."""
    if not current().may(Permission.EVIDENCE_ADD, item.compartment_id):
        raise NotAllowed
    wanted = [each for each in FLAGS if each in set(flags)]
    if set(flags) - set(FLAGS):
        raise Invalid({"flags": "unknown"})
    statement = insert(ItemCare).values(item_id=item.id, flags=wanted, **_place(item))
    db.session.execute(statement.on_conflict_do_update(index_elements=["item_id"], set_={"flags": wanted}))


def prefer(starts: str) -> None:
    """Remember how the acting person wants hard files to begin. Raises Invalid."""
    if starts not in STARTS:
        raise Invalid({"starts": "unknown"})
    mine = insert(ViewingPreference).values(user_id=current().user_id, starts=starts)
    db.session.execute(mine.on_conflict_do_update(index_elements=["user_id"], set_={"starts": starts}))


def _place(item: EvidenceItem) -> dict[str, object]:
    return {
        "incident_id": item.incident_id,
        "compartment_id": item.compartment_id,
        "opened_by_id": item.opened_by_id,
    }
