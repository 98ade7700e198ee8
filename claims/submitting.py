"""Bulk Submit: choose, look, start; then lock, scrub again, freeze the bytes, in sets (rules.md B6).

Before it: the claim queue. After it: claims/delivery.py, which carries each batch. The job's progress is
derived from rows: a worker killed at any statement loses nothing and doubles nothing, the next one goes on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet

from claims import checks, delivery, encoding, left_behind, lifecycle, paper, scrubbing, ticks
from claims.enums import BatchState, ClaimState, Format
from claims.errors import NothingToSubmit
from claims.models import Batch, BatchItem, Claim
from claims.routing import routes
from claims.scrubbing import Scrubbed
from clearinghouses import control, sending
from clearinghouses.models import Connection
from clinics import audit
from clinics.lookups import Keys
from clinics.models import BillingProvider, Location
from clinics.scoping import current_actor
from lib.findings import Finding, has_errors
from lib.money import show_money, total
from work import jobs, outbox
from work.models import Job
from x12.reading import calm_collector

SUBMIT = "claims.submit"
SEND = "claims.send"
# What a batch holds, in one statement; ST02 and BHT03 are one number.
ITEMS = """
INSERT INTO claims_batchitem (clinic_id, batch_id, claim_id, transaction_number, reference, is_live)
SELECT %(clinic)s, %(batch)s, claim, number, number, true
  FROM unnest(%(claims)s::bigint[], %(references)s::text[]) WITH ORDINALITY AS item (claim, number, place)
 ORDER BY place
