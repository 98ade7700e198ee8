"""Seed 3: a card found later, and visits moved to the profile that should have paid (rules.md B11.5, B11.6)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D

import pytest

from billing import accounts, balances, planning
from billing.models import FeeRow, FeeSchedule, Invoice
from claims import coverage, coverage_layers, coverage_moves, queue
from claims.coverage_moves import Options
from claims.errors import CannotMove
from claims.models import Claim, ClaimEvent, CoverageMove
from insurance import profile_edits
from insurance.profile_edits import LayerSpec
from tests.cast import make_payer
from tests.responses.edi import remit
from tests.responses.stage import MEDICARE, clp
from tests.scenarios.stage import Story, money, wrong

pytestmark = pytest.mark.django_db(transaction=True)
FEB_10, MAR_9, MAR_10, MAR_16 = date(2026, 2, 10), date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 16)
ONSET = date(2026, 1, 1)
DENIED = ("4", "150", "0", ("CO", "27", "150"))


@pytest.mark.rule("S3.14", "B11.6")
def test_visits_go_to_the_new_insurer_with_their_money_and_one_undo_brings_them_back(story: Story) -> None:
    """Aetna was billed in March; the card had been CIGNA's since January."""
    with story.on(MAR_9) as at:
        cigna = make_payer("Cigna", "62308", remit="1061059331")
        patient = story.insured("Ines", "Varga", "W1", story.world.aetna, today=MAR_9)
        old = patient.profiles.get(status="default")
        visit = story.treat(patient, at, onset=ONSET)
        billed = story.check_out(visit, at, cash="25.00").invoice
        first = queue.one_click(billed, MAR_9)
        schedule = FeeSchedule.objects.create(name="Cigna 2026", kind="standard")
        FeeRow.objects.create(
            schedule=schedule,
            service=story.world.adjustment,
            payer=cigna,
            fee=D("140.00"),
            effective_on=ONSET,
        )
        card = story.card(patient, cigna, "U2", MAR_9, copay_individual=D("10.00"))
        new = story.profile(patient, card)
        looks = coverage_moves.preview(old, new, [visit.public_id], Options())
        assert [(x.charge_before, x.charge, x.insurer, x.patient, x.applied, x.credit) for x in looks] == [
            (D("150.00"), D("140.00"), D("130.00"), D("10.00"), D("10.00"), D("15.00"))
        ]
        done = coverage_moves.move(old, new, [visit.public_id], Options(), at=at, note="Card shown today")
    with story.on(MAR_9, 12) as at:
        first.refresh_from_db()
        billed.refresh_from_db()
        assert (first.state, billed.state) == ("voided", "void")
        moved = Invoice.objects.get(appointment=visit, state="open")
        assert (moved.profile_id, moved.total) == (new.pk, D("140.00"))
        claim = Claim.objects.get(invoice=moved)
        assert (claim.payer_name, claim.state, claim.total) == ("Cigna", "ready", D("140.00"))
        line = money(moved)
        assert (line.insurers[1], line.patient, line.paid_by_patient) == (130, 0, 10)
        assert balances.patient_credit(patient.pk).free == 15
        assert not wrong()
        coverage_moves.undo(done, at=at, reason="It was Aetna after all")
        coverage_moves.undo(done, at=at)  # twice is once
    with story.on(MAR_9, 13) as at:
        again = Invoice.objects.get(appointment=visit, state="open")
        assert (again.profile_id, again.total, again.number) == (old.pk, D("150.00"), billed.number)
        line = money(again)
        assert (line.insurers[1], line.patient, line.paid_by_patient) == (125, 0, 25)
        assert balances.patient_credit(patient.pk).free == 0
        assert [(c.payer_name, c.findings) for c in Claim.objects.exclude(state="voided")] == [("Aetna", [])]
        assert not wrong()


