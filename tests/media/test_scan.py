"""Nothing opens before a clean scan: scanner absent, empty or stale, infected, and an attorney's decision."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from intake.demo import media
from intake.media import derive, sandbox, scans
from tests.browser import Browser
from tests.media.conftest import Desk
from tests.media.signatures import EICAR, write_signatures
from tests.world import World

OLD = 30 * 86400  # seconds


def refused(browser: Browser, item: uuid.UUID) -> bool:
    """Tell whether nobody hands out the item's bytes or anything made of it."""
    ways = ("file", "media", "thumbnail", "preview")
    return {browser.get(f"/evidence/{item}/{way}").status_code for way in ways} == {409}


def test_a_clean_file_opens_and_its_scan_is_in_the_custody_list(desk: Desk, as_intake: Browser) -> None:
    item = desk.keep(media.photo(1))
    assert refused(as_intake, item)
    assert desk.scan(item) == "clean"
    assert as_intake.get(f"/evidence/{item}/file").status_code == 302
    (told,) = desk.custody(item, "scanned")
    assert told["finding"] == "clean"
    assert told["by"] == "ClamAV clamscan"
    assert "Scanned, nothing harmful found." in as_intake.get(f"/evidence/{item}").get_data(as_text=True)


def test_an_infected_file_is_kept_and_nobody_opens_it(desk: Desk, as_intake: Browser) -> None:
    body = b"from the telephone: " + EICAR
    item = desk.keep(body)
    assert desk.scan(item) == "infected"
    assert desk.row(item).state == "quarantined"
    assert desk.original(item) == body
    assert refused(as_intake, item)
    derive.derive(item, desk.user_id, desk.store)
    assert desk.made(item) == {}
    page = as_intake.get(f"/evidence/{item}").get_data(as_text=True)
    assert "Testigo.Test.EICAR" in page
    assert f"/evidence/{item}/file" not in page


