"""What the benchmark's servers run: the bare program and Flask-Admin over the same tables."""

from __future__ import annotations

import os
import secrets

import sqlalchemy as sa
from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_babel import Babel
from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker

from bench import bare as bare_program

URL = os.environ.get("BENCH_DATABASE_URL", "")


def bare() -> Flask:
    """Return the limit: bare views over the same rows."""
    return bare_program.create(URL)


def flask_admin() -> Flask:
    """Return Flask-Admin over the incident table, 50 a page."""
    app = Flask("peer")
    app.secret_key = secrets.token_hex()
    Babel(app)  # Flask-Admin asks for it as soon as it is installed
    engine = sa.create_engine(URL, pool_size=10)

    class Base(DeclarativeBase):
        pass

    class Incident(Base):
        __table__ = sa.Table(
            "incident",
            Base.metadata,
            sa.Column("id", sa.Uuid, primary_key=True),
            *(
                sa.Column(name, kind)
                for name, kind in (
                    ("number", sa.BigInteger),
                    ("title", sa.Text),
                    ("place", sa.Text),
                    ("earliest", sa.Date),
                    ("latest", sa.Date),
                    ("stage", sa.Text),
                )
            ),
        )

    class View(ModelView):  # type: ignore[misc]
        page_size = 50
        column_default_sort = ("number", True)
        column_searchable_list = ("title", "place")

    Admin(app).add_view(View(Incident, scoped_session(sessionmaker(bind=engine))))
    return app
