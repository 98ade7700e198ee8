"""The families of claims behind a remittance as ClaimLedgers, loaded from the database in bulk.

A family is everything made from one invoice: all versions and layers of one part. Loaded under the
lock of its invoice, so that two postings of one claim take turns.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import TextField
from django.db.models.functions import Cast

from appointments.models import Appointment
from billing import balances, lineage
from billing.balances import LineBalance
from billing.enums import InvoiceState
from billing.models import Invoice
from claims.models import Claim, ClaimLine
from claims.models.claims import DEAD_STATES
from clinics.lookups import Keys
from clinics.models import Location
from insurance.models import Payer
from insurance.payers import Rates, allowed_on, rates_of
from insurance.profiles import payers_on_days
from lib.frozen import thaw
from lib.money import parse_money, round_money, total
from patients.models import Patient
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


class FamilyLine(NamedTuple):
    """One line of one claim version, and what its charge says."""

    key: int
    claim_id: int
    charge_id: int
    line_id: str
    procedure_code: str
    modifiers: list[str]
    amount: Decimal
    service_date: date
    charged_code: str
    charged_on: date
    units: Decimal


@dataclass(slots=True)
class Family:
    """One invoice part with its claims and payers, and the money of its lines."""

    invoice: Invoice
    part: int
    location: Location
    patient_name: str
    claims: list[Claim]  # without their documents
    payers: dict[int, Payer]
    charges: dict[str, FamilyLine]
    lines_of: dict[int, dict[int, int]]  # claim -> charge -> key of its line
    ledger: ClaimLedger
    service_date: date
    rates: Rates
    waits: bool = False  # whether an answer of it is an exception

    @property
    def charge_ids(self) -> tuple[int, ...]:
        """The charges behind the lines."""
        return tuple(line.charge_id for line in self.charges.values())

    def claim_at(self, rank: int | None, control_number: str = "") -> Claim | None:
        """The version that was answered: by its own number, else the last one made for the layer."""
        at_rank = [claim for claim in self.claims if claim.rank == rank]
        named = [claim for claim in at_rank if claim.control_number == control_number]
        named = [claim for claim in named if claim.invoice_id == self.invoice.pk]  # a corrected invoice's own
        live = [claim for claim in at_rank if claim.state not in DEAD_STATES]
        return next(iter(named or live[-1:] or at_rank[-1:]), None)

    def set_expected(self, rank: int | None) -> None:
        """Contract amounts of the insurer that answers; the first insurer's only (E14, B13)."""
        payer = self.payers.get(rank or 0)
        first = min((layer.rank for layer in self.ledger.layers), default=0)
        for line in self.ledger.lines:
            line.expected_allowed = None
            if payer is not None and rank == first and self.rates:
                charge = self.charges[line.id]
                rate = allowed_on(self.rates, payer.pk, charge.charged_code, charge.charged_on)
                line.expected_allowed = None if rate is None else round_money(rate * charge.units)


@dataclass(slots=True)
class _Shelf:
    """Everything read for many families at once."""

    payers: dict[int, Payer]
    locations: dict[int, Location]
    names: dict[int, str]
    in_force: dict[tuple[int, date], dict[int, int]]
    profile_of: dict[int, int]  # visit -> profile
    lines: dict[int, list[FamilyLine]]
    money: Mapping[int, LineBalance]
    rates: Rates
    layers: dict[tuple[int, int], LedgerLayer] = field(default_factory=dict)

    def layer(self, rank: int, payer: Payer) -> LedgerLayer:
        """A payer in a place: the same object for every family."""
        found = self.layers.get((rank, payer.pk))
        if found is None:
            found = LedgerLayer(rank, payer.name, frozenset(payer_ids(payer)))
            self.layers[rank, payer.pk] = found
        return found


