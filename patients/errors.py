"""What registration says no to."""

from __future__ import annotations

from clinics.errors import BadInput, Refusal
from lib.findings import Finding


class BadPatient(BadInput):
    """Some fields need another value; ``fields`` names each with its words."""

    code = "bad_patient"


class PossibleDuplicate(Refusal):
    """Somebody with this name and birth date, or this telephone, is already registered."""

    code = "possible_duplicate"


def fields_of(findings: list[Finding]) -> dict[str, list[str]]:
    """Findings by field, as forms and the API show them."""
    fields: dict[str, list[str]] = {}
    for finding in findings:
        fields.setdefault(finding.where, []).append(finding.message)
    return fields
