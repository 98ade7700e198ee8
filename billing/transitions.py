"""Why a visit cannot become a charge by itself, and what came of trying (rules.md B17.0 to B17.2, B15).

The check-out screen lets a person go on with some of these; the background batch
(``transition_batches``) and missed visits (``missed``) do not, and keep the reasons here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from appointments.models import Appointment
from billing.checkout import PROBLEM_WORDS
from billing.enums import TransitionOutcome
from billing.models import VisitTransition
from billing.visit_pricing import PricedVisit
from clinics.errors import NotYours
from insurance.models import Layer
from insurance.requirements import missing_for_claim

Reason = dict[str, str]
VISIT_WITH = (
    "patient__referring_provider", "location__billing_provider", "location__clinic", "clinician", "profile",
    "clinic", "appointment_type", "status",
)  # fmt: skip
# B17.1, name in Payer.requires -> words, where it is mended, whether the visit has it.
REQUIRED: dict[str, tuple[str, str, Callable[[Appointment, Layer], bool]]] = {
    "dob": ("the patient's date of birth", "patient", lambda v, layer: v.patient.birth_date is not None),
    "sex": ("the patient's sex", "patient", lambda v, layer: bool(v.patient.sex)),
    "policy_number": ("a policy number", "coverage", lambda v, layer: bool(layer.policy.member_id)),
    "group_number": ("a group number", "coverage", lambda v, layer: bool(layer.policy.group_number)),
    "holder_dob": (
        "the policy holder's date of birth",
        "coverage",
        lambda v, layer: layer.policy.relationship == "18" or layer.policy.holder_birth_date is not None,
    ),
    "relationship": (
        "the relationship to the holder",
        "coverage",
        lambda v, layer: bool(layer.policy.relationship),
    ),
    "referring_npi": (
        "a referring provider with NPI",
        "patient",
        lambda v, layer: v.patient.referring_provider is not None and bool(v.patient.referring_provider.npi),
    ),
    "authorization": ("an authorization number", "treatment", lambda v, layer: bool(v.authorization_number)),
    "accident_date": ("the date of the accident", "treatment", lambda v, layer: v.accident_on is not None),
}


def load(public_id: str) -> Appointment:
    """The visit under its row lock with all that pricing and invoicing need."""
    rows = Appointment.objects.select_for_update(of=("self",), no_key=True).select_related(*VISIT_WITH)
    visit = rows.filter(public_id=public_id).first()
    if visit is None:
        raise NotYours("This visit is not here.")
    return visit


def pricing_reasons(visit: Appointment, priced: PricedVisit) -> list[Reason]:
    """What keeps the lines from having a price (B17.3, B17.4); empty when each has one."""
    if not priced.lines:
        return [reason("no_lines", "it has no services", "visit")]
    found = []
    for row, problem in priced.problems:
        words = f"{row.line.service.code} {PROBLEM_WORDS.get(problem, problem)}"
        if problem == "no_show_charge_forbidden":
            words += f" ({row.result.trace[-1].because})"
        if problem == "no_price":
            found.append(reason(problem, words, f"service:{row.line.service.public_id}"))
        else:
            found.append(
                reason(problem, words, "treatment" if problem in ("no_minutes", "zero_units") else "visit")
            )
    return found


def missing_reasons(visit: Appointment, priced: PricedVisit) -> list[Reason]:
    """What the insurer's plan wants before the batch charges by itself (B17.1), and codes nobody confirmed (B15)."""
    found = []
    unconfirmed = sum(not row.line.is_confirmed for row in priced.lines)
    if unconfirmed:
        found.append(reason("unconfirmed", f"{unconfirmed} copied lines wait for a tick", "visit"))
    if not priced.layers:
        return found
    if not visit.diagnoses:
        found.append(reason("no_diagnosis", "it has no diagnosis", "visit"))
    for item in missing_for_claim(visit.patient, visit.profile, priced.layers):
        where = "patient" if hasattr(visit.patient, item.field) else "coverage"
        found.append(reason("missing", item.words, f"{where}:{item.field}"))
    layer = priced.layers[0]
    for name in layer.policy.payer.requires:
        words, where, has = REQUIRED.get(name, ("", "", lambda visit, layer: True))
        if not has(visit, layer):
            found.append(reason(f"requires_{name}", f"{layer.policy.payer.name} asks for {words}", where))
    return found


def time_reasons(visit: Appointment, priced: PricedVisit) -> list[Reason]:
    """B15: units fixed by hand times the interval may not be more than the minutes of the visit.

    Units that a rounding rule made are the rule's own (B17.4) and are not held against the clock.
    """
    claimed = Decimal(0)
    for row in priced.lines:
        service = row.line.service
        if service.rounding and row.line.units is not None:
            claimed += row.line.units * (15 if service.rounding == "CMS8" else service.interval_minutes or 0)
    if claimed <= visit.minutes:
        return []
    words = f"the units come to {claimed.normalize():f} minutes, the visit took {visit.minutes}"
    return [reason("too_many_units", words, "treatment")]


def keep(
    visit: Appointment, outcome: TransitionOutcome, reasons: list[Reason], *, at: datetime
) -> VisitTransition:
    """Remember the last try of this visit; one row a visit."""
    row, _ = VisitTransition.objects.update_or_create(
        appointment=visit,
        defaults={
            "visit_version": visit.version, "outcome": outcome, "reasons": reasons, "tried_at": at,
        },
    )  # fmt: skip
    return row


def reason(code: str, words: str, repair: str) -> Reason:
    """One reason: its code, words for people, and where it is mended (visit, treatment, patient:FIELD, ...)."""
    return {"code": code, "words": words, "repair": repair}
