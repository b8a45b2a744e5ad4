"""Factors, invitations and sessions."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SESSION = """ALTER TABLE user_session ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
  ADD COLUMN method text NOT NULL DEFAULT 'password', ADD COLUMN proved_at timestamptz,
  ADD COLUMN agent text NOT NULL DEFAULT '',
  ADD CONSTRAINT uq_user_session_id UNIQUE (id),
  ADD CONSTRAINT ck_user_session_method
    CHECK (method IN ('password', 'totp', 'recovery', 'passkey', 'demonstration'))"""
_PASSKEY = """CREATE TABLE passkey (
  id uuid NOT NULL DEFAULT uuidv7(), user_id integer NOT NULL, name text NOT NULL,
  credential_id bytea NOT NULL, public_key bytea NOT NULL, sign_count bigint NOT NULL, backed_up boolean NOT NULL,
  transports text[] NOT NULL, created_at timestamptz NOT NULL DEFAULT clock_timestamp(), used_at timestamptz,
  removed_at timestamptz,
  CONSTRAINT pk_passkey PRIMARY KEY (id), CONSTRAINT uq_passkey_credential_id UNIQUE (credential_id),
  CONSTRAINT fk_passkey_user_id FOREIGN KEY (user_id) REFERENCES app_user (id))"""
_AUTHENTICATOR = """CREATE TABLE authenticator (
  id uuid NOT NULL DEFAULT uuidv7(), user_id integer NOT NULL, organisation_id integer NOT NULL, key_id text NOT NULL,
  wrapped_key bytea NOT NULL, sealed jsonb NOT NULL, last_counter bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(), removed_at timestamptz,
  CONSTRAINT pk_authenticator PRIMARY KEY (id),
  CONSTRAINT fk_authenticator_user_id FOREIGN KEY (user_id) REFERENCES app_user (id),
  CONSTRAINT fk_authenticator_organisation_id FOREIGN KEY (organisation_id) REFERENCES organisation (id))"""
_RECOVERY = """CREATE TABLE recovery_code (
  id uuid NOT NULL DEFAULT uuidv7(), user_id integer NOT NULL, code_hash bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(), used_at timestamptz,
  CONSTRAINT pk_recovery_code PRIMARY KEY (id), CONSTRAINT uq_recovery_code_user_id_code_hash UNIQUE (user_id, code_hash),
  CONSTRAINT fk_recovery_code_user_id FOREIGN KEY (user_id) REFERENCES app_user (id))"""
_INVITATION = """CREATE TABLE invitation (
  id uuid NOT NULL DEFAULT gen_random_uuid(), user_id integer NOT NULL, kind text NOT NULL, secret_hash bytea NOT NULL,
  invited_by_id integer, created_at timestamptz NOT NULL DEFAULT clock_timestamp(), expires_at timestamptz NOT NULL,
  claim_hash bytea, password_hash text NOT NULL DEFAULT '', used_at timestamptz, withdrawn_at timestamptz,
  CONSTRAINT pk_invitation PRIMARY KEY (id),
  CONSTRAINT ck_invitation_kind CHECK (kind IN ('first', 'factors', 'password')),
  CONSTRAINT fk_invitation_user_id FOREIGN KEY (user_id) REFERENCES app_user (id),
  CONSTRAINT fk_invitation_invited_by_id FOREIGN KEY (invited_by_id) REFERENCES app_user (id))"""
_CHALLENGE = """CREATE TABLE passkey_challenge (
  challenge_hash bytea NOT NULL, purpose text NOT NULL, user_id integer, expires_at timestamptz NOT NULL,
  CONSTRAINT pk_passkey_challenge PRIMARY KEY (challenge_hash),
  CONSTRAINT fk_passkey_challenge_user_id FOREIGN KEY (user_id) REFERENCES app_user (id))"""
_NETWORK = """CREATE TABLE known_network (
  user_id integer NOT NULL, network bytea NOT NULL, seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT pk_known_network PRIMARY KEY (user_id, network),
  CONSTRAINT fk_known_network_user_id FOREIGN KEY (user_id) REFERENCES app_user (id))"""
_DEMONSTRATION = """CREATE TABLE demonstration_user (
  user_id integer NOT NULL, CONSTRAINT pk_demonstration_user PRIMARY KEY (user_id),
  CONSTRAINT fk_demonstration_user_user_id FOREIGN KEY (user_id) REFERENCES app_user (id))"""
_INDEXES = (
    "CREATE INDEX ix_passkey_user_id ON passkey (user_id)",
    "CREATE UNIQUE INDEX ix_authenticator_one_each ON authenticator (user_id) WHERE removed_at IS NULL",
    "CREATE INDEX ix_invitation_user_id ON invitation (user_id)",
)
_TABLES = ("passkey", "authenticator", "recovery_code", "invitation", "passkey_challenge", "known_network")


def upgrade() -> None:
    """Add proof of who signed in to sessions, and the tables of factors. Sessions of before ask the second step."""
    for statement in (
        _SESSION,
        _PASSKEY,
        _AUTHENTICATOR,
        _RECOVERY,
        _INVITATION,
        _CHALLENGE,
        _NETWORK,
        _DEMONSTRATION,
        *_INDEXES,
    ):
        op.execute(statement)


def downgrade() -> None:
    """Drop factors and invitations; sessions end, so that none that only showed a password stays open."""
    for table in (*_TABLES, "demonstration_user"):
        op.execute(f"DROP TABLE {table}")
    op.execute("UPDATE user_session SET ended_at = clock_timestamp() WHERE ended_at IS NULL")
    op.execute("ALTER TABLE user_session DROP COLUMN id, DROP COLUMN method, DROP COLUMN proved_at, DROP COLUMN agent")
