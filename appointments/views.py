"""Booking and the visit page. The schedule is in schedule_views.py, the catalogue in catalogue_views.py."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from appointments import booking, queries, visits
from appointments.carryforward import Carried, source_of
from appointments.enums import AppointmentState
from appointments.errors import CoverageBoundary
from appointments.forms import BookForm, CancelForm, LineItemsForm, MoveForm, TreatmentForm, local_clock
from appointments.models import Appointment
from clinics import audit
from clinics.errors import BadInput, Refusal
from clinics.permissions import may
from clinics.settings import value_of
from insurance.models import InsuranceProfile
from insurance.profiles import is_in_force, layers_on, of_patient
from insurance.requirements import missing_for_claim
from patients.here import location_here, today_here
from patients.models import Patient
from patients.requirements import missing_to_book
from work.idempotency import once

ACTS = {
    "start": visits.start,
    "complete": visits.complete,
    "reopen": visits.reopen,
    "undo_arrival": visits.undo_arrival,
}
SAID = {
    "arrive": "is here",
    "start": "in treatment",
    "complete": "complete: to check out",
    "reopen": "back in treatment",
    "undo_arrival": "scheduled again",
}


@require_http_methods(["GET", "POST"])
def book(request: HttpRequest) -> HttpResponse:
    """Book a visit, or take a walk-in; the patient is found by typing or registered first."""
    here, today = location_here(request), today_here(request)
    walk_in = "walk_in" in request.GET
    now = timezone.now().astimezone(ZoneInfo(here.time_zone)).time().replace(second=0, microsecond=0)
    start = {"location": here.public_id, "day": today, "walk_in": walk_in, "clock": now if walk_in else None}
    form = BookForm(request.POST or None, initial={**start, "patient": request.GET.get("patient", "")})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():  # a refusal takes the idempotency key back with it
                answer, _ = once(
                    request.POST.get("idempotency_key", ""),
                    {"act": "book", "form": _posted(request)},
                    lambda: _book(form),
                )
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, answer["said"])
            if answer["chip"]:
                messages.warning(
                    request, f"{answer['chip']}: the visit is self-pay unless you choose a profile."
                )
            return redirect("appointments:visit", answer["visit"])
    chosen = Patient.objects.filter(public_id=form["patient"].value() or "").first()
    return render(request, "appointments/book.html", {"form": form, "chosen": chosen, "today": today})


@require_GET
def visit_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One visit: line items or treatment, who pays, what is missing."""
    return _visit_page(request, _load(public_id))


@require_POST
def line_items(request: HttpRequest, public_id: str) -> HttpResponse:
    """Save the Line Items tab."""
    visit = _load(public_id)
    rows = sum(key.startswith("service_") for key in request.POST)
    form = LineItemsForm(request.POST, visit=visit, lines=_lines(visit), rows=min(rows, 60))
    if not form.is_valid():
        return _visit_page(request, visit, line_form=form)
    visits.set_line_items(visit.public_id, form.entered, form.codes)
    messages.success(request, "Line items saved")
    return redirect("appointments:visit", visit.public_id)


@require_POST
def treatment(request: HttpRequest, public_id: str) -> HttpResponse:
    """Save the Treatment tab."""
    visit = _load(public_id)
    form = TreatmentForm(request.POST, visit=visit)
    if not form.is_valid():
        return _visit_page(request, visit, treatment_form=form)
    visits.set_treatment(visit.public_id, form.cleaned_data)
    messages.success(request, "Treatment dates saved")
    return redirect(f"{reverse('appointments:visit', args=[visit.public_id])}?tab=treatment")


@require_POST
def confirm(request: HttpRequest, public_id: str) -> HttpResponse:
    """Tick every copied line as done."""
    count = visits.confirm_lines(public_id)
    messages.success(request, f"{count} line{'' if count == 1 else 's'} confirmed")
    return redirect(_back(request, public_id))


@require_POST
def salt(request: HttpRequest, public_id: str) -> HttpResponse:
    """Same as last time: the button, or the page's first opening where SALT is automatic."""
    carried = visits.same_as_last_time(public_id)
    _say_carried(request, carried)
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204)
        if carried.source_day:
            response["HX-Redirect"] = reverse("appointments:visit", args=[public_id])
        return response
    if not carried.source_day:
        messages.warning(request, "Nothing was copied: there is no earlier visit of this type with codes.")
    return redirect("appointments:visit", public_id)


@require_POST
def act(request: HttpRequest, public_id: str) -> HttpResponse:
    """Arrive, start, complete, and back."""
    name = request.POST.get("act", "")
    if name == "status":
        chosen = request.POST.get("status", "")
        for words in booking.give_status(_load(public_id), chosen):
            messages.warning(request, words)
        messages.success(request, f"Status {chosen}" if chosen else "No status of its own")
        return redirect(_back(request, public_id))
    moved = do_act(public_id, name)
    messages.success(request, f"{moved.appointment.appointment_type} {SAID[name]}")
    _say_carried(request, moved.carried)
    return redirect(_back(request, public_id))


