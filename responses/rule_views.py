"""Settings, Claim Response Automation Rules: the defaults, the clinic's own rules, and suggestions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from clinics.errors import Refusal
from insurance.models import Payer
from responses import rule_book, trust, what_if
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
def what_if_rule(request: HttpRequest) -> HttpResponse:
    """What a rule would have changed over the last months: a job whose page shows each answer that differs."""
    form = RuleForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Choose group and action; the reason has at most five characters.")
        return redirect("responses:rules")
    data = form.cleaned_data
    months = request.POST.get("months", "")
    try:
        job = what_if.start(
            data["payer"], data["group"], data["reason"], data["action"],
            int(months) if months.isascii() and months.isdigit() and len(months) < 3 else 3, at=timezone.now(),
        )  # fmt: skip
    except Refusal as refusal:
        messages.warning(request, refusal.message)
        return redirect("responses:rules")
    return redirect("desk:job", job.public_id)


@require_http_methods(["GET", "POST"])
def trust_page(request: HttpRequest) -> HttpResponse:
    """Per payer and code: how often proposals were accepted unchanged, and whether they may post by themselves."""
    if request.method == "POST":
        payer = get_object_or_404(Payer.objects, public_id=request.POST.get("payer", ""))
        try:
            row = trust.switch(payer, request.POST.get("code", ""), is_on=request.POST.get("on") == "1")
        except Refusal as refusal:
            messages.warning(request, refusal.message)
        else:
            messages.success(request, f"{payer.name} {row.code} is {'on' if row.is_on else 'off'}")
        return redirect("responses:trust")
    context = {
        "shares": trust.shares()[:500], "enough": trust.ENOUGH, "share": trust.SHARE,
        "crumbs": [("Settings", "/settings/"), ("Location Settings", ""), ("Trusted codes", "")],
    }  # fmt: skip
    return render(request, "responses/trust.html", context)


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
