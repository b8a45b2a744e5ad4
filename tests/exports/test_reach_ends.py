"""What ends an asker's reach ends their export: before the run, at its next batch, and after the file is made."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from intake.exports import jobs as making
from intake.exports import records
from intake.search.queries import every_hit
from intake.storage import Storage
from tests.browser import Browser
from tests.exports.conftest import Acting, ask, made
from tests.world import World

# What ends reach, and what gives it back. {who}, {here} and {one} are user, compartment and one incident found.
ENDS = {
    "a wall": (
        "insert into ethical_wall (user_id, compartment_id, reason) values ({who}, {here}, 'x')",
        "update ethical_wall set ended_at = now()",
    ),
    "a wall round one record": (
        "insert into ethical_wall (user_id, compartment_id, incident_id, reason) values ({who}, {here}, '{one}', 'x')",
        "update ethical_wall set ended_at = now()",
    ),
    "a tier": ("update incident set tier = 2 where id = '{one}'", "update incident set tier = 1"),
    "another role": (
        "update access_grant set role = 'RO.AUDITOR' where user_id = {who}",
        "update access_grant set role = 'RO.SUPATT' where user_id = {who}",
    ),
    "a grant's last day": (
        "update access_grant set expires_at = now() where user_id = {who}",
        "update access_grant set expires_at = null where user_id = {who}",
    ),
    "leaving the coalition": (
        "update compartment set left_on = current_date where id = {here}",
        "update compartment set left_on = null",
    ),
    "a closed account": (
        "update app_user set active = false where id = {who}",
        "update app_user set active = true where id = {who}",
    ),
}


@pytest.fixture
def end(
    owner: sa.Connection, world: World, store: Storage, request: pytest.FixtureRequest
) -> Iterator[Callable[[], None]]:
    """End the attorney's reach in the way that the test's parameter names; given back after the test."""
    found = "select incident_id from account where narrative like '%warrant%' limit 1"
    one = owner.execute(sa.text(found)).scalar_one()
    names = {"who": world.users["attorney"], "here": world.compartment, "one": one}
    take, give = (statement.format(**names) for statement in ENDS[request.param])
    yield lambda: _done(owner, take)
    owner.execute(sa.text(give))


def _done(owner: sa.Connection, statement: str) -> None:
    assert owner.execute(sa.text(statement)).rowcount


@pytest.mark.parametrize("end", ENDS, ids=str, indirect=True)
def test_a_running_export_stops_at_its_next_batch(
    acting: Acting,
    world: World,
    store: Storage,
    owner: sa.Connection,
    end: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    export, real, batches = ask(acting), records.rows_of, []

    def end_after_the_first(ids: list[uuid.UUID], profile: str, lang: str) -> Iterator[dict[str, Any]]:
        yield from real(ids, profile, lang)
        batches.append(ids)
        if len(batches) == 1:
            end()

    # Batches of one record, the one that is withdrawn last.
    taken = owner.execute(
        sa.text("select incident_id from account where narrative like '%warrant%' limit 1")
    ).scalar_one()
    one_by_one = lambda asked: ([i] for i in sorted((i for b in every_hit(asked) for i in b), key=lambda i: i == taken))  # noqa: E731
    monkeypatch.setattr(making, "every_hit", one_by_one)
    monkeypatch.setattr(making, "rows_of", end_after_the_first)
    making.make(world.users["attorney"], export, store)
    row = owner.execute(sa.text("select * from export where id = :id"), {"id": export}).one()
    assert len(batches) == 1
    assert (row.state, row.failure, row.object_key) == ("failed", "not_allowed", "")
    assert (
        owner.execute(sa.text("select count(*) from export_content where export_id = :id"), {"id": export}).scalar_one()
        == 0
    )


@pytest.mark.parametrize("end", ENDS, ids=str, indirect=True)
def test_a_finished_file_is_not_downloaded_any_more(
    acting: Acting, world: World, store: Storage, as_attorney: Browser, end: Callable[[], None]
) -> None:
    export = made(acting, world, store, ask(acting))
    address = f"/exports/{export.id}/file"
    assert as_attorney.get(address).status_code == 303
    end()
    assert as_attorney.get(address).status_code in {302, 403, 404}
    assert not as_attorney.get(address).headers.get("Location", "").startswith("http")


def test_an_approver_who_does_not_see_every_record_in_it_neither_approves_nor_downloads(
    acting: Acting, world: World, store: Storage, owner: sa.Connection, as_attorney: Browser
) -> None:
    export = made(acting, world, store, ask(acting, "paralegal"), "paralegal")
    wall = "insert into ethical_wall (user_id, compartment_id, incident_id, reason) select :who, compartment_id, id, 'x' from incident"
    owner.execute(
        sa.text(f"{wall} where id in (select incident_id from export_content)"), {"who": world.users["attorney"]}
    )
    as_attorney.get("/exports")
    assert as_attorney.post(f"/exports/{export.id}/approve", {}, once=None).status_code == 403
    assert as_attorney.get(f"/exports/{export.id}/file").status_code == 403
    owner.execute(sa.text("update ethical_wall set ended_at = now()"))
    assert as_attorney.post(f"/exports/{export.id}/approve", {}, once=None).status_code == 303


def test_a_file_whose_content_was_not_noted_does_not_go_out(
    acting: Acting, world: World, store: Storage, owner: sa.Connection, as_attorney: Browser
) -> None:
    export = made(acting, world, store, ask(acting))
    held = owner.execute(sa.text("delete from export_content where export_id = :id"), {"id": export.id}).rowcount
    assert held == 2
    assert as_attorney.get(f"/exports/{export.id}/file").status_code == 403


def test_the_address_of_a_file_lives_for_five_minutes_at_most(
    acting: Acting, world: World, store: Storage, as_attorney: Browser
) -> None:
    export = made(acting, world, store, ask(acting))
    location = as_attorney.get(f"/exports/{export.id}/file").location
    assert int(parse_qs(urlsplit(location).query)["X-Amz-Expires"][0]) <= 300
