"""Tell one seeded story and judge it: ``simulate(seed, days)`` is all that the command and the test call."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from django.conf import settings

from billing import verification
from claims.models import Claim
from clinics.models import Company
from clinics.scoping import open_clinic
from desk.demo import people
from desk.demo.catalogue import ALDER, BIRCH, ClinicFacts
from desk.demo.clock import moment
from desk.demo.world import make_clinic
from desk.simulation.auditor import Auditor
from desk.simulation.deaths import Reaper
from desk.simulation.life import ClinicLife
from desk.simulation.partner import Partner
from responses.models import ClaimResponse
from work.models import Outbox

FIRST_DAY = date(2026, 3, 2)
QUIET_DAYS = 14  # after the story: no faults, no patients; whatever was late has time to come
DEATHS = 12  # of a hundred pieces of work are run in a process that is to be killed


@dataclass
class Report:
    """What ``./manage simulate --json`` prints."""

    ok: bool = True
    seed: int = 0
    days: int = 0
    visits: int = 0
    claims: int = 0
    responses: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    cents_off: int = 0
    claims_lost: int = 0
    claims_sent_twice: int = 0
    violations: int = 0
    given_up: int = 0
    said: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Plain JSON, as contract.md names it."""
        return asdict(self)


def simulate(seed: int, days: int) -> Report:
    """Two clinics, one after the other, each with a partner and a reaper of its own; everything is committed."""
    report = Report(seed=seed, days=days)
    company = Company.objects.create(name=f"Simulation {seed}")
    for facts in (ALDER, BIRCH):
        random = Random(f"{seed} {facts.slug}")  # noqa: S311 - a story, no secret
        _add(report, judge(tell(company, facts, random, days)))
    report.ok = not (
        report.cents_off
        or report.claims_lost
        or report.claims_sent_twice
        or report.violations
        or report.given_up
    )
    return report


def tell(company: Company, facts: ClinicFacts, random: Random, days: int) -> ClinicLife:
    """Live one clinic's days, then let everything late come in without faults."""
    zone = ZoneInfo("America/Chicago")
    with moment(datetime.combine(FIRST_DAY, time(7, 0), tzinfo=zone)):
        demo = make_clinic(company, facts)
        with open_clinic(demo.clinic.pk, actor="simulation"):
            cast = people.register_all(demo, FIRST_DAY, random)
    partner = Partner(facts.slug, Path(settings.EXCHANGE_DIR) / str(demo.clinic.pk), random)
    auditor, reaper = Auditor(demo.clinic.pk), Reaper(random, DEATHS)
    life = ClinicLife(demo, cast, partner, auditor, reaper, random)
    for number in range(days):
        life.day(FIRST_DAY + timedelta(days=number))
    evening = datetime.combine(FIRST_DAY + timedelta(days=days), time(18, 0), tzinfo=zone)
    partner.be_honest(evening)
    for number in range(QUIET_DAYS):
        for hours in (0, 1):
            life.mail(evening + timedelta(days=number, hours=hours))
        if life.is_at_rest:
            break
    return life


def judge(life: ClinicLife) -> Report:
    """The auditor's comparison, and the house's own proof."""
    found = life.auditor.compare(life.partner.received, life.partner.laid.values())
    clinic = life.demo.clinic.pk
    with open_clinic(clinic, actor="auditor"):
        results = verification.run()
        violations = {name: result.violations for name, result in results.items() if result.violations}
        claims, responses = Claim.objects.count(), ClaimResponse.objects.count()
    given_up = Outbox.objects.filter(clinic_id=clinic, state="dead").count()
    said = [f"{life.demo.facts.slug}: {words}" for words in [*found.said, *map(str, violations.items())]]
    return Report(
        visits=len(life.auditor.visits),
        claims=claims,
        responses=responses,
        faults={**life.partner.faults, "killed": life.reaper.killed},
        cents_off=found.cents_off,
        claims_lost=found.claims_lost,
        claims_sent_twice=found.claims_sent_twice,
        violations=sum(violations.values()),
        given_up=given_up,
        said=said,
    )


def _add(whole: Report, part: Report) -> None:
    for name in (
        "visits",
        "claims",
        "responses",
        "cents_off",
        "claims_lost",
        "claims_sent_twice",
        "violations",
        "given_up",
    ):
        setattr(whole, name, getattr(whole, name) + getattr(part, name))
    for fault, count in part.faults.items():
        whole.faults[fault] = whole.faults.get(fault, 0) + count
    whole.said += part.said
