"""Seed 3: insurance profiles, with rules.md B11's figures to the cent."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from billing import balances, statements
from billing.models import Invoice
from claims import queue
from claims.models import Claim
from insurance import profile_edits
from insurance.errors import ProfileInUse
from insurance.models import Layer, Payer
from insurance.profile_edits import LayerSpec
from insurance.profiles import layers_on
from patients.models import Patient
from responses import coordination
from tests.cast import make_payer, make_service
from tests.responses.edi import remit
from tests.responses.stage import AARP, MEDICARE, clp
from tests.scenarios.stage import Story, money, wrong

pytestmark = pytest.mark.django_db(transaction=True)
MAR_9, MAR_16, APR_9 = date(2026, 3, 9), date(2026, 3, 16), date(2026, 4, 9)
THIRD = {"payer": "TRICARE", "payer_id": "1990000003"}


def two_hundred(story: Story, *payers: Any, member: str = "1EG4TE5MK73") -> tuple[Patient, Invoice]:
    """A visit of 200.00 on these payers in order, checked out on 03-09 with auto-pay on."""
    with story.on(MAR_9) as at:
        story.setting("autopay_claims", "post")
        patient = story.insured("Walter", "Oyelaran", member, *payers, today=MAR_9)
        service = make_service("98942", "Adjustment, 5 areas", "200.00")
        return patient, story.check_out(story.treat(patient, at, service), at).invoice


def pay(
    story: Story,
    day: date,
    claim: Claim,
    told: tuple[Any, ...],
    trace: str,
    payer: dict[str, str],
    **more: Any,
) -> None:
    """The payer answers the claim: status, charge, paid, adjustments."""
    with story.world.open():
        answer = clp(claim, *told, icn=f"ICN{trace}", **more)
    story.mail(remit(answer, trace=trace, **payer).encode(), story.at(day))


@pytest.mark.rule("S3.6", "S3.7", "S3.8", "S3.9")
def test_medicare_sends_on_to_aarp_and_the_patient_owes_24(story: Story) -> None:
    """B11.2 example 2: no second claim is sent; AARP's answer of 0.00 makes 24.00 the patient's."""
    patient, invoice = two_hundred(story, story.world.medicare, story.world.aarp)
    with story.on(MAR_9, 12):
        first = queue.one_click(invoice, MAR_9)
        assert (first.payer_name, first.rank) == ("Medicare", 1)
        assert not Claim.objects.filter(rank=2).exists(), "the second waits for the first"
    story.submit_all(MAR_9)
    crossed = ("19", "200", "96", ("CO", "45", "80"), ("PR", "2", "24"))
    pay(story, MAR_16, first, crossed, "M1", MEDICARE, extra=["NM1*TT*2*AARP*****PI*36273"])
    with story.on(MAR_16, 12):
        line = money(invoice)
        assert (line.insurers, line.patient) == ({1: 0, 2: 24, 3: 0}, 0)
        second = Claim.objects.get(rank=2)
        assert (second.state, second.crossover_until) == ("awaiting_crossover", MAR_16 + timedelta(days=30))
        assert coordination.run_timers(second.crossover_until) == 0
    # AARP answers under the number it was sent on with
    pay(story, APR_9, first, ("2", "200", "0", ("OA", "23", "176"), ("PR", "1", "24")), "A1", AARP)
    with story.on(APR_9, 12) as at:
        line = money(invoice)
        assert (line.insurer_open, line.patient, line.paid_by_insurers, line.adjusted) == (0, 24, 96, 80)
        assert Claim.objects.exclude(submissions=None).count() == 1, "one claim was sent in all"
        assert statements.issue(patient, story.world.location, at=at).balance == D("24.00")
        assert not wrong()


@pytest.mark.rule("S3.7", "S3.8")
def test_the_sandbox_tells_the_same_crossover(story: Story) -> None:
    with story.on(MAR_9) as at:
        story.setting("autopay_claims", "post")
        # A Medicare number cannot hold the sandbox's word, so this payer takes numbers of any form.
        Payer.objects.filter(pk=story.world.medicare.pk).update(filing_indicator="CI")
        patient = story.insured(
            "Walter", "Oyelaran", "XOVER-1", story.world.medicare, story.world.aarp, today=MAR_9
        )
        service = make_service("98942", "Adjustment, 5 areas", "200.00")
        invoice = story.check_out(story.treat(patient, at, service), at).invoice
        queue.one_click(invoice, MAR_9)
    story.submit_all(MAR_9)
    story.answers(MAR_16)
    with story.on(APR_9):
        line = money(invoice)
        assert (line.paid_by_insurers, line.adjusted, line.patient, line.insurer_open) == (96, 80, 24, 0)
        assert not wrong()


@pytest.mark.rule("S3.4", "S3.5", "S3.7", "S3.8")
def test_three_layers_until_nothing_is_left(story: Story) -> None:
    """B11.2 example 3: 24.00 after the first; the second pays 14.00 and leaves 10.00; the third pays 10.00."""
    with story.on(MAR_9):
        tricare = make_payer("Tricare", "99726", remit="1990000003")
    _, invoice = two_hundred(story, story.world.medicare, story.world.aarp, tricare)
    with story.on(MAR_9, 12):
        claim = queue.one_click(invoice, MAR_9)
    answers = [
        (("1", "200", "96", ("CO", "45", "80"), ("PR", "2", "24")), MEDICARE, {1: 0, 2: 24, 3: 0}),
        (("2", "200", "14", ("OA", "23", "176"), ("PR", "2", "10")), AARP, {1: 0, 2: 0, 3: 10}),
        (("3", "200", "10", ("OA", "23", "190")), THIRD, {1: 0, 2: 0, 3: 0}),
    ]
    for rank, (told, payer, after) in enumerate(answers, start=1):
        story.submit_all(MAR_9, 17)
        with story.on(MAR_16, 8 + rank):
            claim = Claim.objects.get(rank=rank)
            assert claim.state == "submitted"
        pay(story, MAR_16, claim, told, f"T{rank}", payer)
        with story.on(MAR_16, 12 + rank):
            assert money(invoice).insurers == after
            assert Claim.objects.get(rank=rank).state == "closed"
    with story.on(MAR_16, 20):
        invoice.refresh_from_db()
        assert (invoice.state, money(invoice).patient, money(invoice).paid_by_insurers) == ("closed", 0, 120)
        assert not wrong()


@pytest.mark.rule("S3.2", "S3.10")
def test_new_year_new_card_and_december_stays_where_it_was(story: Story) -> None:
    dec_20, jan_5 = date(2025, 12, 20), date(2026, 1, 5)
    with story.on(dec_20) as at:
        cigna = make_payer("Cigna", "62308", remit="1061059331")
        patient = story.patient("Ines", "Varga", dec_20)
        old = story.profile(
            patient, story.card(patient, story.world.aetna, "W1", dec_20, expires_on=date(2025, 12, 31))
        )
        december = story.check_out(story.treat(patient, at, onset=date(2025, 12, 1)), at).invoice
    with story.on(jan_5) as at:
        card = story.card(patient, cigna, "U2", jan_5, effective_on=date(2026, 1, 1))
        new = story.profile(patient, card)
        january = story.check_out(story.treat(patient, at, onset=date(2025, 12, 1)), at).invoice
        assert (december.profile_id, january.profile_id) == (old.pk, new.pk)
        late, now = queue.one_click(december, jan_5), queue.one_click(january, jan_5)
        assert (late.payer_name, now.payer_name) == ("Aetna", "Cigna")
        assert patient.profiles.get(status="default") == new


@pytest.mark.rule("S3.17", "S3.18", "S3.19", "S3.20")
def test_a_secondary_found_later_bills_only_the_days_inside_its_dates(story: Story) -> None:
    feb_10, mar_10 = date(2026, 2, 10), date(2026, 3, 10)
    with story.on(feb_10) as at:
        story.setting("autopay_claims", "post")
        medicaid = make_payer("Medicaid", "MCDIL", remit="1370000007")
        patient = story.insured("Walter", "Oyelaran", "1EG4TE5MK73", story.world.medicare, today=feb_10)
        profile = patient.profiles.get(status="default")
        before = story.check_out(story.treat(patient, at, onset=date(2026, 2, 1)), at).invoice
        first = queue.one_click(before, feb_10)
    with story.on(MAR_9) as at:
        after = story.check_out(story.treat(patient, at), at).invoice
        second = queue.one_click(after, MAR_9)
        card = story.card(patient, medicaid, "MC-1", MAR_9, effective_on=date(2026, 3, 1))
        with pytest.raises(ProfileInUse) as refused:
            profile_edits.add_layer(profile, card)
        assert refused.value.data["visits"] == 2
        with pytest.raises(ProfileInUse) as refused:
            profile_edits.add_layer(profile, card, effective_on=date(2026, 3, 1))
        assert refused.value.data["touched"] == 1
        profile_edits.add_layer(profile, card, effective_on=date(2026, 3, 1), verified="Ann, call 5511")
        assert [len(layers_on(profile, day)) for day in (feb_10, MAR_9)] == [1, 2]
    for number, claim in enumerate((first, second)):
        pay(
            story,
            mar_10,
            claim,
            ("1", "150", "72", ("CO", "45", "60"), ("PR", "2", "18")),
            f"M{number}",
            MEDICARE,
        )
    with story.on(mar_10, 12):
        assert (money(before).patient, money(before).insurers[2]) == (18, 0), "before its day: the patient"
        assert (money(after).patient, money(after).insurers[2]) == (0, 18)
        assert list(Claim.objects.filter(rank=2).values_list("invoice_id", flat=True)) == [after.pk]
        assert Layer.objects.filter(profile=profile).count() == 2
        assert balances.patient_due(patient.pk) == 18
        assert LayerSpec(card).effective_on is None
        assert not wrong()
