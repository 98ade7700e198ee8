"""The desk's own pages answer for each role."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.urls import reverse

from appointments.authorizations import reserve
from appointments.enums import AppointmentState
from insurance import authorizations, policies
from insurance.models import Authorization
from tests.browser.samples import page_routes, parameters
from tests.cast import TODAY, make_patient, make_policy, make_profile, make_visit, make_world, sign_in

pytestmark = pytest.mark.django_db

PAGES = (
    "desk:today",
    "desk:my-day",
    "desk:dashboard",
    "desk:reports",
    "responses:denials",
    "desk:settings",
    "desk:design",
    "desk:clinics",
)


@pytest.fixture
def world():
    made = make_world()
    with made.open():
        patient = make_patient()
        make_visit(made, patient, make_profile(patient, make_policy(patient, made.aetna)))
    return made


@pytest.mark.parametrize("route", PAGES)
def test_an_owner_opens_every_page(client, world, route):
    client.force_login(world.users["owner"])
    assert client.get(reverse(route)).status_code == 200


def test_a_front_desk_starts_at_today_and_a_biller_at_the_day(client, world):
    client.force_login(world.users["front_desk"])
    assert client.get("/").url == reverse("desk:today")
    client.force_login(world.users["biller"])
    assert client.get("/").url == reverse("desk:my-day")


def test_advanced_settings_save_all_or_nothing(client, world):
    client.force_login(world.users["admin"])
    url = reverse("desk:advanced-settings", args=[world.location.public_id, "check-out"])
    assert client.post(url, {"block_checkout_without_charge": "on"}).status_code == 302
    assert b"set at Alder Main" in client.get(url).content


def test_health_needs_no_sign_in(client, db):
    assert client.get("/health/ready").json()["ready"] is True


def test_times_are_the_clinics_own(client, world):
    from clinics.models import AuditEvent

    with world.open():
        AuditEvent.objects.create(
            actor="x", action="night.shift", at=datetime(2026, 3, 10, 3, 30, tzinfo=UTC)
        )
    client.force_login(world.users["owner"])
    page = client.get(reverse("desk:audit"))
    assert b"03/09 22:30" in page.content, "half past ten the evening before in Chicago"


@pytest.mark.rule("B14.today")
def test_the_days_list_warns_of_old_eligibility_and_authorizations_that_run_out(client, world):
    with world.open():
        patient = make_patient("Noor", "Adeyemi")
        policy = make_policy(patient, world.aetna, "W77")
        policies.record_eligibility(policy, on=date(2026, 2, 3), is_active=True, note="", today=TODAY)
        profile = make_profile(patient, policy)
        visit = make_visit(world, patient, profile, state=AppointmentState.SCHEDULED)
        limit = {"kind": "G1", "number": "A-1", "limit_kind": "visits", "limit": Decimal(2)}
        authorizations.save(
            policy, {**limit, "effective_on": date(2026, 1, 1), "expires_on": date(2026, 12, 31)}
        )
    client.force_login(world.users["front_desk"])
    day = client.get(f"{reverse('desk:today')}?day={TODAY.isoformat()}").content.decode()
    assert "Eligibility 34 days old" in day
    assert "Auth 1 left" not in day  # one of two: half
    with world.open():
        Authorization.objects.update(limit=1)
    day = client.get(f"{reverse('desk:today')}?day={TODAY.isoformat()}").content.decode()
    assert "Auth used up" in day
    with world.open():
        Authorization.objects.update(limit=5)
        for number in range(3):
            reserve(make_visit(world, patient, profile, day=TODAY + timedelta(days=7 * number + 7)))
    day = client.get(f"{reverse('desk:today')}?day={TODAY.isoformat()}").content.decode()
    assert "Auth 1 left" in day
    panel = client.get(reverse("desk:visit-panel", args=[visit.public_id])).content.decode()
    assert reverse("billing:estimate", args=[visit.public_id]) in panel
    assert reverse("appointments:visit-authorizations", args=[visit.public_id]) in panel
    assert reverse("insurance:eligibility-chips", args=[profile.public_id]) in panel


def test_each_page_is_reached_from_another():
    """A page without parameters is named in a template or in a list of pages, not only in its room's urls."""
    root = Path(__file__).resolve().parents[2]
    told = "".join(page.read_text() for page in (root / "templates").rglob("*.html"))
    told += "".join(
        code.read_text()
        for room in ("desk", "patients", "insurance", "appointments", "billing", "claims", "responses")
        for code in (root / room).rglob("*.py")
        if code.name != "urls.py"
    )
    routes = {name for name in page_routes() if ":" in name and not parameters(name)}
    assert len(routes) > 50
    lost = {name for name in routes if f'"{name}"' not in told and f"'{name}'" not in told}
    assert lost == {
        "desk:home",
        "desk:design",
        "desk:health-live",
        "desk:health-ready",
        "desk:signed-in-again",
    }


def test_the_last_change_of_a_setting_is_told_in_words(client, world):
    url = reverse("desk:advanced-settings", args=[world.location.public_id, "claim-response-handling"])
    sign_in(client, world.users["owner"])
    assert client.post(url, {"reversals": "auto_if_exact"}).status_code == 302
    page = client.get(url).content.decode()
    assert "Reversals from Block to Exact ones by themselves." in page
    assert reverse("responses:rules") in page
