"""Build the claim of an invoice's layer: load the visit once, copy it, freeze the copy (rules.md B17.5, B4).

Before it: billing/checkout (through claims/queue.py) and responses/coordination for the next layer.
After it: claims/checks.py. Building is idempotent: a live claim for the same invoice, layer and part is
returned as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db import IntegrityError, transaction

from billing import balances
from billing.enums import InvoiceKind, InvoiceState
from billing.models import Charge, Invoice
from claims import adjudications, deadlines
from claims.enums import ClaimState, Format
from claims.errors import NothingToClaim
from claims.lifecycle import note
from claims.models import Claim, ClaimLine
from claims.models.claims import DEAD_STATES
from claims.snapshot import Naming, Source, make_document
from claims.voids import VOID
from insurance.enums import ClaimFormat
from insurance.models import Authorization
from insurance.profiles import layers_on
from lib.frozen import freeze
from lib.identifiers import new_control_number
from lib.money import ZERO, total
from x12.documents.professional_claim import ClaimDocument

MAX_LINES = 50  # 2400 loops of one claim
ATTEMPTS = 5  # a random control number of 53 bits meets an old one about never; the constraint decides


@dataclass(frozen=True, slots=True)
class Draft:
    """A claim that is not stored yet, with its document."""

    claim: Claim
    document: ClaimDocument
    charges: tuple[Charge, ...]


def build(invoice: Invoice, rank: int, *, today: date) -> Claim:
    """The claim of this invoice to layer ``rank``, in state ``new`` if it is made now.

    Over fifty lines it is the first of several parts (build_parts gives all). Raises NothingToClaim.
    """
    return build_parts(invoice, rank, today=today)[0]


def build_parts(invoice: Invoice, rank: int, *, today: date) -> list[Claim]:
    """Every part of the claim; live ones as they stand, missing ones made."""
    found = live_claims(invoice, rank)
    if found:
        return found
    if invoice.corrects_id is not None:
        from claims import corrections

        if versions := corrections.follow_invoice(invoice, rank, today=today):
            return versions
    return [_store(draft) for draft in draft_parts(invoice, rank, today=today)]


def live_claims(invoice: Invoice, rank: int) -> list[Claim]:
    """What stands already for this layer, by part; a void stands beside the claim it takes back."""
    rows = Claim.objects.filter(invoice_id=invoice.pk, rank=rank).exclude(state__in=DEAD_STATES)
    return list(rows.exclude(frequency=VOID).order_by("part"))


def draft_parts(invoice: Invoice, rank: int, *, today: date) -> list[Draft]:
    """The claims as they would be made, unsaved: what the check-out screen checks before the button."""
    source = load_source(invoice, rank)
    refuse_empty_share(invoice, source)
    chunks = [source.charges[start : start + MAX_LINES] for start in range(0, len(source.charges), MAX_LINES)]
    return [
        make_draft(invoice, source, chunk, part, Naming(new_control_number()), today=today)
        for part, chunk in enumerate(chunks, 1)
    ]


def make_draft(
    invoice: Invoice, source: Source, charges: Sequence[Charge], part: int, naming: Naming, *, today: date
) -> Draft:
    """One unsaved claim version over these charges."""
    source = replace(source, answers=adjudications.earlier_answers(invoice.pk, source.rank, part))
    document = make_document(source, charges, naming)
    policy = source.layer.policy
    days = [charge.service_date for charge in charges]
    answered = [answer.adjudicated_on for answer in source.answers.values()]
    claim = Claim(
        control_number=naming.control_number,
        invoice=invoice,
        patient=source.patient,
        appointment=source.appointment,
        location=source.location,
        payer=policy.payer,
        policy=policy,
        rank=source.rank,
        part=part,
        frequency=naming.frequency,
        payer_claim_number=naming.payer_claim_number,
        format=Format.PAPER if policy.payer.claim_format == ClaimFormat.PAPER else Format.ELECTRONIC,
        total=document.total_charge,
        document=freeze(document),
        patient_name=source.patient.list_name[:120],
        payer_name=policy.payer.name[:60],
        clinician_name=str(source.clinician)[:110],
        service_from=min(days),
        service_to=max(days),
        filing_deadline=deadlines.filing_deadline(policy.payer.filing_days, max(days), answered),
        last_event="Built from the visit",
    )
    return Draft(claim, document, tuple(charges))


def load_source(invoice: Invoice, rank: int) -> Source:
    """The rows behind an invoice in a constant number of queries. Raises NothingToClaim."""
    if (
        invoice.kind != InvoiceKind.APPOINTMENT
        or invoice.state == InvoiceState.VOID
        or not invoice.appointment_id
    ):
        raise NothingToClaim(f"Invoice {invoice.number} is not a live invoice of a visit.", reason="invoice")
    full = Invoice.objects.select_related(
        "appointment__profile",
        "appointment__clinician",
        "patient__referring_provider",
        "location__billing_provider",
        "profile",
    ).get(pk=invoice.pk)
    visit = full.appointment
    profile = full.profile or visit.profile
    layers = tuple(layers_on(profile, full.service_date))
    if not any(layer.position == rank for layer in layers):
        raise NothingToClaim(
            f"No insurer stands in place {rank} of {profile.name} on {full.service_date:%m/%d/%Y}.",
            reason="layer",
        )
    charges = tuple(
        charge
        for charge in Charge.objects.filter(invoice_id=full.pk).select_related("service").order_by("line_no")
        if charge.service is None or not charge.service.bill_patient_directly
    )
    held = balances.lines([charge.pk for charge in charges])
    return Source(
        appointment=visit,
        patient=full.patient,
        profile=profile,
        location=full.location,
        billing_provider=full.location.billing_provider,
        clinician=visit.clinician,
        layers=layers,
        charges=charges,
        rank=rank,
        patient_paid={key: line.paid_by_patient for key, line in held.items()},
        authorizations=tuple(Authorization.objects.filter(uses__appointment=visit).order_by("id")),
    )


def refuse_empty_share(invoice: Invoice, source: Source) -> None:
    """No claim where the first insurer's share is 0.00, unless the payer wants those too (B4, B17.7)."""
    payer = source.layer.policy.payer
    if payer.claim_format == ClaimFormat.PATIENT_STATEMENT:
        raise NothingToClaim(f"{payer.name} is billed by patient statement, not by claim.", reason="format")
    share = total(charge.amount - charge.patient_part for charge in source.charges)
    if not source.charges or (source.rank == 1 and share == ZERO and not payer.report_zero_share):
        raise NothingToClaim(
            f"The insurer's share of invoice {invoice.number} is 0.00: there is nothing to claim.",
            reason="share",
        )


