"""From an interview to a court paper: an intake worker and an attorney, in a real browser, wide and on a phone."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from intake.demo import media
from intake.settings import Settings
from tests.chromium import PHONE, WIDE, OpenPage, overflow, violations
from tests.journeys import paper_checks
from tests.queue import run_worker

expect.set_options(timeout=20_000)
TOLD = "Estaba en el autolavado secando una camioneta.\n\nVinieron cuatro hombres con la cara cubierta. Uno me agarró del brazo sin decir quién era."
ENGLISH = (
    "I was at the car wash drying a pickup.",
    "Four men came with their faces covered. One took my arm without saying who he was.",
)


def _check(page: Page, name: str, value: str) -> None:
    page.locator(f'input[name="{name}"][value="{value}"]').first.check(force=True)


def _go_on(page: Page) -> None:
    page.locator("button[name=go][value=on]").click()
    page.wait_for_load_state()


def _intake(page: Page, folder: Path, settings: Settings) -> str:
    page.goto("/intakes/new")
    _check(page, "mode", "clinic")
    page.select_option("select[name=language]", "es")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/intake/consent**")
    for scope in ("cn_intake", "cn_court_seal", "cn_internal"):
        _check(page, scope, "yes")
    _go_on(page)
    page.fill("[name=legal_name]", "María 김민준")
    page.select_option("[name=age_band]", "25_44")
    _go_on(page)
    page.fill("[name=narrative]", TOLD)
    page.fill("[name=title]", "Car wash, arm taken")
    _go_on(page)
    _check(page, "kind", "about")
    for name, value in (("day", "12"), ("month", "6"), ("year", "2025"), ("place", "Westlake")):
        page.fill(f"[name={name}]", value)
    page.select_option("[name=part_of_day]", "morning")
    _go_on(page)
    for code in ("AG.DHS.CBP.USBP", "AG.UNK.MASKED"):
        _check(page, "agency", code)
    page.fill("[name=agents_low]", "4")
    _go_on(page)
    _go_on(page)
    _upload(page, folder, settings)
    page.goto(re.sub(r"/intake/.*", "/intake/check", page.url))
    expect(page.get_by_text("about June 12, 2025, in the morning").first).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name=re.compile("Finish")).click()
    page.wait_for_url(re.compile(r"/incidents/[0-9a-f-]{36}$"))
    return page.url


def _upload(page: Page, folder: Path, settings: Settings) -> None:
    (folder / "lot.jpg").write_bytes(media.photo(1))
    (folder / "arm.webm").write_bytes(media.video(2))
    page.set_input_files("[data-uploader] input[type=file]", [folder / "lot.jpg", folder / "arm.webm"])
    expect(page.locator("[data-uploader-status]")).to_contain_text("2 being checked")
    run_worker(settings)
    expect(page.locator(".up .v.ok")).to_have_count(2)
    expect(page.locator(".up .v.ok").first).to_contain_text("Unchanged since upload")


def _claim(page: Page, record: str, *, confirm: bool) -> None:
    page.goto(record)
    if not confirm:
        page.get_by_text("Suggest a claim").click()
        page.select_option("select[name=code]", "CL.4A.STOP")
        page.get_by_role("button", name="Suggest", exact=True).click()
        expect(page.get_by_text("suggested", exact=False).first).to_be_visible()
    else:
        page.get_by_role("button", name=re.compile("^Confirm")).click()
        expect(page.get_by_role("button", name=re.compile("^Confirm"))).to_have_count(0)


def _declaration(page: Page, record: str) -> str:
    page.goto(record)
    page.get_by_role("link", name=re.compile("Make a declaration")).first.click()
    page.get_by_role("button", name="Make numbered paragraphs").click()
    page.wait_for_url(re.compile(r"/declarations/[0-9a-f-]{36}"))
    declaration = page.url
    count = page.locator(".para > li").count()
    for number in range(1, count + 1):
        page.goto(declaration)
        part = page.locator(f"#p{number}")
        part.locator("details.edit > summary").click()
        if number > count - len(ENGLISH):
            part.locator("textarea[name=text]").fill(ENGLISH[number - (count - len(ENGLISH)) - 1])
        part.locator("select[name=basis]").select_option("KB.DID")
        part.locator("form[data-autosave] button.p").click()
        page.wait_for_load_state()
    page.goto(declaration)
    page.locator(f"#p{count} details.edit > summary").click()
    page.fill(f"#locator-{count}", "0:01-0:03")
    page.locator(f"#p{count}").get_by_role("button", name="Tie", exact=True).click()
    page.goto(declaration)
    page.get_by_text("Interpreter's certificate").click()
    for name, value in (
        ("interpreter", "Eva Modelo"),
        ("languages", "Spanish"),
        ("qualification", "Federally certified, no. 0000"),
    ):
        page.fill(f"[name={name}]", value)
    page.locator("form[action$='/certificate'] button").click()
    page.goto(declaration)
    for step in ("Send to attorney review", "Approve for read-back", "Lock the text"):
        page.get_by_role("button", name=step).click()
        page.wait_for_load_state()
    expect(page.get_by_text("Text locked")).to_be_visible()
    assert violations(page) == []
    return declaration


def _paper(page: Page, declaration: str, folder: Path) -> None:
    for kind in ("pdf", "word"):
        with page.expect_download() as arriving:
            page.evaluate(f"location.assign('{declaration}/{kind}')")
        arriving.value.save_as(folder / f"paper.{kind}")
    path = folder / "paper.pdf"
    words = " ".join(paper_checks.text(path).split())
    assert paper_checks.is_sound(path)
    assert paper_checks.standards(path) == {"pdfaid:part": "2", "pdfaid:conformance": "A", "pdfuaid:part": "1"}
    assert "under penalty of perjury under the laws of the United States of America" in words
    assert "Four men came with their faces covered" in words
    numbers = paper_checks.numbers(path)
    assert sorted(numbers) == list(range(1, 29))
    assert paper_checks.off_the_grid(path, 2) == []  # the certificate's page: nothing single-spaced
    assert (folder / "paper.word").read_bytes()[:2] == b"PK"


def _search_and_export(page: Page, settings: Settings, *, phone: bool) -> None:
    page.goto("/search")
    page.fill("input[type=search]", "camionetas")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search/[0-9a-f-]{36}"))
    assert "camioneta" not in page.url
    expect(page.locator("mark").first).to_have_text("camioneta")
    assert violations(page) == []
    if not phone:
        expect(page.locator("svg.map").first).to_be_visible()
    page.goto(page.url.replace("/search/", "/exports/new?search=").partition("&")[0])
    _check(page, "format", "csv")
    page.get_by_role("button", name="Make the export").click()
    page.wait_for_url(re.compile(r"/exports/[0-9a-f-]{36}"))
    run_worker(settings)
    page.reload()
    with page.expect_download() as arriving:
        page.get_by_role("link", name="Download").click()
    rows = list(csv.DictReader(io.StringIO(Path(arriving.value.path()).read_text("utf-8-sig"))))
    assert [row["title"] for row in rows] == ["Car wash, arm taken"]
    assert rows[0]["narrative"].replace("\r\n", "\n") == TOLD


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_from_an_interview_to_a_court_paper(
    open_page: OpenPage, settings: Settings, tmp_path: Path, size: tuple[int, int], owner: object
) -> None:
    import sqlalchemy as sa  # noqa: PLC0415

    assert isinstance(owner, sa.Connection)
    owner.execute(sa.text("update incident set title = 'earlier' where title = 'Car wash, arm taken'"))
    owner.execute(sa.text("update account set narrative = 'earlier'"))
    owner.execute(sa.text("update paragraph set text = '', original = ''"))
    page = open_page("/", who="intake", size=size)
    record = _intake(page, tmp_path, settings)
    _claim(page, record, confirm=False)
    assert overflow(page) <= 0
    attorney = open_page("/", who="attorney", size=size)
    _claim(attorney, record, confirm=True)
    declaration = _declaration(attorney, record)
    assert overflow(attorney) <= 0
    _paper(attorney, declaration, tmp_path)
    _search_and_export(attorney, settings, phone=size == PHONE)
