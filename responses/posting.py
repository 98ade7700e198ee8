"""Take a remittance in, whole, in one transaction: receipt, a decision for every claim, postings, escrow (I-12).

Before it: inbox.py (835 files) and manual.py (typed EOBs). After it: coordination.py, woken by the promise
that each posting leaves. The Remittance row is inserted first; the same one again is a counted no-op (I-10).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.db import transaction

from billing import ledger
from billing.enums import TxnKind
from billing.ledger import Posting
from claims import adjudications, queue
from claims.adjudications import Answer
from claims.errors import NothingToClaim
from claims.models import Adjudication, Claim
from claims.voids import VOID
from clearinghouses.models import InboundFile
from clinics import audit, bulk
from clinics.calendar import clinic_day
from clinics.models import Location
from clinics.scoping import current_actor
from lib.findings import Finding
from lib.frozen import freeze_told
from lib.identifiers import new_public_id
from lib.money import total
from responses import closing, remittance_rows, reversals, trust
from responses import entries as made_of
from responses import family as families
from responses.claim_ledger import ClaimLedger
from responses.enums import MatchQuality, PostingState, RemittanceState
from responses.family import Family, FamilyKey
from responses.gates import Facts, Terms
from responses.layer_match import find_layer, names_of
from responses.matching import NO_MATCH, FamilyMatch, match_families
from responses.models import ClaimResponse, Remittance
from responses.plan import plan_claim, take, taking_order
from responses.plan_json import plan_json, sums_of
from responses.plan_result import ClaimPlan
from responses.receipts import close_if_empty, open_receipt, payment_day
from responses.remittance_facts import balance_reason
from responses.settings import OFF, POST, PREVIEW, Handling, handling_at
from x12.documents.remittance import ClaimPayment
from x12.documents.remittance import Remittance as RemittanceDocument
from x12.reading import calm_collector

NO_HANDLING = Handling(OFF, "remittance", Terms())
NOT_FINAL = frozenset({"E01", "E02", "E03", "E04", "E05", "E17"})  # B5: what keeps a claim from adjudicated


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one remittance: its row, the claims' rows in file order, and whether it was a repeat."""

    remittance: Remittance
    responses: list[ClaimResponse]
    is_repeat: bool = False


@dataclass(slots=True)
class _Sitting:
    """One transaction at work: everything that the claims of one remittance share, and the rows not written yet."""

    row: Remittance
    document: RemittanceDocument
    facts: Facts
    today: date
    at: datetime
    families: dict[FamilyKey, Family]
    handlings: dict[int, Handling] = field(default_factory=dict)
    trusted: frozenset[str] = frozenset()
    rows: list[ClaimResponse] = field(default_factory=list)
    answers: list[tuple[ClaimResponse, Answer]] = field(default_factory=list)
    waiting: list[Posting] = field(default_factory=list)
    posted: list[tuple[ClaimResponse, Family]] = field(default_factory=list)

    def handling(self, location: Location) -> Handling:
        """Settings by location, read once."""
        if location.pk not in self.handlings:
            self.handlings[location.pk] = handling_at(location)
        return self.handlings[location.pk]

    def flush(self) -> None:
        """Write what waits, in a few statements: adjudications with the claims' moves, responses, ledger."""
        made = adjudications.record_many([answer for _, answer in self.answers])
        for (response, _), key in zip(self.answers, made, strict=True):
            response.adjudication_id = key
        bulk.insert_rows(self.rows)
        if self.waiting:
            ledger.post_many(self.waiting)
        self.rows, self.answers, self.waiting = [], [], []


