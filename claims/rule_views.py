"""Settings › Claim rules: the list, the form that builds one, its trial, switching on and off."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from claims import payer_rules, rule_book, rule_trials
from claims.errors import BadRule
from claims.models import Claim, ClaimRule
from claims.rule_tests import TESTS
from clinics.errors import BadInput
from insurance.models import Payer, Plan
from patients.here import today_here
from patients.tables import list_file, wants_file
from work.models import Job

ROWS = 6  # empty conditions offered on the form
STATES = {"on": "On", "draft": "Drafts", "off": "Off"}
Conditions = list[tuple[str, str]]


class ClaimRuleForm(forms.Form):
    """Everything but the conditions, which are rows of the page."""

    name = forms.CharField(label="Name", max_length=80)
    severity = forms.ChoiceField(
        label="It is", choices=(("error", "an error: the claim cannot go"), ("warning", "a warning: somebody looks"))
    )  # fmt: skip
    message = forms.CharField(
        label="What the biller reads", max_length=200, help_text="What is wrong and how to mend it."
    )
    field = forms.ChoiceField(
        label="Leads to the field", choices=tuple(payer_rules.FIELDS.items()), required=False
    )
    payers: Any = forms.ModelMultipleChoiceField(
        queryset=None, to_field_name="public_id", label="Payers", required=False,
        help_text="None chosen: every payer.",
    )  # fmt: skip
    plans: Any = forms.ModelMultipleChoiceField(
        queryset=None, to_field_name="public_id", label="Plans", required=False,
        help_text="None chosen: every plan.",
    )  # fmt: skip
    starts_on = forms.DateField(
        label="For services from", required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )  # fmt: skip
    ends_on = forms.DateField(
        label="to", required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["payers"].queryset = Payer.objects.filter(is_active=True).order_by("name")
        fields["plans"].queryset = Plan.objects.select_related("payer").order_by("payer__name", "name")

    def data_with(self, conditions: list[payer_rules.Condition]) -> rule_book.RuleData:
        """What was said, for the book."""
        data = self.cleaned_data
        return rule_book.RuleData(
            name=data["name"].strip(),
            severity=data["severity"],
            message=data["message"].strip(),
            field=data["field"],
            payers=tuple(sorted(row.public_id for row in data["payers"])),
            plans=tuple(sorted(row.public_id for row in data["plans"])),
            conditions=tuple(conditions),
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
        )


def initial_of(row: ClaimRule) -> dict[str, Any]:
    """A stored version as the form shows it."""
    names = ("name", "severity", "message", "field", "payers", "plans", "starts_on", "ends_on")
    return {name: getattr(row, name) for name in names}


@require_GET
def claim_rules(request: HttpRequest) -> HttpResponse:
    """Every rule, the version that counts first."""
    tab = request.GET.get("state", "")
    words = request.GET.get("q", "").strip().lower()
    every = rule_book.newest(ClaimRule.objects.all())
    rows = [
        row
        for row in every
        if (tab not in STATES or row.state == tab)
        and (not words or words in f"{row.name} {row.message}".lower())
    ]
    names = payer_names()
    shown: list[dict[str, Any]] = [
        {"row": row, "scope": scope_of(row, names), "says": payer_rules.say(rule_book.conditions_of(row))}
        for row in rows
    ]
    if wants_file(request):
        head = [
            "Rule",
            "Version",
            "State",
            "Name",
            "Severity",
            "Payers",
            "Conditions",
            "Message",
            "From",
            "To",
        ]
        return list_file(request, "claim-rules", head, [
            [one["row"].code, one["row"].version, one["row"].get_state_display(), one["row"].name, one["row"].severity,
             one["scope"], "; ".join(one["says"]), one["row"].message, one["row"].starts_on or "",
             one["row"].ends_on or ""] for one in shown])  # fmt: skip
    counts = {state: sum(row.state == state for row in every) for state in STATES}
    context = {
        "rows": shown,
        "q": words,
        "tabs": [{"label": "All", "url": "?", "count": len(every), "current": tab not in STATES}]
        + [
            {"label": label, "url": f"?state={state}", "count": counts[state], "current": tab == state}
            for state, label in STATES.items()
        ],
        "filtered": bool(words or tab in STATES),
        "crumbs": [("Settings", reverse("desk:settings")), ("Claim rules", "")],
    }
    return render(request, "claims/claim_rules.html", context)


@require_http_methods(["GET", "POST"])
def claim_rule_new(request: HttpRequest) -> HttpResponse:
    """Build a rule: a draft, checked when it was tried and switched on."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
