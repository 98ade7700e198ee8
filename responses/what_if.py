"""What a changed posting rule would have done to the answers of the last months: a Job that writes nothing.

Each answer is planned twice on its family's books as they stood before it: with the rules in force, and with the
one more. The plan is the one that posts (responses/plan.py); the books are wound back by the postings after it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse

from clinics.scoping import open_clinic
from insurance.models import Payer
from lib.frozen import thaw
from lib.money import ZERO, total
from responses import family as families
from responses import rule_book
from responses.claim_ledger import ClaimLedger
from responses.family import Family
from responses.gates import Facts, Terms
from responses.layer_match import find_layer, names_of
from responses.models import ClaimResponse
from responses.plan import plan_claim
from responses.plan_result import ClaimPlan
from responses.posting_rules import Action, PostingRule, name_key
from responses.settings import handling_at
from work import jobs, outbox
from work.models import Job
from x12.documents.remittance import ClaimPayment
from x12.documents.remittance import Remittance as RemittanceDocument

KIND = "responses.what_if"
CHUNK, MOST_SHOWN, MONTH = 100, 200, timedelta(days=30)


def start(payer: Payer | None, group: str, reason: str, action: str, months: int, *, at: datetime) -> Job:
    """Promise the comparison; the job's page shows it. Raises BadInput for a rule that could not be added."""
    group, reason = rule_book.checked(group, reason, action)
    since = at - MONTH * max(1, min(months, 24))
    wanted = _answers(since).count()
    whose = payer.name if payer else "every insurer"
    job = jobs.start(
        KIND,
        f"What {group}-{reason or 'any'} {action.replace('_', ' ')} for {whose} would have changed",
        total=wanted,
        params={
            "payer": payer.name if payer else None, "group": group, "reason": reason, "action": action,
            "since": since.isoformat(),
        },
    )  # fmt: skip
    outbox.promise(KIND, job.clinic_id, job.pk)
    return job


@outbox.handles(KIND)
def run(clinic_id: int, job_id: int) -> None:
    """Outbox: compare in chunks, each in a scope of its own; run again it begins anew, for nothing is written."""
    with open_clinic(clinic_id, actor="worker"):
        job = Job.objects.get(pk=job_id)
        ids = list(
            _answers(datetime.fromisoformat(job.params["since"])).order_by("pk").values_list("pk", flat=True)
        )
    rule = PostingRule(
        job.params["group"], job.params["reason"] or None, Action(job.params["action"]), job.params["payer"]
    )
    items: list[dict[str, Any]] = []
    counts = {"answers": len(ids), "would_post": 0, "would_stop": 0, "same": 0}
    for start_at in range(0, len(ids), CHUNK):
        with open_clinic(clinic_id, actor="worker"):
            for row, before, after in _compare(ids[start_at : start_at + CHUNK], rule):
                items += _told(row, before, after, counts)
            jobs.progress(job, done=min(start_at + CHUNK, len(ids)))
    with open_clinic(clinic_id, actor="worker"):
        jobs.finish(job, result={**counts, "items": items[:MOST_SHOWN]}, done=len(ids))


def with_rule(terms: Terms, rule: PostingRule) -> Terms:
    """The terms with one rule more; one of the same keys gives way to it."""
    keys = (name_key(rule.payer or ""), rule.group, rule.reason)
    others = tuple(
        each for each in terms.rules if (name_key(each.payer or ""), each.group, each.reason) != keys
    )
    return replace(terms, rules=(*others, rule))


def wound_back(found: Family, row: ClaimResponse) -> ClaimLedger:
    """The family's books before this answer: postings of it and of later answers undone in memory."""
    ledger = found.ledger
    keys = [posting.key for posting in ledger.postings]
    earlier = set(
        ClaimResponse.objects.filter(public_id__in=keys, pk__lt=row.pk).values_list("public_id", flat=True)
    )
    undone = [posting for posting in ledger.postings if posting.key not in earlier]
    for posting in reversed(undone):
        ledger.move({line_id: move.mirrored() for line_id, move in posting.lines.items()})
    if undone:
        ledger.responsible = undone[0].responsible_before
    ledger.postings = [posting for posting in ledger.postings if posting.key in earlier]
    ledger.taken = [answer for answer in ledger.taken if int(answer.remittance) < row.remittance_id]
    return ledger


def _answers(since: datetime) -> Any:
    rows = ClaimResponse.objects.filter(created_at__gte=since, claim__isnull=False)
    return rows.exclude(status_code="22").exclude(state="duplicate")


def _compare(ids: list[int], rule: PostingRule) -> list[tuple[ClaimResponse, ClaimPlan, ClaimPlan]]:
    rows = list(ClaimResponse.objects.filter(pk__in=ids).select_related("remittance", "claim").order_by("pk"))
    made = []
    for row in rows:
        claim = row.claim
        assert claim is not None
        key = (claim.invoice_id, claim.part)
        found = families.load([key], lock=False).get(key)
        if found is None:
            continue
        payment = thaw(ClaimPayment, row.document)
        names = names_of(thaw(RemittanceDocument, row.remittance.document))
        balance = "" if row.remittance.is_balanced else "the payment did not add up"
        facts = Facts(str(row.remittance_id), names, row.remittance.payer_identifier, balance_reason=balance)
        ledger = wound_back(found, row)
        found.set_expected(find_layer(payment, names, ledger).layer)
        terms = handling_at(found.location).terms
        plans = [plan_claim(payment, ledger, facts, each) for each in (terms, with_rule(terms, rule))]
        made.append((row, plans[0], plans[1]))
    return made


def _told(
    row: ClaimResponse, before: ClaimPlan, after: ClaimPlan, counts: dict[str, int]
) -> list[dict[str, Any]]:
    figures = [(plan.decision, plan.codes, _written_off(plan), _patient(plan)) for plan in (before, after)]
    if figures[0] == figures[1]:
        counts["same"] += 1
        return []
    if after.posts and not before.posts:
        counts["would_post"] += 1
    if before.posts and not after.posts:
        counts["would_stop"] += 1
    return [
        {
            "what": f"{row.control_number} {row.patient_name}",
            "url": reverse("responses:response", args=[row.public_id]),
            "result": f"{_word(before)} → {_word(after)}",
            "why": (
                f"written off {_written_off(before)} → {_written_off(after)}, "
                f"to the next in line {_patient(before)} → {_patient(after)}"
            ),
        }
    ]


def _word(plan: ClaimPlan) -> str:
    return "posts" if plan.posts else f"stops {' '.join(plan.codes)}"


def _written_off(plan: ClaimPlan) -> Decimal:
    return total(line.write_off for line in plan.lines) if plan.posts else ZERO


def _patient(plan: ClaimPlan) -> Decimal:
    return total(line.patient for line in plan.lines) if plan.posts else ZERO