@pytest.mark.rule("B11.6")
def test_what_stays_says_why_and_a_sent_claim_never_changes(story: Story) -> None:
    with story.on(MAR_9) as at:
        story.setting("autopay_claims", "post")
        patient = story.insured("Walter", "Oyelaran", "1EG4TE5MK73", story.world.medicare, today=MAR_9)
        old = patient.profiles.get(status="default")
        visit = story.treat(patient, at)
        invoice = story.check_out(visit, at).invoice
        claim = queue.one_click(invoice, MAR_9)
        late = story.profile(
            patient, story.card(patient, story.world.aetna, "W1", MAR_9, effective_on=MAR_10)
        )
        (row,) = coverage.candidates(old, late)
        assert row.stops == ("Aetna covers nobody on 03/09/2026.",)
        new = story.profile(patient, story.card(patient, story.world.aetna, "W2", MAR_9))
        assert coverage.candidates(old, new)[0].may_move
    story.submit_all(MAR_9)
    with story.on(MAR_9, 20) as at:
        before = Claim.objects.values().get(pk=claim.pk)
        (row,) = coverage.candidates(old, new)
        assert "its answer comes first" in row.stops[0]
        with pytest.raises(CannotMove):
            coverage_moves.move(old, new, [visit.public_id], Options(), at=at)
        assert Claim.objects.values().get(pk=claim.pk) == before
        answer = clp(claim, "1", "150", "96", ("CO", "45", "30"), ("PR", "2", "24"), icn="ICN1")
    story.mail(remit(answer, trace="M1", **MEDICARE).encode(), story.at(MAR_16))
    with story.on(MAR_16, 12) as at:
        (row,) = coverage.candidates(old, new)
        assert row.stops == (
            "96.00 of an insurer is posted: undo that posting first, or leave the visit here.",
        )
        with pytest.raises(CannotMove):
            coverage_moves.move(old, new, [visit.public_id], Options(), at=at)
        assert not CoverageMove.objects.exists()
        assert not wrong()


@pytest.mark.rule("B11.6")
def test_a_denial_for_coverage_that_had_ended_moves_and_the_old_claim_is_voided_with_its_payer(
    story: Story,
) -> None:
    with story.on(MAR_9) as at:
        story.setting("autopay_claims", "post")
        cigna = make_payer("Cigna", "62308", remit="1061059331")
        patient = story.insured("Ines", "Varga", "W1", story.world.aetna, today=MAR_9)
        old = patient.profiles.get(status="default")
        visit = story.treat(patient, at)
        claim = queue.one_click(story.check_out(visit, at).invoice, MAR_9)
    story.submit_all(MAR_9)
    with story.on(MAR_9, 20):
        answer = clp(claim, *DENIED, icn="AET77")
    story.mail(remit(answer, trace="D1", payer="AETNA", payer_id="1066033492").encode(), story.at(MAR_16))
    with story.on(MAR_16, 12) as at:
        claim.refresh_from_db()
        assert (claim.state, claim.outcome) == ("adjudicated", "denied")
        new = story.profile(patient, story.card(patient, cigna, "U2", MAR_16))
        coverage_moves.move(old, new, [visit.public_id], Options(update_fees=False), at=at)
        claim.refresh_from_db()
        assert claim.state == "void_requested"
        void = Claim.objects.get(frequency="8")
        assert (void.payer_name, void.payer_claim_number, void.state) == ("Aetna", "AET77", "new")
        fresh = Claim.objects.get(payer__name="Cigna")
        assert (fresh.state, fresh.total, fresh.frequency) == ("ready", D("150.00"), "1")
        assert not wrong()
        coverage_moves.undo(CoverageMove.objects.get(), at=at)
        claim.refresh_from_db()
        assert (claim.state, claim.invoice.state) == ("adjudicated", "open")
        assert not Claim.objects.exclude(state="voided").exclude(pk=claim.pk).exists()
        assert not wrong()
        coverage_moves.move(old, new, [visit.public_id], Options(void_old=False), at=at)
        assert not wrong()


