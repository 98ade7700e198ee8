"""The registration form. What may stand in a field is decided by registration.problems, shown here."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from clinics.models import ReferringProvider
from lib.spellings import show_phone
from patients.address import ADDRESS_FIELDS
from patients.enums import Sex
from patients.models import Patient
from patients.registration import GUARANTOR_FIELDS, PATIENT_FIELDS, problems, tidy


def date_field(label: str, *, required: bool = False, help_text: str = "") -> forms.DateField:
    """A calendar date; typed 05/02/1984 is understood too."""
    return forms.DateField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Enter a date such as 05/02/1984."},
    )


def text(
    label: str, size: int, *, required: bool = False, help_text: str = "", **attrs: str
) -> forms.CharField:
    """One line of text."""
    return forms.CharField(
        label=label,
        max_length=size,
        required=required,
        help_text=help_text,
        widget=forms.TextInput(attrs=attrs),
    )


class PatientForm(forms.Form):
    """Registration and editing. Only the name is required; the rest shows as missing until it is there (B14)."""

    first_name = text("First name", 35, required=True)
    middle_name = text("Middle name", 25)
    last_name = text("Last name", 60, required=True)
    suffix = text("Suffix", 10, help_text="Jr, III")
    birth_date = date_field("Date of birth")
    sex = forms.ChoiceField(label="Sex", required=False, choices=[("", "Choose…"), *Sex.choices])
    phone = text("Phone", 20, type="tel", inputmode="tel")
    email = text("E-mail", 254, type="email")
    reason = text("Reason of the first visit", 120)
    chart_number = text("Chart number", 20, help_text="Empty: the next number of the clinic.")
    death_date = date_field("Date of death", help_text="Told to insurers; nobody is booked for later days.")
    ssn = text(
        "Social security number",
        11,
        help_text="Kept encrypted; only the last four are shown.",
        autocomplete="off",
    )
    street = text("Street", 55)
    street2 = text("Apartment, suite", 55)
    city = text("City", 30)
    state = text("State", 2, help_text="Two letters.")
    zip_code = text("ZIP code", 10, inputmode="numeric")
    is_confidential = forms.BooleanField(
        label="Confidential communications: send only here", required=False,
        help_text="On the patient's request. Statements go to this address, never to guarantor or holder.",
    )  # fmt: skip
    mail_street = text("Confidential address, street", 55, help_text="Empty: the address above.")
    mail_street2 = text("Confidential address, apartment", 55)
    mail_city = text("Confidential address, city", 30)
    mail_state = text("Confidential address, state", 2)
    mail_zip_code = text("Confidential address, ZIP code", 10)
    signature_on_file = forms.BooleanField(label="Signature on file", required=False, initial=True)
    assigns_benefits = forms.BooleanField(label="Insurer pays the clinic", required=False, initial=True)
    referring_provider: forms.ModelChoiceField = forms.ModelChoiceField(
        label="Referred by", queryset=None, required=False, to_field_name="public_id", empty_label="Nobody"
    )
    referring_first_name = text("Referring provider, first name", 35)
    referring_last_name = text("Referring provider, last name", 60)
    referring_npi = text("Referring provider, NPI", 10, inputmode="numeric")
    guarantor_first_name = text("Guarantor, first name", 35)
    guarantor_last_name = text(
        "Guarantor, last name", 60, help_text="Who pays what insurers leave. Empty: the patient."
    )
    guarantor_phone = text("Guarantor, phone", 20, type="tel")
    guarantor_email = text("Guarantor, e-mail", 254, type="email")
    guarantor_street = text("Guarantor, street", 55)
    guarantor_street2 = text("Guarantor, apartment", 55)
    guarantor_city = text("Guarantor, city", 30)
    guarantor_state = text("Guarantor, state", 2)
    guarantor_zip_code = text("Guarantor, ZIP code", 10)

    def __init__(self, *args: Any, today: date, patient: Patient | None = None, **kwargs: Any) -> None:
        if patient is not None:
            kwargs.setdefault("initial", _initial(patient))
        super().__init__(*args, **kwargs)
        self.today, self.patient = today, patient
        self.fields["referring_provider"].queryset = ReferringProvider.objects.order_by("last_name")  # type: ignore[attr-defined]
        if patient is not None and patient.ssn:
            self.fields["ssn"].help_text = f"On file: {patient.ssn_masked}. Leave empty to keep it."

    def clean(self) -> dict[str, Any]:
        """The same checks as the API's, each at its field."""
        data = tidy(dict(self.cleaned_data))
        for finding in problems(data, self.today, exclude=self.patient):
            if finding.where not in self.errors:
                self.add_error(finding.where if finding.where in self.fields else None, finding.message)
        return data


def _initial(patient: Patient) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(patient, name) for name in PATIENT_FIELDS}
    values["chart_number"] = patient.chart_number
    values["phone"] = patient.phone_shown
    values["referring_provider"] = patient.referring_provider and patient.referring_provider.public_id
    if patient.guarantor is not None:
        for name in GUARANTOR_FIELDS:
            values[f"guarantor_{name}"] = getattr(patient.guarantor, name)
        values["guarantor_phone"] = show_phone(patient.guarantor.phone)
    return values


IDENTITY = (
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "birth_date",
    "sex",
    "phone",
    "email",
    "reason",
)
RECORDS = ("chart_number", "ssn", "death_date", "signature_on_file", "assigns_benefits")
REFERRING = ("referring_provider", "referring_first_name", "referring_last_name", "referring_npi")
CONFIDENTIAL = ("is_confidential", *(f"mail_{name}" for name in ADDRESS_FIELDS))
SECTIONS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("Who", IDENTITY, True),
    ("Address", ADDRESS_FIELDS, True),
    ("Guarantor", tuple(f"guarantor_{name}" for name in GUARANTOR_FIELDS), False),
    ("Confidential communications", CONFIDENTIAL, False),
    ("Referring provider", REFERRING, False),
    ("Records", RECORDS, False),
)


def sections(form: forms.Form) -> list[dict[str, Any]]:
    """The form in titled parts; a folded part opens by itself when something in it is wrong or filled."""
    return [
        {
            "title": title,
            "fields": [form[name] for name in names],
            "open": always or any(form[name].errors for name in names),
            "folds": not always,
        }
        for title, names, always in SECTIONS
    ]
