"""Ask payers about cards (270): rows and bytes first, then the network (rules.md B14, design.md 1.2).

Before it: a person at the patient's page or at check-out, and the evening's batch over tomorrow's schedule.
After it: clearinghouses/sending, which carries the file as it carries claims, and eligibility_answers.py,
which takes the 271. A file that is refused or unknown is never sent a second time: one asks anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clearinghouses import control, sending
from clearinghouses.models import Connection, OutboundFile
from clearinghouses.transport import Outcome, Refused, Unknown
from clinics import audit
from clinics.models import BillingProvider
from clinics.scoping import current_actor
from insurance.eligibility_files import write_file
from insurance.enums import ClaimFormat, RequestState
from insurance.errors import CannotAsk
from insurance.hooks import CONNECTIONS_FOR, VISITS_DUE
from insurance.models import EligibilityCheck, EligibilityRequest, InsuranceProfile, Policy
from insurance.policies import eligibility_is_fresh
from insurance.profiles import layers_on_days
from work import jobs, outbox
from work.models import Job, Outbox

BATCH = "insurance.ask"
SEND = "insurance.send"
LOOK = "insurance.look"
LOOK_PAUSES = (15, 30, 60, 120, 300, 600, 1800)  # seconds until the far side is looked at again
ASK_AGAIN_AFTER = timedelta(minutes=10)  # before that a second click finds the question that waits
GIVE_UP_AFTER = timedelta(hours=24)
GENERAL = "30"
FILE_SIZE = 500  # people of one file


@dataclass(frozen=True, slots=True)
class Due:
    """A card to ask about on a day, for the provider who will bill."""

    policy: Policy
    billing_provider_id: int
    day: date


def ask(
    policy: Policy,
    provider: BillingProvider,
    *,
    day: date,
    today: date,
    at: datetime,
    service_type: str = GENERAL,
) -> EligibilityRequest:
    """Ask about one card in the caller's transaction. A question that still waits is returned as it is.

    After ten minutes without an answer the waiting one is given up and another is asked; a late answer to
    the first is kept all the same. Raises CannotAsk with the reason.
    """
    locked = Policy.objects.select_for_update(of=("self",), no_key=True).select_related("payer", "patient").get(
        pk=policy.pk
    )  # fmt: skip
    connection = _connection(locked)
    open_rows = EligibilityRequest.objects.filter(
        policy=locked, service_date=day, service_type=service_type, state=RequestState.WAITING
    )
    waiting = open_rows.first()
    if waiting is not None and at - waiting.asked_at < ASK_AGAIN_AFTER:
        return waiting
    if waiting is not None:
        open_rows.update(state=RequestState.GIVEN_UP, detail="Asked again")
    rows = _write(connection, provider, [Due(locked, provider.pk, day)], None, today, at, service_type)
    audit.record(
        "eligibility.ask", "policy", locked.public_id, day=day.isoformat(), service_type=service_type
    )
    return rows[0]


def start_batch(day: date) -> Job:
    """Promise the questions for a day's schedule; the job shows how many are answered."""
    job = jobs.start(BATCH, f"Eligibility for {day:%m/%d/%Y}", params={"day": day.isoformat()})
    outbox.promise(BATCH, job.clinic_id, job.pk, key=f"{BATCH}:{job.pk}")
    audit.record("eligibility.batch", "job", job.public_id, day=day.isoformat())
    return job


def work_batch(job: Job, *, today: date, at: datetime) -> int:
    """Write one file a connection and provider for what is due; run again it adds nothing twice."""
    day = date.fromisoformat(str(job.params["day"]))
    due, left = due_on(day, today)
    groups: dict[tuple[int, int], list[Due]] = defaultdict(list)
    connections: dict[int, Connection] = {}
    routes = CONNECTIONS_FOR.ask({item.policy.payer_id for item in due}) if due else {}
    for item in due:
        connection = routes.get(item.policy.payer_id)
        if connection is None:
            left.append((item.policy, "No connection carries this payer"))
            continue
        connections[connection.pk] = connection
        groups[connection.pk, item.billing_provider_id].append(item)
    providers = BillingProvider.objects.in_bulk({provider for _, provider in groups})
    for (connection_id, provider_id), items in groups.items():
        for start in range(0, len(items), FILE_SIZE):
            part = items[start : start + FILE_SIZE]
            _write(connections[connection_id], providers[provider_id], part, job, today, at, GENERAL)
    Job.objects.filter(pk=job.pk).update(
        result={"items": [{"what": str(policy), "result": "not asked", "why": why} for policy, why in left]}
    )
    follow_job(job.pk)
    return sum(len(items) for items in groups.values())


