"""Collections: proposed accounts, the human decision, the agency's file, what came back (rules.md B12)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from billing import accounts, agency
from billing.agency import Candidate, Standing
from billing.enums import CaseState
from billing.errors import CannotCollect
from billing.forms import ReasonForm
from billing.models import CollectionCase, CollectionHandoff
from billing.views.left_forms import AgencyForm, DecisionForm
from billing.views.tables import Cell, Table, counted, show
from clinics import audit
from clinics.permissions import may
from lib.money import ZERO, show_money, total
from patients.here import location_here, today_here
from patients.models import Patient
from patients.tables import MOST, wants_file
from work import files
from work.idempotency import once

TABS = (
    ("", "Proposed"),
    ("approved", "To be handed off"),
    ("handed", "At the agency"),
    ("spared", "Spared"),
    ("closed", "Closed"),
)
PAGE = 500


@require_GET
def work_list(request: HttpRequest) -> HttpResponse:
    """Proposed accounts with the policy rows that decided, or cases by state."""
    tab = request.GET.get("tab", "")
    tab = tab if tab in dict(TABS) else ""
    shown = MOST + 1 if wants_file(request) else PAGE
    if not tab:
        found = agency.candidates(location_here(request), today_here(request))
        table = Table(
            title="Collections",
            sub="nothing goes to an agency without a person’s decision",
            head=[
                ("Account", False),
                ("Asked", True),
                ("Days", True),
                ("Decided by", False),
                ("Amount", True),
                ("Decide", False),
            ],
            rows=[_candidate(row, may(request, "collections")) for row in found[:shown]],
            said=f"{counted(len(found), 'account')} · {show_money(total(row.amount for row in found))}",
            blank="No account is proposed",
            blank_words="Accounts come here when they were asked as often and as long as the policy table says.",
        )
    else:
        rows = CollectionCase.objects.filter(state=tab).select_related("patient", "handoff")
        table = _cases(request, tab, agency.follow(list(rows.order_by("-decided_at", "-pk")[:shown])))
    table.tabs = [{"label": label, "url": f"?tab={key}", "current": key == tab} for key, label in TABS]
    table.acts = [("Hand-offs", reverse("billing:handoffs"), False)]
    return show(request, table, file_name="collections")


@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """One account: to the agency, or spared; always with a reason."""
    patient = get_object_or_404(Patient.objects.select_related("guarantor"), public_id=public_id)
    here, today = location_here(request), today_here(request)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data

        def act() -> dict[str, Any]:
            row = agency.decide(patient, data["decision"], reason=data["reason"], location=here, today=today)
            return {"case": row.public_id}

        try:
            with transaction.atomic():
                asked = {"act": "collections", "patient": public_id, **data}
                once(request.POST.get("idempotency_key", ""), asked, act)
        except CannotCollect as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "Decided")
            return redirect("billing:collections")
    ids = {each.pk for each in accounts.people_of(patient)}
    one = next((row for row in agency.candidates(here, today) if row.patient.pk in ids), None)
    stops = [] if one else ["This account is not proposed: it was not asked enough, or something holds it."]
    says = []
    if one:
        says = [
            f"{show_money(one.amount)}, asked {one.level} times, the oldest part for {one.days} days.",
            *(f"{said.because}: {said.value}." for said in one.decisions),
        ]
    context = {
        "title": "Decide about collections",
        "patient": patient,
        "form": form,
        "stops": stops if request.method == "GET" else [],
        "says": says,
        "button": "Decide",
        "back": reverse("billing:collections"),
    }
    return render(request, "billing/act.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def handoffs(request: HttpRequest) -> HttpResponse:
    """Files made so far with what came back; POST makes one of all approved cases."""
    form = AgencyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["agency"]

        def act() -> dict[str, Any]:
            made = agency.hand_off(
                name, location=location_here(request), today=today_here(request), at=timezone.now()
            )
            return {"handoff": made.public_id, "said": f"{made.number}: {made.count} accounts, {made.amount}"}

        try:
            with transaction.atomic():
                key = request.POST.get("idempotency_key", "")
                answer, _ = once(key, {"act": "hand-off", "agency": name}, act)
        except CannotCollect as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"Handed over. {answer['said']}")
            return redirect("billing:handoffs")
    made = list(CollectionHandoff.objects.order_by("-made_at", "-pk")[:100])
    standing = agency.follow(list(CollectionCase.objects.filter(handoff__in=made)))
    waiting = CollectionCase.objects.filter(state=CaseState.APPROVED)
    table = Table(
        title="Hand-offs",
        sub="files for collection agencies, and what came back",
        head=[
            ("Number", False),
            ("Made", False),
            ("Agency", False),
            ("Accounts", True),
            ("Handed over", True),
            ("Came back", True),
            ("Left", True),
            ("File", False),
        ],
        rows=[_handoff(row, standing, may(request, "collections.hand")) for row in made],
        said=counted(len(made), "hand-off"),
        blank="Nothing was handed over yet",
        blank_words="Approve accounts in Collections; one file takes all approved ones.",
        above="billing/parts/hand_off.html",
        extra={
            "form": form,
            "count": waiting.count(),
            "amount": total(row.amount for row in waiting),
        },
        acts=[("Collections", reverse("billing:collections"), False)],
    )
    return show(request, table, file_name="hand-offs", status=400 if form.errors else 200)


@require_GET
def handoff_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """The agency's file as it was made; each download is in the audit."""
    row = get_object_or_404(CollectionHandoff.objects.select_related("file"), public_id=public_id)
    audit.record("collections.download", "handoff", row.public_id, count=row.count)
    response = HttpResponse(files.read(row.file), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.number}.csv"'
    return response


