"""Take a remittance in, whole, in one transaction: receipt, a decision for every claim, postings, escrow (I-12).

Before it: inbox.py (835 files) and manual.py (typed EOBs). After it: coordination.py, woken by the promise
that each posting leaves. The Remittance row is inserted first; the same one again is a counted no-op (I-10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from billing import invoicing, ledger
from billing.enums import TxnKind
from billing.ledger import Posting
from claims import adjudications, queue
from claims.errors import NothingToClaim
from claims.models import Adjudication, Claim
from clearinghouses.models import InboundFile
from clinics import audit
from clinics.models import Location
from clinics.scoping import current_actor, current_clinic_id
from insurance.models import Payer
from lib.dates import local_day
from lib.findings import Finding
from lib.frozen import freeze
from lib.identifiers import new_public_id
from lib.money import total
from responses import entries as made_of
from responses import family as families
from responses.claim_ledger import ClaimLedger
from responses.enums import MatchQuality, PostingState, RemittanceState
from responses.family import Family, FamilyKey
from responses.gates import Facts, Terms
from responses.layer_match import find_layer, names_of
from responses.matching import FamilyMatch, match_families
from responses.models import ClaimResponse, Remittance
from responses.plan import plan_claim, take
from responses.plan_json import plan_json, sums_of
from responses.plan_result import ClaimPlan
from responses.receipts import close_if_empty, open_receipt, payment_day
from responses.remittance_facts import balance_reason, payee_key, payer_key
from responses.settings import OFF, POST, Handling, handling_at
from work import outbox
from x12.documents.remittance import ClaimPayment, provider_adjustment_total
from x12.documents.remittance import Remittance as RemittanceDocument

ROLLOVER = "responses.rollover"
NOT_FINAL = frozenset({"E01", "E02", "E03", "E04", "E05", "E17"})  # B5: what keeps a claim from adjudicated


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one remittance: its row, the claims' rows in file order, and whether it was a repeat."""

    remittance: Remittance
    responses: list[ClaimResponse]
    is_repeat: bool = False


@dataclass(slots=True)
class _Sitting:
    """One transaction at work: everything that the claims of one remittance share."""

    row: Remittance
    document: RemittanceDocument
    facts: Facts
    today: date
    at: datetime
    families: dict[FamilyKey, Family]
    handlings: dict[int, Handling] = field(default_factory=dict)
    waiting: list[Posting] = field(default_factory=list)
    posted: list[tuple[ClaimResponse, Family]] = field(default_factory=list)

    def handling(self, location: Location) -> Handling:
        """Settings by location, read once."""
        if location.pk not in self.handlings:
            self.handlings[location.pk] = handling_at(location)
        return self.handlings[location.pk]

    def flush(self) -> None:
        """Write the waiting ledger transactions."""
        if self.waiting:
            ledger.post_many(self.waiting)
            self.waiting = []


def take_remittance(
    document: RemittanceDocument,
    *,
    at: datetime,
    inbound: InboundFile | None = None,
    ordinal: int = 0,
    findings: Sequence[Finding] = (),
    source: str = "era",
    blocked: str = "",
) -> Taken:
    """Take one ST 835 (or typed EOB) of the open clinic. Commits or fails as a whole with the caller's scope.

    ``blocked`` says why the file is damaged: then everything is stored and nothing posts (E02).
    """
    with transaction.atomic():
        today = clinic_day(at)
        balance = blocked or balance_reason(document)
        row = _insert(document, inbound, ordinal, today, balance, findings, source)
        if row is None:
            return _repeat(document, today)
        matches = match_families(document.claims)
        sitting = _Sitting(
            row, document, _facts(row, document, balance), today, at,
            families.load(match.key for match in matches if match.key is not None),
        )  # fmt: skip
        row.payer = _payer(document, matches, sitting.families)
        if not balance:
            open_receipt(row, document, today, _payment_date(sitting, document))
        rows = [
            _take_claim(sitting, place, payment, match)
            for place, (payment, match) in enumerate(zip(document.claims, matches, strict=True), 1)
        ]
        sitting.flush()
        follow(sitting.posted, today)
        close_if_empty(row, rows)
        row.save()
        audit.record("remittance.take", "remittance", row.public_id, amount=str(row.amount), claims=len(rows))
        return Taken(row, rows)


def clinic_day(at: datetime) -> date:
    """The clinic's calendar day: that of its first location."""
    zone = Location.objects.order_by("pk").values_list("time_zone", flat=True).first()
    return local_day(at, zone or "America/Chicago")


# --- the remittance itself -------------------------------------------------------------------------