@pytest.mark.parametrize("why", ["no_signatures", "stale", "no_scanner", "failed"])
def test_what_no_scanner_can_look_at_stays_closed_and_the_page_says_why(
    desk: Desk, as_intake: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    folder = tmp_path / "signatures"
    folder.mkdir()
    if why != "no_signatures":
        write_signatures(folder)
    if why == "stale":
        for path in folder.iterdir():
            os.utime(path, (path.stat().st_mtime - OLD,) * 2)
    if why == "failed":
        (folder / "testigo.ndb").write_text("no signature at all\n")
    if why == "no_scanner":
        known = sandbox.programs()
        monkeypatch.setattr(sandbox, "programs", lambda: {"ffmpeg": known["ffmpeg"]})
    item = desk.keep(media.photo(2))
    assert desk.with_signatures(folder).scan(item) == "held"
    assert desk.custody(item, "scanned")[0]["why"] == why
    assert refused(as_intake, item)
    assert "Held back, not opened: not scanned." in as_intake.get(f"/evidence/{item}").get_data(as_text=True)


def test_what_was_held_is_scanned_by_itself_when_there_is_a_scanner_again(desk: Desk, tmp_path: Path) -> None:
    item = desk.keep(media.photo(3))
    empty = desk.with_signatures(tmp_path)
    assert empty.scan(item) == "held"
    assert empty.scan(item) == "held"
    assert len(desk.custody(item, "scanned")) == 1
    desk.owner.execute(
        sa.text("update evidence_item set scanned_at = now() - interval '1 hour' where id = :i"), {"i": item}
    )
    scans.scan_waiting.func(0)
    waiting = "select count(*) from jobs.procrastinate_jobs where task_name = 'scan_item' and args ->> 'item_id' = :i"
    assert desk.owner.execute(sa.text(waiting), {"i": str(item)}).scalar_one() == 2
    assert desk.scan(item) == "clean"


def test_an_open_file_that_nobody_looked_into_is_taken_up_by_itself(desk: Desk) -> None:
    item = desk.keep(media.photo(4))
    assert desk.scan(item) == "clean"
    waiting = "select count(*) from jobs.procrastinate_jobs where task_name = 'derive_item' and args ->> 'item_id' = :i"
    before = desk.owner.execute(sa.text(waiting), {"i": str(item)}).scalar_one()
    scans.scan_waiting.func(0)
    assert desk.owner.execute(sa.text(waiting), {"i": str(item)}).scalar_one() == before
    past = "update evidence_item set sealed_at = now() - interval '1 hour' where id = :i"
    desk.owner.execute(sa.text("set session_replication_role = replica"))  # the day of a sealed file is fixed
    desk.owner.execute(sa.text(past), {"i": item})
    desk.owner.execute(sa.text("set session_replication_role = origin"))
    scans.scan_waiting.func(0)
    assert desk.owner.execute(sa.text(waiting), {"i": str(item)}).scalar_one() == before + 1


def test_a_file_that_unpacks_without_end_is_held_not_passed(desk: Desk) -> None:
    import io  # noqa: PLC0415
    import zipfile  # noqa: PLC0415

    body = b"0" * 1000
    for _ in range(30):  # deeper than the scanner unpacks
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("a.zip", body)
        body = out.getvalue()
    item = desk.keep(body)
    assert desk.scan(item) == "held"
    assert desk.custody(item, "scanned")[0]["why"] == "too_deep"


def test_an_attorney_opens_an_unscanned_file_with_a_reason_and_nobody_else_may(
    desk: Desk, as_attorney: Browser, as_intake: Browser, as_paralegal: Browser, tmp_path: Path
) -> None:
    item = desk.keep(media.photo(4))
    desk.with_signatures(tmp_path).scan(item)
    reason = {"reason": "Sent by the person, opened before on the office's own computer."}
    for other in (as_intake, as_paralegal):
        assert other.post(f"/evidence/{item}/release", reason).status_code in {403, 404}
    assert as_attorney.post(f"/evidence/{item}/release", {"reason": " "}).status_code == 422
    assert as_attorney.post(f"/evidence/{item}/release", reason).status_code == 303
    assert desk.row(item).scan == "released"
    assert desk.custody(item, "released")[0]["finding"] == "held"
    assert as_attorney.get(f"/evidence/{item}/file").status_code == 302
    assert as_attorney.post(f"/evidence/{item}/release", reason).status_code == 409


def test_an_infected_file_needs_two_attorneys(
    desk: Desk, as_attorney: Browser, world: World, browser_of: Callable[[str], Browser]
) -> None:
    item = desk.keep(EICAR + b" for two")
    desk.scan(item)
    reason = {"reason": "The harmful part is itself the evidence."}
    assert as_attorney.post(f"/evidence/{item}/release", reason).status_code == 303
    assert desk.row(item).scan == "infected"
    assert as_attorney.post(f"/evidence/{item}/release", reason).status_code == 409
    assert refused(as_attorney, item)
    grant = "insert into access_grant (user_id, compartment_id, role) values (:user, :compartment, 'RO.SUPATT')"
    desk.owner.execute(sa.text(grant), {"user": world.users["paralegal"], "compartment": world.compartment})
    second = browser_of("paralegal")
    assert "The harmful part is itself the evidence." in second.get(f"/evidence/{item}").get_data(as_text=True)
    assert second.post(f"/evidence/{item}/release", {"reason": "I agree."}).status_code == 303
    assert (desk.row(item).scan, desk.row(item).state) == ("released", "sealed")
    assert second.get(f"/evidence/{item}/file").status_code == 302


def test_the_database_itself_refuses_one_attorney_for_both(desk: Desk, world: World) -> None:
    item = desk.keep(EICAR + b" for one")
    desk.scan(item)
    row = desk.row(item)
    values = {"item": item, "incident": row.incident_id, "compartment": row.compartment_id, "user": row.opened_by_id}
    insert = (
        "insert into scan_release (item_id, incident_id, compartment_id, opened_by_id, finding, reason, asked_by_id,"
        " granted_by_id) values (:item, :incident, :compartment, :user, 'infected', 'x', :user, :user)"
    )
    with pytest.raises(sa.exc.IntegrityError, match="two_persons"):
        desk.owner.execute(sa.text(insert), values)


def test_what_this_program_made_says_so_and_is_not_called_scanned(desk: Desk, as_intake: Browser) -> None:
    from intake.evidence import sealing  # noqa: PLC0415

    item = sealing.keep(
        desk.incident, desk.account, desk.user_id, filename="IMG.jpg", media_type="image/jpeg",
        body=media.photo(5), store=desk.store, made_here=True,
    )  # fmt: skip
    assert desk.row(item).scan == "made_here"
    assert as_intake.get(f"/evidence/{item}/file").status_code == 302
    page = as_intake.get(f"/evidence/{item}").get_data(as_text=True)
    assert "Made by this program for the demonstration, so not scanned." in page


def test_signatures_are_as_old_as_their_making_says(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "daily.cvd").write_bytes(b"ClamAV-VDB:16 Sep 2021 08-32 -0400:26297:1:63:x:y:z:1\n" + b" " * 400)
    by = replace(desk.by, folder=tmp_path)
    assert by.signatures_made() == dt.datetime(2021, 9, 16, 12, 32, tzinfo=dt.UTC)
    assert by.missing() == "stale"
