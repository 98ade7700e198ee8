"""The set-up list: what a clinic needs before its first claim, each line worked out from the rows (rules.md B14).

Nothing is ticked by hand, so the list cannot say done where it is not. Before it: an admin. After it: claims/checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef
from django.urls import reverse

from appointments.models import AppointmentType, Service, ServicePrice
from billing.enums import MethodKind
from billing.models import PaymentMethod
from claims import diagnosis_table
from clearinghouses.models import Connection
from clinics.models import BillingProvider, Clinic, Clinician, Location, Setting
from clinics.models.settings import CompanySetting
from insurance import enrollment
from insurance.models import Payer

DONE, LOOK, TO_DO = "done", "look", "to_do"
STATEMENT_SETTINGS = ("statement_min_amount", "statement_due_days", "statement_cycle_days")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to set up: its name, where it stands (done, look, to_do), in words, and the page that mends it."""

    key: str
    label: str
    state: str
    words: str
    url: str  # empty where there is no location yet whose settings could be opened


def read(clinic: Clinic, today: date) -> list[Line]:
    """Every line in the order one sets a clinic up, in a constant number of queries."""
    places = list(Location.objects.filter(is_active=True).order_by("name", "id"))
    decided = _decided(clinic)
    return [
        _locations(places),
        _providers(),
        _clinicians(),
        _services(),
        _some(
            "types", "Appointment types", AppointmentType.objects.filter(is_active=True).count(), "type",
            "appointments:types",
        ),
        _payers(),
        _connection(),
        *_enrollment(),
        _diagnosis_codes(today),
        _autopay(places, "autopay_claims" in decided),
        _some(
            "methods", "Payment methods",
            PaymentMethod.objects.filter(is_active=True, kind=MethodKind.PATIENT).count(), "method",
            "billing:payment-methods",
        ),
        _statements(places, bool(decided & set(STATEMENT_SETTINGS))),
    ]  # fmt: skip


def counts(lines: Sequence[Line]) -> dict[str, int]:
    """How many lines are in each state."""
    return {state: sum(line.state == state for line in lines) for state in (TO_DO, LOOK, DONE)}


def _locations(places: Sequence[Location]) -> Line:
    bare = [place.name for place in places if not (place.street and place.city and place.zip_code)]
    url = reverse("desk:locations")
    if not places:
        return Line("location", "Location", TO_DO, "None yet", url)
    if bare:
        return Line("location", "Location", TO_DO, f"Without a full address: {_names(bare)}", url)
    return Line("location", "Location", DONE, _names([place.name for place in places]), url)


def _providers() -> Line:
    url = reverse("desk:locations")
    rows = list(BillingProvider.objects.order_by("name", "id"))
    bare = [
        row.name for row in rows if not all((row.npi, row.tax_id, row.taxonomy, row.street, row.zip_code))
    ]
    if not rows:
        return Line("provider", "Billing provider", TO_DO, "None yet: no claim can be made", url)
    if bare:
        words = f"NPI, tax ID, taxonomy or address missing: {_names(bare)}"
        return Line("provider", "Billing provider", TO_DO, words, url)
    return Line(
        "provider",
        "Billing provider",
        DONE,
        f"{_names([row.name for row in rows])}, NPI and tax ID known",
        url,
    )


def _clinicians() -> Line:
    url = reverse("desk:clinicians")
    rows = list(Clinician.objects.filter(is_active=True).order_by("last_name", "id"))
    bare = [str(row) for row in rows if not row.npi]
    if not rows or bare:
        return Line(
            "clinicians", "Clinicians", TO_DO, f"Without NPI: {_names(bare)}" if bare else "None yet", ""
        )
    return Line("clinicians", "Clinicians", DONE, _names([str(row) for row in rows]), url)


def _services() -> Line:
    url = reverse("appointments:services")
    priced = Exists(ServicePrice.objects.filter(service=OuterRef("pk")))
    rows = list(Service.objects.filter(is_active=True).annotate(priced=priced).order_by("code"))
    bare = [row.code for row in rows if not row.priced]
    if not rows:
        return Line("services", "Services and prices", TO_DO, "No service yet", url)
    if bare:
        return Line("services", "Services and prices", LOOK, f"Without a price: {_names(bare)}", url)
    return Line("services", "Services and prices", DONE, f"{_many(len(rows), 'service')} with prices", url)


