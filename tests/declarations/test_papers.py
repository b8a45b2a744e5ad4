"""The papers that leave: name, permission, log, and every script through the real renderer."""

from __future__ import annotations

import re
import subprocess
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from intake.declarations import gates, paper, services
from intake.errors import NotAllowed, NotNow, UnsupportedGlyph
from tests.browser import Browser
from tests.declarations.conftest import Acting, a_declaration, answer, load, lock

NAMES = {"ko": "김민서 홍길동", "hy": "Արմեն Պետրոսյան", "ar": "ليلى الحداد", "zh": "王小明", "es": "María Núñez"}


def _words(pdf: bytes, folder: Path) -> str:
    kept = folder / "paper.pdf"
    kept.write_bytes(pdf)
    subprocess.run(["qpdf", "--check", kept], check=True, capture_output=True)
    return subprocess.run(["pdftotext", "-layout", kept, "-"], check=True, capture_output=True, text=True).stdout


def _unnumbered(words: str) -> str:
    return " ".join(" ".join(re.sub(r"^\s*\d{1,2}\b", "", line) for line in words.splitlines()).split())


def _acts(owner: sa.Connection, kind: str, record_id: uuid.UUID) -> int:
    query = sa.text("select count(*) from audit.event where kind = :kind and record_id = :id")
    return int(owner.execute(query, {"kind": kind, "id": str(record_id)}).scalar_one())


@pytest.mark.parametrize("script", NAMES)
def test_a_true_name_in_any_script_is_printed_and_its_opening_logged(
    acting: Acting, owner: sa.Connection, tmp_path: Path, script: str
) -> None:
    declaration_id = a_declaration(acting, name=NAMES[script])
    with acting("attorney"):
        services.describe(load(declaration_id), name_style="true_name")
        person_id = load(declaration_id).person_id
        body = paper.pdf(load(declaration_id))
    words = "".join(_words(body, tmp_path).split())
    assert all(part in words for part in NAMES[script].split())
    assert (_acts(owner, "unseal", person_id), _acts(owner, "export", declaration_id)) == (1, 1)


def test_a_protected_name_never_opens_the_vault(acting: Acting, owner: sa.Connection, tmp_path: Path) -> None:
    declaration_id = a_declaration(acting, name="María Núñez")
    with acting("attorney"):
        person_id = load(declaration_id).person_id
        body = paper.pdf(load(declaration_id))
    words = _words(body, tmp_path)
    assert "Núñez" not in words
    assert "Declarant" in words
    assert _acts(owner, "unseal", person_id) == 0


def test_initials_stand_for_a_name(acting: Acting, tmp_path: Path) -> None:
    declaration_id = a_declaration(acting, name="María Guadalupe Núñez")
    with acting("attorney"):
        services.describe(load(declaration_id), name_style="initials")
        words = _words(paper.pdf(load(declaration_id)), tmp_path)
    assert "M.G.N." in words
    assert "Guadalupe" not in words


def test_without_a_kept_name_there_is_no_paper_with_the_true_name(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        services.describe(load(declaration_id), name_style="true_name")
        with pytest.raises(NotNow, match="no_name"):
            paper.pdf(load(declaration_id))


def test_permission_is_looked_at_again_when_the_paper_leaves(acting: Acting, owner: sa.Connection) -> None:
    declaration_id = a_declaration(acting)
    lock(acting, declaration_id)
    with acting("attorney"):
        declaration = load(declaration_id)
        answer(declaration.person_id, declaration.incident_id, "CN.COURT_SEAL", "withdrawn")
    for make in (paper.pdf, paper.word):
        with acting("attorney"), pytest.raises(NotNow, match="consent_court"):
            make(load(declaration_id))
    assert _acts(owner, "export", declaration_id) == 0


def test_a_withdrawn_declaration_leaves_no_more(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        gates.move(load(declaration_id), "DS.WITHDRAWN")
        with pytest.raises(NotNow):
            paper.pdf(load(declaration_id))


def test_a_draft_says_so_and_a_locked_paper_carries_its_hash(acting: Acting, tmp_path: Path) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        assert "DRAFT – NOT FOR SIGNATURE" in _words(paper.pdf(load(declaration_id)), tmp_path)
    text_hash = lock(acting, declaration_id)
    with acting("attorney"):
        words = _words(paper.pdf(load(declaration_id)), tmp_path)
    assert text_hash[:8] in words
    assert "under the laws of the United States of America" in _unnumbered(words)


def test_the_same_text_gives_the_same_bytes(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    lock(acting, declaration_id)
    with acting("attorney"):
        assert paper.pdf(load(declaration_id)) == paper.pdf(load(declaration_id))


def test_a_character_that_no_font_draws_is_named(acting: Acting, as_attorney: Browser) -> None:
    declaration_id = a_declaration(acting, narrative="They wrote \U00012000 on the wall.")
    with acting("attorney"), pytest.raises(UnsupportedGlyph):
        paper.pdf(load(declaration_id))
    answer_ = as_attorney.get(f"/declarations/{declaration_id}/pdf")
    assert answer_.status_code == 422
    assert "CUNEIFORM SIGN A" in answer_.get_data(as_text=True)


def test_a_paper_leaves_by_its_number_and_never_by_a_name(
    acting: Acting, as_attorney: Browser, owner: sa.Connection
) -> None:
    declaration_id = a_declaration(acting, name="María Núñez")
    with acting("attorney"):
        services.describe(load(declaration_id), name_style="true_name")
        number = load(declaration_id).label
    for kind, ending, magic in (("pdf", "pdf", b"%PDF"), ("word", "docx", b"PK")):
        answer_ = as_attorney.get(f"/declarations/{declaration_id}/{kind}")
        assert answer_.status_code == 200
        assert answer_.data.startswith(magic)
        assert answer_.headers["Content-Disposition"] == f"attachment; filename=declaration-{number}.{ending}"
        assert answer_.headers["Cache-Control"] == "no-store"
    assert _acts(owner, "export", declaration_id) == 2


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("paralegal", 200),
        ("attorney", 200),
        ("intake", 403),
        ("stranger", 403),
        ("cocounsel", 404),
        ("analyst", 403),
        ("auditor", 403),
        ("admin", 403),
    ],
)
def test_who_may_take_a_paper(acting: Acting, browser_of: object, who: str, status: int) -> None:
    declaration_id = a_declaration(acting)
    assert browser_of(who).get(f"/declarations/{declaration_id}/pdf").status_code == status  # type: ignore[operator]


@pytest.mark.parametrize("who", ["cocounsel", "other_attorney"])
def test_another_organisation_takes_no_paper_of_what_is_shared_with_it(acting: Acting, share: object, who: str) -> None:
    declaration_id = a_declaration(acting)
    share(declaration_id)  # type: ignore[operator]
    with acting(who), pytest.raises(NotAllowed):
        paper.pdf(load(declaration_id))


def test_a_refused_paper_says_why_in_words(acting: Acting, as_attorney: Browser) -> None:
    declaration_id = a_declaration(acting, scopes=())
    answer_ = as_attorney.get(f"/declarations/{declaration_id}/pdf", follow_redirects=True)
    assert "permission" in answer_.get_data(as_text=True)
