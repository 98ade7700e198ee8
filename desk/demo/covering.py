"""What the demo's desk knows about coverage: payers asked by 270, one telephone call, authorizations that run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from appointments import booking
from clinics.scoping import open_clinic
from desk.demo import days
from desk.demo.clock import moment
from desk.demo.mail import Post, drain
from desk.demo.people import DemoPatient
from desk.demo.world import DemoClinic
from insurance import authorizations, eligibility, policies
from insurance.models import Policy

ASKED = ("COPAY25", "DEDUCT", "XOVER", "RENAMED", "NOTFOUND")  # the last two: a corrected name, a reject
CALLED = "DENY16"  # five weeks ago, so that Today says how old the answer is
NEARLY, USED_UP = "UNDERPAY", "DENY197"  # four of five visits booked; one of one
COPAYS = {"copay": "25.00", "deductible_left": "0.00"}


def know_coverage(
    demo: DemoClinic, post: Post, cast: Sequence[DemoPatient], now: datetime, today: date
) -> None:
    """Ask, take the answers, note a call and two authorizations, through the desk's own functions."""
    cards = _cards(demo, cast)
    actor = days.DESK.format(slug=demo.facts.slug)
    with moment(now - timedelta(hours=1)) as at:
        with open_clinic(demo.clinic.pk, actor=actor):
            for scenario in ASKED:
                if scenario in cards:
                    eligibility.ask(
                        cards[scenario], demo.location.billing_provider, day=today, today=today, at=at
                    )
            _call(cards.get(CALLED), today)
        drain(demo.clinic.pk)
    post.receive(now - timedelta(minutes=50), kind=".270")
    with moment(now - timedelta(minutes=30)) as at, open_clinic(demo.clinic.pk, actor=actor):
        _authorize(demo, cards, today, at)


def _cards(demo: DemoClinic, cast: Sequence[DemoPatient]) -> dict[str, Policy]:
    """The first card of the first patient of each scenario."""
    with open_clinic(demo.clinic.pk, actor="demo"):
        firsts = {item.scenario: item.patient.pk for item in reversed(cast) if item.payer_ids}
        rows = Policy.objects.filter(patient_id__in=firsts.values()).select_related("payer", "patient")
        first_of = {row.patient_id: row for row in rows.order_by("-pk")}
        return {scenario: first_of[key] for scenario, key in firsts.items() if key in first_of}


def _call(policy: Policy | None, today: date) -> None:
    if policy is not None:
        policies.record_eligibility(
            policy, on=today - timedelta(days=34), is_active=True, note="Asked about chiropractic visits",
            today=today, told_by="Ms Hall, member services", reference="C-20817", figures=COPAYS,
        )  # fmt: skip


def _authorize(demo: DemoClinic, cards: dict[str, Policy], today: date, at: datetime) -> None:
    """One authorization with one visit left of five, one that is used up; the visits are booked for them."""
    for scenario, number, limit, visits in ((NEARLY, "A-50211", 5, 4), (USED_UP, "A-50377", 1, 1)):
        policy = cards.get(scenario)
        if policy is None:
            continue
        span = {"effective_on": today, "expires_on": today + timedelta(days=90)}
        terms = {"kind": "G1", "number": number, "limit_kind": "visits", "limit": Decimal(limit)}
        row = authorizations.save(policy, {**terms, **span})
        booked = authorizations.standings([row], today)[0].taken
        for week in range(1, visits - int(booked) + 1):
            booking.book(
                policy.patient, location=demo.location, clinician=demo.clinicians[0],
                appointment_type=next(iter(demo.types.values())),
                starts_at=days.at_clinic(demo, today + timedelta(days=7 * week), time(15, 0)), at=at,
            )  # fmt: skip