@require_http_methods(["GET", "POST"])
def take_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Withdraw an approval, or call a case back from the agency."""
    row = get_object_or_404(CollectionCase.objects.select_related("patient"), public_id=public_id)
    form = ReasonForm(request.POST or None)
    open_states = (CaseState.APPROVED, CaseState.HANDED)
    stops = [] if row.state in open_states else [f"This case is closed: {row.outcome or row.reason}"]
    if request.method == "POST" and form.is_valid() and not stops:
        try:
            agency.take_back(row, reason=form.cleaned_data["reason"], at=timezone.now())
        except CannotCollect as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "Called back: the next round of statements asks for it again")
            return redirect("billing:collections")
    context = {
        "title": "Call the case back",
        "patient": row.patient,
        "form": form,
        "stops": stops,
        "says": [f"{show_money(row.amount)}: statements, plans and write-offs take it up again."],
        "button": "Call it back",
        "back": reverse("billing:collections"),
    }
    status = 409 if stops and request.method == "POST" else 400 if form.errors else 200
    return render(request, "billing/act.html", context, status=status)


def _candidate(row: Candidate, may_decide: bool) -> list[Cell]:
    who = row.patient.public_id
    url = reverse("billing:collection-decide", args=[who]) if may_decide else ""
    return [
        Cell(row.patient.list_name, url=reverse("patients:patient", args=[who]), phi=True, name=True),
        Cell(row.level),
        Cell(row.days),
        Cell("; ".join(f"{said.because}: {said.value}" for said in row.decisions)),
        Cell(row.amount),
        Cell("Decide…" if url else "", url=url),
    ]


def _cases(request: HttpRequest, tab: str, found: list[Standing]) -> Table:
    open_case = tab in ("approved", "handed") and may(request, "collections.hand")
    return Table(
        title="Collections",
        head=[
            ("Account", False),
            ("Decided", False),
            ("By", False),
            ("Reason", False),
            ("Hand-off", False),
            ("Amount", True),
            ("Came back", True),
            ("Left", True),
            ("Outcome", False),
        ],
        rows=[_case(each, open_case) for each in found],
        said=f"{counted(len(found), 'case')} · {show_money(total(each.case.amount for each in found))}",
        blank="No cases here",
        blank_words="Decide about the proposed accounts first.",
    )


def _case(each: Standing, open_case: bool) -> list[Cell]:
    case = each.case
    url = reverse("billing:collection-take-back", args=[case.public_id]) if open_case else ""
    return [
        Cell(
            case.patient.list_name,
            url=reverse("patients:patient", args=[case.patient.public_id]),
            phi=True,
            name=True,
        ),
        Cell(case.decided_at),
        Cell(case.decided_by),
        Cell(case.reason),
        Cell(case.handoff.number if case.handoff else ""),
        Cell(case.amount),
        Cell(each.recovered),
        Cell(each.left),
        Cell("Call back…" if url else case.outcome, url=url),
    ]


def _handoff(row: CollectionHandoff, standing: list[Standing], may_read: bool) -> list[Cell]:
    own = [each for each in standing if each.case.handoff_id == row.pk]
    at_agency = [each for each in own if each.case.state == CaseState.HANDED]
    return [
        Cell(row.number, name=True),
        Cell(row.made_at),
        Cell(row.agency),
        Cell(row.count),
        Cell(row.amount),
        Cell(total(each.recovered for each in own) or ZERO),
        Cell(total(each.left for each in at_agency) or ZERO),
        Cell(f"{row.number}.csv" if may_read else "", url=reverse("billing:handoff-file", args=[row.public_id])
             if may_read else ""),
    ]  # fmt: skip
