"""A file in, its answers out, each with the moment it is due: TA1, 999, 277CA twice, 835 and what follows.

Pure but for the memory it is given: the same input, memory, time and seed give the same bytes. Moments are
counted in delays (SANDBOX_DELAY_SECONDS): 999 at half a delay, the clearinghouse's 277CA at one, the payer's
at two, the 835 at three, later files at five.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from clearinghouses.sandbox.adjudicating import adjudicate, correct, cross_over, reverse
from clearinghouses.sandbox.checking import Verdict, check
from clearinghouses.sandbox.claim_acks import Decision, clearinghouse_ack, decide, payer_ack
from clearinghouses.sandbox.claim_status import note_decisions, note_payment
from clearinghouses.sandbox.claim_status import respond as tell_status
from clearinghouses.sandbox.contracts import PayerContract, find_payer
from clearinghouses.sandbox.eligibility import is_said_twice, respond
from clearinghouses.sandbox.memory import Memory
from clearinghouses.sandbox.paying import Payee, pay, take_back_later
from clearinghouses.sandbox.scenarios import Scenario
from lib.frozen import freeze, thaw
from x12.documents.parties import Reference
from x12.documents.remittance import ClaimPayment, Remittance
from x12.documents.write_835 import write_835
from x12.documents.write_acks import VERSION_277CA, VERSION_999, write_277ca, write_999, write_ta1
from x12.documents.write_eligibility import VERSION_271, write_271
from x12.documents.write_inquiry import VERSION_277, write_277
from x12.envelope import Interchange
from x12.folding import fold
from x12.writer import GroupText, InterchangeHeader, TransactionText, WriteError, write_interchange

VERSION_835 = "005010X221A1"
OUR_COMPANY = "9SANDBOX00"  # TRN03 of a 271: who traced it
logger = logging.getLogger("sandbox")
AT_ONCE, SYNTAX, CLEARINGHOUSE, PAYER, PAYMENT, LATER = 0.0, 0.5, 1.0, 2.0, 3.0, 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A file for the account's outbound folder, ``delays`` after the input came."""

    name: str
    content: bytes
    delays: float


def answer(
    content: bytes, memory: Memory, at: datetime, *, seed: int = 1, folder: Path | None = None
) -> list[Answer]:
    """All answers to one file, in the order they are due; none for what is no X12. Never raises for input."""
    verdict = check(content, memory, at)
    if verdict.interchange is None or verdict.ack is None:
        return []
    desk = _Desk(verdict.interchange, memory, at, seed)
    try:
        return _answers(verdict, desk, folder)
    except WriteError as error:  # something in it cannot be said back: the whole file is refused
        logger.warning("a file was refused: %s at %s", error.code, error.place)
        ack = replace(verdict.ack, status="R", note="024")
        return [desk.file("TA1", [], AT_ONCE, acks=[write_ta1(ack)])]


def _answers(verdict: Verdict, desk: _Desk, folder: Path | None) -> list[Answer]:
    assert verdict.interchange is not None
    assert verdict.ack is not None
    found: list[Answer] = []
    if verdict.interchange.ack_requested or not verdict.is_accepted:
        found.append(desk.file("TA1", [], AT_ONCE, acks=[write_ta1(verdict.ack)]))
    if not verdict.is_accepted:
        return found
    if verdict.functional:
        texts = [TransactionText("999", "", write_999(ack), VERSION_999) for ack in verdict.functional]
        found.append(desk.file("999", [("FA", VERSION_999, texts)], SYNTAX))
    decisions = decide(verdict, desk.memory, desk.at, desk.seed)
    if decisions:
        note_decisions(desk.memory, decisions)
        found += _claim_acks(desk, verdict, decisions)
        found += _payments(desk, decisions, folder)
    found += _coverage(desk, verdict, folder)
    found += _statuses(desk, verdict)
    return sorted(found, key=lambda item: item.delays)


