"""Exports: exactly the rows found, by allow-list, approved, and logged."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from intake import db
from intake.errors import NotAllowed, NotNow
from intake.exports import services
from intake.exports.models import Export
from intake.exports.records import CONFIDENTIAL, WORK_PRODUCT
from intake.search.queries import exact_count
from intake.search.services import asked_for, keep_words
from intake.storage import Storage
from tests.browser import Browser
from tests.exports.conftest import SEALED, Acting, ask, fetched, made, rows_of
from tests.world import World


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_exactly_the_rows_found_are_in_the_file(
    acting: Acting, world: World, store: Storage, tmp_path: Path, form: str
) -> None:
    export = made(acting, world, store, ask(acting, form=form))
    rows = rows_of(acting, store, export, tmp_path)
    assert export.rows == len(rows) == 3
    assert [row["account"] for row in rows] == ["1", "1", "2"]  # newest incident first, its accounts in order
    assert {row["narrative"] for row in rows} == {
        "=They showed no warrant. Él dijo: «¡alto!»",
        "I saw no warrant either.",
        "A warrant was read from a phone.",
    }


def test_all_formats_hold_the_same(acting: Acting, world: World, store: Storage, tmp_path: Path) -> None:
    forms = [made(acting, world, store, ask(acting, form=f, words="")) for f in ("csv", "xlsx", "json")]
    first, second, third = (rows_of(acting, store, export, tmp_path) for export in forms)
    assert first == second == third
    with acting("attorney"):
        assert len({row["number"] for row in first}) == exact_count(asked_for("", {}))


@pytest.mark.parametrize("form", ["csv", "json"])
def test_no_sealed_name_note_or_opinion_is_in_a_table_of_records(
    acting: Acting, world: World, store: Storage, form: str
) -> None:
    export = made(acting, world, store, ask(acting, form=form))
    text = b"".join(store.open(export.object_key, bucket=store.exports_bucket)).decode()
    assert "Declarant" in text
    for canary in (SEALED, "canary", "CL.", "Stop", *WORK_PRODUCT):
        assert canary not in text


def test_fields_are_an_allow_list(acting: Acting, world: World, store: Storage, tmp_path: Path) -> None:
    rows = rows_of(acting, store, made(acting, world, store, ask(acting)), tmp_path)
    assert {tuple(row) for row in rows} == {CONFIDENTIAL}
    wide = made(acting, world, store, ask(acting, profile="records_with_claims"))
    assert [r["claims_suggested"] != "" for r in rows_of(acting, store, wide, tmp_path)] == [False, True, True]


def test_a_paralegal_may_not_take_claims_out(acting: Acting, store: Storage, as_paralegal: Browser) -> None:
    with pytest.raises(NotAllowed):
        ask(acting, "paralegal", profile="records_with_claims")
    page = as_paralegal.get("/exports/new").get_data(as_text=True)
    assert "records_with_claims" not in page
    answer = as_paralegal.post("/exports/new", {"format": "csv", "profile": "records_with_claims"})
    assert answer.status_code == 422


def test_a_paralegals_export_waits_for_an_attorney_and_an_attorneys_own_does_not(
    acting: Acting, world: World, store: Storage, as_paralegal: Browser, as_attorney: Browser
) -> None:
    export = made(acting, world, store, ask(acting, "paralegal"), "paralegal")
    address = f"/exports/{export.id}"
    assert as_paralegal.get(f"{address}/file").status_code == 403
    assert as_paralegal.post(f"{address}/approve", once=None).status_code == 403
    assert "Waits for approval" in as_attorney.get("/exports").get_data(as_text=True)
    as_attorney.get(address)
    assert as_attorney.post(f"{address}/approve", once=None).status_code == 303
    answer = as_paralegal.get(f"{address}/file")
    assert answer.status_code == 303
    assert len(json.loads(fetched(answer.location))["records"]) == 3
    own = made(acting, world, store, ask(acting))
    assert as_attorney.get(f"/exports/{own.id}/file").status_code == 303
    with acting("attorney"), pytest.raises(NotAllowed):
        services.approve(db.session.get_one(Export, own.id))


def test_what_is_not_made_is_neither_approved_nor_downloaded(acting: Acting, store: Storage) -> None:
    export = ask(acting, "paralegal")
    with acting("attorney"):
        waiting = db.session.get_one(Export, export)
        with pytest.raises(NotNow):
            services.approve(waiting)
        with pytest.raises(NotNow):
            services.download(waiting, store)


def test_every_download_is_in_the_log(acting: Acting, world: World, store: Storage, owner: sa.Connection) -> None:
    export = made(acting, world, store, ask(acting))
    with acting("attorney"):
        services.download(db.session.get_one(Export, export.id), store)
    kinds = "select kind from audit.event where record_id = :id and kind like 'export_%' order by id"
    assert list(owner.execute(sa.text(kinds), {"id": str(export.id)}).scalars()) == [
        "export_asked",
        "export_downloaded",
    ]


def test_a_stranger_gets_the_same_answer_as_for_no_export_at_all(
    acting: Acting, world: World, store: Storage, browser_of: Callable[[str], Browser]
) -> None:
    export = made(acting, world, store, ask(acting))
    other = browser_of("other_attorney")
    for tail in ("", "/file"):
        assert other.get(f"/exports/{export.id}{tail}").status_code == 404
        assert other.get(f"/exports/{uuid.uuid4()}{tail}").status_code == 404
    assert str(export.id) not in other.get("/exports").get_data(as_text=True)
    for who in ("intake", "cocounsel", "analyst", "auditor", "admin"):
        assert browser_of(who).get(f"/exports/{export.id}").status_code == 403


def test_somebody_elses_search_cannot_be_exported(acting: Acting, as_paralegal: Browser, store: Storage) -> None:
    with acting("attorney"):
        search = keep_words("warrant").id
    as_paralegal.get("/exports/new")
    answer = as_paralegal.post(f"/exports/new?search={search}", {"format": "csv", "profile": "records"})
    assert answer.status_code == 404


def test_sending_the_form_twice_makes_one_export(as_attorney: Browser, store: Storage, owner: sa.Connection) -> None:
    as_attorney.get("/exports/new")
    key, form = str(uuid.uuid4()), {"format": "json", "profile": "records"}
    answers = [as_attorney.post("/exports/new", form, once=key) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1
    queued = "select count(*) from procrastinate_jobs where task_name = 'make_export'"
    assert owner.execute(sa.text(queued)).scalar_one() == 1


def test_filters_are_kept_as_codes_and_dates_only(acting: Acting, store: Storage, owner: sa.Connection) -> None:
    with acting("attorney"):
        strange = {"agency": ["AG.DHS.CBP.USBP", "Juan"], "from": ["soon"], "to": ["2025-06-30"], "note": ["x"]}
        export = services.prepare_export("csv", "records", None, strange)
        assert export.filters == {"agency": ["AG.DHS.CBP.USBP"], "to": ["2025-06-30"]}
    args = owner.execute(sa.text("select args from procrastinate_jobs where task_name = 'make_export'")).scalar_one()
    assert set(args) == {"user_id", "export_id"}


def test_the_screens_follow_an_export_from_the_search_to_the_file(
    as_attorney: Browser, acting: Acting, world: World, store: Storage
) -> None:
    as_attorney.get("/search")
    found = as_attorney.get(as_attorney.post("/search", {"words": "warrant"}, once=None).location)
    assert "/exports/new?search=" in found.get_data(as_text=True)
    with acting("attorney"):
        search = keep_words("warrant").id
    asked = as_attorney.get(f"/exports/new?search={search}")
    assert "2 records are found now" in asked.get_data(as_text=True)
    page = as_attorney.post(f"/exports/new?search={search}", {"format": "xlsx", "profile": "records"})
    assert "warrant" not in page.location
    assert "Being made" in as_attorney.get(page.location).get_data(as_text=True)
    made(acting, world, store, uuid.UUID(page.location.rsplit("/", 1)[1]))
    ready = as_attorney.get(page.location).get_data(as_text=True)
    assert "Download" in ready
    file = as_attorney.get(f"{page.location}/file")
    assert file.status_code == 303
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(file.location.split("?")[0], timeout=30)
