"""Notes on media, transcripts, care for viewers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = ("media_note", "transcript", "item_care")


def upgrade() -> None:
    op.create_table(
        "media_note",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=True),
        sa.Column("until_ms", sa.Integer(), nullable=True),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column("codes", pg.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        *_record(),
        sa.CheckConstraint("at_ms >= 0 and (until_ms is null or until_ms >= at_ms)", name=op.f("ck_media_note_span")),
        sa.CheckConstraint("page is null or (page >= 1 and at_ms is null)", name=op.f("ck_media_note_page")),
        sa.ForeignKeyConstraint(["author_id"], ["app_user.id"], name=op.f("fk_media_note_author_id")),
        *_keys("media_note"),
    )
    op.create_index(op.f("ix_media_note_item_id"), "media_note", ["item_id"])
    op.create_table(
        "transcript",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("translation", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("cues", pg.JSONB(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        *_record(),
        sa.CheckConstraint("origin in ('typed', 'srt', 'vtt')", name=op.f("ck_transcript_origin")),
        sa.ForeignKeyConstraint(["made_by_id"], ["app_user.id"], name=op.f("fk_transcript_made_by_id")),
        *_keys("transcript"),
        sa.UniqueConstraint(
            "item_id", "language", "translation", name=op.f("uq_transcript_item_id_language_translation")
        ),
    )
    op.create_table(
        "item_care",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("flags", pg.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        *_record(),
        *_keys("item_care"),
        sa.UniqueConstraint("item_id", name=op.f("uq_item_care_item_id")),
    )
    for table in TABLES:
        for column in ("incident_id", "compartment_id", "opened_by_id"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_table(
        "viewing_preference",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("starts", sa.Text(), server_default=sa.text("'covered'"), nullable=False),
        sa.CheckConstraint(
            "starts in ('covered', 'stills', 'sound', 'transcript')", name=op.f("ck_viewing_preference_starts")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_viewing_preference_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_viewing_preference")),
    )


def _record() -> list[sa.Column[object]]:
    now = sa.text("clock_timestamp()")
    return [
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
    ]


def _keys(table: str) -> list[sa.schema.Constraint]:
    targets = {
        "item_id": "evidence_item.id",
        "incident_id": "incident.id",
        "compartment_id": "compartment.id",
        "opened_by_id": "app_user.id",
    }
    keys = [sa.ForeignKeyConstraint([name], [to], name=op.f(f"fk_{table}_{name}")) for name, to in targets.items()]
    return [*keys, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]


def downgrade() -> None:
    for table in ("viewing_preference", *TABLES):
        op.drop_table(table)