@pytest.mark.rule("B11.6")
def test_a_payment_plan_keeps_a_visit_and_asking_begins_anew_with_another_insurer(story: Story) -> None:
    with story.on(MAR_9) as at:
        patient = story.patient("Noah", "Adeyemi", MAR_9)
        first, second = (story.treat(patient, story.at(MAR_9, hour)) for hour in (9, 14))
        invoice = story.check_out(first, at).invoice
        story.check_out(second, at)
        own = patient.profiles.get(kind="self_pay")
        new = story.profile(patient, story.card(patient, story.world.aetna, "W9", MAR_9))
        terms = planning.Terms(frequency="monthly", start_on=MAR_16, count=3)
        plan = planning.make(
            patient, terms, location=story.world.location, today=MAR_9, may_override=False,
            invoices=[invoice.public_id],
        )  # fmt: skip
        stops = {row.visit.pk: row.stops for row in coverage.candidates(own, new)}
        assert stops == {
            first.pk: ("It is part of an open payment plan: end the plan first.",),
            second.pk: (),
        }
        with pytest.raises(CannotMove):
            coverage_moves.move(own, new, [first.public_id, second.public_id], Options(), at=at)
        planning.end(plan, "cancelled", "The card was found", at)
        assert all(row.may_move for row in coverage.candidates(own, new))
        asked_at = at - timedelta(days=3)
        accounts.set_level(accounts.account_of(patient), 2, asked_at)
        kept = coverage_moves.move(own, new, [first.public_id], Options(reset_dunning=False), at=at)
        assert accounts.level_of(patient) == 2
        coverage_moves.undo(kept, at=at)
        done = coverage_moves.move(
            own, new, [first.public_id, second.public_id], Options(), at=at, note="Card found at home"
        )
        assert accounts.level_of(patient) == 0
        told = ClaimEvent.objects.filter(text="Moved from Self-pay. Card found at home")
        assert told.values("claim").distinct().count() == 2
        coverage_moves.undo(done, at=at)
        account = accounts.account_of(patient)
        assert (account.level, account.level_at) == (2, asked_at)
        for since, after in ((1, 2), (3, 3)):  # statements that went out between the move and its undo
            done = coverage_moves.move(own, new, [first.public_id], Options(), at=at)
            accounts.set_level(accounts.account_of(patient), since, at)
            coverage_moves.undo(done, at=at)
            assert accounts.level_of(patient) == after
        same = story.profile(
            patient, new.layers.get().policy, story.card(patient, story.world.aarp, "A1", MAR_9)
        )
        assert not coverage.changes_insurer(new, coverage.candidates(new, same))
        assert not wrong()


@pytest.mark.rule("S3.5", "B11.6")
def test_a_self_pay_visit_goes_to_its_insurer_only_with_the_patients_balance(story: Story) -> None:
    with story.on(MAR_9) as at:
        patient = story.patient("Noah", "Adeyemi", MAR_9)
        visit = story.treat(patient, at)
        story.check_out(visit, at)
        own = patient.profiles.get(kind="self_pay")
        new = story.profile(patient, story.card(patient, story.world.aetna, "W9", MAR_9))
        (stays,) = coverage_moves.preview(own, new, [visit.public_id], Options(transfer_balance=False))
        assert (stays.insurer, stays.patient) == (0, 150)
        (goes,) = coverage_moves.preview(own, new, [visit.public_id], Options())
        assert (goes.insurer, goes.patient) == (125, 25)
        coverage_moves.move(own, new, [visit.public_id], Options(), at=at)
        assert Claim.objects.get().payer_name == "Aetna"
        assert not wrong()


@pytest.mark.rule("S3.18", "B11.5")
def test_medicaid_that_began_in_july_goes_on_a_new_profile(story: Story) -> None:
    """B11.5 example 1, a shorter half-year: 0 of the visits before July are covered; July's is moved."""
    days = [date(2026, month, 9) for month in (5, 6, 7)]
    with story.on(days[0]):
        medicaid = make_payer("Medicaid", "MCDIL", remit="1370000007", filing_indicator="MC")
        patient = story.insured("Walter", "Oyelaran", "1EG4TE5MK73", story.world.medicare, today=days[0])
    old = None
    invoices = []
    for day in days:
        with story.on(day) as at:
            old = patient.profiles.get(status="default")
            invoices.append(story.check_out(story.treat(patient, at, onset=ONSET), at).invoice)
    assert old is not None
    with story.on(days[2] + timedelta(days=1)) as at:
        card = story.card(patient, medicaid, "123456789", days[2], effective_on=date(2026, 7, 1))
        found = coverage.guard(old, card)
        assert (len(found.rows), found.covered, len(found.before)) == (3, 1, 2)
        medicare = old.layers.get().policy
        new = profile_edits.create_profile(
            patient, name="Medicare + Medicaid", layers=[LayerSpec(medicare), LayerSpec(card)],
            effective_on=date(2026, 7, 1),
        )  # fmt: skip
        stops = {row.visit.service_date: row.stops for row in coverage.candidates(old, new)}
        assert [bool(stops[day]) for day in days] == [True, True, False]
        july = invoices[2].appointment
        assert july is not None
        coverage_moves.move(old, new, [july.public_id], Options(), at=at)
        assert [
            layer.policy.payer.name
            for layer in queue.building.load_source(
                Invoice.objects.get(appointment=july, state="open"), 1
            ).layers
        ] == ["Medicare", "Medicaid"]
        assert not wrong()


