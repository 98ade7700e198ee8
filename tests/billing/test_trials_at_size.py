"""A rule tried on thousands of past visits: how many statements, how long; ``TRIAL_VISITS=5000`` repeats it larger.

By hand: ``TRIAL_VISITS=5000 ./check tests/billing/test_trials_at_size.py -s -q`` prints what was measured.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments.models import Appointment, Service, VisitLine
from bench import claims_world
from billing import trials
from billing.models import FeeRow, FeeSchedule, ModifierRule, SameDayRule
from clinics.models import Clinician
from insurance.models import Payer
from work.models import Job

VISITS = int(os.environ.get("TRIAL_VISITS", "40"))
PER_CHUNK = (
    14  # statements for 200 visits: visits, lines, charges, four kinds of facts, the job, BEGIN and the wall
)


def past_visits(count: int) -> int:
    """A clinic with ``count`` charged visits of three lines each, all but one copied by rows; its id."""
    demo = claims_world.make(count)
    with trials.open_clinic(demo.clinic.pk, actor="size"):
        first = VisitLine.objects.order_by("pk").first()
        lines = list(VisitLine.objects.filter(appointment_id=first.appointment_id))
        others = Appointment.objects.exclude(pk=first.appointment_id).values_list("pk", flat=True)
        copies = [
            VisitLine(
                appointment_id=pk,
                line_no=line.line_no,
                service_id=line.service_id,
                pointers=line.pointers,
                modifiers=line.modifiers,
                units=line.units,
            )
            for pk in others
            for line in lines
        ]
        VisitLine.objects.bulk_create(copies, batch_size=2000)
        _rules(seen_by=Appointment.objects.get(pk=first.appointment_id).clinician)
    return demo.clinic.pk


def _rules(seen_by: Clinician) -> None:
    """A book as a clinic of three payers and four clinicians has it: 300 fees, rules of modifiers and of repeats."""
    schedule = FeeSchedule.objects.create(name="Contracts", kind="standard")
    services, payers = list(Service.objects.all()), list(Payer.objects.all())
    people = [None, *Clinician.objects.exclude(pk=seen_by.pk)]
    keys = [(service, payer, who) for service in services for payer in payers for who in people][:300]
    FeeRow.objects.bulk_create(
        FeeRow(
            schedule=schedule,
            service=service,
            payer=payer,
            clinician=who,
            effective_on=date(2026, 1, 1),
            fee=Decimal("80.00") + place,
        )
        for place, (service, payer, who) in enumerate(keys)
    )
    for place, service in enumerate(services):
        ModifierRule.objects.create(service=service, modifiers=[f"A{place}"])
    SameDayRule.objects.create(services=[services[0].public_id], occurrence=2, modifier="59")


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B17.8")
def test_a_trial_over_many_visits_takes_few_statements(monkeypatch):
    clinic = past_visits(VISITS)
    with trials.open_clinic(clinic, actor="size"):
        service = Service.objects.get(code="98941")
        typed = {
            "service": service.public_id, "effective_on": "2026-06-01", "fee": "170.00",
            "schedule": FeeSchedule.objects.get(name="Contracts").public_id, "plan": "",
            "payer": Payer.objects.get(payer_id="62308").public_id,
        }  # fmt: skip
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as asked:
            job = trials.start("fee", typed, months=6, today=date(2026, 3, 31))
        chosen = time.perf_counter() - began
        assert (job.total, len(asked) <= 8) == (VISITS, True)
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as seen:
        trials.run(clinic, job.pk)
    took = time.perf_counter() - began
    with trials.open_clinic(clinic, actor="size"):
        job = Job.objects.get(pk=job.pk)
    chunks = -(-VISITS // trials.CHUNK)
    assert (job.state, job.done, job.result["charges"]) == ("done", VISITS, 3 * VISITS)
    sys.stderr.write(
        f"{VISITS} visits, {3 * VISITS} charges: chosen in {chosen:.3f} s, priced twice in {took:.1f} s, "
        f"{len(seen)} statements ({len(seen) / chunks:.1f} for {trials.CHUNK} visits), "
        f"{job.result['changed']} would change\n"
    )
    assert job.result["changed"] == VISITS
    assert len(seen) <= 20 + PER_CHUNK * chunks
