"""What a person does with an answer: post it, leave it, hold, dispute, or match it.

Each function locks the row, so that two clicks take turns and the second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from billing import ledger, writeoffs
from billing.enums import WriteOffType
from billing.writeoffs import WriteOff
from claims import lifecycle
from claims.models import Claim
from clinics import audit
from clinics.calendar import clinic_day
from clinics.errors import BadInput
from clinics.scoping import current_actor
from lib.frozen import thaw
from lib.money import total
from responses import by_hand, closing, posting, receipts, reversals
from responses import family as families
from responses.by_hand import ByHand
from responses.enums import MatchQuality, PostingState
from responses.errors import CannotPost
from responses.family import POSTED, Family
from responses.gates import Facts, Terms
from responses.layer_match import find_layer, names_of
from responses.line_match import match_lines, negated
from responses.models import ClaimResponse
from responses.plan import plan_claim
from responses.plan_result import ClaimPlan
from responses.settings import handling_at
from x12.documents.remittance import (
    ClaimPayment,
)
from x12.documents.remittance import Remittance as RemittanceDocument

# What a person may let pass after looking. The others mean that the amounts have no place to go.
MAY_PASS = frozenset({"E01", "E02", "E05", "E08", "E09", "E10", "E11", "E14", "E15"})
WAITING = (PostingState.PROPOSED, PostingState.EXCEPTION)


@dataclass(frozen=True, slots=True)
class Replanned:
    """The plan of a stored answer as it would post now."""

    plan: ClaimPlan
    found: Family | None
    payment: ClaimPayment
    header: RemittanceDocument


def replan(
    response: ClaimResponse,
    *,
    accepted: frozenset[str] = frozenset(),
    lock: bool = False,
    hand: ByHand | None = None,
) -> Replanned:
    """Work the plan out again on today's books: what opening a proposed answer shows, and what Post posts.

    ``hand`` is the answer as a person has it line by line; it is checked here (BadInput).
    """
    payment = thaw(ClaimPayment, response.document)
    header = thaw(RemittanceDocument, response.remittance.document)
    claim = response.claim
    found = None
    if claim is not None:
        found = families.load([(claim.invoice_id, claim.part)], lock=lock).get((claim.invoice_id, claim.part))
    row = response.remittance
    by_person = response.match_quality == MatchQuality.CERTAIN and response.match_reason.startswith(
        "matched by"
    )
    facts = Facts(
        key=str(row.pk), payer=names_of(header), payer_key=row.payer_identifier,
        balance_reason="" if row.is_balanced else "the payment did not add up when it was taken in",
        reissue_reason=f"trace {row.trace_number} came before otherwise" if row.same_as_id else "",
        is_weak=response.match_quality == MatchQuality.WEAK, weak_reason=response.match_reason,
        layer=claim.rank if claim is not None and by_person else None, accepted=accepted,
    )  # fmt: skip
    if found is None:
        return Replanned(plan_claim(payment, None, facts, Terms()), None, payment, header)
    rank = facts.layer or find_layer(payment, facts.payer, found.ledger).layer
    found.set_expected(rank)
    terms = handling_at(found.location).terms
    if hand is not None:
        by_hand.check(hand, payment, found.ledger, rank, payers_of(found, header, rank), terms)
        payment = by_hand.edited(payment, found.ledger, hand.lines)
        terms = replace(terms, choices=by_hand.choices(found.ledger, hand.lines))
    plan = plan_claim(payment, found.ledger, facts, terms)
    return Replanned(plan, found, payment, header)


def payers_of(found: Family, header: RemittanceDocument, rank: int | None) -> list[str]:
    """The names under which posting rules know the insurer that answers."""
    layer = found.ledger.layer(rank)
    return [header.payer.name, layer.payer if layer else ""]


@dataclass(frozen=True, slots=True)
class Laid:
    """An answer laid on our lines for a person, and who is who."""

    sheet: by_hand.Sheet
    insurer: str
    next_name: str  # of the next insurer; empty: the patient is next


def sheet_of(response: ClaimResponse) -> Laid:
    """What a person begins with line by line. Raises CannotPost for an answer that does not wait or has no claim."""
    if response.state not in WAITING:
        raise CannotPost("This answer does not wait any more: undo it first.", code="already_decided")
    again = replan(response)
    found, rank = again.found, again.plan.layer
    if found is None or rank is None:
        raise CannotPost("Match this answer to a claim first: its lines are not known.")
    terms = handling_at(found.location).terms
    layer, following = found.ledger.layer(rank), found.ledger.next_layer(rank)
    laid = by_hand.sheet(again.payment, found.ledger, payers_of(found, again.header, rank), terms)
    insurer = layer.payer if layer else response.remittance.payer_name
    return Laid(laid, insurer, following.payer if following else "")


def look_again(found: Family, posted: ClaimResponse) -> int:
    """After a posting: the family's other answers that wait are planned anew; returns how many now would post.

    A correction that came before its reversal, or a second insurer's answer before the first one's, stops being
    an exception here. Nothing posts by itself: a person saw it wait, a person lets it go.
    """
    rows = ClaimResponse.objects.filter(
        claim__invoice=found.invoice, claim__part=found.part, state=PostingState.EXCEPTION
    ).exclude(pk=posted.pk)
    freed = 0
    for row in rows.select_related("claim__payer", "remittance").order_by("pk"):
        again = replan(row)
        if again.plan.codes == tuple(row.codes) or again.found is None:
            continue
        posting.describe(row, again.plan, again.found.ledger)
        row.state = PostingState.PROPOSED if again.plan.posts else PostingState.EXCEPTION
        row.save(update_fields=["codes", "plan", "next_payer", "state"])
        freed += again.plan.posts
    return freed


def post_as_remitted(
    response: ClaimResponse, *, at: datetime, reason: str = "", hand: ByHand | None = None
) -> ClaimResponse:
    """Post an answer as the payer sent it. Gates that a person may judge are let pass; the others refuse.

    With ``hand`` it posts line by line as the person has it: amounts moved between lines, codes mended, each
    adjustment sent where the person says. Raises CannotPost with the codes that still stand, BadInput for a
    sheet that does not add up, CannotWriteOff above the role's limit.
    """
    with transaction.atomic():
        row = lock(response, WAITING)
        again = replan(row, accepted=MAY_PASS, lock=True, hand=hand)
        row = lock(row, WAITING)
        plan, found = again.plan, again.found
        if not plan.posts or found is None or plan.layer is None:
            stops = [code for code in plan.codes if code not in MAY_PASS] or list(plan.codes)
            told = "; ".join(plan.reasons[code] for code in stops) or "the layer is not known"
            raise CannotPost(f"This answer cannot be posted: {told}.", codes=stops)
        if row.status_code == "22" and plan.reverses is None and hand is None:
            raise CannotPost("No earlier posting has exactly these amounts: take it back line by line (e).")
        if hand is not None:
            _within_limit(hand, again)
        _write(row, again, plan, found, at, hand)
        sheet: dict[str, Any] = {} if hand is None else {"sheet": _without_notes(row.plan["by_hand"])}
        audit.record(
            "response.post" if hand is None else "response.post_lines", "claim_response", row.public_id,
            reason=reason[:200], paid=str(row.paid), codes=list(plan.codes),
            **sheet,
        )  # fmt: skip
        return row


def _write(
    row: ClaimResponse, again: Replanned, plan: ClaimPlan, found: Family, at: datetime, hand: ByHand | None
) -> None:
    """The receipt if it waits, the adjudication, the ledger, and what follows from them."""
    today = clinic_day(at)
    remittance = row.remittance
    if remittance.receipt_id is None and not remittance.is_balanced:
        receipts.open_receipt(remittance, again.header, today, remittance.payment_date)
        remittance.save()
    row.match_quality = MatchQuality.CERTAIN
    posting.describe(row, _with_places(plan, row, found) if hand else plan, found.ledger)
    row.claim = posting.claim_for(found, plan, row.control_number, today)
    if hand is not None:
        row.plan["by_hand"] = by_hand.told(hand, found.ledger)
        row.hold_reason = f"Disputed: {said}"[:200] if (said := by_hand.disputed(hand, found.ledger)) else ""
    if row.adjudication_id is None:
        posting.record_adjudication(row, again.payment, replace(plan, codes=()), found, remittance, at)
    if plan.reverses is not None:
        row.txn_key = posting.next_key(row)
        reversals.mirror(row, plan, remittance, today)
    elif (made := posting.posting_of(row, plan, found, remittance, today)) is not None:
        ledger.post_many([made])
    posting.mark_posted(row, PostingState.POSTED_MANUALLY, at)
    found.ledger.move({line.id: line.move() for line in plan.lines})
    found.ledger.responsible = plan.responsible_after
    closing.follow([(row, found)], today)
    closing.promise_rollover(row, found)
    receipts.close_if_empty(remittance)
    if hand is not None and row.claim is not None:
        if row.status_code == "22":
            reversals.withdraw_next([row])
        notes = "; ".join(line.note.strip() for line in hand.lines if line.note.strip())
        lifecycle.note(row.claim, "note", f"Posted line by line: {notes or hand.reason}"[:300])


def _without_notes(sheet: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines for the audit, which holds no free words."""
    return [{key: value for key, value in line.items() if key != "note"} for line in sheet["lines"]]


