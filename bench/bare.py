"""The limit: the same work with nothing around it. Bare Flask views over the same rows, without sign-in or access."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from flask import Flask, render_template_string, request

_LIST = """<!doctype html><title>list</title><table>{% for r in rows %}<tr><td>{{ r.number }}<td>{{ r.title }}
<td>{{ r.place }}<td>{{ r.earliest }}<td>{{ r.latest }}<td>{{ r.stage }}{% endfor %}</table>"""


def create(url: str) -> Flask:
    """Return the bare program on the database at `url`, as the owner: no row security, no audit."""
    app = Flask("bare")
    engine = sa.create_engine(url, pool_size=10)

    @app.get("/list")
    def list_() -> str:
        with engine.connect() as connection:
            rows = connection.execute(
                sa.text(
                    "select number, title, place, earliest, latest, stage from incident order by number desc limit 50"
                )
            ).all()
        return render_template_string(_LIST, rows=rows)

    @app.get("/search")
    def search() -> str:
        with engine.connect() as connection:
            rows = connection.execute(
                sa.text(
                    # The better of two plain statements: without MATERIALIZED the planner walks the newest rows.
                    "with m as materialized (select incident_id, number, place, earliest, latest, stage from search_entry"
                    " where layer = 'own' and words @@ search.asked(:q))"
                    " select m.number, i.title, m.place, m.earliest, m.latest, m.stage from m"
                    " join incident i on i.id = m.incident_id order by m.number desc limit 50"
                ),
                {"q": request.args["q"]},
            ).all()
        return render_template_string(_LIST, rows=rows)

    @app.post("/create")
    def create_() -> str:
        with engine.begin() as connection:
            person, incident = uuid.uuid4(), uuid.uuid4()
            base = {"c": 1, "u": int(request.form["user"]), "p": person, "i": incident}
            connection.execute(
                sa.text(
                    "insert into person (id, compartment_id, opened_by_id, pseudonym) values (:p, :c, :u, 'Declarant')"
                ),
                base,
            )
            connection.execute(
                sa.text("insert into incident (id, compartment_id, opened_by_id, title) values (:i, :c, :u, :t)"),
                {**base, "t": request.form["title"]},
            )
            connection.execute(
                sa.text(
                    "insert into account (compartment_id, opened_by_id, incident_id, person_id, narrative) values (:c, :u, :i, :p, :n)"
                ),
                {**base, "n": request.form["narrative"]},
            )
        return str(incident)

    return app
