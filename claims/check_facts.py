"""Load the facts of many claims in a constant number of queries, and their documents only where they are asked for.

Before it: claims/scrubbing.py. After it: claims/checks.py, which asks the database nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, Q

from appointments.authorizations import consumed_of, place_in
from appointments.enums import AppointmentState
from appointments.models import Appointment, AuthorizationUse, Service, VisitLine
from billing.models import Charge
from claims import reference
from claims.check_context import AuthorizationFact, Facts
from claims.coding_checks import is_new_visit
from claims.enums import ClaimState, Format
from claims.models import Claim, ClaimLine
from claims.models.claims import DEAD_STATES
from clinics.lookups import Keys
from insurance.authorizations import plain
from insurance.enrollment import claims_open
from insurance.models import Authorization, Payer, Plan, Policy
from lib.dates import months_before
from lib.frozen import thaw
from patients.models import Patient
from x12.documents.professional_claim import ClaimDocument

EIGHT_MINUTE_UNIT = 15  # CMS8 counts quarters of an hour whatever the service's own interval says
LineKey = tuple[Any, ...]


class Documents:
    """The documents of some claims by their place among them: given, or read from their rows when they are needed.

    What a claim in memory holds is not trusted: only what is stored, with its version, may be stamped.
    """

    def __init__(self, claims: Sequence[Claim], known: Sequence[ClaimDocument] = ()) -> None:
        self._claims = claims
        self._thawed: dict[int, ClaimDocument] = dict(enumerate(known))
        self.versions: dict[int, int] = {}  # of those that were read

    def need(self, places: Iterable[int]) -> None:
        """Have these at hand, in one statement."""
        asked = {self._claims[place].pk: place for place in places if place not in self._thawed}
        if not asked:
            return
        rows = Claim.objects.filter(pk__any_of=Keys(asked))
        for key, document, version in rows.values_list("pk", "document", "document_version"):
            self._thawed[asked[key]] = thaw(ClaimDocument, document)
            self.versions[asked[key]] = version

    def __getitem__(self, place: int) -> ClaimDocument:
        return self._thawed[place]


@dataclass(frozen=True, slots=True)
class Asks:
    """What a document makes us look up; kept with its stamp, so that it need not be thawed for it."""

    numbers: tuple[str, ...] = ()  # authorization and referral it names
    new_visit: bool = False


def asks_of(document: ClaimDocument) -> Asks:
    """What this document makes us look up."""
    named = (document.prior_authorization, document.referral_number)
    return Asks(
        tuple(number for number in named if number),
        any(is_new_visit(line.procedure) for line in document.lines),
    )


def load_facts(claims: Sequence[Claim], asks: Sequence[Asks], documents: Documents) -> list[Facts]:
    """The facts of each claim, in the same order. Documents are opened only where a patient has several claims."""
    cards = _cards({claim.policy_id for claim in claims})
    visits = _visits(claims)
    timed = _timed(claims)
    people = {
        key: (signed, died)
        for key, signed, died in Patient.objects.filter(
            pk__any_of=Keys(c.patient_id for c in claims)
        ).values_list("pk", "signature_on_file", "death_date")
    }
    waiting = dict(
        VisitLine.objects.filter(appointment_id__any_of=Keys(visits), is_confirmed=False)
        .values_list("appointment_id")
        .annotate(Count("pk"))
    )
    others = _lines_beside(claims)
    documents.need(place for place, claim in enumerate(claims) if claim.patient_id in others)
    agreed = _authorizations(claims, asks)
    enrolled = claims_open({c.payer_id for c in claims if c.format == Format.ELECTRONIC})
    seen = _seen_before(claims, asks)
    found = []
    for place, claim in enumerate(claims):
        state, clinician, minutes = visits[claim.appointment_id]
        billed = timed.get(claim.invoice_id)
        is_open, connection = enrolled.get(claim.payer_id, (True, ""))
        beside: dict[str, Any] = {}
        if claim.patient_id in others:
            beside = _beside(claim, documents[place], clinician, others[claim.patient_id])
        found.append(
            Facts(
                rank=claim.rank,
                frequency=claim.frequency,
                filing_deadline=claim.filing_deadline,
                service_to=claim.service_to,
                unconfirmed_lines=waiting.get(claim.appointment_id, 0),
                visit_is_checked_out=state == AppointmentState.CHECKED_OUT,
                signature_on_file=people[claim.patient_id][0],
                died_on=people[claim.patient_id][1],
                authorizations=agreed.get(place, ()),
                enrolled=is_open or claim.format != Format.ELECTRONIC,
                connection_name=connection,
                on_paper=claim.format == Format.PAPER,
                seen_before=seen.get(place),
                minutes=minutes if billed is not None else None,
                minutes_billed=billed or Decimal(0),
                **cards[claim.policy_id],
                **beside,
            )
        )
    return found


def _cards(policy_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What the card, its payer and its plan say, by policy: as ``Facts`` names it."""
    rows = Policy.objects.filter(pk__any_of=Keys(policy_ids)).values_list(
        "pk", "relationship", "effective_on", "expires_on", "payer_id", "plan_id"
    )
    cards = list(rows)
    payers = Payer.objects.only("public_id", "requires").in_bulk({payer for *_, payer, _ in cards})
    plans = Plan.objects.only("public_id", "requires").in_bulk({plan for *_, plan in cards if plan})
    asked: dict[tuple[int, int | None], dict[str, Any]] = {}
    for *_, payer_id, plan_id in cards:
        if (payer_id, plan_id) not in asked:
            asked[payer_id, plan_id] = _asked(payers[payer_id], plans[plan_id] if plan_id else None)
    return {
        key: {
            "relationship": relationship,
            "policy_from": begins,
            "policy_to": ends,
            **asked[payer_id, plan_id],
        }
        for key, relationship, begins, ends, payer_id, plan_id in cards
    }


