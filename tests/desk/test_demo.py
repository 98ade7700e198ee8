"""The demo is made by the real code: its books tie, and its claims stand in many states."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from appointments.models import Appointment
from billing import verification
from billing.models import Invoice, VisitTransition
from claims.enums import ClaimState
from claims.models import Claim
from clinics.models import Clinic
from clinics.scoping import open_clinic
from desk.demo.story import tell
from desk.management.commands.demo import logins
from insurance import authorizations
from insurance.models import Authorization, EligibilityCheck
from work.models import Outbox

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 18, 16, 0, tzinfo=UTC)  # a Wednesday morning in Chicago


def test_four_weeks_of_two_clinics(settings, tmp_path):
    settings.SANDBOX_DIR, settings.EXCHANGE_DIR = tmp_path / "sandbox", tmp_path / "exchange"
    tell(NOW, 28)
    seen = set()
    for clinic in Clinic.objects.all():
        with open_clinic(clinic.pk):
            wrong = {name: result.samples for name, result in verification.run().items() if result.violations}
            assert not wrong, f"{clinic}: {wrong}"
            answers = EligibilityCheck.objects.all()
            assert {row.source for row in answers} == {"271", "phone"}
            assert sum(bool(row.rejections) for row in answers) == 1
            assert sum(bool(row.corrections) for row in answers) == 1
            assert sum("copay" in row.benefits for row in answers) >= 2
            standings = authorizations.standings(Authorization.objects.order_by("number"), NOW.date())
            assert [(row.level, row.short) for row in standings] == [
                ("low", "Auth 1 left"),
                ("used_up", "Auth used up"),
            ]
            missed = Appointment.objects.filter(invoices__kind="missed").values_list(
                "state", "invoices__total"
            )
            assert sorted(missed) == [("late_cancel", Decimal("25.00")), ("no_show", Decimal("50.00"))]
            assert Invoice.objects.get(kind="one_off").total == Decimal("17.00")
            assert Appointment.objects.filter(state="complete", lines__isnull=True).count() == 1
            assert VisitTransition.objects.filter(outcome="not_transitioned").count() == 1
            assert Appointment.objects.exclude(series="").count() == 6
            seen |= set(Claim.objects.values_list("state", flat=True))
    assert seen == set(ClaimState.values), "the demo shows a claim in every state"
    assert not Outbox.objects.filter(state="dead").exists()
    assert "frontdesk@alder.example" in logins()
    assert (tmp_path / "sandbox" / "accounts.json").exists()
