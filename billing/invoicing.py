"""Issue invoices: frozen documents with their charges, and the check-out journal that follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from appointments.models import Appointment
from billing import ledger
from billing.enums import InvoiceKind, InvoiceState, TxnKind
from billing.ledger import Entry
from billing.models import Charge, Invoice
from billing.numbering import next_number
from billing.visit_pricing import PricedVisit
from clinics.lookups import Keys
from clinics.scoping import current_clinic_id
from lib.frozen import freeze
from lib.money import ZERO


def issue(
    appointment: Appointment,
    visit: PricedVisit,
    *,
    at: datetime,
    today: date,
    kind: InvoiceKind = InvoiceKind.APPOINTMENT,
    notes: dict[str, str] | None = None,
    corrects: Invoice | None = None,
) -> Invoice:
    """Freeze the invoice of a visit with its charges, and post what each party is expected to owe.

    ``notes`` stand on the document as they are; ``corrects`` is the void invoice whose place it takes. Ledger:
    charges -, ar:1 + (the first layer in force), ar:patient + (rules.md B17.7).
    """
    invoice = Invoice.objects.create(
        number=next_number("invoice", "INV"),
        kind=kind,
        patient=appointment.patient,
        appointment=appointment,
        location=appointment.location,
        profile=appointment.profile,
        corrects=corrects,
        service_date=appointment.service_date,
        issued_at=at,
        total=visit.total,
        document={**freeze_document(appointment, visit), **(notes or {})},
    )
    charges = Charge.objects.bulk_create(_charges(appointment, invoice, visit))
    payer_id = visit.layers[0].policy.payer_id if visit.layers else None
    entries = checkout_entries(charges, appointment.patient_id, payer_id)
    if not entries:  # a visit of 0.00 is a document without money
        return invoice
    ledger.post(
        key=f"checkout:{invoice.public_id}",
        kind=TxnKind.CHECKOUT,
        entries=entries,
        on=today,
        effective_on=appointment.service_date,
        source_kind="invoice",
        source_key=invoice.public_id,
        trace=[{"rule": "B17.7", "because": "expected split at check-out; adjudication replaces it"}],
    )
    return invoice


def checkout_entries(charges: list[Charge], patient_id: int, payer_id: int | None) -> list[Entry]:
    """charges -150.00, ar:1 +125.00, ar:patient +25.00, line by line."""
    entries = []
    for charge in charges:
        insurer = charge.amount - charge.patient_part
        assert insurer == ZERO or payer_id is not None, "an insurer's part needs an insurer"
        entries += [
            Entry("charges", -charge.amount, charge.pk, patient_id),
            Entry("ar:1", insurer, charge.pk, patient_id, payer_id),
            Entry("ar:patient", charge.patient_part, charge.pk, patient_id),
        ]
    return [entry for entry in entries if entry.amount != ZERO]


# An invoice is closed when nobody owes anything on any of its lines: two parties that cancel out do not count.
# Charge by charge: joined as sets, the planner would read every entry the clinic has.
SETTLE = """
WITH still AS (
    SELECT DISTINCT c.invoice_id
      FROM billing_charge c
     CROSS JOIN LATERAL (
            SELECT 1 FROM billing_ledgerentry e
             WHERE e.clinic_id = %(clinic)s AND e.charge_id = c.id AND e.account LIKE 'ar:%%'
             GROUP BY e.account HAVING sum(e.amount) <> 0 LIMIT 1) owed
     WHERE c.clinic_id = %(clinic)s AND c.invoice_id = ANY(%(ids)s)
), wanted AS (
    SELECT asked.id, CASE WHEN still.invoice_id IS NULL THEN 'closed' ELSE 'open' END AS state
      FROM unnest(%(ids)s::bigint[]) AS asked (id) LEFT JOIN still ON still.invoice_id = asked.id
)
UPDATE billing_invoice i SET state = wanted.state FROM wanted
 WHERE i.clinic_id = %(clinic)s AND i.id = wanted.id AND i.state <> 'void' AND i.state <> wanted.state
