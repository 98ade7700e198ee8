"""A rule tried on the past: which claims of the last months it would have flagged, and what became of them.

Before it: Settings › Claim rules. After it: claims/rule_book.switch_on, which asks for a trial. A trial is a Job:
outbox row first, then the claims that left, 200 at a time. It writes nothing but its own progress and result.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet

from claims import rule_book
from claims.enums import ClaimState, Outcome
from claims.errors import BadRule
from claims.models import Claim, ClaimEvent, ClaimRule
from claims.payer_rules import PayerRule, evaluate
from claims.rule_tests import Facts
from clinics import audit
from clinics.scoping import open_clinic
from lib.dates import months_before
from lib.frozen import thaw
from work import jobs, outbox
from work.models import Job
from x12.documents.professional_claim import ClaimDocument

KIND = "claims.rule_trial"
CHUNK = 200
MOST_SHOWN = 500
MOST_MONTHS = 36
DENIED = (Outcome.DENIED, Outcome.PARTIAL)


def start(rule: ClaimRule, months: int, today: date) -> Job:
    """Promise the trial of a rule on the claims that left in the last months. Raises BadRule."""
    if not 1 <= months <= MOST_MONTHS:
        raise BadRule(f"Between 1 and {MOST_MONTHS} months.", fields={"months": ["Out of range."]})
    since = months_before(today, months)
    job = jobs.start(
        KIND,
        f"Trial of rule {rule.number}: {rule.name}"[:160],
        total=_past(since, today).count(),
        params={
            "rule": rule.public_id, "of": rule_book.fingerprint(rule), "months": months,
            "since": since.isoformat(), "until": today.isoformat(),
        },
    )  # fmt: skip
    audit.record("claim_rule.trial", "claim-rule", rule.public_id, number=rule.number, months=months)
    outbox.promise(KIND, job.clinic_id, job.pk)
    return job


@outbox.handles(KIND)
def run(clinic_id: int, job_id: int) -> None:
    """Outbox: try the rule on every claim. Run again it starts anew; a rule changed meanwhile keeps no result."""
    with open_clinic(clinic_id, actor="worker"):
        job = Job.objects.get(pk=job_id)
        if job.finished_at is not None:
            return
        row = ClaimRule.objects.get(public_id=job.params["rule"])
        rule = rule_book.as_rule(row)
        since, until = (date.fromisoformat(job.params[name]) for name in ("since", "until"))
        ids = list(_past(since, until).values_list("pk", flat=True))
        jobs.progress(job, done=0, total=len(ids))
    found = _Found()
    for at in range(0, len(ids), CHUNK):
        with open_clinic(clinic_id, actor="worker"):
            try_on(rule, ids[at : at + CHUNK], found)
            jobs.progress(job, done=min(at + CHUNK, len(ids)))
    with open_clinic(clinic_id, actor="worker"):
        result = found.result(len(ids))
        row = ClaimRule.objects.select_for_update().get(pk=row.pk)
        if rule_book.fingerprint(row) == job.params["of"]:
            row.trial = {
                "job": job.public_id, "of": job.params["of"], "months": job.params["months"],
                **{name: result[name] for name in ("claims", "flagged", "denied", "rejected", "denied_in_scope")},
            }  # fmt: skip
            row.save(update_fields=["trial"])
        jobs.finish(job, result=result, done=len(ids), url=f"/settings/claim-rules/{row.public_id}/")


class _Found:
    """What has been seen so far."""

    def __init__(self) -> None:
        self.flagged = self.denied = self.rejected = self.not_tried = self.denied_in_scope = 0
        self.items: list[dict[str, Any]] = []

    def add(self, claim: Claim, said: Sequence[Any], *, is_denied: bool, is_rejected: bool) -> None:
        self.flagged += 1
        self.denied += is_denied
        self.rejected += is_rejected and not is_denied
        self.not_tried += any(item.code.endswith("-NOT-TRIED") for item in said)
        if len(self.items) < MOST_SHOWN:
            fate = (
                "denied"
                if is_denied
                else "rejected"
                if is_rejected
                else (claim.get_outcome_display().lower() or "no answer yet")
            )
            self.items.append(
                {
                    "claim": claim.public_id,
                    "day": claim.service_from.isoformat(),
                    "message": said[0].message,
                    "where": said[0].where,
                    "fate": fate,
                }
            )

    def result(self, claims: int) -> dict[str, Any]:
        return {
            "claims": claims, "flagged": self.flagged, "denied": self.denied, "rejected": self.rejected,
            "not_tried": self.not_tried, "denied_in_scope": self.denied_in_scope, "items": self.items,
        }  # fmt: skip


def try_on(rule: PayerRule, ids: Sequence[int], found: _Found) -> None:
    """Evaluate a rule on these claims as they left, in two statements."""
    claims = Claim.objects.filter(pk__in=ids).select_related("payer", "policy__plan").order_by("pk")
    bounced = set(
        ClaimEvent.objects.filter(claim_id__in=ids, to_state=ClaimState.REJECTED)
        .order_by()
        .values_list("claim_id", flat=True)
    )
    for claim in claims:
        plan = claim.policy.plan
        facts = Facts(
            thaw(ClaimDocument, claim.document),
            claim.payer.public_id,
            plan.public_id if plan else "",
            claim.rank,
            claim.frequency,
            claim.submitted_at.date() if claim.submitted_at else claim.service_to,
        )
        is_denied = claim.outcome in DENIED
        in_scope = (not rule.payers or facts.payer in rule.payers) and (
            not rule.plans or facts.plan in rule.plans
        )
        found.denied_in_scope += is_denied and in_scope
        said = evaluate(rule, facts)
        if said:
            found.add(claim, said, is_denied=is_denied, is_rejected=claim.pk in bounced)


def sentence(result: dict[str, Any]) -> str:
    """The result in one line: would have flagged 12 claims, 9 of which were denied."""
    flagged, denied, rejected = result.get("flagged", 0), result.get("denied", 0), result.get("rejected", 0)
    if not flagged:
        return "It would have flagged no claim."
    parts = [f"{denied} of which {'was' if denied == 1 else 'were'} denied"]
    if rejected:
        parts.append(f"{rejected} rejected")
    return f"It would have flagged {flagged} claim{'' if flagged == 1 else 's'}, {', '.join(parts)}."


def _past(since: date, until: date) -> QuerySet[Claim]:
    """Claims that left in a window; voids ask for nothing."""
    rows = Claim.objects.filter(submitted_at__date__gte=since, submitted_at__date__lte=until)
    return rows.exclude(frequency="8").order_by("pk")
