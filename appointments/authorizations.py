"""What visits take of authorizations: reserved by bookings, consumed by check-outs, given back by a void (B14).

Before it: booking.py, visits.py and billing/checkout.py, which tell of a visit. After it: the chips of the desk
and the claim's check. A visit takes of one authorization and one referral for each card that pays for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from appointments.enums import AppointmentState, UseState
from appointments.models import Appointment, AuthorizationUse, ServicePrice
from insurance.authorizations import Standing, standings
from insurance.enums import LimitKind
from insurance.hooks import Used
from insurance.models import Authorization
from insurance.profiles import layers_on
from lib.money import ZERO, round_money, total

BOOKED = (
    AppointmentState.SCHEDULED,
    AppointmentState.ARRIVED,
    AppointmentState.IN_TREATMENT,
    AppointmentState.COMPLETE,
)


@dataclass(frozen=True, slots=True)
class Done:
    """One service of a visit: its code, units and amount in dollars."""

    code: str
    units: Decimal
    amount: Decimal


def reserve(visit: Appointment) -> list[AuthorizationUse]:
    """Count a booked visit against what covers it; a cancelled one takes nothing. Safe to repeat."""
    if visit.state == AppointmentState.CHECKED_OUT:
        return list(AuthorizationUse.objects.filter(appointment=visit))
    if visit.state not in BOOKED:
        AuthorizationUse.objects.filter(appointment=visit).delete()
        return []
    return _write(visit, _expected(visit), UseState.RESERVED)


def consume(visit: Appointment, done: Sequence[Done]) -> list[AuthorizationUse]:
    """The visit is checked out: what was really done counts."""
    return _write(visit, done, UseState.CONSUMED)


def give_back(visit: Appointment) -> None:
    """Its invoice is void: what it consumed is reserved again until it is checked out anew or cancelled."""
    AuthorizationUse.objects.filter(appointment=visit).update(state=UseState.RESERVED)


def follow_change(row: Authorization) -> None:
    """Answer to insurance.hooks.AUTHORIZATION_CHANGED: the patient's booked visits are counted anew."""
    visits = Appointment.objects.filter(patient_id=row.patient_id, state__in=BOOKED)
    for visit in visits.select_related("profile").order_by("service_date", "id"):
        reserve(visit)


def used_of(authorization_ids: Iterable[int]) -> dict[int, Used]:
    """Answer to insurance.hooks.AUTHORIZATION_USE, in one query."""
    rows = AuthorizationUse.objects.filter(authorization_id__in=list(authorization_ids)).values_list(
        "authorization_id", "authorization__limit_kind", "state", "service_date", "units", "amount"
    )
    grouped: dict[int, list[tuple[str, str, date, Decimal, Decimal]]] = defaultdict(list)
    for key, kind, state, day, units, amount in rows:
        grouped[key].append((kind, state, day, units, amount))
    return {key: _used(mine) for key, mine in grouped.items()}


def standings_of(visit: Appointment) -> list[Standing]:
    """The authorizations a visit takes of, judged on its day."""
    rows = Authorization.objects.filter(uses__appointment=visit).select_related("policy__payer")
    return standings(rows.order_by("kind", "id"), visit.service_date)


def standings_of_visits(visits: Iterable[Appointment]) -> dict[int, list[Standing]]:
    """The same for many visits of one day, by visit, in two queries."""
    listed = {visit.pk: visit for visit in visits}
    uses = list(
        AuthorizationUse.objects.filter(appointment_id__in=listed).select_related(
            "authorization__policy__payer"
        )
    )
    rows = {use.authorization_id: use.authorization for use in uses}
    used = used_of(rows) if rows else {}
    found: dict[int, list[Standing]] = defaultdict(list)
    for use in sorted(uses, key=lambda use: (use.authorization.kind, use.authorization_id)):
        day = listed[use.appointment_id].service_date
        standing = Standing(use.authorization, used.get(use.authorization_id, Used()), day)
        found[use.appointment_id].append(standing)
    return found


def would_take(visit: Appointment) -> list[Standing]:
    """For a visit that is only being booked: what would cover it, this visit counted where one visit is one."""
    found = []
    for before in standings(_covering(visit, []), visit.service_date):
        one = Decimal(before.authorization.limit_kind in (LimitKind.VISITS, LimitKind.DAYS))
        used = Used(before.used.reserved + one, before.used.consumed)
        found.append(Standing(before.authorization, used, before.day))
    return found


