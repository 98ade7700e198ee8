"""Write-offs by a person: types, limits by role, always with a reason (rules.md B10).

What rules write off when an insurer answers is posted by responses; this is the desk's own act.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from billing import balances, invoicing, ledger, policies
from billing.enums import InvoiceState, TxnKind, WriteOffType
from billing.errors import CannotWriteOff
from billing.ledger import Entry
from billing.models import Charge, Invoice, LedgerEntry, LedgerTxn
from billing.payments import lock_patient_money, release
from billing.policies import Decision
from billing.writeoff_terms import terms_of
from clinics import audit
from clinics.roles import Role
from clinics.scoping import current_actor
from clinics.settings import value_of
from lib.money import ZERO, total

# Whose part each type is for. Timely filing is the clinic's own fault: never a word about the patient's part.
PATIENT_TYPES = (
    WriteOffType.COURTESY,
    WriteOffType.SMALL_BALANCE,
    WriteOffType.FINANCIAL_ASSISTANCE,
    WriteOffType.PROMPT_PAY,
    WriteOffType.BAD_DEBT,
    WriteOffType.BANKRUPTCY,
    WriteOffType.ADMINISTRATIVE,
)
INSURER_TYPES = (
    WriteOffType.CONTRACTUAL,
    WriteOffType.SEQUESTRATION,
    WriteOffType.TIMELY_FILING,
    WriteOffType.SMALL_BALANCE,
    WriteOffType.ADMINISTRATIVE,
)
# Waiving what the plan makes the patient pay is an admin's decision (B10, routine waiver).
ADMIN_TYPES = (WriteOffType.COURTESY,)
ADMINS = (Role.ADMIN, Role.OWNER)
# What may be waived before the insurers have answered: a decision about the patient, not about a balance.
BEFORE_ANSWER = (WriteOffType.COURTESY, WriteOffType.FINANCIAL_ASSISTANCE)


@dataclass(frozen=True, slots=True)
class WriteOff:
    """What is to be written off: ``party`` is "patient" or an insurer's place "1", "2", "3"; dollars."""

    party: str
    kind: WriteOffType
    amount: Decimal
    reason: str


def limit_for(role: str, invoice: Invoice) -> Decimal | None:
    """The most this role may write off on one invoice; None means no limit (owner), 0.00 nothing."""
    if role == Role.OWNER:
        return None
    if role == Role.ADMIN:
        return Decimal(value_of("writeoff_limit_admin", invoice.location))
    if role in (Role.BILLER, Role.COMPANY_BILLER):
        return Decimal(value_of("writeoff_limit_biller", invoice.location))
    return ZERO


def write_off(
    invoice: Invoice, wanted: WriteOff, *, role: str, today: date, key: str, asked_by: str = ""
) -> LedgerTxn:
    """Write off part of an invoice, line by line in order; the same ``key`` again is a no-op.

    ``asked_by``: somebody else asked for it and the open person approves (billing/approvals.py).

    Ledger: writeoff:<type> +, ar:patient - (or ar:N -). Never more than the party owes, never above the
    role's limit counted over all that this person wrote off on the invoice.
    """
    _check(invoice, wanted, role)
    lock_patient_money(invoice.patient)
    _lock(invoice)
    known = ledger.find(key)
    if known is not None:
        return known
    why = second_person_reason(invoice, wanted, role)
    if why:
        limit = limit_for(role, invoice)
        raise CannotWriteOff(why, code="over_limit", limit=str(limit), already=_mine(invoice))
    entries = _entries(invoice, wanted)
    decision = policy_of(invoice, wanted, today)
    txn = ledger.post(
        key=key,
        kind=TxnKind.WRITEOFF,
        entries=entries,
        on=today,
        reason=wanted.reason.strip()[:200],
        source_kind="invoice",
        source_key=invoice.public_id,
        trace=_trace(wanted, role, asked_by, decision),
    )
    if wanted.party != "patient":
        _free_held(invoice, today=today, key=key)
    invoicing.settle([invoice.pk])
    audit.record(
        "writeoff",
        "invoice",
        invoice.public_id,
        reason=wanted.reason,
        amount=str(wanted.amount),
        type=wanted.kind.value,
        party=wanted.party,
        asked_by=asked_by,
        policy=decision.row,
    )
    return txn


def policy_of(invoice: Invoice, wanted: WriteOff, today: date) -> Decision:
    """The policy row that stands behind a write-off; kept with its posting."""
    payer = policies.last_payer(invoice)
    if wanted.party != "patient":
        rows = LedgerEntry.objects.filter(
            charge__invoice=invoice, account=f"ar:{wanted.party}", payer__isnull=False
        )
        found = rows.select_related("payer").order_by("-pk").first()
        payer = found.payer if found else payer
    return policies.of_write_off(invoice, wanted.party, wanted.kind, payer, today)


