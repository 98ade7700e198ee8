"""Take patients' money: receipts, what they pay for, credit, and taking them back (rules.md B3).

The Insurance method is not for here: insurers' money comes from a claim response only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Sum

from billing import balances, invoicing, ledger
from billing.enums import Channel, MethodKind, TxnKind
from billing.errors import BadPayment
from billing.ledger import Entry
from billing.models import Charge, LedgerEntry, PaymentMethod, Receipt
from clinics import audit
from clinics.models import Location
from clinics.scoping import current_actor
from lib.money import ZERO, BadAmount, parse_money, show_money
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class Payment:
    """What somebody hands over at the desk. ``reference``: check number or terminal reference, never a card number."""

    method: PaymentMethod
    amount: Decimal
    memo: str = ""
    reference: str = ""
    channel: Channel = Channel.DESK


def parse_payment(
    method_id: str, amount: object, memo: str = "", reference: str = "", channel: str = Channel.DESK
) -> Payment:
    """A payment from a form or the API; BadPayment says in plain words what cannot be taken."""
    method = PaymentMethod.objects.filter(public_id=method_id, is_active=True).first()
    if method is None:
        raise BadPayment("Choose how it was paid.", code="unknown_method")
    try:
        parsed = parse_money(amount if isinstance(amount, Decimal) else str(amount))
    except BadAmount as error:
        raise BadPayment("An amount has at most two decimals, such as 25.00.", code="bad_amount") from error
    if channel not in Channel.values:
        raise BadPayment("A payment comes in at the desk or by phone.", code="unknown_channel")
    payment = Payment(method, parsed, memo.strip()[:120], reference.strip()[:40], Channel(channel))
    check_payment(payment)
    return payment


def check_payment(payment: Payment) -> None:
    """The hard rule of B3, before the database says the same."""
    if payment.method.kind != MethodKind.PATIENT:
        raise BadPayment(
            "The Insurance method is for what an insurer pays after its claim response. "
            "Choose how the patient pays.",
            code="insurance_method",
        )
    if payment.amount <= ZERO:
        raise BadPayment("A payment is more than 0.00. To give money back, use Refund.", code="not_positive")
    if payment.method.needs_reference and not payment.reference:
        raise BadPayment(f"{payment.method.name} needs its number.", code="reference_needed")
    if _looks_like_card(payment.reference) or _looks_like_card(payment.memo):
        raise BadPayment(
            "That looks like a card number. Card numbers are never kept; enter the terminal's reference.",
            code="card_number",
        )


def take(
    patient: Patient,
    payment: Payment,
    charges: Sequence[Charge],
    *,
    location: Location,
    today: date,
    split: Sequence[tuple[str, Decimal]] | None = None,
) -> Receipt:
    """Take one payment towards ``charges``, in order, then older balances, then free credit.

    With ``split``, (public id of a charge, dollars) as a person changed it, exactly that is paid and the
    rest is free credit; BadPayment where it is more than the line owes or than was received.

    Ledger: cash +, ar:patient - per line, patient_credit - for the rest. What the insurers owe is
    never touched (B3: the excess is credit).
    """
    check_payment(payment)
    lock_patient_money(patient)
    receipt = Receipt.objects.create(
        method=payment.method,
        kind=MethodKind.PATIENT,
        patient=patient,
        location=location,
        amount=payment.amount,
        memo=payment.memo,
        reference=payment.reference,
        channel=payment.channel,
        received_on=today,
        effective_on=today,
        created_by=current_actor(),
    )
    entries = [Entry("cash", payment.amount, patient_id=patient.pk, receipt_id=receipt.pk)]
    if split is None:
        entries += spread(patient.pk, payment.amount, charges, receipt.pk)
        because = "today's visit first, then the oldest amount due, the rest is credit"
    else:
        entries += _as_split(patient.pk, payment.amount, split, receipt.pk)
        because = "split as the person at the desk wrote it, the rest is credit"
    ledger.post(
        key=f"receipt:{receipt.public_id}",
        kind=TxnKind.RECEIPT,
        entries=entries,
        on=today,
        source_kind="receipt",
        source_key=receipt.public_id,
        reason=payment.memo,
        trace=[{"rule": "B3", "because": because}],
    )
    invoicing.settle_charges(entry.charge_id for entry in entries)
    audit.record(
        "payment.take", "receipt", receipt.public_id, amount=str(payment.amount), method=payment.method.name
    )
    return receipt


def apply_credit(
    patient: Patient, charges: Sequence[Charge], limit: Decimal, *, today: date, key: str
) -> Decimal:
    """Use free credit for what the patient owes on ``charges``, up to ``limit``; returns what was used."""
    lock_patient_money(patient)
    due = balances.lines([charge.pk for charge in charges])
    wanted = min(limit, sum((max(ZERO, due[charge.pk].patient) for charge in charges), ZERO))
    used = ZERO
    entries: list[Entry] = []
    open_charges = [(charge.pk, max(ZERO, due[charge.pk].patient)) for charge in charges]
    for receipt in free_credit_receipts(patient.pk):
        share = min(receipt.unapplied_free, wanted - used)
        if share <= ZERO:
            continue
        entries.append(Entry("patient_credit", share, patient_id=patient.pk, receipt_id=receipt.pk))
        entries += _pay_lines(patient.pk, share, open_charges, receipt.pk)
        used += share
    if used > ZERO:
        ledger.post(
            key=key,
            kind=TxnKind.CREDIT_USE,
            entries=entries,
            on=today,
            source_kind="patient",
            source_key=patient.public_id,
            trace=[{"rule": "B3", "because": "credit is used for the next copay"}],
        )
        invoicing.settle_charges(entry.charge_id for entry in entries)
    return used


def hold(
    patient: Patient,
    charges: Sequence[Charge],
    limit: Decimal,
    *,
    today: date,
    only: set[int] | None = None,
) -> Decimal:
    """Keep free credit, up to ``limit``, for the visit of ``charges`` until its last insurer has answered.

    ``only``: credit of these receipts alone. It is held on the lines by what the insurers are expected to
    owe on each, so a line never holds more than it may still ask of the patient; returns what is held.
    Ledger: patient_credit + (free), patient_credit - with the charge (held). The answer applies it (B11.2).
    """
    lock_patient_money(patient)
    open_lines = [(charge.pk, charge.amount - charge.patient_part) for charge in charges]
    entries: list[Entry] = []
    kept = ZERO
    for receipt in free_credit_receipts(patient.pk):
        if only is not None and receipt.pk not in only:
            continue
        for place, (charge_id, room) in enumerate(open_lines):
            share = min(room, receipt.unapplied_free - _freed(entries, receipt.pk), limit - kept)
            if share > ZERO:
                entries.append(Entry("patient_credit", share, patient_id=patient.pk, receipt_id=receipt.pk))
                entries.append(Entry("patient_credit", -share, charge_id, patient.pk, receipt_id=receipt.pk))
                open_lines[place] = (charge_id, room - share)
                kept += share
    if kept > ZERO:
        ledger.post(
            key=f"hold:{charges[0].invoice.public_id}",
            kind=TxnKind.CREDIT_USE,
            entries=entries,
            on=today,
            source_kind="invoice",
            source_key=charges[0].invoice.public_id,
            trace=[
                {"rule": "B14.collect", "because": "paid ahead for this visit's estimate; its answer uses it"}
            ],
        )
    return kept


def release(patient: Patient, charges: Sequence[Charge], *, today: date, key: str) -> Decimal:
    """Free what is still held for these lines, as when no insurer is to answer for them any more."""
    rows = (
        LedgerEntry.objects.filter(account="patient_credit", charge__in=charges)
        .order_by("receipt_id", "charge_id")
        .values_list("receipt_id", "charge_id")
        .annotate(sum=Sum("amount"))
    )
    entries: list[Entry] = []
    for receipt_id, charge_id, amount in rows:
        if amount < ZERO:
            entries.append(Entry("patient_credit", -amount, charge_id, patient.pk, receipt_id=receipt_id))
            entries.append(Entry("patient_credit", amount, patient_id=patient.pk, receipt_id=receipt_id))
    if entries:
        ledger.post(
            key=key,
            kind=TxnKind.CREDIT_USE,
            entries=entries,
            on=today,
            source_kind="patient",
            source_key=patient.public_id,
            trace=[{"rule": "B14.collect", "because": "no insurer is to answer for this visit any more"}],
        )
    return sum((entry.amount for entry in entries if entry.charge_id is not None), ZERO)


def _freed(entries: list[Entry], receipt_id: int) -> Decimal:
    """What these entries have taken of a receipt's free credit."""
    return sum(
        (row.amount for row in entries if row.receipt_id == receipt_id and row.charge_id is None), ZERO
    )