def do_act(public_id: str, name: str) -> visits.Moved:
    """One move of a visit, for the page and the API."""
    if name == "arrive":
        return visits.arrive(public_id, at=timezone.now())
    if name not in ACTS:
        raise BadInput(f"A visit can arrive, {', '.join(ACTS)}.", code="unknown_act")
    return ACTS[name](public_id)


@require_POST
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """Cancel, no-show and their like; or take that back."""
    visit = _load(public_id)
    if request.POST.get("act") == "series":
        count = booking.cancel_series(visit, reason=request.POST.get("reason", ""))
        messages.success(request, f"{count} visit{'' if count == 1 else 's'} of the series cancelled")
        return redirect(_back(request, public_id))
    if request.POST.get("act") == "restore":
        said = booking.take_back_cancel(visit, at=timezone.now())
        messages.success(request, " ".join(["The visit stands again.", *said]))
        return redirect(_back(request, public_id))
    form = CancelForm(request.POST)
    if not form.is_valid():
        raise BadInput("Choose how the visit was cancelled.", code="bad_state")
    state, status = form.chosen
    said = booking.cancel(visit, state, status=status, reason=form.cleaned_data["reason"], at=timezone.now())
    messages.success(request, visit.status.name if visit.status else visit.get_state_display())
    for words in said:
        messages.warning(request, words)
    return redirect(_back(request, public_id))


@require_POST
def move(request: HttpRequest, public_id: str) -> HttpResponse:
    """Another day or time; over a boundary of coverage it is asked who pays: as it is, the day's own, the patient."""
    visit = _load(public_id)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _visit_page(request, visit, move_form=form)
    data, who = form.cleaned_data, request.POST.get("profile", "")
    profiles = {profile.public_id: profile for profile in of_patient(visit.patient)}
    try:
        moved = booking.move(
            visit, starts_at=form.starts_at(visit.location), at=timezone.now(), minutes=data["minutes"],
            profile=profiles.get(who),
        )  # fmt: skip
    except CoverageBoundary as asked:
        context = {"visit": visit, "patient": visit.patient, "choices": asked.data["choices"], "data": data}
        return render(request, "appointments/move_ask.html", context)
    messages.success(request, f"Moved to {data['day']:%m/%d/%Y}")
    if moved.chip:
        messages.warning(request, f"{moved.chip}. Look at who pays.")
    return redirect("appointments:visit", public_id)


@require_POST
def ask_self_pay(request: HttpRequest, public_id: str) -> HttpResponse:
    """The patient pays in full and asks that no insurer is billed for this visit; or takes it back."""
    wanted = request.POST.get("wanted") == "1"
    visits.ask_self_pay(public_id, wanted)
    messages.success(
        request, "No insurer is billed for this visit" if wanted else "The insurer is billed again"
    )
    return redirect(_back(request, public_id))


@require_POST
def choose_profile(request: HttpRequest, public_id: str) -> HttpResponse:
    """Override who pays for this visit."""
    visit = _load(public_id)
    profile = get_object_or_404(InsuranceProfile.objects, public_id=request.POST.get("profile", ""))
    booking.choose_profile(visit, profile)
    messages.success(request, f"{profile.name} pays for this visit")
    return redirect("appointments:visit", public_id)


@require_GET
def patient_visits(request: HttpRequest, patient_id: str) -> HttpResponse:
    """The visits of the patient page that are not checked out; the others stand there with their money."""
    patient = get_object_or_404(Patient.objects, public_id=patient_id)
    context = {"patient": patient, "visits": queries.uncharged_of_patient(patient)}
    context["has_others"] = patient.appointments.filter(state=AppointmentState.CHECKED_OUT).exists()
    return render(request, "appointments/parts/patient_visits.html", context)


