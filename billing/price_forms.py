"""Forms of the rules prices come from: pages and the API read the same ones.

A rule's form makes an unsaved row (``row()``); whether it may stand beside the others is ``price_rules``' word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet

from appointments.models import AppointmentStatus, Service
from billing.forms import MoneyInput
from billing.models import FeeRow, FeeSchedule, ModifierRule, PatientFee, ReducedFee, SameDayRule
from clinics.models import Clinician, Location
from insurance.models import Payer, Plan
from lib.money import ZERO
from patients.models import Patient

_MODIFIER = re.compile(r"[A-Z0-9]{2}")
EVERYTHING: dict[str, Callable[[], QuerySet[Any]]] = {
    "schedule": lambda: FeeSchedule.objects.order_by("kind", "name"),
    "source": lambda: FeeSchedule.objects.order_by("kind", "name"),
    "program": lambda: FeeSchedule.objects.filter(kind="reduced").order_by("name"),
    "service": lambda: Service.objects.filter(is_active=True).order_by("code", "name"),
    "services": lambda: Service.objects.filter(is_active=True).order_by("code", "name"),
    "payer": lambda: Payer.objects.filter(is_active=True).order_by("name"),
    "plan": lambda: Plan.objects.select_related("payer").order_by("payer__name", "name"),
    "clinician": lambda: Clinician.objects.filter(is_active=True).order_by("last_name", "first_name"),
    "location": lambda: Location.objects.filter(is_active=True).order_by("name"),
    "patient": lambda: Patient.objects.order_by("last_name"),
}


class Pick(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One row of the clinic by its public id; ``empty`` is the word for none (All, None)."""

    def __init__(self, label: str, empty: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("required", not empty)
        super().__init__(
            queryset=None, to_field_name="public_id", label=label, empty_label=empty or "Choose…", **kwargs
        )
        self.empty_word = empty


def day_field(label: str, *, required: bool = True, help_text: str = "") -> forms.DateField:
    """A day, picked or typed."""
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, required=required, help_text=help_text, widget=widget)


