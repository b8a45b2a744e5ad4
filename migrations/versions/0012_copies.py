"""Working copies for others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = {"server_default": sa.text("''"), "nullable": False}
    now = sa.text("clock_timestamp()")
    op.create_table(
        "working_copy",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'asked'"), nullable=False),
        sa.Column("failure", sa.Text(), **text),
        sa.Column("parent_sha256", sa.Text(), nullable=False),
        sa.Column("boxes", pg.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("again", pg.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("pages", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("media_type", sa.Text(), **text),
        sa.Column("object_key", sa.Text(), **text),
        sa.Column("sha256", sa.Text(), **text),
        sa.Column("size", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("kind in ('stripped', 'redacted')", name=op.f("ck_working_copy_kind")),
        sa.CheckConstraint("state in ('asked', 'made', 'refused')", name=op.f("ck_working_copy_state")),
        sa.CheckConstraint(
            "state <> 'made' or (object_key <> '' and sha256 <> '')", name=op.f("ck_working_copy_made_is_hashed")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_item.id"], name=op.f("fk_working_copy_item_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_working_copy_incident_id")),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_working_copy_compartment_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_working_copy_opened_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_working_copy")),
    )
    for column in ("item_id", "incident_id", "compartment_id", "opened_by_id"):
        op.create_index(op.f(f"ix_working_copy_{column}"), "working_copy", [column])


def downgrade() -> None:
    op.drop_table("working_copy")
