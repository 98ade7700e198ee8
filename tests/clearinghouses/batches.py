"""Files as a clinic would send them to the sandbox, made by the x12 room alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from clearinghouses.sandbox.answering import Answer, answer
from clearinghouses.sandbox.memory import Memory
from tests.x12.x12_cast import claim, service_line
from x12.documents.claim_ack import ClaimAck
from x12.documents.professional_claim import ClaimDocument, ClaimTransaction, Payer
from x12.documents.remittance import ClaimPayment, Remittance, remittance_balances
from x12.documents.write_837p import write_837p
from x12.reading import FileReading, read_file
from x12.writer import GroupText, InterchangeHeader, TransactionText, write_interchange

AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
AETNA = Payer("AETNA", "60054")
MEDICARE = Payer("MEDICARE", "MEDB1")


def for_member(
    member_id: str, number: str = "K7Q2M4X9BCD2", payer: Payer = AETNA, charge: str = "150.00"
) -> ClaimDocument:
    """One claim with one line (98941), its subscriber named by the scenario."""
    made = claim()
    party = replace(made.subscriber.party, identifier=member_id)
    line = replace(service_line(2, charge, "98941"), line_id=f"{number}-1")
    return replace(
        made,
        subscriber=replace(made.subscriber, party=party),
        payer=payer,
        control_number=number,
        total_charge=Decimal(charge),
        lines=(line,),
    )


def batch(*claims: ClaimDocument, number: int = 1, ta1: bool = True, sets: int = 1) -> bytes:
    """An interchange with the claims spread over ``sets`` transaction sets."""
    texts = []
    for place in range(sets):
        reference = f"{number * 10 + place:09d}"
        mine = tuple(claims[place::sets])
        transaction = ClaimTransaction(reference, AT.date(), "0930", claims=mine)
        texts.append(TransactionText("837", reference, write_837p(transaction), "005010X222A1"))
    header = InterchangeHeader("CLINIC", "SANDBOX", number, AT, ack_requested=ta1)
    return write_interchange(header, [GroupText("HC", "CLINIC", "SANDBOX", number, "005010X222A1", texts)])


def answers_to(content: bytes, memory: Memory | None = None) -> list[Answer]:
    """What the sandbox makes of it."""
    return answer(content, memory or Memory("alder"), AT)


def read(answers: Sequence[Answer], kind: str) -> list[FileReading]:
    """The answers of one kind, read and without errors."""
    found = []
    for item in answers:
        reading = read_file(item.content)
        assert not reading.has_errors, (item.name, list(reading.findings))
        if kind in reading.kinds:
            found.append(reading)
    return found


def remittances(answers: Sequence[Answer]) -> list[Remittance]:
    """The 835s in order, each of which must balance."""
    found = [t.document for reading in read(answers, "835") for t in reading.transactions]
    for remittance in found:
        assert isinstance(remittance, Remittance)
        assert remittance_balances(remittance)
    return found  # type: ignore[return-value]


def claim_acks(answers: Sequence[Answer]) -> list[ClaimAck]:
    """The 277CAs in order."""
    return [t.document for reading in read(answers, "277CA") for t in reading.transactions]  # type: ignore[misc]


def shares(payment: ClaimPayment) -> dict[str, str]:
    """``PR-3`` -> amount, over all lines."""
    found: dict[str, Decimal] = {}
    for line in payment.lines:
        for item in line.adjustments:
            key = f"{item.group}-{item.reason}"
            found[key] = found.get(key, Decimal(0)) + item.amount
    return {key: str(amount) for key, amount in found.items()}
