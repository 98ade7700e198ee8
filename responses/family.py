"""The families of claims behind a remittance as ClaimLedgers, loaded from the database in bulk.

A family is everything made from one invoice: all versions and layers of one part. Loaded under the
lock of its invoice, so that two postings of one claim take turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing import balances
from billing.balances import LineBalance
from billing.enums import InvoiceState
from billing.models import Charge, Invoice
from claims.models import Claim, ClaimLine
from claims.models.claims import DEAD_STATES
from clinics.models import Location
from insurance.models import Payer
from insurance.payers import allowed_on
from insurance.profiles import layers_on
from lib.frozen import thaw
from lib.money import parse_money, round_money, total
from responses.claim_ledger import (
    ClaimLedger,
    EarlierPosting,
    LedgerLayer,
    LedgerLine,
    LineMove,
    TakenAnswer,
)
from responses.enums import PostingState
from responses.models import ClaimResponse
from x12.documents.remittance import ClaimPayment

FamilyKey = tuple[int, int]  # invoice, part
DAMAGED = "damaged-"  # how the fingerprint of a damaged copy begins
POSTED = (PostingState.AUTO_POSTED, PostingState.POSTED_MANUALLY)


@dataclass(slots=True)
class Family:
    """One invoice part with its claims and payers, and the money of its lines."""

    invoice: Invoice
    part: int
    location: Location
    claims: list[Claim]
    payers: dict[int, Payer]
    charges: dict[str, Charge]
    lines_of: dict[int, dict[int, ClaimLine]]  # claim -> charge -> its line
    ledger: ClaimLedger
    service_date: date

    def claim_at(self, rank: int | None, control_number: str = "") -> Claim | None:
        """The version that was answered: by its own number, else the last one made for the layer."""
        at_rank = [claim for claim in self.claims if claim.rank == rank]
        named = [claim for claim in at_rank if claim.control_number == control_number]
        live = [claim for claim in at_rank if claim.state not in DEAD_STATES]
        return next(iter(named or live[-1:] or at_rank[-1:]), None)

    def set_expected(self, rank: int | None) -> None:
        """Contract amounts of the insurer that answers; the first insurer's only (E14, B13)."""
        payer = self.payers.get(rank or 0)
        first = min((layer.rank for layer in self.ledger.layers), default=0)
        for line in self.ledger.lines:
            line.expected_allowed = None
            if payer is not None and rank == first:
                charge = self.charges[line.id]
                rate = allowed_on(payer, charge.procedure_code, charge.service_date)
                line.expected_allowed = None if rate is None else round_money(rate * charge.units)


def load(keys: Iterable[FamilyKey], *, lock: bool = True) -> dict[FamilyKey, Family]:
    """The families of these invoice parts. ``lock`` takes the invoices' rows, in order, until commit."""
    wanted = sorted(set(keys))
    invoice_ids = sorted({invoice_id for invoice_id, _ in wanted})
    rows: Any = Invoice.objects.filter(pk__in=invoice_ids).order_by("pk")
    if lock:
        list(rows.select_for_update(no_key=True).values_list("pk"))
    invoices = {
        row.pk: row
        for row in rows.select_related("location__clinic", "profile", "appointment__profile", "patient")
    }
    claims: dict[FamilyKey, list[Claim]] = {key: [] for key in wanted}
    for claim in Claim.objects.filter(invoice_id__in=invoice_ids).select_related("payer").order_by("pk"):
        claims.setdefault((claim.invoice_id, claim.part), []).append(claim)
    lines: dict[int, list[ClaimLine]] = {}
    all_ids = [claim.pk for group in claims.values() for claim in group]
    for line in ClaimLine.objects.filter(claim_id__in=all_ids).select_related("charge"):
        lines.setdefault(line.claim_id, []).append(line)
    charge_ids = {line.charge_id for group in lines.values() for line in group}
    money = balances.lines(charge_ids)
    responses: dict[FamilyKey, list[ClaimResponse]] = {}
    for row in (
        ClaimResponse.objects.filter(claim_id__in=all_ids)
        .select_related("remittance", "claim")
        .order_by("posted_at", "pk")
    ):
        assert row.claim is not None
        responses.setdefault((row.claim.invoice_id, row.claim.part), []).append(row)
    return {
        key: _family(invoices[key[0]], key[1], claims[key], lines, money, responses.get(key, []))
        for key in wanted
        if key[0] in invoices and claims[key]
    }


def lock_invoice_of(response: ClaimResponse) -> None:
    """Take the invoice's row before the answer's: the order in which everybody locks (reliability.md a)."""
    ids = ClaimResponse.objects.filter(pk=response.pk).values_list("claim__invoice_id", flat=True)
    list(
        Invoice.objects.select_for_update(no_key=True)
        .filter(pk__in=[pk for pk in ids if pk])
        .values_list("pk")
    )


