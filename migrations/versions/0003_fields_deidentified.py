"""Field classes and the analyst's projects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS deidentified")
    op.create_table(
        "analysis_project",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", postgresql.UUID(as_uuid=True), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_analysis_project_user_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_analysis_project_matter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analysis_project")),
    )
    op.create_index(op.f("ix_analysis_project_user_id"), "analysis_project", ["user_id"])
    op.create_table(
        "analysis_rule",
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("claims", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_analysis_rule_compartment_id")),
        sa.ForeignKeyConstraint(["set_by_id"], ["app_user.id"], name=op.f("fk_analysis_rule_set_by_id")),
        sa.PrimaryKeyConstraint("compartment_id", name=op.f("pk_analysis_rule")),
    )
    op.create_table(
        "secret",
        sa.Column("project_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["analysis_project.id"], name=op.f("fk_secret_project_id")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_secret")),
        schema="deidentified",
    )


def downgrade() -> None:
    op.drop_table("secret", schema="deidentified")
    op.drop_table("analysis_rule")
    op.drop_table("analysis_project")
    op.execute("DROP SCHEMA deidentified")