def _insert(
    document: RemittanceDocument,
    inbound: InboundFile | None,
    ordinal: int,
    today: date,
    balance: str,
    findings: Sequence[Finding],
    source: str,
) -> Remittance | None:
    """The row, first of all; None when this remittance is there already (I-10)."""
    public_id = new_public_id()
    row = Remittance(
        clinic_id=current_clinic_id(), public_id=public_id, inbound_file=inbound, ordinal=ordinal, source=source,
        payer_name=document.payer.name[:60], payer_identifier=payer_key(document),
        trace_number=document.trace_number[:50], payee_npi=payee_key(document), method=document.method[:3],
        payment_date=payment_day(document, today), amount=document.amount,
        provider_total=provider_adjustment_total(document), is_balanced=not balance,
        state=RemittanceState.UNBALANCED if balance else RemittanceState.OPEN,
        document=_header(document), findings=[freeze(finding) for finding in findings],
    )  # fmt: skip
    Remittance.objects.bulk_create([row], ignore_conflicts=True)
    found = Remittance.objects.filter(public_id=public_id).first()
    if found is not None and found.trace_number:
        same = Remittance.objects.filter(
            payer_identifier=found.payer_identifier, trace_number=found.trace_number
        ).exclude(pk=found.pk)
        found.same_as = same.order_by("pk").first()
    return found


def _repeat(document: RemittanceDocument, today: date) -> Taken:
    """A recorded no-op with a link to the first."""
    first = Remittance.objects.get(
        payer_identifier=payer_key(document), trace_number=document.trace_number[:50],
        payee_npi=payee_key(document), payment_date=payment_day(document, today), amount=document.amount,
    )  # fmt: skip
    Remittance.objects.filter(pk=first.pk).update(times_received=F("times_received") + 1)
    audit.record("remittance.repeat", "remittance", first.public_id)
    return Taken(first, list(first.responses.order_by("ordinal")), is_repeat=True)


def _header(document: RemittanceDocument) -> dict[str, Any]:
    """The header for the page; account numbers only by their last four digits."""
    bare = replace(document, claims=(), payer_account=None, payee_account=None)
    account = document.payee_account.account_number if document.payee_account else ""
    return {**freeze(bare), "payee_account_end": account[-4:]}


def _facts(row: Remittance, document: RemittanceDocument, balance: str) -> Facts:
    reissue = ""
    if row.same_as is not None:
        reissue = (
            f"trace {row.trace_number} came before with {row.same_as.amount} dated "
            f"{row.same_as.payment_date:%m/%d/%Y}: held for review"
        )
    return Facts(
        key=str(row.pk), payer=names_of(document), payer_key=row.payer_identifier, balance_reason=balance,
        reissue_reason=reissue,
    )  # fmt: skip


def _payer(
    document: RemittanceDocument, matches: Sequence[FamilyMatch], loaded: dict[FamilyKey, Family]
) -> Payer:
    """The payer as this clinic knows it: by id, by name, by a claim's layer; a stranger becomes a payer row."""
    names = names_of(document)
    known = [row for row in Payer.objects.order_by("pk") if families.payer_ids(row) & names.identifiers]
    named = Payer.objects.filter(name__iexact=document.payer.name).first() if document.payer.name else None
    if named is not None and (named in known or not known):
        return named
    if known:
        return known[0]
    for payment, match in zip(document.claims, matches, strict=True):
        if match.key in loaded and match.quality == MatchQuality.CERTAIN:
            rank = find_layer(payment, names, loaded[match.key].ledger).layer
            if rank in loaded[match.key].payers:
                return loaded[match.key].payers[rank]
    name = document.payer.name[:60] or "Unnamed payer"
    number = (document.payer.identifier or document.payer_identifier)[:30]
    payer, _ = Payer.objects.get_or_create(
        name=name,
        payer_id=number,
        defaults={"is_active": False, "remit_payer_id": document.payer_identifier[:30]},
    )
    return payer


def _payment_date(sitting: _Sitting, document: RemittanceDocument) -> date:
    """``era_payment_date`` of the first claim's location; without a claim what the remittance says."""
    day = payment_day(document, sitting.today)
    for found in sitting.families.values():
        return sitting.today if sitting.handling(found.location).payment_date == "today" else day
    return day


# --- its claims ------------------------------------------------------------------------------------


def _take_claim(sitting: _Sitting, place: int, payment: ClaimPayment, match: FamilyMatch) -> ClaimResponse:
    found = sitting.families.get(match.key) if match.key is not None else None
    facts = sitting.facts
    if match.quality == MatchQuality.WEAK:
        facts = replace(facts, is_weak=True, weak_reason=match.reason)
    handling = sitting.handling(found.location) if found else Handling(OFF, "remittance", Terms())
    if found is not None:
        found.set_expected(find_layer(payment, facts.payer, found.ledger).layer)
    plan = plan_claim(payment, found.ledger if found else None, facts, handling.terms)
    response = _row(sitting, place, payment, match, found, plan)
    posts = plan.posts and handling.autopay == POST
    response.state = PostingState.PROPOSED if plan.posts else PostingState.EXCEPTION
    response.save(force_insert=True)
    if found is not None:
        record_adjudication(response, payment, plan, found, sitting.row, sitting.at)
        if posts:
            queue_posting(sitting.waiting, response, plan, found, sitting.row, sitting.today, sitting.flush)
            mark_posted(response, PostingState.AUTO_POSTED, sitting.at)
            sitting.posted.append((response, found))
        take(plan, payment, found.ledger, facts, response.public_id)
    return response


