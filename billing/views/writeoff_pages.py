"""Write-offs looked after: the list with undo, waivers apart, requests, small-balance runs, terms, policies (B10)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import approvals, policies, small_balances, writeoff_lists, writeoff_terms, writeoffs
from billing.enums import PolicySubject, WriteOffType
from billing.errors import BadPolicy, CannotWriteOff
from billing.forms import ReasonForm
from billing.models import Approval, LedgerTxn, PolicyRow, WriteOffRun
from billing.views.left_forms import PolicyForm, TermsForm
from billing.views.tables import Cell, Table, counted, show
from clinics.errors import Refusal
from clinics.fresh import is_fresh, sign_in_again
from clinics.permissions import may
from lib.money import show_money, total
from patients.here import location_here, today_here
from work.idempotency import once

TABS = (
    ("", "All", "billing:write-off-list"),
    ("waivers", "Waived copays and deductibles", "billing:write-off-list"),
    ("requests", "Waiting for a second person", "billing:approvals"),
    ("runs", "Small balances", "billing:small-balances"),
)
STATES = {
    "asked": ("Waits", "warn", "hourglass"),
    "approved": ("Approved", "ok", "circle-check"),
    "refused": ("Refused", "stop", "ban"),
    "withdrawn": ("Withdrawn", "mute", "ban"),
}


@require_GET
def write_off_list(request: HttpRequest) -> HttpResponse:
    """Write-offs of a span of days; waived copays and deductibles can be seen apart."""
    today = today_here(request)
    start = parse_date_or(request.GET.get("from", ""), today.replace(day=1))
    until = parse_date_or(request.GET.get("to", ""), today)
    waivers = request.GET.get("tab") == "waivers"
    rows = writeoff_lists.between(start, until, waivers_only=waivers)
    table = Table(
        title="Write-offs",
        head=[
            ("Day", False),
            ("Patient", False),
            ("Invoice", False),
            ("Type", False),
            ("GL code", False),
            ("Amount", True),
            ("By", False),
            ("Reason", False),
            ("Decided by", False),
            ("Undo", False),
        ],
        rows=[_line(row, may(request, "writeoff")) for row in rows],
        tabs=_tabs("waivers" if waivers else ""),
        dates=[
            {"name": "from", "label": "From", "value": start.isoformat()},
            {"name": "to", "label": "To", "value": until.isoformat()},
        ],
        said=f"{counted(len(rows), 'write-off')} · {show_money(total(row.amount for row in rows))}",
        blank="Nothing was written off in these days",
        acts=[
            ("Types and codes", reverse("billing:write-off-terms"), False),
            ("Policies", reverse("billing:policies"), False),
        ]
        if may(request, "settings.other")
        else [],
    )
    return show(request, table, file_name="write-offs")


@require_http_methods(["GET", "POST"])
def undo_write_off(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take one write-off back."""
    txn = get_object_or_404(LedgerTxn.objects, public_id=public_id, kind="writeoff", source_kind="invoice")
    row = writeoff_lists.one(txn)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]

        def act() -> dict[str, Any]:
            return {"txn": writeoffs.undo(txn, reason=reason, today=today_here(request)).public_id}

        key = request.POST.get("idempotency_key", "")
        try:
            with transaction.atomic():
                once(key, {"act": "undo-write-off", "txn": public_id, "reason": reason}, act)
        except CannotWriteOff as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{show_money(row.amount)} is owed again")
            return redirect(reverse("billing:invoice", args=[row.invoice.public_id]))
    context = {
        "title": f"Undo the write-off of {show_money(row.amount)}",
        "patient": row.invoice.patient,
        "form": form,
        "stops": [] if row.stands else ["Nothing is left of this write-off."],
        "says": [
            f"{row.type_label} on {row.invoice.number}: {row.reason}",
            "What stands of it is owed again.",
        ],
        "button": "Undo the write-off",
        "back": reverse("billing:write-off-list"),
    }
    return render(request, "billing/act.html", context, status=400 if form.errors else 200)


