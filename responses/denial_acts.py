"""What is done with many denied or underpaid answers at once: call, appeal, resend, write off, outcome.

Each answer is its own transaction: one that refuses is told with its reason and leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from billing import balances, writeoffs
from billing.enums import WriteOffType
from billing.writeoffs import WriteOff
from claims import corrections, lifecycle
from clinics import audit
from clinics.calendar import clinic_day
from clinics.errors import BadInput, Refusal
from clinics.scoping import current_actor
from lib.money import ZERO
from responses import letters, manual
from responses.denials import Item
from responses.manual import WAITING
from responses.models import FollowUp

Kind = FollowUp.Kind


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants done: words, who was spoken to, the reference, when to look again."""

    act: str  # call, appeal, note, resend, write_off, won, partly, lost
    text: str = ""
    person: str = ""
    reference: str = ""
    promised_on: date | None = None
    frequency: str = "7"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one answer."""

    item: Item
    ok: bool
    said: str


ACTS = {
    "call": "Log a call",
    "appeal": "Write appeals",
    "resend": "Correct and resend",
    "write_off": "Write off",
    "note": "Note",
    "won": "Paid after all",
    "partly": "Paid in part",
    "lost": "Upheld",
}


def act_on(items: Iterable[Item], wanted: Wanted, *, role: str, at: datetime, key: str) -> list[Done]:
    """Do it for each; returns what became of every one, in order. Raises BadInput before anything is done."""
    if wanted.act not in ACTS:
        raise BadInput(f"An act is one of {', '.join(ACTS)}.", code="unknown_act")
    if not wanted.text.strip():
        raise BadInput("Write down what was said or why; the next person will ask.", code="reason_missing")
    works: dict[str, Callable[[Item], str]] = {
        "resend": lambda item: _resend(item, wanted, at),
        "write_off": lambda item: _write_off(item, wanted, role, at, key),
    }
    work = works.get(wanted.act, lambda item: _follow_up(item, wanted))
    done = []
    for item in items:
        try:
            with transaction.atomic():
                done.append(Done(item, True, work(item)))
        except Refusal as refusal:
            done.append(Done(item, False, refusal.message))
    return done


def _follow_up(item: Item, wanted: Wanted) -> str:
    """A call, an appeal or a note; or what came of the last one."""
    outcome = wanted.act if wanted.act in FollowUp.Outcome.values else ""
    kind = Kind(wanted.act) if wanted.act in Kind.values else Kind.NOTE
    made = FollowUp.objects.create(
        response=item.row, kind=kind, cause=item.code[:20], text=wanted.text.strip()[:1000],
        person=wanted.person[:80], reference=wanted.reference[:50], promised_on=wanted.promised_on,
        outcome=outcome, created_by=current_actor(),
        letter=letters.fill(wanted.text, item) if kind == Kind.APPEAL else "",
    )  # fmt: skip
    audit.record(
        "response.follow_up",
        "claim_response",
        item.row.public_id,
        follow_up=made.kind,
        outcome=outcome,
        cause=made.cause,
    )
    said = (
        f"{made.get_kind_display()}: {made.text}"
        if not outcome
        else f"{made.get_outcome_display()}: {made.text}"
    )
    if item.row.claim is not None:
        lifecycle.note(item.row.claim, "note", said[:300])
    return made.get_kind_display() if not outcome else made.get_outcome_display()


def _resend(item: Item, wanted: Wanted, at: datetime) -> str:
    claim = item.row.claim
    assert claim is not None
    made = corrections.duplicate(claim, wanted.frequency, wanted.text.strip()[:200], today=clinic_day(at))
    return f"New version {made.control_number}"


def _write_off(item: Item, wanted: Wanted, role: str, at: datetime, key: str) -> str:
    """Post what the payer sent, if nobody has, and write off what it denied, within the role's limit."""
    row = item.row
    claim = row.claim
    assert claim is not None
    if row.state in WAITING:
        row = manual.post_as_remitted(row, at=at, reason=wanted.text)
    lines = balances.lines([line.charge_id for line in claim.lines.all()])
    left = sum((line.insurers.get(claim.rank, ZERO) for line in lines.values()), ZERO)
    amount = min(item.amount, left)
    if amount <= ZERO:
        raise Refusal("Nothing is open at this insurer any more.", code="nothing_open")
    kind = WriteOffType.TIMELY_FILING if item.code.endswith("-29") else WriteOffType.ADMINISTRATIVE
    off = WriteOff(str(claim.rank), kind, amount, f"{item.code}: {wanted.text.strip()}"[:200])
    writeoffs.write_off(
        claim.invoice, off, role=role, today=clinic_day(at), key=f"denial:{row.public_id}:{key}"
    )
    return f"{amount} written off"
