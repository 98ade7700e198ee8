"""A posted claim ties to the cent, and the same remittance again is a recorded no-op (I-5c, I-10, I-11)."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Sum

from billing import balances, verification
from billing.models import LedgerEntry, LedgerTxn, Receipt
from claims import queue
from claims.models import Claim
from clearinghouses.models import InboundFile
from responses import manual, undo
from responses.models import ClaimResponse, Remittance
from responses.receipts import tie
from tests.responses.edi import Clp, remit
from tests.responses.stage import AETNA, BACK, EX1, clp
from tests.scenarios.stage import Story, money, wrong

pytestmark = pytest.mark.django_db(transaction=True)
MAR_9, MAR_16, MAR_23 = date(2026, 3, 9), date(2026, 3, 16), date(2026, 3, 23)


def sent(story: Story, last: str, cash: str = "") -> Claim:
    """A claim on its way to Aetna; auto-pay is on."""
    with story.on(MAR_9) as at:
        story.setting("autopay_claims", "post")
        story.setting("reversals", "auto_if_exact")
        patient = story.insured("Pat", last, "SILENT-1", story.world.aetna, today=MAR_9)
        claim = queue.one_click(story.check_out(story.treat(patient, at), at, cash).invoice, MAR_9)
    story.submit_all(MAR_9)
    return claim


def answer(story: Story, claim: Claim, *told: object, icn: str = "ICN1") -> Clp:
    with story.world.open():
        return clp(claim, *told, icn=icn)  # type: ignore[arg-type]


def books(story: Story) -> dict[str, object]:
    """Every row that is money, and the state of every claim and answer: what a repeat may not change."""
    what = ("account", "amount", "charge_id", "receipt_id")
    with story.world.open():
        return {
            "entries": list(LedgerEntry.objects.order_by("pk").values_list(*what)),
            "txns": list(LedgerTxn.objects.order_by("pk").values_list("key", flat=True)),
            "receipts": list(Receipt.objects.order_by("pk").values_list("amount", "unapplied")),
            "claims": list(Claim.objects.order_by("pk").values_list("state", "outcome")),
            "answers": list(ClaimResponse.objects.order_by("pk").values_list("state", "txn_key")),
        }  # fmt: skip


def proven(story: Story) -> None:
    """In process and by the command: all zero."""
    with story.world.open():
        assert not wrong()
        looked = verification.run()
        assert looked["I-5c an insurer's receipt = posted + escrow - provider-level, to the cent"].rows
    out = StringIO()
    call_command("ledger", "verify", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["ok"] and not any(check["violations"] for check in told["checks"])


def ties(story: Story) -> None:
    """receipt = posted claim payments + escrow - PLB, worked out from the entries of each receipt."""
    with story.world.open():
        for row in Remittance.objects.exclude(receipt=None):
            assert tie(row)["difference"] == 0, row.trace_number
            own = dict(
                LedgerEntry.objects.filter(receipt=row.receipt).values_list("account").annotate(Sum("amount"))
            )
            posted = -sum(amount for account, amount in own.items() if account.startswith("ar:"))
            plb = sum(amount for account, amount in own.items() if account.startswith("provider_level:"))
            assert row.amount == posted - own.get("escrow", 0) - plb, row.trace_number


@pytest.mark.rule("I-5c", "B9.E01")
def test_the_same_file_and_the_same_remittance_in_a_new_envelope_change_nothing(story: Story) -> None:
    first, second = sent(story, "One", "25.00"), sent(story, "Two")
    text = remit(
        answer(story, first, *EX1),
        answer(story, second, *EX1, icn="ICN2"),
        trace="E1",
        plb=[("WO", "6")],
        **AETNA,
    )
    story.mail(text.encode(), story.at(MAR_16), "monday.835")
    proven(story)
    ties(story)
    before = books(story)
    with story.world.open():
        assert Remittance.objects.get().amount == 164
        assert balances.escrow(Receipt.objects.get(kind="insurance").pk) == 0
    story.mail(text.encode(), story.at(MAR_16, 11), "monday_again.835")
    assert books(story) == before
    story.mail(
        text.replace("000000001", "000000002").replace("*777", "*778").encode(), story.at(MAR_23), "other.835"
    )
    assert books(story) == before
    with story.world.open():
        assert sorted(InboundFile.objects.values_list("times_received", flat=True)) == [1, 2]
        assert Remittance.objects.get().times_received >= 2, "the repeat is counted on the first"
    proven(story)
    ties(story)


@pytest.mark.rule("B9.E11", "I-6")
def test_a_reversal_in_another_check_leaves_both_receipts_whole(story: Story) -> None:
    """rules.md B9 example 4: 85 posted; the next check takes it back and pays 70."""
    claim = sent(story, "One", "25.00")
    story.mail(remit(answer(story, claim, *EX1), trace="E1", **AETNA).encode(), story.at(MAR_16))
    text = remit(
        answer(story, claim, *BACK),
        answer(story, claim, "1", "150", "70", ("CO", "45", "40"), ("PR", "3", "25"), ("PR", "2", "15"), icn="ICN2"),
        trace="E2", plb=[("FB", "-15")], amount="0", day="20260323", **AETNA,
    )  # fmt: skip
    story.mail(text.encode(), story.at(MAR_23))
    with story.world.open():
        line = money(claim.invoice)
        assert (line.paid_by_insurers, line.patient, line.insurer_open) == (70, 15, 0)
        by_check = dict(
            LedgerEntry.objects.filter(account="ar:1", receipt__isnull=False)
            .values_list("receipt__memo")
            .annotate(Sum("amount"))
        )
        assert by_check == {"E1": -85, "E2": 15}, "each check keeps its own: 85 paid, then 15 taken back"
    proven(story)
    ties(story)


def test_a_reversal_alone_waits_for_money_that_can_bear_it(story: Story) -> None:
    """rules.md B9 example 3's other half: the taken-back 85 is netted by another patient's payment."""
    first, second = sent(story, "One"), sent(story, "Two")
    story.mail(remit(answer(story, first, *EX1), trace="E1", **AETNA).encode(), story.at(MAR_16))
    text = remit(
        answer(story, first, *BACK),
        answer(story, second, "1", "150", "125", ("PR", "3", "25"), icn="ICN9"),
        trace="E2", day="20260323", **AETNA,
    )  # fmt: skip
    story.mail(text.encode(), story.at(MAR_23))
    with story.world.open():
        assert Receipt.objects.get(memo="E2").amount == 40
        assert (money(first.invoice).insurers[1], money(second.invoice).insurers[1]) == (125, 0)
    proven(story)
    ties(story)


def test_zero_payments_unbalanced_checks_and_undo_tie_as_well(story: Story) -> None:
    claims = [sent(story, name) for name in ("Zero", "Off", "Undone")]
    zero = answer(story, claims[0], "1", "150", "0", ("CO", "45", "40"), ("PR", "1", "110"))
    story.mail(remit(zero, trace="E0", **AETNA).encode(), story.at(MAR_16))
    off = remit(answer(story, claims[1], *EX1, icn="ICN2"), trace="E1", amount="86", **AETNA)
    story.mail(off.encode(), story.at(MAR_16, 11))
    undone = remit(answer(story, claims[2], *EX1, icn="ICN3"), trace="E2", **AETNA)
    story.mail(undone.encode(), story.at(MAR_16, 12))
    proven(story)
    with story.on(MAR_23) as at:
        row = ClaimResponse.objects.get(claim=claims[1])
        assert (row.state, row.codes) == ("exception", ["E02"])
        manual.post_as_remitted(row, at=at)
        assert balances.escrow(Receipt.objects.get(memo="E1").pk) == 1
        undo.unpost(ClaimResponse.objects.get(claim=claims[2]), reason="wrong patient", at=at)
        assert balances.escrow(Receipt.objects.get(memo="E2").pk) == 85
        assert money(claims[0].invoice).patient == 110
    proven(story)
    ties(story)


def test_every_money_scenario_of_the_sandbox_ties(story: Story) -> None:
    """Reversal and correction, takeback, the same file three times, underpayment: two rounds, so that debts are met."""
    members = ("REVERSE", "TAKEBACK", "DUPFILE", "UNDERPAY", "DEDUCT", "COPAY25", "DENY16")
    for round_, day in enumerate((MAR_9, MAR_16)):
        with story.on(day) as at:
            story.setting("autopay_claims", "post")
            story.setting("reversals", "auto_if_exact")
            for member in members:
                patient = story.insured(
                    "Pat", member.title(), f"{member}-{round_}", story.world.aetna, today=day
                )
                queue.one_click(story.check_out(story.treat(patient, at), at).invoice, day)
        story.submit_all(day)
        story.answers(day)
    with story.world.open():
        states = set(ClaimResponse.objects.values_list("state", flat=True))
        assert {"auto_posted", "reversed", "exception"} <= states
        assert LedgerEntry.objects.filter(account="provider_level:WO").exists()
        assert LedgerEntry.objects.filter(account="provider_level:FB").exists()
    proven(story)
    ties(story)