class RuleForm(forms.Form):
    """Fills the choices with the clinic's own rows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        for name, field in fields.items():
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = EVERYTHING[name]()

    def clean(self) -> dict[str, Any]:
        """Amounts are 0.00 or more; a plan belongs to its payer."""
        data: dict[str, Any] = self.cleaned_data
        for name in ("fee", "copay", "price", "individual", "group", "override"):
            if data.get(name) is not None and data[name] < ZERO:
                self.add_error(name, "An amount is 0.00 or more.")
        plan, payer = data.get("plan"), data.get("payer")
        if plan is not None and payer is not None and plan.payer_id != payer.pk:
            self.add_error("plan", f"{plan} is no plan of {payer}.")
        return data


class FeeRowForm(RuleForm):
    """One fee of a schedule. Empty keys mean All; the row with most keys wins (B17.3)."""

    schedule = Pick("Schedule")
    service = Pick("Service")
    payer = Pick("Payer", "All payers")
    plan = Pick("Plan", "All plans")
    clinician = Pick("Clinician", "All clinicians")
    credential = forms.CharField(label="Credential", max_length=12, required=False, help_text="Empty: all.")
    location = Pick("Location", "All locations")
    effective_on = day_field("From")
    fee = MoneyInput(label="Fee")

    def row(self) -> FeeRow:
        """The row, not saved."""
        return FeeRow(**{**self.cleaned_data, "credential": self.cleaned_data["credential"].strip()})


class ScheduleForm(RuleForm):
    """A new, empty schedule."""

    name = forms.CharField(label="Name", max_length=60)
    kind = forms.ChoiceField(
        label="For", choices=[("standard", "Everybody"), ("reduced", "Eligible patients only")]
    )

    def row(self) -> FeeSchedule:
        """The schedule, not saved."""
        return FeeSchedule(name=self.cleaned_data["name"].strip(), kind=self.cleaned_data["kind"])


class CopyForm(RuleForm):
    """A schedule copied, dearer or cheaper, from a day on."""

    source = Pick("Copy from")
    name = forms.CharField(
        label="Into the schedule",
        max_length=60,
        help_text="A new name makes a new schedule of the same kind.",
    )
    percent = forms.DecimalField(
        label="Change in percent", max_digits=6, decimal_places=2, min_value=Decimal("-100"), initial="0",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}), help_text="3.5 is 3.5 % more, -10 is 10 % less.",
    )  # fmt: skip
    effective_on = day_field("From", help_text="The fees in force on this day are copied.")


class ImportForm(RuleForm):
    """Fees from a CSV file into a schedule."""

    schedule = Pick("Schedule")
    file = forms.FileField(label="CSV file", required=False)
    text = forms.CharField(required=False, widget=forms.HiddenInput)


class ModifierRuleForm(RuleForm):
    """Modifiers where every given key fits (B17.6)."""

    service = Pick("Service", "All services")
    payer = Pick("Payer", "All payers")
    clinician = Pick("Clinician", "All clinicians")
    credential = forms.CharField(label="Credential", max_length=12, required=False, help_text="Empty: all.")
    pos = forms.RegexField(
        label="Place of service", regex=r"^[0-9]{2}$", required=False, help_text="Two digits; empty: all.",
        error_messages={"invalid": "Two digits, such as 02."},
    )  # fmt: skip
    age_from = forms.IntegerField(label="Age from", required=False, min_value=0, max_value=150)
    age_to = forms.IntegerField(label="Age to", required=False, min_value=0, max_value=150)
    modifiers = forms.CharField(label="Adds", max_length=20, help_text="One to four, such as 95 or GT, HO.")
    fee_amount = MoneyInput(label="Changes the fee by", required=False, help_text="Less than zero for less.")
    fee_percent = forms.DecimalField(
        label="or by percent", required=False, max_digits=6, decimal_places=2, min_value=Decimal("-100"),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip

    def clean_modifiers(self) -> list[str]:
        """Two letters or digits each; the order stays, a repeated one goes."""
        codes = [one.upper() for one in re.split(r"[,;\s]+", self.cleaned_data["modifiers"].strip()) if one]
        wrong = [code for code in codes if not _MODIFIER.fullmatch(code)]
        if wrong:
            raise forms.ValidationError(f"A modifier is two letters or digits: {wrong[0]} is not.")
        codes = list(dict.fromkeys(codes))
        if not 1 <= len(codes) <= 4:
            raise forms.ValidationError("Give one to four modifiers.")
        return codes

    def clean(self) -> dict[str, Any]:
        """Ages in order; one change of the fee."""
        data = super().clean()
        low, high = data.get("age_from"), data.get("age_to")
        if low is not None and high is not None and low > high:
            self.add_error("age_to", f"Must not be below {low}.")
        if data.get("fee_amount") is not None and data.get("fee_percent") is not None:
            self.add_error("fee_percent", "Give an amount or a percentage, not both.")
        return data

    def row(self) -> ModifierRule:
        """The rule, not saved."""
        return ModifierRule(**{**self.cleaned_data, "credential": self.cleaned_data["credential"].strip()})


class SameDayRuleForm(RuleForm):
    """The nth of some services on one day."""

    services: Any = forms.ModelMultipleChoiceField(
        label="Services", queryset=None, to_field_name="public_id", help_text="Counted together."
    )
    occurrence = forms.IntegerField(
        label="Time of the day", min_value=1, max_value=99, initial=2, help_text="2: the second."
    )
    and_later = forms.BooleanField(label="And every later one", required=False)
    modifier = forms.CharField(label="Adds", max_length=2)
    payer = Pick("Payer", "All payers")
    per_clinician = forms.BooleanField(label="Count each clinician alone", required=False)

    def clean_modifier(self) -> str:
        """Two letters or digits."""
        code = str(self.cleaned_data["modifier"]).strip().upper()
        if not _MODIFIER.fullmatch(code):
            raise forms.ValidationError("A modifier is two letters or digits, such as 59.")
        return code

    def row(self) -> SameDayRule:
        """The rule, not saved."""
        services = sorted(service.public_id for service in self.cleaned_data["services"])
        return SameDayRule(**{**self.cleaned_data, "services": services})


class PatientFeeForm(RuleForm):
    """A fee or copay agreed with one patient for one service."""

    patient: Any = Pick("Patient", error_messages={"required": "Choose the patient."})
    service = Pick("Service")
    fee = MoneyInput(label="Fee", required=False, help_text="Empty: the usual fee.")
    copay = MoneyInput(label="Copay", required=False, help_text="Empty: the plan's. 0.00 is a copay.")
    copay_per_unit = forms.BooleanField(label="The copay is for each unit", required=False)

    def clean(self) -> dict[str, Any]:
        """Something is agreed."""
        data = super().clean()
        if not self.errors and data.get("fee") is None and data.get("copay") is None:
            self.add_error("fee", "Give a fee, a copay or both.")
        return data

    def row(self) -> PatientFee:
        """The agreement, not saved."""
        return PatientFee(**self.cleaned_data)


class ReducedFeeForm(RuleForm):
    """A patient's eligibility for a reduced schedule."""

    patient: Any = Pick("Patient", error_messages={"required": "Choose the patient."})
    schedule = Pick("Program")
    effective_on = day_field("From")
    expires_on = day_field("Until", required=False, help_text="Empty: until somebody ends it.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["schedule"].queryset = FeeSchedule.objects.filter(kind="reduced").order_by("name")

    def clean(self) -> dict[str, Any]:
        """The end is not before the start."""
        data = super().clean()
        start, end = data.get("effective_on"), data.get("expires_on")
        if start and end and end < start:
            self.add_error("expires_on", "Ends before it begins.")
        return data

    def row(self) -> ReducedFee:
        """The eligibility, not saved."""
        return ReducedFee(**self.cleaned_data)


class DefaultPriceForm(RuleForm):
    """A service's own price from a day on."""

    service = Pick("Service")
    price = MoneyInput(label="Price")
    effective_on = day_field("From")


class PlanCopayForm(RuleForm):
    """What a plan's patients pay at each visit."""

    plan = Pick("Plan")
    individual = MoneyInput(label="Copay", required=False, help_text="Empty: none.")
    group = MoneyInput(
        label="Copay, group visit", required=False, help_text="Empty: none, not the other one."
    )


class WhatIfForm(RuleForm):
    """A visit that never was, priced by the clinic's rules as they are."""

    service = Pick("Service")
    day = day_field("Day")
    minutes = forms.IntegerField(label="Minutes", required=False, min_value=0, max_value=1440, initial=50)
    payer = Pick("Payer", "Nobody: self-pay")
    plan = Pick("Plan", "None")
    clinician = Pick("Clinician", "Anybody")
    location = Pick("Location", "Anywhere")
    status = forms.ChoiceField(label="Status", required=False)
    program = Pick("Reduced fees", "None", required=False)
    override = MoneyInput(label="Typed price", required=False)

    def __init__(self, *args: Any, today: date | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.statuses = {row.name: row for row in AppointmentStatus.objects.order_by("state", "name")}
        fields: dict[str, Any] = self.fields
        fields["status"].choices = [("", "Showed up"), *[(name, name) for name in self.statuses]]
        if today is not None:
            fields["day"].initial = today
