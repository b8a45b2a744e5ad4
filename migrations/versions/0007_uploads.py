"""Batches with a manifest, senders' leases, and versions that were not taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; who added an older item is in its custody."""
    op.add_column("evidence_item", sa.Column("added_by_id", sa.Integer(), nullable=True))
    op.create_foreign_key("fk_evidence_item_added_by_id", "evidence_item", "app_user", ["added_by_id"], ["id"])
    op.execute(
        "UPDATE evidence_item e SET added_by_id = c.by_id FROM custody_event c"
        " WHERE c.item_id = e.id AND c.kind = 'receiving'"
    )
    op.create_index(
        "ix_evidence_item_held",
        "evidence_item",
        ["compartment_id", "added_by_id"],
        postgresql_include=["size"],
        postgresql_where=sa.text("state <> 'failed'"),
    )
    _batches()
    _leases()


def _batches() -> None:
    op.create_table(
        "evidence_batch",
        sa.Column("account_id", sa.UUID(), nullable=True),
        sa.Column("sent_by_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("once_key", sa.UUID(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("manifest_sha256", sa.Text(), nullable=True),
        *_of_incident(),
        *_record(),
        sa.CheckConstraint("files > 0", name="ck_evidence_batch_files"),
        sa.CheckConstraint("source in ('page', 'import')", name="ck_evidence_batch_source"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_evidence_batch_account_id"),
        sa.ForeignKeyConstraint(["sent_by_id"], ["app_user.id"], name="fk_evidence_batch_sent_by_id"),
        *_places("evidence_batch"),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_batch"),
        sa.UniqueConstraint("opened_by_id", "once_key", name="uq_evidence_batch_opened_by_id_once_key"),
    )
    _indexes("evidence_batch")
    op.create_table(
        "batch_file",
        sa.Column("batch_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file_key", sa.UUID(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=True),
        *_of_incident(),
        sa.ForeignKeyConstraint(["batch_id"], ["evidence_batch.id"], name="fk_batch_file_batch_id"),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_item.id"], name="fk_batch_file_item_id"),
        *_places("batch_file"),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_batch_file"),
    )
    _indexes("batch_file")
    op.create_index("ix_batch_file_item_id", "batch_file", ["item_id"])
    op.create_index("ix_batch_file_opened_by_id_file_key", "batch_file", ["opened_by_id", "file_key"])


def _leases() -> None:
    op.create_table(
        "upload_lease",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        *_of_incident(),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_item.id"], name="fk_upload_lease_item_id"),
        *_places("upload_lease"),
        sa.PrimaryKeyConstraint("item_id", name="pk_upload_lease"),
    )
    _indexes("upload_lease")
    op.create_table(
        "rejected_version",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        *_of_incident(),
        *_record(),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_item.id"], name="fk_rejected_version_item_id"),
        *_places("rejected_version"),
        sa.PrimaryKeyConstraint("id", name="pk_rejected_version"),
        sa.UniqueConstraint("item_id", "version_id", name="uq_rejected_version_item_id_version_id"),
    )
    _indexes("rejected_version")


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
    targets = {"incident_id": "incident.id", "compartment_id": "compartment.id", "opened_by_id": "app_user.id"}
    return [sa.ForeignKeyConstraint([name], [to], name=f"fk_{table}_{name}") for name, to in targets.items()]


def _indexes(table: str) -> None:
    for name in ("incident_id", "compartment_id", "opened_by_id"):
        op.create_index(f"ix_{table}_{name}", table, [name])


def downgrade() -> None:
    """Take the tables off; items and their custody stay."""
    for table in ("rejected_version", "upload_lease", "batch_file", "evidence_batch"):
        op.drop_table(table)
    op.drop_index("ix_evidence_item_held", "evidence_item")
    op.drop_column("evidence_item", "added_by_id")
