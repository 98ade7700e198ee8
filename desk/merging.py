"""Two records of one person become one; both histories are kept, and the merge can be undone.

What is frozen (invoices, claims, payments, statements) stays on the record it was made for and is reached from the
record that is kept; what is still open (visits not checked out, cards) goes to the kept record. Spans rooms.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from appointments.models import Appointment
from billing import approvals
from billing.models import Approval, Invoice
from clinics import audit
from clinics.errors import Refusal
from clinics.fresh import others_who_may
from insurance.models import InsuranceProfile, Policy
from insurance.policies import FIELDS as CARD_FIELDS
from insurance.profiles import profile_for
from patients.models import Patient

# Filled on the kept record where it is empty there.
FILLED = (
    "birth_date",
    "death_date",
    "sex",
    "phone",
    "email",
    "street",
    "street2",
    "city",
    "state",
    "zip_code",
    "guarantor_id",
)
EMPTY_IS_NONE = ("birth_date", "death_date", "guarantor_id")
RIGHT = "patient.merge"
ALONE = "patient.merge_alone"  # the owner's, where nobody else could agree
ADDRESS = ("street", "street2", "city", "state", "zip_code")


class CannotMerge(Refusal):
    """These two records cannot become one as they stand."""

    code = "cannot_merge"


def needs_second() -> bool:
    """Whether another person here could agree to a merge; only where nobody could may the owner act alone."""
    return others_who_may(RIGHT) > 0


def ask(kept: Patient, second: Patient, *, reason: str) -> Approval:
    """Ask an admin or the owner to agree; nothing is changed yet. Raises CannotMerge, CannotDecide."""
    if not needs_second():
        raise CannotMerge("Nobody here could agree: it takes an admin or the owner.", code="nobody_agrees")
    with transaction.atomic():
        kept, second = _locked(kept, second)
        _check(kept, second, reason)
        return approvals.ask_merge(kept, second, reason=reason)


def merge_approved(kept: Patient, second: str, *, reason: str, at: datetime, asked_by: str) -> None:
    """Run what a second person agreed to (billing/approvals.py)."""
    found = Patient.objects.filter(public_id=second).first()
    if found is None:  # its import was undone meanwhile
        raise CannotMerge("The second record is not here any more.", code="record_gone")
    merge(kept, found, reason=reason, at=at, asked_by=asked_by)


def merge(kept: Patient, second: Patient, *, reason: str, at: datetime, asked_by: str = "") -> Patient:
    """Make ``second`` a part of ``kept``. Raises CannotMerge; nothing is lost and nothing frozen is touched.

    Who may, and with whom, is asked before: ``needs_second``, ``ask``.
    """
    with transaction.atomic():
        kept, second = _locked(kept, second)
        _check(kept, second, reason)
        items = {
            "visits": _move_visits(kept, second), "cards": _copy_cards(kept, second), "filled": _fill(kept, second)
        }  # fmt: skip
        Patient.objects.filter(pk=second.pk).update(merged_into=kept, merged_at=at, merge_items=items)
        audit.record(
            "patient.merge", "patient", kept.public_id, reason=reason.strip()[:300], merged=second.public_id,
            asked_by=asked_by, visits=len(items["visits"]), cards=len(items["cards"]),
        )  # fmt: skip
    second.refresh_from_db()
    return second


def undo(second: Patient, *, reason: str) -> Patient:
    """Two records again: visits still open go back; copied cards go where nothing uses them."""
    with transaction.atomic():
        row = Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=second.pk)
        kept = row.merged_into
        if kept is None:
            return row
        for public_id, profile in row.merge_items.get("visits", {}).items():
            back = InsuranceProfile.objects.filter(patient=row, public_id=profile).first()
            visit = Appointment.objects.filter(public_id=public_id, patient=kept).exclude(state="checked_out")
            if back is not None:
                visit.update(patient=row, profile=back, version=F("version") + 1)
        Policy.objects.filter(
            public_id__in=row.merge_items.get("cards", []),
            layers__isnull=True,
            eligibility_checks__isnull=True,
        ).delete()
        for name in row.merge_items.get("filled", []):
            if getattr(kept, name) == getattr(row, name):
                setattr(kept, name, None if name in EMPTY_IS_NONE else "")
        kept.save()
        row.merged_into, row.merged_at, row.merge_items = None, None, {}
        row.save()
        audit.record(
            "patient.unmerge", "patient", kept.public_id, reason=reason.strip()[:300], merged=row.public_id
        )
    return row


def _check(kept: Patient, second: Patient, reason: str) -> None:
    if not reason.strip():
        raise CannotMerge("Say how you know that this is one person.", code="reason_missing")
    if kept.merged_into_id or second.merged_into_id:
        raise CannotMerge("One of the two was merged already.", code="merged_already")


def _locked(kept: Patient, second: Patient) -> tuple[Patient, Patient]:
    if kept.pk == second.pk:
        raise CannotMerge("Choose two records.", code="same_record")
    rows = Patient.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=[kept.pk, second.pk])
    by_key = {row.pk: row for row in rows.order_by("pk")}
    return by_key[kept.pk], by_key[second.pk]


def _move_visits(kept: Patient, second: Patient) -> dict[str, str]:
    """Visits without an invoice, each with the profile it stood on; its payer is chosen anew by its day (B11.4)."""
    billed = Invoice.objects.filter(patient=second, appointment__isnull=False).values("appointment_id")
    moved = {}
    for visit in Appointment.objects.filter(patient=second).exclude(pk__in=billed).select_related("profile"):
        moved[visit.public_id] = visit.profile.public_id
        Appointment.objects.filter(pk=visit.pk).update(
            patient=kept, profile=profile_for(kept, visit.service_date).profile, version=visit.version + 1
        )
    return moved


def _copy_cards(kept: Patient, second: Patient) -> list[str]:
    """Cards the kept record does not have come to its holding area: never billed until somebody places them."""
    known = set(Policy.objects.filter(patient=kept).values_list("payer_id", "member_id"))
    made = []
    for card in Policy.objects.filter(patient=second).order_by("pk"):
        if (card.payer_id, card.member_id) not in known:
            values: dict[str, Any] = {name: getattr(card, name) for name in CARD_FIELDS}
            made.append(Policy.objects.create(patient=kept, **values).public_id)
    return made


def _fill(kept: Patient, second: Patient) -> list[str]:
    """Empty fields of the kept record from the second; an address only as a whole."""
    wanted = [name for name in FILLED if name not in ADDRESS or not kept.street]
    filled = [name for name in wanted if not getattr(kept, name) and getattr(second, name)]
    for name in filled:
        setattr(kept, name, getattr(second, name))
    if filled:
        kept.save()
    return filled
