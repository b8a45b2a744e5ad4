"""The permission table: which role (RO.*) may do what. Which rows, row-level security decides (rows.py)."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The roles that exist, by their permanent codes (config/taxonomies, set user_role)."""

    INTAKE = "RO.INTAKE"
    PARALEGAL = "RO.PARALEGAL"
    SUPERVISING_ATTORNEY = "RO.SUPATT"
    CO_COUNSEL = "RO.COCOUNSEL"
    ANALYST = "RO.ANALYST"
    AUDITOR = "RO.AUDITOR"
    ADMINISTRATOR = "RO.ADMIN"


class Permission(StrEnum):
    """What a view may demand. The value is the name that templates ask for: can('search')."""

    SELF = "self"
    INTAKE_OPEN = "intake.open"
    INCIDENT_READ = "incident.read"
    INCIDENT_EDIT = "incident.edit"
    IDENTITY_READ = "identity.read"
    PROTECTED_READ = "protected.read"
    CLAIM_READ = "claim.read"
    CLAIM_SUGGEST = "claim.suggest"
    CLAIM_CONFIRM = "claim.confirm"
    NOTE_WRITE = "note.write"
    SHARE = "share"
    EVIDENCE_ADD = "evidence.add"
    EVIDENCE_READ = "evidence.read"
    EVIDENCE_CERTIFY = "evidence.certify"
    EVIDENCE_HOLD = "evidence.hold"
    EVIDENCE_DESTROY = "evidence.destroy"
    EVIDENCE_RELEASE = "evidence.release"
    DECLARATION_READ = "declaration.read"
    DECLARATION_DRAFT = "declaration.draft"
    DECLARATION_REVIEW = "declaration.review"
    DECLARATION_EXPORT = "declaration.export"
    SEARCH = "search"
    EXPORT_PREPARE = "export.prepare"
    EXPORT_APPROVE = "export.approve"
    DEIDENTIFIED_READ = "deidentified.read"
    DEIDENTIFIED_RULE = "deidentified.rule"
    AUDIT_READ = "audit.read"
    LOG_PROVE = "log.prove"
    PEOPLE_MANAGE = "people.manage"
    GRANT_CONFIRM = "grant.confirm"
    TIER_SET = "tier.set"
    GLASS_ASK = "glass.ask"
    GLASS_DECIDE = "glass.decide"


_I, _P, _S, _C = Role.INTAKE, Role.PARALEGAL, Role.SUPERVISING_ATTORNEY, Role.CO_COUNSEL
_EVERYONE = frozenset(Role)
# Who holds one of these proves who they are with a passkey, which no false page can ask for (ASVS 5.0, 6.3.3).
PASSKEY_ROLES = frozenset({_S, _C, Role.ADMINISTRATOR})

# Source: domain page section 6 (role table). An intake worker's "own" is cut by row security, not here.
ALLOWED: dict[Permission, frozenset[Role]] = {
    Permission.SELF: _EVERYONE,
    Permission.INTAKE_OPEN: frozenset({_I, _P, _S}),
    Permission.INCIDENT_READ: frozenset({_I, _P, _S, _C}),
    Permission.INCIDENT_EDIT: frozenset({_I, _P, _S}),
    Permission.IDENTITY_READ: frozenset({_I, _P, _S}),
    Permission.PROTECTED_READ: frozenset({_S}),
    Permission.CLAIM_READ: frozenset({_I, _S, _C}),
    Permission.CLAIM_SUGGEST: frozenset({_I, _S, _C}),
    Permission.CLAIM_CONFIRM: frozenset({_S}),
    Permission.NOTE_WRITE: frozenset({_I, _P, _S}),
    Permission.SHARE: frozenset({_S}),
    Permission.EVIDENCE_ADD: frozenset({_I, _P, _S}),
    Permission.EVIDENCE_READ: frozenset({_I, _P, _S, _C}),
    Permission.EVIDENCE_CERTIFY: frozenset({_P, _S}),
    Permission.EVIDENCE_HOLD: frozenset({_S}),
    Permission.EVIDENCE_DESTROY: frozenset({_S}),
    Permission.EVIDENCE_RELEASE: frozenset({_S}),
    Permission.DECLARATION_READ: frozenset({_I, _P, _S, _C}),
    Permission.DECLARATION_DRAFT: frozenset({_I, _P, _S}),
    Permission.DECLARATION_REVIEW: frozenset({_S}),
    Permission.DECLARATION_EXPORT: frozenset({_P, _S, _C}),
    Permission.SEARCH: frozenset({_I, _P, _S, _C}),
    Permission.EXPORT_PREPARE: frozenset({_P, _S}),
    Permission.EXPORT_APPROVE: frozenset({_S}),
    Permission.DEIDENTIFIED_READ: frozenset({Role.ANALYST}),
    Permission.DEIDENTIFIED_RULE: frozenset({_S}),
    Permission.AUDIT_READ: frozenset({Role.AUDITOR}),
    Permission.LOG_PROVE: frozenset({_S, Role.AUDITOR}),
    Permission.PEOPLE_MANAGE: frozenset({Role.ADMINISTRATOR}),
    Permission.GRANT_CONFIRM: frozenset({_S}),
    Permission.TIER_SET: frozenset({_S}),
    Permission.GLASS_ASK: frozenset({_I, _P, _S, _C}),
    Permission.GLASS_DECIDE: frozenset({_S}),
}


def permitted(roles: frozenset[str] | set[str], permission: Permission) -> bool:
    """Tell whether any of `roles` carries `permission`."""
    return any(role in ALLOWED[permission] for role in roles)
