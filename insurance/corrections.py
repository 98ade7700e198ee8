"""Take the payer's name or number where its record differs from ours (B14): one click, audited.

Before it: eligibility_answers.py, which found the difference. Claims that were made keep their frozen copy.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from clinics.errors import BadInput
from insurance import policies
from insurance.models import EligibilityCheck
from patients import registration

OF_THE_CARD = ("member_id", "holder_first_name", "holder_last_name")
LABELS = {
    "member_id": "Member ID", "first_name": "First name", "last_name": "Last name",
    "holder_first_name": "Holder's first name", "holder_last_name": "Holder's last name",
}  # fmt: skip


def apply(check: EligibilityCheck, field: str, *, today: date) -> str:
    """Write the payer's value of ``field`` into the card or the patient; a second click changes nothing."""
    row = next((row for row in check.corrections if row["field"] == field), None)
    if row is None:
        raise BadInput("The payer did not correct this.", code="no_correction")
    policy = check.policy
    if field in OF_THE_CARD:
        policies.change_policy(policy, {field: row["theirs"]}, today=today)
    else:
        registration.change(policy.patient, {field: row["theirs"]}, today=today)
    taken: list[dict[str, Any]] = [
        {**each, "taken": True} if each["field"] == field else each for each in check.corrections
    ]
    EligibilityCheck.objects.filter(pk=check.pk).update(corrections=taken)
    check.corrections = taken
    return f"{LABELS[field]} is now {row['theirs']}"