def load(keys: Iterable[FamilyKey], *, lock: bool = True) -> dict[FamilyKey, Family]:
    """The families of these invoice parts, by a constant number of reads.

    ``lock`` takes the invoices' rows, in the order of their keys, until commit.
    """
    wanted = sorted(set(keys))
    invoice_ids = sorted({invoice_id for invoice_id, _ in wanted})
    if not wanted:
        return {}
    rows: Any = Invoice.objects.filter(pk__any_of=Keys(invoice_ids)).defer("document").order_by("pk")
    invoices = {row.pk: row for row in (rows.select_for_update(no_key=True) if lock else rows)}
    corrected = lineage.earlier(invoices.values())
    claims: dict[FamilyKey, list[Claim]] = {key: [] for key in wanted}
    family_of: dict[int, FamilyKey] = {}
    for claim in (
        Claim.objects.filter(invoice_id__any_of=Keys([*invoice_ids, *corrected]))
        .defer("document", "findings")
        .order_by("pk")
    ):
        family_of[claim.pk] = (corrected.get(claim.invoice_id, claim.invoice_id), claim.part)
        claims.setdefault(family_of[claim.pk], []).append(claim)
    shelf = _read(invoices.values(), [claim for group in claims.values() for claim in group])
    answers = _answers(family_of)
    return {
        key: _family(invoices[key[0]], key[1], claims[key], shelf, answers.get(key, []))
        for key in wanted
        if key[0] in invoices and claims[key]
    }


def _read(invoices: Collection[Invoice], claims: Collection[Claim]) -> _Shelf:
    lines: dict[int, list[FamilyLine]] = {}
    codes, charge_ids = set(), set()
    columns = (
        "pk", "claim_id", "charge_id", "line_id", "procedure_code", "modifiers", "amount", "service_date",
        "charge__procedure_code", "charge__service_date", "charge__units",
    )  # fmt: skip
    rows = ClaimLine.objects.filter(claim_id__any_of=Keys(claim.pk for claim in claims)).order_by("line_no")
    for row in rows.values_list(*columns):
        line = FamilyLine(*row)
        lines.setdefault(line.claim_id, []).append(line)
        codes.add(line.charged_code)
        charge_ids.add(line.charge_id)
    visits = {row.appointment_id for row in invoices if not row.profile_id and row.appointment_id}
    profile_of = {
        visit: profile_id
        for visit, profile_id in Appointment.objects.filter(pk__any_of=Keys(visits)).values_list("pk", "profile_id")
        if profile_id
    } if visits else {}  # fmt: skip
    pairs = {(profile, row.service_date) for row in invoices if (profile := _profile(row, profile_of))}
    in_force = payers_on_days(pairs)
    payer_ids = {claim.payer_id for claim in claims} | {
        payer_id for places in in_force.values() for payer_id in places.values()
    }
    patients = {row.patient_id for row in invoices}
    names = Patient.objects.filter(pk__any_of=Keys(patients)).values_list("pk", "last_name", "first_name")
    return _Shelf(
        payers=Payer.objects.in_bulk(payer_ids),
        locations=Location.objects.select_related("clinic").in_bulk({row.location_id for row in invoices}),
        names={key: f"{last}, {first}" for key, last, first in names},
        in_force=in_force, profile_of=profile_of, lines=lines, money=balances.lines(charge_ids),
        rates=rates_of(payer_ids, codes),
    )  # fmt: skip


def _profile(invoice: Invoice, profile_of: Mapping[int, int]) -> int | None:
    return invoice.profile_id or profile_of.get(invoice.appointment_id or 0)