class _Desk:
    """Writes envelopes back to the sender, with the sandbox's own control numbers."""

    def __init__(self, interchange: Interchange, memory: Memory, at: datetime, seed: int) -> None:
        self.interchange = interchange
        self.memory = memory
        self.at = at
        self.seed = seed
        self.group = interchange.groups[0] if interchange.groups else None

    def file(
        self,
        kind: str,
        groups: Sequence[tuple[str, str, Sequence[TransactionText]]],
        delays: float,
        acks: Sequence[str] = (),
    ) -> Answer:
        """One interchange; ST02 are counted from 0001 in each group."""
        came, number = self.interchange, self.memory.next("interchange")
        header = InterchangeHeader(
            sender_id=fold(came.receiver)[:15].strip() or "SANDBOX",
            receiver_id=fold(came.sender)[:15].strip() or "UNKNOWN",
            control_number=number,
            created_at=self.at,
            sender_qualifier=_qualifier(came.receiver_qualifier),
            receiver_qualifier=_qualifier(came.sender_qualifier),
            usage=came.usage if came.usage in ("P", "T") else "T",
        )
        texts = [
            GroupText(
                functional_code=code,
                sender_code=_code(self.group.receiver if self.group else "", "SANDBOX"),
                receiver_code=_code(self.group.sender if self.group else "", "UNKNOWN"),
                control_number=number,
                version=version,
                transactions=[
                    TransactionText(t.set_id, f"{place:04d}", t.lines, t.version)
                    for place, t in enumerate(transactions, 1)
                ],
            )
            for code, version, transactions in groups
        ]
        content = write_interchange(header, texts, acks)
        suffix = {"TA1": "ta1", "835": "835", "999": "999", "271": "271", "277": "277"}.get(kind, "277ca")
        return Answer(f"{number:06d}_{kind}_{_plain(came.control_number)}.{suffix}", content, delays)

    def remittance(self, remittance: Remittance, delays: float) -> Answer:
        """One 835 in its own interchange."""
        text = TransactionText("835", "", write_835(remittance))
        return self.file("835", [("HP", VERSION_835, [text])], delays)


def _code(value: str, default: str) -> str:
    value = fold(value)
    return value if 2 <= len(value) <= 15 else default


def _qualifier(value: str) -> str:
    return value if len(value) == 2 and value.isascii() and value.isalnum() else "ZZ"


def _claim_acks(desk: _Desk, verdict: Verdict, decisions: list[Decision]) -> list[Answer]:
    """The clearinghouse's own 277CA for all, then one of each payer that is not silent."""
    created = f"{desk.at:%H%M}"
    own = [
        TransactionText(
            "277",
            "",
            write_277ca(clearinghouse_ack(t, decisions, desk.memory, desk.at), created),
            VERSION_277CA,
        )
        for _, t in verdict.taken
    ]
    found = [desk.file("277CA", [("HN", VERSION_277CA, own)], CLEARINGHOUSE)]
    speaking = [d for d in decisions if d.reaches_payer and d.scenario is not Scenario.SILENT]
    for payer_id in dict.fromkeys(d.claim.payer.identifier for d in speaking):
        texts = []
        for _, transaction in verdict.taken:
            mine = [
                d for d in speaking if d.transaction is transaction and d.claim.payer.identifier == payer_id
            ]
            if mine:
                lines = write_277ca(payer_ack(transaction, mine, desk.memory, desk.at), created)
                texts.append(TransactionText("277", "", lines, VERSION_277CA))
        found.append(desk.file(f"277CA-{_plain(payer_id)}", [("HN", VERSION_277CA, texts)], PAYER))
    return found


def _coverage(desk: _Desk, verdict: Verdict, folder: Path | None) -> list[Answer]:
    """One 271 for each 270 that a payer answers."""
    found: list[Answer] = []
    for asked in verdict.asked:
        told = respond(asked, desk.at, folder)
        if told is not None:
            text = TransactionText("271", "", write_271(told, OUR_COMPANY, desk.at), VERSION_271)
            made = desk.file("271", [("HB", VERSION_271, [text])], CLEARINGHOUSE)
            found.append(made)
            if is_said_twice(asked):  # the same bytes renamed, then the same answer in a new envelope
                found.append(Answer(f"copy_{made.name}", made.content, PAYER))
                found.append(desk.file("271", [("HB", VERSION_271, [text])], LATER))
    return found


def _statuses(desk: _Desk, verdict: Verdict) -> list[Answer]:
    """One 277 for each 276 that a payer answers."""
    found: list[Answer] = []
    for asked in verdict.inquiries:
        told = tell_status(asked, desk.memory, desk.at)
        if told is not None:
            text = TransactionText("277", "", write_277(told, desk.at), VERSION_277)
            found.append(desk.file("277", [("HN", VERSION_277, [text])], CLEARINGHOUSE))
    return found


