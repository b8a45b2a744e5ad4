"""How items came, holds, destruction by order, and the order in which items are read again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STATES = "'receiving', 'sealed', 'failed', 'quarantined'"


def upgrade() -> None:
    """Add the tables; an item may now be destroyed."""
    op.drop_constraint(op.f("ck_evidence_item_state"), "evidence_item")
    op.create_check_constraint(op.f("ck_evidence_item_state"), "evidence_item", f"state in ({_STATES}, 'destroyed')")
    op.create_index(
        "ix_evidence_item_reread",
        "evidence_item",
        ["checked_at"],
        postgresql_where=sa.text("sealed_at is not null and state <> 'destroyed'"),
    )
    _origins()
    _holds()
    _destructions()


def _origins() -> None:
    op.create_table(
        "item_origin",
        sa.Column("item_id", sa.UUID(), nullable=False),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("from_whom", "method", "device_kind", "device_model", "held_by")
        ),
        sa.Column("got_on", sa.Date(), nullable=True),
        *_of_incident(nullable=False),
        *_record(),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_item.id"], name="fk_item_origin_item_id"),
        *_places("item_origin"),
        sa.PrimaryKeyConstraint("id", name="pk_item_origin"),
        sa.UniqueConstraint("item_id", name="uq_item_origin_item_id"),
    )
    _indexes("item_origin")


def _holds() -> None:
    op.create_table(
        "legal_hold",
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("placed_by_id", sa.Integer(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_id", sa.Integer(), nullable=True),
        sa.Column("lifted_why", sa.Text(), server_default="", nullable=False),
        *_of_incident(nullable=True),
        *_record(),
        sa.CheckConstraint(
            "(lifted_at is null) = (lifted_by_id is null) and (lifted_at is null or lifted_why <> '')",
            name=op.f("ck_legal_hold_lifted"),
        ),
        sa.ForeignKeyConstraint(["placed_by_id"], ["app_user.id"], name="fk_legal_hold_placed_by_id"),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["app_user.id"], name="fk_legal_hold_lifted_by_id"),
        *_places("legal_hold"),
        sa.PrimaryKeyConstraint("id", name="pk_legal_hold"),
    )
    _indexes("legal_hold")


def _destructions() -> None:
    op.create_table(
        "destruction",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        *_of_incident(nullable=False),
        *_record(),
        sa.CheckConstraint(
            "state in ('asked', 'refused', 'approved', 'stopped', 'done')", name=op.f("ck_destruction_state")
        ),
        sa.CheckConstraint("decided_by_id <> asked_by_id or state = 'refused'", name=op.f("ck_destruction_two_people")),
        sa.CheckConstraint(
            "(state = 'asked') = (decided_by_id is null) and (state = 'done') = (destroyed_at is not null)",
            name=op.f("ck_destruction_decided"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_item.id"], name="fk_destruction_item_id"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["app_user.id"], name="fk_destruction_asked_by_id"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["app_user.id"], name="fk_destruction_decided_by_id"),
        *_places("destruction"),
        sa.PrimaryKeyConstraint("id", name="pk_destruction"),
    )
    _indexes("destruction")
    op.create_index(
        "uq_destruction_one_open",
        "destruction",
        ["item_id"],
        unique=True,
        postgresql_where=sa.text("state in ('asked', 'approved', 'done')"),
    )


def _of_incident(*, nullable: bool) -> list[sa.Column[object]]:
    return [
        sa.Column("incident_id", sa.UUID(), nullable=nullable),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
    ]


def _record() -> list[sa.Column[object]]:
    now = sa.text("clock_timestamp()")
    return [
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    ]


def _places(table: str) -> list[sa.ForeignKeyConstraint]:
    targets = {"incident_id": "incident.id", "compartment_id": "compartment.id", "opened_by_id": "app_user.id"}
    return [sa.ForeignKeyConstraint([name], [to], name=f"fk_{table}_{name}") for name, to in targets.items()]


def _indexes(table: str) -> None:
    for name in ("incident_id", "compartment_id", "opened_by_id"):
        op.create_index(f"ix_{table}_{name}", table, [name])


def downgrade() -> None:
    """Take the tables off. What was destroyed stays closed: the older program calls it quarantined."""
    for table in ("destruction", "legal_hold", "item_origin"):
        op.drop_table(table)
    op.drop_index("ix_evidence_item_reread", "evidence_item")
    op.drop_constraint(op.f("ck_evidence_item_state"), "evidence_item")
    op.execute("UPDATE evidence_item SET state = 'quarantined' WHERE state = 'destroyed'")
    op.create_check_constraint(op.f("ck_evidence_item_state"), "evidence_item", f"state in ({_STATES})")
