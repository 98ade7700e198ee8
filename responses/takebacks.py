"""Provider-level amounts (PLB): open items until a person says what they were for (E16; x12 section 8)."""

from __future__ import annotations

from django.db import transaction

from claims.models import Claim
from clinics import audit
from responses.models import ProviderAdjustment

WORDS = {
    "WO": "Overpayment taken back", "FB": "Forwarding balance", "72": "Our refund acknowledged", "L6": "Interest",
    "CS": "Adjustment", "IR": "Tax withheld", "LE": "Levy", "E3": "Withholding", "L3": "Penalty",
    "50": "Late charge", "51": "Interest penalty", "AP": "Advance payment", "B2": "Rebate", "IP": "Incentive",
    "OB": "Offset for an affiliated provider",
}  # fmt: skip


def words(code: str) -> str:
    """A PLB code in plain words."""
    return WORDS.get(code, "Provider-level adjustment")


def link(item: ProviderAdjustment, claim: Claim | None, note: str) -> None:
    """Close an open item: it was for this claim, or for what the note says. No patient is ever touched."""
    with transaction.atomic():
        row = ProviderAdjustment.objects.select_for_update(of=("self",)).get(pk=item.pk)
        row.linked_claim, row.note, row.is_open = claim, note[:200], False
        row.save()
        number = claim.control_number if claim else ""
        audit.record(
            "provider_adjustment.link", "remittance", row.remittance.public_id, code=row.code, claim=number
        )
