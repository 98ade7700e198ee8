"""Pages: the claim queue with its bulk bar, the submission's job, and the Insurance Claims report."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from claims import denial_history, left_behind, queries, queue, submitting
from claims.enums import ClaimState
from claims.models import Batch, BatchItem, Claim
from clinics import audit
from clinics.errors import BadInput
from clinics.models import Membership
from clinics.typed import Asked, opened
from lib.money import show_money
from patients.here import today_here
from patients.tables import MOST, list_file, wants_file
from work.idempotency import once
from work.models import Job

TAB_WORDS = {"new": "New", "ready": "Ready", "hold": "On hold", "rejected": "Rejected"}
EMPTY = {
    "new": ("Nothing waits for review", "Claims that are queued with something missing come here."),
    "ready": ("Nothing is ready", "Claims come here by One-Click, or when a review finds nothing missing."),
    "hold": ("Nothing is on hold", "A claim is held with a reason, from its page or from the bulk bar."),
    "rejected": ("Nothing is rejected", "The clearinghouse and the payers have taken every claim."),
}


@require_GET
def queue_page(request: HttpRequest) -> HttpResponse:
    """The claim queue: tabs, filters, rows, bulk bar."""
    tab = request.GET.get("tab") if request.GET.get("tab") in queries.TABS else "ready"
    params = request.GET.copy()
    params["tab"] = str(tab)
    rows = queries.work_list(params)
    today = today_here(request)
    if wants_file(request):
        return _file(request, "claim-queue", rows, today)
    counts = queries.tab_counts()
    found = queries.page(rows, request.GET.get("sort", ""), request.GET.get("after", ""))
    number, money = queries.sums(rows)
    context = {
        "rows": queries.decorate(found.rows, today, denial_history.load(found.rows, today)),
        "next": found.following,
        "tab": tab,
        "tab_word": TAB_WORDS[str(tab)],
        "tabs": [
            {"label": words, "url": f"?tab={key}", "count": counts[key], "current": key == tab}
            for key, words in TAB_WORDS.items()
        ],
        "counts": counts,
        "selects": _selects(request),
        "q": request.GET.get("q", ""),
        "filtered": any(request.GET.get(name) for name in ("q", "payer", "who", "find")),
        "number": number,
        "said": f"{number:,} {'claim' if number == 1 else 'claims'} · {show_money(money)}",
        "empty": EMPTY[str(tab)],
        "people": _people(request),
    }
    return render(request, "claims/queue.html", context)


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The dry run of Bulk Submit as a dialog: counts for each partner, what stays behind and why."""
    look = submitting.preview(chosen(request), today_here(request))
    context = {"look": look, "ids": request.POST.getlist("id"), "filter": request.POST.get("filter", ""),
               "all": request.POST.get("all", "")}  # fmt: skip
    return render(request, "claims/parts/preview.html", context)


@require_POST
def submit(request: HttpRequest) -> HttpResponse:
    """Start the submission, once for each form; the job's page follows it."""
    claims, today = chosen(request), today_here(request)
    selection, ticked = selection_of(request), bool(request.POST.get("ticked"))
    answer, _ = once(
        request.POST.get("idempotency_key", ""),
        {"act": "submit", "ticked": ticked, **selection},
        lambda: {"job": submitting.start(claims, today, selection, ticked=ticked).public_id},
    )
    return redirect("claims:job", answer["job"])


@require_POST
def bulk(request: HttpRequest, act: str) -> HttpResponse:
    """Assign, hold or release the chosen claims; what cannot be is told."""
    rows, today, done, refused = chosen(request), today_here(request), 0, 0
    if act == "assign":
        who = request.POST.get("assignee", "")
        if who and not Membership.objects.filter(user__email=who, clinic=request.membership.clinic).exists():  # type: ignore[attr-defined]
            raise BadInput("Nobody of this clinic has that address.", code="unknown_person")
        done = queue.assign(rows, who)
    elif act in ("hold", "release"):
        for claim in rows.select_for_update(of=("self",)):
            fits = claim.state in (
                (ClaimState.NEW, ClaimState.READY) if act == "hold" else (ClaimState.ON_HOLD,)
            )
            if not fits:
                refused += 1
                continue
            if act == "hold":
                queue.hold(
                    claim, request.POST.get("reason", ""), queries.parse_day(request.POST.get("until", ""))
                )
            else:
                queue.release(claim, today)
            done += 1
    else:
        raise BadInput("There is no such act.", code="unknown_act")
    words = {"assign": "given", "hold": "held", "release": "released"}[act]
    tail = f"; {refused} left as they are" if refused else ""
    messages.success(request, f"{done} {'claim' if done == 1 else 'claims'} {words}{tail}")
    return redirect(f"{reverse('claims:queue')}?{_filter(request).urlencode()}")