def _payers() -> Line:
    rows = list(Payer.objects.filter(is_active=True).order_by("name", "id"))
    bare = [row.name for row in rows if row.claim_format == "electronic" and not row.payer_id]
    url = reverse("insurance:payers")
    if not rows or bare:
        words = f"Without a payer ID: {_names(bare)}" if bare else "No insurer yet"
        return Line("payers", "Payers and plans", TO_DO, words, url)
    return Line("payers", "Payers and plans", DONE, _many(len(rows), "insurer"), url)


def _connection() -> Line:
    rows = list(Connection.objects.filter(is_active=True).order_by("name", "id"))
    url = reverse("clearinghouses:connections")
    label = "Clearinghouse connection"
    if not rows:
        return Line("connection", label, TO_DO, "None yet: claims cannot leave", url)
    failed = [row.name for row in rows if row.tested_at and not row.test_passed]
    if failed:
        return Line("connection", label, TO_DO, f"The last test failed: {_names(failed)}", url)
    untested = [row.name for row in rows if not row.test_passed and not row.is_sandbox]
    if untested:
        return Line("connection", label, LOOK, f"Not tested yet: {_names(untested)}", url)
    if all(row.is_sandbox for row in rows):
        return Line("connection", label, LOOK, "Only the sandbox: nothing reaches a real payer", url)
    return Line("connection", label, DONE, f"Tested: {_names([row.name for row in rows])}", url)


def _enrollment() -> list[Line]:
    rows = enrollment.lines()
    url = reverse("insurance:enrollment")
    if not rows:
        words = "No electronic insurer is set up yet"
        return [
            Line("enrollment_837p", "Enrollment for claims (837P)", TO_DO, words, url),
            Line("enrollment_835", "Enrollment for payment files (835)", LOOK, words, url),
        ]
    held = [row.payer.name for row in rows if row.needs_claims]
    bare = [row.payer.name for row in rows if row.needs_payments]
    claims = (
        f"Claims wait for {len(held)} of {len(rows)}: {_names(held)}" if held else f"All {len(rows)} insurers"
    )
    files = (
        f"Typed by hand for {len(bare)} of {len(rows)}: {_names(bare)}"
        if bare
        else f"All {len(rows)} insurers"
    )
    return [
        Line("enrollment_837p", "Enrollment for claims (837P)", TO_DO if held else DONE, claims, url),
        Line("enrollment_835", "Enrollment for payment files (835)", LOOK if bare else DONE, files, url),
    ]


def _diagnosis_codes(today: date) -> Line:
    """Told here once; no claim says that there is no table."""
    release, url = diagnosis_table.release_on(today), reverse("claims:code-tables")
    label = "Diagnosis codes (ICD-10-CM)"
    if release is None:
        words = "No table for today’s fiscal year: diagnoses are checked by their shape alone"
        return Line("diagnosis_codes", label, LOOK, words, url)
    return Line(
        "diagnosis_codes", label, DONE, f"{release.billable:,} codes from {release.starts_on:%m/%d/%Y}", url
    )


def _autopay(places: Sequence[Location], is_decided: bool) -> Line:
    words = (
        "Decided"
        if is_decided
        else "As delivered: off, every answer waits for a person. Decide for your clinic"
    )
    url = _advanced(places, "claim-response-handling")
    return Line("autopay", "Auto-Pay Claims", DONE if is_decided else LOOK, words, url)


def _statements(places: Sequence[Location], is_decided: bool) -> Line:
    if any(not place.phone for place in places):
        words = "A location has no telephone number to print on its statements"
        return Line("statements", "Statements", TO_DO, words, _advanced(places, "statements"))
    words = (
        "Decided"
        if is_decided
        else "As delivered: look at the smallest amount, the days to pay and the cycle"
    )
    return Line(
        "statements", "Statements", DONE if is_decided else LOOK, words, _advanced(places, "statements")
    )


def _some(key: str, label: str, number: int, noun: str, route: str) -> Line:
    words = _many(number, noun) if number else "None yet"
    return Line(key, label, DONE if number else TO_DO, words, reverse(route))


def _decided(clinic: Clinic) -> set[str]:
    """Names of settings somebody chose: for the clinic, one of its locations or the company."""
    names = ("autopay_claims", *STATEMENT_SETTINGS)
    own = Setting.objects.filter(name__in=names).values_list("name", flat=True)
    company = CompanySetting.objects.filter(company_id=clinic.company_id, name__in=names)
    return {*own, *company.values_list("name", flat=True)}


def _advanced(places: Sequence[Location], group: str) -> str:
    if not places:
        return ""
    words = [places[0].public_id, group] if group else [places[0].public_id]
    return reverse("desk:advanced-settings", args=words)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