def claim_rule_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change a draft, or make the next version of a rule that is on."""
    return _edit(request, get_object_or_404(ClaimRule.objects, public_id=public_id))


def _edit(request: HttpRequest, row: ClaimRule | None) -> HttpResponse:
    typed = typed_conditions(row)
    wrong: dict[int, str] = {}
    form = ClaimRuleForm(initial=initial_of(row) if row else {"severity": "error"})
    if request.method == "POST":
        form = ClaimRuleForm(request.POST)
        typed = list(zip(request.POST.getlist("test"), request.POST.getlist("value"), strict=False))
        conditions, wrong = payer_rules.read_conditions(typed)
        if form.is_valid() and not wrong:
            try:
                saved = rule_book.save(form.data_with(conditions), row)
            except BadRule as refusal:
                form.add_error(None, refusal.message)
            else:
                messages.success(request, f"Draft of rule {saved.number} saved: try it on past claims")
                return redirect("claims:claim-rule", saved.public_id)
        elif wrong:
            form.add_error(None, next(iter(wrong.values())))
    context = {
        "form": form,
        "rule": row,
        "conditions": [
            {"test": test, "value": value, "wrong": wrong.get(place, ""), "place": place}
            for place, (test, value) in enumerate([*typed, *[("", "")] * ROWS][: max(len(typed) + 2, ROWS)])
        ],
        "groups": test_groups(),
        "crumbs": [("Settings", reverse("desk:settings")), ("Claim rules", reverse("claims:claim-rules")),
                   (f"Rule {row.number}" if row else "New rule", "")],
    }  # fmt: skip
    return render(request, "claims/claim_rule_form.html", context, status=400 if form.errors else 200)


@require_GET
def claim_rule(request: HttpRequest, public_id: str) -> HttpResponse:
    """One version: what it says, its trial with every claim it would have flagged, its versions."""
    row = get_object_or_404(ClaimRule.objects, public_id=public_id)
    job = latest_trial(row)
    is_current = bool(job and job.params["of"] == rule_book.fingerprint(row))
    result = job.result if job and job.finished_at and is_current else {}
    items = result.get("items", [])
    claims = shown_claims([one["claim"] for one in items[:200]])
    context = {
        "rule": row,
        "scope": scope_of(row, payer_names()),
        "says": payer_rules.say(rule_book.conditions_of(row)),
        "leads_to": payer_rules.FIELDS.get(row.field, row.field),
        "job": job if is_current else None,
        "result": result,
        "sentence": rule_trials.sentence(result) if result else "",
        "items": [(one, claims[one["claim"]]) for one in items if one["claim"] in claims],
        "hidden": max(result.get("flagged", 0) - len(claims), 0),
        "may_switch_on": row.state != ClaimRule.State.ON and row.trial.get("of") == rule_book.fingerprint(row),
        "versions": list(ClaimRule.objects.filter(number=row.number).order_by("-version")),
        "months": (1, 3, 6, 12),
        "crumbs": [("Settings", reverse("desk:settings")), ("Claim rules", reverse("claims:claim-rules")),
                   (f"Rule {row.number}", "")],
    }  # fmt: skip
    return render(request, "claims/claim_rule.html", context)


@require_POST
def claim_rule_act(request: HttpRequest, public_id: str, act: str) -> HttpResponse:
    """Try, switch on, switch off (which gives a draft up)."""
    row = get_object_or_404(ClaimRule.objects, public_id=public_id)
    if act == "try":
        months = request.POST.get("months", "6")
        rule_trials.start(row, int(months) if months.isdigit() else 0, today_here(request))
    elif act == "switch-on":
        rule_book.switch_on(row)
        messages.success(request, f"Rule {row.number} is on: claims are checked by it from now")
    elif act == "switch-off":
        rule_book.switch_off(row)
        messages.success(request, f"Rule {row.number} is off")
    else:
        raise BadInput("There is no such act.", code="unknown_act")
    return redirect("claims:claim-rule", row.public_id)


def latest_trial(row: ClaimRule) -> Job | None:
    """The trial that was started last for a version."""
    rows: QuerySet[Job] = Job.objects.filter(kind=rule_trials.KIND, params__rule=row.public_id)
    return rows.order_by("-created_at").first()


def shown_claims(ids: list[str]) -> dict[str, Claim]:
    """Claims of a trial by their public id, in one statement."""
    return {claim.public_id: claim for claim in Claim.objects.filter(public_id__in=ids)} if ids else {}


def typed_conditions(row: ClaimRule | None) -> Conditions:
    """Stored conditions as they are typed."""
    if row is None:
        return []
    return [
        (
            one.test,
            payer_rules.show_value(TESTS[one.test], one.value) if one.test in TESTS else str(one.value),
        )
        if one.test not in TESTS or TESTS[one.test].kind != "choice"
        else (one.test, str(one.value))
        for one in rule_book.conditions_of(row)
    ]


def test_groups() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """What can be asked, by group: name, words, and what is typed beside it."""
    hints = {
        "none": "", "codes": "codes, ranges 99202-99215, beginnings 9711*", "words": "words", "number": "number",
        "diagnoses": "beginnings such as M54", "modifiers": "modifiers", "money": "amount", "days": "whole number",
    }  # fmt: skip
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for name, test in TESTS.items():
        hint = " or ".join(key for key, _ in test.choices) if test.choices else hints.get(test.kind, "")
        groups.setdefault(test.group, []).append((name, test.words, hint))
    return list(groups.items())


def payer_names() -> dict[str, str]:
    """Names of payers and plans by public id, in two statements."""
    names = dict(Payer.objects.values_list("public_id", "name"))
    for public_id, name, payer in Plan.objects.values_list("public_id", "name", "payer__name"):
        names[public_id] = f"{payer} {name}"
    return names


def scope_of(row: ClaimRule, names: dict[str, str]) -> str:
    """Whose claims a rule is about, in words."""
    held = [names.get(key, "a payer that is gone") for key in [*row.payers, *row.plans]]
    return ", ".join(held) or "Every payer"