@require_GET
def approval_list(request: HttpRequest) -> HttpResponse:
    """What waits for a second person, then what was decided."""
    rows = Approval.objects.select_related("patient", "invoice").order_by("-state", "-asked_at", "-pk")
    shown = sorted(rows[:200], key=lambda row: row.state != "asked")
    table = Table(
        title="Write-offs",
        head=[
            ("Asked", False),
            ("What", False),
            ("Patient", False),
            ("Reason", False),
            ("By", False),
            ("State", False),
        ],
        rows=[
            [
                Cell(row.asked_at),
                Cell(row.words, url=reverse("billing:approval", args=[row.public_id]), name=True),
                Cell(row.patient.list_name if row.patient else "", phi=True),
                Cell(row.reason),
                Cell(row.asked_by),
                Cell(STATES[row.state][0], family=STATES[row.state][1], icon=STATES[row.state][2]),
            ]
            for row in shown
        ],
        tabs=_tabs("requests"),
        blank="Nothing waits",
        blank_words="Write-offs above a person’s limit, refunds by admins, closed days that are opened again, two "
        "records that become one: one person asks, another approves.",
    )
    return show(request, table)


@require_http_methods(["GET", "POST"])
def approval(request: HttpRequest, public_id: str) -> HttpResponse:
    """One request: approve or refuse. Who asked can only withdraw."""
    rows = Approval.objects.select_related("patient", "invoice__location__clinic")
    row = get_object_or_404(rows, public_id=public_id)
    trouble = ""
    if row.kind == "reopen" and row.state == "asked" and not is_fresh(request):
        return sign_in_again(request)
    if request.method == "POST":
        try:
            with transaction.atomic():
                _decide(request, row)
        except Refusal as error:
            trouble = error.message
        else:
            messages.success(request, "Decided")
            return redirect(reverse("billing:approvals"))
    own = row.asked_by == request.user.email  # type: ignore[union-attr]
    context = {"row": row, "own": own, "trouble": trouble, "look": STATES[row.state]}
    return render(request, "billing/approval.html", context, status=409 if trouble else 200)


@require_http_methods(["GET", "POST"])
def small_balance_list(request: HttpRequest) -> HttpResponse:
    """What a run would write off now, with the policy row that decides; POST runs it."""
    location, today = location_here(request), today_here(request)
    trouble = ""
    if request.method == "POST":
        try:
            _run(request)
        except CannotWriteOff as error:
            trouble = error.message
        else:
            messages.success(request, "Written off. The run can be undone below.")
            return redirect(reverse("billing:small-balances"))
    lines = small_balances.preview(location, today)
    amount = total(line.amount for line in lines)
    table = Table(
        title="Write-offs",
        head=[
            ("DOS", False),
            ("Patient", False),
            ("Invoice", False),
            ("Amount", True),
            ("Decided by", False),
        ],
        rows=[
            [
                Cell(line.invoice.service_date),
                Cell(line.invoice.patient.list_name, phi=True, name=True),
                Cell(line.invoice.number, url=reverse("billing:invoice", args=[line.invoice.public_id])),
                Cell(line.amount),
                Cell(line.decision.because),
            ]
            for line in lines
        ],
        tabs=_tabs("runs"),
        said=f"{counted(len(lines), 'invoice')} · {show_money(amount)}",
        blank="No small balance can be written off",
        blank_words="Runs take what patients owe after a statement, up to the limit of the policy table.",
        above="billing/parts/small_balances.html",
        extra={
            "amount": amount,
            "count": len(lines),
            "trouble": trouble,
            "runs": WriteOffRun.objects.order_by("-made_at")[:20],
        },
    )
    return show(request, table, file_name="small-balances", status=409 if trouble else 200)


