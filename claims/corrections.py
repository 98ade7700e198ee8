"""Duplicate & resubmit: the next version of a claim, by the table of rules.md B8.

Before it: a rejected or adjudicated claim, the claim page and the denials list. After it: claims/review.py,
since the new version stands in ``new`` and can be edited. The old one becomes ``superseded`` and stays
visible; every number ever sent stays an alias of the family. A void is the exception: the old claim waits
in ``void_requested`` until the payer has taken it (claims/voids.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from django.db.models import QuerySet

from billing import lineage
from billing.enums import InvoiceState
from billing.models import Charge, Invoice
from claims import building, deadlines, lifecycle, queue
from claims.adjudications import REVERSAL
from claims.enums import ClaimState, Outcome
from claims.errors import NotResubmittable
from claims.models import Adjudication, Claim
from claims.models.claims import DEAD_STATES
from claims.snapshot import Naming, Source
from clinics import audit
from lib.frozen import freeze, thaw
from lib.identifiers import new_control_number
from x12.documents.professional_claim import ClaimDocument

ORIGINAL, REPLACEMENT, VOID = "1", "7", "8"
# MA130: nothing in the claim could be processed, no appeal rights: it is sent as a new claim.
UNPROCESSABLE = "MA130"
WITH_REASON = (ClaimState.SUBMITTED, ClaimState.ACKNOWLEDGED, ClaimState.ACCEPTED)
UNSENT = (ClaimState.NEW, ClaimState.READY, ClaimState.ON_HOLD)
DECIDED = (ClaimState.ADJUDICATED, ClaimState.CLOSED)
LABELS = {ORIGINAL: "New claim (1)", REPLACEMENT: "Replacement (7)", VOID: "Void (8)"}
PAST = {
    ClaimState.SUPERSEDED: "A later version has taken its place.",
    ClaimState.VOID_REQUESTED: "A void of it is under way: wait for the payer's answer, or give the void up.",
    ClaimState.VOIDED: "It is voided: make a new claim on the invoice.",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One row of the table as it stands for a claim: what may be sent and why, or why not."""

    frequency: str
    label: str
    why: str
    allowed: bool
    code: str = ""
    needs_reason: bool = False


def choices(claim: Claim) -> list[Choice]:
    """What B8 offers for this claim now, the fitting one first."""
    return sorted(
        (judge(claim, frequency) for frequency in (ORIGINAL, REPLACEMENT, VOID)), key=lambda c: not c.allowed
    )


def judge(claim: Claim, frequency: str) -> Choice:
    """Whether this claim may be sent again under CLM05-3 ``frequency``, in words."""
    state = ClaimState(claim.state)
    if state in PAST:
        return Choice(frequency, LABELS[frequency], PAST[state], allowed=False, code="not_open")
    if state == ClaimState.REJECTED and claim.frequency != ORIGINAL:
        return _judge_rejected_again(claim, frequency)
    if frequency == ORIGINAL:
        return _judge_original(claim, state)
    label = LABELS[frequency]
    if claim.frequency == VOID:
        return Choice(frequency, label, "It is a void itself.", allowed=False, code="is_void")
    if state not in DECIDED:
        words = (
            "It was rejected before anybody decided: send it as an original."
            if state == ClaimState.REJECTED
            else "The payer has not decided this claim yet."
        )
        return Choice(frequency, label, words, allowed=False, code="not_adjudicated")
    if not claim.payer.accepts_frequency_7_8:
        return Choice(
            frequency,
            label,
            f"{claim.payer_name} takes no 7 or 8: send a new claim, or ask for a reopening.",
            allowed=False,
            code="payer_takes_no_7_8",
        )
    if not claim.payer_claim_number:
        return Choice(
            frequency,
            label,
            "The payer's claim number is missing. It is on the payer's answer (CLP07, or REF*1K of the 277CA), or "
            "on the paper EOB: type it in first.",
            allowed=False,
            code="payer_claim_number_missing",
        )
    why = (
        "Send all lines as they should be now."
        if frequency == REPLACEMENT
        else "It should never have been billed."
    )
    return Choice(frequency, label, why, allowed=True)


def _judge_rejected_again(claim: Claim, frequency: str) -> Choice:
    """A replacement or void that was rejected never reached the payer: it goes again as what it was."""
    same = frequency == claim.frequency
    words = (
        "It was rejected before anybody decided: mend it and send it as what it was."
        if same
        else f"The payer still has the claim it was about: send it again as {claim.frequency}."
    )
    return Choice(frequency, LABELS[frequency], words, allowed=same, code="" if same else "other_frequency")


