"""What comes in: whose payment it is, whether it came before, on which date it counts, in which order it is taken."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from billing.models import LedgerTxn, Receipt
from clinics import settings as house
from clinics.errors import BadInput
from responses import coordination, inbox, manual, quarantine, rule_book, tasks
from responses import remit as remit_work
from responses.errors import CannotPost
from responses.models import ClaimResponse, Remittance
from tests.cast import NOW, make_world
from tests.responses.edi import remit
from tests.responses.stage import AETNA, EX1, answer, claimed, clp, money, set_up, take
from work.models import Job, Outbox

pytestmark = pytest.mark.django_db
STRANGER = {"payee": "1999999992", "tax_id": "", **AETNA}


@pytest.fixture
def posting():
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact")
        yield world


@pytest.mark.rule("B9.E17")
def test_a_payment_to_an_unknown_payee_is_set_aside_whole(posting):
    """Nothing is matched, not even by our own control number, and nothing is booked."""
    claim = claimed(posting, posting.aetna)
    [row] = answer(clp(claim, *EX1), **STRANGER)
    assert (row.state, row.codes, row.claim) == ("exception", ["E17"], None)
    assert (row.remittance.state, row.remittance.receipt) == ("quarantine", None)
    assert money(claim.invoice).insurers[1] == 125
    assert not Receipt.objects.filter(kind="insurance").exists()


def test_a_set_aside_payment_is_taken_in_when_a_person_says_that_it_is_ours(posting):
    claim = claimed(posting, posting.aetna)
    [row] = answer(clp(claim, *EX1), **STRANGER)
    with pytest.raises(BadInput):
        quarantine.release(row.remittance, reason=" ", at=NOW)
    [taken] = quarantine.release(row.remittance, reason="our old group NPI", at=NOW)
    assert (taken.state, taken.claim) == ("auto_posted", claim)
    assert money(claim.invoice).insurers[1] == 0
    assert Remittance.objects.get().state == "closed"
    with pytest.raises(CannotPost):
        quarantine.release(row.remittance, reason="again", at=NOW)


def test_a_set_aside_payment_of_somebody_else_stays_out_for_good(posting):
    claim = claimed(posting, posting.aetna)
    [row] = answer(clp(claim, *EX1), **STRANGER)
    quarantine.refuse(row.remittance, reason="sent to Dr Sommer's office")
    assert ClaimResponse.objects.get().state == "ignored"
    with pytest.raises(CannotPost):
        quarantine.release(row.remittance, reason="changed my mind", at=NOW)


def test_either_the_npi_or_the_tax_id_is_enough_and_one_file_may_hold_both(posting):
    mine = claimed(posting, posting.aetna)
    npi = posting.location.billing_provider.npi
    ours = remit(clp(mine, *EX1), **{**AETNA, "payee": npi, "tax_id": "999999999"})
    other = remit(clp(mine, "1", "150", "80", ("CO", "45", "70"), icn="X"), trace="T2", **STRANGER)
    body = other[other.index("ST*") : other.index("GE*")].replace("*0001", "*0002")
    text = ours[: ours.index("GE*")] + body + ours[ours.index("GE*") :].replace("GE*1*", "GE*2*")
    assert [taken.remittance.state for taken in take(text)] == ["closed", "quarantine"]


@pytest.mark.rule("B9.E01")
def test_one_trace_and_amount_with_other_claims_is_held_and_nothing_is_lost(posting):
    one, two = claimed(posting, posting.aetna, last="One"), claimed(posting, posting.aetna, last="Two")
    answer(clp(one, *EX1), **AETNA)
    [row] = answer(clp(two, *EX1, icn="B"), **AETNA)
    assert (row.state, row.codes) == ("exception", ["E01"])
    assert row.remittance.same_as_id is not None
    assert Remittance.objects.count() == 2


def test_a_damaged_copy_does_not_stand_in_the_way_of_the_whole_file(posting):
    claim = claimed(posting, posting.aetna)
    text = remit(clp(claim, *EX1), **AETNA)
    [cut] = take(text[: text.index("SE*")])
    assert cut.responses[0].codes == ["E02"]
    [whole] = take(text)
    assert (whole.is_repeat, whole.responses[0].state) == (False, "auto_posted")


def test_a_correction_written_before_its_reversal_posts_with_it(posting):
    claim = claimed(posting, posting.aetna, paid="25.00")
    answer(clp(claim, *EX1), trace="T1", **AETNA)
    rows = answer(
        clp(claim, "1", "150", "70", ("CO", "45", "40"), ("PR", "3", "25"), ("PR", "2", "15"), icn="ICN2"),
        clp(claim, "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25")),
        trace="T2", plb=[("FB", "-15")], amount="0", **AETNA,
    )  # fmt: skip
    assert [row.state for row in rows] == ["auto_posted", "auto_posted"]
    after = money(claim.invoice)
    assert (after.insurers[1], after.patient, after.paid_by_insurers) == (0, 15, 70)


def test_own_rules_cannot_be_switched_on_before_there_is_one(posting):
    with pytest.raises(BadInput, match="at least one"):
        house.change("automation_rules", "on", posting.clinic)
    rule_book.add(None, "CO", "59", "write_off")
    assert house.change("automation_rules", "on", posting.clinic).value is True


@pytest.mark.parametrize(("rule", "day"), [("custom", date(2026, 3, 14)), ("remittance", date(2026, 3, 16))])
def test_a_custom_payment_date_is_the_one_a_person_gave(posting, rule, day):
    from clearinghouses.inbound import receive

    set_up(posting, era_payment_date=rule)
    claim = claimed(posting, posting.aetna)
    inbound, _ = receive(remit(clp(claim, *EX1), **AETNA).encode(), "era.835", "upload")
    inbox.take(inbound, at=NOW, effective_on=date(2026, 3, 14))
    assert Receipt.objects.get(kind="insurance").effective_on == day
    assert LedgerTxn.objects.filter(kind="adjudication").get().effective_on == day


def test_a_correction_in_an_earlier_file_is_freed_by_its_reversal(posting):
    claim = claimed(posting, posting.aetna, paid="25.00")
    answer(clp(claim, *EX1), trace="T1", **AETNA)
    right = ("1", "150", "70", ("CO", "45", "40"), ("PR", "3", "25"), ("PR", "2", "15"))
    [early] = answer(clp(claim, *right, icn="ICN2"), trace="T2", **AETNA)
    assert early.codes == ["E12"]
    back = clp(claim, "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25"))
    [reversal] = answer(back, trace="T3", plb=[("FB", "-85")], amount="0", **AETNA)
    coordination.roll_over(reversal.pk, at=NOW)
    early.refresh_from_db()
    assert (early.state, early.codes) == ("proposed", [])
    manual.post_as_remitted(early, at=NOW)
    after = money(claim.invoice)
    assert (after.insurers[1], after.patient, after.paid_by_insurers) == (0, 15, 70)


def test_a_large_upload_is_kept_and_taken_by_the_worker(client, monkeypatch):
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post")
        claim = claimed(world, world.aetna)
        text = remit(clp(claim, *EX1), **AETNA).encode()
    monkeypatch.setattr(remit_work, "LARGE", 100)
    client.force_login(world.users["biller"])
    told = client.post(reverse("responses:upload"), {"file": SimpleUploadedFile("large.835", text)})
    with world.open():
        job = Job.objects.get()
        assert told.url == reverse("desk:job", args=[job.public_id])
        assert (job.state, job.total) == ("queued", 1)
        assert not Remittance.objects.exists()
        row = Outbox.objects.get(kind=inbox.TAKE)
    tasks.take(row.clinic_id, row.subject_id)
    tasks.take(row.clinic_id, row.subject_id)
    with world.open():
        assert [answer.state for answer in ClaimResponse.objects.all()] == ["auto_posted"]
        job.refresh_from_db()
        assert (job.state, job.done, job.errors) == ("done", 1, 0)
    again = client.post(reverse("responses:upload"), {"file": SimpleUploadedFile("again.835", text)})
    assert again.url == told.url, "the same bytes show the first job"
    by_api = client.post(reverse("responses-api:remittances"), {"file": SimpleUploadedFile("api.835", text)})
    assert (by_api.status_code, by_api.json()) == (202, {"job": job.public_id})


@pytest.mark.rule("B9.E01")
def test_overlapping_files_post_each_remittance_once(posting):
    """The first check alone, then both in one file, in new envelopes, in the other order, up to five times."""
    claims = [claimed(posting, posting.aetna, last=last) for last in ("One", "Two")]
    texts = [remit(clp(claim, *EX1, icn=f"I{n}"), trace=f"T{n}", **AETNA) for n, claim in enumerate(claims)]
    bodies = [text[text.index("ST*") : text.index("GE*")] for text in texts]

    def file(*order, isa):
        text = texts[0].replace("000000001", isa)
        inside = "".join(bodies[n].replace("*0001", f"*000{place}") for place, n in enumerate(order, 1))
        return (
            text[: text.index("ST*")]
            + inside
            + text[text.index("GE*") :].replace("GE*1*", f"GE*{len(order)}*")
        )

    take(texts[0])
    for number, order in enumerate([(0, 1), (1, 0), (1,), (0, 1, 0), (1, 1)]):
        take(file(*order, isa=f"00000001{number}"))
    assert [money(claim.invoice).paid_by_insurers for claim in claims] == [85, 85]
    assert sorted(Remittance.objects.values_list("trace_number", "times_received")) == [("T0", 5), ("T1", 6)]
    assert Receipt.objects.filter(kind="insurance").count() == 2
