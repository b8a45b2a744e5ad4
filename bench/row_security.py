"""Row security against the same statements with the filter that an application would write by hand.

Both run on one connection, in one transaction that is undone: once as the program's role with a user set, once as the
owner, past row security, with the reader's compartments and hidden incidents written into every statement as constants.
Before measuring, one incident in 500 is lifted to attorneys' eyes only, so that tiers have something to hide.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from bench.measure import interleaved
from bench.workloads import COMMON, RARE, Row
from intake import db
from intake.settings import Settings

READERS = ("attorney@harbor.example", "paralegal@harbor.example")
TARGET = 1.2


def compared(settings: Settings, rounds: int) -> Iterator[Row]:
    """List, search and filtered search of an attorney and a paralegal: row security : filter by hand."""
    engine = sa.create_engine(settings.database_url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        _hide_some(connection)
        for email in READERS:
            yield from _reader(connection, email, rounds)
        connection.rollback()
    db.session.remove()


def _hide_some(connection: sa.Connection) -> None:
    connection.execute(sa.text("set local session_replication_role = replica"))  # no log, no index: undone anyway
    connection.execute(sa.text("update incident set tier = 2 where number % 500 = 0"))
    connection.execute(sa.text("set local session_replication_role = origin"))


def _reader(connection: sa.Connection, email: str, rounds: int) -> Iterator[Row]:
    from intake.search import queries  # noqa: PLC0415

    user = connection.execute(sa.text("select id from app_user where email = :e"), {"e": email}).scalar_one()
    days = {"first": dt.date(2025, 6, 1), "last": dt.date(2025, 7, 31)}
    narrow = queries.Asked(words=COMMON, agency=("AG.DHS.CBP.USBP",), **days)
    works: dict[str, Callable[[], object]] = {
        "list, 50 newest": _newest,
        "search, rare word": lambda: queries.look(queries.Asked(words=RARE)),
        "search, common words": lambda: queries.look(queries.Asked(words=COMMON)),
        "filtered search": lambda: queries.look(narrow),
        "filtered search with its facet counts": lambda: (queries.look(narrow), queries.figures(narrow)),
    }
    db.session.remove()
    db.session.configure(bind=connection)
    filters = _by_hand(connection, user)
    both = {}
    for name, work in works.items():
        both[f"{name} rows"] = _under(connection, user, work)
        both[f"{name} hand"] = _filtered(connection, filters, work)
    timing = interleaved(both, rounds)
    who = email.split("@", maxsplit=1)[0]
    for name in works:
        ours, limit = timing[f"{name} rows"], timing[f"{name} hand"]
        yield Row(f"rows: {name}, {who}", ours.median, limit.median, TARGET, detail={"p95": ours.p95})


def _newest() -> object:
    from intake.incidents.models import Incident  # noqa: PLC0415

    columns = [column for column in Incident.__table__.columns if column.name != "answers"]
    return db.session.execute(sa.select(*columns).order_by(Incident.number.desc()).limit(50)).all()


def _under(connection: sa.Connection, user: int, work: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        connection.exec_driver_sql("set local role testigo_app")
        connection.exec_driver_sql(f"select set_config('app.user_id', '{user}', true)")
        try:
            return work()
        finally:
            connection.exec_driver_sql("reset role")

    return run


def _by_hand(connection: sa.Connection, user: int) -> dict[str, str]:
    """Return the reader's filter for each table, with everything worked out beforehand."""
    connection.exec_driver_sql(f"select set_config('app.user_id', '{user}', true)")
    compartments, above = connection.execute(sa.text("select access.readable(), access.above()")).one()
    mine = f"compartment_id = any('{{{','.join(map(str, compartments))}}}')"
    hidden = f"<> all('{{{','.join(map(str, above))}}}')"
    return {
        "FROM incident ": f"FROM incident WHERE {mine} and id {hidden} ",
        "from search_entry where ": f"from search_entry where layer = 'own' and {mine} and incident_id {hidden} and ",
    }


def _filtered(connection: sa.Connection, filters: dict[str, str], work: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        connection.exec_driver_sql("select 1")  # as many round trips as the other side
        connection.exec_driver_sql("select 1")
        with _rewriting(connection, filters):
            found = work()
        connection.exec_driver_sql("select 1")
        return found

    return run


@contextmanager
def _rewriting(connection: sa.Connection, filters: dict[str, str]) -> Iterator[None]:
    def rewrite(_c: object, _cursor: object, statement: str, values: object, *_more: object) -> tuple[str, object]:
        for plain, filtered in filters.items():
            statement = statement.replace("\nFROM incident ORDER", "\nFROM incident  ORDER").replace(plain, filtered)
        return statement, values

    sa.event.listen(connection, "before_cursor_execute", rewrite, retval=True)
    try:
        yield
    finally:
        sa.event.remove(connection, "before_cursor_execute", rewrite)