def _within_limit(hand: ByHand, again: Replanned) -> None:
    """What no rule writes off is the person's write-off: the role's limit holds (B10)."""
    found, plan = again.found, again.plan
    assert found is not None
    terms = handling_at(found.location).terms
    amount = by_hand.beyond_rules(hand, payers_of(found, again.header, plan.layer), terms)
    if amount > 0:
        wanted = WriteOff(str(plan.layer), WriteOffType.ADMINISTRATIVE, amount, hand.reason)
        why = writeoffs.second_person_reason(found.invoice, wanted, hand.role)
        if why:
            raise CannotPost(why, code="over_limit")


def _with_places(plan: ClaimPlan, row: ClaimResponse, found: Family) -> ClaimPlan:
    """The plan with the service lines of the file in place of the sheet's, so that figures find their segments."""
    raw = thaw(ClaimPayment, row.document)
    read = match_lines(negated(raw) if raw.is_reversal else raw, found.ledger.lines)
    places = {answer.line.id: answer.places for answer in read.answers}
    return replace(plan, lines=tuple(replace(line, places=places.get(line.id, ())) for line in plan.lines))


def leave(response: ClaimResponse, note: str) -> None:
    """Note and leave the balance: the answer is settled without a posting. Money on it must stay: refused."""
    with transaction.atomic():
        row = lock(response, WAITING)
        if row.paid:
            raise CannotPost("There is money in this answer: it is posted or held, not left as a note (B9).")
        _need(note, "Say why the balance is left; the next person will ask.")
        row.state = PostingState.IGNORED
        row.hold_reason = note.strip()[:200]
        row.save(update_fields=["state", "hold_reason"])
        receipts.close_if_empty(row.remittance)
        _tell(row, "response.leave", f"Left as it is: {note}")


