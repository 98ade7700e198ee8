"""The plain twin of posting: the same gates, plan and rows, claim by claim and row by row through the models."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from billing import invoicing, ledger
from billing.ledger import Posting
from billing.models import LedgerEntry, LedgerTxn
from claims import adjudications, lifecycle, voids
from claims.adjudications import Answer
from claims.enums import ClaimState, Outcome
from claims.models import Adjudication, AdjudicationLine, Claim
from clearinghouses.models import InboundFile
from clinics import audit
from clinics.calendar import clinic_day
from clinics.scoping import current_actor
from lib.identifiers import new_public_id
from lib.money import ZERO, total
from responses import closing, coordination, posting, remittance_rows, reversals, trust
from responses import entries as made_of
from responses import family as families
from responses.enums import MatchQuality, PostingState
from responses.family import Family
from responses.gates import Facts
from responses.layer_match import find_layer
from responses.matching import FamilyMatch, match_families
from responses.models import ClaimResponse, Remittance
from responses.plan import plan_claim, take, taking_order
from responses.receipts import close_if_empty, open_receipt
from responses.remittance_facts import balance_reason
from responses.settings import POST, PREVIEW, handling_at
from x12.documents.remittance import ClaimPayment
from x12.documents.remittance import Remittance as RemittanceDocument
from x12.reading import read_file


def take_plainly(inbound: InboundFile, at: datetime) -> list[ClaimResponse]:
    """A stored 835 of whole remittances with one payee, posted and rolled over."""
    reading = read_file(bytes(inbound.stored.content))
    inbound.kinds, inbound.findings = reading.kinds, [asdict(each) for each in reading.findings]
    inbound.state = InboundFile.State.READ
    inbound.save()
    made = []
    for place, each in enumerate(reading.transactions, 1):
        assert isinstance(each.document, RemittanceDocument)
        today, balance = clinic_day(at), balance_reason(each.document)
        row = remittance_rows.insert(each.document, inbound, place, today, balance, (), "era")
        assert row is not None, "the twin takes nothing twice"
        made += _take(row, each.document, balance, at)
        claims = len(each.document.claims)
        audit.record("remittance.take", "remittance", row.public_id, amount=str(row.amount), claims=claims)
    return made


def _take(row: Remittance, document: RemittanceDocument, balance: str, at: datetime) -> list[ClaimResponse]:
    today = clinic_day(at)
    matches, loaded = [], {}
    for payment in document.claims:
        [match] = match_families([payment])
        matches.append(match)
        if match.key is not None and match.key not in loaded:
            loaded |= families.load([match.key])
    facts = remittance_rows.facts_of(row, document, balance)
    row.payer = remittance_rows.payer_of(document, matches, loaded)
    row.effective_on = document.effective_date
    if not balance:
        open_receipt(row, document, today, row.effective_on)
    sure = [
        loaded[m.key].ledger if m.key in loaded and m.quality == MatchQuality.CERTAIN else None
        for m in matches
    ]
    made: dict[int, ClaimResponse] = {}
    for place in taking_order(document.claims, sure, facts.payer):
        with transaction.atomic():
            made[place] = _take_claim(
                row, place + 1, document.claims[place], matches[place], loaded, facts, at
            )
    _follow_all([made[place] for place in made], matches, loaded, at)
    rows = [made[place] for place in range(len(made))]
    for response in rows:
        key = matches[response.ordinal - 1].key
        posted = response.state == PostingState.AUTO_POSTED
        if posted and key is not None and closing.has_more(response, loaded[key]):
            coordination.roll_over(response.pk, at=at)
    close_if_empty(row, rows)
    row.save()
    return rows


def _take_claim(
    row: Remittance, place: int, payment: ClaimPayment, match: FamilyMatch,
    loaded: dict[families.FamilyKey, Family], facts: Facts, at: datetime,
) -> ClaimResponse:  # fmt: skip
    found = loaded.get(match.key) if match.key is not None else None
    if match.quality == MatchQuality.WEAK:
        facts = replace(facts, is_weak=True, weak_reason=match.reason)
    handling = handling_at(found.location) if found else posting.NO_HANDLING
    if found is not None:
        found.set_expected(find_layer(payment, facts.payer, found.ledger).layer)
    plan = plan_claim(payment, found.ledger if found else None, facts, handling.terms)
    response = posting.new_response(row, place, payment, match, plan)
    posting.describe(response, plan, found.ledger if found else None)
    response.state = PostingState.PROPOSED if plan.posts else PostingState.EXCEPTION
    if found is None:
        response.save(force_insert=True)
        return response
    found.waits = found.waits or not plan.posts
    expected = [line.expected_allowed for line in found.ledger.lines]
    if expected and all(amount is not None for amount in expected) and not payment.is_reversal:
        response.expected_allowed = total(amount for amount in expected if amount is not None)
        if response.allowed is not None:
            response.variance = response.allowed - response.expected_allowed
    today = clinic_day(at)
    response.claim = posting.claim_for(found, plan, payment.control_number, today)
    response.patient_name, response.service_date = found.patient_name[:120], found.service_date
    response.save(force_insert=True)
    answer = posting.answer_of(response, payment, plan, found, row, at)
    if answer is not None:
        response.adjudication = _record(answer)
        response.save()
    wanted = handling.autopay == PREVIEW and trust.codes_of(payment) <= trust.trusted_codes(row.payer)
    if plan.posts and (handling.autopay == POST or wanted):
        if plan.reverses is not None:
            response.txn_key = posting.next_key(response)
            reversals.mirror(response, plan, row, today)
        else:
            made = posting.posting_of(response, plan, found, row, today)
            if made is not None:
                _post(made)
        posting.mark_posted(response, PostingState.AUTO_POSTED, at)
    take(plan, payment, found.ledger, facts, response.public_id)
    return response


def _record(answer: Answer) -> Adjudication:
    payment, claim = answer.payment, answer.claim
    row = Adjudication.objects.create(
        claim=claim, rank=claim.rank, payer_id=claim.payer_id, source_kind=answer.source_kind,
        source_key=answer.source_key, status_code=payment.status_code,
        payer_claim_number=payment.payer_control_number, charge=payment.charge, paid=payment.paid,
        patient_responsibility=adjudications.responsibility_of_patient(payment),
        adjustments=adjudications.triples(payment.adjustments), remarks=list(payment.remarks),
        adjudicated_on=answer.adjudicated_on,
    )  # fmt: skip
    for place, line in enumerate(payment.lines):
        AdjudicationLine.objects.create(
            adjudication=row, claim_line_id=(answer.line_of or {}).get(place), ordinal=place + 1,
            procedure_code=line.procedure.code[:8], modifiers=list(line.procedure.modifiers), charge=line.charge,
            paid=line.paid, allowed=line.allowed, units=line.units,
            adjustments=adjudications.triples(line.adjustments), remarks=list(line.remarks),
        )  # fmt: skip
    _move(answer)
    return row


def _move(answer: Answer) -> None:
    claim, payment = answer.claim, answer.payment
    outcome = adjudications.outcome_of(payment)
    fields = {
        "outcome": outcome, "adjudicated_at": answer.decided_at,
        "payer_claim_number": payment.payer_control_number or claim.payer_claim_number,
    }  # fmt: skip
    text = f"{claim.payer_name} decided: {outcome.label.lower()}, paid {payment.paid:.2f}"
    told = {"segment": answer.segment, "file_key": answer.file_key}
    if claim.state == ClaimState.BATCHED:
        words = "Submitted: the payer has answered"
        lifecycle.move(claim, ClaimState.SUBMITTED, text=words, submitted_at=answer.decided_at)
    is_void = payment.is_reversal and claim.state == ClaimState.VOID_REQUESTED and voids.has_left(claim)
    to = ClaimState.VOIDED if is_void else ClaimState.ADJUDICATED
    moves = to in lifecycle.MOVES[ClaimState(claim.state)]
    if moves:
        lifecycle.move(claim, to, text=text, **told, **fields)
    if payment.is_reversal:
        voids.reversed_by_payer(claim, text, **told)
    elif claim.frequency == voids.VOID and outcome == Outcome.DENIED:
        voids.refused(claim, f"{claim.payer_name} refused to void it", **told)
    if moves:
        return
    Claim.objects.filter(pk=claim.pk).update(last_event=text[:200], **fields)
    for name, value in fields.items():
        setattr(claim, name, value)
    lifecycle.note(claim, "state", text, **told, data={"outcome": outcome.value})


def _post(made: Posting) -> None:
    """One ledger transaction, entry by entry, and its checks at once."""
    closed = ledger.closed_through()
    assert closed is None or made.on > closed
    header = LedgerTxn.objects.create(
        public_id=new_public_id(), key=made.key, digest=made.digest(), kind=made.kind, lines=len(made.entries),
        posted_on=made.on, effective_on=made.effective_on or made.on, actor=current_actor(), reason=made.reason,
        source_kind=made.source_kind, source_key=made.source_key, trace=made.trace,
    )  # fmt: skip
    for number, entry in enumerate(made.entries, 1):
        LedgerEntry.objects.create(
            txn=header, lines=header.lines, line_no=number, account=entry.account, amount=entry.amount,
            charge_id=entry.charge_id, patient_id=entry.patient_id, payer_id=entry.payer_id,
            receipt_id=entry.receipt_id,
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _follow_all(
    taken: list[ClaimResponse], matches: list[FamilyMatch], loaded: dict[families.FamilyKey, Family], at: datetime
) -> None:  # fmt: skip
    """The patients' money once for each family, then each claim's note, then the closings; in the order taken."""
    posted = []
    for response in taken:
        key = matches[response.ordinal - 1].key
        if response.state == PostingState.AUTO_POSTED and key is not None:
            posted.append((response, loaded[key]))
    due: dict[int, Decimal] = {}
    for response, found in {id(found): (response, found) for response, found in posted}.values():
        due |= _settle(response, found, at)
    for response, found in posted:
        owed = total(due.get(charge, ZERO) for charge in found.charge_ids)
        if response.claim is not None and owed and response.plan["next"] == "patient":
            text = f"Patient owes {owed} after the last insurer"
            lifecycle.note(response.claim, "coordination", text)
    for response, found in posted:
        claim = response.claim
        is_open = any(line.insurers.get(claim.rank) for line in found.ledger.lines) if claim else True
        is_answered = claim is not None and claim.state == ClaimState.ADJUDICATED
        if claim is not None and is_answered and not is_open and response.status_code != "22":
            lifecycle.move(claim, ClaimState.CLOSED, text=closing.WORDS)


def _settle(response: ClaimResponse, found: Family, at: datetime) -> dict[int, Decimal]:
    """The patient's money and the invoice's state after the last posting of a family."""
    share = made_of.PatientShare(
        key=f"settle:{response.txn_key or response.public_id}", patient_id=found.invoice.patient_id,
        charge_ids=found.charge_ids, is_final=found.ledger.responsible is None, source_key=response.public_id,
    )  # fmt: skip
    postings, due = made_of.patient_postings([share], clinic_day(at))
    for made in postings:
        _post(made)
    invoicing.settle_charges(found.charge_ids)
    return due
