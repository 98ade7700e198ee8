"""A remittance posted in sets and posted row by row leaves the same books, whatever it says (post_835)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.twin_835 import take_plainly
from billing.models import Invoice, LedgerEntry, LedgerTxn, Receipt
from claims import lifecycle
from claims.enums import ClaimState
from claims.models import Adjudication, AdjudicationLine, Claim, ClaimEvent
from clearinghouses.inbound import receive
from clearinghouses.models import InboundFile
from clinics.models import AuditEvent
from insurance.models import ContractRate
from responses import coordination, inbox, undo
from responses.closing import BLOCK, ROLLOVER_BLOCK
from responses.errors import CannotUnpost
from responses.family import POSTED, is_mirror
from responses.models import ClaimResponse, ProviderAdjustment, Remittance
from tests.cast import NOW, World, make_world
from tests.responses.edi import Clp, remit
from tests.responses.stage import AETNA, claimed, clp, set_up
from tests.scenarios.stage import wrong
from work.models import Outbox

pytestmark = pytest.mark.django_db
PAID = ("150", "85", ("CO", "45", "40"), ("PR", "3", "25"))
RIGHT = ("150", "70", ("CO", "45", "40"), ("PR", "3", "25"), ("PR", "2", "15"))
# What a payer may say of a claim: status and amounts.
SAYS: dict[str, tuple[Any, ...]] = {
    "pays": ("1", *PAID),
    "pays, sent on": ("19", *PAID),
    "corrects": ("1", *RIGHT),
    "takes back": ("22", "-150", "-85", ("CO", "45", "-40"), ("PR", "3", "-25")),
    "leaves all to the patient": ("1", "150", "0", ("CO", "45", "100"), ("PR", "1", "50")),
    "leaves less than was handed over": ("1", "150", "145", ("PR", "3", "5")),
    "pays under contract": ("1", "150", "24", ("CO", "45", "101"), ("PR", "3", "25")),  # 49.00 of 50.00
    "denies": ("1", "150", "0", ("CO", "16", "150")),
    "denies as such": ("4", "150", "0", ("CO", "29", "150")),
    "does not add up": ("1", "150", "85", ("CO", "45", "30")),
    "answers another charge": ("1", "140", "100", ("CO", "45", "40")),
    "foretells": ("25", *PAID),
}


# What a payer may take from a check or add to it (PLB), by file.
PLB: tuple[tuple[tuple[str, str], ...], ...] = (
    (), (("WO:ICN0", "10.00"),), (("FB:T0", "-20.00"),), (("WO:ICN0", "-10.00"), ("L6:LATE", "-1.50")),
)  # fmt: skip


@pytest.fixture
def cast(db: None) -> Iterator[tuple[World, list[Claim]]]:
    """Four claims: one insurer, with and without cash; two insurers; one that is still in its batch."""
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", reversals="auto_if_exact")
        claims = [
            claimed(world, world.aetna, last="One"),
            claimed(world, world.aetna, paid="40.00", last="Two"),
            claimed(world, world.aetna, world.aarp, paid="25.00", last="Three"),
            claimed(world, world.aetna, last="Four"),
        ]
        ContractRate.objects.create(
            clinic=world.clinic, payer=world.aetna, procedure_code=claims[0].lines.get().procedure_code,
            allowed=Decimal("50.00"), effective_on=date(2026, 1, 1),
        )  # fmt: skip
        for state in (ClaimState.READY, ClaimState.BATCHED):
            lifecycle.move(claims[3], state, text="by the test")
        yield world, claims


def in_sets(inbound: InboundFile) -> None:
    """The product's way, with what the worker does afterwards."""
    inbox.take(inbound, at=NOW)
    for row in Outbox.objects.filter(kind=ROLLOVER_BLOCK, state="pending").order_by("pk"):
        for _ in range(2):  # a promise may be kept twice
            coordination.roll_over_block(row.subject_id, BLOCK, at=NOW)
        Outbox.objects.filter(pk=row.pk).update(state="done")


def row_by_row(inbound: InboundFile) -> None:
    """The plain twin's way."""
    take_plainly(inbound, NOW)


def left_by(way: Callable[[InboundFile], object], *texts: str) -> dict[str, Any]:
    """All rows that taking these files leaves behind, told without keys of their own; nothing stays."""
    with transaction.atomic():
        for place, text in enumerate(texts):
            way(receive(text.encode(), f"{place}.835", "upload")[0])
        # The claim in its batch is there by word alone: no file was made for it.
        assert set(wrong()) <= {"I-15b a claim that left is in a batch with its bytes"}
        found = told()
        transaction.set_rollback(True)
    return found