"""
PAPER = "Paper"
ON_PAPER = 0  # stands for the printer among the keys of connections
Watch = Callable[[Job], AbstractContextManager[jobs.Told]]
CHUNK = 2000  # claims of one transaction and at most of one file (performance.md 7)


@dataclass(frozen=True, slots=True)
class Group:
    """What goes into one file: same partner, billing provider and format."""

    connection: Connection | None  # None: printed on paper
    provider: BillingProvider
    count: int
    total: Decimal

    @property
    def partner(self) -> str:
        """Who takes it, in words."""
        return self.connection.name if self.connection else PAPER

    @property
    def how(self) -> str:
        """In which form it goes."""
        return f"837P, {self.connection.get_kind_display()}" if self.connection else "CMS-1500, printed here"


@dataclass(frozen=True, slots=True)
class Skip:
    """One reason and the claims it keeps back."""

    code: str
    words: str
    claims: tuple[Claim, ...]

    @property
    def total(self) -> Decimal:
        """Their charges together."""
        return total(claim.total for claim in self.claims)


@dataclass(frozen=True, slots=True)
class Preview:
    """The dry run: counts for each partner, total charges, what stays behind and why (B6.1)."""

    groups: tuple[Group, ...]
    skips: tuple[Skip, ...]
    chosen: int
    warned: tuple[Skip, ...] = ()  # warnings among what goes: a person ticks that they were looked at (B5)

    @property
    def count(self) -> int:
        """Claims that will go."""
        return sum(group.count for group in self.groups)

    @property
    def total(self) -> Decimal:
        """Their charges."""
        return total(group.total for group in self.groups)

    @property
    def skipped(self) -> int:
        """Claims that stay behind."""
        return sum(len(skip.claims) for skip in self.skips)

    @property
    def to_tick(self) -> int:
        """Claims among those that will go whose warnings want a tick first."""
        return len({claim.pk for skip in self.warned for claim in skip.claims})

    @property
    def sure(self) -> int:
        """Claims that go without any tick."""
        return self.count - self.to_tick

    @property
    def partners(self) -> int:
        """Different connections."""
        return len({group.partner for group in self.groups})

    @property
    def sentence(self) -> str:
        """What will happen, with numbers."""
        text = f"Submit {_many(self.count, 'claim')}, {show_money(self.total)}, to {_many(self.partners, 'partner')}"
        return f"{text}; {self.skipped} skipped" if self.skipped else text


@dataclass(slots=True)
class _Sorted:
    """Claims that may go by file, and those that may not by reason."""

    going: dict[tuple[int, int], list[Scrubbed]] = field(default_factory=lambda: defaultdict(list))
    connections: dict[int, Connection] = field(default_factory=dict)
    providers: dict[int, BillingProvider] = field(default_factory=dict)
    skips: dict[tuple[str, str], list[Claim]] = field(default_factory=lambda: defaultdict(list))
    findings: dict[int, list[Finding]] = field(default_factory=dict)
    warned: dict[tuple[str, str], list[Claim]] = field(default_factory=lambda: defaultdict(list))

    def skips_with_warnings(self) -> list[Claim]:
        """Claims kept back by a warning alone."""
        return [claim for (code, _), claims in self.skips.items() if code == "unticked" for claim in claims]


def preview(claims: QuerySet[Claim], today: date) -> Preview:
    """Check a selection without changing anything."""
    rows = list(claims.defer("document"))
    ready = [claim for claim in rows if claim.state == ClaimState.READY]
    found = _sort(ready, today, ticked=True)
    for claim in rows:
        if claim.state != ClaimState.READY:
            found.skips[left_behind.state_reason(claim)].append(claim)
    groups = [
        Group(
            found.connections.get(connection),
            found.providers[provider],
            len(items),
            total(item.claim.total for item in items),
        )
        for (connection, provider), items in sorted(found.going.items())
    ]
    skips = [Skip(code, words, tuple(items)) for (code, words), items in found.skips.items()]
    warned = [Skip(code, words, tuple(items)) for (code, words), items in found.warned.items()]
    return Preview(tuple(groups), tuple(skips), len(rows), tuple(warned))


def start(claims: QuerySet[Claim], today: date, selection: dict[str, Any], *, ticked: bool = False) -> Job:
    """Start the job for a selection; its work is promised in the same transaction. Raises NothingToSubmit.

    ``selection`` (the ids or the filter) is kept with each batch (B6.1). ``ticked``: somebody has looked at
    the warnings; without it claims with a warning that nobody ticked stay behind (B5).
    """
    look = preview(claims, today)
    if not look.count:
        raise NothingToSubmit(
            "None of the chosen claims can go: see why each stays behind.", skipped=look.skipped
        )
    chosen = list(claims.order_by("pk").values_list("pk", flat=True))
    job = jobs.start(
        SUBMIT,
        look.sentence,
        total=len(chosen),
        params={"claims": chosen, "selection": selection, "ticked": ticked},
    )
    outbox.promise(SUBMIT, job.clinic_id, job.pk)
    warned = sorted({skip.code for skip in look.warned}) if ticked else []
    audit.record(
        "claim.submit", "job", job.public_id, claims=look.count, total=str(look.total), ticked=warned
    )
    return job


def submit_chunk(
    job: Job, after: int, at: datetime, today: date, *, watch: Watch = jobs.unseen, wait: bool = False
) -> int | None:
    """One transaction of the job: up to CHUNK ready claims beyond key ``after`` into batches.

    Returns the last key looked at, None when nothing is left. Claims that somebody else holds are passed by,
    or with ``wait`` waited for, as long as the transaction's lock_timeout allows; those of an earlier run of this
    job are in its batches and never taken again. ``watch``: how the chunk's progress is shown while it lasts.
    """
    chosen: list[int] = [key for key in job.params["claims"] if key > after][:CHUNK]
    if not chosen:
        return None
    looked = sum(1 for key in job.params["claims"] if key <= chosen[-1])
    with watch(job) as told, transaction.atomic(), calm_collector():
        _submit(job, chosen, at, today, wait=wait, told=told, before=looked - len(chosen))
    batches = Keys(Batch.objects.filter(job=job).values_list("pk", flat=True))
    went = BatchItem.objects.filter(batch_id__any_of=batches, claim_id__lte=chosen[-1]).count()
    jobs.progress(job, done=looked, errors=looked - went)
    return chosen[-1]


def passed_by(job: Job) -> bool:
    """Are there chosen claims that are ready and in no batch of this job: somebody held them?"""
    mine = BatchItem.objects.filter(batch__job=job).values("claim_id")
    ready = Claim.objects.filter(pk__in=job.params["claims"], state=ClaimState.READY)
    ready = ready.exclude(pk__in=delivery.looked_for())
    return ready.exclude(pk__in=mine).exists()


def _submit(
    job: Job,
    chosen: list[int],
    at: datetime,
    today: date,
    *,
    wait: bool,
    told: jobs.Told,
    before: int,
) -> None:
    if wait:
        told(before, "Waiting for claims that somebody else is working on")
    locked = list(
        Claim.objects.select_for_update(skip_locked=not wait, of=("self",))
        .filter(pk__any_of=Keys(chosen), state=ClaimState.READY)
        .exclude(pk__in=BatchItem.objects.filter(batch__job=job).values("claim_id"))
        .exclude(pk__in=delivery.looked_for())
        .defer("document")
        .order_by("pk")
    )
    told(before, f"Checking {_many(len(locked), 'claim')} again")
    seen = count(before + 1)
    found = _sort(locked, today, ticked=bool(job.params.get("ticked")), looked=lambda: told(next(seen)))
    _send_back(found)
    going = sum(len(items) for items in found.going.values())
    told(before + len(chosen), f"Writing {_many(going, 'claim')} into {_many(len(found.going), 'batch')}")
    for (connection_id, provider_id), items in sorted(found.going.items()):
        provider = found.providers[provider_id]
        if connection_id == ON_PAPER:
            paper.make_batch(job, [item.claim for item in items], provider)
        else:
            _make_batch(job, found.connections[connection_id], provider, items, at)


def finish(job: Job, today: date) -> dict[str, Any]:
    """Write the result: counts, and for each claim that stayed behind its reason, found from the rows."""
    batched = set(BatchItem.objects.filter(batch__job=job).values_list("claim_id", flat=True))
    left = list(Claim.objects.filter(pk__in=set(job.params["claims"]) - batched).defer("document"))
    ready = [claim for claim in left if claim.state == ClaimState.READY]
    found = _sort(ready, today, ticked=bool(job.params.get("ticked")))
    reasons = left_behind.reasons(left)
    for (_, words), claims in found.skips.items():
        reasons.update({claim.public_id: words for claim in claims})
    batches = Batch.objects.filter(job=job)
    result = {
        "submitted": len(batched),
        "total": str(total(batches.values_list("total", flat=True))),
        "batches": list(batches.order_by("pk").values_list("public_id", flat=True)),
        "skipped": reasons,
    }
    jobs.finish(job, result=result, done=len(job.params["claims"]), errors=len(reasons))
    return result


def _sort(
    claims: Sequence[Claim], today: date, *, ticked: bool, looked: Callable[[], object] = lambda: None
) -> _Sorted:
    """Scrub claims and put each into its file or its reason; a constant number of reads. ``looked``: after each."""
    found = _Sorted()
    if not claims:
        return found
    by_payer = routes(claims)
    places = Location.objects.select_related("billing_provider").in_bulk({c.location_id for c in claims})
    looked_at = ticks.load(claims)
    for item in scrubbing.scrub(claims, today, looked=looked):
        claim, findings = item.claim, item.findings
        connection = by_payer.get(claim.payer_id)
        if connection is None and claim.format != Format.PAPER:
            found.skips["no_connection", "No connection to a clearinghouse carries this payer"].append(claim)
            continue
        found.findings[claim.pk] = findings
        if has_errors(findings):
            first = findings[0]
            found.skips[first.code, first.message].append(claim)
            continue
        warnings = ticks.open_warnings(findings, looked_at.get(claim.pk, frozenset()))
        if warnings:
            if not ticked:
                found.skips["unticked", f"Nobody has looked at its warning: {warnings[0].message}"].append(
                    claim
                )
                continue
            found.warned[warnings[0].code, warnings[0].message].append(claim)
        provider = places[claim.location_id].billing_provider
        found.providers[provider.pk] = provider
        if claim.format == Format.PAPER or connection is None:
            found.going[ON_PAPER, provider.pk].append(item)
            continue
        found.connections[connection.pk] = connection
        found.going[connection.pk, provider.pk].append(item)
    return found


def _send_back(found: _Sorted) -> None:
    """Claims that fail the second check fall back to ``new`` with their findings; the rest go (B6.2)."""
    failed = [
        claim
        for claims in found.skips.values()
        for claim in claims
        if has_errors(found.findings.get(claim.pk, []))
    ]
    for claim in found.skips_with_warnings():
        fields = checks.stored(found.findings[claim.pk])
        if fields["findings"] != claim.findings:  # so that the page shows what is to be ticked
            Claim.objects.filter(pk=claim.pk).update(**fields)
    for claim in failed:
        findings = found.findings[claim.pk]
        lifecycle.move(
            claim,
            ClaimState.NEW,
            text=f"Not submitted: {findings[0].message}",
            **checks.stored(findings),
        )


def _make_batch(
    job: Job, connection: Connection, provider: BillingProvider, items: Sequence[Scrubbed], at: datetime
) -> Batch:
    """States, events, numbers, bytes, rows: a few set statements, the counter's row locked last (B6.4)."""
    claims = [item.claim for item in items]
    texts = [item.stamp.text for item in items if item.stamp.text is not None]
    assert len(texts) == len(items), "a claim without an error could be written"
    batch = Batch(
        connection=connection,
        billing_provider=provider,
        job=job,
        format=Format.ELECTRONIC,
        state=BatchState.PENDING,
        usage=connection.usage,
        claim_count=len(claims),
        total=total(text.charge for text in texts),
        selection=job.params.get("selection", {}),
        created_by=job.created_by or current_actor(),
    )
    lifecycle.move_many(claims, ClaimState.BATCHED, text=f"In batch {batch.public_id} for {connection.name}")
    sets = encoding.set_count(len(claims), connection.claims_per_transaction)
    numbers = control.next_numbers(connection, sets)
    encoded = encoding.encode(texts, connection, numbers, at)
    outbound = sending.prepare(connection, encoded.content, numbers)
    batch.outbound_file, batch.stored = outbound, outbound.stored
    batch.interchange_number, batch.group_number = numbers.interchange, numbers.group
    batch.reference = numbers.references[0]
    batch.save(force_insert=True)
    with database.cursor() as cursor:
        cursor.execute(
            ITEMS,
            {
                "clinic": batch.clinic_id,
                "batch": batch.pk,
                "claims": [claim.pk for claim in claims],
                "references": list(encoded.references),
            },
        )
    outbox.promise(SEND, batch.clinic_id, batch.pk)
    return batch


def skip_counts(skips: Iterable[Skip]) -> dict[str, int]:
    """How many claims each reason keeps back, by code: the API's short form."""
    return dict(Counter(skip.code for skip in skips for _ in skip.claims))


def _many(number: int, word: str) -> str:
    if number == 1:
        return f"1 {word}"
    return f"{number:,} {word}{'es' if word.endswith('ch') else 's'}"
