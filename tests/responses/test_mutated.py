"""Damaged, altered and shuffled remittances taken in: never a crash, never money out of a file that does not add up."""

from __future__ import annotations

import random
import re
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum

from billing.models import LedgerEntry, Receipt
from responses.deposits import deposits
from responses.models import Remittance
from tests.cast import TODAY, make_world
from tests.responses.edi import remit
from tests.responses.stage import AETNA, claimed, clp, set_up, take
from tests.scenarios.stage import wrong

pytestmark = pytest.mark.django_db
ROUNDS = 30
AMOUNT = re.compile(r"(?<=\*)-?\d+(?:\.\d+)?(?=[*~])")


def altered(text: str, dice: random.Random) -> str:
    """One to three changes: a segment lost, doubled, swapped or cut, an amount or a character changed."""
    for _ in range(dice.randint(1, 3)):
        segments = re.split("(?<=~\n)", text)
        one, other = dice.randrange(len(segments)), dice.randrange(len(segments))
        kind = dice.choice(("lose", "double", "swap", "cut", "amount", "character"))
        if kind == "lose":
            segments[one] = ""
        elif kind == "double":
            segments[one] *= 2
        elif kind == "swap":
            segments[one], segments[other] = segments[other], segments[one]
        elif kind == "cut":
            segments[one] = segments[one][: len(segments[one]) // 2]
        elif kind == "amount":
            amount = dice.choice(("1", "-85", "0.01", "999999999", "1e9", "", "85.005"))
            segments[one] = AMOUNT.sub(amount, segments[one], count=1)
        elif segments[one]:
            place = dice.randrange(len(segments[one]))
            segments[one] = segments[one][:place] + dice.choice("*~:^A9- é\x00") + segments[one][place + 1 :]
        text = "".join(segments)
    return text


@pytest.mark.rule("B9.E02")
def test_altered_files_never_crash_and_only_what_adds_up_is_booked():
    """Every invariant holds after each; an unbalanced or damaged remittance has no receipt and no ledger row."""
    dice = random.Random(6)
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact", unlisted_codes="post_as_denial")
        claims = [claimed(world, world.aetna, last=f"Doe{n}", paid="25.00") for n in range(3)]
    for number in range(ROUNDS):
        with world.open():
            paid = [
                clp(claim, "1", "150", "85", ("CO", "45", "40"), ("PR", "3", "25"), icn=f"I{number}{place}")
                for place, claim in enumerate(claims)
            ]
            back = clp(
                claims[0], "22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25"), icn=f"I{number - 1}0"
            )
            text = remit(*paid, back, trace=f"T{number}", plb=[("WO", "6")], **AETNA)
            with transaction.atomic():
                take(altered(text, dice))
    with world.open():
        assert not wrong()
        rows = list(Remittance.objects.all())
        assert len({row.state for row in rows}) > 1, "the changes left some whole and broke some"
        for row in rows:
            if not row.is_balanced:
                assert row.receipt_id is None
                assert not LedgerEntry.objects.filter(txn__source_key=row.public_id).exists()
        assert all(tie.difference == 0 for tie in deposits(rows, TODAY) if tie.row.receipt_id)
        cash = LedgerEntry.objects.filter(account="cash", receipt__kind="insurance").aggregate(
            sum=Sum("amount")
        )["sum"]
        received = Receipt.objects.filter(kind="insurance").aggregate(sum=Sum("amount"))["sum"]
        assert (cash or Decimal("0.00")) == (received or Decimal("0.00"))