def undone_at_once(check: Remittance) -> None:
    undo.unpost_file(check, reason="wrong file", at=NOW)


def undone_one_by_one(check: Remittance) -> None:
    for row in check.responses.filter(state__in=POSTED).order_by("-ordinal"):
        if not is_mirror(row):
            undo.unpost(row, reason="wrong file", at=NOW)


def undoing(way: Callable[[Remittance], None]) -> Callable[[InboundFile], object]:
    """Take a file and undo it whole; where a later answer stands upon it, it stays, and that is told too."""

    def act(inbound: InboundFile) -> None:
        in_sets(inbound)
        for check in Remittance.objects.filter(inbound_file=inbound):
            try:
                with transaction.atomic():
                    way(check)
            except CannotUnpost as refused:
                check.payee_npi = refused.message[:20]
                check.save()

    return act


def told() -> dict[str, Any]:
    names = {row.public_id: f"answer {row.remittance.trace_number}/{row.ordinal}"
             for row in ClaimResponse.objects.select_related("remittance")}  # fmt: skip
    numbers = {
        number: f"claim {rank} of {invoice}"
        for number, rank, invoice in Claim.objects.values_list("control_number", "rank", "invoice_id")
    }
    checks = {row.public_id: f"check {row.trace_number}" for row in Remittance.objects.all()}
    public = dict(Claim.objects.values_list("public_id", "control_number"))

    def plain(value: Any) -> Any:
        text = json.dumps(value, default=str)
        for key, name in {**names, **checks, **public, **numbers}.items():
            text = text.replace(key, name)
        return text

    def rows(model: Any, order: tuple[str, ...], *columns: str) -> list[str]:
        return [plain(row) for row in model.objects.order_by(*order).values_list(*columns)]

    return {
        "answers": rows(
            ClaimResponse, ("remittance", "ordinal"), "ordinal", "claim__control_number", "state", "codes", "plan",
            "next_payer", "allowed", "paid", "contractual", "patient_responsibility", "variance", "match_quality",
            "patient_name", "service_date", "posted_by", "txn_key", "document", "adjudication__source_key",
        ),
        "ledger": sorted(rows(
            LedgerEntry, ("txn__key", "line_no"), "txn__key", "txn__kind", "txn__reason", "txn__trace", "line_no",
            "account", "amount", "charge", "patient", "payer", "receipt__memo", "txn__source_key",
            "txn__effective_on", "txn__reverses__key",
        )),
        "keys": LedgerTxn.objects.count(),
        "adjudications": sorted(rows(
            Adjudication, ("pk",), "claim__control_number", "source_key", "status_code", "paid", "adjustments",
            "patient_responsibility", "payer_claim_number", "posted_at", "adjudicated_on",
        )),
        "lines": sorted(rows(
            AdjudicationLine, ("pk",), "adjudication__source_key", "ordinal", "claim_line", "charge", "paid",
            "adjustments", "modifiers", "units", "allowed",
        )),
        "claims": sorted(rows(
            Claim, ("pk",), "control_number", "state", "outcome", "payer_claim_number", "last_event",
            "adjudicated_at", "submitted_at",
        )),
        "events": _by_claim(rows(ClaimEvent, ("pk",), *EVENT)),
        "invoices": rows(Invoice, ("pk",), "number", "state"),
        "checks": rows(Remittance, ("pk",), "trace_number", "state", "amount", "is_balanced", "payee_npi"),
        "plb": rows(ProviderAdjustment, ("remittance", "ordinal"), "code", "reference", "amount", "is_open", "note"),
        "receipts": rows(Receipt, ("pk",), "memo", "amount", "unapplied", "effective_on"),
        "files": rows(InboundFile, ("pk",), "name", "state", "kinds", "findings"),
        "audit": sorted(rows(AuditEvent, ("pk",), "action", "object_kind", "object_id", "reason", "data", "actor")),
    }  # fmt: skip


def _by_claim(events: list[str]) -> dict[str, list[str]]:
    """Each claim's timeline in order; between claims the order means nothing."""
    found: dict[str, list[str]] = {}
    for event in events:
        found.setdefault(json.loads(event)[0], []).append(event)
    return found


def _flat(rows: Any) -> list[Any]:
    """One line a row, so that a difference is seen at once."""
    if isinstance(rows, dict):
        return [row for key in sorted(rows) for row in rows[key]]
    return rows if isinstance(rows, list) else [rows]


