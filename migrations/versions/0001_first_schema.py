"""The first schema: the tables and the queue. What guards them is laid from the code (intake/guards.py)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMAS = ("audit", "vault", "access", "search", "jobs")
SEQUENCES = ("incident_number", "person_number", "declaration_number")


def upgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA {schema}")
    for sequence in SEQUENCES:
        op.execute(f"CREATE SEQUENCE {sequence}")
    _create_tables()
    _create_queue()


def _create_queue() -> None:
    from procrastinate.schema import SchemaManager  # noqa: PLC0415

    connection = op.get_bind()
    connection.exec_driver_sql("SET LOCAL search_path = jobs")
    # The queue brings its schema as one script of many statements, which only a bare cursor sends in one go.
    connection.connection.cursor().execute(SchemaManager.get_schema())
    connection.exec_driver_sql("SET LOCAL search_path = public")
    for statement in (
        "GRANT USAGE ON SCHEMA jobs TO testigo_app",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO testigo_app",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA jobs TO testigo_app",
    ):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql("DROP SCHEMA IF EXISTS search, access, audit, vault, jobs CASCADE")
    for table in sa.inspect(connection).get_table_names(schema="public"):
        if table != "alembic_version":
            connection.exec_driver_sql(f"DROP TABLE {table} CASCADE")
    for sequence in SEQUENCES:
        connection.exec_driver_sql(f"DROP SEQUENCE {sequence}")
    # Roles belong to the whole server and may serve other databases: they stay.


def _create_tables() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("compartment_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        schema="audit",
    )
    op.create_index(op.f("ix_event_compartment_id"), "event", ["compartment_id"], unique=False, schema="audit")
    op.create_index("ix_event_record", "event", ["record_id"], unique=False, schema="audit")
    op.create_table(
        "pending",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_pending")),
        schema="audit",
    )
    op.create_table(
        "matter",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("short_title", sa.Text(), nullable=False),
        sa.Column("court", sa.Text(), nullable=False),
        sa.Column("docket_no", sa.Text(), nullable=False),
        sa.Column("caption", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fictional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("name", name=op.f("uq_organisation_name")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("subject", "window_start", name=op.f("pk_sign_in_attempt")),
    )
    op.create_table(
        "app_user",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("single_key_shortcuts", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_app_user_email_lower")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_app_user_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("email", name=op.f("uq_app_user_email")),
    )
    op.create_table(
        "compartment",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("agreement_no", sa.Text(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_compartment_matter_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_compartment_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compartment")),
        sa.UniqueConstraint("matter_id", "organisation_id", name=op.f("uq_compartment_matter_id_organisation_id")),
    )
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("tier", sa.Integer(), server_default="1", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_access_grant_compartment_id")),
        sa.ForeignKeyConstraint(["granted_by_id"], ["app_user.id"], name=op.f("fk_access_grant_granted_by_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_access_grant_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
        sa.UniqueConstraint(
            "user_id", "compartment_id", "role", name=op.f("uq_access_grant_user_id_compartment_id_role")
        ),
    )
    op.create_index(op.f("ix_access_grant_user_id"), "access_grant", ["user_id"], unique=False)
    op.create_table(
        "ethical_wall",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_ethical_wall_compartment_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_ethical_wall_user_id")),
        sa.PrimaryKeyConstraint("user_id", "compartment_id", name=op.f("pk_ethical_wall")),
    )
    op.create_table(
        "incident",
        sa.Column("number", sa.BigInteger(), server_default=sa.text("nextval('incident_number')"), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("stage", sa.Text(), server_default="SG0", nullable=False),
        sa.Column("tier", sa.Integer(), server_default="0", nullable=False),
        sa.Column("mode", sa.Text(), server_default="", nullable=False),
        sa.Column("interview_language", sa.Text(), server_default="", nullable=False),
        sa.Column("interpreter", sa.Text(), server_default="not_asked", nullable=False),
        sa.Column("intake_finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("site_name", sa.Text(), server_default="", nullable=False),
        sa.Column("cross_streets", sa.Text(), server_default="", nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.Text(), server_default="", nullable=False),
        sa.Column("county", sa.Text(), server_default="", nullable=False),
        sa.Column("location_type", sa.Text(), server_default="", nullable=False),
        sa.Column("location_precision", sa.Text(), server_default="LP.UNK", nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("radius_m", sa.Integer(), nullable=True),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("earliest", sa.Date(), nullable=True),
        sa.Column("latest", sa.Date(), nullable=True),
        sa.Column("date_precision", sa.Text(), server_default="DP.UNK", nullable=False),
        sa.Column("edtf", sa.Text(), server_default="", nullable=False),
        sa.Column("part_of_day", sa.Text(), nullable=True),
        sa.Column("clock_time", sa.Time(), nullable=True),
        sa.Column("when_words", sa.Text(), server_default="", nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("earliest <= latest", name=op.f("ck_incident_interval")),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_incident_compartment_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_incident_opened_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("number", name=op.f("uq_incident_number")),
    )
    op.create_index(op.f("ix_incident_compartment_id"), "incident", ["compartment_id"], unique=False)
    op.create_index(
        "ix_incident_compartment_number", "incident", ["compartment_id", sa.literal_column("number DESC")], unique=False
    )
    op.create_index(op.f("ix_incident_opened_by_id"), "incident", ["opened_by_id"], unique=False)
    op.create_table(
        "once_key",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.UUID(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_once_key_user_id")),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_once_key")),
    )
    op.create_table(
        "person",
        sa.Column("number", sa.BigInteger(), server_default=sa.text("nextval('person_number')"), nullable=False),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("pseudonym_style", sa.Text(), server_default="number", nullable=False),
        sa.Column("age_band", sa.Text(), server_default="not_asked", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("reads_language", sa.Text(), server_default="not_asked", nullable=False),
        sa.Column("variant_town", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.Text(), server_default="", nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_person_compartment_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_person_opened_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("number", name=op.f("uq_person_number")),
    )
    op.create_index(op.f("ix_person_compartment_id"), "person", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_person_opened_by_id"), "person", ["opened_by_id"], unique=False)
    op.create_table(
        "saved_search",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("filters", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_saved_search_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
    )
    op.create_index(op.f("ix_saved_search_user_id"), "saved_search", ["user_id"], unique=False)
    op.create_table(
        "user_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_user_session_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_user_session")),
    )
    op.create_index(op.f("ix_user_session_user_id"), "user_session", ["user_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("role_in_incident", sa.Text(), server_default="", nullable=False),
        sa.Column("narrative", sa.Text(), server_default="", nullable=False),
        sa.Column("narrative_language", sa.Text(), server_default="", nullable=False),
        sa.Column("narrative_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agents_low", sa.Integer(), nullable=True),
        sa.Column("agents_high", sa.Integer(), nullable=True),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("earliest", sa.Date(), nullable=True),
        sa.Column("latest", sa.Date(), nullable=True),
        sa.Column("date_precision", sa.Text(), server_default="DP.UNK", nullable=False),
        sa.Column("edtf", sa.Text(), server_default="", nullable=False),
        sa.Column("part_of_day", sa.Text(), nullable=True),
        sa.Column("clock_time", sa.Time(), nullable=True),
        sa.Column("when_words", sa.Text(), server_default="", nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("earliest <= latest", name=op.f("ck_account_interval")),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_account_compartment_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_account_incident_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_account_opened_by_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_index(op.f("ix_account_compartment_id"), "account", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_account_incident_id"), "account", ["incident_id"], unique=False)
    op.create_index(op.f("ix_account_opened_by_id"), "account", ["opened_by_id"], unique=False)
    op.create_index(op.f("ix_account_person_id"), "account", ["person_id"], unique=False)
    op.create_table(
        "claim_tag",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="suggested", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("suggested_by_id", sa.Integer(), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("status in ('suggested', 'confirmed', 'rejected')", name=op.f("ck_claim_tag_status")),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_claim_tag_compartment_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["app_user.id"], name=op.f("fk_claim_tag_decided_by_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_claim_tag_incident_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_claim_tag_opened_by_id")),
        sa.ForeignKeyConstraint(["suggested_by_id"], ["app_user.id"], name=op.f("fk_claim_tag_suggested_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_tag")),
        sa.UniqueConstraint("incident_id", "code", name=op.f("uq_claim_tag_incident_id_code")),
    )
    op.create_index(op.f("ix_claim_tag_compartment_id"), "claim_tag", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_claim_tag_incident_id"), "claim_tag", ["incident_id"], unique=False)
    op.create_index(op.f("ix_claim_tag_opened_by_id"), "claim_tag", ["opened_by_id"], unique=False)
    op.create_table(
        "consent",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column(
            "answered_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("oral", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("explained_by_id", sa.Integer(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("answer in ('yes', 'no', 'withdrawn')", name=op.f("ck_consent_answer")),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_consent_compartment_id")),
        sa.ForeignKeyConstraint(["explained_by_id"], ["app_user.id"], name=op.f("fk_consent_explained_by_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_consent_incident_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_consent_opened_by_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_consent_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_compartment_id"), "consent", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_consent_incident_id"), "consent", ["incident_id"], unique=False)
    op.create_index(op.f("ix_consent_opened_by_id"), "consent", ["opened_by_id"], unique=False)
    op.create_index(op.f("ix_consent_person_id"), "consent", ["person_id"], unique=False)
    op.create_table(
        "export",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("search_id", sa.UUID(), nullable=True),
        sa.Column("filters", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("compartments", postgresql.ARRAY(sa.Integer()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("object_key", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("state in ('waiting', 'running', 'ready', 'failed')", name=op.f("ck_export_state")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["app_user.id"], name=op.f("fk_export_approved_by_id")),
        sa.ForeignKeyConstraint(["search_id"], ["saved_search.id"], name=op.f("fk_export_search_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_export_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )
    op.create_index(op.f("ix_export_user_id"), "export", ["user_id"], unique=False)
    op.create_table(
        "note",
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["app_user.id"], name=op.f("fk_note_author_id")),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_note_compartment_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_note_incident_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_note_opened_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index(op.f("ix_note_compartment_id"), "note", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_note_incident_id"), "note", ["incident_id"], unique=False)
    op.create_index(op.f("ix_note_opened_by_id"), "note", ["opened_by_id"], unique=False)
    op.create_table(
        "search_entry",
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("earliest", sa.Date(), nullable=True),
        sa.Column("latest", sa.Date(), nullable=True),
        sa.Column("agencies", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("claims", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("observed", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("location_type", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_search_entry_compartment_id")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_search_entry_incident_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_search_entry_opened_by_id")),
        sa.PrimaryKeyConstraint("incident_id", "layer", name=op.f("pk_search_entry")),
    )
    op.create_index("ix_search_entry_agencies", "search_entry", ["agencies"], unique=False, postgresql_using="gin")
    op.create_index("ix_search_entry_claims", "search_entry", ["claims"], unique=False, postgresql_using="gin")
    op.create_index(op.f("ix_search_entry_compartment_id"), "search_entry", ["compartment_id"], unique=False)
    op.create_index("ix_search_entry_number", "search_entry", [sa.literal_column("number DESC")], unique=False)
    op.create_index("ix_search_entry_interval", "search_entry", ["earliest", "latest"], unique=False)
    op.create_index(
        "ix_search_entry_newest", "search_entry", ["compartment_id", sa.literal_column("number DESC")], unique=False
    )
    op.create_index(op.f("ix_search_entry_opened_by_id"), "search_entry", ["opened_by_id"], unique=False)
    op.create_index("ix_search_entry_words", "search_entry", ["words"], unique=False, postgresql_using="gin")
    op.create_table(
        "share",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("to_compartment_id", sa.Integer(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_share_compartment_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_share_incident_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_share_opened_by_id")),
        sa.ForeignKeyConstraint(["to_compartment_id"], ["compartment.id"], name=op.f("fk_share_to_compartment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share")),
        sa.UniqueConstraint("incident_id", "to_compartment_id", name=op.f("uq_share_incident_id_to_compartment_id")),
    )
    op.create_index(op.f("ix_share_to_compartment_id"), "share", ["to_compartment_id"], unique=False)
    op.create_table(
        "identity",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_identity_compartment_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_identity_opened_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_identity_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_identity_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_identity")),
        schema="vault",
    )
    op.create_table(
        "declaration",
        sa.Column("number", sa.BigInteger(), server_default=sa.text("nextval('declaration_number')"), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), server_default="DS.DRAFT", nullable=False),
        sa.Column(
            "state_changed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("original_language", sa.Text(), server_default="en", nullable=False),
        sa.Column("name_style", sa.Text(), server_default="pseudonym", nullable=False),
        sa.Column("oath_form", sa.Text(), server_default="OA.UNIVERSAL", nullable=False),
        sa.Column("oath_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("in_support_of", sa.Text(), server_default="", nullable=False),
        sa.Column("executed_place", sa.Text(), server_default="", nullable=False),
        sa.Column("executed_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column(
            "certificate", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("reviewer_id", sa.Integer(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text_hash", sa.Text(), nullable=True),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_declaration_account_id")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["app_user.id"], name=op.f("fk_declaration_approved_by_id")),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_declaration_compartment_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_declaration_incident_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_declaration_opened_by_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_declaration_person_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["app_user.id"], name=op.f("fk_declaration_reviewer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declaration")),
        sa.UniqueConstraint("number", name=op.f("uq_declaration_number")),
    )
    op.create_index(op.f("ix_declaration_account_id"), "declaration", ["account_id"], unique=False)
    op.create_index(op.f("ix_declaration_compartment_id"), "declaration", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_declaration_incident_id"), "declaration", ["incident_id"], unique=False)
    op.create_index(op.f("ix_declaration_opened_by_id"), "declaration", ["opened_by_id"], unique=False)
    op.create_index(op.f("ix_declaration_person_id"), "declaration", ["person_id"], unique=False)
    op.create_table(
        "evidence_item",
        sa.Column("account_id", sa.UUID(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="receiving", nullable=False),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.Column("once_key", sa.UUID(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("upload_id", sa.Text(), server_default="", nullable=False),
        sa.Column("part_size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version_id", sa.Text(), nullable=True),
        sa.Column("device_sha256", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_ok", sa.Boolean(), nullable=True),
        sa.Column("evidence_type", sa.Text(), server_default="", nullable=False),
        sa.Column("made_by", sa.Text(), server_default="not_asked", nullable=False),
        sa.Column("may_be_shown", sa.Text(), server_default="not_asked", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state <> 'sealed' or (sha256 is not null and version_id is not null and sealed_at is not null)",
            name=op.f("ck_evidence_item_sealed_is_hashed"),
        ),
        sa.CheckConstraint(
            "state in ('receiving', 'sealed', 'failed', 'quarantined')", name=op.f("ck_evidence_item_state")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_evidence_item_account_id")),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_evidence_item_compartment_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_evidence_item_incident_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_evidence_item_opened_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_item")),
        sa.UniqueConstraint("object_key", name=op.f("uq_evidence_item_object_key")),
        sa.UniqueConstraint("opened_by_id", "once_key", name=op.f("uq_evidence_item_opened_by_id_once_key")),
    )
    op.create_index(op.f("ix_evidence_item_compartment_id"), "evidence_item", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_evidence_item_incident_id"), "evidence_item", ["incident_id"], unique=False)
    op.create_index(op.f("ix_evidence_item_opened_by_id"), "evidence_item", ["opened_by_id"], unique=False)
    op.create_index(op.f("ix_evidence_item_sha256"), "evidence_item", ["sha256"], unique=False)
    op.create_table(
        "observation",
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("term_set", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), server_default="", nullable=False),
        sa.Column("confidence", sa.Text(), server_default="stated", nullable=False),
        sa.Column("quote", sa.Text(), server_default="", nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_observation_account_id")),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_observation_compartment_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_observation_incident_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_observation_opened_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observation")),
        sa.UniqueConstraint("account_id", "code", name=op.f("uq_observation_account_id_code")),
    )
    op.create_index(op.f("ix_observation_compartment_id"), "observation", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_observation_incident_id"), "observation", ["incident_id"], unique=False)
    op.create_index(op.f("ix_observation_opened_by_id"), "observation", ["opened_by_id"], unique=False)
    op.create_table(
        "custody_event",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["app_user.id"], name=op.f("fk_custody_event_by_id")),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_custody_event_compartment_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_custody_event_incident_id")),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_item.id"], name=op.f("fk_custody_event_item_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_custody_event_opened_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custody_event")),
    )
    op.create_index(op.f("ix_custody_event_compartment_id"), "custody_event", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_custody_event_incident_id"), "custody_event", ["incident_id"], unique=False)
    op.create_index(op.f("ix_custody_event_item_id"), "custody_event", ["item_id"], unique=False)
    op.create_index(op.f("ix_custody_event_opened_by_id"), "custody_event", ["opened_by_id"], unique=False)
    op.create_index(
        "uq_custody_event_one_verified",
        "custody_event",
        ["item_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'verified'"),
    )
    op.create_table(
        "upload_part",
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_upload_part_compartment_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_upload_part_incident_id")),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_item.id"], name=op.f("fk_upload_part_item_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_upload_part_opened_by_id")),
        sa.PrimaryKeyConstraint("item_id", "number", name=op.f("pk_upload_part")),
    )
    op.create_index(op.f("ix_upload_part_compartment_id"), "upload_part", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_upload_part_incident_id"), "upload_part", ["incident_id"], unique=False)
    op.create_index(op.f("ix_upload_part_opened_by_id"), "upload_part", ["opened_by_id"], unique=False)
    op.create_table(
        "declaration_version",
        sa.Column("declaration_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("text", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["app_user.id"], name=op.f("fk_declaration_version_by_id")),
        sa.ForeignKeyConstraint(
            ["compartment_id"], ["compartment.id"], name=op.f("fk_declaration_version_compartment_id")
        ),
        sa.ForeignKeyConstraint(
            ["declaration_id"], ["declaration.id"], name=op.f("fk_declaration_version_declaration_id")
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_declaration_version_incident_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_declaration_version_opened_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declaration_version")),
        sa.UniqueConstraint("declaration_id", "number", name=op.f("uq_declaration_version_declaration_id_number")),
    )
    op.create_index(
        op.f("ix_declaration_version_compartment_id"), "declaration_version", ["compartment_id"], unique=False
    )
    op.create_index(
        op.f("ix_declaration_version_declaration_id"), "declaration_version", ["declaration_id"], unique=False
    )
    op.create_index(op.f("ix_declaration_version_incident_id"), "declaration_version", ["incident_id"], unique=False)
    op.create_index(op.f("ix_declaration_version_opened_by_id"), "declaration_version", ["opened_by_id"], unique=False)
    op.create_table(
        "paragraph",
        sa.Column("declaration_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("heading", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("original", sa.Text(), server_default="", nullable=False),
        sa.Column("original_language", sa.Text(), server_default="", nullable=False),
        sa.Column("basis", sa.Text(), server_default="", nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_paragraph_compartment_id")),
        sa.ForeignKeyConstraint(["declaration_id"], ["declaration.id"], name=op.f("fk_paragraph_declaration_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_paragraph_incident_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_paragraph_opened_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paragraph")),
    )
    op.create_index(op.f("ix_paragraph_compartment_id"), "paragraph", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_paragraph_declaration_id"), "paragraph", ["declaration_id"], unique=False)
    op.create_index(op.f("ix_paragraph_incident_id"), "paragraph", ["incident_id"], unique=False)
    op.create_index(op.f("ix_paragraph_opened_by_id"), "paragraph", ["opened_by_id"], unique=False)
    op.create_table(
        "paragraph_source",
        sa.Column("paragraph_id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=True),
        sa.Column("locator", sa.Text(), server_default="", nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["compartment_id"], ["compartment.id"], name=op.f("fk_paragraph_source_compartment_id")
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_paragraph_source_incident_id")),
        sa.ForeignKeyConstraint(["item_id"], ["evidence_item.id"], name=op.f("fk_paragraph_source_item_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_paragraph_source_opened_by_id")),
        sa.ForeignKeyConstraint(["paragraph_id"], ["paragraph.id"], name=op.f("fk_paragraph_source_paragraph_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paragraph_source")),
    )
    op.create_index(op.f("ix_paragraph_source_compartment_id"), "paragraph_source", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_paragraph_source_incident_id"), "paragraph_source", ["incident_id"], unique=False)
    op.create_index(op.f("ix_paragraph_source_opened_by_id"), "paragraph_source", ["opened_by_id"], unique=False)
    op.create_index(op.f("ix_paragraph_source_paragraph_id"), "paragraph_source", ["paragraph_id"], unique=False)
    op.create_table(
        "review_comment",
        sa.Column("declaration_id", sa.UUID(), nullable=False),
        sa.Column("paragraph_id", sa.UUID(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.Integer(), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["app_user.id"], name=op.f("fk_review_comment_by_id")),
        sa.ForeignKeyConstraint(["compartment_id"], ["compartment.id"], name=op.f("fk_review_comment_compartment_id")),
        sa.ForeignKeyConstraint(["declaration_id"], ["declaration.id"], name=op.f("fk_review_comment_declaration_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_review_comment_incident_id")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["app_user.id"], name=op.f("fk_review_comment_opened_by_id")),
        sa.ForeignKeyConstraint(
            ["paragraph_id"], ["paragraph.id"], name=op.f("fk_review_comment_paragraph_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_comment")),
    )
    op.create_index(op.f("ix_review_comment_compartment_id"), "review_comment", ["compartment_id"], unique=False)
    op.create_index(op.f("ix_review_comment_declaration_id"), "review_comment", ["declaration_id"], unique=False)
    op.create_index(op.f("ix_review_comment_incident_id"), "review_comment", ["incident_id"], unique=False)
    op.create_index(op.f("ix_review_comment_opened_by_id"), "review_comment", ["opened_by_id"], unique=False)