def hold(response: ClaimResponse, reason: str) -> None:
    """Keep an answer back with a reason."""
    with transaction.atomic():
        row = lock(response, WAITING)
        _need(reason, "Say why it is held.")
        row.hold_reason = reason.strip()[:200]
        row.save(update_fields=["hold_reason"])
        _tell(row, "response.hold", f"Held: {reason}")


def dispute(response: ClaimResponse, reason: str, *, at: datetime) -> ClaimResponse:
    """Post what was paid and keep the difference in dispute with the insurer; an unpostable answer is only marked."""
    with transaction.atomic():
        _need(reason, "Say what is disputed.")
        row = lock(response, (*WAITING, *POSTED))
        if row.state in WAITING:
            try:
                row = post_as_remitted(row, at=at, reason=f"disputed: {reason}")
            except CannotPost:
                row.state = PostingState.EXCEPTION
        row.hold_reason = f"Disputed: {reason.strip()}"[:200]
        row.save(update_fields=["state", "hold_reason"])
        _tell(row, "response.dispute", f"Disputed: {reason}")
        return row


def match(response: ClaimResponse, claim: Claim, *, at: datetime) -> ClaimResponse:
    """A person says which claim this answers; the plan is worked out for it, nothing posts yet."""
    with transaction.atomic():
        row = lock(response, WAITING)
        row.claim = claim
        row.match_quality = MatchQuality.CERTAIN
        row.match_reason = f"matched by {current_actor()}"[:120]
        again = replan(row, lock=True)
        posting.describe(row, again.plan, again.found.ledger if again.found else None)
        _contract(row, again.plan, again.found)
        row.state = PostingState.PROPOSED if again.plan.posts else PostingState.EXCEPTION
        row.patient_name, row.service_date = claim.patient_name, claim.service_from
        row.save()
        if again.found is not None:
            posting.record_adjudication(row, again.payment, again.plan, again.found, row.remittance, at)
        _tell(row, "response.match", f"An answer of {row.remittance.payer_name} was matched to this claim")
        return row


def _contract(row: ClaimResponse, plan: ClaimPlan, found: Family | None) -> None:
    """Allowed, expected and the variance of an answer that found its claim only now (B13)."""
    row.allowed = total(line.allowed for line in plan.lines) if plan.lines else None
    lines = found.ledger.lines if found is not None else ()
    expected = [line.expected_allowed for line in lines if line.expected_allowed is not None]
    if row.status_code != "22" and lines and len(expected) == len(lines):
        row.expected_allowed = total(expected)
        row.variance = row.allowed - row.expected_allowed if row.allowed is not None else None


def unmatch(response: ClaimResponse) -> None:
    """Take a match back; only while nothing is posted."""
    with transaction.atomic():
        row = lock(response, WAITING)
        row.claim, row.match_quality, row.match_reason = None, MatchQuality.NONE, ""
        row.codes, row.plan, row.state = ["E04"], {}, PostingState.EXCEPTION
        row.save()
        audit.record("response.unmatch", "claim_response", row.public_id)


def assign(response: ClaimResponse, email: str) -> None:
    """Give an answer to somebody; empty gives it back."""
    ClaimResponse.objects.filter(pk=response.pk).update(assignee=email[:254])
    audit.record("response.assign", "claim_response", response.public_id, to=email)


def lock(response: ClaimResponse, states: Sequence[str]) -> ClaimResponse:
    """The row under lock, after its invoice. Raises CannotPost when it is in none of these states any more."""
    families.lock_invoice_of(response)
    rows = ClaimResponse.objects.select_for_update(no_key=True, of=("self",))
    row = rows.select_related("claim__payer", "remittance").get(pk=response.pk)
    if row.state not in states:
        raise CannotPost(
            f"This answer is {row.get_state_display().lower()} already; reload to see it.", code="already_decided",
            state=row.state,
        )  # fmt: skip
    return row


def _tell(row: ClaimResponse, action: str, text: str) -> None:
    audit.record(action, "claim_response", row.public_id, text=text[:200])
    if row.claim is not None:
        lifecycle.note(row.claim, "note", text[:300])


def _need(text: str, message: str) -> None:
    if not text.strip():
        raise BadInput(message, code="reason_missing")