def second_person_reason(invoice: Invoice, wanted: WriteOff, role: str) -> str:
    """Why this person may not do it alone, or "". Owners have no limit (B10, B15).

    The limit counts what the person wrote off on the invoice before; whoever took a payment on the invoice
    has the billers' limit, whatever the role.
    """
    limit = limit_for(role, invoice)
    if limit is None:
        return ""
    mine = written_off_by(invoice, current_actor())
    said = f" and you have written off {mine} of it" if mine else ""
    if mine + wanted.amount > limit:
        return f"Your role may write off {limit} on one invoice{said}. Ask an admin or the owner."
    own = Decimal(value_of("writeoff_limit_biller", invoice.location))
    if mine + wanted.amount > own and took_payment(invoice, current_actor()):
        return f"You took a payment on this invoice, so above {own} another person decides{said}."
    return ""


def took_payment(invoice: Invoice, actor: str) -> bool:
    """Whether this person posted a patient's receipt that pays on the invoice (B15)."""
    rows = LedgerEntry.objects.filter(charge__invoice=invoice, receipt__kind="patient")
    return rows.filter(receipt__created_by=actor).exists()


def check_owed(invoice: Invoice, wanted: WriteOff) -> None:
    """Refuse what could not be written off by anybody; nothing is posted."""
    _check(invoice, wanted, Role.OWNER)
    _entries(invoice, wanted)


def _mine(invoice: Invoice) -> str:
    return str(written_off_by(invoice, current_actor()))


def _trace(wanted: WriteOff, role: str, asked_by: str, decision: Decision) -> list[dict[str, Any]]:
    terms = terms_of(wanted.kind)
    step: dict[str, Any] = {
        "rule": "B10",
        "because": f"{WriteOffType(wanted.kind).label} written off by {role}",
        "gl_code": terms.gl_code,
        "bad_debt": terms.counts_as_bad_debt,
        "policy": decision.as_json(),
    }
    return [{**step, "asked_by": asked_by}] if asked_by else [step]


def _free_held(invoice: Invoice, *, today: date, key: str) -> None:
    """When no insurer owes on the visit any more, nobody answers: what was paid ahead for it is free (B14.collect)."""
    charges = list(Charge.objects.filter(invoice=invoice))
    lines = balances.lines([charge.pk for charge in charges])
    if all(line.insurer_open == ZERO for line in lines.values()):
        release(invoice.patient, charges, today=today, key=f"free:{key}"[:120])


def undo(txn: LedgerTxn, *, reason: str, today: date) -> LedgerTxn:
    """Take a write-off back, once: the exact mirror, or what an insurer's answer has left of it.

    ``responses`` takes a patient's write-off back by itself as far as the insurer leaves less to the patient.
    """
    if txn.kind != TxnKind.WRITEOFF or txn.source_kind != "invoice":
        raise CannotWriteOff("Only a write-off is undone here.", code="not_a_writeoff")
    if not reason.strip():
        raise CannotWriteOff("Say why the write-off is taken back.", code="reason_needed")
    key = f"undo:{txn.public_id}"
    invoice = Invoice.objects.select_related("patient").get(public_id=txn.source_key)
    lock_patient_money(invoice.patient)
    _lock(invoice)
    known = ledger.find(key)
    if known is not None:
        return known
    left = _still_standing(txn)
    if not left:
        raise CannotWriteOff("Nothing is left of this write-off.", code="nothing_left")
    if total(e.amount for e in left if e.amount < ZERO) == total(
        -e.amount for e in txn.entries.all() if e.amount > ZERO
    ):
        mirrored = ledger.reverse(txn, key=key, on=today, reason=reason[:200])
    else:
        mirrored = ledger.post(
            key=key,
            kind=TxnKind.WRITEOFF,
            entries=left,
            on=today,
            reason=reason[:200],
            source_kind="undo",
            source_key=txn.public_id,
            trace=[{"rule": "B10", "because": "an insurer's answer had taken the rest of it back"}],
        )
    invoicing.settle_charges(txn.entries.values_list("charge_id", flat=True))
    audit.record("writeoff.undo", "ledger", txn.public_id, reason=reason)
    return mirrored