def refund(patient: Patient, amount: Decimal, *, reason: str, today: date, key: str) -> Decimal:
    """Give back free credit, never more than there is. Ledger: patient_credit +, cash -."""
    lock_patient_money(patient)
    check_refund(patient, amount)
    entries: list[Entry] = []
    left = amount
    for receipt in free_credit_receipts(patient.pk):
        share = min(receipt.unapplied_free, left)
        if share > ZERO:
            entries.append(Entry("patient_credit", share, patient_id=patient.pk, receipt_id=receipt.pk))
            entries.append(Entry("cash", -share, patient_id=patient.pk, receipt_id=receipt.pk))
            left -= share
    ledger.post(
        key=key,
        kind=TxnKind.REFUND,
        entries=entries,
        on=today,
        reason=reason,
        source_kind="patient",
        source_key=patient.public_id,
    )
    audit.record("payment.refund", "patient", patient.public_id, amount=str(amount), reason=reason)
    return amount


def check_refund(patient: Patient, amount: Decimal) -> None:
    """Refuse a refund that nobody could give: nothing, or more than is free."""
    if amount <= ZERO:
        raise BadPayment("A refund is more than 0.00.", code="not_positive")
    free = balances.patient_credit(patient.pk).free
    if amount > free:
        raise BadPayment(f"Only {free} is free credit; a refund cannot be more.", code="refund_over_credit")


