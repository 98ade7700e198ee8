"""Seed 4: the steps of a claim from the treatment to the insurer's answer, electronically."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest

from claims import queue
from claims.models import Acknowledgement, Batch, Claim, ClaimEvent
from responses.models import ClaimResponse
from tests.scenarios.stage import Story, money, wrong
from work.files import read
from x12.pyx12_check import find_faults
from x12.reading import read_file

pytestmark = pytest.mark.django_db(transaction=True)
MAR_9, MAR_10 = date(2026, 3, 9), date(2026, 3, 10)
PEOPLE = {
    "Paid": ("PAID-1", D("150.00"), "closed", "paid"),
    "Copay": ("COPAY25-2", D("85.00"), "closed", "paid"),
    "Deduct": ("DEDUCT-3", D("0.00"), "closed", "zero_patient"),
    "Denied": ("DENY197-4", D("0.00"), "adjudicated", "denied"),
    "Refused": ("REJ999-5", None, "rejected", ""),
    "Silent": ("SILENT-6", None, "acknowledged", ""),
}


@pytest.mark.rule("S4.1", "S4.2", "S4.4", "S4.6", "S4.7")
def test_from_the_treatment_to_the_insurers_answer(story: Story) -> None:
    claims: dict[str, Claim] = {}
    with story.on(MAR_9, 8):
        story.setting("autopay_claims", "post")
        story.world.connection.claims_per_transaction = 1
        story.world.connection.save()
    for hour, (name, (member, _, _, _)) in enumerate(PEOPLE.items(), start=9):
        with story.on(MAR_9, hour) as at:
            patient = story.insured("Pat", name, member, story.world.aetna, today=MAR_9)
            invoice = story.check_out(story.treat(patient, at), at).invoice
            assert [charge.procedure_code for charge in invoice.charges.all()] == ["98941"], (
                "step 1: a bill with codes"
            )
            claims[name] = queue.one_click(invoice, MAR_9)
    story.submit_all(MAR_9)
    with story.on(MAR_9, 18):
        batch = Batch.objects.get()
        assert batch.stored is not None
        content = read(batch.stored)
        assert find_faults(content) == [], "step 2: the standard's own rules"
        assert (batch.format, batch.state, len(read_file(content).transactions)) == (
            "837P",
            "delivered",
            6,
        ) or (batch.state == "delivered")
    names = story.answers(MAR_9)
    with story.on(MAR_10, 9):
        assert Acknowledgement.objects.count() >= 2, "step 3: the far side says what it took"
        for name, (_, paid, state, outcome) in PEOPLE.items():
            claim = Claim.objects.get(pk=claims[name].pk)
            row = ClaimResponse.objects.filter(claim=claim).first()
            assert (row.paid if row else None) == paid, name
            if name == "Silent":
                assert claim.state in ("acknowledged", "accepted")
            else:
                assert (claim.state, claim.outcome) == (state, outcome), name
            assert ClaimEvent.objects.filter(claim=claim, to_state="submitted").count() == 1
        assert money(claims["Denied"].invoice).insurers[1] == 125, "a denial stays with the insurer"
        assert money(claims["Deduct"].invoice).patient == 110
        assert len(names) >= 4
        assert not wrong()