def place_in(use: AuthorizationUse, uses: Sequence[AuthorizationUse], kind: str) -> Decimal:
    """How much is consumed up to and with this visit, in the order of the days."""
    before = [row for row in uses if (row.service_date, row.pk) <= (use.service_date, use.pk)]
    return consumed_of(before, kind)


def consumed_of(uses: Sequence[AuthorizationUse], kind: str) -> Decimal:
    """How much these visits have consumed, as the limit counts it."""
    return _used([(kind, row.state, row.service_date, row.units, row.amount) for row in uses]).consumed


def _used(rows: Sequence[tuple[str, str, date, Decimal, Decimal]]) -> Used:
    kind = rows[0][0] if rows else LimitKind.VISITS.value
    if kind == LimitKind.DAYS:
        spent = {day for _, state, day, _, _ in rows if state == UseState.CONSUMED}
        held = {day for _, state, day, _, _ in rows if state == UseState.RESERVED} - spent
        return Used(Decimal(len(held)), Decimal(len(spent)))
    sums = {UseState.RESERVED.value: Decimal(0), UseState.CONSUMED.value: Decimal(0)}
    for _, state, _, units, amount in rows:
        sums[state] += {LimitKind.UNITS: units, LimitKind.AMOUNT: amount}.get(LimitKind(kind), Decimal(1))
    return Used(sums[UseState.RESERVED.value], sums[UseState.CONSUMED.value])


def _write(visit: Appointment, done: Sequence[Done], state: UseState) -> list[AuthorizationUse]:
    """The visit's rows as they should be: changed, added, and those that no longer fit taken away."""
    wanted = {}
    for row in _covering(visit, [item.code for item in done]):
        mine = [item for item in done if not row.procedure_codes or item.code in row.procedure_codes]
        units = sum((item.units for item in mine), Decimal(0)) if done else Decimal(1)
        wanted[row.pk] = {
            "state": state,
            "service_date": visit.service_date,
            "units": units,
            "amount": total(item.amount for item in mine),
        }
    AuthorizationUse.objects.filter(appointment=visit).exclude(authorization_id__in=wanted).delete()
    return [
        AuthorizationUse.objects.update_or_create(appointment=visit, authorization_id=key, defaults=values)[0]
        for key, values in wanted.items()
    ]


def _covering(visit: Appointment, codes: Sequence[str]) -> list[Authorization]:
    """For each paying card one authorization and one referral that fit the day and the services.

    Of several the one the visit has already, else one with something left, else the first to end.
    """
    cards = [layer.policy_id for layer in layers_on(visit.profile, visit.service_date)]
    if not cards:
        return []
    day = visit.service_date
    rows = list(
        Authorization.objects.filter(
            policy_id__in=cards, is_active=True, effective_on__lte=day, expires_on__gte=day
        ).order_by("expires_on", "id")
    )
    fitting = [
        row for row in rows if not row.procedure_codes or not codes or set(row.procedure_codes) & set(codes)
    ]
    if not fitting:
        return []
    held = set(AuthorizationUse.objects.filter(appointment=visit).values_list("authorization_id", flat=True))
    by_place: dict[tuple[int, str], list[Standing]] = defaultdict(list)
    for standing in standings(fitting, day):
        by_place[standing.authorization.policy_id, standing.authorization.kind].append(standing)
    return [
        min(mine, key=lambda item: (item.authorization.pk not in held, item.level == "used_up")).authorization
        for mine in by_place.values()
    ]


def _expected(visit: Appointment) -> list[Done]:
    """What a booked visit is expected to do: its lines at default prices; nothing is known before there are lines."""
    lines = list(visit.lines.select_related("service"))
    if not lines:
        return []
    prices: dict[int, Decimal] = {}
    rows = ServicePrice.objects.filter(
        service_id__in=[line.service_id for line in lines], effective_on__lte=visit.service_date
    )
    for price in rows.order_by("effective_on"):
        prices[price.service_id] = price.price
    return [
        Done(
            line.service.code,
            line.units or Decimal(1),
            round_money(prices.get(line.service_id, ZERO) * (line.units or 1)),
        )
        for line in lines
    ]
