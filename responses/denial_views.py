"""Denials and underpayments: the grouped lists, one group opened, and one act on many."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing.errors import PdfUnavailable
from clinics import audit
from clinics.errors import NotYours, Refusal
from lib.money import total
from patients.tables import list_file, wants_file
from responses import denial_acts, denials, letters
from responses.denials import Item
from responses.forms import FollowUpForm
from responses.models import FollowUp
from work.idempotency import once

LISTS = {"denials": "Denials", "underpaid": "Underpaid"}
WHICH_ACTS = {
    "denials": ("call", "appeal", "resend", "write_off", "note", "won", "lost"),
    "underpaid": ("call", "appeal", "note", "won", "partly", "lost"),
}


@require_GET
def work_list(request: HttpRequest, which: str) -> HttpResponse:
    """Groups by payer, code and cause; one of them opened when the address names it."""
    asked = request.GET
    payer, code = asked.get("payer", ""), asked.get("code", "")
    remark = asked.get("remark") if code else None
    items = _items(which, payer=payer, code=code, remark=remark)
    if wants_file(request):
        return _file(request, which, items)
    found = denials.groups(items)
    tabs = [
        {"label": words, "url": reverse(f"responses:{name}"), "current": name == which,
         "count": len(items) if name == which and not code else None}
        for name, words in LISTS.items()
    ]  # fmt: skip
    context: dict[str, Any] = {
        "which": which, "title": LISTS[which], "tabs": tabs, "said": _counted(len(items), "answer"),
        "money": total(item.amount for item in items),
    }  # fmt: skip
    if code:
        back = reverse(f"responses:{which}")
        first = found[0] if found else None
        context |= {
            "items": items[:500], "group": first, "crumbs": [(LISTS[which], back), (code, "")],
            "acts": [(act, denial_acts.ACTS[act]) for act in WHICH_ACTS[which]], "query": asked.urlencode(),
        }  # fmt: skip
        return render(request, "responses/denial_group.html", context)
    return render(request, "responses/denials.html", {**context, "groups": found})


@require_POST
def act(request: HttpRequest, which: str, act: str) -> HttpResponse:
    """First the form with what was chosen and its sum; then, with its words, the act on each of them."""
    if act not in WHICH_ACTS.get(which, ()):
        raise NotYours("There is no such act.")
    filter_ = request.POST.get("filter", "")
    chosen = _chosen(request, which, filter_)
    first = "act" not in request.POST
    start = {"text": letters.template_for(chosen[0].code)} if act == "appeal" and chosen else {}
    form = FollowUpForm(None if first else request.POST, initial=start)
    form.shape(act)
    done: list[denial_acts.Done] = []
    if not first and form.is_valid():
        data = form.cleaned_data
        wanted = denial_acts.Wanted(
            act, data["text"], data.get("person", ""), data.get("reference", ""), data.get("promised_on"),
            data.get("frequency") or "7",
        )  # fmt: skip
        key = request.POST.get("idempotency_key", "")
        ids = sorted(item.row.public_id for item in chosen)
        try:
            said, is_new = _once(key, which, act, ids, data, lambda: denial_acts.act_on(
                chosen, wanted, role=request.membership.role, at=timezone.now(), key=key,  # type: ignore[attr-defined]
            ))  # fmt: skip
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            done = said
            if is_new and all(each.ok for each in done):
                messages.success(request, f"{denial_acts.ACTS[act]}: {len(done)} done")
                return redirect(f"{reverse(f'responses:{which}')}?{filter_}")
    context = {
        "form": form, "act": act, "which": which, "chosen": chosen, "filter": filter_, "done": done,
        "title": denial_acts.ACTS[act], "money": total(item.amount for item in chosen),
        "back": f"{reverse(f'responses:{which}')}?{filter_}",
        "crumbs": [(LISTS[which], reverse(f"responses:{which}")), (denial_acts.ACTS[act], "")],
    }  # fmt: skip
    return render(request, "responses/denial_act.html", context, status=409 if form.errors else 200)


@require_GET
def letter(request: HttpRequest, public_id: str) -> HttpResponse:
    """An appeal as a PDF, as it was written."""
    return pdf_answer(get_object_or_404(letters.written(), public_id=public_id))


def pdf_answer(made: FollowUp) -> HttpResponse:
    """The letter as a file to keep, and that it was read; page and API alike."""
    try:
        content = letters.pdf_of(made)
    except PdfUnavailable as refused:
        raise Refusal(str(refused)) from refused
    audit.record("response.letter", "claim_response", made.response.public_id)
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = (
        f'attachment; filename="appeal-{made.response.control_number or "claim"}.pdf"'
    )
    return answer


def _once(key: str, which: str, act: str, ids: list[str], data: Any, work: Any) -> tuple[list[Any], bool]:
    """One key, one round: the second press of the same form does nothing and says so."""
    made: list[Any] = []

    def do() -> dict[str, Any]:
        made.extend(work())
        return {"n": len(made)}

    with transaction.atomic():
        body = {name: str(value) for name, value in data.items()}
        once(key, {"act": act, "which": which, "ids": ids, **body}, do)
    return made, True


def _items(which: str, *, payer: str = "", code: str = "", remark: str | None = None) -> list[Item]:
    if which == "underpaid":
        return denials.underpaid(payer=payer, code=code)
    return denials.denied(payer=payer, code=code, remark=remark)


def _chosen(request: HttpRequest, which: str, filter_: str) -> list[Item]:
    """The chosen items, or all of the group."""
    from django.http import QueryDict

    asked = QueryDict(filter_)
    remark = asked.get("remark") if asked.get("code") else None
    items = _items(which, payer=asked.get("payer", ""), code=asked.get("code", ""), remark=remark)
    if request.POST.get("all"):
        return items
    ids = set(request.POST.getlist("id"))
    return [item for item in items if item.row.public_id in ids]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _file(request: HttpRequest, which: str, items: list[Item]) -> HttpResponse:
    header = ["payer", "code", "cause", "words", "claim", "patient", "dos", "charged", "paid", "amount", "trace",
              "payment date", "last follow-up", "look again"]  # fmt: skip
    rows = [
        [
            item.row.remittance.payer_name, item.code, item.remark, denials.words_of(item.code),
            item.row.control_number, item.row.patient_name, item.row.service_date, item.row.charged, item.row.paid,
            item.amount, item.row.remittance.trace_number, item.row.remittance.payment_date,
            item.last.text if item.last else "", item.last.promised_on if item.last else "",
        ]
        for item in items
    ]  # fmt: skip
    audit.record("report.export", "report", which, rows=len(rows))
    return list_file(request, which, header, rows)