def _row(
    sitting: _Sitting,
    place: int,
    payment: ClaimPayment,
    match: FamilyMatch,
    found: Family | None,
    plan: ClaimPlan,
) -> ClaimResponse:
    expected = [line.expected_allowed for line in found.ledger.lines] if found else []
    wanted = total(amount for amount in expected if amount is not None)
    allowed = total(line.allowed for line in plan.lines) if plan.lines else None
    has_contract = bool(expected) and all(amount is not None for amount in expected)
    patient = payment.patient
    response = ClaimResponse(
        clinic_id=sitting.row.clinic_id, public_id=new_public_id(), remittance=sitting.row, ordinal=place,
        control_number=payment.control_number[:40], status_code=payment.status_code[:2],
        payer_claim_number=payment.payer_control_number[:50], charged=payment.charge, paid=payment.paid,
        allowed=allowed, **sums_of(payment), document=freeze(payment), match_quality=match.quality,
        match_reason=match.reason[:120], expected_allowed=wanted if has_contract else None,
        variance=allowed - wanted if has_contract and allowed is not None else None,
        patient_name=patient.display_name[:120] if patient else "",
        service_date=payment.service_date or next((s.service_date for s in payment.lines), None),
    )  # fmt: skip
    if found is not None:
        response.claim = claim_for(found, plan, payment.control_number, sitting.today)
        response.patient_name = found.invoice.patient.list_name[:120]
        response.service_date = found.service_date
    describe(response, plan, found.ledger if found else None)
    return response


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


def claim_for(found: Family, plan: ClaimPlan, control_number: str, today: date) -> Claim | None:
    """The claim version answered. A crossover answered before its claim was made makes it now."""
    claim = found.claim_at(plan.layer, control_number)
    if claim is None and plan.posts and plan.layer is not None:
        try:
            claim = queue.next_layer(found.invoice, plan.layer, today, crossover_until=today)
            found.claims.append(claim)
        except NothingToClaim:
            claim = None
    return claim or next((c for c in found.claims if c.control_number == control_number), found.claims[-1])


def record_adjudication(
    response: ClaimResponse,
    payment: ClaimPayment,
    plan: ClaimPlan,
    found: Family,
    row: Remittance,
    at: datetime,
) -> None:
    """The payer's final answer, kept raw, once it is matched for certain, posted or not (B5)."""
    claim = response.claim
    if claim is None or NOT_FINAL & set(plan.codes) or (plan.layer is not None and claim.rank != plan.layer):
        return
    lines = found.lines_of.get(claim.pk, {})
    line_of = {n: lines.get(int(line.id)) for line in plan.lines for n in line.places}
    response.adjudication = adjudications.record(
        claim, payment, source_kind=row.source, source_key=response.public_id, adjudicated_on=row.payment_date,
        line_of=line_of, segment=f"CLP*{payment.control_number}*{payment.status_code}"[:300],
        file_key=row.inbound_file.public_id if row.inbound_file else "", decided_at=at,
    )  # fmt: skip
    ClaimResponse.objects.filter(pk=response.pk).update(adjudication=response.adjudication)


def queue_posting(
    waiting: list[Posting], response: ClaimResponse, plan: ClaimPlan, found: Family, row: Remittance, today: date,
    flush: Any,
) -> None:  # fmt: skip
    """The ledger transaction of one claim, written with the others; a reversal mirrors at once."""
    from responses import reversals

    response.txn_key = next_key(response)
    if plan.reverses is not None:
        flush()
        reversals.mirror(response, plan, row, today)
        return
    payer_ids = {rank: payer.pk for rank, payer in found.payers.items()}
    made = made_of.claim_entries(plan, found.invoice.patient_id, payer_ids, row.receipt_id)
    if len(made) < 2:  # an answer without money moves nothing
        response.txn_key = ""
        return
    waiting.append(
        Posting(
            key=response.txn_key, kind=TxnKind.ADJUDICATION, entries=tuple(made), on=today,
            effective_on=row.payment_date, source_kind="adjudication", source_key=response.public_id,
            reason=f"{row.payer_name} {row.trace_number}"[:200], trace=response.plan["trace"],
        )
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


def follow(posted: Sequence[tuple[ClaimResponse, Family]], today: date) -> None:
    """After the postings: the patients' money, the invoices' states, and the promise that wakes coordination."""
    if not posted:
        return
    last = {id(found): (response, found) for response, found in posted}
    shares = [
        made_of.PatientShare(
            key=f"settle:{response.txn_key or response.public_id}", patient_id=found.invoice.patient_id,
            charge_ids=tuple(charge.pk for charge in found.charges.values()),
            is_final=found.ledger.responsible is None, source_key=response.public_id,
        )
        for response, found in last.values()
    ]  # fmt: skip
    made = made_of.patient_postings(shares, today)
    if made:
        ledger.post_many(made)
    invoicing.settle_charges(charge_id for share in shares for charge_id in share.charge_ids)
    for response, _ in posted:
        key = f"{ROLLOVER}:{response.txn_key or response.public_id}"
        outbox.promise(ROLLOVER, response.clinic_id, response.pk, key=key)
