"""A claim is one for each who suggests it, so that nobody learns from an insert what another suggested."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
_OLD, _NEW = "uq_claim_tag_incident_id_code", "uq_claim_tag_incident_id_code_suggested_by_id"


def upgrade() -> None:
    op.drop_constraint(op.f(_OLD), "claim_tag", type_="unique")
    op.create_unique_constraint(op.f(_NEW), "claim_tag", ["incident_id", "code", "suggested_by_id"])


def downgrade() -> None:
    op.drop_constraint(op.f(_NEW), "claim_tag", type_="unique")
    op.create_unique_constraint(op.f(_OLD), "claim_tag", ["incident_id", "code"])
