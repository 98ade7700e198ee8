"""Damaged, altered and shuffled remittances taken in: never a crash, never money out of a file that does not add up."""

from __future__ import annotations

import os
import random
import re
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum

from billing.models import LedgerEntry, Receipt
from clearinghouses.inbound import receive
from clearinghouses.models import InboundFile
from responses import inbox
from responses.deposits import deposits
from responses.models import Remittance
from tests.cast import NOW, TODAY, make_world
from tests.responses.edi import remit
from tests.responses.stage import AETNA, claimed, clp, set_up
from tests.scenarios.stage import wrong

pytestmark = pytest.mark.django_db
ROUNDS = int(os.environ.get("MUTATIONS", "30"))
SEED = int(os.environ.get("SEED", "6"))
AMOUNTS = ("1", "-85", "0.01", "999999999", "1e9", "", "85.005", "1" + "0" * 40, "-" + "9" * 13, "NaN", "Infinity",
           "1E400", "-0", "٨٥", "0x55", "85,00", "+85", " 85 ")  # fmt: skip
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
            amount = dice.choice(AMOUNTS)
            segments[one] = AMOUNT.sub(amount, segments[one], count=1)
        elif segments[one]:
            place = dice.randrange(len(segments[one]))
            segments[one] = segments[one][:place] + dice.choice("*~:^A9- é\x00") + segments[one][place + 1 :]
        text = "".join(segments)
    return text


def as_bytes(text: str, dice: random.Random) -> bytes:
    """The file as it arrives: mostly whole, else in another charset, cut, flipped, doubled or stuffed."""
    kind = dice.choice(("whole", "whole", "whole", "charset", "flip", "cut", "double", "stuff", "shuffle"))
    if kind == "charset":
        return text.encode(dice.choice(("utf-16", "utf-8-sig", "cp037", "latin-1", "utf-7")), "replace")
    content = bytearray(text.encode())
    if kind == "flip":
        for _ in range(dice.randint(1, 12)):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    elif kind == "cut":
        del content[dice.randrange(1, len(content)) :]
    elif kind == "double":
        content *= 2
    elif kind == "stuff":
        place = dice.randrange(len(content))
        content[place:place] = dice.randbytes(dice.choice((1, 200, 20_000)))
    elif kind == "shuffle":
        segments = bytes(content).split(b"~\n")
        middle = segments[2:-3]
        dice.shuffle(middle)
        return b"~\n".join([*segments[:2], *middle, *segments[-3:]])
    return bytes(content)


@pytest.mark.rule("B9.E02")
def test_altered_files_never_crash_and_only_what_adds_up_is_booked():
    """Every invariant holds after each; an unbalanced or damaged remittance has no receipt and no ledger row."""
    dice = random.Random(SEED)
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact", unlisted_codes="post_as_denial")
        claims = [claimed(world, world.aetna, last=f"Doe{n}", paid="25.00") for n in range(3)]
    rejected = 0
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
            before = LedgerEntry.objects.count()
            content = as_bytes(altered(text, dice), dice)
            with transaction.atomic():
                inbound, is_new = receive(content, "era.835", "upload")
                if is_new:
                    inbox.take(inbound, at=NOW)
            inbound.refresh_from_db()
            if inbound.state == InboundFile.State.REJECTED:
                assert LedgerEntry.objects.count() == before, "nothing of a rejected file is booked"
                rejected += 1
    with world.open():
        assert not wrong()
        rows = list(Remittance.objects.all())
        assert rejected, "some were no files at all"
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
