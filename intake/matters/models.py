"""The case and its caption, as data: official-capacity defendants substitute by themselves (FRCP 25(d))."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from intake.db import Base


class Matter(Base):
    """A case before a court. `caption` holds plaintiffs, defendants, counsel blocks and hearing lines."""

    __tablename__ = "matter"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    title: Mapped[str]
    short_title: Mapped[str]
    court: Mapped[str] = mapped_column(default="cacd")
    docket_no: Mapped[str]
    caption: Mapped[dict[str, Any]]
    fictional: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
