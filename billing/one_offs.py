"""One-off invoices: products, forms, fees. Never a claim, never SALT; the patient alone owes (rules.md B2).

Stands beside ``invoicing``, which makes the invoices of visits. The fee of a bounced check is one, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from appointments.models import Service, ServicePrice
from billing import invoicing, ledger
from billing.enums import InvoiceKind, TxnKind
from billing.errors import NothingToCharge
from billing.ledger import Entry
from billing.models import Charge, Invoice
from billing.numbering import next_number
from clinics import audit
from clinics.models import Location
from lib.money import ZERO, total
from patients.models import Patient

MAX_ITEMS = 50
LARGEST = Decimal("999999.99")


@dataclass(frozen=True, slots=True)
class Item:
    """One line: a service of the list or a name of its own; ``price`` of one in dollars, None = the list's."""

    name: str = ""
    quantity: int = 1
    price: Decimal | None = None
    service: Service | None = None
    code: str = "ITEM"


def issue(
    patient: Patient,
    items: Sequence[Item],
    *,
    location: Location,
    at: datetime,
    today: date,
    reason: str = "",
) -> Invoice:
    """Issue and post a one-off invoice. Ledger: charges -, ar:patient +. NothingToCharge says what is missing."""
    if not 1 <= len(items) <= MAX_ITEMS:
        raise NothingToCharge("A one-off invoice has one to fifty lines.", code="no_lines")
    lines = [_line(item, today) for item in items]
    whole = total(line["amount"] for line in lines)
    invoice = Invoice.objects.create(
        number=next_number("invoice", "INV"),
        kind=InvoiceKind.ONE_OFF,
        patient=patient,
        location=location,
        service_date=today,
        issued_at=at,
        total=whole,
        document=_document(patient, location, lines, whole, today),
    )
    charges = Charge.objects.bulk_create(
        [
            Charge(
                clinic_id=invoice.clinic_id, invoice=invoice, patient=patient, line_no=number, service_date=today,
                modifiers=[], pointers=[], patient_part=line["amount"], **line,
            )
            for number, line in enumerate(lines, start=1)
        ]
    )  # fmt: skip
    entries = []
    for charge in charges:
        entries.append(Entry("charges", -charge.amount, charge.pk, patient.pk))
        entries.append(Entry("ar:patient", charge.amount, charge.pk, patient.pk))
    if whole > ZERO:
        ledger.post(
            key=f"checkout:{invoice.public_id}",
            kind=TxnKind.CHECKOUT,
            entries=entries,
            on=today,
            source_kind="invoice",
            source_key=invoice.public_id,
            reason=reason[:200],
            trace=[{"rule": "B2", "because": "a one-off invoice: the patient alone owes it"}],
        )
    invoicing.settle([invoice.pk])
    invoice.refresh_from_db(fields=["state"])
    audit.record("invoice.one_off", "invoice", invoice.public_id, number=invoice.number, total=str(whole))
    return invoice


def _line(item: Item, today: date) -> dict[str, Any]:
    """The fields of one charge, with the trace that says where its price came from."""
    name = item.name.strip() or (item.service.name if item.service else "")
    if not name:
        raise NothingToCharge("Say what it is.", code="no_name")
    if not 1 <= item.quantity <= 999:
        raise NothingToCharge("How many: 1 to 999.", code="bad_quantity")
    price, because = item.price, "the price was typed"
    if price is None:
        price, because = _list_price(item.service, today), "the service's own price on this day"
    if not ZERO <= price <= LARGEST:
        raise NothingToCharge("A price is 0.00 or more.", code="bad_price")
    step = {"rule": "B17.3", "because": because, "inputs": {"price": str(price)}, "result": str(price)}
    return {
        "service": item.service,
        "procedure_code": item.service.code if item.service else item.code,
        "description": name[:80],
        "units": Decimal(item.quantity),
        "unit_fee": price,
        "amount": price * item.quantity,
        "rule": "one_off",
        "trace": [step, {"rule": "B17.7", "because": "a one-off invoice is the patient's alone"}],
    }


def _list_price(service: Service | None, today: date) -> Decimal:
    rows = ServicePrice.objects.filter(service=service, effective_on__lte=today).order_by("-effective_on")
    row = rows.first() if service is not None else None
    if row is None:
        raise NothingToCharge("There is no price in the list for it: type one.", code="no_price")
    price: Decimal = row.price
    return price


def _document(
    patient: Patient, location: Location, lines: list[dict[str, Any]], whole: Decimal, today: date
) -> dict[str, Any]:
    """What is printed, as it is today; the same keys as a visit's invoice, without diagnoses and payers."""
    provider = location.billing_provider
    return {
        "clinic": location.clinic.name,
        "location": invoicing.place(location.name, location),
        "billing_provider": {
            **invoicing.place(provider.name, provider), "npi": provider.npi, "tax_id": provider.tax_id,
        },
        "clinician": {"name": "", "npi": ""},
        "patient": {**invoicing.place(str(patient), patient), "chart_number": patient.chart_number},
        "service_date": today.isoformat(),
        "diagnoses": [],
        "payers": [],
        "lines": [
            {
                "code": line["procedure_code"], "name": line["description"], "modifiers": [],
                "units": str(line["units"]), "fee": str(line["unit_fee"]), "charge": str(line["amount"]),
                "patient": str(line["amount"]),
            }
            for line in lines
        ],
        "total": str(whole),
        "patient_part": str(whole),
    }  # fmt: skip
