"""The good-faith estimate: what a patient is told before a visit, frozen with its figures and its PDF (B14).

Before it: estimating.py. After it: the patient's hand. A later estimate is a new document.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string

from appointments.enums import AppointmentState
from appointments.models import Appointment
from billing.errors import CannotEstimate
from billing.estimating import VisitEstimate, estimate_visit
from billing.models import GoodFaithEstimate
from billing.statement_pdf import PROCESS
from clinics import audit
from clinics.scoping import current_actor
from lib.dates import local_day
from lib.identifiers import new_public_id
from lib.money import show_money
from lib.spellings import show_phone
from work import files

# Billed above the estimate by this much or more, the patient may dispute it (45 CFR 149.620).
DISPUTE_FROM = Decimal("400.00")


def make(visit: Appointment, *, at: datetime) -> GoodFaithEstimate:
    """Reckon, draw and keep one; raises CannotEstimate when the visit is over or has no services to expect."""
    if visit.state not in (AppointmentState.SCHEDULED, AppointmentState.ARRIVED):
        raise CannotEstimate("A good-faith estimate is made before the visit; this one has begun.")
    found = estimate_visit(visit)
    if not found.lines:
        raise CannotEstimate("Add the services that are expected, then make the estimate.")
    public_id = new_public_id()
    snapshot = snapshot_of(visit, found, public_id, at)
    content = PROCESS.draw([paper(snapshot)])[0]
    row = GoodFaithEstimate.objects.create(
        public_id=public_id,
        appointment=visit,
        patient=visit.patient,
        expected_charge=found.charge,
        patient_share=found.estimate.today,
        snapshot=snapshot,
        pdf=files.store(content, f"good-faith-estimate-{public_id}.pdf"),
        made_at=at,
        made_by=current_actor(),
    )
    audit.record(
        "estimate.make", "appointment", visit.public_id, estimate=public_id, share=str(row.patient_share)
    )
    return row


def paper(snapshot: dict[str, Any]) -> str:
    """The page of a snapshot; days as people here write them."""
    days = {
        name: f"{date.fromisoformat(snapshot[name]):%m/%d/%Y}" if snapshot[name] else ""
        for name in ("made_on", "service_date", "birth_date")
    }
    return render_to_string("pdf/good_faith.html", {"s": {**snapshot, **days}})


def snapshot_of(visit: Appointment, found: VisitEstimate, number: str, at: datetime) -> dict[str, Any]:
    """Everything the paper says, as text: amounts with two places."""
    provider, place, patient = visit.location.billing_provider, visit.location, visit.patient
    return {
        "number": number,
        "made_on": local_day(at, place.time_zone).isoformat(),
        "clinic": {
            "name": place.name,
            "provider": provider.name,
            "npi": provider.npi,
            "tax_id": f"{provider.tax_id[:2]}-{provider.tax_id[2:]}",
            "address": [place.street, f"{place.city}, {place.state} {place.zip_code[:5]}"],
            "phone": show_phone(place.phone or provider.phone),
            "clinician": str(visit.clinician),
        },
        "patient": str(patient),
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else "",
        "service_date": visit.service_date.isoformat(),
        "visit": visit.appointment_type.name,
        "diagnoses": [
            {"code": code, "label": visit.diagnosis_labels.get(code, "")} for code in visit.diagnoses
        ],
        "lines": [
            _line(priced, expected) for priced, expected in zip(found.lines, found.expected, strict=True)
        ],
        "charge": show_money(found.charge),
        "steps": [
            {"label": step.label, "because": step.because, "amount": show_money(step.amount)}
            for step in found.estimate.steps
        ],
        "insured": show_money(found.estimate.insured),
        "self_pay": show_money(found.estimate.self_pay),
        "share": show_money(found.estimate.today),
        "old_balance": show_money(found.estimate.old_balance),
        "total": show_money(found.estimate.total),
        "insurer": found.layer.policy.payer.name if found.layer else "",
        "is_known": found.estimate.is_known,
        "source": found.source,
        "dispute_from": show_money(DISPUTE_FROM),
    }


def _line(priced: Any, expected: Any) -> dict[str, str]:
    units = priced.result.quantity
    return {
        "code": priced.line.service.code,
        "name": priced.line.service.name,
        "units": f"{units.normalize():f}" if units is not None else "1",
        "charge": show_money(priced.result.charge or Decimal("0.00")),
        "because": expected.because,
    }
