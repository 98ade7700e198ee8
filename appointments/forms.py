"""Forms of booking, the visit's two tabs and the catalogue. Shapes of codes are read in coding.py."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from appointments import catalogue, coding
from appointments.booking import CANCELS
from appointments.enums import AppointmentState, LineOrigin, ServiceKind
from appointments.models import Appointment, AppointmentStatus, AppointmentType, Service, VisitLine
from appointments.visits import ACCIDENT_KINDS, LineData, treatment_problems
from clinics.models import Clinician, Location
from insurance.forms import add_findings, money_field
from insurance.models import InsuranceProfile
from lib.findings import Finding
from lib.money import show_money
from lib.spellings import show_diagnosis
from patients.forms import date_field, text
from patients.here import moment_at
from patients.models import Patient

SPARE_LINES = 2


class BookForm(forms.Form):
    """A booking. The patient is chosen by typing; the profile is chosen by the date unless overridden."""

    patient = forms.CharField(
        label="Patient", max_length=16, error_messages={"required": "Choose the patient."}
    )
    location: forms.ModelChoiceField = forms.ModelChoiceField(
        label="Location", queryset=None, to_field_name="public_id", empty_label=None
    )
    appointment_type: forms.ModelChoiceField = forms.ModelChoiceField(
        label="Type", queryset=None, to_field_name="public_id", empty_label="Choose…"
    )
    clinician: forms.ModelChoiceField = forms.ModelChoiceField(
        label="Clinician", queryset=None, to_field_name="public_id", empty_label="Choose…"
    )
    day = date_field("Day", required=True)
    clock = forms.TimeField(
        label="Time", required=False, help_text="Empty for a walk-in: now.",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )  # fmt: skip
    minutes = forms.IntegerField(
        label="Minutes", required=False, min_value=1, max_value=1440, help_text="Empty: as the type says."
    )
    profile = forms.CharField(label="Profile", max_length=16, required=False)
    note = text("Note", 200)
    walk_in = forms.BooleanField(label="The patient is here now (walk-in)", required=False)
    repeat_weeks = forms.IntegerField(label="Repeat every … weeks", required=False, min_value=1, max_value=12)
    repeat_times = forms.IntegerField(
        label="Visits in all", required=False, min_value=2, max_value=52, help_text="Empty: this one alone."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["location"].queryset = Location.objects.filter(is_active=True).order_by("name")
        fields["appointment_type"].queryset = AppointmentType.objects.filter(is_active=True).order_by("name")
        fields["clinician"].queryset = Clinician.objects.filter(is_active=True).order_by("last_name")

    def clean_patient(self) -> Patient:
        """A patient of this clinic."""
        found = Patient.objects.filter(public_id=self.cleaned_data["patient"]).first()
        if found is None:
            raise forms.ValidationError("Choose the patient from the list.")
        return found

    def clean(self) -> dict[str, Any]:
        """Day and time as one moment at the location."""
        data = dict(self.cleaned_data)
        if not data.get("clock") and "clock" not in self.errors:
            if data.get("walk_in") and data.get("location"):
                here = timezone.now().astimezone(ZoneInfo(data["location"].time_zone))
                data["clock"] = here.time().replace(second=0, microsecond=0)
            elif not data.get("walk_in"):
                self.add_error("clock", "Say at what time.")
        if data.get("location") and data.get("day") and data.get("clock"):
            data["starts_at"] = moment_at(data["location"], data["day"], data["clock"])
        if data.get("repeat_times") and not data.get("repeat_weeks"):
            data["repeat_weeks"] = 1
        if data.get("repeat_weeks") and not data.get("repeat_times") and not self.errors:
            self.add_error("repeat_times", "Say how many visits in all.")
        wanted = data.get("profile")
        data["profile"] = None
        if wanted and data.get("patient"):
            data["profile"] = InsuranceProfile.objects.filter(
                public_id=wanted, patient=data["patient"]
            ).first()
            if data["profile"] is None:
                self.add_error("profile", "Choose one of the patient's profiles.")
        return data


class MoveForm(forms.Form):
    """Another day or time for a scheduled visit, and who pays."""

    day = date_field("Day", required=True)
    clock = forms.TimeField(label="Time", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))
    minutes = forms.IntegerField(label="Minutes", min_value=1, max_value=1440)

    def starts_at(self, location: Location) -> datetime:
        """The moment that was entered."""
        return moment_at(location, self.cleaned_data["day"], self.cleaned_data["clock"])


class CancelForm(forms.Form):
    """How a visit was cancelled: the admin's statuses, or the state's own word where there is none."""

    state = forms.ChoiceField(label="How")
    reason = text("Why", 200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = cancel_choices()  # type: ignore[attr-defined]

    @property
    def chosen(self) -> tuple[str, str]:
        """(state, name of the status or "")."""
        state, _, status = self.cleaned_data["state"].partition(":")
        return state, status


def cancel_choices() -> list[tuple[str, str]]:
    """``state:status`` with the words that say what it costs."""
    rows: dict[str, list[AppointmentStatus]] = {}
    for status in AppointmentStatus.objects.filter(state__in=CANCELS).order_by("name"):
        rows.setdefault(status.state, []).append(status)
    choices = []
    for state in CANCELS:
        known = rows.get(state.value)
        if known is None:
            choices.append((state.value, state.label))
        else:
            choices += [
                (f"{state.value}:{status.name}", f"{status.name}{_costs(status)}") for status in known
            ]
    return choices


def _costs(status: AppointmentStatus) -> str:
    if not status.transition:
        return ""
    if status.cancellation_fee is None:
        return " (the full price is charged to the patient)"
    return f" ({show_money(status.cancellation_fee)} is charged to the patient)"


def _places(visit: Appointment) -> list[tuple[str, str]]:
    """The location's own place first, then the others (telehealth at the top)."""
    own = coding.place_words(visit.location.place_of_service)
    codes = [*coding.PLACES_OF_SERVICE]
    if visit.place_of_service and visit.place_of_service not in codes:
        codes.append(visit.place_of_service)
    return [("", f"The location's: {own}"), *((code, coding.place_words(code)) for code in codes)]


