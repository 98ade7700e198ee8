"""Pages of a coverage change: the guard, moving visits, billing a card found later, undo (B11.5, B11.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from billing import accounts
from claims import coverage, coverage_layers, coverage_moves
from claims.coverage_moves import Options
from claims.models import Claim, CoverageMove
from claims.queries import parse_day
from clinics import audit
from clinics.errors import Refusal
from insurance.coverage import covers
from insurance.enums import ProfileStatus
from insurance.models import InsuranceProfile, Policy
from insurance.profiles import of_patient
from lib.money import total
from patients.here import today_here
from patients.models import Patient
from work.idempotency import once

SWITCHES = ("rebill", "transfer_balance", "update_fees", "void_old", "reset_dunning", "billing_note")


@dataclass(frozen=True, slots=True)
class Days:
    """A span typed on the page."""

    effective_on: date | None
    expires_on: date | None


@require_GET
def guard(request: HttpRequest, patient_id: str) -> HttpResponse:
    """The three questions for each profile in use, answered by data, as a piece for Insurance Management.

    ``mode`` add: a card from day ``from`` on; end: a card that ends on ``from``; new: a new profile from then.
    """
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    mode = request.GET.get("mode", "add")
    policy = Policy.objects.filter(patient=patient, public_id=request.GET.get("policy", "")).first()
    asked = request.GET
    typed = (
        asked.get("from") or asked.get("on") or asked.get("effective_on") or asked.get("c1-effective_on", "")
    )
    start = parse_day(typed) or (policy.effective_on if policy else None)
    first = start + timedelta(days=1) if start and mode == "end" else start  # the last day is still covered
    until = policy.expires_on if policy and mode == "add" else None
    wanted = request.GET.get("profile", "")
    today = today_here(request)
    parts = []
    for profile in of_patient(patient):
        holds = any(layer.policy_id == policy.pk for layer in profile.layers.all()) if policy else False
        if profile.status == ProfileStatus.INACTIVE or (wanted and profile.public_id != wanted):
            continue
        if (mode == "add" and (holds or not profile.layers.all())) or (mode == "end" and not holds):
            continue
        found = coverage.guard(profile, Days(first, until))
        if found.rows:
            parts.append({"profile": profile, "guard": found, "days": _age(profile, found, today)})
    audit.record("coverage.read", "patient", patient.public_id)
    context = {"patient": patient, "parts": parts, "mode": mode, "start": start, "policy": policy}
    return render(request, "claims/parts/coverage_guard.html", context)


@require_http_methods(["GET", "POST"])
def move_visits(request: HttpRequest, profile_id: str) -> HttpResponse:
    """Choose visits and a profile, look at the preview, move them. GET carries the choice in public ids only."""
    profile = get_object_or_404(InsuranceProfile.objects.select_related("patient"), public_id=profile_id)
    others = [row for row in of_patient(profile.patient) if row.pk != profile.pk]
    if request.method == "POST":
        to = get_object_or_404(InsuranceProfile.objects, public_id=request.POST.get("to", ""))
        chosen, options = request.POST.getlist("visit"), _options(request.POST)
        note = request.POST.get("note", "")
        if request.POST.get("step") == "move":
            return _move(request, profile, to, chosen, options, note)
        context: dict[str, Any] = {
            "profile": profile, "patient": profile.patient, "to": to, "chosen": chosen, "options": options,
            "note": note, "switches": [name for name in SWITCHES if getattr(options, name)],
        }  # fmt: skip
        try:
            looks = coverage_moves.preview(profile, to, chosen, options)
            voids = [claim for look in looks for claim in look.candidate.to_void] if options.void_old else []
            stops = [words for look in looks for words in look.problems]
            anew = options.reset_dunning and coverage.changes_insurer(
                profile, (look.candidate for look in looks)
            )
            context |= {"looks": looks, "sums": coverage_moves.sums(looks), "voids": voids, "stops": stops,
                        "resets": accounts.level_of(profile.patient) if anew else 0}  # fmt: skip
        except Refusal as refusal:
            context["stops"] = refusal.data.get("stops") or [refusal.message]
        return render(request, "claims/move_preview.html", context)
    return _choose(request, profile, others)


def _choose(request: HttpRequest, profile: InsuranceProfile, others: list[InsuranceProfile]) -> HttpResponse:
    show = request.GET.get("show", "")
    usable = [row for row in others if show == "all" or row.status != ProfileStatus.INACTIVE]
    to = next((row for row in usable if row.public_id == request.GET.get("to", "")), None)
    to = to or next(iter(usable), None)
    since, until = parse_day(request.GET.get("from", "")), parse_day(request.GET.get("until", ""))
    rows = coverage.candidates(profile, to) if to is not None else []
    span = Days(since, until)
    rows = [row for row in rows if covers(span, row.visit.service_date)]
    hidden = [row for row in rows if row.is_settled]
    shown = rows if show == "all" else [row for row in rows if not row.is_settled]
    audit.record("coverage.read", "patient", profile.patient.public_id)
    context = {
        "profile": profile, "patient": profile.patient, "to": to, "others": usable, "rows": shown,
        "hidden": len(hidden), "show": show, "since": since, "until": until,
        "may_transfer": any(row.patient_is_responsible for row in shown if row.may_move),
        "may_void": any(row.to_void for row in shown if row.may_move),
        "movable": sum(row.may_move for row in shown),
        "changes_insurer": coverage.changes_insurer(profile, (row for row in shown if row.may_move)),
    }  # fmt: skip
    return render(request, "claims/move_visits.html", context)


def _move(
    request: HttpRequest,
    profile: InsuranceProfile,
    to: InsuranceProfile,
    chosen: list[str],
    options: Options,
    note: str,
) -> HttpResponse:
    with transaction.atomic():
        answer, _ = once(
            request.POST.get("idempotency_key", ""),
            {"act": "move", "from": profile.public_id, "to": to.public_id, "visits": sorted(chosen)},
            lambda: {
                "move": coverage_moves.move(
                    profile, to, chosen, options, at=timezone.now(), note=note
                ).public_id
            },
        )
    messages.success(request, f"{len(chosen)} visit{'s' if len(chosen) > 1 else ''} moved to {to.name}")
    return redirect("claims:coverage-move", answer["move"])


@require_http_methods(["GET", "POST"])
def bill_card(request: HttpRequest, profile_id: str, policy_id: str) -> HttpResponse:
    """The visits a card found later may pay, with their money; zero ones are skipped (B11.5)."""
    profile = get_object_or_404(InsuranceProfile.objects.select_related("patient"), public_id=profile_id)
    get_object_or_404(Policy.objects, public_id=policy_id)
    layer = coverage_layers.layer_of(profile, policy_id)
    if request.method == "POST":
        chosen = request.POST.getlist("visit")
        with transaction.atomic():
            answer, _ = once(
                request.POST.get("idempotency_key", ""),
                {"act": "bill", "profile": profile_id, "policy": policy_id, "visits": sorted(chosen)},
                lambda: {
                    "move": coverage_layers.bill(
                        layer, chosen, today=today_here(request), note=request.POST.get("note", "")
                    ).public_id
                },
            )
        messages.success(request, f"{len(chosen)} claim{'s' if len(chosen) > 1 else ''} queued")
        return redirect("claims:coverage-move", answer["move"])
    rows = coverage_layers.billable(layer)
    context = {
        "profile": profile, "patient": profile.patient, "layer": layer, "rows": rows,
        "amount": total(row.balance.patient for row in rows), "guard": coverage.guard(profile, layer),
    }  # fmt: skip
    return render(request, "claims/bill_card.html", context)


@require_http_methods(["GET", "POST"])
def coverage_move(request: HttpRequest, move_id: str) -> HttpResponse:
    """What one move did, visit by visit; POST takes it back whole."""
    row = get_object_or_404(
        CoverageMove.objects.select_related("patient", "profile_from", "profile_to"), public_id=move_id
    )
    if request.method == "POST":
        coverage_moves.undo(row, at=timezone.now(), reason=request.POST.get("reason", ""))
        messages.success(request, "The whole move is undone")
        return redirect("claims:coverage-move", row.public_id)
    keys = [key for item in row.items for key in item["claims"]]
    context = {
        "move": row, "patient": row.patient, "lines": _lines(row),
        "claims": list(Claim.objects.filter(public_id__in=keys).order_by("service_from")),
        "stops": [] if row.undone_at else coverage_moves.undo_stops(row),
    }  # fmt: skip
    return render(request, "claims/coverage_move.html", context)


@require_GET
def patient_moves(request: HttpRequest, patient_id: str) -> HttpResponse:
    """A patient's moves, newest first, as a piece for Insurance Management and the patient page."""
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    rows = CoverageMove.objects.filter(patient=patient).select_related("profile_from", "profile_to")
    return render(
        request, "claims/parts/patient_moves.html", {"rows": list(rows.order_by("-created_at")[:20])}
    )


def _lines(row: CoverageMove) -> list[dict[str, Any]]:
    from appointments.models import Appointment
    from billing.models import Invoice

    visits = Appointment.objects.filter(public_id__in=[item["visit"] for item in row.items]).select_related(
        "profile"
    )
    by_visit = {visit.public_id: visit for visit in visits}
    wanted = [item[key] for item in row.items for key in ("old", "new") if item[key]]
    invoices = {invoice.public_id: invoice for invoice in Invoice.objects.filter(public_id__in=wanted)}
    found = [
        {"visit": by_visit.get(item["visit"]), "old": invoices.get(item["old"]), "new": invoices.get(item["new"]),
         "amount": item.get("amount", "")}
        for item in row.items
    ]  # fmt: skip
    return sorted(found, key=lambda line: line["visit"].service_date if line["visit"] else date.min)


def _options(given: Any) -> Options:
    return Options(**{name: given.get(name) == "on" for name in SWITCHES})


def _age(profile: InsuranceProfile, found: coverage.Guard, today: date) -> int:
    began = profile.effective_on or min(row.visit.service_date for row in found.rows)
    return max(0, (today - began).days)
