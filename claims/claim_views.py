"""Pages of one claim: review with its findings, timeline, versions, files, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from claims import (
    boxes,
    checks,
    corrections,
    deadlines,
    denial_history,
    inquiries,
    lifecycle,
    paper,
    proof,
    queries,
    queue,
    remedies,
    remedy_links,
    review,
    ticks,
    voids,
)
from claims.cms1500 import crosswalk
from claims.enums import ClaimState, Outcome
from claims.models import Acknowledgement, BatchItem, Claim, ClaimEvent
from claims.more_boxes import more_sections
from claims.rare_boxes import LINE, rare_sections
from clinics import audit
from clinics.errors import BadInput
from clinics.permissions import may
from lib.findings import has_errors
from lib.frozen import thaw
from patients.here import today_here
from work.idempotency import once
from x12.documents.professional_claim import ClaimDocument

TABS = {"": "Claim", "timeline": "Timeline", "versions": "Versions", "files": "Files", "boxes": "Boxes"}
FULL = ("payer", "policy", "invoice", "patient", "appointment", "location", "replaces")
MOST_OPEN = 4  # lines whose rare boxes are shown at once: with fifty lines a form takes no more fields


@require_GET
def claim(request: HttpRequest, public_id: str) -> HttpResponse:
    """One claim; the tab says which part."""
    row = _load(public_id)
    audit.record("claim.read", "claim", row.public_id)
    tab = request.GET.get("tab", "") if request.GET.get("tab", "") in TABS else ""
    today = today_here(request)
    context = _frame(request, row, tab) | {
        "deadline": deadlines.look(row.filing_deadline, row.service_to, today), "today": today,
    }  # fmt: skip
    if tab == "timeline":
        context["events"] = list(ClaimEvent.objects.filter(claim=row).order_by("-at", "-pk"))
        context["answers"] = list(row.adjudications.prefetch_related("lines").order_by("-created_at"))
        denied = row.outcome in (Outcome.DENIED, Outcome.PARTIAL)
        answered = corrections.last_answered(row) if denied else None
        context["appeal_by"] = deadlines.limit_after(answered, row.payer.appeal_days)
    elif tab == "versions":
        context["versions"] = _versions(row)
    elif tab == "boxes":
        context["entries"] = crosswalk(thaw(ClaimDocument, row.document))
    elif tab == "files":
        context["items"] = list(
            BatchItem.objects.filter(claim=row).select_related("batch__connection").order_by("-pk")
        )
        context["acks"] = list(Acknowledgement.objects.filter(claim=row).order_by("-received_at"))
    else:
        context |= _review(request, row, today)
    return render(request, "claims/claim.html", context)


@require_GET
def paper_form(request: HttpRequest, public_id: str) -> HttpResponse:
    """The CMS-1500 of one claim: on a drawn form to read, or the data alone for the red one."""
    row = _load(public_id)
    drawn = request.GET.get("print") != "data"
    audit.record("claim.print", "claim", public_id, drawn=drawn)
    return pdf_answer(paper.form_of(row, drawn=drawn), f"CMS-1500_{row.control_number}.pdf")


@require_GET
def proof_packet(request: HttpRequest, public_id: str) -> HttpResponse:
    """That this claim was filed in time, as a PDF for the payer."""
    row = _load(public_id)
    audit.record("claim.proof", "claim", public_id)
    return pdf_answer(proof.packet(row), f"proof_{row.control_number}.pdf")


def pdf_answer(content: bytes, name: str) -> HttpResponse:
    """A PDF shown in the browser."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
def save(request: HttpRequest, public_id: str) -> HttpResponse:
    """Save the review; zero errors makes the claim ready and opens the next one of the list."""
    row = _load(public_id)
    version = request.POST.get("document_version", "")
    if not version.isdigit():
        raise BadInput("Reload the page and try again.", code="version_missing")
    edits = changed_fields(row, request.POST.dict())
    findings = review.save_review(
        row, edits, int(version), today_here(request), reason=request.POST.get("reason", "")
    )
    if has_errors(findings):
        errors = sum(1 for item in findings if item.severity == "error")
        messages.warning(request, f"Saved; {errors} {'error' if errors == 1 else 'errors'} to go")
        return redirect("claims:claim", row.public_id)
    messages.success(request, f"Claim {row.control_number} is {ClaimState(row.state).label.lower()}")
    following = _neighbour(row, ClaimState.NEW) if request.POST.get("next") else None
    return redirect("claims:claim", following.public_id) if following else redirect("claims:queue")


