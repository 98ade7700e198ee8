"""Claim Responses: the list with its tabs, an opened answer, and what a person does with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from claims import corrections
from clinics import audit
from clinics.errors import NotYours, Refusal
from patients.here import today_here
from patients.tables import MOST, list_file, wants_file
from responses import manual, owed, queries, scans, undo
from responses.forms import MatchForm, ReasonForm, ResubmitForm
from responses.models import ClaimResponse, Remittance
from responses.receipts import tie
from work.idempotency import once

CRUMBS = [("Reports", "/reports/"), ("Insurance Reports", "/reports/"), ("Claim Responses", "")]
ACTS: dict[str, tuple[str, str]] = {
    "post": ("Post as remitted", "Post {paid}"),
    "leave": ("Note and leave the balance", "Leave it"),
    "owe": ("Owed back to the insurer", "Owe back {paid}"),
    "hold": ("Hold this answer", "Hold"),
    "dispute": ("Post and dispute the difference", "Dispute"),
    "match": ("Match to a claim", "Match"),
    "unmatch": ("Take the match back", "Unmatch"),
    "undo": ("Undo the posting", "Undo {paid}"),
    "resubmit": ("Duplicate and resubmit", "Make the next version"),
}


@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    """All answers by tab, or those of one check."""
    check, q = request.GET.get("check", ""), request.GET.get("q", "").strip()
    tab = request.GET.get("tab", "") or "exceptions"
    code = request.GET.get("code", "")
    rows = queries.rows_of("" if check else tab, check=check, q=q, code=code)
    if wants_file(request):
        return _file(request, rows)
    after = request.GET.get("after", "")
    if after.isdigit() and not check:
        rows = rows.filter(pk__lt=int(after))
    found = list(rows[: queries.PAGE + 1]) if not check else list(rows[:500])
    more = not check and len(found) > queries.PAGE
    found = found[: queries.PAGE] if not check else found
    source = (
        get_object_or_404(Remittance.objects.select_related("inbound_file"), public_id=check)
        if check
        else None
    )
    context = {
        "crumbs": CRUMBS, "tab": tab, "check": source, "tie": _tie(source) if source else None, "q": q, "code": code,
        "rows": [(row, queries.main_code(row), _words(row)) for row in found], "tabs": _tabs(tab, source),
        "selects": [{
            "name": "code", "label": "Stopped by", "value": code,
            "options": [("", "Any reason"), *((key, f"{key} {words}") for key, words in queries.CODE_WORDS.items())],
        }],
        "scans": scans.of_check(source) if source else [],
        "next": found[-1].pk if more else None, "plb": list(source.provider_adjustments.all()) if source else [],
    }  # fmt: skip
    return render(request, "responses/list.html", context)


@require_GET
def opened(request: HttpRequest, public_id: str) -> HttpResponse:
    """The body of an opened row; asked for directly it is a page of its own."""
    row = _load(public_id)
    if row.claim is not None:
        audit.record("response.read", "claim_response", row.public_id)
    context = {"opened": queries.opened(row), "row": row, "crumbs": CRUMBS, "words": _words(row)}
    inside = (
        request.headers.get("HX-Request") or request.headers.get("X-Requested-With") or "part" in request.GET
    )
    return render(request, "responses/parts/opened.html" if inside else "responses/response.html", context)


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, public_id: str, act: str) -> HttpResponse:
    """One act on one answer: a small form that says what will happen, then the work."""
    row = _load(public_id)
    if act not in ACTS:
        raise NotYours("There is no such act.")
    form = _form(act, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():  # a refusal takes the idempotency key back with it
                key = request.POST.get("idempotency_key", "")
                said, _ = once(key, {"act": act, "row": public_id}, lambda: _do(act, row, form, request))
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, said["said"])
            return redirect(
                said.get("url") or f"{reverse('responses:list')}?check={row.remittance.public_id}"
            )
    title, button = ACTS[act]
    back = f"{reverse('responses:list')}?check={row.remittance.public_id}"
    context = {
        "row": row, "form": form, "title": title, "button": button.format(paid=row.paid), "back": back, "act": act,
        "opened": queries.opened(row), "crumbs": CRUMBS,
    }  # fmt: skip
    return render(request, "responses/act.html", context, status=409 if form.errors and request.POST else 200)


def _do(act: str, row: ClaimResponse, form: Any, request: HttpRequest) -> dict[str, Any]:
    at, data = timezone.now(), form.cleaned_data
    if act == "post":
        manual.post_as_remitted(row, at=at, reason=data["reason"])
        return {"said": f"Posted {row.paid}. Undo with u"}
    if act == "leave":
        manual.leave(row, data["reason"])
        return {"said": "Left as it is, with your note"}
    if act == "owe":
        owed.owe_back(row, data["reason"], at=at)
        return {"said": f"{row.paid} is owed back; it waits under Takebacks"}
    if act == "hold":
        manual.hold(row, data["reason"])
        return {"said": "Held"}
    if act == "dispute":
        manual.dispute(row, data["reason"], at=at)
        return {"said": "In dispute"}
    if act == "match":
        done = manual.match(row, form.claim, at=at)
        return {"said": "Matched. It posts when you press p" if not done.codes else "Matched; it still waits"}
    if act == "unmatch":
        manual.unmatch(row)
        return {"said": "Match taken back"}
    if act == "undo":
        _undo(row, data["reason"], at)
        return {"said": f"Undone: {row.paid} is back in escrow"}
    if row.claim is None:
        raise Refusal("This answer belongs to no claim yet: match it first.")
    made = corrections.duplicate(row.claim, data["frequency"], data["reason"], today=today_here(request))
    return {"said": f"New version {made.control_number} of the claim", "url": _claim_url(made.public_id)}


def _undo(row: ClaimResponse, reason: str, at: datetime) -> None:
    if owed.is_owed_back(row):
        owed.ours_after_all(row, reason, at=at)
    else:
        undo.unpost(row, reason=reason, at=at)


def _form(act: str, data: Any) -> Any:
    if act == "match":
        return MatchForm(data)
    return ResubmitForm(data) if act == "resubmit" else ReasonForm(data)


def _claim_url(public_id: str) -> str:
    from django.urls import NoReverseMatch

    try:
        return reverse("claims:claim", args=[public_id])
    except NoReverseMatch:
        return ""


def _load(public_id: str) -> ClaimResponse:
    rows = ClaimResponse.objects.select_related("remittance__payer", "claim__payer", "claim__patient")
    return get_object_or_404(rows, public_id=public_id)


def _words(row: ClaimResponse) -> str:
    return queries.STATUS_WORDS.get(row.status_code, f"Status {row.status_code}")


def _tabs(tab: str, source: Remittance | None) -> list[dict[str, Any]]:
    counts = queries.counts()
    tabs = [{"label": "This check", "url": f"?check={source.public_id}", "current": True}] if source else []
    tabs += [
        {
            "label": label,
            "url": f"?tab={name}",
            "count": counts.get(name),
            "current": source is None and tab == name,
        }
        for name, (label, _) in queries.TABS.items()
    ]
    tabs.append({"label": "Checks", "url": reverse("responses:remittances")})
    tabs.append({"label": "Deposits", "url": reverse("responses:deposits")})
    tabs.append({"label": "Takebacks", "url": reverse("responses:takebacks")})
    tabs.append({"label": "By month", "url": reverse("responses:by-month")})
    return tabs


def _tie(source: Remittance) -> list[dict[str, Any]]:
    sums = tie(source)
    return [
        {"amount": sums["check"], "words": "check"},
        {"amount": sums["posted"], "words": "posted", "sign": "="},
        {
            "amount": sums["escrow"],
            "words": "in escrow",
            "sign": "+",
            "family": "warn" if sums["escrow"] else "",
        },
        {"amount": sums["provider_level"], "words": "provider-level", "sign": "−"},
    ]


def _file(request: HttpRequest, rows: Any) -> HttpResponse:
    header = [
        "received", "source", "payer", "trace", "check date", "claim", "patient", "dos", "payer says", "charged",
        "allowed", "paid", "contractual", "other", "patient responsibility", "expected", "variance", "match", "state",
        "codes", "next", "assignee",
    ]  # fmt: skip
    lines = [
        [
            row.created_at, row.remittance.source, row.remittance.payer_name, row.remittance.trace_number,
            row.remittance.payment_date, row.control_number, row.patient_name, row.service_date, _words(row),
            row.charged, row.allowed, row.paid, row.contractual, row.other_adjustment, row.patient_responsibility,
            row.expected_allowed, row.variance, row.match_quality, row.state, " ".join(row.codes), row.next_payer,
            row.assignee,
        ]
        for row in rows[: MOST + 1]
    ]  # fmt: skip
    return list_file(request, "claim-responses", header, lines)
