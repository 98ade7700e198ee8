"""Forms of authorizations and enrollment; authorizations.py and enrollment.py decide what may stand in them."""

from __future__ import annotations

from typing import Any

from django import forms

from insurance.enums import AuthorizationKind, EnrollmentKind, EnrollmentState, LimitKind
from insurance.errors import BadCoverage
from insurance.models import Authorization, Policy
from patients.forms import date_field, text
from patients.models import Patient


class AuthorizationForm(forms.Form):
    """What a payer has agreed to."""

    policy: forms.ModelChoiceField = forms.ModelChoiceField(
        label="Card", queryset=None, to_field_name="public_id", empty_label=None
    )
    kind = forms.ChoiceField(label="Kind", choices=AuthorizationKind.choices)
    number = text("Number", 30, required=True, help_text="As the payer wrote it; it goes into box 23.")
    procedure_codes = text("Services", 120, help_text="Procedure codes, with spaces. Empty: any service.")
    effective_on = date_field("Good from", required=True)
    expires_on = date_field("Good until", required=True)
    limit = forms.DecimalField(
        label="How much",
        max_digits=11,
        decimal_places=3,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    limit_kind = forms.ChoiceField(label="Counted in", choices=LimitKind.choices)
    note = text("Note", 200)
    is_active = forms.BooleanField(label="In use", required=False, initial=True)

    def __init__(self, *args: Any, patient: Patient, row: Authorization | None = None, **kwargs: Any) -> None:
        if row is not None:
            names = ("kind", "effective_on", "expires_on", "limit_kind", "note", "is_active")
            values = {name: getattr(row, name) for name in names}
            limit = f"{row.limit.normalize():f}"
            kwargs.setdefault(
                "initial", {**values, "limit": limit, "procedure_codes": " ".join(row.procedure_codes)}
            )
        super().__init__(*args, **kwargs)
        if row is not None:
            del self.fields["policy"], self.fields["number"]
        else:
            cards = Policy.objects.filter(patient=patient).select_related("payer").order_by("-id")
            self.fields["policy"].queryset = cards  # type: ignore[attr-defined]
            del self.fields["is_active"]

    def values(self) -> dict[str, Any]:
        """The cleaned values as authorizations.save takes them."""
        data = dict(self.cleaned_data)
        data["procedure_codes"] = data["procedure_codes"].replace(",", " ").split()
        return data

    def posted(self) -> dict[str, str]:
        """What identifies this act for once()."""
        return {
            name: str(value)
            for name, value in self.data.items()
            if name not in ("csrfmiddlewaretoken", "idempotency_key")
        }

    def take(self, refusal: BadCoverage) -> None:
        """Each refusal at its field."""
        for name, words in refusal.data.get("fields", {}).items():
            for message in words:
                self.add_error(name if name in self.fields else None, message)


class NumberForm(forms.Form):
    """Another number of the same authorization."""

    number = text("New number", 30, required=True)
    update_claims = forms.BooleanField(label="Also change claims that have not been sent", required=False)


class EnrollmentForm(forms.Form):
    """One exchange of the chosen insurers."""

    kind = forms.ChoiceField(label="Exchange", choices=EnrollmentKind.choices)
    state = forms.ChoiceField(label="Is", choices=EnrollmentState.choices, initial=EnrollmentState.ACTIVE)
    since = date_field("Since", required=True)
