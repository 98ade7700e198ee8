"""Insurance Management: a patient's profiles and cards. Payers are in payer_views.py."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics import audit
from clinics.errors import BadInput, Refusal
from clinics.permissions import may
from insurance import card_images, policies, profile_edits
from insurance.cards import latest_checks, profile_cards
from insurance.enums import ProfileKind, ProfileStatus
from insurance.errors import ProfileInUse
from insurance.forms import CardForm, EligibilityForm, PlaceForm, ProfileForm
from insurance.models import InsuranceProfile, Policy
from insurance.profile_edits import LayerSpec
from insurance.profiles import active_policies, default_of, ensure_self_pay, holding_area, of_patient
from lib.dates import parse_day
from patients.here import today_here
from patients.models import Patient
from work.idempotency import once

PLACES = ("c1", "c2", "c3")
PLACE_NAMES = ("Primary", "Secondary", "Tertiary")


@require_GET
def manage(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Profiles in order, cards, cards on no profile."""
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    ensure_self_pay(patient)
    audit.record("coverage.read", "patient", patient.public_id)
    today = today_here(request)
    context = {
        "patient": patient,
        "today": today,
        "cards": profile_cards(patient, today),
        "active": active_policies(patient, today),
        "held": holding_area(patient),
        "checks": latest_checks(patient),
        "default": default_of(patient),
    }
    return render(request, "insurance/manage.html", context)


@require_GET
def patient_coverage(request: HttpRequest, patient_id: str) -> HttpResponse:
    """The Active Policies panel of the patient page and the visit page."""
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    today = today_here(request)
    checks = latest_checks(patient)
    rows = [
        (layer, profile, checks.get(layer.policy_id)) for layer, profile in active_policies(patient, today)
    ]
    context = {"patient": patient, "rows": rows, "held": holding_area(patient), "today": today}
    return render(request, "insurance/parts/coverage.html", context)


@require_http_methods(["GET", "POST"])
def new_profile(request: HttpRequest, patient_id: str) -> HttpResponse:
    """New coverage: a profile with its cards in order, existing ones or entered here."""
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    today = today_here(request)
    cards = list(Policy.objects.filter(patient=patient).select_related("payer").order_by("-id"))
    given = request.POST or None
    copied = _from_existing(request, patient)
    form = ProfileForm(given, initial={"kind": ProfileKind.STANDARD, "make_default": True, **copied})
    places = [
        CardForm(given, prefix=prefix, today=today, cards=cards, initial={"policy": start}, auto_id="id_%s")
        for prefix, start in zip(PLACES, _starting_cards(request, patient), strict=True)
    ]
    if given is not None and all([form.is_valid(), *[place.is_valid() for place in places]]):
        try:
            with transaction.atomic():  # a refusal takes the idempotency key back with it
                answer, _ = once(
                    request.POST.get("idempotency_key", ""),
                    {"act": "profile", "patient": patient.public_id, "form": _posted(request)},
                    lambda: _create(patient, form, places, request.POST.get("seen", "")),
                )
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"{answer['name']} is there")
            for layer in InsuranceProfile.objects.get(public_id=answer["profile"]).layers.select_related(
                "policy__payer"
            ):
                _warn(request, layer.policy, today)
            return redirect("insurance:manage", patient.public_id)
    context = {
        "patient": patient, "form": form, "cards": list(zip(PLACE_NAMES, places, strict=True)), "today": today,
        "source": _source(patient, form["source"].value() or ""), "default": default_of(patient),
    }  # fmt: skip
    return render(request, "insurance/new_profile.html", context)


@require_http_methods(["GET", "POST"])
def new_card(request: HttpRequest, patient_id: str) -> HttpResponse:
    """A card that waits on no profile."""
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    form = CardForm(request.POST or None, today=today_here(request))
    if request.method == "POST" and form.is_valid():
        answer, _ = once(
            request.POST.get("idempotency_key", ""),
            {"act": "card", "patient": patient.public_id, "form": _posted(request)},
            lambda: {"policy": policies.add_policy(patient, form.cleaned_data, today=form.today).public_id},
        )
        _warn(request, Policy.objects.select_related("payer").get(public_id=answer["policy"]), form.today)
        return redirect("insurance:place", answer["policy"])
    return render(
        request, "insurance/card_form.html", {"patient": patient, "form": form, "title": "New card"}
    )


