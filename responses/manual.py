"""What a person does with an answer: post it, leave it, hold, dispute, match it, or type an EOB in.

Each function locks the row, so that two clicks take turns and the second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from claims import lifecycle
from claims.models import Claim
from clinics import audit
from clinics.errors import BadInput
from clinics.scoping import current_actor
from insurance.models import Payer
from lib.findings import Finding
from lib.frozen import freeze, thaw
from lib.money import total
from responses import family as families
from responses import posting, receipts
from responses.enums import MatchQuality, PostingState
from responses.errors import BadEob, CannotPost
from responses.family import POSTED, Family
from responses.gates import Facts, Terms
from responses.layer_match import find_layer, names_of
from responses.models import ClaimResponse
from responses.plan import plan_claim
from responses.plan_result import ClaimPlan
from responses.settings import handling_at
from x12.documents.parties import Adjustment
from x12.documents.remittance import (
    ClaimPayment,
    Procedure,
    RemittanceParty,
    ServicePayment,
    claim_differences,
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
    response: ClaimResponse, *, accepted: frozenset[str] = frozenset(), lock: bool = False
) -> Replanned:
    """Work the plan out again on today's books: what opening a proposed answer shows, and what Post posts."""
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
    found.set_expected(facts.layer or find_layer(payment, facts.payer, found.ledger).layer)
    plan = plan_claim(payment, found.ledger, facts, handling_at(found.location).terms)
    return Replanned(plan, found, payment, header)


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


def post_as_remitted(response: ClaimResponse, *, at: datetime, reason: str = "") -> ClaimResponse:
    """Post an answer as the payer sent it. Gates that a person may judge are let pass; the others refuse.

    Raises CannotPost with the codes that still stand.
    """
    with transaction.atomic():
        row = _lock(response, WAITING)
        again = replan(row, accepted=MAY_PASS, lock=True)
        row = _lock(row, WAITING)
        plan, found = again.plan, again.found
        if not plan.posts or found is None or plan.layer is None:
            stops = [code for code in plan.codes if code not in MAY_PASS] or list(plan.codes)
            told = "; ".join(plan.reasons[code] for code in stops) or "the layer is not known"
            raise CannotPost(f"This answer cannot be posted: {told}.", codes=stops)
        if row.status_code == "22" and plan.reverses is None:
            raise CannotPost("No earlier posting has exactly these amounts; undo and post the right ones.")
        today = posting.clinic_day(at)
        remittance = row.remittance
        if remittance.receipt_id is None and not remittance.is_balanced:
            receipts.open_receipt(remittance, again.header, today, remittance.payment_date)
            remittance.save()
        row.match_quality = MatchQuality.CERTAIN
        posting.describe(row, plan, found.ledger)
        row.claim = posting.claim_for(found, plan, row.control_number, today)
        if row.adjudication_id is None:
            sure = replace(plan, codes=())
            posting.record_adjudication(row, again.payment, sure, found, remittance, at)
        waiting: list[posting.Posting] = []
        posting.queue_posting(waiting, row, plan, found, remittance, today, lambda: None)
        if waiting:
            posting.ledger.post_many(waiting)
        posting.mark_posted(row, PostingState.POSTED_MANUALLY, at)
        found.ledger.move({line.id: line.move() for line in plan.lines})
        found.ledger.responsible = plan.responsible_after
        posting.follow([(row, found)], today)
        receipts.close_if_empty(remittance)
        audit.record(
            "response.post", "claim_response", row.public_id, reason=reason[:200], paid=str(row.paid),
            codes=list(plan.codes),
        )  # fmt: skip
        return row


def leave(response: ClaimResponse, note: str) -> None:
    """Note and leave the balance: the answer is settled without a posting. Money on it must stay: refused."""
    with transaction.atomic():
        row = _lock(response, WAITING)
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
        row = _lock(response, WAITING)
        _need(reason, "Say why it is held.")
        row.hold_reason = reason.strip()[:200]
        row.save(update_fields=["hold_reason"])
        _tell(row, "response.hold", f"Held: {reason}")


def dispute(response: ClaimResponse, reason: str, *, at: datetime) -> ClaimResponse:
    """Post what was paid and keep the difference in dispute with the insurer; an unpostable answer is only marked."""
    with transaction.atomic():
        _need(reason, "Say what is disputed.")
        row = _lock(response, (*WAITING, *POSTED))
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
        row = _lock(response, WAITING)
        row.claim = claim
        row.match_quality = MatchQuality.CERTAIN
        row.match_reason = f"matched by {current_actor()}"[:120]
        again = replan(row, lock=True)
        posting.describe(row, again.plan, again.found.ledger if again.found else None)
        row.state = PostingState.PROPOSED if again.plan.posts else PostingState.EXCEPTION
        row.patient_name, row.service_date = claim.patient_name, claim.service_from
        row.save()
        if again.found is not None:
            posting.record_adjudication(row, again.payment, again.plan, again.found, row.remittance, at)
        _tell(row, "response.match", f"An answer of {row.remittance.payer_name} was matched to this claim")
        return row


