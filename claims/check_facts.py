"""Load what the checks need for many claims in a constant number of queries.

Before it: claims/queue.py (one claim) and claims/submitting.py (thousands, under lock). After it:
claims/checks.py, which asks the database nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Q

from appointments.authorizations import consumed_of, place_in
from appointments.enums import AppointmentState
from appointments.models import Appointment, AuthorizationUse, VisitLine
from claims import reference, rule_book
from claims.checks import AuthorizationFact, CheckContext
from claims.coding_checks import is_new_visit
from claims.enums import ClaimState, Format
from claims.models import Claim, ClaimLine
from claims.models.claims import DEAD_STATES
from insurance.authorizations import plain
from insurance.enrollment import claims_open
from insurance.models import Authorization, Policy
from lib.dates import months_before
from lib.frozen import thaw
from patients.models import Patient
from x12.documents.professional_claim import ClaimDocument

LineKey = tuple[Any, ...]


def load_contexts(
    claims: Sequence[Claim], today: date, documents: Sequence[ClaimDocument] | None = None
) -> list[CheckContext]:
    """One context a claim, in the same order; ``documents`` are theirs when already thawed."""
    if documents is None:
        documents = [thaw(ClaimDocument, claim.document) for claim in claims]
    policies = Policy.objects.select_related("payer", "plan").in_bulk({claim.policy_id for claim in claims})
    visits = Appointment.objects.only("state", "clinician_id").in_bulk({c.appointment_id for c in claims})
    signed = dict(
        Patient.objects.filter(pk__in={c.patient_id for c in claims}).values_list("pk", "signature_on_file")
    )
    waiting = dict(
        VisitLine.objects.filter(appointment_id__in=visits, is_confirmed=False)
        .values_list("appointment_id")
        .annotate(Count("pk"))
    )
    others = _equal_lines(claims)
    agreed = _authorizations(claims, documents)
    enrolled = claims_open({c.payer_id for c in claims if c.format == Format.ELECTRONIC})
    neighbours = [
        _neighbours(claim, document, visits[claim.appointment_id].clinician_id, others)
        for claim, document in zip(claims, documents, strict=True)
    ]
    codes = reference.load(documents, neighbours)
    seen = _seen_before(claims, documents)
    rules = rule_book.load_on()
    contexts = []
    for number, (claim, document) in enumerate(zip(claims, documents, strict=True)):
        policy = policies[claim.policy_id]
        visit = visits[claim.appointment_id]
        contexts.append(
            CheckContext(
                document=document,
                today=today,
                rank=claim.rank,
                frequency=claim.frequency,
                relationship=policy.relationship,
                payer_requires=_asked(policy),
                policy_from=policy.effective_on,
                policy_to=policy.expires_on,
                filing_deadline=claim.filing_deadline,
                service_to=claim.service_to,
                unconfirmed_lines=waiting.get(claim.appointment_id, 0),
                visit_is_checked_out=visit.state == AppointmentState.CHECKED_OUT,
                signature_on_file=signed[claim.patient_id],
                authorizations=agreed.get(number, ()),
                enrolled=claim.format != Format.ELECTRONIC or enrolled.get(claim.payer_id, (True, ""))[0],
                connection_name=enrolled.get(claim.payer_id, (True, ""))[1],
                twins=_twins(claim, document, visit.clinician_id, others),
                neighbours=neighbours[number],
                seen_before=seen.get(claim.patient_id),
                reference=codes,
                payer_key=policy.payer.public_id,
                plan_key=policy.plan.public_id if policy.plan else "",
                rules=rules,
            )
        )
    return contexts


def _authorizations(
    claims: Sequence[Claim], documents: Sequence[ClaimDocument]
) -> dict[int, tuple[AuthorizationFact, ...]]:
    """By place in ``claims``: the authorizations each names, and whether its visit was within the limit."""
    numbers = {
        number for doc in documents for number in (doc.prior_authorization, doc.referral_number) if number
    }
    if not numbers:
        return {}
    rows = {
        (row.policy_id, row.number): row
        for row in Authorization.objects.filter(
            policy_id__in={claim.policy_id for claim in claims}, number__in=numbers
        )
    }
    uses: dict[int, list[AuthorizationUse]] = defaultdict(list)
    for use in AuthorizationUse.objects.filter(authorization_id__in=[row.pk for row in rows.values()]):
        uses[use.authorization_id].append(use)
    found = {}
    for place, (claim, document) in enumerate(zip(claims, documents, strict=True)):
        named = (document.prior_authorization, document.referral_number)
        mine = [rows[claim.policy_id, number] for number in named if (claim.policy_id, number) in rows]
        found[place] = tuple(_authorization(row, claim.appointment_id, uses[row.pk]) for row in mine)
    return found


def _authorization(
    row: Authorization, appointment_id: int | None, uses: list[AuthorizationUse]
) -> AuthorizationFact:
    own = next((use for use in uses if use.appointment_id == appointment_id), None)
    if own is not None:
        taken = place_in(own, uses, row.limit_kind)
        over = taken > row.limit
    else:  # a number typed by hand: the visit itself is not counted
        taken = consumed_of(uses, row.limit_kind)
        over = taken >= row.limit
    words = (
        f"{plain(row.limit)} {row.get_limit_kind_display().lower()} agreed, {plain(taken)} with this visit"
    )
    return AuthorizationFact(row.number, row.effective_on, row.expires_on, over, words)


def _asked(policy: Policy) -> tuple[str, ...]:
    """What the payer asks for, and its plan beyond it (B17.1)."""
    plan = policy.plan.requires if policy.plan else []
    return tuple(dict.fromkeys([*policy.payer.requires, *plan]))


def _equal_lines(claims: Sequence[Claim]) -> dict[LineKey, set[tuple[int, str]]]:
    """Lines of live claims of patients with more than one invoice these days, keyed by what makes services equal.

    Two plain reads instead of one join: claims first, then lines only where somebody could be a twin.
    """
    days = [day for claim in claims for day in (claim.service_from, claim.service_to)]
    rows = (
        Claim.objects.filter(
            patient_id__in={claim.patient_id for claim in claims},
            service_to__gte=min(days),
            service_from__lte=max(days),
        )
        .exclude(state__in=DEAD_STATES)
        .exclude(Q(frequency="8") | Q(state=ClaimState.VOID_REQUESTED))  # these ask for nothing
        .values_list("pk", "patient_id", "invoice_id", "control_number", "appointment_id")
    )
    known = {key: (patient, invoice, number, visit) for key, patient, invoice, number, visit in rows}
    invoices: dict[int, set[int]] = defaultdict(set)
    for claim in claims:
        invoices[claim.patient_id].add(claim.invoice_id)
    for patient, invoice, _, _ in known.values():
        invoices[patient].add(invoice)
    wanted = [key for key, (patient, *_) in known.items() if len(invoices[patient]) > 1]
    found: dict[LineKey, set[tuple[int, str]]] = defaultdict(set)
    if not wanted:
        return found
    visits = {known[key][3] for key in wanted}
    clinicians = dict(Appointment.objects.filter(pk__in=visits).values_list("pk", "clinician_id"))
    lines = ClaimLine.objects.filter(claim_id__in=wanted, service_date__in=set(days))
    for key, day, code, modifiers, amount in lines.values_list(
        "claim_id", "service_date", "procedure_code", "modifiers", "amount"
    ):
        patient, invoice, number, visit = known[key]
        found[patient, clinicians[visit], day, code, tuple(modifiers), amount].add((invoice, number))
    return found


def _twins(
    claim: Claim, document: ClaimDocument, clinician: int, others: dict[LineKey, set[tuple[int, str]]]
) -> tuple[str, ...]:
    """Control numbers of claims of other invoices that hold an equal line; a family is no twin of itself."""
    numbers: set[str] = set()
    for line in document.lines:
        key = (claim.patient_id, clinician, line.service_date, line.procedure, line.modifiers, line.charge)
        numbers |= {number for invoice, number in others.get(key, ()) if invoice != claim.invoice_id}
    return tuple(sorted(numbers))


def _neighbours(
    claim: Claim, document: ClaimDocument, clinician: int, others: dict[LineKey, set[tuple[int, str]]]
) -> tuple[reference.Neighbour, ...]:
    """Lines of other invoices' claims of the same patient and clinician on this claim's days."""
    if not others:
        return ()
    days = {line.service_date for line in document.lines}
    found = [
        reference.Neighbour(number, code, day, modifiers)
        for (patient, by, day, code, modifiers, _), holders in others.items()
        if patient == claim.patient_id and by == clinician and day in days
        for invoice, number in holders
        if invoice != claim.invoice_id
    ]
    return tuple(sorted(found, key=lambda one: (one.number, one.code, one.modifiers)))


def _seen_before(claims: Sequence[Claim], documents: Sequence[ClaimDocument]) -> dict[int, date]:
    """For patients with a new-patient visit: the day of their last service in the three years before it."""
    asked = {
        claim.patient_id: claim.service_from
        for claim, document in zip(claims, documents, strict=True)
        if any(is_new_visit(line.procedure) for line in document.lines)
    }
    if not asked:
        return {}
    found: dict[int, date] = {}
    rows = (
        Claim.objects.filter(
            patient_id__in=asked,
            service_to__gte=months_before(min(asked.values()), 36),
            service_to__lt=max(asked.values()),
        )
        .exclude(state__in=DEAD_STATES)
        .order_by()
        .values_list("patient_id", "service_to")
    )
    for patient, day in rows:
        first = asked[patient]
        if months_before(first, 36) < day < first and (patient not in found or found[patient] < day):
            found[patient] = day
    return found
