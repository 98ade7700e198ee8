"""The cast: Alder Chiropractic and Birch Family Medicine, their people, payers and patients.

Builders without surprises: each makes what its name says and returns it. Everything is made inside
an open scope of its clinic, so data of both clinics exists that could leak.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.test import Client

from appointments.enums import AppointmentState
from appointments.models import Appointment, AppointmentType, Service, ServicePrice, VisitLine
from billing.models import PaymentMethod
from clearinghouses.models import Connection, ControlCounter
from clinics.models import BillingProvider, Clinic, Clinician, Company, Location, Membership, User
from clinics.roles import Role
from clinics.scoping import open_clinic
from insurance.models import InsuranceProfile, Layer, Payer, Plan, Policy
from lib.npi import npi_from_stem
from patients.models import Patient

TODAY = date(2026, 3, 9)
NOW = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)  # 11:00 in Chicago
PASSWORD = "correct horse battery"
ADDRESS = {"street": "100 Main Street", "city": "Springfield", "state": "IL", "zip_code": "627011234"}


@dataclass
class World:
    """One clinic with everything a day needs."""

    clinic: Clinic
    location: Location
    provider: BillingProvider
    clinician: Clinician
    aetna: Payer
    medicare: Payer
    aarp: Payer
    adjustment: Service
    exam: Service
    visit_type: AppointmentType
    cash: PaymentMethod
    check: PaymentMethod
    insurance_method: PaymentMethod
    connection: Connection
    users: dict[str, User]

    @contextmanager
    def open(self, actor: str = "tester") -> Iterator[None]:
        """The clinic's scope."""
        with open_clinic(self.clinic.pk, actor=actor):
            yield


def make_world(slug: str = "alder", company: Company | None = None) -> World:
    """A clinic with location, provider, payers, services, methods, connection and one user a role."""
    company = company or Company.objects.create(name=f"{slug.title()} Billing")
    clinic = Clinic.objects.create(company=company, name=f"{slug.title()} Clinic", slug=slug)
    users = {role.value: make_user(clinic, role) for role in Role}
    stem = {"alder": "12345678", "birch": "22345678"}.get(slug, "18765432")
    with open_clinic(clinic.pk, actor="builder"):
        provider = make_provider(f"{slug.title()} Group", f"{stem}1")
        aetna, medicare, aarp = make_payers()
        return World(
            clinic=clinic,
            location=Location.objects.create(
                name=f"{slug.title()} Main",
                billing_provider=provider,
                phone="2175550100",
                time_zone="America/Chicago",
                **ADDRESS,
            ),
            provider=provider,
            clinician=Clinician.objects.create(
                first_name="Ida",
                last_name="Bexley",
                credential="DC",
                npi=npi_from_stem(f"{stem}2"),
                taxonomy="111N00000X",
            ),
            aetna=aetna,
            medicare=medicare,
            aarp=aarp,
            adjustment=make_service("98941", "Adjustment, 3 to 4 areas", "150.00"),
            exam=make_service("99213", "Office visit", "100.00"),
            visit_type=AppointmentType.objects.create(name="Adjustment"),
            cash=PaymentMethod.objects.create(name="Cash", gives_change=True, position=1),
            check=PaymentMethod.objects.create(name="Check", needs_reference=True, position=2),
            insurance_method=PaymentMethod.objects.create(name="Insurance", kind="insurance", position=9),
            connection=make_connection(provider),
            users=users,
        )


def make_provider(name: str, stem: str) -> BillingProvider:
    """A group that bills under its own number."""
    return BillingProvider.objects.create(
        name=name,
        npi=npi_from_stem(stem),
        tax_id="123456789",
        taxonomy="111N00000X",
        contact_name="Billing Office",
        phone="2175550100",
        **ADDRESS,
    )


def make_payers() -> tuple[Payer, Payer, Payer]:
    """Aetna with a plan of copays, Medicare, which takes no corrected claims, and AARP."""
    aetna = make_payer("Aetna", "60054", remit="1066033492")
    Plan.objects.create(
        payer=aetna, name="PPO", copay_individual=Decimal("25.00"), copay_group=Decimal("15.00")
    )
    medicare = make_payer(
        "Medicare", "MEDB1", remit="1520000001", filing_indicator="MB", accepts_frequency_7_8=False
    )
    return aetna, medicare, make_payer("AARP", "36273", remit="1363739783")


