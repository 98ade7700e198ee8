"""Takebacks, forwarded balances and deposits: every amount beside the claims is tracked until it is back at zero."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from clinics.errors import BadInput
from responses import deposits, takebacks
from responses.errors import CannotPost
from responses.models import BankLine, ProviderAdjustment, Remittance
from tests.cast import make_world
from tests.responses.edi import remit
from tests.responses.stage import AETNA, BACK, EX1, answer, claimed, clp, set_up, take

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact")
    return world


def plb(text, *items):
    """The same remittance with the references of its PLB written out."""
    for code, reference in items:
        text = text.replace(f"{code}:REF", f"{code}:{reference}", 1)
    return text


@pytest.mark.rule("B9.plb")
def test_a_forwarded_balance_is_carried_until_it_is_back_at_zero(world):
    """85.00 is taken back where nothing is paid: carried forward; 40 and 45 come out of the next two checks."""
    with world.open():
        claim, second, third = (claimed(world, world.aetna, last=name) for name in ("A", "B", "C"))
        answer(clp(claim, *EX1), trace="T1", **AETNA)
        take(
            plb(remit(clp(claim, *BACK), trace="T2", plb=[("FB", "-85")], amount="0", **AETNA), ("FB", "T2"))
        )
        [standing] = takebacks.standings(takebacks.tracker())
        assert (standing.payer, standing.forward, standing.recoup) == ("AETNA", D("-85.00"), 0)
        one = remit(clp(second, *EX1, icn="B"), trace="T3", plb=[("FB", "40")], **AETNA)
        take(plb(one, ("FB", "T2")))
        assert takebacks.standings(takebacks.tracker())[0].forward == D("-45.00")
        two = remit(clp(third, *EX1, icn="C"), trace="T4", plb=[("FB", "45")], **AETNA)
        take(plb(two, ("FB", "T2")))
        assert takebacks.tracker() == []
        assert {item.note for item in ProviderAdjustment.objects.all()} == {"Back to zero: checks T2, T3, T4"}
        assert all(
            tie.difference == 0
            for tie in deposits.deposits(list(Remittance.objects.all()), date(2026, 3, 20))
        )


@pytest.mark.rule("B9.plb")
def test_a_takeback_names_who_was_overpaid_and_both_checks(world):
    with world.open():
        old, new = claimed(world, world.aetna, last="Old"), claimed(world, world.aetna, last="New")
        answer(clp(old, *EX1, icn="ICN77"), trace="T1", **AETNA)
        take(
            plb(
                remit(clp(new, *EX1, icn="N"), trace="T9", plb=[("WO", "20")], **AETNA),
                ("WO", "ICN77 20260309"),
            )
        )
        [entry] = takebacks.tracker()
        assert (entry.claim, entry.is_suggested) == (old, True)
        assert (entry.check.trace_number, entry.overpaid_by) == ("T9", "T1")
        with pytest.raises(BadInput):
            takebacks.link(entry.item, None, " ")
        takebacks.link(entry.item, old, "")
        with pytest.raises(CannotPost):
            takebacks.link(entry.item, None, "second thoughts")
        [entry] = takebacks.tracker(is_open=False)
        assert (entry.claim, entry.is_suggested) == (old, False)


@pytest.mark.rule("B9.plb")
def test_a_refund_of_ours_closes_what_was_announced_and_waits_to_be_closed_itself(world):
    """-85 announced; our check of 85 goes out; WO 85 and 72 -85 say that it came: only the refund is left open."""
    with world.open():
        claim = claimed(world, world.aetna)
        answer(clp(claim, *EX1, icn="ICN7"), trace="T1", **AETNA)
        take(remit(clp(claim, *BACK, icn="ICN7"), trace="T2", plb=[("WO:ICN7", "-85")], amount="0", **AETNA))
        take(remit(trace="T3", plb=[("WO:ICN7", "85"), ("72:ICN7", "-85")], amount="0", **AETNA))
        [entry] = takebacks.tracker()
        assert (entry.item.code, entry.item.amount, entry.claim) == ("72", D("-85.00"), claim)
        [standing] = takebacks.standings([entry])
        assert (standing.recoup, standing.unexplained) == (0, D("-85.00"))
        takebacks.link(entry.item, None, "our check 1042 of March 3")
        assert takebacks.tracker() == []
        # Never announced: the two answer each other at once.
        take(remit(trace="T4", plb=[("WO:ICN8", "40"), ("72:ICN8", "-40")], amount="0", **AETNA))
        assert takebacks.tracker() == []


def test_interest_and_other_items_do_not_answer_each_other(world):
    with world.open():
        one, two = claimed(world, world.aetna, last="A"), claimed(world, world.aetna, last="B")
        answer(clp(one, *EX1), trace="T1", plb=[("L6", "-5")], **AETNA)
        answer(clp(two, *EX1, icn="B"), trace="T2", plb=[("L6", "5")], **AETNA)
        assert [entry.item.amount for entry in takebacks.tracker()] == [5, -5]


@pytest.mark.rule("B13.deposit")
def test_a_deposit_ties_books_and_bank_and_says_what_breaks(world):
    with world.open():
        claim = claimed(world, world.aetna)
        [row] = answer(clp(claim, *EX1), trace="000EFT77", **AETNA)
        check = [row.remittance]
        assert deposits.deposits(check, date(2026, 3, 20))[0].breaks == ()
        assert deposits.deposits(check, date(2026, 4, 20))[0].breaks == ("not seen at the bank",)
        deposits.add_line(date(2026, 3, 17), D("85.00"), "AETNA HCCLAIMPMT TRN*1*EFT77*1066033492")
        line, is_new = deposits.add_line(
            date(2026, 3, 17), D("85.00"), "AETNA HCCLAIMPMT TRN*1*EFT77*1066033492"
        )
        assert (is_new, line.remittance) == (False, row.remittance)
        assert deposits.deposits(check, date(2026, 4, 20))[0].breaks == ()


def test_a_bank_line_without_trace_needs_one_candidate_near_its_day(world):
    with world.open():
        one, two = claimed(world, world.aetna, last="A"), claimed(world, world.aetna, last="B")
        answer(clp(one, *EX1), trace="T1", **AETNA)
        first, _ = deposits.add_line(date(2026, 3, 18), D("85.00"), "AETNA")
        assert first.remittance is not None
        answer(clp(two, *EX1, icn="B"), trace="T2", **AETNA)
        late, _ = deposits.add_line(date(2026, 3, 28), D("85.00"), "AETNA")
        assert late.remittance is None
        deposits.tie_by_hand(late, Remittance.objects.get(trace_number="T2"), "")
        assert deposits.unmatched() == []
        with pytest.raises(BadInput):
            deposits.tie_by_hand(
                BankLine.objects.get(pk=first.pk), Remittance.objects.get(trace_number="T2"), ""
            )


def test_the_banks_csv_is_read_whole_or_not_at_all(world):
    with world.open():
        text = b"Date,Description,Amount\n03/17/2026,AETNA 1,85.00\n2026-03-18,RENT,-900.00\n03/18/2026,X,1\xc2\xa02\n"
        with pytest.raises(BadInput, match="Line 4"):
            deposits.read_csv(text)
        assert BankLine.objects.count() == 0
        good = b"Date,Description,Amount\n03/17/2026,AETNA 1,85.00\n2026-03-18,RENT,-900.00\n"
        assert deposits.read_csv(good) == (1, 0)
        assert deposits.read_csv(good) == (0, 1)
        wide = good.decode().replace(",", ";").encode("utf-16")  # as some spreadsheets save it
        assert deposits.read_csv(wide) == (0, 1)
        for bad in (b"", b"\xff\xfe", b"day,sum\n1,2\n"):
            with pytest.raises(BadInput):
                deposits.read_csv(bad)


def test_the_pages_and_the_api_show_the_same(world, client):
    client.force_login(world.users["biller"])
    with world.open():
        claim = claimed(world, world.aetna)
        [row] = answer(clp(claim, *EX1), trace="T1", plb=[("WO", "6")], **AETNA)
    page = client.get(reverse("responses:takebacks")).content.decode()
    assert "Overpayment taken back" in page
    assert "T1" in client.get(reverse("responses:takebacks"), {"format": "csv"}).content.decode()
    assert "79.00" in client.get(reverse("responses:deposits")).content.decode()
    assert "79.00" in client.get(reverse("responses:deposits"), {"format": "csv"}).content.decode()
    told = client.post(reverse("responses:bank"), {"on": "2026-03-17", "amount": "80.00", "reference": "odd"})
    assert told.status_code == 302
    assert client.post(reverse("responses:bank"), {"reference": "no amount"}).status_code == 409
    [line] = client.get(reverse("responses-api:bank")).json()
    address = reverse("responses:bank-line", args=[line["id"]])
    assert client.post(address, {"trace_number": "nothing"}).status_code == 409
    by_api = reverse("responses-api:bank-line", args=[line["id"]])
    assert client.post(by_api, {}, content_type="application/json").status_code == 400, (
        "which check, or what it was"
    )
    said = client.post(by_api, {"note": "rent"}, content_type="application/json").json()
    assert (said["note"], said["remittance"]) == ("rent", None)
    assert client.post(address, {"trace_number": "T1"}).status_code == 302
    text = b"Date,Description,Amount\n03/17/2026,AETNA 1,85.00\n03/17/2026,RENT,-900.00\n"
    file = {"file": SimpleUploadedFile("bank.csv", text)}
    bank = reverse("responses-api:bank")
    assert client.post(bank, file).json() == {"new": 1, "known": 0}
    assert client.post(bank, {"file": SimpleUploadedFile("bank.csv", b"no columns\n")}).status_code == 400
    assert client.post(bank, {"reference": "no amount"}).status_code == 400
    assert client.get(reverse("responses-api:takebacks"), {"code": "FB"}).json()["items"] == []
    [tie] = client.get(reverse("responses-api:deposits")).json()
    assert client.get(reverse("responses-api:deposits"), {"after": tie["remittance"]}).json() == []
    assert tie["breaks"] == ["the bank got 80.00"]
    [item] = client.get(reverse("responses-api:takebacks")).json()["items"]
    link = reverse("responses-api:takeback", args=[row.remittance.public_id, item["ordinal"]])
    assert client.post(link, {"note": "old refund"}, content_type="application/json").status_code == 200
    assert client.get(reverse("responses-api:takebacks")).json()["items"] == []