def take_remittance(
    document: RemittanceDocument,
    *,
    at: datetime,
    inbound: InboundFile | None = None,
    ordinal: int = 0,
    findings: Sequence[Finding] = (),
    source: str = "era",
    blocked: str = "",
    effective_on: date | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> Taken:
    """Take one ST 835 (or typed EOB) of the open clinic. Commits or fails as a whole with the caller's scope.

    ``blocked`` says why the file is damaged: then everything is stored and nothing posts (E02).
    ``effective_on`` is the date a person gave, used where ``era_payment_date`` is custom. ``told`` hears how many
    claims are worked out.
    """
    with transaction.atomic():
        today = clinic_day(at)
        balance = blocked or balance_reason(document)
        row = remittance_rows.insert(
            document, inbound, ordinal, today, balance, findings, source, is_damaged=bool(blocked)
        )
        if row is None:
            first = remittance_rows.first_of(document, today, is_damaged=bool(blocked))
            return Taken(first, list(first.responses.order_by("ordinal")), is_repeat=True)
        row.effective_on = effective_on
        strange = remittance_rows.payee_reason(document) if source == "era" else ""
        rows = set_aside(row, document, strange) if strange else take_claims(row, document, balance, at, told)
        audit.record("remittance.take", "remittance", row.public_id, amount=str(row.amount), claims=len(rows))
        return Taken(row, rows)


def take_claims(
    row: Remittance,
    document: RemittanceDocument,
    balance: str,
    at: datetime,
    told: Callable[[int], None] = lambda done: None,
) -> list[ClaimResponse]:
    """The receipt, a decision for every claim and the postings of a remittance whose row is new."""
    with calm_collector():
        return _take_claims(row, document, balance, at, told)


def _take_claims(
    row: Remittance, document: RemittanceDocument, balance: str, at: datetime, told: Callable[[int], None]
) -> list[ClaimResponse]:
    today = clinic_day(at)
    matches = match_families(document.claims)
    sitting = _Sitting(
        row, document, remittance_rows.facts_of(row, document, balance), today, at,
        families.load(match.key for match in matches if match.key is not None),
    )  # fmt: skip
    row.payer = remittance_rows.payer_of(document, matches, sitting.families)
    sitting.trusted = trust.trusted_codes(row.payer)
    if not balance:
        row.effective_on = _effective_on(sitting, document)
        open_receipt(row, document, today, row.effective_on)
    sure = [m.key if m.quality == MatchQuality.CERTAIN else None for m in matches]
    ledgers = [sitting.families[key].ledger if key in sitting.families else None for key in sure]
    made: dict[int, ClaimResponse] = {}
    for place in taking_order(document.claims, ledgers, sitting.facts.payer):
        made[place] = _take_claim(sitting, place + 1, document.claims[place], matches[place])
        told(len(made))
    sitting.flush()
    closing.follow(sitting.posted, today)
    rows = [made[place] for place in range(len(made))]
    closing.promise_blocks(row, sitting.posted)
    close_if_empty(row, rows)
    row.save()
    return rows


def set_aside(row: Remittance, document: RemittanceDocument, because: str) -> list[ClaimResponse]:
    """Quarantine: the payee is none of ours. Stored whole, matched with nothing, no receipt (B9, x12 section 9)."""
    row.state = RemittanceState.QUARANTINE
    row.save()
    rows = []
    for place, payment in enumerate(document.claims, 1):
        plan = plan_claim(
            payment, None, Facts(str(row.pk), names_of(document), "", payee_reason=because), Terms()
        )
        rows.append(new_response(row, place, payment, NO_MATCH, plan))
        describe(rows[-1], plan, None)
    bulk.insert_rows(rows)
    return rows


def _effective_on(sitting: _Sitting, document: RemittanceDocument) -> date:
    """``era_payment_date`` of the first claim's location; without a claim what the remittance says."""
    day = payment_day(document, sitting.today)
    for found in sitting.families.values():
        rule = sitting.handling(found.location).payment_date
        return {"today": sitting.today, "custom": sitting.row.effective_on or day}.get(rule, day)
    return day


# --- its claims ------------------------------------------------------------------------------------


def _take_claim(sitting: _Sitting, place: int, payment: ClaimPayment, match: FamilyMatch) -> ClaimResponse:
    """Plan one answer on the books in memory and note what is to be written; a reversal is written at once."""
    found = sitting.families.get(match.key) if match.key is not None else None
    facts = sitting.facts
    if match.quality == MatchQuality.WEAK:
        facts = replace(facts, is_weak=True, weak_reason=match.reason)
    handling = sitting.handling(found.location) if found else NO_HANDLING
    if found is not None:
        found.set_expected(find_layer(payment, facts.payer, found.ledger).layer)
    plan = plan_claim(payment, found.ledger if found else None, facts, handling.terms)
    response = _row(sitting, place, payment, match, found, plan)
    response.state = PostingState.PROPOSED if plan.posts else PostingState.EXCEPTION
    sitting.rows.append(response)
    if found is None:
        return response
    found.waits = found.waits or not plan.posts
    posts = plan.posts and (
        handling.autopay == POST
        or (handling.autopay == PREVIEW and trust.codes_of(payment) <= sitting.trusted)
    )
    answer = answer_of(response, payment, plan, found, sitting.row, sitting.at)
    if answer is not None:
        sitting.answers.append((response, answer))
    if posts:
        _post(sitting, response, answer, plan, found)
    elif answer is not None and (payment.is_reversal or answer.claim.frequency == VOID):
        sitting.flush()  # what it does to the claim behind it comes before the next answer
    take(plan, payment, found.ledger, facts, response.public_id)
    return response


def _post(
    sitting: _Sitting, response: ClaimResponse, answer: Answer | None, plan: ClaimPlan, found: Family
) -> None:
    response.state, response.posted_at = PostingState.AUTO_POSTED, sitting.at
    response.posted_by = current_actor()
    if answer is not None:
        answer.posted_at = sitting.at
    if plan.reverses is None:
        made = posting_of(response, plan, found, sitting.row, sitting.today)
        sitting.waiting += [made] if made else []
        if answer is not None and answer.claim.frequency == VOID:
            sitting.flush()
    else:
        response.txn_key = next_key(response)
        sitting.flush()
        reversals.mirror(response, plan, sitting.row, sitting.today)
    sitting.posted.append((response, found))


def _row(
    sitting: _Sitting,
    place: int,
    payment: ClaimPayment,
    match: FamilyMatch,
    found: Family | None,
    plan: ClaimPlan,
) -> ClaimResponse:
    response = new_response(sitting.row, place, payment, match, plan)
    if found is None:
        describe(response, plan, None)
        return response
    expected = [line.expected_allowed for line in found.ledger.lines]
    if expected and all(amount is not None for amount in expected) and not payment.is_reversal:
        response.expected_allowed = total(amount for amount in expected if amount is not None)
        if response.allowed is not None:
            response.variance = response.allowed - response.expected_allowed
    response.claim = claim_for(found, plan, payment.control_number, sitting.today, sitting.flush)
    response.patient_name = found.patient_name[:120]
    response.service_date = found.service_date
    describe(response, plan, found.ledger)
    return response


def new_response(
    row: Remittance, place: int, payment: ClaimPayment, match: FamilyMatch, plan: ClaimPlan
) -> ClaimResponse:
    """The row of one answer, not saved yet, as an exception that belongs to no claim."""
    patient = payment.patient
    return ClaimResponse(
        clinic_id=row.clinic_id, public_id=new_public_id(), remittance=row, ordinal=place,
        control_number=payment.control_number[:40], status_code=payment.status_code[:2],
        payer_claim_number=payment.payer_control_number[:50], charged=payment.charge, paid=payment.paid,
        allowed=total(line.allowed for line in plan.lines) if plan.lines else None,
        **sums_of(payment), document=freeze_told(payment), match_quality=match.quality,
        match_reason=match.reason[:120], patient_name=patient.display_name[:120] if patient else "",
        service_date=payment.service_date or next((s.service_date for s in payment.lines), None),
        state=PostingState.EXCEPTION,
    )  # fmt: skip


def describe(response: ClaimResponse, plan: ClaimPlan, ledger_: ClaimLedger | None) -> None:
    """Copy a plan into the row: codes, stored plan, next payer."""
    response.codes = list(plan.codes)
    response.plan = plan_json(plan, ledger_)
    response.next_payer = ""
    if plan.posts and plan.next not in ("none", "patient") and ledger_ is not None and plan.layer:
        following = ledger_.next_layer(plan.layer)
        response.next_payer = following.payer[:60] if following else ""
    elif plan.posts and plan.next == "patient":
        response.next_payer = "Patient"


def claim_for(
    found: Family, plan: ClaimPlan, control_number: str, today: date, flush: Callable[[], None] | None = None
) -> Claim | None:
    """The claim version answered. A crossover answered before its claim was made makes it now.

    ``flush`` writes what waits: the claim is made from the answers before it.
    """
    claim = found.claim_at(plan.layer, control_number)
    if claim is None and plan.posts and plan.layer is not None:
        if flush is not None:
            flush()
        try:
            claim = queue.next_layer(found.invoice, plan.layer, today, crossover_until=today)
            found.claims.append(claim)
        except NothingToClaim:
            claim = None
    return claim or next((c for c in found.claims if c.control_number == control_number), found.claims[-1])


def answer_of(
    response: ClaimResponse, payment: ClaimPayment, plan: ClaimPlan, found: Family, row: Remittance, at: datetime
) -> Answer | None:  # fmt: skip
    """The payer's final answer, to be kept raw: once it is matched for certain, posted or not (B5)."""
    claim = response.claim
    if claim is None or NOT_FINAL & set(plan.codes) or (plan.layer is not None and claim.rank != plan.layer):
        return None
    lines = found.lines_of.get(claim.pk, {})
    return Answer(
        claim, payment, source_kind=row.source, source_key=response.public_id, adjudicated_on=row.payment_date,
        line_of={n: lines.get(int(line.id)) for line in plan.lines for n in line.places},
        segment=f"CLP*{payment.control_number}*{payment.status_code}"[:300],
        file_key=row.inbound_file.public_id if row.inbound_file else "", decided_at=at,
    )  # fmt: skip


def record_adjudication(
    response: ClaimResponse, payment: ClaimPayment, plan: ClaimPlan, found: Family, row: Remittance, at: datetime
) -> None:  # fmt: skip
    """Keep the final answer of one response that is stored already."""
    answer = answer_of(response, payment, plan, found, row, at)
    if answer is not None:
        [response.adjudication_id] = adjudications.record_many([answer])
        ClaimResponse.objects.filter(pk=response.pk).update(adjudication_id=response.adjudication_id)


def posting_of(
    response: ClaimResponse, plan: ClaimPlan, found: Family, row: Remittance, today: date
) -> Posting | None:
    """The ledger transaction of one claim under a fresh key; None for an answer without money."""
    response.txn_key, key = "", next_key(response)
    payer_ids = {rank: payer.pk for rank, payer in found.payers.items()}
    made = made_of.claim_entries(plan, found.invoice.patient_id, payer_ids, row.receipt_id)
    if len(made) < 2:
        return None
    response.txn_key = key
    return Posting(
        key=key, kind=TxnKind.ADJUDICATION, entries=tuple(made), on=today,
        effective_on=row.effective_on or row.payment_date, source_kind="adjudication",
        source_key=response.public_id, reason=f"{row.payer_name} {row.trace_number}"[:200],
        trace=response.plan["trace"],
    )  # fmt: skip


def next_key(response: ClaimResponse) -> str:
    """The ledger key: the response and how often it was posted, so that a repeat is a no-op."""
    last = response.txn_key.rpartition(":")[2]
    return f"response:{response.public_id}:{int(last) + 1 if last.isdigit() else 1}"


def mark_posted(response: ClaimResponse, state: PostingState, at: datetime) -> None:
    """The row's own state; the adjudication remembers when."""
    response.state, response.posted_at, response.posted_by = state, at, current_actor()
    response.save()
    if response.adjudication_id:
        Adjudication.objects.filter(pk=response.adjudication_id).update(posted_at=at)