def spread(patient_id: int, amount: Decimal, charges: Sequence[Charge], receipt_id: int) -> list[Entry]:
    """How a payment is used: these charges in order, then the oldest due, then free credit."""
    named = balances.lines([charge.pk for charge in charges])
    dues = [(charge.pk, max(ZERO, named[charge.pk].patient)) for charge in charges]
    dues += [(pk, due) for pk, due in oldest_dues(patient_id) if pk not in named]
    entries = _pay_lines(patient_id, amount, dues, receipt_id)
    rest = amount + sum((entry.amount for entry in entries), ZERO)
    if rest > ZERO:
        entries.append(Entry("patient_credit", -rest, patient_id=patient_id, receipt_id=receipt_id))
    return entries


def _as_split(
    patient_id: int, amount: Decimal, split: Sequence[tuple[str, Decimal]], receipt_id: int
) -> list[Entry]:
    """Entries of a split written by hand; what is left of the amount is free credit."""
    wanted = {public_id: share for public_id, share in split if share != ZERO}
    charges = {
        row.public_id: row.pk for row in Charge.objects.filter(public_id__in=wanted, patient_id=patient_id)
    }
    owed = dict(oldest_dues(patient_id))
    entries = []
    for public_id, share in wanted.items():
        due = owed.get(charges.get(public_id, 0), ZERO)
        if share < ZERO or share > due:
            raise BadPayment(
                f"{show_money(share)} is more than the line owes ({show_money(due)}), or less than 0.00.",
                code="bad_split",
            )
        entries.append(Entry("ar:patient", -share, charges[public_id], patient_id, receipt_id=receipt_id))
    rest = amount - sum(wanted.values(), ZERO)
    if rest < ZERO:
        raise BadPayment(
            f"The split comes to {show_money(amount - rest)}, more than the {show_money(amount)} received.",
            code="bad_split",
        )
    if rest > ZERO:
        entries.append(Entry("patient_credit", -rest, patient_id=patient_id, receipt_id=receipt_id))
    return entries


def oldest_dues(patient_id: int) -> list[tuple[int, Decimal]]:
    """What the patient owes line by line, the day it became the patient's first (B3)."""
    rows = LedgerEntry.objects.filter(account="ar:patient", patient_id=patient_id).values_list(
        "charge_id", "amount", "txn__posted_on"
    )
    due: dict[int, Decimal] = {}
    since: dict[int, date] = {}
    for charge_id, amount, posted_on in rows:
        due[charge_id] = due.get(charge_id, ZERO) + amount
        if amount > ZERO:
            since[charge_id] = min(since.get(charge_id, posted_on), posted_on)
    owed = [(charge_id, amount) for charge_id, amount in due.items() if amount > ZERO]
    return sorted(owed, key=lambda pair: (since[pair[0]], pair[0]))


def lock_patient_money(patient: Patient) -> None:
    """Two desks with one patient take turns: the patient row is the lock (NO KEY UPDATE, I-5b)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM patients_patient WHERE clinic_id = %s AND id = %s FOR NO KEY UPDATE",
            [patient.clinic_id, patient.pk],
        )


@dataclass(frozen=True, slots=True)
class FreeCredit:
    """Free credit left of one receipt."""

    pk: int
    unapplied_free: Decimal


def free_credit_receipts(patient_id: int) -> list[FreeCredit]:
    """Receipts with free credit, oldest first. Credit held for a visit (it names a charge) is not free."""
    left: dict[int, Decimal] = {}
    rows = LedgerEntry.objects.filter(account="patient_credit", patient_id=patient_id, charge__isnull=True)
    for receipt_id, amount in rows.order_by("receipt_id").values_list("receipt_id", "amount"):
        left[receipt_id] = left.get(receipt_id, ZERO) - amount
    return [FreeCredit(pk, amount) for pk, amount in left.items() if amount > ZERO]


def _pay_lines(
    patient_id: int, amount: Decimal, dues: list[tuple[int, Decimal]], receipt_id: int
) -> list[Entry]:
    """Entries that pay ``dues`` in order; ``dues`` is reduced in place so that a second receipt goes on."""
    entries = []
    for place, (charge_id, due) in enumerate(dues):
        share = min(due, amount)
        if share > ZERO:
            entries.append(
                Entry("ar:patient", -share, charge_id=charge_id, patient_id=patient_id, receipt_id=receipt_id)
            )
            dues[place] = (charge_id, due - share)
            amount -= share
    return entries


def _looks_like_card(text: str) -> bool:
    """13 to 19 digits that pass Luhn (PCI: never accept, store or log a PAN)."""
    from lib.npi import luhn_sum

    digits = "".join(char for char in text if char.isdigit())
    return 13 <= len(digits) <= 19 and luhn_sum(digits) % 10 == 0