def unmatch(response: ClaimResponse) -> None:
    """Take a match back; only while nothing is posted."""
    with transaction.atomic():
        row = _lock(response, WAITING)
        row.claim, row.match_quality, row.match_reason = None, MatchQuality.NONE, ""
        row.codes, row.plan, row.state = ["E04"], {}, PostingState.EXCEPTION
        row.save()
        audit.record("response.unmatch", "claim_response", row.public_id)


def assign(response: ClaimResponse, email: str) -> None:
    """Give an answer to somebody; empty gives it back."""
    ClaimResponse.objects.filter(pk=response.pk).update(assignee=email[:254])
    audit.record("response.assign", "claim_response", response.public_id, to=email)


# --- typed EOBs ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EobLine:
    """One line of a paper EOB: amounts and codes as printed."""

    line_id: str  # REF*6R of the claim's line
    paid: Decimal
    adjustments: tuple[tuple[str, str, Decimal], ...] = ()
    allowed: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Eob:
    """The head of a paper EOB."""

    trace_number: str
    payment_date: date
    payer_claim_number: str = ""
    status_code: str = ""
    method: str = "CHK"


def enter_eob(claim: Claim, eob: Eob, lines: Sequence[EobLine], *, at: datetime) -> ClaimResponse:
    """A paper EOB of one claim: see ``enter_check``."""
    return enter_check([(claim, lines)], eob, at=at)[0]


def enter_check(
    sheets: Sequence[tuple[Claim, Sequence[EobLine]]],
    eob: Eob,
    *,
    at: datetime,
    amount: Decimal | None = None,
) -> list[ClaimResponse]:
    """Take a paper check in like a remittance, one claim or many, and post each by hand; in the sheets' order.

    Raises BadEob while a line does not explain its charge, the claims do not add up to ``amount`` (when the
    check's own amount is given), or a claim belongs to another insurer. The same check number, payer, date,
    amount and lines a second time are the same check: nothing is taken twice. All of it or nothing.
    """
    payer: Payer = sheets[0][0].payer
    payments = []
    for claim, lines in sheets:
        if claim.payer_id != payer.pk:
            raise BadEob(f"Claim {claim.control_number} is not {payer.name}'s.", findings=[])
        payments.append(
            _payment_of(claim, eob if len(sheets) == 1 else replace(eob, payer_claim_number=""), lines)
        )
        _must_balance(claim, payments[-1])
    if not eob.trace_number.strip():
        raise BadEob("Give the check or EFT number: money is found again by it.", findings=[])
    paid = total(payment.paid for payment in payments)
    if amount is not None and amount != paid:
        raise BadEob(f"The check is {amount}, its lines are paid {paid}: {amount - paid} apart.", findings=[])
    document = RemittanceDocument(
        trace_number=eob.trace_number.strip()[:50], payer_identifier=payer.remit_payer_id or payer.payer_id,
        amount=paid, method=eob.method, effective_date=eob.payment_date,
        payer=RemittanceParty(name=payer.name, id_qualifier="XV", identifier=payer.payer_id), claims=tuple(payments),
    )  # fmt: skip
    with transaction.atomic():
        taken = posting.take_remittance(document, at=at, source="manual")
        if taken.is_repeat:
            return taken.responses
        return [
            post_as_remitted(response, at=at, reason="EOB typed in")
            if response.state in WAITING
            else response
            for response in taken.responses
        ]


def _must_balance(claim: Claim, payment: ClaimPayment) -> None:
    differences = claim_differences(payment)
    if differences:
        raise BadEob(
            f"The EOB of claim {claim.control_number} does not add up: every line must explain its charge.",
            findings=[
                freeze(Finding("unbalanced", name, f"{name} is off by {left}"))
                for name, left in differences.items()
            ],
        )


def _payment_of(claim: Claim, eob: Eob, lines: Sequence[EobLine]) -> ClaimPayment:
    by_id = {line.line_id: line for line in claim.lines.all()}
    services = []
    for typed in lines:
        line = by_id.get(typed.line_id)
        if line is None:
            raise BadEob(f"The claim has no line {typed.line_id}.", findings=[])
        services.append(
            ServicePayment(
                procedure=Procedure(line.procedure_code, tuple(line.modifiers)), charge=line.amount,
                paid=typed.paid, units=line.units, service_date=line.service_date, line_id=line.line_id,
                allowed=typed.allowed,
                adjustments=tuple(Adjustment(g.upper(), r.upper(), a) for g, r, a in typed.adjustments if a),
            )
        )  # fmt: skip
    adjusted = [item for service in services for item in service.adjustments]
    return ClaimPayment(
        control_number=claim.control_number, status_code=eob.status_code or str(claim.rank),
        charge=total(line.amount for line in by_id.values()), paid=total(service.paid for service in services),
        patient_responsibility=total(item.amount for item in adjusted if item.group == "PR"),
        payer_control_number=eob.payer_claim_number.strip()[:50], lines=tuple(services),
    )  # fmt: skip


def _lock(response: ClaimResponse, states: Sequence[str]) -> ClaimResponse:
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
