"""Checks, uploads, paper EOBs and provider-level items: how answers get in and how a check is closed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from claims.models import Claim
from clinics import audit
from clinics.errors import Refusal
from lib.money import ZERO, total
from patients.tables import list_file, wants_file
from responses import eobs, quarantine, queries, remit, scan_views, scans, takebacks, undo
from responses.forms import ClaimsForm, EobHeadForm, EobLineForm, MatchForm, PayeeForm, ReasonForm, UploadForm
from responses.models import ProviderAdjustment, Remittance
from responses.receipts import tie
from responses.views import CRUMBS
from work.idempotency import once


@require_GET
def remittances(request: HttpRequest) -> HttpResponse:
    """Checks and EFTs with what waits of each."""
    after = request.GET.get("after", "")
    rows = queries.remittances()
    if after.isdigit():
        rows = rows.filter(pk__lt=int(after))
    found = list(rows[: queries.PAGE + 1])
    more = found[queries.PAGE - 1].pk if len(found) > queries.PAGE else None
    context = {"rows": found[: queries.PAGE], "crumbs": [*CRUMBS[:-1], ("Checks", "")], "next": more}
    return render(request, "responses/remittances.html", context)


@require_GET
def by_month(request: HttpRequest) -> HttpResponse:
    """The same data by month and insurer."""
    if wants_file(request):
        return _month_file(request, queries.by_month())
    context = {"rows": queries.by_month(), "crumbs": [*CRUMBS[:-1], ("By month", "")]}
    return render(request, "responses/by_month.html", context)


def _month_file(request: HttpRequest, rows: list[dict[str, Any]]) -> HttpResponse:
    """The scorecard with numbers as numbers."""
    names = (
        "answers",
        "at_once",
        "denied",
        "causes",
        "sum_paid",
        "sum_expected",
        "sum_contracted",
        "sum_patient",
        "benefits_told",
        "benefits",
        "days",
    )
    header = ["month", "payer", "answers", "posted at once", "denied", "denied for", "paid", "expected allowed",
              "allowed under contract", "patient part", "patient part where benefits are known",
              "by known benefits", "days to pay"]  # fmt: skip
    lines = [
        [f"{row['month']:%Y-%m}", row["remittance__payer_name"], *(row[name] for name in names)]
        for row in rows
    ]
    audit.record("report.export", "report", "scorecard", rows=len(lines))
    return list_file(request, "payer-scorecard", header, lines)


@require_GET
def as_text(request: HttpRequest, public_id: str) -> HttpResponse:
    """The 835 as it came, one segment a line."""
    rows = Remittance.objects.select_related("inbound_file__stored")
    return text_answer(get_object_or_404(rows, public_id=public_id))


def text_answer(row: Remittance) -> HttpResponse:
    """A check's file as text, and that it was read; page and API alike. Raises Refusal when it was typed in."""
    if row.inbound_file is None:
        raise Refusal("This answer was typed in: there is no file.")
    audit.record("remittance.text", "remittance", row.public_id)
    text = (
        bytes(row.inbound_file.stored.content)
        .decode("latin-1")
        .replace("\r", "")
        .replace("~\n", "~")
        .replace("~", "~\n")
    )
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file in by hand: the same way as a collected one, with a plain answer."""
    form = UploadForm(request.POST or None, request.FILES or None)
    told = None
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            day, name = form.cleaned_data["effective_on"], file.name or "upload"
            if file.size > remit.LARGE and "preview" not in request.POST and day is None:
                job = remit.take_later(file.read(), name)
                messages.success(
                    request, f"{name} is large: the worker takes it in; this page shows how far it is"
                )
                return redirect("desk:job", job.public_id)
            if "preview" in request.POST:
                told = remit.preview_bytes(file.read(), name, at=timezone.now(), effective_on=day)
            else:
                told = remit.take_bytes(file.read(), name, "upload", at=timezone.now(), effective_on=day)
        except Refusal as refusal:
            form.add_error("file", refusal.message)
        else:
            if told["file"]["state"] == "rejected":
                form.add_error("file", _why_rejected(told))
    context = {"form": form, "told": told, "crumbs": [*CRUMBS[:-1], ("Upload", "")]}
    return render(request, "responses/upload.html", context)


def _why_rejected(told: dict[str, Any]) -> str:
    errors = [finding["message"] for finding in told["findings"] if finding["severity"] == "error"]
    reason = errors[0] if errors else "It holds nothing that we read (835, 999, TA1, 277CA)."
    return f"The file is kept, but could not be taken: {reason}"


@require_http_methods(["GET", "POST"])
def undo_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """Undo every posting of a check."""
    row = get_object_or_404(Remittance.objects, public_id=public_id)
    form = ReasonForm(request.POST or None)
    back = f"{reverse('responses:list')}?check={row.public_id}"
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                said, _ = once(
                    request.POST.get("idempotency_key", ""), {"act": "undo-file", "row": public_id},
                    lambda: {"n": undo.unpost_file(row, reason=form.cleaned_data["reason"], at=timezone.now())},
                )  # fmt: skip
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"{said['n']} postings undone")
            return redirect(back)
    sums = tie(row)
    words = f"Undo {sums['posted']} of check {row.trace_number}"
    context = {"form": form, "title": "Undo a whole check", "button": words, "back": back, "crumbs": CRUMBS}
    return render(request, "responses/act.html", context)


@require_http_methods(["GET", "POST"])
def payee(request: HttpRequest, public_id: str) -> HttpResponse:
    """A payment to a payee nobody here knows: ours after all, or not."""
    row = get_object_or_404(Remittance.objects, public_id=public_id)
    form = PayeeForm(request.POST or None)
    back = f"{reverse('responses:list')}?check={row.public_id}"
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            if form.cleaned_data["whose"] == "ours":
                made = quarantine.release(row, reason=reason, at=timezone.now())
                messages.success(request, f"Taken in: {len(made)} answers")
            else:
                quarantine.refuse(row, reason=reason)
                messages.success(request, "Set aside; nothing was booked")
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            return redirect(back)
    title = f"Check {row.trace_number} is paid to {row.payee_npi}"
    context = {"form": form, "title": title, "button": "Decide", "back": back, "crumbs": CRUMBS}
    return render(request, "responses/act.html", context)


@require_http_methods(["GET", "POST"])
def provider_item(request: HttpRequest, public_id: str, ordinal: int) -> HttpResponse:
    """Say what a provider-level amount was for: a claim, or words."""
    row = get_object_or_404(
        ProviderAdjustment.objects.select_related("remittance"),
        remittance__public_id=public_id,
        ordinal=ordinal,
    )
    form = ReasonForm(request.POST or None)
    guess = takebacks.suggested_claim(row) if row.is_open else None
    start = {"control_number": guess.control_number} if guess else {}
    match = MatchForm(request.POST) if request.POST.get("control_number") else MatchForm(initial=start)
    match.fields["control_number"].required = False
    back = f"{reverse('responses:list')}?check={public_id}"
    if request.method == "POST" and form.is_valid() and (not match.is_bound or match.is_valid()):
        claim = match.claim if match.is_bound else None
        try:
            takebacks.link(row, claim, form.cleaned_data["reason"])
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, "Provider-level item settled")
            return redirect(back)
    context = {
        "form": form, "match": match, "title": f"{takebacks.words(row.code)} {row.amount}",
        "button": "Settle this item", "back": back, "crumbs": CRUMBS,
    }  # fmt: skip
    return render(request, "responses/act.html", context)


@require_http_methods(["GET", "POST"])
def find_claim(request: HttpRequest) -> HttpResponse:
    """Enter a paper EOB or check: which claims does it answer?"""
    form = ClaimsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        ids = [claim.public_id for claim in form.claims]
        query = f"?also={','.join(ids[1:])}" if ids[1:] else ""
        return redirect(f"{reverse('responses:eob', args=[ids[0]])}{query}")
    context = {
        "form": form,
        "title": "Enter a paper EOB",
        "button": "Open the sheet",
        "back": reverse("responses:list"),
        "crumbs": CRUMBS,
    }
    return render(request, "responses/act.html", context)


@require_http_methods(["GET", "POST"])
def eob(request: HttpRequest, claim_id: str) -> HttpResponse:
    """The sheet: lines of one claim or of all claims of a check down, paid and codes across; never unbalanced."""
    claims = _claims_of_check(request, claim_id)
    data = request.POST or None
    head = EobHeadForm(data, request.FILES or None)
    sheet = [
        (
            claim,
            line,
            EobLineForm(data, prefix=_prefix(place, line.line_no), initial={"line_id": line.line_id}),
        )
        for place, claim in enumerate(claims)
        for line in claim.lines.all()
    ]
    left: dict[tuple[int, int], Any] = {}
    if request.method == "POST" and all([head.is_valid(), *[form.is_valid() for _, _, form in sheet]]):
        typed: dict[int, list[eobs.EobLine]] = {}
        for claim, line, form in sheet:
            entry = _typed(form, line.line_id)
            typed.setdefault(claim.pk, []).append(entry)
            told = total(amount for _, _, amount in entry.adjustments)
            left[claim.pk, line.line_no] = line.amount - entry.paid - told
        given = head.cleaned_data
        asked = eobs.Eob(given["trace_number"], given["payment_date"], given["payer_claim_number"])
        sheets = [(claim, typed[claim.pk]) for claim in claims]

        def do() -> dict[str, Any]:
            made = eobs.enter_check(sheets, asked, at=timezone.now(), amount=given["amount"])
            if given["scan"] is not None:
                scans.keep(made[0].remittance, *scan_views.read(given["scan"]))
            return {"check": made[0].remittance.public_id}

        try:
            with transaction.atomic():
                body = {
                    "act": "eob",
                    "claims": [claim.public_id for claim in claims],
                    "form": _posted(request),
                }
                said, _ = once(request.POST.get("idempotency_key", ""), body, do)
        except Refusal as refusal:
            head.add_error(None, refusal.message)
        else:
            messages.success(request, "The EOB is posted")
            return redirect(f"{reverse('responses:list')}?check={said['check']}")
    context = {
        "claim": claims[0], "claims": claims, "head": head, "usual": queries.usual_codes(claims[0].payer_id),
        "rows": [(claim, line, form, left.get((claim.pk, line.line_no))) for claim, line, form in sheet],
        "crumbs": [*CRUMBS[:-1], ("Paper EOB", "")],
    }  # fmt: skip
    return render(request, "responses/eob.html", context)


def _claims_of_check(request: HttpRequest, claim_id: str) -> list[Claim]:
    """The claim of the address and those of ``also``, each once, in that order."""
    ids = list(dict.fromkeys([claim_id, *filter(None, request.GET.get("also", "").split(","))]))[:100]
    rows = Claim.objects.select_related("payer", "patient").prefetch_related("lines")
    return [get_object_or_404(rows, public_id=public_id) for public_id in ids]


def _prefix(place: int, line_no: int) -> str:
    return f"l{line_no}" if place == 0 else f"c{place}l{line_no}"


def _typed(form: EobLineForm, line_id: str) -> eobs.EobLine:
    data = form.cleaned_data
    return eobs.EobLine(line_id, data["money"]["paid"] or ZERO, data["adjustments"], data["money"]["allowed"])


def _posted(request: HttpRequest) -> dict[str, Any]:
    return {
        key: value
        for key, value in request.POST.items()
        if key not in ("csrfmiddlewaretoken", "idempotency_key")
    }
