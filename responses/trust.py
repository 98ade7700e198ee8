"""Trust that is earned: per payer and code, how often a proposed posting was accepted unchanged (B9 modes).

Under Auto-Pay Claims = preview an answer posts by itself when every code on it is trusted from that payer.
A person switches a code on, on the suggestion of the share; an undo switches the codes of the answer off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from clinics import audit
from clinics.errors import BadInput
from clinics.scoping import current_actor
from insurance.models import Payer
from responses.enums import PostingState
from responses.line_match import claim_sums
from responses.models import ClaimResponse, TrustedCode
from x12.documents.remittance import ClaimPayment

ENOUGH = 20  # answers a person has decided on before a code is suggested
SHARE = 98  # percent accepted unchanged
READ = 3000  # decided answers that count, the newest
PAID_IN_FULL = "none"  # the code of an answer without adjustments
DECIDED = (PostingState.POSTED_MANUALLY, PostingState.IGNORED)


@dataclass(slots=True)
class Share:
    """One payer and code: decided by a person, of them accepted unchanged; and whether it is switched on."""

    payer: Payer
    code: str
    decided: int = 0
    accepted: int = 0
    row: TrustedCode | None = None
    refused: list[str] = field(default_factory=list)

    @property
    def percent(self) -> int:
        """Of those decided, how many were accepted as proposed."""
        return 100 * self.accepted // self.decided if self.decided else 0

    @property
    def is_on(self) -> bool:
        """Whether answers with it may post by themselves."""
        return self.row is not None and self.row.is_on

    @property
    def is_suggested(self) -> bool:
        """Enough answers, nearly all accepted, and not switched on yet."""
        return not self.is_on and self.decided >= ENOUGH and self.percent >= SHARE


def codes_of(payment: ClaimPayment) -> frozenset[str]:
    """The codes of an answer as trust counts them."""
    found = frozenset(f"{group}-{reason}" for group, reason in claim_sums(payment))
    return found or frozenset({PAID_IN_FULL})


def trusted_codes(payer: Payer | None) -> frozenset[str]:
    """The codes that are switched on for a payer: read once for a remittance."""
    if payer is None:
        return frozenset()
    return frozenset(TrustedCode.objects.filter(payer=payer, is_on=True).values_list("code", flat=True))


def shares() -> list[Share]:
    """Every payer and code that a person has decided on, the suggested ones first."""
    found: dict[tuple[int, str], Share] = {}
    for known in TrustedCode.objects.select_related("payer"):
        found[known.payer_id, known.code] = Share(known.payer, known.code, row=known)
    decided = ClaimResponse.objects.filter(state__in=DECIDED, remittance__payer__isnull=False)
    rows = decided.select_related("remittance__payer").order_by("-pk")[:READ]
    for row in rows:
        payer = row.remittance.payer
        assert payer is not None
        # Posted although gates stood, line by line, disputed or set aside: the proposal was not right as it was.
        is_plain = row.state == PostingState.POSTED_MANUALLY and not row.codes and not row.hold_reason
        is_plain = is_plain and not row.plan.get("by_hand")
        for code in _codes(row.document):
            share = found.setdefault((payer.pk, code), Share(payer, code))
            share.decided += 1
            share.accepted += is_plain
    return sorted(found.values(), key=lambda s: (not s.is_suggested, not s.is_on, s.payer.name, s.code))


def switch(payer: Payer, code: str, *, is_on: bool) -> TrustedCode:
    """Let answers of a payer with this code post by themselves under preview, or no longer."""
    code = code.strip().upper() if code != PAID_IN_FULL else code
    if code != PAID_IN_FULL and (len(code) > 8 or not code.replace("-", "").isalnum()):
        raise BadInput("A code is group and reason, such as CO-45.", code="bad_code")
    row, _ = TrustedCode.objects.update_or_create(
        payer=payer, code=code, defaults={"is_on": is_on, "changed_by": current_actor(), "because": ""}
    )
    audit.record("trust.switch", "payer", payer.public_id, code=code, is_on=is_on)
    return row


def step_back(response: ClaimResponse, payment: ClaimPayment) -> int:
    """A posting was undone: its codes are no longer trusted from this payer. Returns how many were switched off."""
    payer_id = response.remittance.payer_id
    rows = TrustedCode.objects.filter(payer=payer_id, code__in=codes_of(payment), is_on=True)
    because = f"undone: {response.control_number}"[:120]
    count = rows.update(is_on=False, changed_by="undo", because=because)
    if count:
        audit.record("trust.step_back", "claim_response", response.public_id, codes=count)
    return count


def _codes(document: dict[str, Any]) -> Iterable[str]:
    found = {
        f"{item['group']}-{item['reason']}"
        for holder in [document, *(document.get("lines") or [])]
        for item in holder.get("adjustments") or []
        if item["amount"] not in ("0", "0.00")
    }
    return found or {PAID_IN_FULL}
