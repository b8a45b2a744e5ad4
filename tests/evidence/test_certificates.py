"""Certificates: the draft of FRE 902(14) for chosen files, its twin for the log, barred while any check is red."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import uuid
import zipfile

import docx
import pypdfium2
import pytest
import sqlalchemy as sa

from intake import db
from intake.audit.state import Anchored, State
from intake.errors import Invalid, NotAllowed, NotNow
from intake.evidence import certificates
from intake.evidence.custody import note
from intake.evidence.custody_queries import chosen
from intake.evidence.origins import rules
from intake.evidence.sealing import check_fixity
from intake.people.models import Person
from intake.people.vault import seal_identity
from intake.storage import Storage
from tests.browser import Browser
from tests.evidence.conftest import PHOTO, Acting
from tests.evidence.kept import CANARY, incident_of, sealed
from tests.evidence.test_custody import pdf_text, word_text
from tests.world import World

DAYS = 30
OATH = "OA.UNIVERSAL"


@pytest.fixture
def items(world: World, store: Storage) -> list[uuid.UUID]:
    """Two sealed files of one account, with an uploader's name that must stay out."""
    return sealed(world.users["intake"], store, PHOTO, b"%PDF-1.4 made up", name=f"{CANARY}.{CANARY[:7]}")


def drafted(acting: Acting, items: list[uuid.UUID], form: str = "pdf", who: str = "attorney") -> certificates.Draft:
    with acting(who):
        return certificates.files_certificate(chosen(items), form, OATH, DAYS)


def test_the_draft_names_each_file_by_identifier_size_hash_and_checks(acting: Acting, items: list[uuid.UUID]) -> None:
    text = pdf_text(drafted(acting, items).body)
    for item, body in zip(items, (PHOTO, b"%PDF-1.4 made up"), strict=True):
        assert str(item) in text
        assert hashlib.sha256(body).hexdigest() in text
        assert f"{len(body):,} bytes" in text
    for words in (
        "902(14)",
        "902(11)",
        "SHA-256",
        "SCHEDULE A",
        "Written notice",
        "2 files",
        "part of this certification",
    ):
        assert words in text


def test_it_stands_on_the_courts_paper_with_the_oath_and_blanks_for_the_signer(
    acting: Acting, items: list[uuid.UUID]
) -> None:
    text = pdf_text(drafted(acting, items).body)
    assert "UNITED STATES DISTRICT COURT" in text
    assert "under the laws of the United States of America" in text
    assert "TO BE COMPLETED BY THE PERSON WHO SIGNS" in text
    assert "I, ____________________, certify as follows" in text
    assert text.count("____________________") > 8


def test_it_says_how_often_a_file_was_read_again_and_what_differed(
    acting: Acting, items: list[uuid.UUID], world: World, store: Storage, owner: sa.Connection
) -> None:
    check_fixity(items[0], world.users["attorney"], store)
    with acting("attorney"):
        note(chosen(items)[0], "checked", same=False, sha256="ab" * 32)
    text = pdf_text(drafted(acting, items).body)
    assert "Read after sealing 2 (with another value: 1)" in text
    assert "Read after sealing 0 (with another value: 0)" in text
    assert "is part of this certification" in text


def test_its_file_bears_the_day_it_was_drafted(acting: Acting, items: list[uuid.UUID]) -> None:
    pdf, word = drafted(acting, items).body, drafted(acting, items, "docx").body
    today = dt.datetime.now(dt.UTC).date()
    assert pypdfium2.PdfDocument(pdf).get_metadata_value("CreationDate").startswith(f"D:{today:%Y%m%d}")
    created = docx.Document(io.BytesIO(word)).core_properties.created
    assert created is not None
    assert created.date() == today


def test_word_says_the_same_statements_and_hashes(acting: Acting, items: list[uuid.UUID]) -> None:
    paper, word = drafted(acting, items), drafted(acting, items, "docx")
    assert word.filename.endswith(".docx")
    text, written = pdf_text(paper.body), word_text(word.body)
    for n, statement in enumerate(rules()["certificate"]["902_14"]["statements"]):
        beginning = statement.partition("{")[0][:60].strip()
        assert beginning in written, n
        assert beginning in text, n
    assert hashlib.sha256(PHOTO).hexdigest() in written


