"""Write-offs read back: by day, with type, code and what still stands; waivers of the patient's share apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.enums import TxnKind, WriteOffType
from billing.errors import CannotWriteOff
from billing.models import Invoice, LedgerTxn
from billing.writeoff_terms import all_terms
from lib.money import ZERO, BadAmount, parse_money, total

# Waiving what the plan makes the patient pay: reported apart, because doing it by routine is a risk (B10).
WAIVERS = (WriteOffType.COURTESY, WriteOffType.FINANCIAL_ASSISTANCE, WriteOffType.PROMPT_PAY)
MOST = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """One write-off. ``amount`` dollars as posted; ``stands`` until it was taken back."""

    txn: LedgerTxn
    invoice: Invoice
    type: str
    party: str
    gl_code: str
    amount: Decimal
    stands: bool

    @property
    def type_label(self) -> str:
        """The type in words."""
        return WriteOffType(self.type).label

    @property
    def reason(self) -> str:
        """What the person said."""
        return self.txn.reason

    @property
    def decided_by(self) -> str:
        """The policy row that stood behind it, in words."""
        return next((str(step["policy"]["because"]) for step in self.txn.trace if "policy" in step), "")

    @property
    def is_waiver(self) -> bool:
        """Whether it waived what the patient owed."""
        return self.party == "patient" and self.type in WAIVERS


def between(start: date, until: date, *, waivers_only: bool = False) -> list[Row]:
    """Write-offs posted on these days, newest first, in a few queries."""
    txns = (
        LedgerTxn.objects.filter(
            kind=TxnKind.WRITEOFF, source_kind="invoice", posted_on__gte=start, posted_on__lte=until
        )
        .prefetch_related("entries")
        .order_by("-posted_on", "-pk")
    )
    rows = _rows(txns[:MOST])
    return [row for row in rows if row.is_waiver] if waivers_only else rows


def one(txn: LedgerTxn) -> Row:
    """One write-off."""
    return _rows([txn])[0]


def amount_of(text: str) -> Decimal:
    """An amount that a page sent back."""
    try:
        return parse_money(text)
    except BadAmount as error:
        raise CannotWriteOff("The list has changed. Look again.", code="changed") from error


def _rows(txns: Iterable[LedgerTxn]) -> list[Row]:
    found = list(txns)
    invoices = {
        row.public_id: row
        for row in Invoice.objects.filter(public_id__in=[txn.source_key for txn in found]).select_related(
            "patient"
        )
    }
    codes = {terms.type: terms.gl_code for terms in all_terms()}
    undone = set(LedgerTxn.objects.filter(reverses__in=found).values_list("reverses_id", flat=True))
    partly = set(
        LedgerTxn.objects.filter(key__in=[f"undo:{txn.public_id}" for txn in found]).values_list(
            "key", flat=True
        )
    )
    made = []
    for txn in found:
        entries = list(txn.entries.all())
        written = [entry for entry in entries if entry.account.startswith("writeoff:")]
        owed = next((entry.account for entry in entries if entry.account.startswith("ar:")), "ar:patient")
        kind = written[0].account.removeprefix("writeoff:")
        gl_code = next((step.get("gl_code", "") for step in txn.trace if "gl_code" in step), codes[kind])
        amount = total(entry.amount for entry in written) or ZERO
        stands = txn.pk not in undone and f"undo:{txn.public_id}" not in partly
        made.append(
            Row(txn, invoices[txn.source_key], kind, owed.removeprefix("ar:"), gl_code, amount, stands)
        )
    return made