@require_POST
def act(request: HttpRequest, public_id: str, act: str) -> HttpResponse:
    """Hold, release, copy again from the visit, check, take, note: small acts of a claim's page."""
    row = get_object_or_404(
        Claim.objects.select_related("invoice").select_for_update(of=("self",)), public_id=public_id
    )
    today = today_here(request)
    if act == "hold":
        queue.hold(row, request.POST.get("reason", ""), queries.parse_day(request.POST.get("until", "")))
        words = "Held"
    elif act == "discard":
        queue.discard(row, request.POST.get("reason", ""))
        words = "Given up: it will not be sent"
    elif act == "release":
        queue.release(row, today)
        words = f"Released: it is {ClaimState(row.state).label.lower()}"
    elif act == "refresh":
        findings = review.refresh(row, today)
        words = "Copied again from the visit" + ("" if has_errors(findings) else ": nothing is missing")
    elif act == "take":
        queue.assign([row], request.user.email)  # type: ignore[union-attr]
        words = "It is yours"
    elif act == "tick":
        number = ticks.tick(row)
        words = (
            f"{number} {'warning' if number == 1 else 'warnings'} ticked"
            if number
            else "Nothing was left to tick"
        )
    elif act == "note":
        text = request.POST.get("text", "").strip()
        if not text:
            raise BadInput("Write something first.", code="empty_note")
        lifecycle.note(row, "note", text)
        words = "Noted"
    else:
        raise BadInput("There is no such act.", code="unknown_act")
    messages.success(request, words)
    return redirect(request.POST.get("back") or reverse("claims:claim", args=[row.public_id]))


