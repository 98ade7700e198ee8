"""Routes of code tables, claim rules, timely filing, and moves between cards. Part of clinics/routes.py."""

from __future__ import annotations

CHECK_ROUTES: dict[str, str | dict[str, str]] = {
    "claims:filing": "claim.view",
    "claims:code-tables": {"read": "settings.view", "write": "settings.other"},
    "claims:code-table": "settings.view",
    "claims:code-table-act": "settings.other",
    "claims:claim-rules": "claim.view",
    "claims:claim-rule": "claim.view",
    "claims:claim-rule-new": "claim.edit",
    "claims:claim-rule-edit": "claim.edit",
    "claims:claim-rule-act": "claim.edit",
    "claims-api:filing": "claim.view",
    "claims-api:paper-form": "claim.view",
    "claims-api:proof": "claim.view",
    "claims-api:code-tables": {"read": "settings.view", "write": "settings.other"},
    "claims-api:code-table": "settings.view",
    "claims-api:code-table-act": "settings.other",
    "claims-api:claim-rules": {"read": "claim.view", "write": "claim.edit"},
    "claims-api:claim-rule": {"read": "claim.view", "write": "claim.edit"},
    "claims-api:claim-rule-act": "claim.edit",
    "claims-api:claim-rule-tests": "claim.view",
    # visits that move to another card, whose claims follow
    "claims:coverage-guard": "patient.view",
    "claims:move-visits": "coverage.move",
    "claims:bill-card": "coverage.move",
    "claims:coverage-move": {"read": "claim.view", "write": "coverage.move"},
    "claims:patient-moves": "claim.view",
    "claims-api:coverage-guard": "patient.view",
    "claims-api:move-visits": "coverage.move",
    "claims-api:bill-card": "coverage.move",
    "claims-api:coverage-moves": "claim.view",
    "claims-api:coverage-move": {"read": "claim.view", "write": "coverage.move"},
}
