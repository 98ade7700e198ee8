"""Deposits: what the bank got, what the remittance says, what was posted; each broken tie is work (B13).

bank amount = check or EFT = posted + escrow - provider-level. Lines of the bank are typed or read from its
CSV; the same line again is the same line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from billing.models import LedgerEntry
from clinics import audit
from clinics.errors import BadInput
from clinics.scoping import current_actor
from lib import csv_text
from lib.money import ZERO, BadAmount, parse_money
from responses.enums import PostingState
from responses.models import BankLine, ClaimResponse, Remittance

NEAR = timedelta(days=3)  # x12 section 6: EFT and remittance by trace, amount and date +- 3
LATE = timedelta(days=7)  # an EFT that the bank has not shown by then is asked about
POSTED_STATES = (PostingState.AUTO_POSTED, PostingState.POSTED_MANUALLY, PostingState.REVERSED)
MOST_LINES = 5000


@dataclass(frozen=True, slots=True)
class Deposit:
    """One check or EFT with its two ties; ``breaks`` says in words what does not hold."""

    row: Remittance
    posted: Decimal
    escrow: Decimal
    bank: BankLine | None
    breaks: tuple[str, ...]

    @property
    def difference(self) -> Decimal:
        """receipt - (posted + escrow - provider-level): 0.00 when it ties."""
        return self.row.amount - (self.posted + self.escrow - self.row.provider_total)


def deposits(rows: Sequence[Remittance], today: date) -> list[Deposit]:
    """The ties of these remittances in three queries."""
    ids = [row.pk for row in rows]
    posted = dict(
        ClaimResponse.objects.filter(remittance__in=ids, state__in=POSTED_STATES)
        .values_list("remittance_id")
        .annotate(sum=Sum("paid"))
    )
    held = dict(
        LedgerEntry.objects.filter(
            account="escrow", receipt__in=[row.receipt_id for row in rows if row.receipt_id]
        )
        .values_list("receipt_id")
        .annotate(sum=Sum("amount"))
    )
    banked = {line.remittance_id: line for line in BankLine.objects.filter(remittance__in=ids)}
    made = []
    for row in rows:
        escrow = -(held.get(row.receipt_id) or ZERO) if row.receipt_id else ZERO
        one = Deposit(row, posted.get(row.pk) or ZERO, escrow, banked.get(row.pk), ())
        made.append(Deposit(row, one.posted, one.escrow, one.bank, _breaks(one, today)))
    return made


def _breaks(deposit: Deposit, today: date) -> tuple[str, ...]:
    row, found = deposit.row, []
    if row.state == "quarantine":
        return ("paid to somebody else?",)
    if not row.is_balanced:
        found.append("the remittance does not add up")
    elif row.receipt_id and deposit.difference:
        found.append(f"{deposit.difference} between check and books")
    if deposit.escrow:
        found.append(f"{deposit.escrow} waits in escrow")
    if deposit.bank is not None and deposit.bank.amount != row.amount:
        found.append(f"the bank got {deposit.bank.amount}")
    if deposit.bank is None and row.amount and row.payment_date + LATE < today:
        found.append("not seen at the bank")
    return tuple(found)


def unmatched() -> list[BankLine]:
    """Bank lines that no remittance explains, the oldest first."""
    return list(BankLine.objects.filter(remittance__isnull=True, note="").order_by("on", "pk")[:500])


def add_line(on: date, amount: Decimal, reference: str) -> tuple[BankLine, bool]:
    """One line of the bank; the same day, amount and reference again is the same line. Matched at once if sure."""
    if amount <= ZERO:
        raise BadInput("A deposit is more than 0.00.", code="bad_amount")
    with transaction.atomic():
        line, is_new = BankLine.objects.get_or_create(
            on=on, amount=amount, reference=reference.strip()[:80], defaults={"created_by": current_actor()}
        )
        if is_new:
            audit.record("bank_line.add", "bank_line", line.public_id, amount=str(amount))
            match_line(line)
        return line, is_new


def read_csv(content: bytes) -> tuple[int, int]:
    """Lines of a bank's CSV: columns date, amount and anything else as reference. Returns (new, known).

    Raises BadInput with the number of the first line that cannot be read; then nothing is kept.
    """
    try:
        text = csv_text.decode(content)
        rows = list(csv.reader(io.StringIO(text), delimiter=csv_text.separator(text)))[: MOST_LINES + 1]
    except (csv_text.BadCsv, csv.Error) as error:
        raise BadInput(str(error), code="bad_csv") from error
    if len(rows) > MOST_LINES:
        raise BadInput(f"More than {MOST_LINES} lines: split the file.", code="too_many")
    if not rows:
        raise BadInput("The file is empty.", code="bad_csv")
    head = [cell.strip().lower() for cell in rows[0]]
    if "date" not in head or "amount" not in head:
        raise BadInput("The first line must name the columns date and amount.", code="bad_csv")
    day_at, amount_at = head.index("date"), head.index("amount")
    new = known = 0
    with transaction.atomic():
        for number, cells in enumerate(rows[1:], 2):
            if not any(cell.strip() for cell in cells):
                continue
            line = _line(number, cells, day_at, amount_at)
            if line is None:
                continue  # money out is no deposit
            _, is_new = add_line(*line)
            new, known = new + is_new, known + (not is_new)
    return new, known


def _line(number: int, cells: list[str], day_at: int, amount_at: int) -> tuple[date, Decimal, str] | None:
    try:
        text = cells[day_at].strip()
        form = "%Y-%m-%d" if "-" in text else "%m/%d/%Y"
        on = datetime.strptime(text, form).date()  # noqa: DTZ007 - a day, not a moment
        amount = parse_money(cells[amount_at].strip().replace(",", "").replace("$", ""))
    except (ValueError, IndexError, BadAmount) as error:
        raise BadInput(f"Line {number}: no date and amount that can be read.", code="bad_csv") from error
    if amount <= ZERO:
        return None
    rest = " ".join(
        cell.strip() for n, cell in enumerate(cells) if n not in (day_at, amount_at) and cell.strip()
    )
    return on, amount, rest


def match_line(line: BankLine) -> Remittance | None:
    """Tie a bank line to its remittance when that is sure: the trace in its text and the same amount.

    Without a trace, one single unbanked remittance of the same amount within three days counts as sure too.
    """
    taken = BankLine.objects.filter(remittance__isnull=False).values("remittance_id")
    same = Remittance.objects.filter(amount=line.amount).exclude(pk__in=taken).exclude(state="quarantine")
    words = {_bare(word) for word in re.split(r"[\s*:/]+", line.reference)} | {_bare(line.reference)}
    named = [
        row for row in same.order_by("pk")[:200] if row.trace_number and _bare(row.trace_number) in words
    ]
    near = list(same.filter(payment_date__range=(line.on - NEAR, line.on + NEAR))[:2])
    found = named[0] if len(named) == 1 else near[0] if not named and len(near) == 1 else None
    if found is not None:
        BankLine.objects.filter(pk=line.pk).update(remittance=found)
        line.remittance = found
    return found


def rematch() -> int:
    """Look again at every line that nothing explained: a remittance may have come since."""
    return sum(match_line(line) is not None for line in unmatched())


def tie_by_hand(line: BankLine, remittance: Remittance | None, note: str) -> None:
    """A person says which check a bank line is, or what it was if it was none."""
    if remittance is None and not note.strip():
        raise BadInput("Choose the check, or say what the money was.", code="reason_missing")
    with transaction.atomic():
        row = BankLine.objects.select_for_update(of=("self",)).get(pk=line.pk)
        if (
            remittance is not None
            and BankLine.objects.filter(remittance=remittance).exclude(pk=row.pk).exists()
        ):
            raise BadInput("Another bank line is this check already.", code="already_banked")
        row.remittance, row.note = remittance, note.strip()[:200]
        row.save()
        audit.record(
            "bank_line.tie", "bank_line", row.public_id, check=remittance.trace_number if remittance else ""
        )


def _bare(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper()).lstrip("0")
