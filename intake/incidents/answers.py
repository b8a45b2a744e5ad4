"""Answers of the interview as they are kept: {"state": answered|unknown|declined|not_asked, "value": ...}.

Not known, declined and not asked are three different things, and none of them is an empty answer.
"""

from __future__ import annotations

from typing import Any

Values = dict[str, Any]
REASONS = ("not_asked", "unknown", "declined")


def answered(value: Any, otherwise: str | None = None) -> Values:  # noqa: ANN401
    """Return what is kept for a typed or ticked answer; `otherwise` says why there is none."""
    if value is None or (isinstance(value, (str, list)) and not value):
        return {"state": otherwise or "not_asked", "value": None}
    return {"state": "answered", "value": value}


def chosen(value: Any) -> Values:  # noqa: ANN401
    """Return what is kept for one choice out of a list that holds the reasons among its choices."""
    return answered(None, value) if value in REASONS else answered(value)


def reason(value: Any, otherwise: str | None) -> Values:  # noqa: ANN401
    """Return why there is no answer, for what keeps its answer in a place of its own (a column, observations)."""
    return {**answered(value, otherwise), "value": None}


def value_of(answers: Values, name: str) -> Any:  # noqa: ANN401
    """Return the answer itself, or None."""
    return (answers.get(name) or {}).get("value")


def choice_of(answers: Values, name: str) -> str:
    """Return the chosen value, or the reason why there is none."""
    held = answers.get(name) or {}
    return str(held.get("value") or held.get("state") or "not_asked")


def state_of(answers: Values, name: str) -> str:
    """Return why there is no answer; not_asked beside an answer, where the question does not arise."""
    state = (answers.get(name) or {}).get("state", "not_asked")
    return "not_asked" if state == "answered" else str(state)


def texts_of(answers: Values, *names: str) -> Values:
    """Return the typed answers of `names`, empty where there is none."""
    return {name: value_of(answers, name) or "" for name in names}