def _asked(payer: Payer, plan: Plan | None) -> dict[str, Any]:
    """What the payer asks for, and its plan beyond it (B17.1)."""
    requires = tuple(dict.fromkeys([*payer.requires, *(plan.requires if plan else [])]))
    plan_key = plan.public_id if plan else ""
    return {"payer_requires": requires, "payer_key": payer.public_id, "plan_key": plan_key}


def _timed(claims: Sequence[Claim]) -> dict[int, Decimal]:
    """By invoice: the minutes that the units of its timed services stand for, individual ones (B17.4)."""
    intervals = {
        key: EIGHT_MINUTE_UNIT if rounding == "CMS8" else minutes or 0
        for key, minutes, rounding in Service.objects.filter(
            Q(interval_minutes__isnull=False) | Q(rounding="CMS8"), kind="individual"
        ).values_list("pk", "interval_minutes", "rounding")
    }
    if not intervals:
        return {}
    found: dict[int, Decimal] = defaultdict(Decimal)
    rows = Charge.objects.filter(
        invoice_id__any_of=Keys(claim.invoice_id for claim in claims), service_id__in=list(intervals)
    )
    for invoice, service, units in rows.values_list("invoice_id", "service_id", "units"):
        found[invoice] += units * intervals[service]
    return dict(found)


def _visits(claims: Sequence[Claim]) -> dict[int, tuple[str, int, int]]:
    """State, clinician and minutes of each visit."""
    rows = Appointment.objects.filter(pk__any_of=Keys(claim.appointment_id for claim in claims))
    return {key: tuple(told) for key, *told in rows.values_list("pk", "state", "clinician_id", "minutes")}  # type: ignore[misc]


def _authorizations(
    claims: Sequence[Claim], asks: Sequence[Asks]
) -> dict[int, tuple[AuthorizationFact, ...]]:
    """By place in ``claims``: the authorizations each names, and whether its visit was within the limit."""
    numbers = {number for one in asks for number in one.numbers}
    if not numbers:
        return {}
    rows = {
        (row.policy_id, row.number): row
        for row in Authorization.objects.filter(
            policy_id__in={claim.policy_id for claim, one in zip(claims, asks, strict=True) if one.numbers},
            number__in=numbers,
        )
    }
    uses: dict[int, list[AuthorizationUse]] = defaultdict(list)
    for use in AuthorizationUse.objects.filter(authorization_id__in=[row.pk for row in rows.values()]):
        uses[use.authorization_id].append(use)
    found = {}
    for place, (claim, one) in enumerate(zip(claims, asks, strict=True)):
        mine = [rows[claim.policy_id, number] for number in one.numbers if (claim.policy_id, number) in rows]
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


class _Stay(NamedTuple):
    """The days of one claim of a patient; without key and number where it is not saved yet."""

    patient: int
    begins: date
    ends: date
    invoice: int
    key: int = 0
    number: str = ""
    visit: int = 0


@dataclass(frozen=True, slots=True)
class _Beside:
    """A line of a live claim of a patient who has claims of several invoices about these days."""

    clinician: int
    invoice: int
    number: str
    day: date
    code: str
    modifiers: tuple[str, ...]
    amount: Decimal
    units: Decimal
    charge: int