def store_lines(claim: Claim, document: ClaimDocument, charges: Sequence[Charge]) -> None:
    """The claim's lines, each with the charge its REF*6R leads back to."""
    ClaimLine.objects.bulk_create(
        [
            ClaimLine(
                clinic_id=claim.clinic_id,
                claim=claim,
                charge=charge,
                line_no=number,
                line_id=line.line_id,
                procedure_code=line.procedure,
                modifiers=list(line.modifiers),
                units=line.units,
                amount=line.charge,
                service_date=line.service_date,
            )
            for number, (line, charge) in enumerate(zip(document.lines, charges, strict=True), 1)
        ]
    )


def store_version(draft: Draft, *, text: str) -> Claim:
    """Save a claim version, its lines and its first event; a control number met before is drawn again.

    Raises IntegrityError when another live claim stands for the layer: the caller knows what that means.
    """
    claim, document = draft.claim, draft.document
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                claim.save(force_insert=True)
                store_lines(claim, document, draft.charges)
                note(claim, "state", text, to_state=ClaimState(claim.state))
                return claim
        except IntegrityError as error:
            if "claim_control_number_once" not in str(error) or attempt == ATTEMPTS:
                raise
            document = replace(document, control_number=new_control_number())
            claim.control_number, claim.document = document.control_number, freeze(document)
    raise AssertionError("unreachable")


def _store(draft: Draft) -> Claim:
    """Save, or give back the claim somebody else made for this layer at the same moment (I-14, F-15)."""
    try:
        return store_version(draft, text="Built from the visit")
    except IntegrityError as error:
        if "claim_one_live_a_layer" not in str(error):
            raise
        made = draft.claim
        return (
            Claim.objects.exclude(state__in=DEAD_STATES)
            .exclude(frequency=VOID)
            .get(invoice_id=made.invoice_id, rank=made.rank, part=made.part)
        )
