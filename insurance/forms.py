"""Forms of cards, profiles, payers. What may stand in a field is decided by policies.py and payers.py."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from insurance import payers, policies
from insurance.enums import ClaimFormat, FilingIndicator, MedicareSecond, ProfileKind, Relationship
from insurance.models import InsuranceProfile, Payer, Plan, Policy
from lib import csv_text
from lib.findings import Finding
from patients.enums import Sex
from patients.forms import date_field, text
from patients.models import Patient


def money_field(
    label: str, *, required: bool = False, help_text: str = "", most: Decimal | None = None
) -> forms.DecimalField:
    """An amount with two places; a text input, because a number input changes under the wheel."""
    return forms.DecimalField(
        label=label, required=required, help_text=help_text, max_digits=12, decimal_places=2, min_value=Decimal(0),
        max_value=most,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip


class PlanChoice(forms.ModelChoiceField):
    """Plans named with their insurer."""

    def label_from_instance(self, plan: Plan) -> str:
        """Aetna PPO."""
        return f"{plan.payer.name} {plan.name}"


class CardForm(forms.Form):
    """One card: chosen among the patient's, or entered new."""

    policy = forms.ChoiceField(label="Card", required=False)
    payer: forms.ModelChoiceField = forms.ModelChoiceField(
        label="Insurer", queryset=None, required=False, to_field_name="public_id", empty_label="Choose…"
    )
    plan = PlanChoice(
        label="Plan", queryset=None, required=False, to_field_name="public_id", empty_label="None"
    )
    member_id = text("Policy number", 40, help_text="As printed on the card.", autocomplete="off")
    group_number = text("Group number", 30)
    group_name = text("Group name", 60)
    relationship = forms.ChoiceField(
        label="The patient is the holder's",
        required=False,
        choices=[("", "Not known yet"), *Relationship.choices],
    )
    medicare_second = forms.ChoiceField(
        label="Medicare is not first because",
        required=False,
        choices=[("", "It is, or this is not Medicare"), *MedicareSecond.choices],
        help_text="Medicare asks for it where another insurer is asked first.",
    )
    effective_on = date_field("Good from")
    expires_on = date_field("Good until", help_text="Empty: no end known.")
    copay_individual = money_field("Copay", help_text="Empty: the plan's.")
    copay_group = money_field("Copay, group visit", help_text="Empty: the plan's.")
    holder_first_name = text("Holder, first name", 35)
    holder_last_name = text("Holder, last name", 60)
    holder_birth_date = date_field("Holder, date of birth")
    holder_sex = forms.ChoiceField(
        label="Holder, sex", required=False, choices=[("", "Choose…"), *Sex.choices]
    )

    def __init__(
        self,
        *args: Any,
        today: date,
        cards: list[Policy] | None = None,
        policy: Policy | None = None,
        **kwargs: Any,
    ) -> None:
        if policy is not None:
            kwargs.setdefault("initial", _initial(policy))
        super().__init__(*args, **kwargs)
        self.today, self.cards = today, cards
        self.fields["payer"].queryset = Payer.objects.filter(is_active=True).order_by("name")  # type: ignore[attr-defined]
        self.fields["plan"].queryset = Plan.objects.select_related("payer").order_by("payer__name", "name")  # type: ignore[attr-defined]
        if cards is None:
            del self.fields["policy"]
        else:
            known = [(card.public_id, f"{card.payer.name} {card.member_id}") for card in cards]
            self.fields["policy"].choices = [("", "None"), ("new", "A new card"), *known]  # type: ignore[attr-defined]

    @property
    def is_new(self) -> bool:
        """Whether a new card is entered here."""
        return self.cards is None or self.cleaned_data.get("policy") == "new"

    def clean(self) -> dict[str, Any]:
        """A new card is checked as the API checks it."""
        data = dict(self.cleaned_data)
        if self.cards is not None and not data.get("policy") and data.get("member_id"):
            data["policy"] = "new"  # somebody who types a policy number means a new card
        self.cleaned_data = data
        if self.is_new:
            add_findings(self, policies.problems(policies.tidy(data), self.today))
        return data

    def chosen(self, patient: Patient) -> Policy | None:
        """The card: an existing one, a new one (written now) or none."""
        if self.is_new:
            return policies.add_policy(patient, self.cleaned_data, today=self.today)
        wanted = self.cleaned_data.get("policy")
        return next((card for card in self.cards or [] if card.public_id == wanted), None)