def _judge_original(claim: Claim, state: ClaimState) -> Choice:
    label = LABELS[ORIGINAL]
    if state == ClaimState.REJECTED:
        return Choice(
            ORIGINAL, label, "It was rejected, so it was never decided: mend it and send it.", allowed=True
        )
    if state in DECIDED:
        if not claim.payer.accepts_frequency_7_8:
            return Choice(ORIGINAL, label, f"{claim.payer_name} takes no 7 or 8.", allowed=True)
        if claim.outcome == Outcome.DENIED and is_unprocessable(claim):
            return Choice(
                ORIGINAL, label, "The payer could not process it (MA130): send it new.", allowed=True
            )
        return Choice(
            ORIGINAL,
            label,
            "The payer decided it: a second original would be denied as a duplicate (CARC 18).",
            allowed=False,
            code="would_be_duplicate",
        )
    if state in WITH_REASON:
        return Choice(
            ORIGINAL,
            label,
            "The payer may still have it: ask first (276), and send only if it is not on file.",
            allowed=True,
            code="not_answered",
            needs_reason=True,
        )
    return Choice(
        ORIGINAL, label, f"It is {state.label.lower()}: edit it as it is.", allowed=False, code="not_sent"
    )


def last_answered(claim: Claim) -> date | None:
    """The day of the last answer on it that stands."""
    return _standing_answers(claim).values_list("adjudicated_on", flat=True).first()


def is_unprocessable(claim: Claim) -> bool:
    """Whether the last answer carries MA130."""
    answer = _standing_answers(claim).first()
    if answer is None:
        return False
    moa = answer.outpatient_remarks.get("remarks", []) if answer.outpatient_remarks else []
    return UNPROCESSABLE in [*answer.remarks, *moa]


def _standing_answers(claim: Claim) -> QuerySet[Adjudication]:
    """Answers nobody took back, the newest first; a reversal is none, it only takes one back."""
    rows = claim.adjudications.filter(reversed_at__isnull=True).exclude(status_code=REVERSAL)
    return rows.order_by("-created_at", "-pk")


def duplicate(
    claim: Claim, frequency: str, reason: str, *, today: date, payer_claim_number: str = ""
) -> Claim:
    """The new version in ``new``, the old one ``superseded``, with frequency 8 ``void_requested``.

    Raises NotResubmittable with B8's code.

    ``payer_claim_number`` is typed from the EOB where nobody else told it. A second press returns the version
    made first.
    """
    locked = (
        Claim.objects.select_for_update(of=("self",), no_key=True)
        .select_related("payer", "invoice", "policy", "replaces")
        .get(pk=claim.pk)
    )
    if locked.state in (ClaimState.SUPERSEDED, ClaimState.VOID_REQUESTED):
        over = [locked.pk, locked.replaces_id] if locked.frequency == VOID else [locked.pk]
        later = Claim.objects.filter(replaces_id__in=over, frequency=frequency, version__gt=locked.version)
        made = later.exclude(state=ClaimState.VOIDED).order_by("-version").first()
        if made is not None:
            return made
    if payer_claim_number and not locked.payer_claim_number:
        locked.payer_claim_number = payer_claim_number.strip()[:50]
        Claim.objects.filter(pk=locked.pk).update(payer_claim_number=locked.payer_claim_number)
    choice = judge(locked, frequency)
    if not choice.allowed:
        raise NotResubmittable(choice.why, code=choice.code, frequency=frequency)
    if (choice.needs_reason or claim.outcome) and not reason.strip():
        raise NotResubmittable("Say why it is sent again; the next person will ask.", code="reason_missing")
    draft = _next_version(locked, frequency, today)
    number, why = draft.claim.version, reason.strip() or choice.why
    if frequency == VOID and locked.frequency != VOID:
        lifecycle.move(locked, ClaimState.VOID_REQUESTED, text=f"Version {number} asks to void it: {why}")
    else:
        lifecycle.move(locked, ClaimState.SUPERSEDED, text=f"Replaced by version {number}: {why}")
    made = building.store_version(draft, text=f"Made from version {locked.version} as {choice.label.lower()}")
    queue.check(made, today)
    audit.record(
        "claim.duplicate",
        "claim",
        made.public_id,
        reason=reason.strip(),
        replaces=locked.control_number,
        frequency=frequency,
    )
    return made


def family(claim: Claim) -> list[Claim]:
    """All versions of all layers of the invoice and of those it corrects, oldest first."""
    ids = lineage.whole(claim.invoice)
    return list(Claim.objects.filter(invoice_id__in=ids).order_by("rank", "part", "version"))