@require_http_methods(["GET", "POST"])
def card(request: HttpRequest, policy_id: str) -> HttpResponse:
    """One card: its values, its checks, on which profiles it sits."""
    policy = get_object_or_404(Policy.objects.select_related("patient", "payer", "plan"), public_id=policy_id)
    form = CardForm(request.POST or None, today=today_here(request), policy=policy)
    if request.method == "POST" and form.is_valid():
        policies.change_policy(policy, form.cleaned_data, today=form.today)
        messages.success(request, "Saved")
        _warn(request, policy, form.today)
        return redirect("insurance:manage", policy.patient.public_id)
    audit.record("coverage.read", "policy", policy.public_id)
    context = {
        "patient": policy.patient,
        "policy": policy,
        "form": form,
        "title": f"{policy.payer.name} card",
        "today": form.today,
        "images": card_images.sides(policy),
        "odd": policies.warnings_of(policy, form.today),
    }
    return render(request, "insurance/card_form.html", context)


@require_GET
def hover_card(request: HttpRequest, policy_id: str) -> HttpResponse:
    """The hover card (B11.7): everything on the card in one look, in the side sheet by click."""
    policy = get_object_or_404(Policy.objects.select_related("patient", "payer", "plan"), public_id=policy_id)
    check = policy.eligibility_checks.order_by("-checked_on", "-id").first()
    images = card_images.sides(policy)
    return render(
        request, "insurance/parts/hover_card.html", {"policy": policy, "check": check, "images": images}
    )


@require_POST
def check_eligibility(request: HttpRequest, policy_id: str) -> HttpResponse:
    """What the payer said on the telephone."""
    policy = get_object_or_404(Policy.objects.select_related("patient"), public_id=policy_id)
    form = EligibilityForm(request.POST, prefix="e")
    if not form.is_valid():
        raise BadInput(" ".join(str(error) for errors in form.errors.values() for error in errors))
    data = form.cleaned_data
    policies.record_eligibility(
        policy,
        on=data["checked_on"],
        is_active=form.is_active,
        note=data["note"],
        told_by=data["told_by"],
        reference=data["reference"],
        figures=form.figures,
        today=today_here(request),
    )
    messages.success(request, "Eligibility noted")
    return redirect("insurance:history", policy.public_id)


@require_http_methods(["GET", "POST"])
def place(request: HttpRequest, policy_id: str) -> HttpResponse:
    """Where does this card go? The safe answer, a new profile, is chosen already (B11.5)."""
    policy = get_object_or_404(Policy.objects.select_related("patient", "payer"), public_id=policy_id)
    profiles = [
        p for p in of_patient(policy.patient) if p.kind != ProfileKind.SELF_PAY and not _has(p, policy)
    ]
    profiles = [p for p in profiles if p.status != ProfileStatus.INACTIVE]
    form = PlaceForm(
        request.POST or None, profiles=profiles, initial={"where": "new", "effective_on": policy.effective_on}
    )
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["where"] == "new":
            into = reverse("insurance:new-profile", args=[policy.patient.public_id])
            return redirect(f"{into}?card={policy.public_id}")
        profile = next(p for p in profiles if p.public_id == form.cleaned_data["where"])
        try:
            with transaction.atomic():
                layer = profile_edits.add_layer(
                    profile,
                    policy,
                    effective_on=form.cleaned_data["effective_on"],
                    verified=form.cleaned_data["verified"],
                )
        except ProfileInUse as refusal:
            form.add_error("verified", refusal.message)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"{policy.payer.name} pays in place {layer.position}")
            touched = profile_edits.touched_visits(profile, layer.effective_on, layer.expires_on)
            if touched and may(request, "coverage.move"):  # which of them it is billed for is asked next
                return redirect("claims:bill-card", profile.public_id, policy.public_id)
            return redirect("insurance:manage", policy.patient.public_id)
    context = {
        "patient": policy.patient,
        "policy": policy,
        "form": form,
        "guards": _guards(request, policy, profiles),
    }
    return render(request, "insurance/place.html", context)


@require_POST
def profile_act(request: HttpRequest, profile_id: str) -> HttpResponse:
    """Default, active, inactive, expire, delete, order."""
    profile = get_object_or_404(InsuranceProfile.objects.select_related("patient"), public_id=profile_id)
    said = act_on(profile, request.POST.get("act", ""), request.POST)
    messages.success(request, said)
    return redirect("insurance:manage", profile.patient.public_id)


def act_on(profile: InsuranceProfile, act: str, data: Any) -> str:
    """Do one act of the page or the API; returns what was done in words."""
    if act == "default":
        profile_edits.set_default(profile, seen=data.get("seen"))
        return f"New visits take {profile.name}"
    if act == "active":
        profile_edits.set_active(profile)
        return f"{profile.name} is active"
    if act == "inactive":
        profile_edits.set_inactive(profile)
        return f"{profile.name} is inactive"
    if act == "delete":
        profile_edits.delete_profile(profile, data.get("reason", ""))
        return f"{profile.name} is deleted; its cards wait on no profile"
    if act == "up":
        return _move_up(profile, data.get("policy", ""))
    if act == "expire":
        policy = get_object_or_404(Policy.objects, public_id=data.get("policy", ""))
        on = parse_day(str(data.get("on", "")))
        if on is None:
            raise BadInput("Enter the last day of the coverage, such as 2026-12-31.", code="bad_date")
        whole = str(data.get("whole", "profile")) in ("profile", "True", "true", "on")
        profile_edits.expire_policy(policy, profile, on, whole_profile=whole)
        return f"Coverage ends on {on:%m/%d/%Y}"
    raise BadInput("This page knows default, active, inactive, up, expire and delete.", code="unknown_act")