def _answers(family_of: Mapping[int, FamilyKey]) -> dict[FamilyKey, list[ClaimResponse]]:
    """Every answer these claims have, oldest first; what it says stays text until somebody asks."""
    found: dict[FamilyKey, list[ClaimResponse]] = {}
    rows = ClaimResponse.objects.filter(claim_id__any_of=Keys(family_of))
    rows = rows.select_related("remittance").defer("document", "remittance__document", "remittance__findings")
    for row in rows.annotate(told=Cast("document", TextField())).order_by("posted_at", "pk"):
        assert row.claim_id is not None
        found.setdefault(family_of[row.claim_id], []).append(row)
    return found


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
    invoice: Invoice, part: int, claims: list[Claim], shelf: _Shelf, responses: list[ClaimResponse]
) -> Family:
    payers = _payers(invoice, claims, shelf)
    layers = tuple(shelf.layer(rank, payer) for rank, payer in sorted(payers.items()))
    line_ids: dict[int, list[str]] = {}
    shown: dict[int, FamilyLine] = {}
    lines = shelf.lines
    for claim in claims:
        if claim.invoice_id != invoice.pk:
            continue  # of an invoice that was corrected: nothing is open on its lines
        for line in lines.get(claim.pk, []):
            line_ids.setdefault(line.charge_id, []).append(line.line_id)
            shown[line.charge_id] = line
    money = {charge_id: shelf.money[charge_id] for charge_id in shown}
    ledger = ClaimLedger(
        control_numbers=tuple([claim.control_number for claim in claims]),
        layers=layers,
        lines=tuple(
            [_line(line, line_ids[charge_id], money[charge_id]) for charge_id, line in sorted(shown.items())]
        ),
        responsible=_responsible(responses, layers, list(money.values())),
        patient_paid=total([each.paid_by_patient + each.waived for each in money.values()]),
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
        invoice=invoice, part=part, location=shelf.locations[invoice.location_id],
        patient_name=shelf.names[invoice.patient_id], claims=claims, payers=payers,
        charges={str(charge_id): line for charge_id, line in shown.items()},
        lines_of={
            claim.pk: {line.charge_id: line.key for line in lines.get(claim.pk, [])} for claim in claims
        },
        ledger=ledger, service_date=invoice.service_date, rates=shelf.rates,
        waits=any(row.state == PostingState.EXCEPTION for row in responses),
    )  # fmt: skip


def _payers(invoice: Invoice, claims: list[Claim], shelf: _Shelf) -> dict[int, Payer]:
    """Who is asked in which place: the layers in force on the day; a claim made keeps its payer."""
    profile = _profile(invoice, shelf.profile_of)
    places = shelf.in_force.get((profile, invoice.service_date), {}) if profile else {}
    found = {position: shelf.payers[payer_id] for position, payer_id in places.items()}
    return found | {claim.rank: shelf.payers[claim.payer_id] for claim in claims}


def payer_ids(payer: Payer) -> set[str]:
    """Every id under which remittances name a payer."""
    remit = payer.remit_payer_id.strip().upper()
    ids = {payer.payer_id.strip().upper(), remit}
    if len(remit) == 10 and remit.startswith("1"):
        ids.add(remit[1:])
    return ids - {""}


def _line(line: FamilyLine, line_ids: list[str], money: LineBalance) -> LedgerLine:
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
    A reversal after it gives the turn back to an earlier insurer, never on to a later one: once a person has
    undone what was posted before the reversed answer, the reversal says nothing of whose turn it is.
    """
    posted = [row for row in responses if row.state in POSTED]
    back: list[int] = []  # turns given back by reversals since the last standing posting
    while posted and is_mirror(posted[-1]):
        after = posted.pop().plan.get("responsible_after")
        back += [] if after is None else [after]
    if not posted:
        return min((layer.rank for layer in layers), default=None)
    after = posted[-1].plan.get("responsible_after")
    if after is None:
        last = posted[-1].plan.get("layer") or 0
        back += [
            la.rank for la in layers if la.rank > last and any(line.insurers[la.rank] > 0 for line in lines)
        ]
    return min([*back, *([] if after is None else [after])], default=None)


def _posting(row: ClaimResponse) -> EarlierPosting:
    moves = {
        line["id"]: LineMove(
            {party: parse_money(amount) for party, amount in line["moves"].items()},
            parse_money(line["paid"]), parse_money(line["write_off"]),
        )
        for line in row.plan.get("lines", [])
    }  # fmt: skip
    told: str = row.told  # type: ignore[attr-defined]  # annotated in _answers
    return EarlierPosting(
        row.public_id, row.plan.get("layer") or 0, row.plan.get("responsible_before"),
        lambda: thaw(ClaimPayment, json.loads(told)), moves,
    )  # fmt: skip


def _taken(row: ClaimResponse) -> TakenAnswer:
    return TakenAnswer(
        str(row.remittance_id),
        row.remittance.payer_identifier,
        row.payer_claim_number,
        row.status_code,
        row.paid,
    )
