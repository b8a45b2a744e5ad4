"""The whole line as the worker runs it: sealed, scanned, derived, read."""

from __future__ import annotations

import sqlalchemy as sa

from intake.demo import media
from intake.settings import Settings
from tests.media.conftest import Desk
from tests.queue import run_worker


def test_the_worker_scans_derives_and_reads_what_was_sealed(desk: Desk, settings: Settings) -> None:
    photo, sound = desk.keep(media.photo(6), "lot.jpg"), desk.keep(media.audio(6), "note.wav")
    run_worker(settings)
    assert {desk.row(item).scan for item in (photo, sound)} == {"clean"}
    assert {kind for kind, _ in desk.made(photo)} == {"thumbnail", "preview", "claims", "ocr"}
    assert {kind for kind, _ in desk.made(sound)} == {"proxy", "waveform", "claims"}
    left = "select count(*) from jobs.procrastinate_jobs where status not in ('succeeded', 'todo')"
    assert desk.owner.execute(sa.text(left)).scalar_one() == 0