"""


def settle(invoice_ids: Iterable[int]) -> None:
    """Close what is paid and open what is owed again; every posting calls it in its own transaction.

    One statement for any number of invoices of the open clinic. ``ledger verify`` derives the state again.
    """
    ids = sorted(set(invoice_ids))
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(SETTLE, {"clinic": current_clinic_id(), "ids": ids})


def settle_charges(charge_ids: Iterable[int | None]) -> None:
    """``settle`` for the invoices of these charges; None (money on no line) is passed over."""
    wanted = {charge_id for charge_id in charge_ids if charge_id is not None}
    if wanted:
        settle(Charge.objects.filter(pk__any_of=Keys(wanted)).values_list("invoice_id", flat=True))


def freeze_document(appointment: Appointment, visit: PricedVisit) -> dict[str, Any]:
    """Everything the printed invoice and superbill show, as it is today."""
    patient, location, provider = (
        appointment.patient,
        appointment.location,
        appointment.location.billing_provider,
    )
    return {
        "clinic": appointment.clinic.name,
        "location": place(location.name, location),
        "billing_provider": {
            **place(provider.name, provider),
            "npi": provider.npi,
            "tax_id": provider.tax_id,
        },
        "clinician": {"name": str(appointment.clinician), "npi": appointment.clinician.npi},
        "patient": {**place(str(patient), patient), "chart_number": patient.chart_number},
        "service_date": appointment.service_date.isoformat(),
        "diagnoses": [
            {"code": code, "label": appointment.diagnosis_labels.get(code, "")}
            for code in appointment.diagnoses
        ],
        "payers": [
            {"rank": rank, "name": layer.policy.payer.name, "member_id": layer.policy.member_id}
            for rank, layer in enumerate(visit.layers, start=1)
        ],
        "lines": [
            {
                "code": priced.line.service.code,
                "name": priced.line.service.name,
                "modifiers": list(priced.result.modifiers),
                "units": str(priced.result.quantity),
                "fee": str(priced.result.fee),
                "charge": str(priced.result.charge),
                "patient": str(priced.result.patient),
            }
            for priced in visit.lines
        ],
        "total": str(visit.total),
        "patient_part": str(visit.patient),
    }


def _charges(appointment: Appointment, invoice: Invoice, visit: PricedVisit) -> list[Charge]:
    return [
        Charge(
            clinic_id=appointment.clinic_id,
            invoice=invoice,
            patient_id=appointment.patient_id,
            visit_line=priced.line if priced.line.pk else None,
            service=priced.line.service if priced.line.service.pk else None,
            line_no=number,
            service_date=appointment.service_date,
            procedure_code=priced.line.service.code,
            description=priced.line.service.name,
            modifiers=list(priced.result.modifiers),
            pointers=list(priced.line.pointers),
            units=_given(priced.result.quantity),
            unit_fee=_given(priced.result.fee),
            amount=_given(priced.result.charge),
            patient_part=_given(priced.result.patient),
            rule=str(priced.result.rule),
            trace=freeze(list(priced.result.trace)),
        )
        for number, priced in enumerate(visit.lines, start=1)
    ]


def _given(value: Decimal | None) -> Decimal:
    assert value is not None, "only billable lines become charges"
    return value


def place(name: str, row: Any) -> dict[str, str]:
    """Name and address of a patient, location or provider as a document keeps them."""
    return {
        "name": name,
        "street": row.street,
        "city": row.city,
        "state": row.state,
        "zip": row.zip_code,
        "phone": getattr(row, "phone", ""),
    }


def closed_books(appointment_ids: Iterable[int]) -> set[int]:
    """Those of the visits whose live invoice owes nothing any more: appointments asks (B11.4)."""
    rows = Invoice.objects.filter(appointment_id__in=list(appointment_ids), state=InvoiceState.CLOSED)
    return {key for key in rows.values_list("appointment_id", flat=True) if key is not None}
