"""Forms of the responses room: parsing only; the work functions decide."""

from __future__ import annotations

from typing import Any

from django import forms

from claims.models import Claim
from clearinghouses.inbound import MAX_BYTES
from lib.money import ZERO, BadAmount, parse_money
from responses.models import Remittance


def as_code(text: str) -> tuple[str, str] | None:
    """Group and reason of a typed code ("co 45", "CO-45"); None when it is none."""
    group, dash, reason = text.strip().upper().replace(" ", "-").partition("-")
    if not dash or group not in ("CO", "PR", "OA", "PI") or len(reason) > 5:
        return None
    return (group, reason) if reason.isascii() and reason.isalnum() else None


class UploadForm(forms.Form):
    """A file from a clearinghouse or payer."""

    file = forms.FileField(
        label="File",
        help_text="An 835, 999, TA1 or 277CA as the payer sent it, up to 25 MB.",
        allow_empty_file=True,
    )

    effective_on = forms.DateField(
        label="Payment date",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Only where “Date of insurers' payments” is set to Asked; else the setting decides.",
    )

    def clean_file(self) -> Any:
        """Not larger than is taken."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(f"The file has more than {MAX_BYTES // 1_000_000} MB.")
        return file


class ReasonForm(forms.Form):
    """Why something is done to an answer."""

    reason = forms.CharField(label="Reason", max_length=200, required=False)


class PayeeForm(forms.Form):
    """Whose payment a set-aside remittance is."""

    whose = forms.ChoiceField(
        label="Whose payment is it?",
        choices=[("ours", "Ours: take it in now"), ("other", "Not ours: set it aside for good")],
    )
    reason = forms.CharField(label="How do you know?", max_length=200)


class MatchForm(forms.Form):
    """The claim an answer belongs to, by its control number."""

    control_number = forms.CharField(label="Claim number", max_length=20)

    def clean_control_number(self) -> str:
        """A number of this clinic."""
        number = self.cleaned_data["control_number"].strip().upper().replace("-", "")
        self.claim = Claim.objects.filter(control_number=number).select_related("payer").first()
        if self.claim is None:
            raise forms.ValidationError("No claim of this clinic has this number.")
        return number


class ResubmitForm(forms.Form):
    """Duplicate & resubmit (B8)."""

    frequency = forms.ChoiceField(
        label="Send as", choices=[("7", "Replacement (7)"), ("8", "Void (8)"), ("1", "New (1)")]
    )
    reason = forms.CharField(label="Reason", max_length=200)


class FollowUpForm(forms.Form):
    """Words for one act on many denied or underpaid answers; ``shape`` keeps the fields the act has."""

    text = forms.CharField(
        label="What was said, or why", max_length=1000, widget=forms.Textarea(attrs={"rows": 5})
    )
    person = forms.CharField(label="Spoken to", max_length=80, required=False)
    reference = forms.CharField(label="Their reference", max_length=50, required=False)
    promised_on = forms.DateField(
        label="Look again on", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    frequency = forms.ChoiceField(
        label="Send as",
        choices=[("7", "Replacement (7)"), ("8", "Void (8)"), ("1", "New (1)")],
        required=False,
    )

    def shape(self, act: str) -> None:
        """Leave the fields of other acts out; an appeal's words are the letter."""
        if act == "appeal":
            self.fields["text"].label = "The letter; names in braces are filled for each claim"
            self.fields["text"].widget.attrs["rows"] = 12
        if act not in ("call", "appeal"):
            del self.fields["person"], self.fields["reference"], self.fields["promised_on"]
        if act != "resend":
            del self.fields["frequency"]