@pytest.mark.rule("S3.19", "S3.20", "B11.5")
def test_medicaid_that_was_there_all_along_is_billed_for_what_was_left(story: Story) -> None:
    """B11.5 example 2: inside its dates those with a balance are queued, the settled one and the earlier one not."""
    days = [date(2025, 12, 9), FEB_10, date(2026, 2, 17), date(2026, 2, 24)]
    invoices, claims = [], []
    with story.on(days[0]):
        story.setting("autopay_claims", "post")
        medicaid = make_payer("Medicaid", "MCDIL", remit="1370000007", filing_indicator="MC")
        patient = story.insured("Walter", "Oyelaran", "1EG4TE5MK73", story.world.medicare, today=days[0])
        profile = patient.profiles.get(status="default")
    for day in days:
        with story.on(day) as at:
            invoices.append(story.check_out(story.treat(patient, at, onset=date(2025, 12, 1)), at).invoice)
            claims.append(queue.one_click(invoices[-1], day))
        story.submit_all(day)
    for number, claim in enumerate(claims):
        left = ("PR", "2", "24") if number != 2 else ("CO", "97", "24")
        with story.on(MAR_9):
            answer = clp(claim, "1", "150", "96", ("CO", "45", "30"), left, icn=f"I{number}")
        story.mail(remit(answer, trace=f"M{number}", **MEDICARE).encode(), story.at(MAR_9))
    with story.on(MAR_9, 12) as at:
        assert [money(invoice).patient for invoice in (invoices[0], invoices[1], invoices[3])] == [24, 24, 24]
        card = story.card(patient, medicaid, "123456789", MAR_9, effective_on=date(2026, 1, 1))
        layer = profile_edits.add_layer(
            profile, card, effective_on=date(2026, 1, 1), verified="Ann at Medicaid, call 5511"
        )
        found = coverage.guard(profile, layer)
        assert (len(found.rows), found.covered, len(found.to_bill), found.to_bill_amount) == (4, 3, 2, 48)
        early = invoices[0].appointment
        assert early is not None
        with pytest.raises(CannotMove):
            coverage_layers.bill(layer, [early.public_id], today=MAR_9)
        wanted = [row.visit.public_id for row in coverage_layers.billable(layer)]
        done = coverage_layers.bill(layer, wanted, today=MAR_9, note="Found with the remit")
        assert (money(invoices[1]).patient, money(invoices[1]).insurers[2]) == (0, 24)
        seconds = list(Claim.objects.filter(rank=2).order_by("service_from"))
        assert [(c.service_from, c.payer_name, c.state) for c in seconds] == [
            (days[1], "Medicaid", "ready"), (days[3], "Medicaid", "ready")
        ]  # fmt: skip
        assert not wrong()
        coverage_moves.undo(done, at=at)
        assert (money(invoices[1]).patient, money(invoices[1]).insurers[2]) == (24, 0)
        assert not wrong()
        coverage_layers.bill(layer, wanted[:1], today=MAR_9)
    story.submit_all(MAR_9, 18)
    with story.on(MAR_10):
        second = Claim.objects.get(rank=2, state="submitted")
        answer = clp(second, "2", "150", "24", ("OA", "23", "126"), icn="MC1")
    story.mail(remit(answer, trace="C1", payer="Medicaid", payer_id="1370000007").encode(), story.at(MAR_16))
    with story.on(MAR_16, 12):
        second.refresh_from_db()
        assert second.state == "closed"
        assert money(second.invoice).open == 0
        assert not wrong()


@pytest.mark.rule("S3.12", "B11.4")
def test_a_work_injury_and_equipment_stand_beside_the_default(story: Story) -> None:
    with story.on(MAR_9) as at:
        state_fund = make_payer("State Fund", "WC001", filing_indicator="WC")
        supplier = make_payer("DME Carrier", "DME01")
        patient = story.insured("Ines", "Varga", "W1", story.world.aetna, today=MAR_9)
        injury = story.profile(
            patient, story.card(patient, state_fund, "CLM-77", MAR_9), kind="work_comp", make_default=False,
            accident_on=date(2026, 2, 27), accident_state="IL", accident_claim_number="CLM-77", employer="Mill",
        )  # fmt: skip
        equipment = story.profile(
            patient, story.card(patient, supplier, "D1", MAR_9), kind="dme", make_default=False
        )
        assert (injury.status, equipment.status) == ("active", "active")
        usual = story.treat(patient, at, story.world.exam)
        hurt = story.treat(patient, story.at(MAR_9, 14), profile=injury)
        assert usual.profile.name == "Aetna", "the default is taken; the others only when chosen"
        claim = queue.one_click(story.check_out(hurt, at).invoice, MAR_9)
        assert (claim.payer_name, claim.document["related_causes"]["employment"]) == ("State Fund", True)
        assert queue.one_click(story.check_out(usual, at).invoice, MAR_9).payer_name == "Aetna"
