"""Receivables: by party and age, days in A/R, balances at risk; what holds the asking of one account (B12)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from billing import accounts, receivables
from billing.links import url_if_there
from billing.views.left_forms import AskingForm
from billing.views.tables import Cell, Table, counted, show
from lib.money import show_money, total
from patients.here import today_here
from patients.models import Patient

TABS = (("", "By party", "billing:receivables"), ("risk", "At risk", "billing:receivables-risk"))
GRADES = {
    "high": ("High risk", "stop", "alert-triangle"),
    "some": ("Some risk", "warn", "hourglass"),
    "none": ("On time", "ok", "circle-check"),
}


@require_GET
def by_party(request: HttpRequest) -> HttpResponse:
    """What each party owes, by age from the day it became theirs; the sum is the ledger's."""
    found = receivables.read(today_here(request))
    table = Table(
        title="Receivables",
        sub="aged from the day an amount became that party’s",
        head=[("Party", False), *((words, True) for words in receivables.AGES), ("Owed", True)],
        rows=[_party(row) for row in found.parties],
        foot=[
            Cell("All", name=True),
            *(Cell(total(row.ages[age] for row in found.parties)) for age in receivables.AGES),
            Cell(found.total),
        ],
        tabs=_tabs(""),
        tiles=_tiles(found),
        said=f"{counted(len(found.parties), 'part')[:-1]}ies" if len(found.parties) != 1 else "1 party",
        blank="Nobody owes anything",
        blank_words="Checked-out visits stand here until they are paid.",
    )
    return show(request, table, file_name="receivables")


@require_GET
def at_risk(request: HttpRequest) -> HttpResponse:
    """Patients who owe, those least likely to pay first, each with its reasons."""
    search = str(request.GET.get("q", "")).strip()[:60]
    grade = request.GET.get("grade", "")
    rows = receivables.risks(today_here(request), search=search)
    if grade in GRADES:
        rows = [row for row in rows if row.grade == grade]
    table = Table(
        title="Receivables",
        head=[
            ("Patient", False),
            ("Risk", False),
            ("Why", False),
            *((words, True) for words in receivables.AGES),
            ("Owed", True),
        ],
        rows=[_risk(row) for row in rows[:500]],
        tabs=_tabs("risk"),
        selects=[
            {
                "name": "grade",
                "label": "Risk",
                "value": grade,
                "options": [("", "Any risk"), *((key, words[0]) for key, words in GRADES.items())],
            }
        ],
        search=search,
        said=f"{counted(len(rows), 'patient')} · " + show_money(total(row.owed.total for row in rows)),
        blank="No patient owes anything" if not search and not grade else "Nobody fits",
        blank_words="Patients stand here from the day an amount is theirs.",
        acts=[("Collections", reverse("billing:collections"), False)],
    )
    return show(request, table, file_name="receivables-at-risk")


@require_http_methods(["GET", "POST"])
def asking(request: HttpRequest, public_id: str) -> HttpResponse:
    """What holds the asking of the patient's account: a hold until a day, mail that came back."""
    patient = get_object_or_404(Patient.objects.select_related("guarantor"), public_id=public_id)
    today = today_here(request)
    known = accounts.find(patient)
    first = {
        "hold_until": known.hold_until if known else None,
        "hold_reason": known.hold_reason if known else "",
        "bad_address": bool(known and known.bad_address_on),
    }
    form = AskingForm(request.POST or None, today=today, initial=first)
    if request.method == "POST" and form.is_valid():
        accounts.set_asking(patient, form.asking(), today=today)
        messages.success(request, "Saved. The next round of statements follows it")
        return redirect(reverse("patients:patient", args=[patient.public_id]))
    people = accounts.people_of(patient)
    times = counted(known.level if known else 0, "time")
    says = [f"This account was asked {times} since it last paid enough."]
    if len(people) > 1:
        says.append("It covers " + ", ".join(str(each) for each in people) + ".")
    if known and known.bad_address_on:
        says.append(f"Mail came back on {known.bad_address_on:%m/%d/%Y}: rounds pass the account over.")
    context = {
        "title": "Holds and address",
        "patient": patient,
        "form": form,
        "says": says,
        "button": "Save",
        "back": reverse("patients:patient", args=[patient.public_id]),
    }
    return render(request, "billing/act.html", context, status=400 if form.errors else 200)


def _party(row: receivables.Party) -> list[Cell]:
    url = reverse("billing:receivables-risk") if row.name == receivables.PATIENTS else ""
    if row.public_id:
        url = url_if_there("claims:report")
    return [
        Cell(row.name, url=url, name=True),
        *(Cell(row.ages[age]) for age in receivables.AGES),
        Cell(row.total),
    ]


def _risk(row: receivables.Risk) -> list[Cell]:
    words, family, icon = GRADES[row.grade]
    return [
        Cell(
            row.patient.list_name,
            url=reverse("patients:patient", args=[row.patient.public_id]),
            phi=True,
            name=True,
        ),
        Cell(words, family=family, icon=icon),
        Cell(", ".join(row.reasons)),
        *(Cell(row.owed.ages[age]) for age in receivables.AGES),
        Cell(row.owed.total),
    ]


def _tiles(found: receivables.Receivables) -> list[dict[str, Any]]:
    here = reverse("billing:receivables")
    risk = reverse("billing:receivables-risk")
    days = "no charges" if found.days is None else f"{found.days}"
    unused = show_money(found.credit + found.escrow)
    deposits = url_if_there("responses:deposits") or here
    rows = (
        ("Owed in all", show_money(found.total), here, "insurers and patients"),
        ("Days in A/R", days, here, f"charges of the last {receivables.SPAN} days"),
        (
            "Owed by patients",
            show_money(found.patients),
            risk,
            f"{show_money(found.at_agency)} with an agency",
        ),
        (
            "Not used yet",
            unused,
            deposits,
            f"credit {show_money(found.credit)}, escrow {show_money(found.escrow)}",
        ),
    )
    return [{"label": label, "value": value, "url": url, "note": note} for label, value, url, note in rows]


def _tabs(current: str) -> list[dict[str, Any]]:
    return [{"label": label, "url": reverse(route), "current": key == current} for key, label, route in TABS]