@require_GET
def job(request: HttpRequest, public_id: str) -> HttpResponse:
    """A submission: progress, then a result for each claim, filterable and as CSV."""
    row = get_object_or_404(Job.objects, public_id=public_id, kind=submitting.SUBMIT)
    wanted, text, sort = (request.GET.get(name, "") for name in ("show", "q", "sort"))
    if wants_file(request):
        lines = [
            [it.claim.control_number, it.claim.patient_name, it.claim.service_from, it.claim.payer_name, it.claim.total,
             it.item.batch.public_id if it.item else "",
             it.claim.get_state_display() if it.item else "stayed behind", it.why]
            for it in left_behind.look(row, wanted, text, sort, size=MOST + 1).rows
        ]  # fmt: skip
        audit.record("claim.export", "job", public_id, rows=len(lines))
        head = ["Claim", "Patient", "DOS", "Payer", "Charge", "Batch", "State", "Why it stayed behind"]
        return list_file(request, "submission", head, lines)
    found = left_behind.look(row, wanted, text, sort, _start(request))
    stayed = f"; {found.stayed:,} stayed behind" if found.stayed else ""
    title = (
        f"{found.went:,} of {found.went + found.stayed:,} claims submitted{stayed}"
        if row.finished_at
        else "Submission is running"
    )
    context = {
        "job": row,
        "title": title,
        "found": found,
        "said": f"{found.number:,} {'claim' if found.number == 1 else 'claims'}",
        "tabs": [
            {"label": "All", "url": "?", "count": found.went + found.stayed, "current": not wanted},
            {"label": "Submitted", "url": "?show=went", "count": found.went, "current": wanted == "went"},
            {"label": "Stayed behind" if row.finished_at else "Waiting", "url": "?show=stayed",
             "count": found.stayed, "current": wanted == "stayed"},
        ],
        "q": text,
        "batches": Batch.objects.filter(job=row).order_by("pk").defer("selection"),
        "reasons": left_behind.summary(row),
        "crumbs": [("Claim queue", reverse("claims:queue")), ("Submission", "")],
    }  # fmt: skip
    return render(request, "claims/job.html", context)


def _start(request: HttpRequest) -> int:
    """Where the asked page of a result begins."""
    after = request.GET.get("after", "")
    return int(after) if after.isascii() and after.isdigit() and len(after) < 7 else 0


@require_GET
def job_progress(request: HttpRequest, public_id: str) -> HttpResponse:
    """The polled piece of a job."""
    row = get_object_or_404(Job.objects, public_id=public_id, kind=submitting.SUBMIT)
    url = reverse("claims:job-progress", args=[public_id])
    response = render(request, "parts/job.html", {"job": row, "url": url})
    if row.finished_at:
        response["HX-Refresh"] = "true"  # the list below still says what waits: show what became of it
    return response