def _lines_beside(claims: Sequence[Claim]) -> dict[int, list[_Beside]]:
    """By patient: lines of live claims whose days touch those of another invoice's claim.

    Two plain reads instead of one join: claims first, then lines only where somebody could be a twin.
    """
    first = min((claim.service_from for claim in claims), default=date.max)
    last = max((claim.service_to for claim in claims), default=date.min)
    rows = (
        Claim.objects.filter(
            patient_id__any_of=Keys(claim.patient_id for claim in claims),
            service_to__gte=first,
            service_from__lte=last,
        )
        .exclude(state__in=DEAD_STATES)
        .exclude(Q(frequency="8") | Q(state=ClaimState.VOID_REQUESTED))  # these ask for nothing
        .values_list(
            "patient_id", "service_from", "service_to", "invoice_id", "pk", "control_number", "appointment_id"
        )
    )
    stays: dict[int, list[_Stay]] = defaultdict(list)
    for row in rows:
        stays[row[0]].append(_Stay(*row))
    for claim in claims:  # also one that is not saved yet
        stays[claim.patient_id].append(
            _Stay(claim.patient_id, claim.service_from, claim.service_to, claim.invoice_id)
        )
    touching = {
        stay.key: stay
        for found in stays.values()
        if len({stay.invoice for stay in found}) > 1
        for stay in _touching(found)
        if stay.key
    }
    lines: dict[int, list[_Beside]] = defaultdict(list)
    if not touching:
        return lines
    clinicians = dict(
        Appointment.objects.filter(pk__any_of=Keys(stay.visit for stay in touching.values())).values_list(
            "pk", "clinician_id"
        )
    )
    stored = ClaimLine.objects.filter(claim_id__any_of=Keys(touching), service_date__range=(first, last))
    for key, day, code, modifiers, amount, units, charge in stored.values_list(
        "claim_id", "service_date", "procedure_code", "modifiers", "amount", "units", "charge_id"
    ):
        stay = touching[key]
        lines[stay.patient].append(
            _Beside(
                clinicians[stay.visit],
                stay.invoice,
                stay.number,
                day,
                code,
                tuple(modifiers),
                amount,
                units,
                charge,
            )
        )
    return lines


def _touching(stays: Sequence[_Stay]) -> list[_Stay]:
    """Of one patient's claims those that share a day with another invoice's."""
    return [
        one
        for one in stays
        if any(
            one.invoice != two.invoice and one.begins <= two.ends and two.begins <= one.ends for two in stays
        )
    ]


def _beside(
    claim: Claim, document: ClaimDocument, clinician: int, lines: Sequence[_Beside]
) -> dict[str, Any]:
    """Control numbers of other invoices' claims with an equal line, and their lines of this claim's days.

    Both are of the same patient and clinician; a family is no twin of itself.
    """
    mine = {(line.service_date, line.procedure, line.modifiers, line.charge) for line in document.lines}
    days = {line.service_date for line in document.lines}
    others = [
        one
        for one in lines
        if one.invoice != claim.invoice_id and one.clinician == clinician and one.day in days
    ]
    twins = {one.number for one in others if (one.day, one.code, one.modifiers, one.amount) in mine}
    near = {
        reference.Neighbour(one.number, one.code, one.day, one.modifiers, one.units, one.charge)
        for one in others
    }
    return {
        "twins": tuple(sorted(twins)),
        "neighbours": tuple(
            sorted(near, key=lambda one: (one.number, one.day, one.code, one.modifiers, one.charge))
        ),
    }


def _seen_before(claims: Sequence[Claim], asks: Sequence[Asks]) -> dict[int, date]:
    """For claims with a new-patient visit, by place: the patient's last service in the three years before it."""
    asked = {
        place: claim for place, (claim, one) in enumerate(zip(claims, asks, strict=True)) if one.new_visit
    }
    if not asked:
        return {}
    rows = (
        Claim.objects.filter(
            patient_id__in={claim.patient_id for claim in asked.values()},
            service_to__gte=months_before(min(claim.service_from for claim in asked.values()), 36),
            service_to__lt=max(claim.service_from for claim in asked.values()),
        )
        .exclude(state__in=DEAD_STATES)
        .order_by()
        .values_list("patient_id", "service_to")
    )
    days: dict[int, set[date]] = defaultdict(set)
    for patient, day in rows:
        days[patient].add(day)
    found: dict[int, date] = {}
    for place, claim in asked.items():
        first = claim.service_from
        within = [day for day in days[claim.patient_id] if months_before(first, 36) < day < first]
        if within:
            found[place] = max(within)
    return found
