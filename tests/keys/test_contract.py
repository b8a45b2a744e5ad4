"""What every key service promises: the same tests on the key file and on AWS KMS (moto stands in for KMS)."""

from __future__ import annotations

import base64
import dataclasses

import pytest

from intake import keys
from intake.errors import KeyUnavailable
from intake.keys import KeyService

ROW = "vault.identity|0197-1"


def test_a_field_comes_back_as_it_went_in(service: KeyService) -> None:
    sealed = keys.seal(service, 1, ROW, {"legal_name": "María Núñez", "phone": "555 0100"})
    assert keys.unseal(service, 1, ROW, sealed) == {"legal_name": "María Núñez", "phone": "555 0100"}
    assert "555" not in str(sealed)


def test_each_row_has_a_data_key_of_its_own(service: KeyService) -> None:
    one, other = (keys.seal(service, 1, ROW, {"phone": "555 0100"}) for _ in range(2))
    assert one.wrapped_key != other.wrapped_key
    assert one.fields != other.fields


@pytest.mark.parametrize(
    ("organisation", "row"), [(1, "vault.identity|0197-2"), (1, "vault.protected|0197-1"), (2, ROW)]
)
def test_ciphertext_moved_to_another_row_table_or_organisation_is_refused(
    service: KeyService, organisation: int, row: str
) -> None:
    sealed = keys.seal(service, 1, ROW, {"legal_name": "x"})
    with pytest.raises(KeyUnavailable):
        keys.unseal(service, organisation, row, sealed)


def test_ciphertext_moved_to_another_column_is_refused(service: KeyService) -> None:
    sealed = keys.seal(service, 1, ROW, {"legal_name": "x", "phone": "y"})
    moved = dataclasses.replace(sealed, fields={"phone": sealed.fields["legal_name"]})
    with pytest.raises(KeyUnavailable):
        keys.unseal(service, 1, ROW, moved)


def test_a_changed_byte_of_ciphertext_or_of_the_wrapped_key_is_refused(service: KeyService) -> None:
    sealed = keys.seal(service, 1, ROW, {"legal_name": "x"})
    raw = bytearray(base64.b64decode(sealed.fields["legal_name"]))
    raw[-1] ^= 1
    changed = dataclasses.replace(sealed, fields={"legal_name": base64.b64encode(bytes(raw)).decode()})
    with pytest.raises(KeyUnavailable):
        keys.unseal(service, 1, ROW, changed)
    wrapped = bytearray(sealed.wrapped_key)
    wrapped[-1] ^= 1
    with pytest.raises(KeyUnavailable):
        keys.unseal(service, 1, ROW, dataclasses.replace(sealed, wrapped_key=bytes(wrapped)))


def test_after_rotation_the_old_opens_the_new_is_wrapped_anew_and_data_is_not_touched(service: KeyService) -> None:
    before = keys.seal(service, 1, ROW, {"legal_name": "x"})
    name = service.rotate(1)
    assert name == service.current(1) != before.key_id
    assert keys.unseal(service, 1, ROW, before) == {"legal_name": "x"}
    key_id, wrapped = keys.rewrap(service, 1, before.key_id, before.wrapped_key)
    after = dataclasses.replace(before, key_id=key_id, wrapped_key=wrapped)
    assert (key_id, after.fields) == (name, before.fields)
    assert keys.unseal(service, 1, ROW, after) == {"legal_name": "x"}
    assert keys.seal(service, 1, ROW, {}).key_id == name
    assert service.current(2) != name


def test_a_derived_key_is_stable_under_rotation_and_differs_by_purpose_and_organisation(service: KeyService) -> None:
    first = service.derive(1, "name index")
    service.rotate(1)
    assert service.derive(1, "name index") == first
    assert len({first, service.derive(2, "name index"), service.derive(1, "other")}) == 3
    assert len(first) == 32


def test_an_organisation_without_a_key_gets_nothing(service: KeyService) -> None:
    for act in (
        lambda: service.wrap(9, b"x" * 32),
        lambda: service.unwrap(9, "k", b"x"),
        lambda: service.current(9),
        lambda: service.derive(9, "name index"),
    ):
        with pytest.raises(KeyUnavailable):
            act()


def test_keys_that_exist_are_never_made_anew(service: KeyService) -> None:
    before = service.current(1), service.derive(1, "p")
    service.prepare([1, 2])
    assert (service.current(1), service.derive(1, "p")) == before
