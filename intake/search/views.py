"""The search page: list, map and timeline share one address, which holds filters and never words."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from babel.dates import format_skeleton
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from intake import db
from intake.access.policy import Permission
from intake.incidents.models import Incident
from intake.search import queries, services
from intake.search.forms import SearchForm
from intake.search.map import Point, draw_map
from intake.search.queries import CAP, FACETS, MOST, PAGE, Asked
from intake.search.snippets import snippets
from intake.search.timeline import draw_timeline
from intake.web import requires

bp = Blueprint("search", __name__, url_prefix="/search")
VIEWS = ("list", "map", "timeline")
LISTED = 14  # values shown of a facet, those with most records; chosen ones always


@bp.route("", methods=["GET", "POST"])
@requires(Permission.SEARCH)
def index() -> ResponseReturnValue:
    """Take words by POST and lead to their search; without words, show everything that may be seen."""
    form = SearchForm()
    if request.method == "POST":
        if not form.validate():
            return _page(form, None, services.asked_for("", _arguments())), 422
        words = (form.words.data or "").strip()
        return redirect(_address(services.keep_words(words).id if words else None), 303)
    return _page(form, None, services.asked_for("", _arguments()))


@bp.get("/<uuid:search_id>")
@requires(Permission.SEARCH)
def saved(search_id: uuid.UUID) -> ResponseReturnValue:
    """Show what the user's own search finds now. Somebody else's is not there."""
    words = services.words_of(search_id)
    return _page(SearchForm(data={"words": words}), search_id, services.asked_for(words, _arguments()))


def _page(form: SearchForm, search_id: uuid.UUID | None, asked: Asked) -> str:
    language = str(get_locale() or "en")
    sort = "best" if request.args.get("sort") == "best" and asked.words else "newest"
    after, skip = _number("after", 2**62), _number("skip", CAP) or 0 if sort == "best" else 0
    count, hits = queries.look(asked, sort=sort, after=after, skip=skip, limit=PAGE + 1)
    sort = sort if count <= CAP else "newest"
    shown = hits[:PAGE]
    view = request.args.get("view") if request.args.get("view") in VIEWS else "list"
    figures = _figures(asked, count, view != "list" or "figures" in request.args)
    services.note_search(asked, count)
    return render_template(
        "search/index.html",
        form=form, asked=asked, count=count, cap=CAP, hits=shown, sort=sort,
        more={} if len(hits) <= PAGE else {"skip": skip + PAGE} if sort == "best" else {"after": shown[-1].number},
        titles=_titles([hit.incident_id for hit in shown]),
        snippets=snippets(asked.words, [hit.incident_id for hit in shown]),
        full=figures is not None, facets=_facets(figures, asked), offered=services.offered(asked.words, language),
        drawing=figures and draw_map([Point(*point) for point in figures.points], figures.unplaced),
        timeline=figures and draw_timeline(figures.intervals, language, (asked.first, asked.last)),
        months=_months(figures, asked), view=view,
        here=lambda **changes: _address(search_id, **changes), search_id=search_id, arguments=_arguments(),
    )  # fmt: skip


def _figures(asked: Asked, count: int, wanted: bool) -> queries.Figures | None:
    """Return the figures; None when counting them costs more than finding and nobody asked for them."""
    if wanted:
        return queries.figures(asked)
    return queries.figures(asked, MOST) if count <= CAP or asked.filtered else None


def _number(name: str, most: int) -> int | None:
    """Return a whole number of the address, within what the database holds."""
    number = request.args.get(name, type=int)
    return None if number is None else max(0, min(number, most))


def _titles(ids: list[uuid.UUID]) -> dict[uuid.UUID, Incident]:
    return {incident.id: incident for incident in db.session.scalars(sa.select(Incident).where(Incident.id.in_(ids)))}


def _facets(figures: queries.Figures | None, asked: Asked) -> dict[str, list[tuple[str, int, bool]]]:
    """Return (value, count, chosen) of each facet; a chosen value that now has no match stays to be taken off."""
    facets = {}
    for name in FACETS:
        chosen, counted = getattr(asked, name), dict(figures.facets.get(name, ()) if figures else ())
        values = [*counted, *(value for value in chosen if value not in counted)]
        shown = [value for place, value in enumerate(values) if place < LISTED or value in chosen]
        facets[name] = [(value, counted.get(value, 0), value in chosen) for value in shown]
    return facets


def _months(figures: queries.Figures | None, asked: Asked) -> dict[str, str]:
    """Return each month's name, in words."""
    months = {month for month, _n in (figures.facets.get("month", ()) if figures else ())} | set(asked.month)
    return {m: format_skeleton("yMMMM", dt.date.fromisoformat(f"{m}-01"), locale=get_locale() or "en") for m in months}


def _arguments() -> dict[str, list[str]]:
    allowed = (*FACETS, "from", "to", "view", "sort")
    return {name: request.args.getlist(name) for name in allowed if name in request.args}


def _address(search_id: uuid.UUID | None, **changes: Any) -> str:  # noqa: ANN401
    """Return this search's address, changed; None takes an argument out, drop and add=(facet, value) one value."""
    arguments: dict[str, Any] = _arguments()
    if "drop" in changes:
        facet, value = changes.pop("drop")
        arguments[facet] = [v for v in arguments.get(facet, []) if v != value]
    if "add" in changes:
        facet, value = changes.pop("add")
        arguments[facet] = [*arguments.get(facet, []), value]
    arguments |= changes
    kept = {k: v for k, v in arguments.items() if v is not None and v != []}
    return url_for(".saved", search_id=search_id, **kept) if search_id else url_for(".index", **kept)
