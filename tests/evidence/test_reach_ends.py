"""What ends a sender's reach ends the sending: no further part is signed, nothing is completed, nothing opened."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from intake.evidence.sealing import seal
from intake.storage import Storage
from tests.browser import Browser
from tests.evidence.conftest import PHOTO, TWO_PARTS, Sender, row
from tests.world import World

ENDS = {
    "a wall": (
        "insert into ethical_wall (user_id, compartment_id, reason) values ({who}, {here}, 'x')",
        "update ethical_wall set ended_at = now()",
    ),
    "a wall round the record": (
        "insert into ethical_wall (user_id, compartment_id, incident_id, reason) values ({who}, {here}, '{one}', 'x')",
        "update ethical_wall set ended_at = now()",
    ),
    "a court's seal": ("update incident set tier = 3 where id = '{one}'", "update incident set tier = 1"),
    "another role": (
        "update access_grant set role = 'RO.AUDITOR' where user_id = {who}",
        "update access_grant set role = 'RO.INTAKE' where user_id = {who}",
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


@pytest.mark.parametrize("end", ENDS, ids=str)
def test_a_half_sent_file_goes_no_further(
    sender: Sender, store: Storage, owner: sa.Connection, world: World, end: str
) -> None:
    item = sender.start(TWO_PARTS).get_json()
    sender.put_parts(item, TWO_PARTS, only={1})
    take, give = (
        each.format(who=world.users["intake"], here=world.compartment, one=sender.incident) for each in ENDS[end]
    )
    assert owner.execute(sa.text(take)).rowcount
    try:
        assert sender.sign(item, 2, TWO_PARTS[item["part_size"] :]).status_code in {401, 403, 404}
        assert sender.complete(item).status_code in {401, 403, 404}
        assert row(owner, item).state == "receiving"
    finally:
        owner.execute(sa.text(give))
    # Nothing else stood in the way.
    assert sender.sign(item, 2, TWO_PARTS[item["part_size"] :]).status_code == 200


def test_a_sealed_file_is_opened_to_nobody_behind_the_wall_and_its_address_lives_five_minutes(
    sender: Sender, store: Storage, owner: sa.Connection, world: World, as_attorney: Browser
) -> None:
    item = sender.send(PHOTO)
    assert seal(uuid.UUID(item["id"]), world.users["intake"], store) == "sealed"
    owner.execute(sa.text("update evidence_item set scan = 'clean' where id = :id"), {"id": item["id"]})
    address = f"/evidence/{item['id']}/file"
    answer = as_attorney.get(address)
    assert answer.status_code in {302, 303}
    assert int(parse_qs(urlsplit(answer.location).query)["X-Amz-Expires"][0]) <= 300
    take, give = ENDS["a wall round the record"]
    owner.execute(sa.text(take.format(who=world.users["attorney"], here=world.compartment, one=sender.incident)))
    assert as_attorney.get(address).status_code == 404
    owner.execute(sa.text(give))
    assert as_attorney.get(address).status_code in {302, 303}


def test_the_address_of_a_part_lives_five_minutes_too(sender: Sender) -> None:
    item = sender.start(TWO_PARTS).get_json()
    signed = sender.sign(item, 1, TWO_PARTS[: item["part_size"]]).get_json()
    assert int(parse_qs(urlsplit(signed["url"]).query)["X-Amz-Expires"][0]) <= 300
