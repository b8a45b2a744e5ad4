"""The database: base classes, the session, and the one transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, scoped_session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from intake.errors import DatabaseUnavailable, NotAllowed, StaleVersion

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table. Times carry a zone; text is text."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dt.datetime: sa.DateTime(timezone=True),
        str: sa.Text(),
        dict[str, Any]: pg.JSONB(),
        list[str]: pg.ARRAY(sa.Text()),
        uuid.UUID: pg.UUID(as_uuid=True),
        bytes: sa.LargeBinary(),
    }


class Record(Base):
    """A row with a time-ordered random identifier and an edit version (two editors: the second is told)."""

    __abstract__ = True

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=sa.text("uuidv7()"))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        return {"version_id_col": cls.version, "eager_defaults": True}


class InCompartment:
    """A row that belongs to one organisation's share of one matter, and to the user who opened the intake.

    Row-level security (access/rows.py) reads exactly these columns and the row's incident.
    """

    @declared_attr
    def compartment_id(cls) -> Mapped[int]:  # noqa: N805
        """The organisation's share of the matter."""
        return mapped_column(sa.ForeignKey("compartment.id"), index=True)

    @declared_attr
    def opened_by_id(cls) -> Mapped[int]:  # noqa: N805
        """The user whose intake this belongs to."""
        return mapped_column(sa.ForeignKey("app_user.id"), index=True)


session: scoped_session[Any] = scoped_session(sessionmaker(autoflush=True))


def connect(url: str, **options: Any) -> sa.Engine:  # noqa: ANN401
    """Bind the program to the database at `url` (postgresql+psycopg://...), as the role that owns nothing."""
    engine = sa.create_engine(
        url,
        pool_size=options.pop("pool_size", 10),
        max_overflow=4,
        pool_timeout=5,
        pool_pre_ping=False,
        connect_args={
            "connect_timeout": 5,
            "application_name": "testigo",
            "options": "-c search_path=public,jobs -c statement_timeout=60000 -c lock_timeout=8000"
            " -c idle_in_transaction_session_timeout=120000 -c timezone=UTC",
        },
        **options,
    )
    session.remove()
    session.configure(bind=engine)
    return engine


@contextmanager
def transaction(user_id: int | None = None) -> Iterator[scoped_session[Any]]:
    """Commit everything done in the block for `user_id`, or none of it.

    The user's id is set for this transaction only: row-level security reads it, and no user means no rows.
    Raises StaleVersion when somebody else saved first, DatabaseUnavailable when PostgreSQL cannot answer.
    """
    session.remove()
    try:
        try:
            if user_id is not None:
                act_as(user_id)
            yield session
            session.commit()
        except BaseException:
            session.rollback()  # on a lost connection this fails in its turn, and is named below all the same
            raise
    except StaleDataError as stale:
        raise StaleVersion from stale
    except (sa.exc.DBAPIError, sa.exc.TimeoutError, sa.exc.PendingRollbackError) as failure:
        if _lost(failure):
            _abandon()
            raise DatabaseUnavailable from failure
        # Row security refused the write: the net under a check that a service forgot.
        if "row-level security" in str(getattr(failure, "orig", "")):
            raise NotAllowed from failure
        raise
    finally:
        session.remove()


def _lost(failure: sa.exc.SQLAlchemyError) -> bool:
    """Tell whether PostgreSQL was away, ended the connection, or had no time; anything else is a fault of ours."""
    if isinstance(failure, sa.exc.PendingRollbackError):
        return failure.code == "8s2b"  # the connection was lost inside a savepoint (SQLAlchemy's own code for it)
    if isinstance(failure, sa.exc.DBAPIError) and failure.connection_invalidated:
        return True
    return isinstance(failure, (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError))


def act_as(user_id: int) -> None:
    """Make `user_id` the one whose rows this transaction sees."""
    session.execute(sa.text("select set_config('app.user_id', :id, true)"), {"id": str(user_id)})


def _abandon() -> None:
    # After kill -9 of the server the pooled connections are dead too: drop them all, the next request reconnects.
    lost = session()
    bind = lost.get_bind()
    lost.invalidate()
    if isinstance(bind, sa.Engine):
        bind.dispose()
