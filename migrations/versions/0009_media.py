"""Scans and derivatives."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the scan's answer to items, and the tables of what is made from them. Older items wait for their scan."""
    op.add_column("evidence_item", sa.Column("scan", sa.Text(), server_default="waiting", nullable=False))
    op.add_column("evidence_item", sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("evidence_item", sa.Column("content_type", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(
        op.f("ck_evidence_item_scan"),
        "evidence_item",
        "scan in ('waiting', 'clean', 'infected', 'held', 'released', 'made_here')",
    )
    op.create_check_constraint(
        op.f("ck_evidence_item_infected_is_quarantined"), "evidence_item", "scan <> 'infected' or state = 'quarantined'"
    )
    op.create_index(
        "ix_evidence_item_unscanned",
        "evidence_item",
        ["id"],
        postgresql_where=sa.text("scan in ('waiting', 'held') and state = 'sealed'"),
    )
    _derivatives()
    _likenesses()
    _releases()


def _derivatives() -> None:
    op.create_table(
        "derivative",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="made", nullable=False),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.Column("parent_sha256", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("tool_version", sa.Text(), server_default="", nullable=False),
        sa.Column("parameters", pg.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("object_key", sa.Text(), server_default="", nullable=False),
        sa.Column("media_type", sa.Text(), server_default="", nullable=False),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("detail", pg.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        *_of_incident(),
        *_record(),
        sa.CheckConstraint("state in ('made', 'quarantined', 'absent')", name=op.f("ck_derivative_state")),
        *_places("derivative"),
        sa.PrimaryKeyConstraint("id", name="pk_derivative"),
        sa.UniqueConstraint("item_id", "kind", "number", name="uq_derivative_item_id_kind_number"),
    )
    _indexes("derivative")


def _likenesses() -> None:
    op.create_table(
        "likeness",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bits", pg.BIT(128), nullable=True),
        sa.Column("bands", pg.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        *_of_incident(),
        *_record(),
        *_places("likeness"),
        sa.PrimaryKeyConstraint("id", name="pk_likeness"),
        sa.UniqueConstraint("item_id", "kind", "number", name="uq_likeness_item_id_kind_number"),
    )
    _indexes("likeness")
    op.create_index("ix_likeness_bands", "likeness", ["bands"], postgresql_using="gin")


def _releases() -> None:
    op.create_table(
        "scan_release",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("granted_by_id", sa.Integer(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        *_of_incident(),
        *_record(),
        sa.CheckConstraint(
            "finding <> 'infected' or granted_by_id is distinct from asked_by_id",
            name=op.f("ck_scan_release_two_persons"),
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["app_user.id"], name="fk_scan_release_asked_by_id"),
        sa.ForeignKeyConstraint(["granted_by_id"], ["app_user.id"], name="fk_scan_release_granted_by_id"),
        *_places("scan_release"),
        sa.PrimaryKeyConstraint("id", name="pk_scan_release"),
    )
    _indexes("scan_release")
    op.create_index("ix_scan_release_item_id", "scan_release", ["item_id"])
    op.create_index(
        "uq_scan_release_one_open",
        "scan_release",
        ["item_id"],
        unique=True,
        postgresql_where=sa.text("granted_at is null"),
    )


def _of_incident() -> list[sa.Column[object]]:
    return [
        sa.Column("incident_id", sa.UUID(), nullable=False),
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
    targets = {
        "item_id": "evidence_item.id",
        "incident_id": "incident.id",
        "compartment_id": "compartment.id",
        "opened_by_id": "app_user.id",
    }
    return [sa.ForeignKeyConstraint([name], [to], name=f"fk_{table}_{name}") for name, to in targets.items()]


def _indexes(table: str) -> None:
    for name in ("incident_id", "compartment_id", "opened_by_id"):
        op.create_index(f"ix_{table}_{name}", table, [name])


def downgrade() -> None:
    """Take the tables off. Objects of derivatives stay in the working bucket; they can be made again."""
    for table in ("scan_release", "likeness", "derivative"):
        op.drop_table(table)
    op.drop_index("ix_evidence_item_unscanned", "evidence_item")
    op.drop_constraint(op.f("ck_evidence_item_infected_is_quarantined"), "evidence_item")
    op.drop_constraint(op.f("ck_evidence_item_scan"), "evidence_item")
    for column in ("content_type", "scanned_at", "scan"):
        op.drop_column("evidence_item", column)