@require_http_methods(["GET", "POST"])
def resubmit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Duplicate & resubmit: what B8 offers here as a dialog, then the new version in review."""
    row = _load(public_id)
    if request.method == "POST":
        frequency, reason = request.POST.get("frequency", ""), request.POST.get("reason", "")
        number = request.POST.get("payer_claim_number", "")
        if frequency not in ("1", "7", "8"):
            raise BadInput("Choose how it is sent again.", code="frequency_missing")
        today = today_here(request)
        answer, _ = once(
            request.POST.get("idempotency_key", ""),
            {"act": "resubmit", "claim": public_id, "frequency": frequency},
            lambda: {
                "claim": corrections.duplicate(
                    row, frequency, reason, today=today, payer_claim_number=number
                ).public_id
            },
        )
        messages.success(request, "New version: mend it, then save")
        return redirect("claims:claim", answer["claim"])
    return render(request, "claims/resubmit.html", {"claim": row, "choices": corrections.choices(row)})


def changed_fields(row: Claim, posted: dict[str, str]) -> dict[str, str]:
    """The fields of the form that differ from what was shown: only those are edits."""
    document = thaw(ClaimDocument, row.document)
    edits = {}
    every = rare_sections(document, range(len(document.lines)))
    for section in [*boxes.sections(document), *more_sections(document), *every]:
        for box in section.boxes:
            if box.edit and box.path in posted and tidy(posted[box.path]) != tidy(box.raw):
                edits[box.path] = posted[box.path]
    for line in boxes.line_rows(document):
        for name, shown in (("modifiers", line.modifiers), ("pointers", line.pointers)):
            path = f"lines.{line.place}.{name}"
            if path in posted and posted[path].strip() != shown:
                edits[path] = posted[path]
    return edits


def tidy(text: str) -> str:
    """What was typed without the blanks and line ends a browser adds."""
    return text.replace("\r\n", "\n").strip()


def _load(public_id: str) -> Claim:
    return get_object_or_404(Claim.objects.select_related(*FULL), public_id=public_id)


def _frame(request: HttpRequest, row: Claim, tab: str) -> dict[str, Any]:
    """What every tab shows: head, tabs, acts."""
    state = ClaimState(row.state)
    base = reverse("claims:claim", args=[row.public_id])
    waiting = state in queue.WAITING
    edits = may(request, "claim.edit")
    return {
        "claim": row,
        "tab": tab,
        "tabs": [
            {"label": words, "url": f"{base}?tab={key}" if key else base, "count": None, "current": key == tab}
            for key, words in TABS.items()
        ],
        "crumbs": [
            ("Claim queue", reverse("claims:queue")),
            (state.label, f"{reverse('claims:queue')}?tab={_tab(state)}"),
        ],
        "editable": waiting and edits,
        "unticked": edits and waiting and row.warning_count and ticks.open_warnings(
            review.stored_findings(row), ticks.load([row]).get(row.pk, frozenset())),
        "may_hold": edits and state in (ClaimState.NEW, ClaimState.READY),
        "may_give_up_void": edits and state == ClaimState.REJECTED and queue.may_discard(row),
        "may_ask": edits and inquiries.may_ask(row),
        "void": voids.void_of(row) if state == ClaimState.VOID_REQUESTED else None,
        "may_release": edits and state == ClaimState.ON_HOLD,
        "may_resubmit": edits and any(choice.allowed or choice.code == "payer_claim_number_missing"
                                      for choice in corrections.choices(row)),
        "before": _neighbour(row, state, back=True) if waiting else None,
        "after": _neighbour(row, state) if waiting else None,
    }  # fmt: skip


def _tab(state: ClaimState) -> str:
    return next((tab for tab, known in queries.TABS.items() if known == state), "ready")


def _charge_whys(row: Claim) -> dict[int, str]:
    """Where each line's charge says why it is what it is, by the line's place."""
    charges = row.lines.values_list("line_no", "charge__public_id")
    return {number - 1: reverse("billing:why", args=[public_id]) for number, public_id in charges}


def _review(request: HttpRequest, row: Claim, today: date) -> dict[str, Any]:
    """Boxes, lines and findings, each finding with the field it leads to or the page that mends it."""
    document = thaw(ClaimDocument, row.document)
    history = denial_history.findings(row, denial_history.load([row], today).get(row.pk, ()))
    items = [*row.findings, *checks.as_rows(history)]
    opened = _opened_lines(request, len(document.lines), items)
    more = more_sections(document)
    sections = [*boxes.sections(document), *more, *rare_sections(document, opened)]
    paths = [box.path for section in sections for box in section.boxes if box.edit]
    whys = _charge_whys(row)
    lines = [replace(line, why=whys.get(line.place, "")) for line in boxes.line_rows(document)]
    paths += [f"lines.{line.place}.{name}" for line in lines for name in ("pointers", "modifiers")]
    changed = review.kept_edits(row)
    labels = {box.path: _box_words(box) for section in sections for box in section.boxes if box.path}
    findings: list[dict[str, Any]] = []
    marked: dict[str, dict[str, Any]] = {}
    for item in items:
        path = remedies.box_of(item["where"], paths)
        anchor = boxes.anchor(path)
        wants_page = not path or remedies.is_at_source(item["code"], item["where"])
        remedy = None
        if wants_page:
            remedy = remedy_links.remedy_of(
                request, item["code"], item["where"], row, has_patient=document.patient is not None
            )
        findings.append(
            item | {"anchor": anchor, "remedy": remedy, "at": remedies.words_of(item["where"], labels)}
        )
        if anchor and item["severity"] != "info":
            marked.setdefault(anchor, item)
    return {
        "sections": [
            (
                section.title,
                [
                    (
                        box,
                        marked.get(box.anchor),
                        box.path in changed,
                        box.path in changed and remedy_links.source_of(request, row, box.path, document),
                    )
                    for box in section.boxes
                ],
                section.is_folded or _is_blank(section, more),
                any(box.anchor in marked or box.path in changed for box in section.boxes if box.edit)
                or section.title.startswith("All of line"),
            )
            for section in sections
        ],
        "lines": lines,
        "unopened": [line for line in lines if line.place not in opened],
        "findings": findings,
        "first_anchor": next((item["anchor"] for item in findings if item["anchor"]), ""),
    }


def _is_blank(section: boxes.Section, more: Sequence[boxes.Section]) -> bool:
    """Whether a group that only some claims carry holds nothing: it is folded until somebody opens it."""
    return section in more and not any(box.value or box.raw for box in section.boxes)


def _box_words(box: boxes.Box) -> str:
    return f"box {box.number} {box.label}" if box.number else box.label


def _opened_lines(request: HttpRequest, count: int, items: list[dict[str, Any]]) -> list[int]:
    """Lines whose rare boxes are shown: those asked for, and those with a finding about one of them."""
    asked = [int(text) for text in request.GET.getlist("more") if text.isdecimal() and len(text) < 3]
    rare = {one.path.partition(".")[0] for one in LINE} - {"place_of_service"}
    for item in items:
        _, _, rest = item["where"].partition("lines.")
        place, _, field = rest.partition(".")
        if place.isdecimal() and field.partition(".")[0] in rare:
            asked.append(int(place))
    return list(dict.fromkeys(place for place in asked if place < count))[:MOST_OPEN]


def _versions(row: Claim) -> list[dict[str, Any]]:
    """The family with what each version changed against the one before."""
    rows, found = corrections.family(row), []
    by_key = {item.pk: item for item in rows}
    for item in rows:
        older = by_key.get(item.replaces_id or 0)
        found.append({"claim": item, "changes": differences(older.document, item.document) if older else []})
    return found


def differences(old: Any, new: Any, path: str = "") -> list[tuple[str, str, str]]:
    """Fields of two frozen documents that differ: (path, old, new). Control numbers aside."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [key for key in new if key not in ("control_number", "segment")]
        return [
            hit for key in keys for hit in differences(old.get(key), new[key], f"{path}.{key}".lstrip("."))
        ]
    if (
        isinstance(old, list)
        and isinstance(new, list)
        and len(old) == len(new)
        and any(isinstance(i, dict) for i in new)
    ):
        pairs = enumerate(zip(old, new, strict=True), 1)
        return [hit for place, (a, b) in pairs for hit in differences(a, b, f"{path}.{place}")]
    return [] if old == new else [(path, _shown(old), _shown(new))]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value if not isinstance(item, dict)) or "none"
    return "none" if value in (None, "", {}) or isinstance(value, dict) else str(value)


def _neighbour(row: Claim, state: ClaimState, *, back: bool = False) -> Claim | None:
    """The next (or previous) claim of the same tab in the queue's usual order."""
    rows = Claim.objects.filter(state=state).exclude(pk=row.pk)
    if back:
        later = rows.filter(service_from__gt=row.service_from) | rows.filter(
            service_from=row.service_from, pk__gt=row.pk
        )
        return later.order_by("service_from", "pk").first()
    earlier = rows.filter(service_from__lt=row.service_from) | rows.filter(
        service_from=row.service_from, pk__lt=row.pk
    )
    return earlier.order_by("-service_from", "-pk").first()