def _move_up(profile: InsuranceProfile, policy_id: str) -> str:
    layers = list(profile.layers.select_related("policy__payer"))
    at = next((i for i, layer in enumerate(layers) if layer.policy.public_id == policy_id), 0)
    if at:
        layers[at - 1], layers[at] = layers[at], layers[at - 1]
    profile_edits.set_layers(profile, [LayerSpec(la.policy, la.effective_on, la.expires_on) for la in layers])
    return "Order of responsibility changed"


def _create(patient: Patient, form: ProfileForm, places: list[CardForm], seen: str) -> dict[str, Any]:
    chosen = [place.chosen(patient) for place in places]
    specs = [LayerSpec(policy) for policy in chosen if policy is not None]
    data = dict(form.cleaned_data)
    source, ends = _source(patient, data.pop("source")), data.pop("end_source")
    data["name"] = data["name"] or ", ".join(spec.policy.payer.name for spec in specs)[:60] or "New profile"
    profile = profile_edits.create_profile(patient, layers=specs, seen=seen, **data)
    if source is not None and ends:
        profile_edits.end_before(source, data["effective_on"])
    return {"profile": profile.public_id, "name": profile.name}


def _starting_cards(request: HttpRequest, patient: Patient) -> list[str]:
    """Which cards stand in the places of a new profile: those of the Default, then the new card; or copied ones."""
    source, since = _source(patient, request.GET.get("from", "")), _day(request.GET.get("since", ""))
    if source is not None and since is not None:
        good = {spec.policy.pk for spec in profile_edits.copy_layers(source, since)}
        held = {layer.position: layer.policy for layer in source.layers.select_related("policy")}
        gone = request.GET.get("replace", "")
        return [
            "" if place not in held
            else "new" if str(place) == gone or held[place].pk not in good
            else held[place].public_id
            for place in (1, 2, 3)
        ]  # fmt: skip
    wanted = request.GET.get("card", "")
    default = next((p for p in of_patient(patient) if p.status == ProfileStatus.DEFAULT), None)
    known = [layer.policy.public_id for layer in default.layers.all()] if default and wanted else []
    start = [*dict.fromkeys([*known, wanted])] if wanted else ["new"]
    return [*start, "", "", ""][:3]


def _from_existing(request: HttpRequest, patient: Patient) -> dict[str, Any]:
    """How the form starts when a profile is copied: from that day on, the old one ends the day before."""
    source, since = _source(patient, request.GET.get("from", "")), _day(request.GET.get("since", ""))
    if source is None or since is None:
        return {}
    return {"source": source.public_id, "effective_on": since, "kind": source.kind, "end_source": True}


def _source(patient: Patient, public_id: str) -> InsuranceProfile | None:
    """The profile that is copied; the self-pay one has nothing to copy."""
    rows = InsuranceProfile.objects.filter(patient=patient, public_id=public_id)
    return rows.exclude(kind=ProfileKind.SELF_PAY).first()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _guards(request: HttpRequest, policy: Policy, profiles: list[InsuranceProfile]) -> list[dict[str, Any]]:
    """B11.5's three questions for each profile, answered by data."""
    today = today_here(request)
    found = []
    for profile in profiles:
        visits = profile_edits.visits_of(profile)
        touched = profile_edits.touched_visits(profile, policy.effective_on, policy.expires_on)
        began = profile.effective_on or (visits[0].day if visits else None)
        found.append(
            {
                "profile": profile,
                "visits": visits,
                "touched": touched,
                "age": (today - began).days if began else None,
            }
        )
    return found


def _warn(request: HttpRequest, policy: Policy, today: Any) -> None:
    """Say what is odd about a card that was written (B11: a warning, never a refusal)."""
    for finding in policies.warnings_of(policy, today):
        messages.warning(request, f"{policy.payer.name}: {finding.message}")


def _has(profile: InsuranceProfile, policy: Policy) -> bool:
    return any(layer.policy_id == policy.pk for layer in profile.layers.all())


def _posted(request: HttpRequest) -> dict[str, Any]:
    return {
        key: value
        for key, value in request.POST.items()
        if key not in ("csrfmiddlewaretoken", "idempotency_key")
    }