@require_POST
def undo_run(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a whole run back in one step."""
    row = get_object_or_404(WriteOffRun.objects, public_id=public_id)
    small_balances.undo(row, at=timezone.now(), today=today_here(request))
    messages.success(request, f"{show_money(row.amount)} on {row.count} invoices is owed again")
    return redirect(reverse("billing:small-balances"))


@require_http_methods(["GET", "POST"])
def terms(request: HttpRequest) -> HttpResponse:
    """Types of write-offs: code, reason, bad debt, in use."""
    if request.method == "POST":
        form = TermsForm(request.POST)
        kind = request.POST.get("type", "")
        if kind in WriteOffType.values and form.is_valid():
            saved = writeoff_terms.set_terms(kind, **form.cleaned_data)
            messages.success(request, f"{saved.label} is saved")
            return redirect(reverse("billing:write-off-terms"))
        return render(request, "billing/terms.html", {"rows": writeoff_terms.all_terms()}, status=400)
    return render(request, "billing/terms.html", {"rows": writeoff_terms.all_terms()})


@require_http_methods(["GET", "POST"])
def policy_list(request: HttpRequest) -> HttpResponse:
    """The policy table; POST adds a row."""
    form = PolicyForm(request.POST or None, initial={"effective_on": today_here(request)})
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        try:
            policies.add(data.pop("subject"), data)
        except BadPolicy as error:
            form.add_error("source" if error.code == "source_needed" else "value", error.message)
        else:
            messages.success(request, "The row is in force from its day on")
            return redirect(reverse("billing:policies"))
    rows = PolicyRow.objects.select_related("payer").order_by("subject", "state", "-effective_on", "pk")
    house = [(PolicySubject(key).label, policies.house_words(key)) for key in policies.HOUSE]
    context = {"rows": rows, "form": form, "house": house, "today": today_here(request)}
    return render(request, "billing/policies.html", context, status=400 if form.errors else 200)


@require_POST
def end_policy(request: HttpRequest, public_id: str) -> HttpResponse:
    """A row ends today; what it decided stays decided."""
    row = get_object_or_404(PolicyRow.objects, public_id=public_id)
    try:
        policies.end(row, today_here(request))
    except BadPolicy as error:
        messages.error(request, error.message)
    return redirect(reverse("billing:policies"))


def parse_date_or(text: str, otherwise: date) -> date:
    """A day from an address, or the usual one."""
    try:
        return parse_date(text) or otherwise
    except ValueError:
        return otherwise


def _decide(request: HttpRequest, row: Approval) -> None:
    role = request.membership.role  # type: ignore[attr-defined]
    if request.POST.get("answer") == "approve":
        approvals.approve(row, role=role, today=today_here(request), at=timezone.now())
    else:
        approvals.refuse(row, reason=request.POST.get("reason", ""), at=timezone.now())


def _run(request: HttpRequest) -> None:
    expected = str(request.POST.get("amount", ""))

    def act() -> dict[str, Any]:
        made = small_balances.run(
            location_here(request), expected=writeoff_lists.amount_of(expected), today=today_here(request)
        )
        return {"run": made.public_id}

    with transaction.atomic():
        once(request.POST.get("idempotency_key", ""), {"act": "small-balances", "amount": expected}, act)


def _line(row: writeoff_lists.Row, may_undo: bool) -> list[Cell]:
    undo = reverse("billing:undo-write-off", args=[row.txn.public_id]) if may_undo and row.stands else ""
    return [
        Cell(row.txn.posted_on),
        Cell(row.invoice.patient.list_name, phi=True, name=True),
        Cell(row.invoice.number, url=reverse("billing:invoice", args=[row.invoice.public_id])),
        Cell(row.type_label),
        Cell(row.gl_code),
        Cell(row.amount),
        Cell(row.txn.actor),
        Cell(row.reason),
        Cell(row.decided_by),
        Cell("Undo…" if undo else "undone" if not row.stands else "", url=undo),
    ]


def _tabs(current: str) -> list[dict[str, Any]]:
    waiting = Approval.objects.filter(state="asked").count()
    return [
        {
            "label": label,
            "url": reverse(route) + (f"?tab={key}" if key == "waivers" else ""),
            "count": waiting if key == "requests" else None,
            "current": key == current,
        }
        for key, label, route in TABS
    ]
