"""A damaged address of an export."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.browser import Browser


@pytest.mark.parametrize("search", ["", "garbage", "00000000", "f6eeb24e-8cff-43a4-aa1e-2ebb4ac3029f", "%00"])
def test_a_damaged_search_never_becomes_an_export_of_everything(
    as_attorney: Browser, owner: sa.Connection, search: str
) -> None:
    as_attorney.get("/exports")
    assert as_attorney.get(f"/exports/new?search={search}").status_code in {404, 422}
    answer = as_attorney.post(f"/exports/new?search={search}", {"format": "csv", "profile": "records"})
    assert answer.status_code in {404, 422}
    assert owner.execute(sa.text("select count(*) from export")).scalar_one() == 0