@require_GET
def report(request: HttpRequest) -> HttpResponse:
    """Reports › Insurance Reports › Insurance Claims (B7)."""
    rows, today = queries.all_claims(request.GET), today_here(request)
    if wants_file(request):
        return _file(request, "insurance-claims", rows, today)
    found = queries.page(rows, request.GET.get("sort", ""), request.GET.get("after", ""))
    number, money = queries.sums(rows)
    live = {
        item.claim_id: item.batch
        for item in BatchItem.objects.filter(
            claim__in=[c.pk for c in found.rows], is_live=True
        ).select_related("batch")
    }
    context = {
        "rows": [(row, live.get(row.claim.pk)) for row in queries.decorate(found.rows, today)],
        "next": found.following,
        "today": today,
        "said": f"{number:,} claims · {show_money(money)}",
        "number": number,
        "selects": [
            {"name": "state", "label": "State", "value": request.GET.get("state", ""),
             "options": [("", "Any state"), *queries.STATE_CHOICES]},
            {"name": "outcome", "label": "Outcome", "value": request.GET.get("outcome", ""),
             "options": [("", "Any outcome"), *queries.OUTCOME_CHOICES]},
            {"name": "layer", "label": "Layer", "value": request.GET.get("layer", ""),
             "options": [("", "Any layer"), ("1", "Primary"), ("2", "Secondary"), ("3", "Tertiary")]},
            _payer_select(request),
            {"name": "date", "label": "Which date", "value": request.GET.get("date", "dos"),
             "options": [("dos", "Date of service"), ("created", "Created"), ("submitted", "Submitted"),
                         ("posted", "Posted")]},
        ],
        "dates": [{"name": name, "label": label, "value": request.GET.get(name, "")}
                  for name, label in (("from", "From"), ("to", "to"))],
        "q": request.GET.get("q", ""),
        "filtered": any(value for name, value in request.GET.items() if name not in ("sort", "after", "date")),
        "crumbs": [("Reports", "/reports/"), ("Insurance Reports", ""), ("Insurance Claims", "")],
    }  # fmt: skip
    return render(request, "claims/report.html", context)


def chosen(request: HttpRequest) -> QuerySet[Claim]:
    """The claims a bulk form names: by id, or anew from its filter."""
    if request.POST.get("all"):
        return queries.work_list(_filter(request))
    return Claim.objects.filter(public_id__in=request.POST.getlist("id"))


def _filter(request: HttpRequest) -> Asked:
    """The list's filter that a bulk form carries."""
    return opened(request.POST.get("filter", ""), request.membership.clinic_id)  # type: ignore[attr-defined]


def selection_of(request: HttpRequest) -> dict[str, Any]:
    """How the claims were chosen, kept with the batch (B6.1)."""
    if request.POST.get("all"):
        return {"filter": _filter(request).plain()}
    return {"ids": sorted(request.POST.getlist("id"))}


def _file(request: HttpRequest, name: str, rows: QuerySet[Claim], today: date) -> HttpResponse:
    """B7's columns for a spreadsheet; the export is audited."""
    found = queries.decorate(list(rows.order_by("-service_from", "-pk")[: MOST + 1]), today)
    live = {
        item.claim_id: item.batch.public_id
        for item in BatchItem.objects.filter(
            claim__in=[row.claim.pk for row in found], is_live=True
        ).select_related("batch")
    }
    head = ["Claim no.", "Version", "Patient", "DOS from", "DOS to", "Payer", "Layer", "Rendering", "Charge", "State",
            "Outcome", "Last event", "Days since submit", "Filing days left", "Batch", "Hold reason", "Assignee",
            "Next follow-up"]  # fmt: skip
    lines = [
        [c.control_number, c.version, c.patient_name, c.service_from, c.service_to, c.payer_name, c.rank,
         c.clinician_name, c.total, c.get_state_display(), c.get_outcome_display(), c.last_event,
         row.since if row.since is not None else "", row.deadline.days_left,
         live.get(c.pk, ""), c.hold_reason, c.assignee, c.hold_until or ""]
        for row in found for c in [row.claim]
    ]  # fmt: skip
    audit.record("claim.export", "claim", rows=len(lines))
    return list_file(request, name, head, lines)


def _payer_select(request: HttpRequest) -> dict[str, Any]:
    options = [("", "Any payer"), *queries.payers_with_claims()]
    return {"name": "payer", "label": "Payer", "value": request.GET.get("payer", ""), "options": options}


def _selects(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        _payer_select(request),
        {"name": "find", "label": "Findings", "value": request.GET.get("find", ""),
         "options": [("", "Any findings"), ("errors", "With errors"), ("clean", "Clean")]},
        {"name": "who", "label": "Who has it", "value": request.GET.get("who", ""),
         "options": [("", "Anybody"), ("nobody", "Nobody"), (request.user.email, "Me")]},  # type: ignore[union-attr]
    ]  # fmt: skip


def _people(request: HttpRequest) -> list[str]:
    """Who of this clinic can be given a claim."""
    members = Membership.objects.filter(clinic=request.membership.clinic, is_active=True)  # type: ignore[attr-defined]
    return list(members.order_by("user__email").values_list("user__email", flat=True))
