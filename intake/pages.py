"""The templates' environment: a page gets a record's column only when its reader may read the column's class."""

from __future__ import annotations

import logging
from typing import Any

from flask.templating import Environment

from intake.access import fields
from intake.db import Base

log = logging.getLogger("testigo")


class FieldHidden(RuntimeError):
    """A template asked for a column that the reader's role lacks. Raised where the environment is loud (tests)."""


class GuardedEnvironment(Environment):
    """Jinja's environment with the field classes between templates and records.

    A column that the reader may not read prints as nothing and is logged by its name: the page should not have asked.
    """

    loud = False

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401
        """Return the attribute, or nothing for a column that is hidden from the reader."""
        if isinstance(obj, Base) and not fields.may_read(obj, attribute):
            return self._hide(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:  # noqa: ANN401
        """Return the item; a record's column asked for by name is guarded like its attribute."""
        if isinstance(obj, Base) and isinstance(argument, str) and not fields.may_read(obj, argument):
            return self._hide(obj, argument)
        return super().getitem(obj, argument)

    def _hide(self, record: Base, name: str) -> Any:  # noqa: ANN401
        log.error("hidden from a page: %s.%s", type(record).__name__, name)
        if self.loud:
            raise FieldHidden(f"{type(record).__name__}.{name}")
        return self.undefined(name=name)
