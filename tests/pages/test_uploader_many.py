"""Many files of a phone in one go, on a slow line, with a reload in the middle: each is here, once, as it was."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import CDPSession, Page, expect

from intake.evidence.sealing import seal
from tests.chromium import PHONE, WIDE, OpenPage, overflow, violations
from tests.world import World

KINDS = ("jpg", "heic", "mov", "mp4", "m4a", "amr", "3gp", "opus", "webm", "pdf")
PICK = "#pick"
FILM = hashlib.shake_256(b"film of twenty megabytes").digest(20_000_000)


@pytest.fixture
def card(tmp_path: Path) -> dict[str, bytes]:
    """Thirty files of ten kinds, one of them of 20 MB; nothing in them can be pressed together."""
    files = {f"FILE_{n:02d}.{KINDS[n % 10]}": hashlib.shake_256(b"%d" % n).digest(20_000 + n) for n in range(29)}
    files["VID_0612.mov"] = FILM
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    return files


def slow_line(page: Page, megabytes: float, line: CDPSession | None = None) -> CDPSession:
    """Make the page's line slow, in megabytes a second, with a wireless line's delay; again to change it."""
    line = line or page.context.new_cdp_session(page)
    line.send("Network.enable")
    speed = {"downloadThroughput": megabytes * 1e6, "uploadThroughput": megabytes * 1e6, "latency": 40}
    line.send("Network.emulateNetworkConditions", {"offline": False, **speed})
    return line


def paths(folder: Path, card: dict[str, bytes]) -> list[Path]:
    return [folder / name for name in card]


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desktop", "phone"])
def test_thirty_files_on_a_slow_line_with_a_reload_in_the_middle(
    open_page: OpenPage, step: str, card: dict[str, bytes], tmp_path: Path, app: Flask, world: World, owner: sa.Connection,
    size: tuple[int, int],
) -> None:  # fmt: skip
    page = open_page(step, who="intake", size=size)
    sent: list[str] = []
    page.on("requestfinished", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    page.on("dialog", lambda dialog: dialog.accept())
    slow_line(page, 3)
    page.set_input_files(PICK, paths(tmp_path, card))
    expect(page.locator("[data-uploader-status]")).to_contain_text(re.compile(r"[5-9] being checked"))
    assert overflow(page) <= 0
    before = stored(owner, step)
    assert 0 < sum(row.version_id is not None for row in before) < 30

    page.reload()
    expect(page.locator(".unfinished")).to_contain_text("of 30 files received")
    page.set_input_files(PICK, paths(tmp_path, card))
    expect(page.locator("[data-uploader-status]")).to_contain_text("30 being checked", timeout=60_000)
    for each in stored(owner, step):  # the sealing alone: what is made of media afterwards takes its time
        seal(each.id, world.users["intake"], app.extensions["storage"])
    expect(page.locator("[data-uploader-status]")).to_have_text(re.compile(r"^30 / 30 files received and checked"))
    expect(page.locator(".results a")).to_have_text("30 of 30 files received")
    assert violations(page) == []

    after = stored(owner, step)
    assert {row.filename: (row.state, row.sha256, row.device_sha256) for row in after} == {
        name: ("sealed", digest, digest)
        for name, digest in ((n, hashlib.sha256(b).hexdigest()) for n, b in card.items())
    }
    assert len(after) == 30
    # 29 files of one part and one of a few: whatever had arrived before the reload was not sent again.
    assert len(sent) <= 32 + 3
    page.locator(".results a").click()
    expect(page.get_by_text("Complete since")).to_be_visible()
    assert violations(page) == []
    assert overflow(page) <= 0


def stored(owner: sa.Connection, step: str) -> list[sa.Row[tuple[str, ...]]]:
    incident = step.split("/")[2]
    return list(owner.execute(sa.text("select * from evidence_item where incident_id = :id"), {"id": incident}))


def test_a_folder_with_its_paths(open_page: OpenPage, step: str, tmp_path: Path, owner: sa.Connection) -> None:
    for name in ("DCIM/a.jpg", "DCIM/more/b.jpg"):
        (tmp_path / "card" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "card" / name).write_bytes(name.encode())
    page = open_page(step, who="intake")
    page.set_input_files("#pick-folder", tmp_path / "card")
    expect(page.locator("[data-uploader-status]")).to_contain_text("2 being checked")
    found = "select path from batch_file where incident_id = :id order by number"
    listed = list(owner.execute(sa.text(found), {"id": step.split("/")[2]}).scalars())
    assert listed == ["card/DCIM/a.jpg", "card/DCIM/more/b.jpg"]


def test_pause_all_and_go_on(open_page: OpenPage, step: str, tmp_path: Path) -> None:
    files = []
    for number in range(5):
        files.append(tmp_path / f"{number}.mp4")
        files[-1].write_bytes(hashlib.shake_256(b"%d" % number).digest(900_000))
    page = open_page(step, who="intake")
    line = slow_line(page, 0.3)
    page.set_input_files(PICK, files)
    pause = page.get_by_role("button", name="Pause all")
    pause.click()
    status = page.locator("[data-uploader-status]")
    expect(status).to_contain_text("paused")
    assert violations(page) == []
    page.get_by_role("button", name="Go on with all").click()
    slow_line(page, 50, line)
    expect(status).to_contain_text("5 being checked")


def test_a_thousand_files_are_counted_and_fifty_are_drawn(open_page: OpenPage, step: str) -> None:
    page = open_page(step, who="intake")
    page.route("**/evidence/start", lambda route: route.abort())
    files = [{"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": b"%d" % n} for n in range(1000)]
    page.set_input_files(PICK, files)  # type: ignore[arg-type]
    expect(page.locator("[data-uploader-status]")).to_contain_text("0 / 1000 files")
    expect(page.locator(".grp:not([hidden]) .more").last).to_be_visible()
    assert page.locator(".up > li").count() <= 150
    assert page.locator(".tally rect").count() <= 5


def test_who_was_signed_out_signs_in_elsewhere_and_goes_on(
    open_page: OpenPage,
    step: str,
    tmp_path: Path,
    owner: sa.Connection,
) -> None:
    page = open_page(step, who="intake")
    page.route("**/sign", lambda route: route.fulfill(status=401, json={"error": "NotSignedIn"}))
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff a")
    page.set_input_files(PICK, tmp_path / "a.jpg")
    expect(page.get_by_text("You were signed out.")).to_be_visible()
    expect(page.locator(".up").get_by_role("link", name="Sign in")).to_be_visible()
    page.unroute("**/sign")
    page.get_by_role("button", name=re.compile("Try again.*a.jpg")).click()
    expect(page.get_by_text("being checked").last).to_be_visible()


def test_a_full_quota_is_said_in_words(open_page: OpenPage, step: str, tmp_path: Path) -> None:
    page = open_page(step, who="intake")
    page.route("**/batches", lambda route: route.fulfill(status=413, json={"error": "QuotaReached"}))
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff a")
    page.set_input_files(PICK, tmp_path / "a.jpg")
    expect(page.get_by_text("The space set aside for files is full.")).to_be_visible()
