"""Thousands of ready claims for the benchmarks: one made by the real code, the others its copies by row."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from appointments import booking, visits
from appointments.models import Appointment
from appointments.visits import LineData
from billing import checkout
from billing.models import Charge, Invoice, LedgerEntry, LedgerTxn
from claims import queue
from claims.models import Claim, ClaimLine
from clinics.models import Company
from clinics.scoping import open_clinic
from desk.demo.catalogue import ALDER
from desk.demo.world import DemoClinic, make_clinic
from insurance import policies, profile_edits
from insurance.models import InsuranceProfile, Layer, Policy
from insurance.profile_edits import LayerSpec
from lib.identifiers import new_control_number, new_public_id
from patients.models import Patient
from patients.registration import register

DAY = date(2026, 3, 9)
AT = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
CODES = ("98941", "97140", "97110")
SIZE = 1000  # rows a statement


def make(count: int) -> DemoClinic:
    """A clinic with ``count`` ready claims of three lines to five payers."""
    demo = make_clinic(Company.objects.create(name="Bench"), ALDER)
    with open_clinic(demo.clinic.pk, actor="bench"):
        _first_claim(demo)
        more(count - 1)
    return demo


def more(count: int, first: Claim | None = None) -> list[int]:
    """``count`` more of this claim, or of the clinic's first, as it stood when it was ready; their keys."""
    first = first or Claim.objects.order_by("pk").first()
    assert first is not None and first.state == "ready"
    begin = Claim.objects.count()
    keys = []
    for start in range(begin, begin + count, SIZE):
        keys += _copy(first, range(start, min(start + SIZE, begin + count)))
    return keys


def _first_claim(demo: DemoClinic) -> Claim:
    """One patient from registration to the ready claim."""
    payer = demo.payers["62308"]
    patient = register(
        {
            "first_name": "BENNO", "last_name": "BENCH", "sex": "F", "birth_date": date(1980, 5, 17),
            "phone": "2175551000", "street": "1 Oak Lane", "city": "Springfield", "state": "IL",
            "zip_code": "627021234", "reason": "Back",
        },
        today=DAY,
        allow_duplicate=True,
    )  # fmt: skip
    card = {"payer": payer, "plan": payer.plans.first(), "member_id": "W1000001", "relationship": "18",
            "effective_on": date(2025, 1, 1)}  # fmt: skip
    layer = LayerSpec(policies.add_policy(patient, card, today=DAY))
    profile_edits.create_profile(patient, name="Cigna", layers=[layer])
    visit = booking.book(
        patient, location=demo.location, clinician=demo.clinicians[0],
        appointment_type=demo.types["Adjustment"], starts_at=AT, at=AT,
    ).appointment  # fmt: skip
    visits.arrive(visit.public_id, at=AT)
    lines = [LineData(service=demo.services[code], pointers=(1, 2)) for code in CODES]
    visits.set_line_items(visit.public_id, lines, ["M9903", "M5450"], {"M9903": "Back", "M5450": "Pain"})
    visits.set_treatment(visit.public_id, {"onset_on": DAY - timedelta(days=9)})
    visits.confirm_lines(visit.public_id)
    visits.complete(visit.public_id)
    invoice = checkout.check_out(visit.public_id, [], at=AT).invoice
    return queue.one_click(invoice, DAY)


def _copy(first: Claim, numbers: range) -> list[int]:
    """One copy of the whole chain for each number, a few statements for all."""
    made = len(numbers)
    invoice = Invoice.objects.get(pk=first.invoice_id)
    charges = list(Charge.objects.filter(invoice=invoice).order_by("line_no"))
    lines = list(first.lines.order_by("line_no"))
    layer = Layer.objects.filter(policy_id=first.policy_id).first()
    assert layer is not None
    patients = _rows(Patient, first.patient, made)
    for number, row in zip(numbers, patients, strict=True):
        row.last_name, row.search_name = f"BENCH{number}", f"bench{number} benno"
        row.chart_number = f"B{number}"
    Patient.objects.bulk_create(patients)
    cards = _rows(Policy, first.policy, made, patient=patients)
    for number, row in zip(numbers, cards, strict=True):
        row.member_id = f"W{1000001 + number}"
    Policy.objects.bulk_create(cards)
    profiles = _rows(InsuranceProfile, invoice.profile, made, patient=patients)
    InsuranceProfile.objects.bulk_create(profiles)
    Layer.objects.bulk_create(_rows(Layer, layer, made, profile=profiles, policy=cards))
    booked = _rows(Appointment, first.appointment, made, patient=patients, profile=profiles)
    Appointment.objects.bulk_create(booked)
    billed = _rows(Invoice, invoice, made, patient=patients, appointment=booked, profile=profiles)
    for number, row in zip(numbers, billed, strict=True):
        row.number = f"B{number}"
    Invoice.objects.bulk_create(billed)
    charged = [_rows(Charge, charge, made, invoice=billed, patient=patients) for charge in charges]
    for group in charged:
        Charge.objects.bulk_create(group)
    claims = _rows(Claim, first, made, patient=patients, policy=cards, appointment=booked, invoice=billed)
    random = Random(numbers.start)
    for place, row in enumerate(claims):
        row.control_number = new_control_number()
        row.patient_name = f"BENCH{numbers[place]}, BENNO"
        row.document = copy.deepcopy(first.document)
        row.document["control_number"] = row.control_number
        row.document["subscriber"]["party"]["last_name"] = patients[place].last_name
        row.document["subscriber"]["party"]["identifier"] = cards[place].member_id
        row.document["subscriber"]["address"]["line1"] = f"{random.randint(1, 999)} Oak Lane"
        for group, line in zip(charged, row.document["lines"], strict=True):
            line["line_id"] = group[place].public_id
    Claim.objects.bulk_create(claims)
    for group, line in zip(charged, lines, strict=True):
        rows = _rows(ClaimLine, line, made, claim=claims, charge=group)
        for place, row in enumerate(rows):
            row.line_id = group[place].public_id
        ClaimLine.objects.bulk_create(rows)
    queue.check_many(claims, DAY)  # a ready claim has been scrubbed, these too
    _copy_books(invoice, billed, dict(zip([charge.pk for charge in charges], charged, strict=True)))
    return [row.pk for row in claims]


def _copy_books(invoice: Invoice, billed: list[Invoice], charged: dict[int, list[Charge]]) -> None:
    """The check-out's ledger transaction of each copy."""
    posted = LedgerTxn.objects.get(source_kind="invoice", source_key=invoice.public_id)
    headers = _rows(LedgerTxn, posted, len(billed))
    for place, row in enumerate(headers):
        row.source_key, row.key = billed[place].public_id, f"checkout:{billed[place].public_id}"
    LedgerTxn.objects.bulk_create(headers)
    entries = []
    for entry in posted.entries.order_by("line_no"):
        assert entry.charge_id is not None
        made = _rows(LedgerEntry, entry, len(billed), txn=headers, charge=charged[entry.charge_id])
        for place, row in enumerate(made):
            row.patient_id = billed[place].patient_id
        entries += made
    LedgerEntry.objects.bulk_create(entries)


def _rows(model: type[Any], row: Any, count: int, **links: list[Any]) -> list[Any]:
    """``count`` unsaved copies of a row, each with its own key, public id and neighbours."""
    found = []
    names = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    for place in range(count):
        made = model(**{name: getattr(row, name) for name in names})
        if "public_id" in names:
            made.public_id = new_public_id()
        for name, others in links.items():
            if any(field.name == name for field in model._meta.concrete_fields):
                setattr(made, name, others[place])
        found.append(made)
    return found
