"""Forms of the billing room. Money is a text field with a decimal pad; words and places are checked here,
rules in the work modules."""

from __future__ import annotations

from typing import Any

from django import forms

from billing.enums import MethodKind, WriteOffType
from billing.models import PaymentMethod
from lib.money import BadAmount, parse_money


class MoneyInput(forms.CharField):
    """An amount with at most two decimals, parsed exactly; never a number input (the wheel changes those)."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 16)
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        """Decimal dollars; empty stays None where it is allowed."""
        text = str(super().clean(value) or "").replace(",", "").replace("\u2212", "-").strip()
        if not text:
            return None
        try:
            return parse_money(text)
        except BadAmount as error:
            raise forms.ValidationError("An amount has at most two decimals, such as 25.00.") from error


def patient_methods() -> list[PaymentMethod]:
    """How a patient can pay: the Insurance method is never offered (B3)."""
    return list(PaymentMethod.objects.filter(kind=MethodKind.PATIENT, is_active=True))


class TakeForm(forms.Form):
    """A payment without a visit."""

    amount = MoneyInput(label="Amount")
    method = forms.CharField(label="Paid by", max_length=20)
    reference = forms.CharField(
        label="Number", max_length=40, required=False, help_text="Check number or terminal reference."
    )
    memo = forms.CharField(label="Memo", max_length=120, required=False)
    phone = forms.BooleanField(label="By phone", required=False)


class ReasonForm(forms.Form):
    """An act that only needs its reason."""

    reason = forms.CharField(label="Reason", max_length=200)


class TakeBackForm(ReasonForm):
    """A payment taken back, with the fee a bounced check may cost the patient."""

    fee = MoneyInput(label="Fee for the patient", required=False, help_text="Empty or 0.00: none.")


class OneOffForm(forms.Form):
    """One line of a one-off invoice: a service of the list, or something of its own."""

    service: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label="From the list",
        queryset=None,
        to_field_name="public_id",
        required=False,
        empty_label="Something else",
    )
    name = forms.CharField(
        label="What it is", max_length=80, required=False, help_text="Such as a cushion or a form."
    )
    quantity = forms.IntegerField(label="How many", min_value=1, max_value=999, initial=1)
    price = MoneyInput(label="Price of one", required=False, help_text="Empty: the price of the list.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from appointments.models import Service

        super().__init__(*args, **kwargs)
        self.fields["service"].queryset = Service.objects.filter(is_active=True).order_by("code")  # type: ignore[attr-defined]


class RefundForm(forms.Form):
    """Give free credit back."""

    amount = MoneyInput(label="Amount to give back")
    reason = forms.CharField(label="Reason", max_length=200)


class WriteOffForm(forms.Form):
    """Write off part of an invoice."""

    party = forms.ChoiceField(label="Whose part")
    type = forms.ChoiceField(label="Type", choices=WriteOffType.choices)
    amount = MoneyInput(label="Amount")
    reason = forms.CharField(label="Reason", max_length=200)

    def __init__(self, *args: Any, parties: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["party"].choices = parties  # type: ignore[attr-defined]


class MethodForm(forms.ModelForm):  # type: ignore[type-arg]
    """A payment method; Insurance and its kind are the system's own."""

    class Meta:
        model = PaymentMethod
        fields = ["name", "needs_reference", "gives_change", "position", "is_active"]
        labels = {
            "name": "Name",
            "needs_reference": "Ask for a number",
            "gives_change": "Give change",
            "position": "Place on the screen",
            "is_active": "In use",
        }
        help_texts = {"needs_reference": "Check number or terminal reference. Never a card number."}
