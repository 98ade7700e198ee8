"""An answer line by line: the sheet on which a biller moves money between lines and says where each code goes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clinics.errors import Refusal
from lib.money import ZERO, BadAmount, parse_money
from responses import manual, queries
from responses.by_hand import MOST_CODES, ByHand, HandCode, HandLine
from responses.forms import as_code
from responses.models import ClaimResponse
from responses.posting_rules import Goes
from responses.views import CRUMBS
from work.idempotency import once


class HandLineForm(forms.Form):
    """One line: paid, up to six codes with where each goes, a note."""

    paid = forms.CharField(label="Paid", max_length=14, required=False)
    note = forms.CharField(label="Note", max_length=200, required=False)

    def __init__(self, *args: Any, goes: list[tuple[str, str]], codes: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.codes = range(1, codes + 1)
        for n in self.codes:
            self.fields[f"code{n}"] = forms.CharField(label="Code", max_length=8, required=False)
            self.fields[f"amount{n}"] = forms.CharField(label="Amount", max_length=14, required=False)
            self.fields[f"goes{n}"] = forms.ChoiceField(label="Goes", choices=goes, required=False)

    def code_rows(self) -> list[tuple[Any, Any, Any]]:
        """Code, amount and where it goes, bound, in order."""
        return [(self[f"code{n}"], self[f"amount{n}"], self[f"goes{n}"]) for n in self.codes]

    def clean(self) -> dict[str, Any]:
        """Amounts exact, codes as group and reason; what is wrong is told at its field."""
        data = super().clean() or {}
        data["money"] = self._money("paid") or ZERO
        made = []
        for n in self.codes:
            code, amount = str(data.get(f"code{n}") or ""), self._money(f"amount{n}") or ZERO
            if not code.strip() and not amount:
                continue
            told = as_code(code)
            if told is None:
                self.add_error(f"code{n}", "A code is group and reason, such as CO-45.")
                continue
            made.append(HandCode(*told, amount, Goes(data.get(f"goes{n}") or Goes.STAYS)))
        data["codes"] = tuple(made)
        return data

    def _money(self, name: str) -> Any:
        text = str(self.cleaned_data.get(name) or "").strip().replace(",", "").replace("−", "-")
        try:
            return parse_money(text) if text else None
        except BadAmount:
            self.add_error(name, "An amount has at most two decimals.")
            return None


@require_http_methods(["GET", "POST"])
def lines(request: HttpRequest, public_id: str) -> HttpResponse:
    """The sheet of one answer. It cannot be posted while a line does not explain its charge."""
    rows = ClaimResponse.objects.select_related("remittance__payer", "claim__payer", "claim__patient")
    row = get_object_or_404(rows, public_id=public_id)
    back = f"{reverse('responses:list')}?check={row.remittance.public_id}"
    body = {"act": "lines", "row": public_id, "form": _posted(request)}
    key = request.POST.get("idempotency_key", "")
    if key and row.state not in manual.WAITING:  # the same press again; anything else is refused in sheet_of
        said, _ = once(key, body, lambda: {"said": str(manual.sheet_of(row))})
        messages.success(request, said["said"])
        return redirect(back)
    laid = manual.sheet_of(row)
    goes = goes_words(laid.next_name, laid.insurer)
    data = request.POST or None
    pairs = [(line, _form(data, place, line.hand, goes)) for place, line in enumerate(laid.sheet.lines)]
    head = ReasonBox(data)
    if request.method == "POST" and all([head.is_valid(), *(form.is_valid() for _, form in pairs)]):
        hand = ByHand(
            tuple(
                HandLine(
                    line.hand.line_id,
                    form.cleaned_data["money"],
                    form.cleaned_data["codes"],
                    form.cleaned_data["note"],
                )
                for line, form in pairs
            ),
            role=request.membership.role,  # type: ignore[attr-defined]
            reason=head.cleaned_data["reason"],
        )

        def do() -> dict[str, Any]:
            manual.post_as_remitted(row, at=timezone.now(), reason=hand.reason, hand=hand)
            return {"said": f"Posted {row.paid} line by line. Undo with u"}

        try:
            with transaction.atomic():
                said, _ = once(key, body, do)
        except Refusal as refusal:
            head.add_error(None, refusal.message)
        else:
            messages.success(request, said["said"])
            return redirect(back)
    context = {
        "row": row, "head": head, "pairs": pairs, "sheet": laid.sheet, "laid": laid, "opened": queries.opened(row),
        "usual": queries.usual_codes(row.claim.payer_id) if row.claim else [],
        "crumbs": CRUMBS, "back": back,
    }  # fmt: skip
    status = 409 if head.errors and request.method == "POST" else 200
    return render(request, "responses/lines.html", context, status=status)


class ReasonBox(forms.Form):
    """Words for the whole answer."""

    reason = forms.CharField(label="Why by hand", max_length=200, required=False)


def goes_words(next_name: str, insurer: str) -> list[tuple[str, str]]:
    """Where an adjustment may go, in the words of this claim."""
    return [
        (Goes.WRITE_OFF, "Write off"),
        (Goes.NEXT, f"To {next_name}" if next_name else "To the patient"),
        (Goes.STAYS, f"Leave with {insurer}"),
        (Goes.DISPUTE, f"Dispute with {insurer}"),
        (Goes.NOTE, "Information only"),
    ]


def _form(data: Any, place: int, hand: HandLine, goes: list[tuple[str, str]]) -> HandLineForm:
    start: dict[str, Any] = {"paid": f"{hand.paid:.2f}", "note": hand.note}
    for n, code in enumerate(hand.codes, 1):
        start[f"code{n}"], start[f"amount{n}"] = f"{code.group}-{code.reason}", f"{code.amount:.2f}"
        start[f"goes{n}"] = code.goes
    for n in range(len(hand.codes) + 1, MOST_CODES + 3):
        start[f"goes{n}"] = Goes.STAYS
    rows = max(MOST_CODES, len(hand.codes) + 1) if data else min(MOST_CODES, max(2, len(hand.codes) + 1))
    return HandLineForm(data, prefix=f"l{place}", initial=start, goes=goes, codes=max(rows, len(hand.codes)))


def _posted(request: HttpRequest) -> dict[str, Any]:
    left_out = ("csrfmiddlewaretoken", "idempotency_key")
    return {key: value for key, value in request.POST.items() if key not in left_out}