EVENT = ("claim__control_number", "kind", "from_state", "to_state", "text", "segment", "actor")


def files(count: int) -> st.SearchStrategy[list[list[tuple[int, str]]]]:
    """Files of answers: whose (4 is nobody's), and what it says."""
    answer = st.tuples(st.integers(0, 4), st.sampled_from([*SAYS, "pays", "pays"]))
    return st.lists(st.lists(answer, min_size=1, max_size=7), min_size=1, max_size=count)


def texts_of(claims: list[Claim], says: list[list[tuple[int, str]]]) -> list[str]:
    texts = []
    for file, answers in enumerate(says):
        made: list[Clp] = []
        for number, (who, what) in enumerate(answers):
            claim = claims[min(who, 3)]
            one = clp(claim, *SAYS[what], icn=f"ICN{who}" if what != "corrects" else f"NEW{number}")
            if who == 4:  # nobody was ever sent under this number; the payer's own may be known
                one.number, one.icn = "NOBODYS", f"ICN{number}"
            made.append(one)
        plb = PLB[(len(answers) + file) % len(PLB)]
        texts.append(remit(*made, trace=f"T{file}", isa=f"{file + 1:09d}", plb=plb, **AETNA))
    return texts


def same(one: dict[str, Any], two: dict[str, Any]) -> None:
    for name, rows in one.items():
        other = [pair for pair in zip_longest(_flat(rows), _flat(two[name])) if pair[0] != pair[1]]
        assert not other, (name, *other[:2])


RANDOM = settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False,
)  # fmt: skip


@pytest.mark.rule("B9")
@RANDOM
@given(says=files(2))
def test_in_sets_and_row_by_row_leave_the_same_books(
    cast: tuple[World, list[Claim]], says: list[list[tuple[int, str]]]
) -> None:
    texts = texts_of(cast[1], says)
    same(left_by(in_sets, *texts), left_by(row_by_row, *texts))


@pytest.mark.rule("B9")
@settings(RANDOM, max_examples=5)
@given(says=files(2))
def test_a_file_undone_at_once_and_answer_by_answer_leaves_the_same_books(
    cast: tuple[World, list[Claim]], says: list[list[tuple[int, str]]]
) -> None:
    texts = texts_of(cast[1], says)
    same(left_by(undoing(undone_at_once), *texts), left_by(undoing(undone_one_by_one), *texts))


def test_an_underpaid_answer_waits_in_either_way(cast: tuple[World, list[Claim]]) -> None:
    """What the random files draw now and then, drawn for certain."""
    texts = texts_of(cast[1], [[(0, "pays under contract"), (1, "pays")], [(2, "pays under contract")]])
    books = left_by(in_sets, *texts)
    same(books, left_by(row_by_row, *texts))
    assert sum('"E14"' in row for row in books["answers"]) == 2


def test_the_statements_do_not_grow_with_the_claims() -> None:
    """Three claims or thirty: the same number, for taking the file and for what follows it."""
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post")
        counts = []
        for count in (3, 45):
            claims = [claimed(world, world.aetna, last=f"N{count}") for _ in range(count)]
            answers = [clp(c, "1", *PAID, icn=f"{count}{n}") for n, c in enumerate(claims)]
            text = remit(*answers, trace=f"T{count}", isa=f"{count:09d}", **AETNA)
            row, _ = receive(text.encode(), f"{count}.835", "upload")
            with CaptureQueriesContext(connection) as seen:
                in_sets(row)
            # Above forty rows a table is filled by way of a temporary one, which is made and dropped.
            counts.append(len([each for each in seen if '"bulk_' not in each["sql"]]))
            assert ClaimResponse.objects.filter(state="auto_posted", claim__in=claims).count() == count
        assert counts[1] <= counts[0] + 7, counts  # seven tables, one INSERT from a temporary one each
        undone = []
        for check in Remittance.objects.order_by("pk"):
            with CaptureQueriesContext(connection) as seen:
                count = undo.unpost_file(check, reason="wrong file", at=NOW)
            undone.append((count, len([each for each in seen if '"bulk_' not in each["sql"]])))
        assert [count for count, _ in undone] == [3, 45]
        assert undone[1][1] <= undone[0][1] + 3, undone  # as above: headers, entries and events
        assert set(ClaimResponse.objects.values_list("state", "posted_at")) == {("proposed", None)}
        assert not wrong()
