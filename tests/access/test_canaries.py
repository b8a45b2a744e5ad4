"""A planted word of each field class, looked for wherever words could run off to: logs, addresses, titles, errors,
jobs, the log's pages, names of files, papers, exports, and the database as it lies on disk.

What each role gets at each address is in test_matrix.py; here are the sinks that belong to nobody's role.
"""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import unquote_plus

import pypdfium2
import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db
from intake.access.actor import Actor
from intake.access.fields import FieldClass
from intake.exports.records import PROFILES, rows_of
from intake.incidents.claims import suggest_claim
from intake.incidents.models import Incident
from intake.search.snippets import snippets
from intake.settings import Settings
from tests.access.asking import Ask, ask, asks_of
from tests.access.matrix import undone
from tests.access.planted import CANARIES, STEM, Ids, plant
from tests.browser import Browser
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
WHO = ("attorney", "intake", "auditor", "analyst")
# Where a page leads, and what it calls itself.
_LEADS = re.compile(r'(?:href|src|action|data-[a-z-]*url|hx-[a-z]+|content)="([^"]*)"|<title>(.*?)</title>', re.DOTALL)
_NAMED, _NOTED = CANARIES[FieldClass.SEALED], CANARIES[FieldClass.WORK_PRODUCT]
_LEGAL, _TOLD = CANARIES[FieldClass.OPINION], CANARIES[FieldClass.CONFIDENTIAL]