class BankForm(forms.Form):
    """One line of the bank typed in, or the bank's CSV."""

    on = forms.DateField(label="Date", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    amount = forms.DecimalField(label="Amount", max_digits=12, decimal_places=2, required=False)
    reference = forms.CharField(label="The bank's text", max_length=80, required=False)
    file = forms.FileField(
        label="Or its CSV", required=False, help_text="A first line that names the columns date and amount."
    )

    def clean(self) -> dict[str, Any]:
        """A file, or a date with an amount."""
        data = super().clean() or {}
        if not self.errors and not data.get("file") and not (data.get("on") and data.get("amount")):
            raise forms.ValidationError("Give a date and an amount, or the bank's CSV.")
        return data


class TieForm(forms.Form):
    """Which check a bank line is, or what the money was."""

    trace_number = forms.CharField(label="Check or EFT number", max_length=50, required=False)
    note = forms.CharField(label="Or what it was", max_length=200, required=False)
    remittance: Remittance | None = None

    def clean_trace_number(self) -> str:
        """One remittance of this clinic."""
        trace = str(self.cleaned_data["trace_number"]).strip()
        if trace:
            found = list(Remittance.objects.filter(trace_number=trace).order_by("-pk")[:1])
            if not found:
                raise forms.ValidationError("No check or EFT of this clinic has this number.")
            self.remittance = found[0]
        return trace


class ClaimsForm(forms.Form):
    """The claims a paper check answers, by their control numbers."""

    control_numbers = forms.CharField(
        label="Claim numbers",
        max_length=2000,
        help_text="One, or all claims of the check with spaces between.",
    )

    def clean_control_numbers(self) -> str:
        """Numbers of this clinic, of one insurer, each once."""
        text = str(self.cleaned_data["control_numbers"])
        asked = list(dict.fromkeys(text.upper().replace(",", " ").replace("-", "").split()))[:100]
        known = {row.control_number: row for row in Claim.objects.filter(control_number__in=asked)}
        strangers = [number for number in asked if number not in known]
        if strangers or not asked:
            raise forms.ValidationError(
                f"No claim of this clinic has the number {(strangers or ['given'])[0][:20]}."
            )
        self.claims = [known[number] for number in asked]
        if len({claim.payer_id for claim in self.claims}) > 1:
            raise forms.ValidationError("These claims are not all of one insurer.")
        return text


class EobHeadForm(forms.Form):
    """The head of a paper EOB."""

    trace_number = forms.CharField(label="Check or EFT number", max_length=50)
    payment_date = forms.DateField(label="Check date", widget=forms.DateInput(attrs={"type": "date"}))
    payer_claim_number = forms.CharField(label="Insurer's claim number", max_length=50, required=False)
    amount = forms.DecimalField(
        label="Amount of the check", max_digits=12, decimal_places=2, required=False,
        help_text="Left empty, it is what the lines add up to.",
    )  # fmt: skip
    scan = forms.FileField(
        label="Scan of the EOB", required=False, help_text="PDF, JPEG or PNG up to 10 MB, kept encrypted."
    )


class EobLineForm(forms.Form):
    """One line of the sheet: what was paid and up to four codes."""

    line_id = forms.CharField(widget=forms.HiddenInput)
    allowed = forms.CharField(label="Allowed", max_length=14, required=False)
    paid = forms.CharField(label="Paid", max_length=14, required=False)
    code1 = forms.CharField(label="Code", max_length=8, required=False)
    amount1 = forms.CharField(label="Amount", max_length=14, required=False)
    code2 = forms.CharField(label="Code", max_length=8, required=False)
    amount2 = forms.CharField(label="Amount", max_length=14, required=False)
    code3 = forms.CharField(label="Code", max_length=8, required=False)
    amount3 = forms.CharField(label="Amount", max_length=14, required=False)
    code4 = forms.CharField(label="Code", max_length=8, required=False)
    amount4 = forms.CharField(label="Amount", max_length=14, required=False)

    def clean(self) -> dict[str, Any]:
        """Amounts exact; a code is group and reason, such as CO-45."""
        data = super().clean() or {}
        data["money"] = {
            name: self._money(name) for name in ("allowed", "paid", *(f"amount{n}" for n in range(1, 5)))
        }
        made = []
        for n in range(1, 5):
            code, amount = data.get(f"code{n}") or "", data["money"][f"amount{n}"] or ZERO
            if not code.strip() and not amount:
                continue
            told = as_code(code)
            if told is None:
                self.add_error(f"code{n}", "A code is group and reason, such as CO-45.")
                continue
            made.append((*told, amount))
        data["adjustments"] = tuple(made)
        return data

    def _money(self, name: str) -> Any:
        text = (self.cleaned_data.get(name) or "").strip().replace(",", "")
        if not text:
            return None
        try:
            return parse_money(text)
        except BadAmount:
            self.add_error(name, "An amount has at most two decimals.")
            return None