def is_mirror(row: ClaimResponse) -> bool:
    """A reversal that mirrored an earlier posting: neither stands any more. One taken back by hand stands itself."""
    return row.status_code == "22" and bool(row.plan.get("reverses"))


def _family(
    invoice: Invoice,
    part: int,
    claims: list[Claim],
    lines: Mapping[int, list[ClaimLine]],
    money: Mapping[int, LineBalance],
    responses: list[ClaimResponse],
) -> Family:
    payers = _payers(invoice, claims)
    layers = tuple(
        LedgerLayer(rank, payer.name, frozenset(payer_ids(payer))) for rank, payer in sorted(payers.items())
    )
    line_ids: dict[int, list[str]] = {}
    shown: dict[int, ClaimLine] = {}
    for claim in claims:
        for line in lines.get(claim.pk, []):
            line_ids.setdefault(line.charge_id, []).append(line.line_id)
            shown[line.charge_id] = line
    ledger = ClaimLedger(
        control_numbers=tuple(claim.control_number for claim in claims),
        layers=layers,
        lines=tuple(
            _line(line, line_ids[charge_id], money[charge_id]) for charge_id, line in sorted(shown.items())
        ),
        responsible=_responsible(responses, layers, [money[charge_id] for charge_id in shown]),
        patient_paid=total(money[key].paid_by_patient + money[key].waived for key in shown),
        postings=[_posting(row) for row in responses if row.state in POSTED and not is_mirror(row)],
        taken=[
            _taken(row)
            for row in responses
            if row.state not in (PostingState.REVERSED, PostingState.DUPLICATE)
            and not row.remittance.fingerprint.startswith(DAMAGED)
        ],
        void=invoice.number if invoice.state == InvoiceState.VOID else "",
    )
    return Family(
        invoice=invoice, part=part, location=invoice.location, claims=claims, payers=payers,
        charges={str(line.charge_id): line.charge for line in shown.values()},
        lines_of={claim.pk: {line.charge_id: line for line in lines.get(claim.pk, [])} for claim in claims},
        ledger=ledger, service_date=invoice.service_date,
    )  # fmt: skip


def _payers(invoice: Invoice, claims: list[Claim]) -> dict[int, Payer]:
    """Who is asked in which place: the layers in force on the day; a claim made keeps its payer."""
    profile = invoice.profile or (invoice.appointment.profile if invoice.appointment else None)
    found = {}
    if profile is not None:
        found = {layer.position: layer.policy.payer for layer in layers_on(profile, invoice.service_date)}
    return found | {claim.rank: claim.payer for claim in claims}


def payer_ids(payer: Payer) -> set[str]:
    """Every id under which remittances name a payer."""
    remit = payer.remit_payer_id.strip().upper()
    ids = {payer.payer_id.strip().upper(), remit}
    if len(remit) == 10 and remit.startswith("1"):
        ids.add(remit[1:])
    return ids - {""}


def _line(line: ClaimLine, line_ids: list[str], money: LineBalance) -> LedgerLine:
    return LedgerLine(
        id=str(line.charge_id), code=line.procedure_code, charge=line.amount, modifiers=tuple(line.modifiers),
        service_date=line.service_date, line_ids=tuple(line_ids), insurers=dict(money.insurers),
        # What we wrote off for the patient settles the patient's share as a payment does (rules.md B10).
        patient=money.patient + money.paid_by_patient + money.waived, paid=money.paid_by_insurers,
        written_off=money.adjusted + money.written_off - money.waived,
    )  # fmt: skip


def _responsible(
    responses: list[ClaimResponse], layers: tuple[LedgerLayer, ...], lines: list[LineBalance]
) -> int | None:
    """Where the last standing posting put the pointer; the first layer while nobody has posted.

    Where it stood at the patient and a person has billed a card found later since (B11.5), that card's layer.
    """
    posted = [row for row in responses if row.state in POSTED]
    if posted:
        after = posted[-1].plan.get("responsible_after")
        last = posted[-1].plan.get("layer") or 0
        asked = [
            la.rank for la in layers if la.rank > last and any(line.insurers[la.rank] > 0 for line in lines)
        ]
        return min(asked, default=None) if after is None else after
    return min((layer.rank for layer in layers), default=None)


def _posting(row: ClaimResponse) -> EarlierPosting:
    moves = {
        line["id"]: LineMove(
            {party: parse_money(amount) for party, amount in line["moves"].items()},
            parse_money(line["paid"]), parse_money(line["write_off"]),
        )
        for line in row.plan.get("lines", [])
    }  # fmt: skip
    return EarlierPosting(
        row.public_id, row.plan.get("layer") or 0, row.plan.get("responsible_before"),
        thaw(ClaimPayment, row.document), moves,
    )  # fmt: skip


def _taken(row: ClaimResponse) -> TakenAnswer:
    return TakenAnswer(
        str(row.remittance_id),
        row.remittance.payer_identifier,
        row.payer_claim_number,
        row.status_code,
        row.paid,
    )
