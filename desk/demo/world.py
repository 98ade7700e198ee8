"""Make the demo's companies, clinics, users and catalogues."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from appointments.models import AppointmentType, Service, ServicePrice
from billing.models import PaymentMethod
from clearinghouses.models import Connection, ControlCounter
from clinics import settings as house
from clinics.models import BillingProvider, Clinic, Clinician, Company, Location, Membership, User
from clinics.scoping import open_clinic
from desk.demo.catalogue import ALDER, BIRCH, METHODS, PASSWORD, PAYERS, PEOPLE, ClinicFacts
from insurance.enums import EnrollmentKind, EnrollmentState
from insurance.models import Enrollment, Payer, Plan
from lib.npi import npi_from_stem

SINCE = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class DemoClinic:
    """A clinic with what the story needs at hand."""

    facts: ClinicFacts
    clinic: Clinic
    location: Location
    clinicians: tuple[Clinician, ...]
    types: dict[str, AppointmentType]
    services: dict[str, Service]
    payers: dict[str, Payer]
    methods: dict[str, PaymentMethod]
    connection: Connection


def make_clinics() -> list[DemoClinic]:
    """Both clinics under one billing company, with one user a role and one who serves both."""
    company = Company.objects.create(name="Larkfield Billing")
    made = [make_clinic(company, facts) for facts in (ALDER, BIRCH)]
    serving = _user("company@larkfield.example", "Mina Castell")
    for demo in made:
        Membership.objects.create(user=serving, clinic=demo.clinic, role="company_biller")
    return made


def make_clinic(company: Company, facts: ClinicFacts) -> DemoClinic:
    """One clinic, its people and its catalogue."""
    clinic = Clinic.objects.create(company=company, name=facts.name, slug=facts.slug, is_demo=True)
    for role, name, short in PEOPLE:
        Membership.objects.create(user=_user(f"{short}@{facts.slug}.example", name), clinic=clinic, role=role)
    with open_clinic(clinic.pk, actor="demo"):
        provider = BillingProvider.objects.create(
            name=facts.name,
            npi=npi_from_stem(facts.npi_stem + "1"),
            tax_id=facts.tax_id,
            taxonomy=facts.taxonomy,
            contact_name="Billing Office",
            phone=facts.phone,
            **_address(facts),
        )
        location = Location.objects.create(
            name=facts.location,
            billing_provider=provider,
            phone=facts.phone,
            time_zone="America/Chicago",
            **_address(facts),
        )
        house.change("autopay_claims", facts.autopay, clinic, location)
        if facts.autopay == "post":
            house.change("reversals", "auto_if_exact", clinic, location)
        services = {code: _service(code, name, price) for code, name, price in facts.services}
        payers = {row[1]: _payer(row) for row in PAYERS}
        connection = _connection(facts, provider)
        _enroll(payers.values(), connection)
        return DemoClinic(
            facts=facts,
            clinic=clinic,
            location=location,
            clinicians=tuple(
                Clinician.objects.create(
                    first_name=first,
                    last_name=last,
                    credential=credential,
                    taxonomy=facts.taxonomy,
                    npi=npi_from_stem(f"{facts.npi_stem}{number}"),
                )
                for number, (first, last, credential) in enumerate(facts.clinicians, start=2)
            ),
            types={
                name: AppointmentType.objects.create(name=name, minutes=minutes)
                for name, minutes, _ in facts.types
            },
            services=services,
            payers=payers,
            methods=_methods(),
            connection=connection,
        )


def _user(email: str, name: str) -> User:
    user = User.objects.create(email=email, password=_password_hash(), name=name)
    # A verified address is what allauth asks for before a second step can be set up.
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


@cache
def _password_hash() -> str:
    """One hash for all: the slow part of making eleven users."""
    return make_password(PASSWORD)


def _address(facts: ClinicFacts) -> dict[str, str]:
    return {"street": facts.street, "city": "Springfield", "state": "IL", "zip_code": "627011234"}


def _service(code: str, name: str, price: str) -> Service:
    service = Service.objects.create(code=code, name=name)
    ServicePrice.objects.create(service=service, effective_on=SINCE, price=Decimal(price))
    return service


def _enroll(payers: Iterable[Payer], connection: Connection) -> None:
    """Everybody takes our claims and tells of payments; the bank transfer of one is still pending."""
    kinds = (EnrollmentKind.CLAIMS, EnrollmentKind.PAYMENTS, EnrollmentKind.ELIGIBILITY)
    rows = [
        Enrollment(payer=payer, connection=connection, kind=kind, state=EnrollmentState.ACTIVE, since=SINCE)
        for payer in payers
        for kind in kinds
    ]
    rows.append(
        Enrollment(
            payer=rows[0].payer,
            connection=connection,
            kind=EnrollmentKind.TRANSFER,
            state=EnrollmentState.PENDING,
            since=SINCE,
        )
    )
    for row in rows:
        row.save()


def _payer(row: tuple[Any, ...]) -> Payer:
    name, payer_id, indicator, remit, plan, copay, takes_7_8 = row
    payer = Payer.objects.create(
        name=name,
        payer_id=payer_id,
        filing_indicator=indicator,
        remit_payer_id=remit,
        accepts_frequency_7_8=takes_7_8,
        filing_days=365 if indicator == "MB" else 180,
        street="1 Payer Way",
        city="Columbus",
        state="OH",
        zip_code="432150000",
    )
    Plan.objects.create(payer=payer, name=plan, copay_individual=Decimal(copay) if copay else None)
    return payer


def _methods() -> dict[str, PaymentMethod]:
    return {
        name: PaymentMethod.objects.create(
            name=name, kind=kind, needs_reference=needs_reference, gives_change=gives_change, position=place
        )
        for place, (name, kind, needs_reference, gives_change) in enumerate(METHODS, start=1)
    }


def _connection(facts: ClinicFacts, provider: BillingProvider) -> Connection:
    connection = Connection.objects.create(
        name="Sandbox clearinghouse",
        kind=Connection.Kind.FOLDER,
        is_sandbox=True,
        username=facts.slug,
        sender_id=f"CC{facts.slug.upper()}",
        receiver_id="SANDBOX",
        receiver_name="SANDBOX CLEARINGHOUSE",
        submitter_name=provider.name,
        submitter_phone=facts.phone,
    )
    ControlCounter.objects.create(connection=connection)
    return connection
