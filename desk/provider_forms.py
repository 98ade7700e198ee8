"""Forms of clinicians, locations and billing providers; what may stand in a field says desk/providers.py."""

from __future__ import annotations

from typing import Any

from django import forms

from appointments.coding import PLACES_OF_SERVICE
from clinics.models import BillingProvider, Clinician, Location
from desk import providers
from insurance.forms import add_findings
from lib.spellings import show_phone, show_zip
from patients.forms import text

SHOWN = {"phone": show_phone, "zip_code": show_zip, "pay_to_zip": show_zip}
HELP_NPI = "Ten digits, from the national registry."
HELP_TAXONOMY = "Ten characters of your specialty, such as 111N00000X."


class ProviderForm(forms.Form):
    """What the three share: shown as stored, checked by the room's one function."""

    kind: type[providers.Row]
    # Heading of a part of the form, and its fields.
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __init__(self, *args: Any, row: providers.Row | None = None, **kwargs: Any) -> None:
        if row is not None:
            kwargs.setdefault("initial", {name: _shown(row, name) for name in providers.FIELDS[self.kind]})
        super().__init__(*args, **kwargs)
        self.row = row

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The fields under their headings, for the template."""
        return [{"title": title, "fields": [self[name] for name in names]} for title, names in self.parts]

    def clean(self) -> dict[str, Any]:
        """The same checks as the API's."""
        data = providers.tidy(self.kind, self.cleaned_data)
        add_findings(self, providers.problems(self.kind, data, self.row))
        return data


class ClinicianForm(ProviderForm):
    """A clinician: who treats, and signs claims as rendering provider."""

    kind = Clinician
    parts = (("", ("first_name", "last_name", "credential", "npi", "taxonomy")),)

    first_name = text("First name", 35, required=True)
    last_name = text("Last name", 60, required=True)
    credential = text("Credential", 12, help_text="As fees and modifier rules name it: DC, LCSW.")
    npi = text("NPI", 12, required=True, help_text=HELP_NPI, inputmode="numeric")
    taxonomy = text("Taxonomy code", 10, help_text=HELP_TAXONOMY)
    is_active = forms.BooleanField(label="Can be booked", required=False, initial=True)


class LocationForm(ProviderForm):
    """A location: its address stands on claims, its time zone says what "today" is."""

    kind = Location
    parts = (
        ("", ("name", "billing_provider", "place_of_service", "time_zone")),
        ("Address", ("street", "street2", "city", "state", "zip_code", "phone")),
        ("Numbers of its own", ("npi", "clia")),
    )

    name = text("Name", 60, required=True)
    billing_provider: forms.ModelChoiceField = forms.ModelChoiceField(
        label="Who bills", queryset=None, to_field_name="public_id", empty_label="Choose…"
    )
    place_of_service = forms.ChoiceField(
        label="Place of service",
        initial="11",
        choices=[(code, f"{code} {words}") for code, words in sorted(PLACES_OF_SERVICE.items())],
        help_text="For visits that say no other.",
    )
    time_zone = forms.ChoiceField(label="Time zone", initial="America/Chicago")
    street = text("Street", 55, required=True)
    street2 = text("Suite", 55)
    city = text("City", 30, required=True)
    state = text("State", 2, required=True, help_text="Two letters.")
    zip_code = text("ZIP+4", 10, required=True, help_text="Nine digits.", inputmode="numeric")
    phone = text("Phone", 20, type="tel", inputmode="tel")
    npi = text("NPI of the location", 12, help_text="Only if it has one.", inputmode="numeric")
    clia = text("CLIA number", 10, help_text="For laboratory tests done here.")
    is_active = forms.BooleanField(label="Can be booked", required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["billing_provider"].queryset = BillingProvider.objects.order_by("name")  # type: ignore[attr-defined]
        zones = list(providers.ZONES)
        own = self.row.time_zone if isinstance(self.row, Location) else ""
        if own and own not in dict(zones):
            zones.append((own, own))
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]


class BillingProviderForm(ProviderForm):
    """A billing provider: who is paid."""

    kind = BillingProvider
    parts = (
        ("", ("name", "first_name", "npi", "taxonomy", "tax_id", "tax_id_kind")),
        ("Address", ("street", "street2", "city", "state", "zip_code")),
        ("Contact for payers", ("contact_name", "phone")),
        (
            "Pay-to address, where payment goes elsewhere",
            ("pay_to_street", "pay_to_city", "pay_to_state", "pay_to_zip"),
        ),
    )

    name = text("Name", 60, required=True, help_text="Of the group, or the last name of a person.")
    first_name = text("First name", 35, help_text="Only of a person who bills alone.")
    npi = text("NPI", 12, required=True, help_text=HELP_NPI, inputmode="numeric")
    taxonomy = text("Taxonomy code", 10, help_text=HELP_TAXONOMY)
    tax_id = text("Tax id", 11, required=True, help_text="Nine digits.", inputmode="numeric")
    tax_id_kind = forms.ChoiceField(label="It is an", choices=[("EI", "EIN"), ("SY", "SSN")])
    street = text("Street", 55, required=True, help_text="Not a PO box.")
    street2 = text("Suite", 55)
    city = text("City", 30, required=True)
    state = text("State", 2, required=True, help_text="Two letters.")
    zip_code = text("ZIP+4", 10, required=True, help_text="Nine digits.", inputmode="numeric")
    contact_name = text("Contact", 60)
    phone = text("Phone", 20, type="tel", inputmode="tel")
    pay_to_street = text("Pay-to street or PO box", 55)
    pay_to_city = text("Pay-to city", 30)
    pay_to_state = text("Pay-to state", 2)
    pay_to_zip = text("Pay-to ZIP", 10, inputmode="numeric")


FORMS: dict[type[providers.Row], type[ProviderForm]] = {
    Clinician: ClinicianForm,
    Location: LocationForm,
    BillingProvider: BillingProviderForm,
}


def _shown(row: providers.Row, name: str) -> Any:
    value = getattr(row, name)
    if isinstance(value, BillingProvider):
        return value.public_id
    return SHOWN[name](value) if name in SHOWN else value
