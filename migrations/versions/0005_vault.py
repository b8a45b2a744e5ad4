"""Name indexes, pseudonyms and protected fields."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Make the tables; pseudonyms that stand are taken from now on."""
    op.add_column("person", sa.Column("pseudonym_fixed_at", sa.DateTime(timezone=True), nullable=True))
    _used_pseudonym()
    _name_index()
    _protected()
    _opening()
    op.execute("CREATE SEQUENCE masked_number")
    # Row security is forced and its policies are lifted while migrations run: without this a plain owner sees no row.
    op.execute("ALTER TABLE person NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO used_pseudonym (matter_id, pseudonym, compartment_id, opened_by_id, person_id)"
        " SELECT c.matter_id, p.pseudonym, p.compartment_id, p.opened_by_id, p.id FROM person p"
        " JOIN compartment c ON c.id = p.compartment_id WHERE p.pseudonym <> '' ON CONFLICT DO NOTHING"
    )
    op.execute("ALTER TABLE person FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Take the tables away; sealed identities stay."""
    op.execute("DROP SEQUENCE masked_number")
    op.drop_table("opening", schema="vault")
    op.drop_table("protected", schema="vault")
    op.drop_table("name_index", schema="vault")
    op.drop_table("used_pseudonym")
    op.drop_column("person", "pseudonym_fixed_at")


def _used_pseudonym() -> None:
    op.create_table(
        "used_pseudonym",
        sa.Column("matter_id", sa.Integer(), sa.ForeignKey("matter.id", name="fk_used_pseudonym_matter_id")),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        *_place("used_pseudonym"),
        # No foreign key: a pseudonym stays taken after its person is gone.
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("matter_id", "pseudonym", name="pk_used_pseudonym"),
    )
    op.create_index("ix_used_pseudonym_person_id", "used_pseudonym", ["person_id"])


def _name_index() -> None:
    op.create_table(
        "name_index",
        sa.Column("person_id", sa.UUID(), sa.ForeignKey("person.id", name="fk_name_index_person_id")),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        *_place("name_index"),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_name_index_organisation_id"),
        sa.PrimaryKeyConstraint("person_id", "kind", "token", name="pk_name_index"),
        sa.CheckConstraint("kind in ('exact', 'sounds')", name="ck_name_index_kind"),
        schema="vault",
    )
    op.create_index("ix_name_index_token", "name_index", ["organisation_id", "kind", "token"], schema="vault")


def _protected() -> None:
    op.create_table(
        "protected",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        *_place("protected"),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=True),
        sa.Column("incident_id", sa.UUID(), nullable=True),
        sa.Column("source_table", sa.Text(), server_default="", nullable=False),
        sa.Column("source_id", sa.UUID(), nullable=True),
        sa.Column("marker", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", pg.JSONB(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_protected_organisation_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_protected_person_id"),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_protected_incident_id"),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["app_user.id"], name="fk_protected_proposed_by_id"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["app_user.id"], name="fk_protected_decided_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_protected"),
        sa.CheckConstraint("decision in ('', 'approved', 'refused')", name="ck_protected_decision"),
        sa.CheckConstraint("decided_by_id <> proposed_by_id", name="ck_protected_two_people"),
        sa.CheckConstraint("(decision = '') = (decided_by_id is null)", name="ck_protected_decided"),
        sa.CheckConstraint("kind in ('fact', 'masked')", name="ck_protected_kind"),
        sa.CheckConstraint("(kind = 'masked') = (marker is not null)", name="ck_protected_marker"),
        sa.UniqueConstraint("source_table", "source_id", "marker", name="uq_protected_source_table_source_id_marker"),
        schema="vault",
    )
    op.create_index("ix_protected_person_id", "protected", ["person_id"], schema="vault")
    op.create_index("ix_protected_incident_id", "protected", ["incident_id"], schema="vault")


def _opening() -> None:
    op.create_table(
        "opening",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        *_place("opening"),
        sa.Column("protected_id", sa.UUID(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["protected_id"], ["vault.protected.id"], name="fk_opening_protected_id"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["app_user.id"], name="fk_opening_asked_by_id"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["app_user.id"], name="fk_opening_decided_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_opening"),
        sa.CheckConstraint("decision in ('', 'approved', 'refused')", name="ck_opening_decision"),
        sa.CheckConstraint("decided_by_id <> asked_by_id", name="ck_opening_two_people"),
        sa.CheckConstraint("(decision = '') = (decided_by_id is null)", name="ck_opening_decided"),
        schema="vault",
    )
    op.create_index("ix_opening_protected_id", "opening", ["protected_id"], schema="vault")


def _place(table: str) -> list[sa.Column[int]]:
    owners = {"compartment_id": "compartment.id", "opened_by_id": "app_user.id"}
    return [
        sa.Column(name, sa.Integer(), sa.ForeignKey(target, name=f"fk_{table}_{name}"), nullable=False)
        for name, target in owners.items()
    ]