def make_connection(provider: BillingProvider) -> Connection:
    """The clinic's way to the sandbox, with its counter of control numbers."""
    connection = Connection.objects.create(
        name="Sandbox",
        kind="folder",
        is_sandbox=True,
        sender_id="CLEANCLAIM",
        receiver_id="SANDBOX",
        receiver_name="SANDBOX CLEARINGHOUSE",
        submitter_name=provider.name,
        submitter_phone="2175550100",
    )
    ControlCounter.objects.create(connection=connection)
    return connection


def make_user(clinic: Clinic, role: Role) -> User:
    """A member of one clinic."""
    user = User.objects.create(
        email=f"{role.value}@{clinic.slug}.example",
        password=_password_hash(),
        name=f"{role.label} {clinic.slug.title()}",
    )
    Membership.objects.create(user=user, clinic=clinic, role=role)
    return user


@cache
def _password_hash() -> str:
    """One real Argon2 hash for all: hashing is slow on purpose."""
    return make_password(PASSWORD)


def make_payer(name: str, payer_id: str, remit: str = "", **fields: Any) -> Payer:
    """A payer of the open clinic, with years to file: the worker's clock is the real one."""
    fields.setdefault("filing_days", 4000)
    return Payer.objects.create(name=name, payer_id=payer_id, remit_payer_id=remit, **fields)


def make_service(code: str, name: str, price: str) -> Service:
    """A service with a default price since 2020."""
    service = Service.objects.create(code=code, name=name)
    ServicePrice.objects.create(service=service, effective_on=date(2020, 1, 1), price=Decimal(price))
    return service


def make_patient(first: str = "Maren", last: str = "Okafor", **fields: Any) -> Patient:
    """A patient with all that billing needs."""
    values: dict[str, Any] = {
        "chart_number": f"{last[:3].upper()}{Patient.objects.count() + 1:04d}",
        "birth_date": date(1980, 5, 17),
        "sex": "F",
        "phone": "2175550123",
        "street": "12 Oak Lane",
        "city": "Springfield",
        "state": "IL",
        "zip_code": "627021234",
        "reason": "Back pain",
        "search_name": f"{last} {first}".lower(),
    }
    return Patient.objects.create(first_name=first, last_name=last, **{**values, **fields})


def make_policy(patient: Patient, payer: Payer, member_id: str = "W123456789", **fields: Any) -> Policy:
    """The patient's own card, in force since 2025."""
    values: dict[str, Any] = {
        "relationship": "18",
        "effective_on": date(2025, 1, 1),
        "plan": payer.plans.first(),
    }
    return Policy.objects.create(patient=patient, payer=payer, member_id=member_id, **{**values, **fields})


def make_profile(
    patient: Patient, *policies: Policy, status: str = "default", **fields: Any
) -> InsuranceProfile:
    """A profile with one layer a policy, in order; no policy makes the self-pay profile."""
    values: dict[str, Any] = {
        "name": " + ".join(policy.payer.name for policy in policies) or "Self-pay",
        "kind": "standard" if policies else "self_pay",
    }
    profile = InsuranceProfile.objects.create(patient=patient, status=status, **{**values, **fields})
    for position, policy in enumerate(policies, start=1):
        Layer.objects.create(
            profile=profile,
            policy=policy,
            position=position,
            effective_on=policy.effective_on,
            expires_on=policy.expires_on,
        )
    return profile


def make_visit(
    world: World,
    patient: Patient,
    profile: InsuranceProfile,
    *services: Service,
    day: date = TODAY,
    state: str = AppointmentState.COMPLETE,
    **fields: Any,
) -> Appointment:
    """A completed visit with one line a service (the adjustment when none is named)."""
    values: dict[str, Any] = {
        "diagnoses": ["M9903", "M5450"],
        "diagnosis_labels": {"M9903": "Lumbar dysfunction", "M5450": "Low back pain"},
        "onset_on": date(2026, 2, 27),
        "minutes": 30,
        "starts_at": datetime(day.year, day.month, day.day, 15, 0, tzinfo=UTC),
    }
    visit = Appointment.objects.create(
        patient=patient,
        location=world.location,
        clinician=world.clinician,
        appointment_type=world.visit_type,
        profile=profile,
        service_date=day,
        state=state,
        **{**values, **fields},
    )
    for number, service in enumerate(services or (world.adjustment,), start=1):
        VisitLine.objects.create(appointment=visit, line_no=number, service=service, pointers=[1, 2])
    return visit


def sign_in(client: Client, user: User) -> None:
    """``force_login`` with the mark of a password given just now: for acts that want a fresh sign-in."""
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
