"""Sources of evidence elsewhere, each with a clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = {"server_default": sa.text("''"), "nullable": False}
    op.create_table(
        "potential_source",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), **text),
        sa.Column("holder", sa.Text(), **text),
        sa.Column("holder_address", sa.Text(), **text),
        sa.Column("quote", sa.Text(), **text),
        sa.Column("days_low", sa.Integer(), nullable=False),
        sa.Column("days_high", sa.Integer(), nullable=False),
        sa.Column("days_basis", sa.Text(), **text),
        sa.Column("state", sa.Text(), server_default=sa.text("'suspected'"), nullable=False),
        sa.Column(
            "state_changed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("item_id", postgresql.UUID(as_uuid=True), nullable=True),
        sa.Column("incident_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", postgresql.UUID(as_uuid=True), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "state in ('suspected', 'asked', 'promised', 'obtained', 'refused', 'lost')",
            name=op.f("ck_potential_source_state"),
        ),
        sa.CheckConstraint(
            "0 < days_low and days_low <= days_high and days_high <= 3650", name=op.f("ck_potential_source_days")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_item.id"], name=op.f("fk_potential_source_item_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_potential_source_incident_id")),
        sa.ForeignKeyConstraint(
            ["compartment_id"], ["compartment.id"], name=op.f("fk_potential_source_compartment_id")
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_potential_source_opened_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_potential_source")),
    )
    for column in ("incident_id", "compartment_id", "opened_by_id"):
        op.create_index(op.f(f"ix_potential_source_{column}"), "potential_source", [column])


def downgrade() -> None:
    op.drop_table("potential_source")