@pytest.fixture(scope="module")
def ids(app: Flask, world: World, settings: Settings) -> Ids:
    """The planted records."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return plant(world, connection)


def everything(app: Flask, browser: Browser, ids: Ids) -> list[tuple[Ask, str, str, str]]:
    """Ask every address; returns (what, address it leads to, name of the file it sends, text)."""
    found, kept = [], dict(browser.client._cookies or {})
    for what in asks_of(app):
        with undone():
            answer = ask(browser, what, ids)
            disposition = answer.headers.get("Content-Disposition", "")
            text = answer.get_data().decode(errors="replace") if answer.mimetype == "text/html" else ""
            found.append((what, answer.headers.get("Location", ""), disposition, text))
        browser.client._cookies = dict(kept)
    return found


@pytest.mark.parametrize("who", WHO)
def test_no_word_is_in_an_address_a_title_a_file_name_or_a_log_line(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], who: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = browser_of(who)
    with caplog.at_level(logging.DEBUG):
        answered = everything(app, browser, ids)
    for what, location, disposition, text in answered:
        # The store gives an original back under the name that it came with: a file's reader knows that name.
        if what.endpoint not in {"evidence.download", "evidence.media"}:
            assert STEM not in unquote_plus(location).lower(), what
        assert STEM not in unquote_plus(disposition).lower(), what
        for led in _LEADS.findall(text):
            assert STEM not in unquote_plus("".join(led)).lower(), (what, led)
    ours = [line for line in caplog.messages if not line.startswith(("STATEMENT", "duration"))]
    assert not [line for line in ours if STEM in line.lower()]


@pytest.mark.parametrize("who", ["attorney", "intake"])
def test_a_fault_in_the_middle_of_a_page_says_none_of_its_words(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], who: str, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    browser, fired = browser_of(who), 0

    def fail(*_told: object, **_named: object) -> str:
        raise ValueError(" ".join(CANARIES.values()))

    plain = app.jinja_env.get_template("error.html").root_render_func
    for what in (each for each in asks_of(app) if each.method == "GET"):
        monkeypatch.setattr(app.jinja_env, "loud", True)
        with monkeypatch.context() as faulty, undone():
            faulty.setattr("jinja2.environment.Template.render", _only_errors(fail))
            answer = ask(browser, what, ids)
        if answer.status_code == 500:
            fired += 1
        if answer.status_code >= 400:
            assert STEM not in answer.get_data(as_text=True).lower(), what
    assert plain is not None
    assert fired > 10
    assert STEM not in caplog.text.lower()


def _only_errors(fail: Callable[..., str]) -> Callable[..., str]:
    from jinja2 import Template  # noqa: PLC0415

    whole = Template.render

    def render(self: Template, *told: object, **named: object) -> str:
        return whole(self, *told, **named) if self.name == "error.html" else fail()

    return render


def test_jobs_carry_identifiers_and_no_words(app: Flask, ids: Ids, as_attorney: Browser, owner: sa.Connection) -> None:
    for address, form in (
        (f"/evidence/{ids['file']}/check", {}),
        (f"/exports/new?search={ids['search']}", {"format": "csv", "profile": "records_with_claims"}),
    ):
        assert as_attorney.post(address, form).status_code == 303
    queued = owner.execute(sa.text("select task_name, args::text from jobs.procrastinate_jobs")).all()
    assert {"check_item", "make_export"} <= {row.task_name for row in queued}
    for row in queued:
        assert STEM not in row.args.lower()
        # Identifiers are numbers and UUIDs: no argument is a text.
        assert not re.search(r": \"(?![0-9a-f]{8}-[0-9a-f-]{27}\")[^\"]+\"", row.args), row
    events = owner.execute(sa.text("select to_jsonb(e)::text from jobs.procrastinate_events e")).scalars().all()
    assert not [each for each in events if STEM in each.lower()]


def test_the_auditor_reads_no_word_in_the_log_and_sealed_words_are_not_even_stored_there(
    ids: Ids, as_auditor: Browser, acting: Acting, owner: sa.Connection
) -> None:
    for address in ("/log", f"/log?record_id={ids['incident']}", f"/log?record_id={ids['person']}"):
        assert STEM not in as_auditor.get(address).get_data(as_text=True).lower()
    with acting("auditor"):
        lines = db.session.execute(sa.text("select to_jsonb(t)::text from audit.trail t")).scalars().all()
    assert len(lines) > 20
    assert not [line for line in lines if STEM in line.lower()]
    stored = owner.execute(sa.text("select count(*) from audit.event where payload ilike :w"), {"w": f"%{_NAMED}%"})
    assert stored.scalar_one() == 0


def test_the_database_without_its_keys_holds_no_sealed_word(ids: Ids, owner: sa.Connection) -> None:
    tables = owner.execute(
        sa.text(
            "select quote_ident(table_schema) || '.' || quote_ident(table_name) from information_schema.tables"
            " where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
        )
    ).scalars()
    told, searched = [], 0
    for table in tables:
        searched += 1
        count = f"select count(*) from {table} t where t::text ilike :plain or t::text ilike :hex"
        words = {"plain": f"%{_NAMED}%", "hex": f"%{_NAMED.encode().hex()}%"}
        if owner.execute(sa.text(count), words).scalar_one():
            told.append(table)
    assert searched > 30
    assert told == []
    # The search itself works: words that are not sealed are found.
    told_plainly = owner.execute(sa.text("select count(*) from account where narrative ilike :w"), {"w": f"%{_TOLD}%"})
    assert told_plainly.scalar_one() == 1


def test_an_export_holds_the_classes_of_its_profile_and_no_other(ids: Ids, acting: Acting) -> None:
    with acting("attorney"):
        incident = db.session.get_one(Incident, ids["incident"])
        suggest_claim(incident, "CL.4A.ARREST", _LEGAL)
        for profile in PROFILES:
            text = str(list(rows_of([ids["incident"]], profile, "en"))).lower()
            assert _TOLD in text
            assert not [word for word in (_NAMED, _NOTED, _LEGAL) if word in text], profile


def test_a_paper_holds_what_was_told_and_nothing_of_another_class(ids: Ids, as_attorney: Browser) -> None:
    printed = as_attorney.get(f"/declarations/{ids['declaration']}/pdf").get_data()
    document = pypdfium2.PdfDocument(printed)
    text = " ".join(page.get_textpage().get_text_range() for page in document)
    written = as_attorney.get(f"/declarations/{ids['declaration']}/word").get_data()
    with zipfile.ZipFile(io.BytesIO(written)) as parts:
        text += " ".join(parts.read(name).decode(errors="replace") for name in parts.namelist())
    assert _TOLD in text
    assert not [word for word in (_NAMED, _NOTED, _LEGAL) if word in text.lower()]


def test_a_search_shows_and_finds_no_note_to_a_reader_of_another_organisation(
    ids: Ids, acting: Acting, world: World, browser_of: Callable[[str], Browser]
) -> None:
    with acting("attorney"):
        from intake.incidents.sharing import share_incident  # noqa: PLC0415

        share_incident(db.session.get_one(Incident, ids["incident"]), world.other_organisation)
    with acting("cocounsel"):
        shown = snippets(f"{_TOLD} or {_NOTED}", [ids["incident"]])
        assert _NOTED not in str(shown)
    for word, found in ((_TOLD, True), (_NOTED, False), (_LEGAL, False), (_NAMED, False)):
        browser = browser_of("cocounsel")
        browser.get("/search")
        page = browser.get(browser.post("/search", {"words": word}).location).get_data(as_text=True)
        assert (str(ids["incident"]) in page) is found, word