def due_on(day: date, today: date) -> tuple[list[Due], list[tuple[Policy, str]]]:
    """The cards of a day's visits that have no fresh answer and no open question; then those left, with why."""
    visits = VISITS_DUE.ask(day)
    profiles = InsuranceProfile.objects.in_bulk({visit.profile_id for visit in visits})
    layers = layers_on_days((profile, day) for profile in profiles.values())
    wanted: dict[int, Due] = {}
    for visit in visits:
        for layer in layers.get((visit.profile_id, day), []):
            wanted.setdefault(layer.policy_id, Due(layer.policy, visit.billing_provider_id, day))
    known = Policy.objects.filter(pk__in=wanted).select_related("payer", "patient").in_bulk()
    fresh = {
        row.policy_id
        for row in EligibilityCheck.objects.filter(policy_id__in=wanted, is_active__isnull=False)
        if eligibility_is_fresh(row.checked_on, day)
    }
    waiting = set(
        EligibilityRequest.objects.filter(
            policy_id__in=wanted, service_date=day, state=RequestState.WAITING
        ).values_list("policy_id", flat=True)
    )
    due, left = [], []
    for key, item in wanted.items():
        policy = known[key]
        if key in fresh or key in waiting:
            left.append((policy, "Known already" if key in fresh else "Asked already"))
        elif policy.payer.claim_format != ClaimFormat.ELECTRONIC:
            left.append((policy, "Not an electronic payer: ask by telephone"))
        else:
            due.append(Due(policy, item.billing_provider_id, day))
    return due, left


def settle(file_id: int, outcome: Outcome) -> None:
    """Write what became of a file of questions; safe to repeat."""
    rows = EligibilityRequest.objects.filter(outbound_file_id=file_id, state=RequestState.WAITING)
    if isinstance(outcome, Refused):
        refuse(list(rows), f"The file did not reach the partner: {outcome.reason}")
    elif isinstance(outcome, Unknown) and rows.exists():
        look_later(OutboundFile.objects.get(pk=file_id))


def look_later(row: OutboundFile) -> None:
    """Promise another look at the far side, each time a little later."""
    assert row.clinic_id is not None
    looks = Outbox.objects.filter(clinic_id=row.clinic_id, kind=LOOK, subject_id=row.pk).count()
    pause = LOOK_PAUSES[min(looks, len(LOOK_PAUSES) - 1)]
    outbox.promise(LOOK, row.clinic_id, row.pk, key=f"{LOOK}:{row.pk}:{looks + 1}", delay_seconds=pause)


def refuse(rows: Sequence[EligibilityRequest], why: str) -> None:
    """These questions will have no answer: their file never arrived, or was sent back."""
    EligibilityRequest.objects.filter(pk__in=[row.pk for row in rows], state=RequestState.WAITING).update(
        state=RequestState.REFUSED, detail=why[:300]
    )
    for job_id in {row.job_id for row in rows if row.job_id}:
        follow_job(job_id)


def give_up(at: datetime) -> int:
    """Questions nobody answered within a day stop waiting; a late answer is taken all the same."""
    rows = list(
        EligibilityRequest.objects.filter(state=RequestState.WAITING, asked_at__lt=at - GIVE_UP_AFTER).only(
            "pk", "job_id"
        )
    )
    EligibilityRequest.objects.filter(pk__in=[row.pk for row in rows], state=RequestState.WAITING).update(
        state=RequestState.GIVEN_UP, detail="No answer within a day"
    )
    for job_id in {row.job_id for row in rows if row.job_id}:
        follow_job(job_id)
    return len(rows)


def follow_job(job_id: int) -> None:
    """A batch is as far as its questions are; it is over when none waits."""
    states = list(EligibilityRequest.objects.filter(job_id=job_id).values_list("state", flat=True))
    job = Job.objects.get(pk=job_id)
    over = [state for state in states if state != RequestState.WAITING]
    errors = sum(state in (RequestState.REFUSED, RequestState.GIVEN_UP) for state in states)
    jobs.progress(job, done=len(over), errors=errors, total=len(states))
    if len(over) == len(states):
        words = f"{len(states)} asked" if states else "Nothing to ask: every card of that day is known"
        jobs.finish(
            job, result=job.result, done=len(over), errors=errors, url=f"/eligibility/?job={job.public_id}"
        )
        Job.objects.filter(pk=job_id).update(message=words)


def _connection(policy: Policy) -> Connection:
    if policy.payer.claim_format != ClaimFormat.ELECTRONIC:
        raise CannotAsk(f"{policy.payer.name} is not asked electronically: call it and note the answer.")
    if not policy.member_id:
        raise CannotAsk("This card has no policy number: enter it first.")
    found = CONNECTIONS_FOR.ask({policy.payer_id}).get(policy.payer_id)
    if found is None:
        raise CannotAsk(
            "No clearinghouse connection is set up: an admin makes one in Settings. Call the payer meanwhile."
        )
    return found


def _write(
    connection: Connection,
    provider: BillingProvider,
    items: Sequence[Due],
    job: Job | None,
    today: date,
    at: datetime,
    service_type: str,
) -> list[EligibilityRequest]:
    """Requests, control numbers, bytes and the promise to send them, in the open transaction."""
    payers = list(dict.fromkeys(item.policy.payer_id for item in items))
    numbers = control.next_numbers(connection, len(payers))
    reference = dict(zip(payers, numbers.references, strict=True))
    rows = [
        EligibilityRequest(
            policy=item.policy,
            connection=connection,
            job=job,
            service_date=item.day,
            service_type=service_type,
            reference=reference[item.policy.payer_id],
            asked_on=today,
            asked_at=at,
            asked_by=current_actor(),
        )
        for item in items
    ]
    content = write_file(rows, provider, connection, numbers, at)
    name = f"{connection.sender_id.strip()}_{numbers.interchange:09d}.270"
    outbound = sending.prepare(connection, content, numbers, name=name)
    for row in rows:
        row.outbound_file = outbound
    EligibilityRequest.objects.bulk_create(rows)
    outbox.promise(SEND, connection.clinic_id, outbound.pk)
    return rows
