"""The claims room's part of the books' proof (billing/verification.py runs it)."""

from __future__ import annotations

from collections.abc import Iterable

from billing.models import Invoice
from billing.verification import register
from claims.enums import ClaimState
from claims.models import Claim

NOT_LIVE = (ClaimState.SUPERSEDED, ClaimState.VOIDED)

register(
    "I-14 every move of a claim is one that the table allows",
    """
    SELECT e.id, NOT EXISTS (SELECT 1 FROM claims_claimtransition t
                              WHERE t.from_state = e.from_state AND t.to_state = e.to_state)
      FROM claims_claimevent e
     WHERE e.clinic_id = %(clinic)s AND e.kind = 'state' AND e.from_state <> ''
    """,
)
register(
    "I-14b a claim stands where its last move left it",
    """
    SELECT c.control_number, c.state <> last.to_state
      FROM claims_claim c
      JOIN LATERAL (SELECT e.to_state FROM claims_claimevent e
                     WHERE e.clinic_id = c.clinic_id AND e.claim_id = c.id AND e.kind = 'state' AND e.to_state <> ''
                     ORDER BY e.id DESC LIMIT 1) last ON true
     WHERE c.clinic_id = %(clinic)s
    """,
)
register(
    "I-15 a claim version is submitted at most once",
    """
    SELECT i.claim_id, count(*) > 1 FROM claims_batchitem i
     WHERE i.clinic_id = %(clinic)s AND i.is_live GROUP BY i.claim_id
    """,
)
register(
    "I-15b a claim that left is in a batch with its bytes",
    """
    SELECT c.control_number, NOT EXISTS (SELECT 1 FROM claims_batchitem i
             JOIN claims_batch b ON b.clinic_id = i.clinic_id AND b.id = i.batch_id
            WHERE i.clinic_id = c.clinic_id AND i.claim_id = c.id AND i.is_live AND b.stored_id IS NOT NULL)
      FROM claims_claim c
     WHERE c.clinic_id = %(clinic)s AND c.submitted_at IS NOT NULL AND c.format = '837P'
    """,
)
register(
    "I-16 no control number was used twice, and the counter is ahead of all",
    """
    SELECT o.interchange_number,
           count(*) OVER (PARTITION BY o.connection_id, o.interchange_number) > 1
           OR count(*) OVER (PARTITION BY o.connection_id, o.group_number) > 1
           OR o.interchange_number > coalesce(k.interchange, 0) OR o.group_number > coalesce(k."group", 0)
      FROM clearinghouses_outboundfile o
      LEFT JOIN clearinghouses_controlcounter k
        ON k.clinic_id = o.clinic_id AND k.connection_id = o.connection_id
     WHERE o.clinic_id = %(clinic)s
    """,
)
register(
    "a claim's total is the sum of its lines",
    """
    SELECT c.control_number, c.total <> coalesce((SELECT sum(l.amount) FROM claims_claimline l
                                                   WHERE l.clinic_id = c.clinic_id AND l.claim_id = c.id), 0)
      FROM claims_claim c WHERE c.clinic_id = %(clinic)s
    """,
)


def live_claim_numbers(invoice: Invoice) -> list[str]:
    """Claims of an invoice that still stand between us and a payer: billing asks before a void (B2)."""
    rows = Claim.objects.filter(invoice=invoice).exclude(state__in=NOT_LIVE)
    rows = rows.exclude(frequency="8", replaces__state=ClaimState.VOIDED)  # it has done its work
    return list(rows.order_by("pk").values_list("control_number", flat=True))


def reopened(invoice_ids: Iterable[int]) -> set[int]:
    """Invoices whose insurer answered and is asked again: billing holds their amounts back meanwhile (B12)."""
    done = (*NOT_LIVE, ClaimState.ADJUDICATED, ClaimState.CLOSED)
    rows = Claim.objects.filter(invoice__in=list(invoice_ids), replaces__adjudicated_at__isnull=False)
    return set(rows.exclude(state__in=done).values_list("invoice_id", flat=True))