def _still_standing(txn: LedgerTxn) -> list[Entry]:
    """The mirror of a write-off, line by line, no more than its account still holds there."""
    rows = list(txn.entries.order_by("line_no"))
    entries: list[Entry] = []
    for taken, owed in zip(rows[::2], rows[1::2], strict=True):
        place: dict[str, Any] = {"charge": taken.charge_id, "payer": taken.payer_id}
        held = LedgerEntry.objects.filter(account=taken.account, **place)
        holds = held.aggregate(sum=Sum("amount"))["sum"]
        part = min(taken.amount, holds or ZERO)
        if part > ZERO:
            entries.append(
                Entry(taken.account, -part, taken.charge_id, taken.patient_id, payer_id=taken.payer_id)
            )
            entries.append(Entry(owed.account, part, owed.charge_id, owed.patient_id, payer_id=owed.payer_id))
    return entries


def _lock(invoice: Invoice) -> None:
    """An answer of an insurer and a write-off take turns: both lock the invoice's row first."""
    list(Invoice.objects.select_for_update(no_key=True).filter(pk=invoice.pk).values_list("pk"))


def written_off_by(invoice: Invoice, actor: str) -> Decimal:
    """What this person has written off on the invoice and not taken back, dollars."""
    rows = LedgerEntry.objects.filter(
        charge__invoice=invoice, account__startswith="writeoff:", txn__kind=TxnKind.WRITEOFF, txn__actor=actor
    ).exclude(txn__reversed_by__isnull=False)
    return rows.aggregate(sum=Sum("amount"))["sum"] or ZERO


def types_for(party: str) -> tuple[WriteOffType, ...]:
    """The types that fit the patient's or an insurer's part."""
    return PATIENT_TYPES if party == "patient" else INSURER_TYPES


def _check(invoice: Invoice, wanted: WriteOff, role: str) -> None:
    if invoice.state == InvoiceState.VOID:
        raise CannotWriteOff("This invoice is void.", code="void")
    if wanted.party not in ("patient", "1", "2", "3"):
        raise CannotWriteOff("Say whose part is written off.", code="unknown_party")
    if wanted.kind not in types_for(wanted.party):
        raise CannotWriteOff(
            f"{WriteOffType(wanted.kind).label} is not for "
            + ("what the patient owes." if wanted.party == "patient" else "what an insurer owes."),
            code="type_does_not_fit",
        )
    if wanted.kind in ADMIN_TYPES and role not in ADMINS:
        raise CannotWriteOff("Waiving what the patient owes is decided by an admin.", code="admin_needed")
    terms = terms_of(wanted.kind)
    if not terms.is_active:
        raise CannotWriteOff(f"{WriteOffType(wanted.kind).label} is not used here.", code="type_does_not_fit")
    if terms.needs_reason and not wanted.reason.strip():
        raise CannotWriteOff("A write-off needs a reason.", code="reason_needed")
    if wanted.amount <= ZERO:
        raise CannotWriteOff("A write-off is more than 0.00.", code="not_positive")


def _entries(invoice: Invoice, wanted: WriteOff) -> list[Entry]:
    charges = list(Charge.objects.filter(invoice=invoice).order_by("line_no"))
    lines = balances.lines([charge.pk for charge in charges])
    payers = _payers(charges, wanted.party)
    left = wanted.amount
    entries: list[Entry] = []
    for charge in charges:
        line = lines[charge.pk]
        owed = line.patient if wanted.party == "patient" else line.insurers[int(wanted.party)]
        share = min(left, max(ZERO, owed))
        if share > ZERO and wanted.party == "patient" and wanted.kind not in BEFORE_ANSWER:
            _check_answered(line)
        if share > ZERO:
            payer = payers.get(charge.pk)
            entries += [
                Entry(
                    f"writeoff:{WriteOffType(wanted.kind).value}", share, charge.pk, charge.patient_id, payer
                ),
                Entry(f"ar:{wanted.party}", -share, charge.pk, charge.patient_id, payer),
            ]
            left -= share
    if left > ZERO:
        who = "the patient owes" if wanted.party == "patient" else "this insurer owes"
        raise CannotWriteOff(
            f"That is more than {who} on this invoice: {wanted.amount - left}.", code="more_than_owed"
        )
    return entries


def _check_answered(line: balances.LineBalance) -> None:
    """B10: what the patient owes is known once the insurers have answered; before that only a waiver fits."""
    if line.insurer_open != ZERO:
        raise CannotWriteOff(
            "An insurer has not answered yet, so the patient's part is only expected. Wait for the answer, "
            "or waive it as courtesy or financial assistance.",
            code="answer_first",
        )


def _payers(charges: list[Charge], party: str) -> dict[int | None, int | None]:
    """Who owes each line at this place: the payer of the line's own entries."""
    if party == "patient":
        return {}
    rows = LedgerEntry.objects.filter(charge__in=charges, account=f"ar:{party}", payer__isnull=False)
    return dict(rows.order_by("pk").values_list("charge_id", "payer_id"))
