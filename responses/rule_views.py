"""Settings, Claim Response Automation Rules: the defaults, the clinic's own rules, and suggestions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from clinics.errors import Refusal
from insurance.models import Payer
from responses import rule_book
from responses.models import PostingRule
from responses.posting_rules import DEFAULT_RULES, Action


class RuleForm(forms.Form):
    """One rule."""

    payer: forms.ModelChoiceField[Payer] = forms.ModelChoiceField(
        None, required=False, to_field_name="public_id", empty_label="Every insurer", label="Insurer"
    )
    group = forms.ChoiceField(choices=[(group, group) for group in rule_book.GROUPS])
    reason = forms.CharField(max_length=5, required=False, help_text="Empty: every reason of the group.")
    action = forms.ChoiceField(choices=[(each.value, each.value.replace("_", " ")) for each in Action])

    def __init__(self, *arguments: Any, **given: Any) -> None:
        super().__init__(*arguments, **given)
        self.fields["payer"].queryset = Payer.objects.order_by("name")  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """The rules in force, and one more."""
    form = RuleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            rule_book.add(data["payer"], data["group"], data["reason"], data["action"])
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, "Rule added")
            return redirect("responses:rules")
    context = {
        "form": form, "rows": PostingRule.objects.select_related("payer").order_by("group", "reason", "pk"),
        "defaults": DEFAULT_RULES, "suggested": rule_book.SUGGESTED,
        "crumbs": [("Settings", "/settings/"), ("Location Settings", ""), ("Claim Response Automation Rules", "")],
    }  # fmt: skip
    return render(request, "responses/rules.html", context)


@require_POST
def remove_rule(request: HttpRequest) -> HttpResponse:
    """One rule less."""
    try:
        payer = request.POST.get("payer", "")
        rows = (
            PostingRule.objects.filter(payer__public_id=payer)
            if payer
            else PostingRule.objects.filter(payer=None)
        )
        key = {"group": request.POST.get("group", ""), "reason": request.POST.get("reason", "")}
        rule_book.remove(get_object_or_404(rows, **key))
    except Refusal as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, "Rule removed")
    return redirect("responses:rules")