def _payments(desk: _Desk, decisions: list[Decision], folder: Path | None) -> list[Answer]:
    """The 835 files, by payer and payee."""
    buckets: dict[tuple[str, Payee], list[Decision]] = {}
    for decision in decisions:
        if decision.is_adjudicated:
            key = (decision.claim.payer.identifier, Payee.of(decision.claim.billing_provider))
            buckets.setdefault(key, []).append(decision)
    found: list[Answer] = []
    for (payer_id, payee), mine in buckets.items():
        payer = find_payer(payer_id, mine[0].claim.payer.name, folder)
        found += _pay_one_payer(desk, payer, payee, mine, folder)
    return found


def _pay_one_payer(
    desk: _Desk, payer: PayerContract, payee: Payee, decisions: list[Decision], folder: Path | None
) -> list[Answer]:
    memory, day, seed = desk.memory, desk.at.date(), desk.seed
    answers = [(d, adjudicate(d.claim, d.scenario, payer, d.claim_number)) for d in decisions]
    found: list[Answer] = []

    def send(payments: Iterable[ClaimPayment], delays: float, by: PayerContract = payer) -> Answer:
        remittance = pay(by, payee, list(payments), memory, day, seed)
        made = desk.remittance(remittance, delays)
        found.append(made)
        for told in remittance.claims:
            if told.status_code != "22":
                note_payment(memory, told.control_number, told, remittance.trace_number)
        return made

    voids = [(d, payment) for d, payment in answers if d.is_void]
    if voids:
        send([_take_back(d, payment, memory) for d, payment in voids], PAYMENT)
    again = [(d, payment) for d, payment in answers if d.names_earlier and not d.is_void]
    if again:  # the earlier answer is reversed, the new one names it (REF*F8)
        send(
            [one for d, payment in again for one in (_take_back(d, payment, memory), _anew(d, payment))],
            PAYMENT,
        )
    for d, payment in answers:
        if d.scenario is not Scenario.REVERSE and not d.is_void:
            memory.decided[d.claim_number] = d.claim.control_number
            memory.paid[d.claim_number] = freeze(payment)
    answers = [(d, payment) for d, payment in answers if not d.names_earlier]
    special = (Scenario.TAKEBACK, Scenario.DUPFILE)
    with_debt = [payment for d, payment in answers if d.scenario is Scenario.TAKEBACK]
    if with_debt:
        send(with_debt, PAYMENT)
        for payment in with_debt:
            take_back_later(payer, payee, payment, memory)
    usual = [payment for d, payment in answers if d.scenario not in special]
    if usual:  # after a takeback in the same batch this is the later file that bears it
        send(usual, LATER if with_debt else PAYMENT)
    twice = [payment for d, payment in answers if d.scenario is Scenario.DUPFILE]
    if twice:
        remittance = pay(payer, payee, twice, memory, day, seed)
        for payment in twice:
            note_payment(memory, payment.control_number, payment, remittance.trace_number)
        first = desk.remittance(remittance, PAYMENT)
        renamed = Answer(f"copy_{first.name}", first.content, PAYMENT + 1)
        found += [first, renamed, desk.remittance(remittance, LATER)]
    for decision, payment in answers:
        if decision.scenario is Scenario.REVERSE and payment.paid > 0:
            number = memory.serial("claim", seed)
            send([reverse(payment), correct(payment, number)], LATER)
        if payment.status_code == "19" and payment.crossover_carrier is not None:
            carrier = payment.crossover_carrier
            other = find_payer(carrier.identifier, carrier.last_name, folder)
            number = memory.serial("claim", seed)
            send([cross_over(decision.claim, payment, other, number)], LATER, other)
    return found


def _take_back(decision: Decision, payment: ClaimPayment, memory: Memory) -> ClaimPayment:
    """The answer that a void or replacement names, every sign turned, under the number it was paid under."""
    number = decision.claim.payer_claim_number
    stored = memory.paid.pop(number, None)
    first = payment if stored is None else thaw(ClaimPayment, stored)
    first = replace(first, control_number=decision.takes_back, payer_control_number=number)
    return reverse(replace(first, frequency_code="1"))


def _anew(decision: Decision, payment: ClaimPayment) -> ClaimPayment:
    """A replacement's own answer; it names the claim it corrects."""
    return replace(payment, references=(Reference("F8", decision.claim.payer_claim_number),))


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isalnum())[:15] or "PAYER"
