"""The one number of a visit: collect today = copay + estimate + old balance - credit (rule B14.collect).

Today's list and the check-out page both read it here, so they cannot differ. Before it: ``visit_pricing``
and ``estimating``; after it: ``checkout.preview`` and the front desk's list. Reads only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from appointments.models import Appointment
from billing import balances, rulebook
from billing.estimating import AskedToday, asked_today, facts_of, known_lines
from billing.visit_pricing import PricedVisit, card_copay, price_visits
from clinics.settings import value_of
from lib.money import ZERO


@dataclass(frozen=True, slots=True)
class Collect:
    """What a visit asks of the patient today, part by part: dollars, each two places.

    ``priced`` is the visit as it would be charged now. Where no service is entered yet the last visit's stand in
    (``lines_from`` says its day), and without one the card's copay alone is expected.
    """

    priced: PricedVisit
    lines_from: date | None
    copay: Decimal
    estimate: AskedToday
    old_balance: Decimal
    credit: Decimal
    credit_used: Decimal

    @property
    def today(self) -> Decimal:
        """The one number."""
        return self.copay + self.estimate.above_copay + self.old_balance - self.credit_used

    @property
    def is_entered(self) -> bool:
        """Whether the number stands on services entered on the visit itself."""
        return bool(self.priced.lines) and self.lines_from is None


def collect(visits: Sequence[Appointment]) -> dict[int, Collect]:
    """The one number of each visit by its key, in a constant number of queries.

    The visits come with patient, location, clinician, profile and status at hand. A patient with two visits
    on the list has the old balance on both: whichever is checked out first takes it.
    """
    if not visits:
        return {}
    lines, days = known_lines(visits)
    book = rulebook.load({line.service_id for own in lines.values() for line in own})
    priced = dict(zip((visit.pk for visit in visits), price_visits(visits, book, lines), strict=True))
    facts = facts_of(priced.values())
    patients = {visit.patient_id for visit in visits}
    due, credit = balances.patients_due(patients), balances.patients_free_credit(patients)
    locations = {visit.location_id: visit.location for visit in visits}
    uses = {key: bool(value_of("auto_apply_credit_to_copay", row)) for key, row in locations.items()}
    found = {}
    for visit in visits:
        own = priced[visit.pk]
        copay = own.patient if own.lines else card_copay(own.layers, book)
        asked = asked_today(visit, own, facts)
        free = credit.get(visit.patient_id, ZERO)
        used = min(free, copay + asked.above_copay) if uses[visit.location_id] else ZERO
        old = due.get(visit.patient_id, ZERO)
        found[visit.pk] = Collect(own, days.get(visit.pk), copay, asked, old, free, used)
    return found