class ProfileForm(forms.Form):
    """The profile itself; its cards are CardForms beside it."""

    name = text("Name of the profile", 60, help_text="Empty: the insurers in order.")
    kind = forms.ChoiceField(
        label="For", choices=[choice for choice in ProfileKind.choices if choice[0] != ProfileKind.SELF_PAY]
    )
    effective_on = date_field("From", help_text="Visits from this day. Empty: as the cards say.")
    expires_on = date_field("Until")
    make_default = forms.BooleanField(
        label="New visits take this profile (Default)", required=False, initial=True
    )
    accident_on = date_field("Date of accident", help_text="Workers' compensation and auto.")
    accident_state = text("State of accident", 2)
    accident_claim_number = text("Their claim number", 40)
    employer = text("Employer", 60)
    source = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)
    end_source = forms.BooleanField(label="The old profile ends the day before", required=False)

    def clean(self) -> dict[str, Any]:
        """The old profile can only end where the new one begins."""
        data = dict(self.cleaned_data)
        if data.get("source") and data.get("end_source") and not data.get("effective_on"):
            self.add_error("effective_on", "Enter the day from which the new profile takes over.")
        return data


class PlaceForm(forms.Form):
    """Where a card of the holding area goes: a new profile (safe) or one that exists, with its own date."""

    where = forms.ChoiceField(label="Where does it go?", widget=forms.RadioSelect)
    effective_on = date_field(
        "Pays from", required=True, help_text="Visits before this day are never billed to it."
    )
    verified = text(
        "Who verified the coverage, and how", 200, help_text="Needed when visits on that profile are touched."
    )

    def __init__(self, *args: Any, profiles: list[InsuranceProfile], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["where"].choices = [("new", "Create new profile")] + [  # type: ignore[attr-defined]
            (profile.public_id, f"Add it to {profile.name}") for profile in profiles
        ]


class EligibilityForm(forms.Form):
    """What the payer said on the telephone."""

    checked_on = date_field("Called on", required=True)
    answer = forms.ChoiceField(
        label="Coverage is",
        choices=[("active", "Active"), ("inactive", "Not active"), ("unclear", "Unclear")],
    )
    told_by = text("Who said so", 80)
    reference = text("Their reference", 50)
    copay = money_field("Copay")
    coinsurance = money_field("Coinsurance, percent", most=Decimal(100))
    deductible_left = money_field("Deductible left")
    out_of_pocket_left = money_field("Out of pocket left")
    note = text("Note", 200)

    @property
    def figures(self) -> dict[str, str]:
        """What the plan leaves to the patient, as the benefits of an answer name it."""
        names = ("copay", "coinsurance", "deductible_left", "out_of_pocket_left")
        return {name: f"{value:.2f}" for name in names if (value := self.cleaned_data.get(name)) is not None}

    @property
    def is_active(self) -> bool | None:
        """True, False, or None when they could not tell."""
        return {"active": True, "inactive": False, "unclear": None}[self.cleaned_data["answer"]]


class PayerForm(forms.Form):
    """An insurer as this clinic bills it."""

    name = text("Name", 60, required=True)
    payer_id = text(
        "Payer ID",
        30,
        required=True,
        help_text="The clearinghouse's electronic ID; see the back of the card.",
    )
    claim_format = forms.ChoiceField(label="Billed by", choices=ClaimFormat.choices)
    filing_indicator = forms.ChoiceField(label="Kind", choices=FilingIndicator.choices)
    remit_payer_id = text("ID in its payment files", 30, help_text="TRN03 of its 835: 1 and its tax ID.")
    filing_days = forms.IntegerField(
        label="Days to file", required=False, min_value=1, max_value=9999, help_text="Empty: 90."
    )
    corrected_days = forms.IntegerField(
        label="Days for corrected claims", required=False, min_value=1, max_value=9999,
        help_text="From the payer's answer. Empty: not known.",
    )  # fmt: skip
    appeal_days = forms.IntegerField(
        label="Days for appeals", required=False, min_value=1, max_value=9999,
        help_text="From the payer's answer. Empty: not known.",
    )  # fmt: skip
    guidelines = forms.CharField(
        label="Guidelines and notes", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What everybody who bills this insurer should know. Shown beside its claims and cards.",
    )  # fmt: skip
    crossover_days = forms.IntegerField(
        label="Days to wait for a crossover", min_value=0, max_value=180, initial=30
    )
    accepts_frequency_7_8 = forms.BooleanField(
        label="Takes replacement and void claims", required=False, initial=True
    )
    report_zero_share = forms.BooleanField(label="Claim even when its share is 0.00", required=False)
    tell_patient_paid = forms.BooleanField(
        label="Tell it what the patient paid (box 29)", required=False, initial=True
    )
    collect_primary_copay = forms.TypedChoiceField(
        label="As a later payer: ask the first one's copay at check-out", required=False,
        choices=[("", "As usual: Medicaid no, all others yes"), ("yes", "Yes"), ("no", "No")],
        coerce={"yes": True, "no": False}.get, empty_value=None,
    )  # fmt: skip
    requires = forms.MultipleChoiceField(
        label="Asks for", required=False, choices=payers.REQUIREMENTS, widget=forms.CheckboxSelectMultiple
    )
    street = text("Street", 55)
    street2 = text("Suite", 55)
    city = text("City", 30)
    state = text("State", 2)
    zip_code = text("ZIP code", 10)
    is_active = forms.BooleanField(label="New cards may name it", required=False, initial=True)

    def __init__(self, *args: Any, payer: Payer | None = None, **kwargs: Any) -> None:
        if payer is not None:
            known = {name: getattr(payer, name) for name in payers.FIELDS}
            known["collect_primary_copay"] = {True: "yes", False: "no"}.get(
                known["collect_primary_copay"], ""
            )
            kwargs.setdefault("initial", known)
        super().__init__(*args, **kwargs)
        self.payer = payer

    def clean(self) -> dict[str, Any]:
        """The same checks as the API's."""
        data = dict(self.cleaned_data)
        data["payer_id"] = (data.get("payer_id") or "").strip().upper()
        for name in ("state", "zip_code"):
            data[name] = (data.get(name) or "").strip().upper().replace("-", "")
        add_findings(self, payers.problems(data, exclude=self.payer))
        return data


class PlanForm(forms.Form):
    """A plan of an insurer."""

    name = text("Plan", 60, required=True)
    copay_individual = money_field("Copay")
    copay_group = money_field("Copay, group visit")
    requires = forms.MultipleChoiceField(
        label="Asks for, beyond the insurer", required=False, choices=payers.REQUIREMENTS,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip


class RateForm(forms.Form):
    """A contract rate."""

    procedure_code = text("Procedure", 5, required=True)
    allowed = money_field("Allowed", required=True)
    effective_on = date_field("From", required=True)
    expires_on = date_field("Until", help_text="Empty: until a later rate takes over.")


class PayerFileForm(forms.Form):
    """A list of insurers as CSV: a file, or its text from the look before."""

    file = forms.FileField(
        label="CSV file", required=False, help_text="Columns: name, payer_id and any other."
    )
    text = forms.CharField(required=False, max_length=600_000, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """One of both, as text."""
        data = dict(self.cleaned_data)
        if data.get("file"):
            if data["file"].size > 500_000:
                raise forms.ValidationError("This file is larger than 500 KB.")
            try:
                data["text"] = csv_text.decode(data["file"].read())
            except csv_text.BadCsv as error:
                raise forms.ValidationError(str(error)) from error
        if not data.get("text", "").strip():
            raise forms.ValidationError("Choose a CSV file.")
        return data


def add_findings(form: forms.Form, findings: list[Finding]) -> None:
    """Each finding at its field, once; what has no field stands above the form."""
    for finding in findings:
        field = finding.where if finding.where in form.fields else None
        if field is None or field not in form.errors:
            form.add_error(field, finding.message)


def _initial(policy: Policy) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(policy, name) for name in policies.FIELDS}
    values["payer"] = policy.payer.public_id
    values["plan"] = policy.plan.public_id if policy.plan else ""
    return values