class TreatmentForm(forms.Form):
    """The Treatment tab: dates of current illness."""

    onset_on = date_field("Onset of current illness")
    initial_treatment_on = date_field("Initial treatment")
    last_menstrual_on = date_field("Last menstrual period")
    accident_on = date_field("Date of accident")
    accident_kind = forms.ChoiceField(
        label="Kind of accident", required=False, choices=[("", "None"), *ACCIDENT_KINDS]
    )
    accident_state = text("State of accident", 2)
    place_of_service = forms.ChoiceField(label="Place of service", required=False)
    authorization_number = text("Authorization number", 30)
    minutes = forms.IntegerField(label="Minutes of treatment", min_value=1, max_value=1440)
    note = text("Note", 200)

    def __init__(self, *args: Any, visit: Appointment, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {name: getattr(visit, name) for name in self.base_fields})
        super().__init__(*args, **kwargs)
        self.fields["place_of_service"].choices = _places(visit)  # type: ignore[attr-defined]
        self.visit = visit

    def clean(self) -> dict[str, Any]:
        """The same checks as the API's."""
        data = dict(self.cleaned_data)
        data["accident_state"] = (data.get("accident_state") or "").upper()
        add_findings(self, treatment_problems(data, self.visit.service_date))
        return data


class LineItemsForm(forms.Form):
    """The Line Items tab: diagnoses in one line of text, one row a service and two spare rows."""

    diagnoses = text("Diagnoses", 200, help_text="ICD-10-CM in order, the first is primary: M54.50, M99.03")

    def __init__(
        self, *args: Any, visit: Appointment, lines: list[VisitLine], rows: int = 0, **kwargs: Any
    ) -> None:
        shown = ", ".join(show_diagnosis(code) for code in visit.diagnoses)
        kwargs.setdefault("initial", {"diagnoses": shown})
        super().__init__(*args, **kwargs)
        self.visit, self.lines = visit, lines
        services = Service.objects.filter(is_active=True).order_by("code")
        self.services = {service.public_id: service for service in services}
        self.services |= {line.service.public_id: line.service for line in lines}
        for number in range(1, max(rows, len(lines) + SPARE_LINES) + 1):
            self._add_row(number, lines[number - 1] if number <= len(lines) else None)
        self.entered: list[LineData] = []
        self.codes: list[str] = []

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows with their bound fields, for the template."""
        found = []
        number = 1
        while f"service_{number}" in self.fields:
            line = self.lines[number - 1] if number <= len(self.lines) else None
            names = ("id", "service", "modifiers", "units", "pointers", "confirmed")
            row: dict[str, Any] = {
                name: self[f"{name}_{number}"] for name in names if f"{name}_{number}" in self.fields
            }
            found.append({"number": number, "line": line, **row})
            number += 1
        return found

    def clean(self) -> dict[str, Any]:
        """Read the codes of every row; a row without a service is no line."""
        data = self.cleaned_data
        self.codes, findings = coding.read_diagnoses(data.get("diagnoses") or "")
        for row in self.rows:
            chosen = data.get(f"service_{row['number']}")
            if chosen:
                line, trouble = self._read(row["number"], chosen, data)
                self.entered.append(line)
                findings += trouble
        add_findings(self, findings)
        return data

    def _read(self, number: int, chosen: str, data: dict[str, Any]) -> tuple[LineData, list[Finding]]:
        modifiers, one = coding.read_modifiers(data.get(f"modifiers_{number}") or "", f"modifiers_{number}")
        units, two = coding.read_units(data.get(f"units_{number}") or "", f"units_{number}")
        places, three = coding.read_pointers(
            data.get(f"pointers_{number}") or "", len(self.codes), f"pointers_{number}"
        )
        confirmed = data.get(f"confirmed_{number}", True)
        line = LineData(
            self.services[chosen],
            tuple(modifiers),
            units,
            tuple(places),
            data.get(f"id_{number}") or "",
            bool(confirmed),
        )
        return line, one + two + three

    def _add_row(self, number: int, line: VisitLine | None) -> None:
        choices = [("", "No service")] + [(key, str(service)) for key, service in self.services.items()]
        made: dict[str, forms.Field] = {
            f"id_{number}": forms.CharField(required=False, max_length=16, widget=forms.HiddenInput),
            f"service_{number}": forms.ChoiceField(
                label=f"Service {number}", required=False, choices=choices
            ),
            f"modifiers_{number}": text(f"Modifiers {number}", 20),
            f"units_{number}": text(f"Units {number}", 9, inputmode="decimal"),
            f"pointers_{number}": text(f"Pointers {number}", 20),
        }
        if line is not None:
            made[f"id_{number}"].initial = line.public_id
            made[f"service_{number}"].initial = line.service.public_id
            made[f"modifiers_{number}"].initial = " ".join(line.modifiers)
            made[f"units_{number}"].initial = "" if line.units is None else f"{line.units.normalize():f}"
            made[f"pointers_{number}"].initial = ", ".join(map(str, line.pointers))
            if line.origin == LineOrigin.SALT:
                made[f"confirmed_{number}"] = forms.BooleanField(
                    label=f"Line {number} was done", required=False, initial=line.is_confirmed
                )
        self.fields.update(made)


class ServiceForm(forms.Form):
    """A service of the catalogue, with its default price from a day."""

    code = text("Code", 8, required=True, help_text="Your own entry: no code list is shipped.")
    name = text("Name", 80, required=True)
    kind = forms.ChoiceField(label="Kind", choices=ServiceKind.choices)
    price = money_field("Default price", help_text="Used when no fee schedule says otherwise.")
    effective_on = date_field("Price from")
    bill_patient_directly = forms.BooleanField(label="The patient pays all of it", required=False)
    rounding = forms.ChoiceField(label="Units from minutes", required=False, choices=catalogue.ROUNDINGS)
    interval_minutes = forms.IntegerField(
        label="Minutes of one unit", required=False, min_value=1, max_value=1440
    )
    min_units = forms.DecimalField(
        label="Instead of zero units", required=False, min_value=0, max_digits=7, decimal_places=3,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip
    is_active = forms.BooleanField(label="Offered", required=False, initial=True)

    def __init__(self, *args: Any, today: date, service: Service | None = None, **kwargs: Any) -> None:
        start: dict[str, Any] = {"effective_on": today, "kind": ServiceKind.INDIVIDUAL, "is_active": True}
        if service is not None:
            start |= {name: getattr(service, name) for name in catalogue.SERVICE_FIELDS}
        kwargs.setdefault("initial", start)
        super().__init__(*args, **kwargs)
        self.service = service

    def clean(self) -> dict[str, Any]:
        """The same checks as the API's."""
        data = dict(self.cleaned_data)
        data["code"] = (data.get("code") or "").strip().upper()
        add_findings(self, catalogue.service_problems(data, exclude=self.service))
        if data.get("price") is not None and not data.get("effective_on"):
            self.add_error("effective_on", "Say from which day this price counts.")
        return data


class TypeForm(forms.Form):
    """An appointment type."""

    name = text("Name", 60, required=True)
    minutes = forms.IntegerField(label="Minutes", min_value=1, max_value=1440, initial=30)
    is_active = forms.BooleanField(label="Offered", required=False, initial=True)


class StatusForm(forms.Form):
    """A status that an admin names."""

    name = text("Name", 40, required=True)
    state = forms.ChoiceField(label="Belongs to", choices=AppointmentState.choices)
    transition = forms.BooleanField(label="A visit in this status is charged", required=False)
    cancellation_fee = money_field("Cancellation fee", help_text="For cancellations only.")


def local_clock(visit: Appointment) -> str:
    """The time of day at the location, for a form's field."""
    return visit.starts_at.astimezone(ZoneInfo(visit.location.time_zone)).strftime("%H:%M")