def test_nothing_from_the_vault_and_no_uploaders_name_is_in_it_or_in_its_name(
    acting: Acting, items: list[uuid.UUID], owner: sa.Connection, world: World
) -> None:
    person = sa.text("select a.person_id from account a where a.incident_id = :i")
    person_id = owner.execute(person, {"i": incident_of(owner, items[0])}).scalar_one()
    with acting("intake"):
        seal_identity(db.session.get_one(Person, person_id), {"legal_name": CANARY, "phone": CANARY})
    for form in ("pdf", "docx"):
        draft = drafted(acting, items, form)
        said = pdf_text(draft.body) if form == "pdf" else word_text(draft.body)
        raw = draft.body
        if form == "docx":
            with zipfile.ZipFile(io.BytesIO(draft.body)) as parts:
                raw = b"".join(parts.read(part) for part in parts.namelist())
        for text in (said.lower(), draft.filename, raw.decode("latin-1").lower()):
            assert CANARY not in text
            assert CANARY[:7] not in text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("check_ok = false", "differs"),
        ("checked_at = checked_at - interval '31 days'", "not_lately"),
        ("checked_at = null", "not_sealed"),
    ],
)
def test_a_red_check_bars_the_certificate_and_the_page_says_which(
    acting: Acting, items: list[uuid.UUID], owner: sa.Connection, as_attorney: Browser, change: str, why: str
) -> None:
    owner.execute(sa.text(f"update evidence_item set {change} where id = :id"), {"id": items[1]})
    with acting("attorney"), pytest.raises(NotNow, match="checks"):
        certificates.files_certificate(chosen(items), "pdf", OATH, DAYS)
    with acting("attorney"):
        assert [certificates.why_red(item, DAYS) for item in chosen(items)] == ["", why]
    form = {"items": [str(item) for item in items], "form": "pdf", "oath": OATH}
    answer = as_attorney.post("/evidence/certificate", form, once=None)
    assert answer.status_code == 409
    assert "a check of at least one file is red" in answer.get_data(as_text=True)
    owner.execute(
        sa.text("update evidence_item set check_ok = true, checked_at = now() where id = :id"), {"id": items[1]}
    )


def test_reading_again_lifts_the_bar(
    items: list[uuid.UUID], owner: sa.Connection, as_paralegal: Browser, store: Storage
) -> None:
    from intake.evidence import fixity  # noqa: PLC0415

    owner.execute(sa.text("update evidence_item set checked_at = checked_at - interval '90 days'"))
    form = {"items": [str(item) for item in items], "form": "pdf", "oath": OATH}
    as_paralegal.get("/evidence/certificate")
    assert as_paralegal.post("/evidence/certificate", form, once=None).status_code == 409
    asked = as_paralegal.post("/evidence/certificate/check", form, once=None)
    assert asked.status_code == 303
    queued = sa.text(
        "select count(*) from jobs.procrastinate_jobs where task_name = 'check_item' and args ->> 'item_id' = any(:ids)"
    )
    assert owner.execute(queued, {"ids": [str(item) for item in items]}).scalar_one() == 2
    fixity.check_in_turn(store, older=dt.timedelta(days=60))
    answer = as_paralegal.post("/evidence/certificate", form, once=None)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="certificate-902-14-')


def test_it_is_written_into_custody_and_log(acting: Acting, items: list[uuid.UUID], owner: sa.Connection) -> None:
    drafted(acting, items)
    kept = sa.text("select detail ->> 'rule' from custody_event where kind = 'certified' and item_id = any(:ids)")
    assert owner.execute(kept, {"ids": items}).scalars().all() == ["FRE 902(14)", "FRE 902(14)"]
    logged = sa.text("select count(*) from audit.event where kind = 'certificate'")
    assert owner.execute(logged).scalar_one() >= 1


def test_who_may_not_certify_gets_none_and_a_choice_must_be_possible(
    acting: Acting, items: list[uuid.UUID], as_intake: Browser, as_auditor: Browser
) -> None:
    with acting("intake"), pytest.raises(NotAllowed):
        certificates.files_certificate(chosen(items), "pdf", OATH, DAYS)
    for browser in (as_intake, as_auditor):
        assert browser.get("/evidence/certificate").status_code == 403
    for wrong in (([], "pdf", OATH), (items, "exe", OATH), (items, "pdf", "OA.NONE")):
        with acting("attorney"), pytest.raises(Invalid):
            certificates.files_certificate(chosen(wrong[0]), wrong[1], wrong[2], DAYS)
    with acting("other_attorney"), pytest.raises(sa.exc.NoResultFound):
        chosen(items)


@pytest.mark.parametrize("form", ["pdf", "docx"])
def test_the_twin_says_how_long_the_log_is_its_root_and_who_keeps_it(acting: Acting, world: World, form: str) -> None:
    at = dt.datetime(2026, 11, 25, 8, 0, tzinfo=dt.UTC)
    kept = (Anchored("witness", "partner.example/w", 400, at), Anchored("timestamp", "authority-0", 380, at))
    log = State(412, "ab" * 32, at, None, kept, (), at, 0)
    with acting("attorney"):
        draft = certificates.log_certificate(log, form, OATH, world.compartment)
    text = pdf_text(draft.body) if form == "pdf" else " ".join(word_text(draft.body).split())
    for words in (
        "902(13)",
        "412 entries",
        "ab" * 32,
        "partner.example/w",
        "authority-0",
        "No head of this tree was put",
    ):
        assert words in text.replace("- ", "") or words in text
    assert draft.filename.startswith("certificate-902-13-")
    with acting("attorney"), pytest.raises(NotNow, match="no_log"):
        certificates.log_certificate(State(0, "", None, None, (), (), None, 0), form, OATH, world.compartment)


def test_every_rule_of_law_has_its_source_and_the_day_it_was_checked() -> None:
    for rule in rules()["rule"]:
        assert rule["source"]
        assert rule["status"] in {"ok", "verify"}
        assert isinstance(rule["checked_on"], dt.date)
