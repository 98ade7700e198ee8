"""What keeps the insurers' side of some days from tying, asked by the day's close (rules.md B13).

Three ties: bank = checks and EFTs; check = posted + escrow - provider-level; claim lines = visit lines. Money
that waits in escrow, or that the bank has not shown yet, is work and no break: the books hold it.
"""

from __future__ import annotations

from decimal import Decimal

from django.db.models import F, Q, Sum

from billing.enums import InvoiceState
from billing.hooks import Break, Span
from claims.models import Claim, ClaimLine
from claims.models.claims import DEAD_STATES
from lib.money import ZERO, show_money
from responses import deposits
from responses.models import BankLine, Remittance

MOST = 500  # of each kind; more are told by the next close


def breaks(span: Span) -> list[Break]:
    """Every tie of these days that does not hold, with the page where it is mended; nine queries at most."""
    return [*_bank(span), *_receipts(span), *_claims(span)]


def _bank(span: Span) -> list[Break]:
    """Lines of the bank that no check explains, or that differ from theirs without a word why."""
    rows = BankLine.objects.filter(on__lte=span.through, note="").select_related("remittance")
    if span.after:
        rows = rows.filter(on__gt=span.after)
    wrong = rows.filter(Q(remittance__isnull=True) | ~Q(amount=F("remittance__amount"))).order_by("on", "pk")
    found = []
    for row in wrong[:MOST]:
        about = f"{show_money(row.amount)} at the bank on {row.on:%m/%d/%Y}"
        if row.remittance is None:
            words, amount = f"{about} is explained by no check", row.amount
        else:
            words = (
                f"{about}, the check {row.remittance.trace_number} says {show_money(row.remittance.amount)}"
            )
            amount = row.amount - row.remittance.amount
        found.append(Break("bank", words, amount, "responses:bank-line", row.public_id))
    return found


def _receipts(span: Span) -> list[Break]:
    """Checks that came in these days and are not posted + escrow - provider-level."""
    rows = Remittance.objects.filter(receipt__received_on__lte=span.through).order_by("pk")
    if span.after:
        rows = rows.filter(receipt__received_on__gt=span.after)
    found = []
    for tie in deposits.deposits(list(rows[: MOST * 10]), span.through):
        if tie.difference != ZERO:
            words = (
                f"Check {tie.row.trace_number} of {show_money(tie.row.amount)} is not posted {show_money(tie.posted)} "
                f"+ escrow {show_money(tie.escrow)} − provider-level {show_money(tie.row.provider_total)}"
            )
            found.append(Break("receipt", words, tie.difference, "responses:deposits"))
    return found


def _claims(span: Span) -> list[Break]:
    """Claims sent or answered in these days whose lines are not the visit's."""
    sent = Q(submitted_at__lt=span.ends)
    answered = Q(adjudicated_at__lt=span.ends)
    if span.begins:
        sent &= Q(submitted_at__gte=span.begins)
        answered &= Q(adjudicated_at__gte=span.begins)
    live = Claim.objects.filter(sent | answered).exclude(state__in=DEAD_STATES).exclude(frequency="8")
    found = [
        Break(
            "claim",
            f"Claim {row.control_number} stands, its invoice is void",
            row.total,
            "claims:claim",
            row.public_id,
        )
        for row in live.filter(invoice__state=InvoiceState.VOID).order_by("pk")[:MOST]
    ]
    off = ClaimLine.objects.filter(claim__in=live).exclude(amount=F("charge__amount")).select_related("claim")
    for line in off.annotate(visit=F("charge__amount")).order_by("pk")[:MOST]:
        visit: Decimal = line.visit
        words = (
            f"Line {line.line_no} of claim {line.claim.control_number} says {show_money(line.amount)}, "
            f"the visit {show_money(visit)}"
        )
        found.append(Break("claim", words, line.amount - visit, "claims:claim", line.claim.public_id))
    summed = live.annotate(sum=Sum("lines__amount")).exclude(total=F("sum"))
    for row in summed.order_by("pk")[:MOST]:
        words = f"Claim {row.control_number} says {show_money(row.total)}, its lines {show_money(row.sum or ZERO)}"
        found.append(Break("claim", words, row.total - (row.sum or ZERO), "claims:claim", row.public_id))
    return found
