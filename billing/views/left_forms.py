"""Forms of what is left: plans, policies, write-off terms, calls, days. Words and places are checked here."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms

from billing.accounts import Asking
from billing.calls import Talk
from billing.enums import CallKind, Frequency, InvoiceState, PayerClass, PolicySubject
from billing.forms import MoneyInput
from billing.models import Invoice
from billing.planning import Terms
from insurance.models import Payer
from patients.models import Patient


class DayField(forms.DateField):
    """A day, with the browser's own calendar."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)


class PlanForm(forms.Form):
    """A plan: so many payments, or so much each."""

    frequency = forms.ChoiceField(label="How often", choices=Frequency.choices, initial=Frequency.MONTHLY)
    start_on = DayField(label="First payment on")
    count = forms.IntegerField(label="Payments", min_value=1, max_value=260, required=False)
    instalment = MoneyInput(label="or each", required=False, help_text="Instead of a number of payments.")
    statements = forms.ChoiceField(
        label="Statements",
        choices=[("hold", "Hold while the plan runs"), ("send", "Go on, asking for the instalment")],
        initial="hold",
    )
    override = forms.CharField(
        label="Reason for more than the table",
        max_length=200,
        required=False,
        help_text="Only admins, only where the table is passed.",
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        self.today = today
        kwargs.setdefault("initial", {"start_on": today + timedelta(days=30), "count": 3})
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        data = super().clean() or {}
        if not self.errors and not data.get("count") and not data.get("instalment"):
            self.add_error("count", "Say how many payments, or how much each.")
        if data.get("instalment") is not None and data["instalment"] <= 0:
            self.add_error("instalment", "More than 0.00.")
        return data

    def terms(self) -> Terms:
        """What was typed; an amount wins over a number."""
        data = self.cleaned_data
        each: Decimal | None = data.get("instalment")
        return Terms(
            frequency=data["frequency"],
            start_on=data["start_on"],
            count=None if each else data.get("count"),
            instalment=each,
            statements=data["statements"],
            override=data.get("override", ""),
        )

    def first_terms(self) -> Terms:
        """What the empty form offers: three months."""
        return Terms(frequency=Frequency.MONTHLY, start_on=self.today + timedelta(days=30), count=3)


class PolicyForm(forms.Form):
    """One dated row of the policy table."""

    subject = forms.ChoiceField(label="What it decides", choices=PolicySubject.choices)
    value = forms.CharField(
        label="Answer", max_length=300, help_text="yes or no, an amount, a number, or the notice's text."
    )
    state = forms.CharField(
        label="State", max_length=2, required=False, help_text="Two letters; empty: every state."
    )
    payer_class = forms.ChoiceField(
        label="Kind of payer", required=False, choices=[("", "All"), *PayerClass.choices]
    )
    payer: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label="Payer", queryset=None, required=False, to_field_name="public_id", empty_label="All"
    )
    effective_on = DayField(label="From")
    ends_on = DayField(label="Until", required=False)
    source = forms.CharField(label="Source", max_length=300, help_text="Statute, manual or contract.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payer"].queryset = Payer.objects.filter(is_active=True).order_by("name")  # type: ignore[attr-defined]

    def clean_state(self) -> str:
        """Two letters or none."""
        text = str(self.cleaned_data["state"]).strip().upper()
        if text and not (len(text) == 2 and text.isascii() and text.isalpha()):
            raise forms.ValidationError("Two letters, such as IL.")
        return text


class TermsForm(forms.Form):
    """The terms of one write-off type."""

    gl_code = forms.CharField(label="General ledger code", max_length=20, required=False)
    needs_reason = forms.BooleanField(label="Needs a reason", required=False)
    counts_as_bad_debt = forms.BooleanField(label="Counts as bad debt", required=False)
    is_active = forms.BooleanField(label="In use", required=False)


class CallForm(forms.Form):
    """What was said, promised or disputed."""

    kind = forms.ChoiceField(label="What it is", choices=CallKind.choices, initial=CallKind.CALL)
    text = forms.CharField(label="What was said", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    spoke_with = forms.CharField(label="Spoke with", max_length=80, required=False)
    reference = forms.CharField(label="Reference", max_length=40, required=False)
    promise_on = DayField(label="Promised for", required=False)
    promise_amount = MoneyInput(label="Promised amount", required=False)
    follow_up_on = DayField(label="Follow up on", required=False)
    invoice: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label="About",
        queryset=None,
        required=False,
        to_field_name="public_id",
        empty_label="The whole account",
    )

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Invoice.objects.filter(patient=patient).exclude(state=InvoiceState.VOID)
        self.fields["invoice"].queryset = rows.order_by("-pk")  # type: ignore[attr-defined]

    def talk(self) -> Talk:
        """What was typed, without the invoice."""
        data = {key: value for key, value in self.cleaned_data.items() if key != "invoice"}
        return Talk(**{**data, "kind": CallKind(data["kind"])})


class CloseForm(forms.Form):
    """End something, with words."""

    outcome = forms.CharField(label="Outcome", max_length=200)


class AskingForm(forms.Form):
    """What holds the asking of an account."""

    hold_until = DayField(label="Hold statements until", required=False, help_text="Empty: no hold.")
    hold_reason = forms.CharField(label="Why", max_length=120, required=False)
    bad_address = forms.BooleanField(label="Mail came back", required=False)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """A hold lies ahead and has its reason."""
        data = super().clean() or {}
        until = data.get("hold_until")
        if until is not None and until < self.today and "hold_until" in self.changed_data:
            self.add_error("hold_until", "A hold ends today or later.")
        if until is not None and not data.get("hold_reason", "").strip():
            self.add_error("hold_reason", "Say why.")
        return data

    def asking(self) -> Asking:
        """What was typed."""
        return Asking(**self.cleaned_data)


class DecisionForm(forms.Form):
    """To the agency, or not."""

    decision = forms.ChoiceField(
        label="Decision",
        choices=[("spared", "Spare it for 90 days"), ("approved", "To be handed to the agency")],
        initial="spared",
    )
    reason = forms.CharField(label="Reason", max_length=200)


class AgencyForm(forms.Form):
    """Who gets the file."""

    agency = forms.CharField(label="Agency", max_length=80)
