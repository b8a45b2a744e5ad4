"""The sequenced log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("comparison", "opening", "post", "anchor", "checkpoint", "tile", "leaf")


def upgrade() -> None:
    """Leaves, tiles, checkpoints, what others said of them, salts of commitments, comparisons."""
    op.create_index("ix_event_at", "event", ["at"], schema="audit", postgresql_using="brin")
    _create_tree()
    _create_outside()
    op.create_table(
        "opening",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "side", "field", name="pk_opening"),
        schema="audit",
    )
    op.create_table(
        "comparison",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("first", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_comparison"),
        schema="audit",
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table, schema="audit")
    op.drop_index("ix_event_at", "event", schema="audit")


def _create_tree() -> None:
    op.create_table(
        "leaf",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_leaf"),
        sa.UniqueConstraint("event_id", name="uq_leaf_event_id"),
        schema="audit",
    )
    op.create_table(
        "tile",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name="pk_tile"),
        schema="audit",
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_checkpoint"),
        schema="audit",
    )


def _create_outside() -> None:
    op.create_table(
        "anchor",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('witness', 'timestamp', 'store')", name="ck_anchor_kind"),
        sa.ForeignKeyConstraint(["size"], ["audit.checkpoint.size"], name="fk_anchor_size"),
        sa.PrimaryKeyConstraint("size", "kind", "name", name="pk_anchor"),
        schema="audit",
    )
    op.create_table(
        "post",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_post"),
        schema="audit",
    )