def why_not_correctable(invoice: Invoice) -> list[str]:
    """Why the claims of an invoice do not let it be corrected; billing asks before it voids it for that (B8)."""
    rows = Claim.objects.filter(invoice=invoice).exclude(state__in=DEAD_STATES).order_by("pk")
    claims = list(rows)
    if not claims:
        return ["No claim stands for it: void it, and check the visit out again."]
    return [
        f"Claim {claim.control_number} is {claim.get_state_display().lower()}: "
        + ("it has not left, so void it first." if claim.state in UNSENT else "wait for the payer's answer.")
        for claim in claims
        if claim.state not in (ClaimState.REJECTED, *DECIDED)
    ]


def follow_invoice(invoice: Invoice, rank: int, *, today: date) -> list[Claim]:
    """The next versions of the claims of the invoice that this one corrects, under B8's frequency.

    Empty where none stands at this layer, or where another insurer does now: then the claim is a new one.
    Raises NotResubmittable where B8 offers neither 1 nor 7.
    """
    before = invoice.corrects
    if before is None:
        return []
    payer_id = building.load_source(invoice, rank).layer.policy.payer_id
    made = []
    for claim in building.live_claims(before, rank):
        if claim.payer_id != payer_id:
            return []
        offered = [judge(claim, frequency) for frequency in (REPLACEMENT, ORIGINAL)]
        choice = next((each for each in offered if each.allowed), offered[0])
        if not choice.allowed:
            raise NotResubmittable(choice.why, code=choice.code, frequency=choice.frequency)
        reason = f"Invoice {before.number} was corrected: {invoice.number}"
        made.append(duplicate(claim, choice.frequency, reason, today=today))
    return made


def _next_version(claim: Claim, frequency: str, today: date) -> building.Draft:
    """A copy of header and lines under a new number; a corrected invoice gives its own charges (B8)."""
    number = claim.payer_claim_number if frequency != ORIGINAL else ""
    is_rejected_again = claim.state == ClaimState.REJECTED and claim.frequency == frequency
    if frequency != ORIGINAL and is_rejected_again:  # never decided: it names what it named before
        number = claim.document["payer_claim_number"]
    naming = Naming(new_control_number(), frequency, number)
    corrected = (
        Invoice.objects.filter(corrects_id=claim.invoice_id)
        .exclude(state=InvoiceState.VOID)
        .order_by("-issued_at", "-pk")
        .first()
    )
    if corrected is not None and frequency != VOID:
        draft = _from_invoice(corrected, claim, naming, today)
    else:
        draft = _copy(claim, naming)
    made = draft.claim
    made.version = claim.version + 1
    if frequency == REPLACEMENT:  # rejected before anybody decided: the limit of the one before
        days = claim.payer.corrected_days
        again = claim.frequency == REPLACEMENT and claim.state == ClaimState.REJECTED
        made.filing_deadline = (
            claim.filing_deadline if again else deadlines.limit_after(last_answered(claim), days)
        )
    # A void sent again takes back the claim that its predecessor meant.
    made.replaces = claim.replaces if claim.frequency == VOID and frequency == VOID else claim
    made.assignee = claim.assignee
    return draft


def _from_invoice(invoice: Invoice, claim: Claim, naming: Naming, today: date) -> building.Draft:
    source: Source = building.load_source(invoice, claim.rank)
    start = (claim.part - 1) * building.MAX_LINES
    charges = source.charges[start : start + building.MAX_LINES]
    return building.make_draft(invoice, source, charges, claim.part, naming, today=today)


def _copy(claim: Claim, naming: Naming) -> building.Draft:
    document = replace(
        thaw(ClaimDocument, claim.document),
        control_number=naming.control_number,
        frequency_code=naming.frequency,
        payer_claim_number=naming.payer_claim_number,
    )
    made = Claim(
        control_number=naming.control_number,
        document=freeze(document),
        frequency=naming.frequency,
        payer_claim_number=naming.payer_claim_number,
        last_event=f"Made from version {claim.version}",
        **{name: getattr(claim, name) for name in COPIED},
    )
    charges: tuple[Charge, ...] = tuple(
        line.charge for line in claim.lines.select_related("charge").order_by("line_no")
    )
    return building.Draft(made, document, charges)


COPIED = (
    "clinic_id", "invoice_id", "patient_id", "appointment_id", "location_id", "payer_id", "policy_id", "rank",
    "part", "format", "total", "patient_name", "payer_name", "clinician_name", "service_from", "service_to",
    "filing_deadline",
)  # fmt: skip