def _visit_page(
    request: HttpRequest,
    visit: Appointment,
    *,
    line_form: LineItemsForm | None = None,
    treatment_form: TreatmentForm | None = None,
    move_form: MoveForm | None = None,
) -> HttpResponse:
    audit.record("visit.read", "appointment", visit.public_id, patient=visit.patient.public_id)
    lines = _lines(visit)
    layers = layers_on(visit.profile, visit.service_date)
    tab = "treatment" if treatment_form is not None or request.GET.get("tab") == "treatment" else "lines"
    start = {"day": visit.service_date, "clock": local_clock(visit), "minutes": visit.minutes}
    is_open = visit.state in (*visits.OPEN_STATES, AppointmentState.SCHEDULED)
    missing = missing_to_book(visit.patient)
    context = {
        "visit": visit,
        "patient": visit.patient,
        "today": today_here(request),
        "tab": tab,
        "tabs": _tabs(visit, tab, len(lines)),
        "lines": lines,
        "layers": layers,
        "chip": "" if is_in_force(visit.profile, visit.service_date) else "No coverage on this date",
        "profiles": of_patient(visit.patient),
        "missing": missing
        + [m for m in missing_for_claim(visit.patient, visit.profile, layers) if m not in missing],
        "line_form": line_form or LineItemsForm(visit=visit, lines=lines),
        "treatment_form": treatment_form or TreatmentForm(visit=visit),
        "move_form": move_form or MoveForm(initial=start),
        "cancel_form": CancelForm(),
        "statuses": booking.statuses_of(visit.state) if visit.state == AppointmentState.COMPLETE else [],
        "later": booking.later_of_series(visit).count() if visit.series else 0,
        "waiting": sum(not line.is_confirmed for line in lines),
        "is_open": is_open,
        "may_edit": is_open and may(request, "visit.write"),
        "diagnoses": [
            (number, code, visit.diagnosis_labels.get(code, ""))
            for number, code in enumerate(visit.diagnoses, 1)
        ],
        "check_out": page_of("billing:check-out", visit.public_id),
        **_salt_state(visit),
    }
    return render(request, "appointments/visit.html", context)


def _salt_state(visit: Appointment) -> dict[str, Any]:
    """Whether SALT still has something to do here: by itself on opening (auto) or by its button."""
    mode = value_of("salt_mode", visit.location)
    if visit.salt_from is not None or visit.state not in visits.OPEN_STATES or mode == "off":
        return {"salt_source": None, "salt_auto": False}
    source = source_of(visit)
    is_empty = not visit.diagnoses and not visit.lines.exists()
    return {"salt_source": source, "salt_auto": mode == "auto" and source is not None and is_empty}


def _tabs(visit: Appointment, tab: str, lines: int) -> list[dict[str, Any]]:
    here = reverse("appointments:visit", args=[visit.public_id])
    return [
        {"label": "Line Items", "url": here, "count": lines, "current": tab == "lines"},
        {"label": "Treatment", "url": f"{here}?tab=treatment", "count": None, "current": tab == "treatment"},
    ]


def _load(public_id: str) -> Appointment:
    rows = Appointment.objects.select_related(
        "patient__guarantor", "location__clinic", "clinician", "appointment_type", "profile", "status"
    )
    return get_object_or_404(rows, public_id=public_id)


def _lines(visit: Appointment) -> list[Any]:
    return list(visit.lines.select_related("service").order_by("line_no"))


def _book(form: BookForm) -> dict[str, Any]:
    data = form.cleaned_data
    booked = booking.book(
        data["patient"], location=data["location"], clinician=data["clinician"], profile=data["profile"],
        appointment_type=data["appointment_type"], starts_at=data["starts_at"], at=timezone.now(),
        minutes=data["minutes"], note=data["note"], walk_in=data["walk_in"],
    )  # fmt: skip
    row = booked.appointment
    if data["repeat_times"]:
        made = booking.repeat(
            row, every_weeks=data["repeat_weeks"], times=data["repeat_times"], at=timezone.now()
        )
        last = made[-1].appointment.service_date
        said = f"{len(made) + 1} visits booked, the last on {last:%m/%d/%Y}"
        chips = [one.chip for one in (booked, *made) if one.chip]
        return {"visit": row.public_id, "chip": chips[0] if chips else "", "said": said}
    said = f"Booked for {row.service_date:%m/%d/%Y}" if not data["walk_in"] else "The patient is here"
    return {"visit": row.public_id, "chip": booked.chip, "said": said}


def _say_carried(request: HttpRequest, carried: Carried) -> None:
    if carried.source_day:
        messages.success(
            request, f"Same as last time, {carried.source_day:%m/%d/%Y}: {carried.lines} lines copied"
        )
    if carried.dropped:
        messages.warning(request, f"Not offered any more, so not copied: {', '.join(carried.dropped)}.")


def _back(request: HttpRequest, public_id: str) -> str:
    wanted = request.POST.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else _visit_url(public_id)


def _visit_url(public_id: str) -> str:
    return reverse("appointments:visit", args=[public_id])


def page_of(name: str, *args: str) -> str:
    """The address of a room above, "" where it has none."""
    try:
        return reverse(name, args=args or ["X"])
    except NoReverseMatch:
        return ""


def _posted(request: HttpRequest) -> dict[str, Any]:
    return {
        key: value
        for key, value in request.POST.items()
        if key not in ("csrfmiddlewaretoken", "idempotency_key")
    }
