"""The uploader in a real browser against the real store: what the page says is what arrived."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Page, expect

from intake.settings import Settings
from tests.chromium import PHONE, OpenPage, violations
from tests.queue import run_worker

expect.set_options(timeout=30_000)
# Two whole parts and a bit, so that joining parts is tested; not compressible.
FILM = hashlib.shake_256(b"film").digest(17 * 2**20 + 5)


def film(folder: Path, name: str = "VID_0612.mp4", body: bytes = FILM) -> Path:
    path = folder / name
    path.write_bytes(body)
    return path


def rows(page: Page) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(".up > li").all_inner_texts()]


def test_a_film_sent_in_parts_is_shown_as_unchanged_only_after_the_server_read_it_back(
    open_page: OpenPage, step: str, tmp_path: Path, settings: Settings, owner: sa.Connection
) -> None:
    page = open_page(step, who="intake")
    page.set_input_files("[data-uploader] input[type=file]", film(tmp_path))
    expect(page.get_by_text("being checked").last).to_be_visible()
    assert violations(page) == []
    run_worker(settings)
    expect(page.locator(".up .v.ok")).to_contain_text("Unchanged since upload")
    stored = owner.execute(sa.text("select sha256, device_sha256, size from evidence_item")).one()
    whole = hashlib.sha256(FILM).hexdigest()
    assert (stored.sha256, stored.device_sha256, stored.size) == (whole, whole, len(FILM))
    expect(page.locator("[data-uploader-status]")).to_have_text(re.compile(r"^1 / 1 "))


def test_the_counts_add_up_to_the_files_chosen(open_page: OpenPage, step: str, tmp_path: Path) -> None:
    page = open_page(step, who="intake", size=PHONE)
    chosen = [
        film(tmp_path, "a.jpg", b"\xff\xd8\xff one"),
        film(tmp_path, "b.pdf", b"%PDF two"),
        film(tmp_path, "empty.txt", b""),
    ]
    page.set_input_files("[data-uploader] input[type=file]", chosen)
    expect(page.locator("[data-uploader-status]")).to_have_text(
        "0 / 3 files received and checked. 2 being checked, 1 not received"
    )
    expect(page.locator(".grp").first).to_contain_text("empty.txt")
    assert len(rows(page)) == len(chosen)
    assert violations(page) == []


def test_a_file_chosen_twice_is_one_file(open_page: OpenPage, step: str, tmp_path: Path) -> None:
    page = open_page(step, who="intake")
    page.set_input_files("[data-uploader] input[type=file]", film(tmp_path, "a.jpg", b"once"))
    expect(page.get_by_text("being checked").last).to_be_visible()
    page.set_input_files("[data-uploader] input[type=file]", tmp_path / "a.jpg")
    expect(page.locator("[data-uploader-status]")).to_contain_text("0 / 1 ")


def test_a_lost_connection_names_the_file_and_trying_again_finishes_it(
    open_page: OpenPage, step: str, tmp_path: Path
) -> None:
    page = open_page(step, who="intake")
    page.route("**/sign", lambda route: route.abort())
    page.set_input_files("[data-uploader] input[type=file]", film(tmp_path, "receipt.pdf", b"%PDF receipt"))
    again = page.get_by_role("button", name=re.compile("Try again.*receipt.pdf"))
    expect(again).to_be_visible(timeout=60_000)
    page.unroute("**/sign")
    again.click()
    expect(page.get_by_text("being checked").last).to_be_visible()


def test_a_film_cut_off_by_a_reload_goes_on_where_it_was(open_page: OpenPage, step: str, tmp_path: Path) -> None:
    page = open_page(step, who="intake")
    path, sent = film(tmp_path), []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    third = re.compile("partNumber=3")
    page.route(third, lambda route: route.abort())
    with page.expect_response(lambda answer: "partNumber=2" in answer.url and answer.ok):
        page.set_input_files("[data-uploader] input[type=file]", path)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.unroute(third)
    before = len(sent)
    page.set_input_files("[data-uploader] input[type=file]", path)
    expect(page.get_by_text("being checked").last).to_be_visible()
    assert 1 <= len(sent) - before <= 2
